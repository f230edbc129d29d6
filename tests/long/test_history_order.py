"""Records that do not stand as they were written: newest first, twice, or with a part missing."""

from __future__ import annotations

import csv
import gzip
import warnings
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from ast_notebook.calls.history import History, cdr, history, repeats
from ast_notebook.calls.history import order as ordering
from ast_notebook.calls.history.clock import Clock
from tests.support.paths import RECORDINGS

NAMES = ["cel.csv.gz", "queue_log.gz", "cdr.csv.gz", "cdr-linkedid.csv.gz"]


def lines_of(name: str, version: int = 22) -> list[str]:
    whole = gzip.decompress((RECORDINGS / f"asterisk{version}" / name).read_bytes()).decode()
    return whole.splitlines(keepends=True)


def read(folder: Path, lines: list[str], kind: Any = None) -> History:
    path = folder / "log"
    path.write_text("".join(lines))
    return history(path, tz="UTC", kind=kind)


@pytest.mark.parametrize("version", [16, 22])
@pytest.mark.parametrize("name", NAMES)
def test_newest_first_is_turned_round_and_noted(
    tmp_path: Path, name: str, version: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = lines_of(name, version)
    plain = read(tmp_path, lines)
    assert plain.notes == []
    monkeypatch.setattr(ordering, "_MANY", 100)  # so that there are several parts
    with pytest.warns(UserWarning, match="newest records come first"):
        turned = read(tmp_path, lines[::-1])
    assert len(turned.notes) == 1
    assert (turned.records, turned.bad_count) == (plain.records, plain.bad_count)
    pd.testing.assert_frame_equal(turned.calls, plain.calls)
    pd.testing.assert_frame_equal(turned.visits, plain.visits)


def test_bad_records_keep_the_numbers_of_their_lines(tmp_path: Path) -> None:
    lines = lines_of("cdr.csv.gz")[:50][::-1]
    lines.insert(7, "what is this?\n")
    with pytest.warns(UserWarning, match="newest records come first"):
        found = read(tmp_path, lines)
    assert list(found.bad["line"]) == [8]


def test_a_call_within_another_one_does_not_stand_newest_first(tmp_path: Path) -> None:
    def line(serial: int, start: int, end: int) -> str:
        return (
            f'"","10{serial}","200","phones","<10{serial}>","PJSIP/10{serial}-0000000{serial}",'
            f'"PJSIP/200-0000001{serial}","Dial","PJSIP/200","2026-06-01 10:00:{start}",'
            f'"2026-06-01 10:00:{start}","2026-06-01 10:00:{end}",{end - start},{end - start},'
            f'"ANSWERED","DOCUMENTATION","178030800{serial}.{serial}",""\n'
        )

    assert read(tmp_path, [line(2, 20, 30), line(1, 10, 50)], "cdr").notes == []


@pytest.mark.parametrize("version", [16, 22])
@pytest.mark.parametrize("name", NAMES[:2])
@pytest.mark.parametrize("part", [1, 4])
def test_what_overlaps_counts_once(
    tmp_path: Path, name: str, version: int, part: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = lines_of(name, version)
    monkeypatch.setattr(repeats, "_MANY", 64)  # so that there are several parts
    plain = read(tmp_path, lines)
    assert plain.notes == []
    twice = lines[: len(lines) // part] + lines[len(lines) // part // 2 * (part > 1) :]
    more = len(twice) - len(lines)
    with pytest.warns(UserWarning, match=f"{more:,} records repeat earlier ones"):
        found = read(tmp_path, twice)
    assert (found.records, found.bad_count) == (len(twice), plain.bad_count)
    pd.testing.assert_frame_equal(found.calls, plain.calls)
    pd.testing.assert_frame_equal(found.visits, plain.visits)


@pytest.mark.parametrize("version", [16, 22])
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("order", [(1, 0), (2, 1, 0), (1, 2, 0), (2, 0, 3, 1)])
def test_old_files_that_were_put_together_in_any_order_are_read_by_their_times(
    tmp_path: Path, name: str, version: int, order: tuple[int, ...]
) -> None:
    lines = lines_of(name, version)
    plain = read(tmp_path, lines)
    length = -(-len(lines) // len(order))
    parts = [lines[n * length : (n + 1) * length] for n in range(len(order))]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = read(tmp_path, [line for n in order for line in parts[n]])
    if not name.startswith("cdr"):
        assert found.notes == [
            "some parts of the log come after newer ones: the parts were read in the order of "
            "their times"
        ]
    assert (found.records, found.bad_count) == (plain.records, plain.bad_count)
    pd.testing.assert_frame_equal(found.calls, plain.calls)
    pd.testing.assert_frame_equal(found.visits, plain.visits)


@pytest.mark.parametrize("name", NAMES[:2])
def test_old_files_that_overlap_are_read_by_their_times_and_count_once(
    tmp_path: Path, name: str
) -> None:
    lines = lines_of(name)
    plain = read(tmp_path, lines)
    third = len(lines) // 3
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = read(tmp_path, [*lines[third:], *lines[: 2 * third]])
    assert len(found.notes) == 2 and f"{third:,} records repeat" in found.notes[1]
    pd.testing.assert_frame_equal(found.calls, plain.calls)
    pd.testing.assert_frame_equal(found.visits, plain.visits)


def test_records_of_a_call_that_was_over_are_found_by_reading_parts_by_their_times(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def line(hour: int, serial: int, dst: str) -> str:
        when = f"2026-06-{1 + hour // 24:02d} {hour % 24:02d}:00"
        return (
            f'"","101","{dst}","phones","<101>","PJSIP/101-{serial:08x}","PJSIP/{dst}-{serial:08x}"'
            f',"Dial","PJSIP/{dst}","{when}:00","{when}:10","{when}:50",50,40,"ANSWERED",'
            f'"DOCUMENTATION","{1_780_272_000 + 3600 * hour}.{serial}",""\n'
        )

    monkeypatch.setattr(cdr, "_MANY", 10)
    monkeypatch.setattr(cdr, "_RECENT", 5)
    lines = [line(hour, hour, "200") for hour in range(100)]
    # Two lines of one call, of which the old file ends with one and the new begins with the other.
    lines.insert(50, line(49, 49, "300"))
    plain = read(tmp_path, lines, "cdr")
    assert (len(plain.calls), plain.bad_count) == (100, 0)
    with pytest.warns(UserWarning, match="come after newer ones"):
        found = read(tmp_path, [*lines[50:], *lines[:50]], "cdr")
    assert found.bad_count == 0
    pd.testing.assert_frame_equal(found.calls, plain.calls)


def field(line: str, place: int) -> str:
    return next(csv.reader([line]))[place]


@pytest.mark.parametrize("version", [16, 22])
@pytest.mark.parametrize("places", [(14,), (15,), (15, 14), (9,)])
def test_a_cel_that_is_sorted_by_something_else_is_read_by_its_times(
    tmp_path: Path, version: int, places: tuple[int, ...]
) -> None:
    lines = lines_of("cel.csv.gz", version)
    plain = read(tmp_path, lines).calls.set_index("call")
    lines.sort(key=lambda line: [field(line, place) for place in places])
    with pytest.warns(UserWarning, match="not in the order of time"):
        found = read(tmp_path, lines)
    assert found.bad_count == 0 and len(found.notes) == 1
    assert found.calls["call"].is_unique
    calls = found.calls.set_index("call").loc[plain.index]
    assert len(calls) == len(found.calls)
    pd.testing.assert_frame_equal(calls[["start", "end"]], plain[["start", "end"]])
    differ = calls["disposition"].fillna("") != plain["disposition"].fillna("")
    # Times are whole seconds here, and some calls are over within one.
    assert differ.sum() <= 2


def test_files_of_a_crowd_that_stand_in_a_wrong_order_are_read_by_their_times(
    tmp_path: Path,
) -> None:
    lines = lines_of("cel.csv.gz")
    crowd = 3200  # two hundred calls are up there
    lines = lines[crowd - 1000 : crowd + 1000]
    plain = read(tmp_path, lines)
    with pytest.warns(UserWarning, match="come after newer ones"):
        found = read(tmp_path, [*lines[1000:], *lines[:1000]])
    assert found.calls["call"].is_unique
    pd.testing.assert_frame_equal(found.calls, plain.calls)


def test_a_queue_log_that_is_sorted_by_calls_is_read_by_its_times(tmp_path: Path) -> None:
    lines = lines_of("queue_log.gz")
    plain = read(tmp_path, lines)
    with pytest.warns(UserWarning, match="not in the order of time"):
        found = read(tmp_path, sorted(lines, key=lambda line: line.split("|")[1]))
    assert found.bad_count == plain.bad_count
    pd.testing.assert_frame_equal(
        found.visits.sort_values(["call", "start"], ignore_index=True),
        plain.visits.sort_values(["call", "start"], ignore_index=True),
    )


def test_records_that_are_there_twice_count_once_where_their_file_is_sorted(tmp_path: Path) -> None:
    lines = lines_of("cel.csv.gz")[:1500]
    plain = read(tmp_path, lines)
    by_channel = sorted(lines, key=lambda line: field(line, 14))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = read(tmp_path, [*by_channel, *by_channel])
    assert f"{len(lines):,} records repeat earlier ones: they were left out" in found.notes
    assert found.records == 2 * len(lines)
    assert sorted(found.calls["call"]) == sorted(plain.calls["call"])


def test_where_a_clock_was_set_back_records_stay_in_their_order() -> None:
    notes: list[str] = []
    times = [*range(1000, 1500), *range(1600, 2000), *range(1900, 2900)]
    found = [(n, "", {"eventtime": 1_780_300_000 + at}) for n, at in enumerate(times)]
    assert list(ordering.by_parts(found, "cel", Clock(), notes)) == found
    assert notes == []


def entries(*some: tuple[int, str, str]) -> list[str]:
    return [f"{1_780_308_000 + at}|{call}|{rest}\n" for at, call, rest in some]


ONE = entries(
    (0, "1780308000.1", "desk|NONE|ENTERQUEUE||2222|1"),
    (4, "1780308000.1", "desk|Hall|CONNECT|4|1780308001.2|3"),
    (9, "1780308000.1", "desk|Hall|COMPLETECALLER|4|5|1"),
)


def test_entries_of_which_each_is_there_twice_count_once(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match="3 records repeat earlier ones"):
        found = read(tmp_path, [line for line in ONE for _ in range(2)])
    assert found.bad_count == 0
    assert list(found.visits["talk"]) == [5.0]


def test_who_comes_back_within_a_second_came_twice(tmp_path: Path) -> None:
    coming = entries((0, "1780308000.1", "desk|NONE|ENTERQUEUE||2222|1"))
    going = entries((0, "1780308000.1", "desk|NONE|EXITEMPTY|1|1|0"))
    found = read(tmp_path, [*coming, *going, *coming, *going])
    assert found.notes == []
    assert list(found.visits["outcome"]) == ["LEAVE EMPTY"] * 2


@pytest.mark.parametrize("end", ["2024-10-27 03:00:10", ""])
def test_without_a_uniqueid_the_end_tells_the_hour_that_is_repeated(
    tmp_path: Path, end: str
) -> None:
    path = tmp_path / "cdr.csv"
    path.write_text(
        "start,end,src,dst,channel,dstchannel,lastapp,duration,billsec,disposition\n"
        f"2024-10-27 02:50:00,{end},100,200,PJSIP/100-00000001,PJSIP/200-00000002,Dial,610,600,"
        "ANSWERED\n"
    )
    found = history(path, tz="Europe/Berlin")
    assert found.doubtful == 1
    assert list(found.calls["end"] - found.calls["start"]) == [pd.Timedelta(seconds=610)]


@pytest.mark.parametrize("version", [16, 22])
def test_of_a_call_that_the_log_begins_in_no_caller_is_made_up(
    tmp_path: Path, version: int
) -> None:
    lines = lines_of("cel.csv.gz", version)
    plain = read(tmp_path, lines).calls
    for cut in (1300, 1600, 1900, 2200):
        both = plain.merge(read(tmp_path, lines[cut:]).calls, on="call", suffixes=("", "_cut"))
        for name in ("caller", "caller_device", "dialled", "hangup_by", "answered_by", "billsec"):
            told = both[both[f"{name}_cut"].notna()]
            assert len(told) > 20
            assert list(told[f"{name}_cut"]) == list(told[name])
