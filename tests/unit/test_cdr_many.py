"""Many calls to one place are grouped with few comparisons."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ast_notebook.calls.history.cdr_grouping import calls_in
from ast_notebook.calls.history.cdr_record import CdrRecord
from ast_notebook.calls.history.cdr_times import Times
from ast_notebook.calls.history.clock import Clock
from ast_notebook.units import SECOND


class Moment(int):
    """A moment that counts how often it is compared."""

    compared = 0

    def __lt__(self, other: int) -> bool:
        Moment.compared += 1
        return int(self) < int(other)

    def __le__(self, other: int) -> bool:
        Moment.compared += 1
        return int(self) <= int(other)

    def __gt__(self, other: int) -> bool:
        Moment.compared += 1
        return int(self) > int(other)

    def __ge__(self, other: int) -> bool:
        Moment.compared += 1
        return int(self) >= int(other)

    def __add__(self, other: int) -> Moment:
        return Moment(int(self) + other)

    def __sub__(self, other: int) -> Moment:
        return Moment(int(self) - other)

    def __abs__(self) -> Moment:
        return Moment(abs(int(self)))


ROOM = {"lastapp": "ConfBridge", "lastdata": "900"}
#: What each of many records has, by a number, in a place that all of them use.
KINDS: dict[str, Any] = {
    "one after the other in one conference": lambda _: ROOM,
    "one channel meets many in a conference": lambda n: (
        ROOM | {"channel": "PJSIP/7-00000007", "dstchannel": f"PJSIP/6101-{n:08x}"}
    ),
    "many meet one channel in a conference": lambda n: (
        ROOM | {"dstchannel": "PJSIP/6101-00000000", "lastdata": str(n)}
    ),
    "transfers into a conference": lambda n: {
        "lastapp": "Dial",
        "lastdata": "PJSIP/x,30",
        "dstchannel": f"PJSIP/6101-{n:08x}" if n % 2 else "",
    },
    "a page": lambda _: {"lastapp": "Page", "lastdata": "x", "dstchannel": "PJSIP/1-00000001"},
}


def record(number: int, more: dict[str, str]) -> CdrRecord:
    start = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=20 * number)
    end = start + timedelta(seconds=10)
    fields = {
        "channel": f"PJSIP/6101-{number:08x}",
        "src": "6101",
        "dst": "900",
        "start": f"{start:%Y-%m-%d %H:%M:%S}",
        "end": f"{end:%Y-%m-%d %H:%M:%S}",
        "duration": "10",
        "billsec": "10",
        "disposition": "ANSWERED",
        "uniqueid": f"{start.timestamp():.0f}.{number}",
        **more,
    }
    line = CdrRecord(fields, Clock("UTC"), number)
    line.start, line.end = Moment(line.start), Moment(line.end)
    return line


def compared(kind: str, count: int) -> int:
    lines = [record(number, KINDS[kind](number)) for number in range(count)]
    Moment.compared = 0
    found = list(calls_in(lines))
    assert sum(len(call.lines) for call in found) == count
    return Moment.compared


@pytest.mark.parametrize("kind", KINDS)
def test_twice_the_records_take_about_twice_the_comparisons(kind: str) -> None:
    assert compared(kind, 800) < 3 * compared(kind, 400)


def test_who_was_there_is_told_as_by_looking_at_each_record() -> None:
    chance = random.Random(3)
    lines = [record(chance.randrange(60), {}) for _ in range(40)]
    for line in lines:
        line.end = Moment(line.start + chance.randrange(300) * SECOND)
    times = Times(("room", line) for line in lines)
    for one in lines:
        for other in lines:
            since, until = one.start + SECOND, other.end - SECOND  # perhaps backwards
            there = [line.owner for line in lines if line.start <= until and line.end >= since]
            assert times.has("room", since, until) == bool(there)
            besides = any(owner != one.owner for owner in there)
            assert times.has("room", since, until, besides=one.owner) == besides
    assert not times.has("another room", 0, lines[0].end)
