"""Removes uniqueids that a spreadsheet has changed, such as ``1,71507E+09``, from records."""

from __future__ import annotations

from collections.abc import Sequence

from ast_notebook.calls.history.cdr_record import CdrRecord
from ast_notebook.calls.history.clock import born
from ast_notebook.calls.history.spoiled import is_spoiled
from ast_notebook.counted import counted
from ast_notebook.units import SECOND

#: Times of records are whole seconds.
_APART = 1 * SECOND


class Spoiled:
    """Removes spoiled ids from records, so that they do not join records of different calls.

    Each channel has a uniqueid of its own. An id that several channels have counts as spoiled.

    Attributes
    ----------
    count : int
        How many records had a spoiled id.
    """

    def __init__(self) -> None:
        self.count = 0

    def settle(self, lines: Sequence[CdrRecord]) -> None:
        """Remove the spoiled uniqueids and linkedids of these records."""
        spoiled = {
            (line.server, known) for line in lines for known in _ids(line) if is_spoiled(known)
        }
        owned: dict[tuple[str | None, str], list[CdrRecord]] = {}
        for line in lines:
            if line.uniqueid is not None and line.channel is not None:
                owned.setdefault((line.server, line.uniqueid), []).append(line)
        spoiled |= {key for key, own in owned.items() if _several(key[1], own)}
        for line in lines if spoiled else ():
            bad = [known for known in _ids(line) if (line.server, known) in spoiled]
            self.count += bool(bad)
            line.uniqueid = None if line.uniqueid in bad else line.uniqueid
            line.linkedid = None if line.linkedid in bad else line.linkedid

    @property
    def notes(self) -> list[str]:
        """The notes that the user gets."""
        if not self.count:
            return []
        return [
            f"{counted(self.count, 'record has', 'records have')} a uniqueid that several channels "
            "share, or that Asterisk does not write: a spreadsheet may have changed it, so it was "
            "not used to find the call; export the column as text"
        ]


def _ids(line: CdrRecord) -> list[str]:
    return [known for known in (line.uniqueid, line.linkedid) if known is not None]


def _several(uniqueid: str, lines: list[CdrRecord]) -> bool:
    """Tell whether several channels have the same id.

    An old Asterisk renames a transferred channel, so two names may be one channel.
    """
    if len({line.channel for line in lines}) < 2:
        return False
    if born(uniqueid) is None:
        return True
    lines.sort(key=lambda line: line.start)
    # Of the records so far: the channel that ended last, and the last one of all other channels.
    nobody: tuple[str | None, int] = (None, lines[0].start)
    last = other = nobody
    for line in lines:
        before = other if line.channel == last[0] else last
        if line.start + _APART < before[1]:
            return True
        if line.channel == last[0]:
            last = (last[0], max(last[1], line.end))
        elif line.end > last[1]:
            last, other = (line.channel, line.end), last
        elif line.end > other[1]:
            other = (line.channel, line.end)
    return False
