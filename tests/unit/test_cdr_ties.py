"""Which lines of a CDR are of one call, where their ids or names mislead."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from ast_notebook.calls.history import history
from ast_notebook.calls.history.result import History
from tests.support.cdr_lines import NAMES, at, calls, record, rows, text, uniqueid

ONE, OTHER = "PJSIP/200-00000002", "PJSIP/300-00000003"


def read(folder: Path, lines: list[list[str]]) -> tuple[History, list[str]]:
    """Return what a file with a line of names gives, and what is said of it."""
    path = folder / "cdr.csv"
    path.write_text(text(lines))
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        past = history(path, tz="UTC")
    return past, [str(one.message) for one in said]


def given(lines: list[list[str]], own: list[str], linked: list[str] | None = None) -> None:
    """Give lines other uniqueids and linkedids."""
    for line, one, other in zip(lines, own, linked or own, strict=True):
        line[NAMES.index("uniqueid")], line[NAMES.index("linkedid")] = one, other


# --- uniqueids that are none ---------------------------------------------------------------------


@pytest.mark.parametrize("own", ["1,71507E+09", "1.72E+09", "0", "1715072400", "x"])
@pytest.mark.parametrize("linked", [True, False])
def test_a_uniqueid_that_a_spreadsheet_spoiled_ties_nothing(
    tmp_path: Path, own: str, linked: bool
) -> None:
    lines = [
        record(50 * i, 50 * i + 70, "Dial", f"PJSIP/{i}-{2 * i + 1:08x}",
               channel=f"PJSIP/{100 + i}-{2 * i:08x}", src=str(100 + i), answer=50 * i + 10)
        for i in range(40)
    ]  # fmt: skip
    given(lines, [own] * 40, [own if linked else ""] * 40)
    past, said = read(tmp_path, [NAMES, *lines])
    assert past.calls["caller"].tolist() == [str(100 + i) for i in range(40)]
    assert past.calls["billsec"].tolist() == [60] * 40
    assert own not in past.calls["call"].tolist()
    assert [one for one in said if "40 records" in one and "as text" in one]


def test_two_channels_with_one_uniqueid_at_one_time_are_two_calls(tmp_path: Path) -> None:
    # A spreadsheet has made 1715072400.1 of 1715072400.10, too.
    first, second = record(0, 70, "Dial", ONE), record(0, 60, "Dial", OTHER, src="101",
                                                       channel="PJSIP/101-0000000a")  # fmt: skip
    past, said = read(tmp_path, [NAMES, first, second])
    assert sorted(rows(past.calls, "caller", "billsec")) == [("100", 70), ("101", 60)]
    assert [one for one in said if "2 records" in one]


def test_a_column_without_channels_may_have_a_spoiled_uniqueid(tmp_path: Path) -> None:
    names = ["calldate", "src", "dst", "duration", "disposition", "uniqueid"]
    lines = [[at(10 * i), str(i), "200", "20", "BUSY", "1,71507E+09"] for i in range(9)]
    past, _ = read(tmp_path, [names, *lines])
    assert sorted(past.calls["caller"]) == [str(i) for i in range(9)]


# --- names that two channels have ----------------------------------------------------------------


@pytest.mark.parametrize("linked", [True, False])
def test_the_name_of_the_pbx_in_a_uniqueid_keeps_its_lines_apart(
    tmp_path: Path, linked: bool
) -> None:
    lines = [
        record(0, 60, "Dial", ONE, answer=2),
        record(30, 120, "Dial", "PJSIP/300-00000002", answer=40),
        record(62, 90, "Dial", ONE, channel="PJSIP/5-00000005", src="5"),
    ]
    own = [f"berlin-{uniqueid(0, 1)}", f"paris-{uniqueid(30, 1)}", f"rome-{uniqueid(62, 5)}"]
    given(lines, own, own if linked else [""] * 3)
    past, _ = read(tmp_path, [NAMES, *lines])
    assert rows(past.calls, "call", "billsec") == [(own[0], 58), (own[1], 80), (own[2], 28)]


def test_calls_with_other_linkedids_are_not_tied_by_a_name_at_one_time(tmp_path: Path) -> None:
    found = calls(
        tmp_path,
        record(0, 60, "Dial", "PJSIP/trunk-00000002", answer=2),
        record(30, 120, "Dial", "PJSIP/trunk-00000002", answer=40, number=1, begun=30,
               channel="PJSIP/555-00000001", src="555"),
    )  # fmt: skip
    assert rows(found, "caller", "billsec") == [("100", 58), ("555", 80)]


@pytest.mark.parametrize("linked", [True, False])
def test_names_begin_anew_when_asterisk_does(tmp_path: Path, linked: bool) -> None:
    lines = [
        record(0, 60, "Dial", ONE, answer=2),
        record(63, 120, "Dial", OTHER, answer=64, begun=63),
    ]
    own = [uniqueid(0, 1), uniqueid(63, 1)]
    given(lines, own, own if linked else ["", ""])
    past, _ = read(tmp_path, [NAMES, *lines])
    assert rows(past.calls, "billsec", "answered_by") == [(58, "200"), (56, "300")]


def test_what_a_consultation_was_about_is_one_call(tmp_path: Path) -> None:
    found = calls(
        tmp_path,
        record(0, 20, "Dial", ONE, answer=2),
        record(10, 20, "Dial", OTHER, channel="PJSIP/200-00000004", src="200", number=4, begun=10),
        record(20, 40, "Dial", OTHER),
    )
    assert rows(found, "caller", "billsec") == [("100", 38)]


# --- many lines, and lines that are there twice --------------------------------------------------


def groups(count: int) -> list[list[str]]:
    """Return two lines a call, the second of which stands some lines after the first."""
    lines = []
    for i in range(count):
        begin, to = 600 * i, f"-{3 * i + 1:08x}"
        own: dict[str, Any] = {"channel": f"PJSIP/tr-{3 * i:08x}", "number": 3 * i, "begun": begin}
        first = record(begin, begin + 20, "Dial", f"PJSIP/201{to}", said="NO ANSWER", **own)
        then = record(begin + 20, begin + 50, "Dial", f"PJSIP/202{to}", answer=begin + 23, **own)
        lines += [(begin, first), (begin + 1250, then)]
    return [line for _, line in sorted(lines, key=lambda pair: pair[0])]


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have calls given away after some records, as a large file has them after many."""
    monkeypatch.setattr("ast_notebook.calls.history.cdr._MANY", 7)
    monkeypatch.setattr("ast_notebook.calls.history.cdr._RECENT", 5)


@pytest.mark.usefixtures("few")
@pytest.mark.parametrize("newest_first", [False, True])
def test_a_long_record_splits_no_other_calls(tmp_path: Path, newest_first: bool) -> None:
    lines = groups(200)
    long = record(0, 86_400, "Playback", channel="PJSIP/9-0000ffff", number=65535)
    lines.insert(0, long)
    found = calls(tmp_path, *(reversed(lines) if newest_first else lines))
    assert len(found) == 201
    assert found["call"].is_unique
    assert (found["disposition"] == "ANSWERED").sum() == 200


@pytest.mark.usefixtures("few")
def test_a_line_that_comes_hours_after_its_call_makes_no_second_one(tmp_path: Path) -> None:
    own = {"channel": "PJSIP/9-0000ffff", "number": 65535}
    first = record(0, 30, "Playback", **own)  # type: ignore[arg-type]
    last = record(30, 86_400, "Dial", ONE, **own)  # type: ignore[arg-type]
    past, _ = read(tmp_path, [NAMES, first, *groups(200), last])
    assert len(past.calls) == 201
    assert past.calls["call"].is_unique
    assert past.bad["line"].tolist() == [403]
    assert "six hours" in past.bad["reason"][0]


def talked(**more: Any) -> list[str]:
    """Return a line of a call that was answered, and lasted from 0 to 30."""
    return record(0, 30, "Dial", ONE, answer=5, **more)


@pytest.mark.usefixtures("few")
@pytest.mark.parametrize("chunk", [20, 50_000], ids=["of a frame", "of rows"])
@pytest.mark.parametrize(
    ("first", "kept"),
    [
        (record(0, 30, "Playback"), (None, None)),
        (record(0, 30, "Dial", ONE, said="NO ANSWER"), (None, None)),
        (talked(), ("ANSWERED", "200")),
    ],
    ids=["a menu", "nobody", "somebody"],
)
def test_what_a_line_that_comes_too_late_would_change_is_not_told(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    chunk: int,
    first: list[str],
    kept: tuple[str | None, str | None],
) -> None:
    """It is known when the call ended, but no more what became of it, and what was billed."""
    monkeypatch.setattr("ast_notebook.calls.history.log_builder.CHUNK", chunk)
    late = record(30, 86_400, "Dial", "PJSIP/102-0000fffe")
    past, _ = read(tmp_path, [NAMES, first, *groups(200), late])
    assert past.bad_count == 1
    assert len(past.calls) == 201
    (call,) = past.calls[past.calls["call"] == uniqueid(0, 1)].to_dict("records")
    assert (call["end"] - call["start"]).total_seconds() == 86_400
    assert pd.isna(call["billsec"])
    assert pd.isna(call["dialled"])
    assert (call["caller"], call["caller_device"]) == ("100", "PJSIP/100")
    told = (call[name] for name in ("disposition", "answered_by"))
    assert tuple(None if pd.isna(value) else value for value in told) == kept
    assert pd.isna(call["answered"]) == (kept[0] is None)
    others = past.calls[past.calls["call"] != uniqueid(0, 1)]
    assert (others["billsec"] == 27).all()
    assert past.calls.dtypes.equals(read(tmp_path, [NAMES, first, *groups(200)])[0].calls.dtypes)


@pytest.mark.usefixtures("few")
def test_a_line_that_comes_too_late_and_is_older_tells_when_the_call_began(tmp_path: Path) -> None:
    first = record(10, 30, "Dial", ONE, answer=15, linked=2, number=3, channel="PJSIP/9-0000ffff")
    late = record(0, 86_400, "Playback", number=2)
    past, _ = read(tmp_path, [NAMES, first, *groups(200), late])
    (call,) = past.calls[past.calls["call"] == uniqueid(0, 2)].to_dict("records")
    assert (call["end"] - call["start"]).total_seconds() == 86_400
    assert all(pd.isna(call[name]) for name in ("caller", "disposition", "answered_by"))


@pytest.mark.usefixtures("few")
def test_lines_that_are_there_twice_count_once_and_are_told(tmp_path: Path) -> None:
    lines = groups(120)
    once, _ = read(tmp_path, [NAMES, *lines])
    twice, said = read(tmp_path, [NAMES, *lines, *lines[50:]])
    assert twice.calls.equals(once.calls)
    assert [one for one in said if "190 records repeat an earlier" in one]


def test_equal_lines_that_name_no_channel_are_two_calls(tmp_path: Path) -> None:
    names = ["calldate", "src", "dst", "duration", "disposition"]
    past, _ = read(tmp_path, [names, *[[at(0), "100", "200", "0", "BUSY"]] * 2])
    assert len(past.calls) == 2
