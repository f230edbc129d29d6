"""Records that do not stand as they were written: newest first, twice, or with a part missing."""

from __future__ import annotations

import gzip
from pathlib import Path

import pandas as pd
import pytest

from ast_notebook.calls.history import History, history, repeats
from ast_notebook.calls.history import order as ordering

FIXTURES = Path(__file__).parent / "fixtures"
NAMES = ["cel.csv.gz", "queue_log.gz", "cdr.csv.gz", "cdr-linkedid.csv.gz"]


def lines_of(name: str, version: int = 22) -> list[str]:
    whole = gzip.decompress((FIXTURES / f"asterisk{version}" / name).read_bytes()).decode()
    return whole.splitlines(keepends=True)


def read(folder: Path, lines: list[str], kind: str | None = None) -> History:
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
    with pytest.warns(UserWarning, match="newest records stand first"):
        turned = read(tmp_path, lines[::-1])
    assert len(turned.notes) == 1
    assert (turned.records, turned.bad_count) == (plain.records, plain.bad_count)
    pd.testing.assert_frame_equal(turned.calls, plain.calls)
    pd.testing.assert_frame_equal(turned.visits, plain.visits)


def test_bad_records_keep_the_numbers_of_their_lines(tmp_path: Path) -> None:
    lines = lines_of("cdr.csv.gz")[:50][::-1]
    lines.insert(7, "what is this?\n")
    with pytest.warns(UserWarning, match="newest records stand first"):
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
    with pytest.warns(UserWarning, match=f"more than once, {more:,} were left out"):
        found = read(tmp_path, twice)
    assert (found.records, found.bad_count) == (len(twice), plain.bad_count)
    pd.testing.assert_frame_equal(found.calls, plain.calls)
    pd.testing.assert_frame_equal(found.visits, plain.visits)


def entries(*some: tuple[int, str, str]) -> list[str]:
    return [f"{1_780_308_000 + at}|{call}|{rest}\n" for at, call, rest in some]


ONE = entries(
    (0, "1780308000.1", "desk|NONE|ENTERQUEUE||2222|1"),
    (4, "1780308000.1", "desk|Hall|CONNECT|4|1780308001.2|3"),
    (9, "1780308000.1", "desk|Hall|COMPLETECALLER|4|5|1"),
)


def test_entries_of_which_each_is_there_twice_count_once(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match="more than once, 3 were left out"):
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
