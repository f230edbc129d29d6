"""A log that begins or ends in the middle of calls, or has another order, tells nothing wrong."""

from __future__ import annotations

import functools
import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd
import pytest

from ast_notebook.calls import from_events
from ast_notebook.calls.history import cdr, cel, queue_log
from ast_notebook.calls.history.clock import Clock, born
from ast_notebook.calls.history.files import lines
from ast_notebook.calls.history.guess import guess
from ast_notebook.calls.history.lines import Bad
from ast_notebook.calls.history.log_builder import LogBuilder
from ast_notebook.calls.history.records import records
from ast_notebook.units import SECOND
from tests.support.paths import RECORDINGS
from tests.support.queue_events import Channel, frame

MAKERS: dict[str, Any] = {"cdr": cdr.Cdr, "cel": cel.Cel, "queue_log": queue_log.QueueLog}
#: Lines on both sides of which a log is cut.
WIDE = 80
#: What counts on while a call is not over.
SO_FAR = ("legs", "queue", "transfers", "wait")
TIMES = ("start", "answered", "end")

Row = Mapping[str, Any]


class Kept(LogBuilder):
    """Keeps the rows of calls as they are."""

    def __init__(self, source: str) -> None:
        super().__init__(source)
        self.rows: dict[str, Row] = {}

    def add(self, call: Any, *channels: Any, **more: Any) -> int:
        self.rows[call["call"]] = call
        return super().add(call, *channels, **more)


@functools.cache
def read(version: int, name: str) -> tuple[Row, ...]:
    path = RECORDINGS / f"asterisk{version}" / name
    parser = guess(path, None, None)
    assert parser is not None
    bad = Bad()
    found = [record for _, _, record in records(lines(path, bad), parser)]
    return tuple(record for record in found if isinstance(record, dict))


def made(kind: str, some: Sequence[Row]) -> dict[str, Row]:
    """Return the calls of records by their ids; those that are no use alone are passed over."""
    clock, kept = Clock("UTC"), Kept(kind)
    maker = MAKERS[kind](clock, kept)
    for record in some:
        clock.forget()
        try:
            maker.add(record)
        except ValueError:
            continue
    maker.finish()
    return kept.rows


def wrong(row: Row, whole: Row) -> Iterator[tuple[str, object, object]]:
    """Yield what a part of a log tells otherwise than the whole; what is missing is not wrong."""
    for name, value in row.items():
        right = whole.get(name)
        if value is None or value == right or (row["end"] is None and name in SO_FAR):
            continue
        # The second of a call's start is in its uniqueid, where its first event is cut off.
        if name in TIMES and right is not None and abs(value - right) < 2 * SECOND:
            continue
        yield name, value, right


@pytest.mark.parametrize("quarter", range(4))
@pytest.mark.parametrize("version", [16, 22])
def test_a_cel_that_is_cut_at_any_line_tells_of_each_call_what_the_whole_does_or_nothing(
    version: int, quarter: int
) -> None:
    log = read(version, "cel.csv.gz")
    whole = made("cel", log)
    found: Counter[tuple[object, ...]] = Counter()
    for first in range(len(log) * quarter // 4, len(log) * (quarter + 1) // 4):
        for call, row in made("cel", log[first : first + WIDE]).items():
            if call in whole:
                found.update((call, *one) for one in wrong(row, whole[call]))
            elif row["end"] is not None:
                # Of a consultation that the log begins in nobody knows whose it was.
                assert (row["disposition"], row["answered"], row["caller"]) == (None, None, None)
    assert found == {}


@pytest.mark.parametrize("version", [16, 22])
def test_a_queue_log_that_is_cut_at_any_line_tells_what_the_whole_does_or_nothing(
    version: int,
) -> None:
    log = read(version, "queue_log.gz")
    whole = made("queue_log", log)
    found: Counter[tuple[object, ...]] = Counter()
    for cut in range(1, len(log)):
        for some in (log[:cut], log[cut:]):
            begun = int(some[0]["time"]) * SECOND
            for call, row in made("queue_log", some).items():
                if call not in whole:
                    assert row["disposition"] is None
                elif born(call) != begun:  # he may have called before it in that second
                    found.update((call, *one) for one in wrong(row, whole[call]))
    # Who left a queue may be in another one later: `end` is missing, and it says no more.
    assert {what[1:] for what in found} <= {("disposition", "NO ANSWER", "ANSWERED")}


#: Lines of those whom others meet.
MEETING = ("AgentLogin", "AgentRequest", "ConfBridge", "Page")
CDRS = [(version, f"cdr{kind}.csv.gz") for version in (16, 22) for kind in ("", "-linkedid")]


@pytest.mark.parametrize(("version", "name"), CDRS)
def test_a_line_that_a_cdr_lacks_changes_no_call_but_its_own(version: int, name: str) -> None:
    log = read(version, name)
    whole = made("cdr", log)
    for place, line in enumerate(log):
        if line["lastapp"] in MEETING:
            continue
        near = log[max(0, place - WIDE) : place + WIDE]
        before = made("cdr", near)
        after = made("cdr", [one for one in near if one is not line])
        changed = {call for call in before if before[call] != after.get(call)}
        assert len(changed) <= 1
        assert changed <= whole.keys()


@pytest.mark.parametrize(("version", "name"), CDRS)
def test_the_order_of_a_cdrs_lines_matters_only_within_a_second(version: int, name: str) -> None:
    log = read(version, name)
    # What stands in one second of one channel is only told apart by its place.
    alike = Counter((one["channel"], one["start"], one["end"]) for one in log)
    doubtful = {key[0] for key, count in alike.items() if count > 1}
    whole = made("cdr", log)
    chance = random.Random(version)
    for mix in ("turned", "mixed", "mixed", "mixed"):
        other = list(log)[::-1] if mix == "turned" else chance.sample(log, len(log))
        found = made("cdr", other)
        assert found.keys() == whole.keys()
        differ = [call for call in whole if list(wrong(found[call], whole[call]))]
        owners = {one["channel"] for one in log if one["uniqueid"] in differ}
        assert owners <= doubtful
        assert len(differ) <= 2


def plain(found: pd.DataFrame) -> dict[str, Row]:
    there = found.astype(object).where(found.notna(), None)
    rows: list[dict[Any, Any]] = there.to_dict("records")
    return {row["call"]: row for row in rows}


@pytest.mark.parametrize("part", range(4))
@pytest.mark.parametrize("version", [16, 22])
def test_events_that_begin_or_end_in_the_middle_tell_what_the_whole_does_or_nothing(
    version: int, part: int
) -> None:
    events = pd.read_parquet(RECORDINGS / f"asterisk{version}" / "events.parquet")
    whole = plain(from_events(events))
    cut = len(events) * (3 * part + 1) // 12
    found: Counter[tuple[str, str]] = Counter()
    for some in (events.iloc[cut:], events.iloc[:cut]):
        for call, row in plain(from_events(some)).items():
            if call in whole:
                so_far = {*SO_FAR, "hold", "ring", "talk"} if row["end"] is None else set()
                told = {name for name, value in row.items() if value is not None} - so_far
                found.update((call, name) for name in told if row[name] != whole[call][name])
            elif row["end"] is not None:
                assert (row["disposition"], row["answered"], row["caller"]) == (None, None, None)
    assert found == {}


def test_of_a_call_that_the_events_begin_in_no_caller_is_made_up() -> None:
    one, two = Channel("PJSIP/200-1", 1), Channel("PJSIP/201-1", 2)
    two.linked = one.id
    talk = [one.enters("b", 5), two.enters("b", 5), one.asks(60), one.ends(60), two.ends(60)]
    begun = [one.new(0, exten="201"), one.dials(two, 1), two.new(1), two.up(4), one.up(4)]
    (row,) = plain(from_events(frame([*begun, *talk]))).values()
    assert (row["caller"], row["answered_by"], row["disposition"]) == ("200", "201", "ANSWERED")
    (cut,) = plain(from_events(frame(talk))).values()
    assert cut["disposition"] == "ANSWERED" and cut["end"] == row["end"]
    for name in ("start", "caller", "answered", "answered_by", "talk", "billsec", "hangup_by"):
        assert cut[name] is None


def test_who_is_called_first_is_the_caller_once_he_is_reached() -> None:
    one = Channel("PJSIP/200-1", 1)
    ringing = [one.new(0), {**one.tells("DialBegin", 1), "uniqueid": None, "destuniqueid": one.id}]
    (row,) = plain(from_events(frame(ringing))).values()
    assert (row["caller"], row["legs"]) == (None, 1)
    (row,) = plain(from_events(frame([*ringing, one.up(3)]))).values()
    assert row["caller"] == "200"
