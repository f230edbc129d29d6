"""Makes calls of call detail records (CDR): the records of one call become one row."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any

from ast_notebook.calls.history.cdr_call import row_of
from ast_notebook.calls.history.cdr_grouping import calls_in
from ast_notebook.calls.history.cdr_late import amended
from ast_notebook.calls.history.cdr_record import EITHER, CdrRecord
from ast_notebook.calls.history.cdr_seen import Seen
from ast_notebook.calls.history.cdr_spoiled import Spoiled
from ast_notebook.calls.history.clock import Clock, born
from ast_notebook.calls.history.log_builder import LogBuilder
from ast_notebook.units import SECOND

_COMMON = [
    "clid",
    "src",
    "dst",
    "dcontext",
    "channel",
    "dstchannel",
    "lastapp",
    "lastdata",
    "start",
    "answer",
    "end",
    "duration",
    "billsec",
    "disposition",
    "amaflags",
]
#: The columns of cdr_csv, in order; further ones depend on cdr.conf.
PLAIN = ["accountcode", "src", "dst", "dcontext", "clid", *_COMMON[4:]]
#: The columns of cdr_custom, as in its sample file.
CUSTOM = [*_COMMON, "accountcode", "uniqueid", "userfield", "sequence"]
_NEW = ["peeraccount", "linkedid", "sequence"]
#: A call is over once all its records are this much older, or newer, than the last records read.
_OPEN = 6 * 3600 * SECOND
_RECENT = 1_000  # the last records read, whose times tell how far reading has come
_MANY = 10_000  # so many records are collected before calls are made of those that are over


def layout(record: Sequence[str]) -> list[str]:
    """Tell what the fields of a line are.

    Raises
    ------
    ValueError
        If Asterisk writes no such lines without a custom format.
    """
    count = len(record)
    if 16 <= count <= 21 and _is_time(record[9]) and _is_time(record[11]):
        more = count - 16
        # loguniqueid, loguserfield and newcdrcolumns may each be set or not.
        ids = [[], [EITHER], ["uniqueid", "userfield"]][more % 3]
        return [*PLAIN, *ids, *(_NEW if more >= 3 else [])]
    if count >= 15 and _is_time(record[8]) and _is_time(record[10]):
        names = CUSTOM[:count]
        for number in range(len(names), count):
            found = born(record[number]) is not None and "linkedid" not in names
            names.append("linkedid" if found else f"column{number}")
        return names
    raise ValueError(f"its {count} fields are not those of a call detail record")


def _is_time(text: str) -> bool:
    return text[:4].isdecimal() and (text[4:5] == "-" or (len(text) > 8 and text[:9].isdecimal()))


class Cdr:
    """Makes calls of records, which may come in any order within six hours.

    Parameters
    ----------
    clock : Clock
        It reads the times.
    calls : LogBuilder
        It takes the calls.
    """

    def __init__(self, clock: Clock, calls: LogBuilder) -> None:
        self._clock = clock
        self._calls = calls
        self._lines: list[CdrRecord] = []
        self._count = 0
        self._recent: deque[int] = deque(maxlen=_RECENT)  # times at which records began
        self._next = _MANY
        self._either = _Either()
        self._spoiled = Spoiled()
        self._seen = Seen()

    def add(self, record: Mapping[str, Any]) -> None:
        """Take a record.

        Raises
        ------
        ValueError
            If this is not a valid record, or if its call is over already.
        """
        line = CdrRecord(record, self._clock, self._count)
        if not self._seen.take(record, line):
            return
        late_for = self._seen.late_for(line)
        if late_for is not None:
            self._seen.late = True
            self._calls.amend(late_for, lambda call: amended(call, line))
            raise ValueError("it comes more than six hours after the other records of its call")
        self._count += 1
        self._recent.append(line.start)
        self._lines.append(line)
        if len(self._lines) >= self._next:
            self._give(min(self._recent) - _OPEN, max(self._recent) + _OPEN)

    @property
    def disordered(self) -> bool:
        """Whether a record came so late that its call was over already."""
        return self._seen.late

    def finish(self) -> None:
        """Make the calls that are not made yet, and add the notes; no further records come."""
        self._give()
        self._clock.notes += [*self._spoiled.notes, *self._seen.notes]
        if self._either.guessed:
            self._clock.notes.append(
                "the last column of these records was read as the uniqueid: if it is the "
                "userfield, name all columns in their order by columns=[…]"
            )

    def _give(self, since: int | None = None, until: int | None = None) -> None:
        """Make calls of all records. If moments are given, calls between them stay unfinished."""
        self._either.settle(self._lines)
        self._spoiled.settle(self._lines)
        waiting: list[CdrRecord] = []
        for call in calls_in(self._lines):
            if since is not None and until is not None and _is_between(call.lines, since, until):
                waiting += call.lines
                continue
            made = row_of(call)
            ids = {one for line in call.lines for one in _ids(line)}
            self._seen.over(self._calls.add(*made, ids=ids), made[0]["call"], call.lines)
        self._lines = waiting
        self._next = max(_MANY, 2 * len(waiting))


def _ids(line: CdrRecord) -> tuple[str | None, ...]:
    """Return the ids that tell to which call a record belongs; an agent's linkedid does not."""
    return (line.uniqueid,) if line.of_agent else (line.uniqueid, line.linkedid)


def _is_between(lines: Sequence[CdrRecord], since: int, until: int) -> bool:
    return max(line.end for line in lines) >= since and lines[0].start <= until


class _Either:
    """Tells whether a column without a name is the uniqueid or the userfield.

    A uniqueid may be any text, but every channel has one, and no two channels have the same.

    Attributes
    ----------
    guessed : bool
        Whether the column was taken for the uniqueid, although its values do not look like
        Asterisk's own uniqueids.
    """

    def __init__(self) -> None:
        self.guessed = False
        self._userfield = False

    def settle(self, lines: Sequence[CdrRecord]) -> None:
        """Set the uniqueids of the records, if the column has uniqueids."""
        there = [line for line in lines if EITHER in line.record]
        if not there or self._userfield:
            return
        self._userfield = not self._is_uniqueid(there)
        for line in () if self._userfield else there:
            line.uniqueid = line.either

    def _is_uniqueid(self, lines: Sequence[CdrRecord]) -> bool:
        if any(line.either is None or len(line.either.split()) != 1 for line in lines):
            return False
        plain = sum(born(line.either) is not None for line in lines)
        if plain == len(lines) or any(line.either == line.linkedid for line in lines):
            return True
        if any(line.linkedid is not None for line in lines):
            return False
        owners: dict[str | None, set[str]] = {}
        for line in lines:
            owners.setdefault(line.either, set()).add(line.owner)
        # A transfer may give a channel another name.
        several = sum(len(names) > 1 for names in owners.values())
        if several * 20 > len(owners):
            return False
        self.guessed = self.guessed or 2 * plain < len(lines)
        return True
