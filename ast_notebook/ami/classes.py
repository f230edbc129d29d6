"""The classes of events and actions that a login may have, read as Asterisk reads them."""

from __future__ import annotations

from collections.abc import Sequence

#: The classes that manager.conf's `read` and `write`, and a mask of events, may name.
CLASSES = (
    *("system", "call", "log", "verbose", "agent", "user", "config", "command", "dtmf"),
    *("reporting", "cdr", "dialplan", "originate", "agi", "cc", "aoc", "test", "security"),
    *("message", "all"),
)


def granted(values: Sequence[str]) -> frozenset[str]:
    """Return the classes that the values of all lines ``read =`` of a login give to it.

    Only the last line counts. Asterisk compares the text before each comma with the beginning of a
    class, and what is behind the last comma with a whole class. So a blank behind a comma hides a
    class, and nothing between two commas means every class. Every class is returned as ``all``.

    Examples
    --------
    >>> sorted(granted(["all", "system,call"]))
    ['call', 'system']
    >>> sorted(granted(["system, call"]))
    ['system']
    """
    text = values[-1].strip() if values else ""
    return frozenset(
        ["all"] if _names(text, "all") else (one for one in CLASSES if _names(text, one))
    )


def _names(text: str, name: str) -> bool:
    while text:
        word, comma, text = text.partition(",")
        if name.startswith(word) if comma else name == word:
            return True
    return False


def written(values: Sequence[str]) -> list[str]:
    """Return the words between the commas of the last line ``read =``, as they are written.

    Examples
    --------
    >>> written(["all", "system, call"])
    ['system', ' call']
    """
    text = values[-1].strip().removesuffix(",") if values else ""
    return text.split(",") if text else []
