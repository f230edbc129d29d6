"""`--anonymize` and `--keep-prefix`, for every subcommand that shows or writes who called whom."""

from __future__ import annotations

import functools
from collections.abc import Collection

from IPython.core.error import UsageError

from ast_notebook.ami import Secret
from ast_notebook.anonymize import Anonymizer
from ast_notebook.anonymize.keys import key_of, new_key
from ast_notebook.magics.command import Given, argument
from ast_notebook.views import ShownFrame

ANONYMIZE = argument(
    "--anonymize",
    nargs="?",
    const="",
    metavar="KEYNAME",
    help="pseudonyms for numbers and names, by $AST_ANONYMIZE_KEY, the keyring, or a new key",
)
KEEP_PREFIX = argument(
    "--keep-prefix", type=int, metavar="N", help="keep so many digits at the beginning of numbers"
)


def anonymizer(given: Given, keep: Collection[str] | None = None) -> Anonymizer | None:
    """Return the anonymizer that the line asks for; None if it asks for none.

    Without a stored key, one key is made for each kernel, so that the kernel's results can be
    joined.

    Parameters
    ----------
    keep : collection of str, optional
        Names that are not a person's, such as trunks.
    """
    if given.anonymize is None:
        if given.keep_prefix is not None:
            raise UsageError("--keep-prefix works only with --anonymize: write both, or none")
        return None
    key = key_of(given.anonymize) or _own_key()
    return Anonymizer(key, given.keep_prefix or 0, keep=keep or ())


def hidden(found: ShownFrame, hiding: Anonymizer | None) -> ShownFrame:
    """Return what a line shows, with pseudonyms if it asks for them."""
    return found if hiding is None else found.with_rows(hiding.frame(found))


@functools.cache
def _own_key() -> Secret:
    return new_key()
