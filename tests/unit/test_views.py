"""What frames show of calls, channels and events, and that they are frames all the same."""

from __future__ import annotations

import copy
import json
import pickle
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import narwhals as nw
import pandas as pd
import polars as pl
import pytest

from ast_notebook import use_zone
from ast_notebook.calls.frames import COLUMNS, SECONDS, TIMES, WHOLE, pandas
from ast_notebook.calls.picking import pick
from ast_notebook.errors import ConfError
from ast_notebook.views import ShownFrame, shown_calls, shown_channels, shown_events
from ast_notebook.views.lines import lines
from ast_notebook.views.states import TELLING
from ast_notebook.views.words import CHANNELS, DEVICES, duration, times
from tests.support.paths import ROOT
from tests.support.shell import an_ipython

NO = "\N{EN DASH}"
START = pd.Timestamp("2026-03-01 22:30:05", tz="UTC")


def calls(*rows: dict[str, object]) -> pd.DataFrame:
    """A calls frame of these rows; what a row leaves out is missing."""
    frame = pd.DataFrame(list(rows), columns=list(COLUMNS))
    frame = frame.astype(dict.fromkeys(SECONDS, "float64") | dict.fromkeys(WHOLE, "Int64"))
    for name in TIMES:
        frame[name] = pd.to_datetime(frame[name], utc=True).astype("datetime64[us, UTC]")
    text = set(COLUMNS) - {*TIMES, *SECONDS, *WHOLE, "gap"}
    return pandas(frame.astype(dict.fromkeys(text, "str") | {"gap": "boolean"}), TIMES, WHOLE)


def call(number: int, **more: object) -> dict[str, object]:
    begun = START + pd.Timedelta(minutes=number)
    return {
        "call": f"{begun.timestamp():.0f}.{number}",
        "server": "ast",
        "start": begun,
        "end": begun + pd.Timedelta(minutes=2),
        "caller": "200",
        "caller_name": "Door",
        "caller_device": "PJSIP/200",
        "dialled": "240",
        "answered_by": "240",
        "answered_device": "PJSIP/240",
        "disposition": "ANSWERED",
        "ring": 4.4,
        "talk": 75.0,
        "billsec": 75.0,
        "gap": False,
        "source": "events",
        **more,
    }


@pytest.fixture
def in_berlin() -> Iterator[None]:
    use_zone("Europe/Berlin")
    yield
    use_zone(None)


@pytest.fixture
def shown() -> ShownFrame:
    return shown_calls(calls(call(1), call(2, talk=None, disposition="BUSY", answered_by=None)))


def test_calls_show_when_who_whom_and_what_became_of_it_by_the_local_clock(
    in_berlin: None, shown: ShownFrame
) -> None:
    """22:31:05 UTC on the first of March is 23:31:05 in Berlin."""
    year = datetime.now(UTC).year
    day = "01 Mar" if year == 2026 else "2026-03-01"
    text = repr(shown).splitlines()
    assert text[0].split("  ")[0].strip() == "when"
    assert text[1].split() == [
        *day.split(),
        *["23:31:05", "200", "Door", "240", "240", "answered", "0:04", "1:15"],
    ]
    assert text[2].split() == [*day.split(), *f"23:32:05 200 Door 240 {NO} busy 0:04 {NO}".split()]
    assert text[3] == "calls: 2; times in Europe/Berlin. All 34 columns: .frame"


def test_the_whole_frame_is_there(shown: ShownFrame) -> None:
    assert list(shown.columns) == list(COLUMNS)
    assert shown["start"].dtype == "datetime64[us, UTC]"
    assert shown.groupby("disposition").size().to_dict() == {"ANSWERED": 1, "BUSY": 1}


@pytest.mark.parametrize(
    "made",
    [
        lambda frame: frame[frame["talk"] > 0],
        lambda frame: frame[["start", "caller"]],
        lambda frame: frame.head(1),
        lambda frame: frame.copy(),
        lambda frame: copy.deepcopy(frame),
        lambda frame: frame.sort_values("start"),
        lambda frame: frame.merge(frame, on="call"),
        lambda frame: frame.frame,
        lambda frame: pd.concat([frame, frame]),
        lambda frame: pickle.loads(pickle.dumps(frame)),
        lambda frame: frame.assign(mine=1),
        lambda frame: frame.set_index("call"),
    ],
)
def test_what_is_made_of_it_is_a_plain_frame(shown: ShownFrame, made) -> None:
    assert type(made(shown)) is pd.DataFrame


def test_a_pickle_needs_nothing_of_ours_and_keeps_what_is_attached(shown: ShownFrame) -> None:
    shown.attrs["history"] = {"bad": 1}
    stored = pickle.dumps(shown)
    assert b"ast_notebook" not in stored
    again = pickle.loads(stored)
    pd.testing.assert_frame_equal(again, shown.frame)
    assert again.attrs == {"history": {"bad": 1}}


def test_other_engines_and_the_styler_take_it(shown: ShownFrame) -> None:
    assert pl.from_pandas(shown)["caller"].to_list() == ["200", "200"]
    assert nw.from_native(shown).shape == (2, 34)
    counted: Any = duckdb.sql("select count(*) from shown")
    assert counted.fetchall() == [(2,)]
    assert "ANSWERED" in shown.style.highlight_max(["talk"]).to_html()
    assert json.loads(shown.to_json(date_format="iso"))["caller"] == {"0": "200", "1": "200"}


def test_a_column_that_is_added_is_shown(shown: ShownFrame) -> None:
    shown["cost"] = [1.5, 2.5]
    assert "cost" in repr(shown)
    assert "2.5" in repr(shown)


def test_without_its_columns_it_is_shown_by_pandas(shown: ShownFrame) -> None:
    del shown["caller"]
    assert repr(shown) == repr(shown.frame)
    plain: Any = shown.frame
    assert shown._repr_html_() == plain._repr_html_()


def test_another_way_to_show_all_frames_is_taken(
    shown: ShownFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As itables sets it by init_notebook_mode(all_interactive=True)."""
    monkeypatch.setattr(pd.DataFrame, "_repr_html_", lambda frame: f"{len(frame)} rows")
    assert shown._repr_html_() == "2 rows"


def test_the_page_has_the_view_and_the_rest_behind_it(shown: ShownFrame) -> None:
    html = shown._repr_html_()
    view, behind = html.split("<details>")
    assert "<details open" not in html
    assert "200 Door" in view
    assert "1:15" in view
    assert "+00:00" not in view
    assert str(shown["call"].iloc[0]) in behind
    assert "2026-03-01 22:31:05+00:00" in behind


def test_a_name_is_no_markup_and_no_command(shown: ShownFrame) -> None:
    shown.loc[0, "caller_name"] = "<b>\x1b[2J</b> $x$"
    html = shown._repr_html_()
    assert "<b>" not in html
    assert "\x1b" not in html + repr(shown)
    assert "mathjax_ignore" in html


def test_ipython_shows_the_view(shown: ShownFrame) -> None:
    with an_ipython() as shell:
        shell.run("%load_ext ast_notebook")
        formatter: Any = shell.display_formatter
        data, _ = formatter.format(shown)
        shell.run("%unload_ext ast_notebook")
    assert data["text/plain"] == repr(shown)
    assert data["text/html"] == shown._repr_html_()


def test_of_many_rows_the_newest_are_shown() -> None:
    many = shown_calls(calls(*(call(number) for number in range(100))))
    text = repr(many).splitlines()
    assert len(text) == 1 + 20 + 2
    below = " ".join(text[-2:])
    assert below.startswith("calls: 100, of which these are the last 20 (pandas.options.")


def test_all_of_many_rows_are_shown_as_the_line_below_them_says() -> None:
    many = shown_calls(calls(*(call(number) for number in range(100))))
    below = " ".join(repr(many).splitlines()[-2:])
    ((option, most),) = re.findall(r"pandas\.options\.(\S+) = (\d+) shows all", below)
    with pd.option_context(option, int(most)):
        assert len(repr(many).splitlines()) == 1 + 100 + 1


def test_no_line_is_longer_than_the_terminal_and_nothing_is_cut(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    name = "Müller & Söhne Gesellschaft mit beschränkter Haftung"
    frame = shown_calls(
        calls(call(1, caller="+4930123456789", caller_name=name, queue="long-queue"))
    )
    text = repr(frame)
    assert max(map(len, text.splitlines())) <= 80
    for word in (*name.split(), "+4930123456789", "long-queue"):
        assert word in text


def test_words_are_cut_only_if_there_is_no_other_way() -> None:
    text = lines({"a": ["one two three"], "b": ["x" * 12]}, 24)
    assert text.splitlines() == ["a           b", "one two     xxxxxxxxxxxx", "three"]
    assert max(map(len, lines({"a": ["x" * 50], "b": ["y" * 50]}, 30).splitlines())) <= 30


def test_wide_letters_keep_the_columns_in_line() -> None:
    rows = lines({"a": ["李李", "abcd"], "b": ["1", "2"]}, 80).splitlines()
    assert rows[1] == "李李  1"
    assert rows[2] == "abcd  2"


@pytest.mark.parametrize(
    ("seconds", "shown"), [(0, "0:00"), (7.4, "0:07"), (59.6, "1:00"), (3723, "1:02:03")]
)
def test_durations_are_minutes_and_seconds(seconds: float, shown: str) -> None:
    assert duration(seconds) == shown


def test_times_of_today_have_no_date_and_those_of_another_year_have_the_year() -> None:
    now = datetime(2026, 3, 1, 23, 0, tzinfo=UTC)
    assert times([START, pd.NaT], UTC, now=now) == ["22:30:05", NO]
    day = pd.Timedelta(days=1)
    assert times([START - day, START], UTC, now=now) == ["28 Feb 22:30:05", "01 Mar 22:30:05"]
    assert times([START - 365 * day], UTC, now=now) == ["2025-03-01 22:30:05"]


def test_two_offsets_of_one_clock_are_told_apart() -> None:
    """At 1:00 UTC of 25 October 2026, clocks in Berlin are put back from 3:00 to 2:00."""
    hours = [pd.Timestamp("2026-10-25 00:30", tz="UTC"), pd.Timestamp("2026-10-25 01:30", tz="UTC")]
    now = datetime(2026, 10, 25, 12, tzinfo=UTC)
    berlin = ZoneInfo("Europe/Berlin")
    assert times(hours, berlin, now=now) == ["02:30:00 CEST", "02:30:00 CET"]


def test_what_a_cdr_bills_is_not_called_talk() -> None:
    of_cdr = shown_calls(calls(call(1, talk=None, wait=None, ring=None, source="cdr")))
    assert repr(of_cdr).splitlines()[0].endswith("waited  billed")
    assert repr(of_cdr).splitlines()[1].endswith(f"{NO}       1:15")


def test_a_call_that_is_not_over_says_so() -> None:
    up = calls(call(1, end=None), call(2, end=None, disposition=None), call(3, gap=True, end=None))
    text = repr(shown_calls(up))
    assert "answered, goes on" in text
    assert "not over yet" in text
    assert "connection" in text


def test_the_words_of_states_and_headers_are_those_of_the_panel() -> None:
    panel = ROOT / "ast_notebook" / "panel"
    shared = json.loads((panel / "tables.json").read_text())
    assert shared["device_states"] == DEVICES
    assert shared["channel_states"] == CHANNELS
    source = (panel / "js" / "headers.js").read_text()
    listed = source[source.index("[") : source.index("]")]
    assert [word.lower() for word in listed.split('"')[1::2]] == list(TELLING)


def test_events_show_what_they_say() -> None:
    row = {"time": START, "received": START, "event": "Hangup", "channel": "PJSIP/200-1"}
    events = pd.DataFrame([{**row, "cause-txt": "Normal Clearing", "cause": "16"}])
    assert repr(shown_events(events)).splitlines()[1].split("  ")[1:] == [
        "Hangup",
        "PJSIP/200-1",
        "Normal Clearing",
    ]


def test_an_empty_frame_says_what_to_do() -> None:
    none = shown_calls(calls(), empty="No calls yet: %ast call makes one")
    assert repr(none) == "No calls yet: %ast call makes one"
    assert none._repr_html_() == "<p>No calls yet: %ast call makes one</p>"
    assert list(none.columns) == list(COLUMNS)
    assert repr(shown_channels(pd.DataFrame({"since": []}))) == "no channels are up"


VISITS = pd.DataFrame(
    {
        "server": "ast",
        "call": [str(call(one)["call"]) for one in (3, 3, 4)],
        "queue": ["sales", "support", "support"],
        "agent": [None, "Anna", None],
    }
).astype("str")


def picked(**wanted: object) -> list[int]:
    rows = calls(
        call(1),
        call(2, disposition="NO ANSWER", answered_by=None, answered_device=None),
        call(3, queue="support", caller="+49301", caller_device="PJSIP/trunk", did="555"),
        call(4, queue="support", disposition="ABANDONED", answered_by=None, answered_device=None),
        call(5, disposition="BUSY", direction="outbound", answered_by=None, answered_device=None),
        call(6, disposition=None, end=None, answered_by="20", answered_device="PJSIP/20"),
    )
    found = pick(rows, VISITS, **wanted)  # type: ignore[arg-type]
    return [int(str(one).rpartition(".")[2]) for one in found["call"]]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({}, [1, 2, 3, 4, 5, 6]),
        ({"missed": True}, [2, 4]),
        ({"queue": "support"}, [3, 4]),
        ({"queue": "sales"}, [3]),
        ({"agent": "Anna"}, [3]),
        ({"number": 555}, [3]),
        ({"number": "20"}, [6]),
        ({"number": "PJSIP/trunk"}, [3]),
        ({"number": "trunk"}, [3]),
        ({"answered_by": "240"}, [1, 3]),
        ({"answered_by": "PJSIP/20"}, [6]),
        ({"queue": "support", "missed": True}, [4]),
        ({"number": "24"}, []),
    ],
)
def test_calls_are_picked(wanted: dict[str, object], found: list[int]) -> None:
    assert picked(**wanted) == found


def test_what_cannot_be_picked_by_is_refused() -> None:
    with pytest.raises(ConfError, match="number is empty"):
        picked(number=" ")
    with pytest.raises(ConfError, match="agent= needs the queue calls"):
        pick(calls(call(1)), agent="Anna")
