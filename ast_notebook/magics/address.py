"""``USER@HOST:PORT``, as `%ast connect` takes it."""

from __future__ import annotations

import re
from typing import Any

from IPython.core.error import UsageError

from ast_notebook.magics.typed import STAYS

_ADDRESS = re.compile(
    r"""(?: (?P<username>.+) @ )?
        (?: \[(?P<bracketed>[^]]+)\] | (?P<host>[^:\[\]]*) )
        (?: :(?P<port>\d+) )?""",
    re.VERBOSE,
)


def address(text: str) -> dict[str, Any]:
    """Read ``USER@HOST:PORT`` as settings; each part may be missing.

    Raises
    ------
    UsageError
        If it is not an address, or holds a password; the error does not repeat it.

    Examples
    --------
    >>> address("admin@[::1]:5038")
    {'username': 'admin', 'host': '::1', 'port': 5038}
    """
    user, at, _ = text.rpartition("@")
    if at and ":" in user:
        raise UsageError(f"%ast connect takes no password: {STAYS}")
    match = _ADDRESS.fullmatch(text)
    if match is None:
        raise UsageError("%ast connect: write USER@HOST:PORT, an IPv6 address as [::1]:5038")
    found: dict[str, Any] = {}
    if match["username"]:
        found["username"] = match["username"]
    if match["bracketed"] or match["host"]:
        found["host"] = match["bracketed"] or match["host"]
    if match["port"]:
        found["port"] = int(match["port"])
    return found
