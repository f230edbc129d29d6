"""What two recorders of one PBX heard is read once, whatever their clocks say, and no less."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow.parquet as pq
import pytest

from ast_notebook.anonymize import Anonymizer
from ast_notebook.recording import Record, read, relation, scan
from tests.support.archives import numbers

SECOND = 1_000_000
EVERY = 2000  # microseconds from an event to the next one
MANY = 3000


def event(number: int, time: float | None, content: str | None = None) -> str:
    stamp = "" if time is None else f"\r\nTimestamp: {time:.6f}"
    said = f"\r\nUniqueid: u.{number}\r\nNumber: {number}" if content is None else content
    return f"Event: Test\r\nPrivilege: call,all{stamp}\r\nChannel: Local/{number % 7}{said}"


class Heard:
    """Recorders of one PBX in one folder, of which each hears what it is told."""

    def __init__(self, folder: Path, ahead: float | None) -> None:
        self.folder, self.ahead = folder, ahead
        self.start = time.time_ns() // 1000 - 100 * SECOND
        self.records: list[Record] = []

    def recorder(
        self,
        hears: Callable[[int], bool],
        *,
        late: int = 0,
        gap: tuple[int, int] | None = None,
        content: Callable[[int], str | None] = lambda number: None,
        jitter: int = 0,
    ) -> None:
        """Add a recorder that is not connected from one number to another."""
        record = Record("ast")
        record.to(self.folder).recorder = f"0000000{len(self.records)}aa"
        self.records.append(record)
        for number in range(MANY):
            moment = self.start + number * EVERY
            received = moment + 200 + late
            if gap is not None and number == gap[0]:
                record.add(["Event: SessionLost\r\nReason: x\r\nMissing: 0"], received - 1)
            if gap is not None and number == gap[1]:
                record.add(["Event: SessionRestored\r\nSeconds: 1.0"], received - 1)
            if hears(number) and not (gap is not None and gap[0] <= number < gap[1]):
                stamp = None if self.ahead is None else (moment + jitter) / 1e6 + self.ahead
                record.add([event(number, stamp, content(number))], received)

    def done(self, closed: bool) -> None:
        """Have all on disk."""
        for record in self.records:
            assert record.archive is not None
            assert record.archive.flush(30)
            if closed:
                record.close()

    def close(self) -> None:
        for record in self.records:
            record.close()


def counted(folder: Path) -> set[int]:
    (count,) = relation(folder, connection=duckdb.connect()).aggregate("count(*)").fetchall()
    return {scan(folder).count_rows(), len(scan(folder).to_table()), int(count[0])}


def everything(number: int) -> bool:
    return True


@pytest.mark.parametrize("closed", [False, True])
@pytest.mark.parametrize("ahead", [0.0, 0.2, 2.0, -5.0, 30.0])
def test_each_event_is_read_once_whatever_the_clock_of_the_pbx_says(
    tmp_path: Path, ahead: float, closed: bool
) -> None:
    heard = Heard(tmp_path, ahead)
    heard.recorder(everything, gap=(1000, 1500))
    heard.recorder(everything, gap=(2000, 2200), late=50)
    heard.done(closed)
    frame = read(tmp_path)
    assert numbers(frame) == list(range(MANY))
    told = frame["event"].value_counts()
    assert told.to_dict() == {"Test": MANY, "SessionLost": 2, "SessionRestored": 2}
    assert counted(tmp_path) == {MANY + 4}
    heard.close()


def test_recorders_on_machines_of_other_times_are_told_by_the_clock_of_the_pbx(
    tmp_path: Path,
) -> None:
    heard = Heard(tmp_path, 0.0)
    heard.recorder(everything, gap=(1000, 1500))
    heard.recorder(everything, late=30 * SECOND)
    heard.done(True)
    assert sorted(numbers(read(tmp_path))) == list(range(MANY))
    heard.close()


@pytest.mark.parametrize("jitter", [137, 150_000])
def test_times_that_were_told_anew_on_each_connection_are_the_same(
    tmp_path: Path, jitter: int
) -> None:
    heard = Heard(tmp_path, 5.0)
    heard.recorder(everything, gap=(1000, 1500))
    heard.recorder(everything, jitter=jitter)
    heard.done(True)
    assert numbers(read(tmp_path)) == list(range(MANY))
    heard.close()


def test_two_events_of_other_times_are_two_if_each_recorder_missed_one(tmp_path: Path) -> None:
    # The door bell rings at number 30, and 126 ms later again; nobody heard both.
    heard = Heard(tmp_path, 0.0)

    def bell(number: int) -> str | None:
        return "\r\nDoor: bell" if number in (30, 93) else None

    heard.recorder(lambda number: number <= 30, content=bell, gap=(35, MANY))
    heard.recorder(lambda number: number >= 93, content=bell, gap=(0, 50))
    heard.recorder(lambda number: number > 1000)  # it has heard much with the second one
    for record in heard.records:
        sent = [f"Event: Bell\r\nTimestamp: {1795000000 + (n + 1) / 10:.1f}" for n in range(9)]
        record.add([sent[heard.records.index(record)]], heard.start + MANY * EVERY)
    heard.done(True)
    frame = read(tmp_path)
    assert frame["door"].notna().sum() == 2
    assert (frame["event"] == "Bell").sum() == 3
    assert numbers(frame) == [*range(30), *range(94, MANY)]
    heard.close()


@pytest.mark.parametrize("closed", [False, True])
def test_recorders_with_other_masks_keep_what_only_one_has(tmp_path: Path, closed: bool) -> None:
    heard = Heard(tmp_path, 2.0)
    heard.recorder(lambda number: number % 2 == 0)
    heard.recorder(lambda number: number % 3 == 0)
    heard.done(closed)
    some = [number for number in range(MANY) if number % 2 == 0 or number % 3 == 0]
    assert numbers(read(tmp_path)) == some
    assert counted(tmp_path) == {len(some)}
    heard.close()


def test_what_differs_in_any_header_is_not_the_same(tmp_path: Path) -> None:
    heard = Heard(tmp_path, 0.0)
    heard.recorder(everything, content=lambda n: f"\r\nNumber: {n}\r\nSource: 1\r\nValue: 2")
    other = ("\r\nSource: 2\r\nValue: 1", "\r\nSource: 1\r\nValue: 2")
    heard.recorder(everything, content=lambda n: f"\r\nNumber: {n}" + other[n % 100 == 0])
    heard.done(True)
    frame = read(tmp_path)
    assert sorted(numbers(frame)) == sorted(
        [*range(MANY), *(number for number in range(MANY) if number % 100)]
    )
    assert counted(tmp_path) == {len(frame)}
    heard.close()


@pytest.mark.parametrize("late", [300, 3 * SECOND])
def test_without_times_of_asterisk_what_they_say_tells(tmp_path: Path, late: int) -> None:
    heard = Heard(tmp_path, None)
    heard.recorder(everything, gap=(1000, 1500))
    heard.recorder(everything, gap=(2000, 2200), late=late)
    heard.done(True)
    with pytest.warns(UserWarning, match="timestampevents"):
        frame = read(tmp_path)
    assert sorted(numbers(frame)) == list(range(MANY))
    heard.close()


def test_without_times_of_asterisk_what_one_heard_repeatedly_stays(tmp_path: Path) -> None:
    heard = Heard(tmp_path, None)
    heard.recorder(everything, content=lambda number: "\r\nState: INUSE")
    heard.recorder(lambda n: n < 1000, content=lambda n: "\r\nState: INUSE", late=50)
    heard.done(True)
    with pytest.warns(UserWarning, match="1,000 events"):
        frame = read(tmp_path)
    assert len(frame) == MANY
    heard.close()


def test_the_same_said_long_before_is_another_event(tmp_path: Path) -> None:
    heard = Heard(tmp_path, None)
    heard.recorder(lambda number: number == 0, content=lambda number: "\r\nState: INUSE")
    heard.recorder(
        lambda number: number == 0, content=lambda n: "\r\nState: INUSE", late=9 * SECOND
    )
    heard.done(True)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(read(tmp_path)) == 2
    heard.close()


def test_an_event_around_midnight_is_read_once(tmp_path: Path) -> None:
    heard = Heard(tmp_path, 0.0)
    midnight = pd.Timestamp("2026-03-02", tz="UTC")
    heard.start = midnight.value // 1000 - MANY // 2 * EVERY
    heard.recorder(everything)
    heard.recorder(everything, late=100_000)
    heard.done(True)
    assert numbers(read(tmp_path)) == list(range(MANY))
    heard.close()


def test_recorders_with_pseudonyms_and_without_at_the_same_time_are_told_of(tmp_path: Path) -> None:
    records = [Record("ast"), Record("ast")]
    records[0].to(tmp_path)
    records[1].to(tmp_path, anonymizer=Anonymizer("a key of more than sixteen letters"))
    start = time.time_ns() // 1000
    for record in records:
        record.add([event(number, None) for number in range(10)], start)
    for record in records:
        record.close()
    with pytest.warns(UserWarning, match="ast was recorded with pseudonyms and without"):
        read(tmp_path)


@pytest.mark.parametrize(
    ("second", "is_told"),
    [
        (Anonymizer("a key of more than sixteen letters"), False),
        (Anonymizer("another key of sixteen letters"), True),
        (Anonymizer("a key of more than sixteen letters", 2), True),
        (Anonymizer("a key of more than sixteen letters", keep=["PJSIP/2"]), True),
    ],
)
def test_recorders_with_other_pseudonyms_at_the_same_time_are_told_of(
    tmp_path: Path, second: Anonymizer, is_told: bool
) -> None:
    records = [Record("ast"), Record("ast")]
    records[0].to(tmp_path, anonymizer=Anonymizer("a key of more than sixteen letters"))
    records[1].to(tmp_path, anonymizer=second)
    start = time.time_ns() // 1000
    for record in records:
        record.add([event(number, None) for number in range(10)], start)
    records[0].close()  # so that one file is sealed, and one is open
    assert records[1].archive is not None and records[1].archive.flush()
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        read(tmp_path)
    records[1].close()
    assert is_told == any("with different pseudonyms at one time" in str(one) for one in told)
    assert "sixteen" not in str([pq.read_metadata(one) for one in tmp_path.rglob("*.parquet")])


def test_a_recorder_that_changes_to_pseudonyms_is_nothing_to_tell_of(tmp_path: Path) -> None:
    record = Record("ast")
    record.to(tmp_path)
    start = time.time_ns() // 1000
    record.add([event(number, None) for number in range(10)], start)
    record.to(tmp_path, anonymizer=Anonymizer("a key of more than sixteen letters"))
    record.add([event(number, None) for number in range(10, 20)], start + 10)
    record.close()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(read(tmp_path)) == 20
