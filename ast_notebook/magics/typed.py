"""Advice for passwords that were typed into a line: where they stay, and what to do."""

from __future__ import annotations

import re
from collections.abc import Iterable

#: Options that do not exist, but would take a password if they did.
SECRETS = frozenset(
    {"password", "passwd", "pass", "pw", "secret", "token", "pin", "username-password"}
)
#: The advice for a typed password.
STAYS = (
    "it stays in this notebook, its output and IPython's history. Take it out of the cell, clear "
    "the history (ipython history clear, in a terminal), change it in manager.conf, and set "
    "AST_PASSWORD, or write none and be asked"
)
#: The advice for a password in the URL of a database or a store.
STAYS_IN_URL = (
    "the password of this URL stays in the notebook and in IPython's history. Take it out of the "
    "cell, clear the history (ipython history clear, in a terminal), change it, and put the URL "
    "into a variable that is read from elsewhere: {url}"
)
_URL = re.compile(r"\w+://[^/@\s:{$]*:[^/@\s{$]+@")


def has_secret(words: Iterable[str]) -> bool:
    """Tell whether a URL among the words of a line has a password that was typed there.

    Examples
    --------
    >>> has_secret(["history", "mysql://cdr:hunter2@db/asterisk"])
    True
    >>> has_secret(["history", "{url}"])
    False
    """
    return any(_URL.search(word) for word in words)
