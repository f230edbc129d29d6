"""The report's numbers, days and comparison, and the page that it is."""

from __future__ import annotations

import base64
import re
from functools import cache
from typing import Any
from xml.dom import minidom

import pandas as pd
import pytest

from ast_notebook.calls import charts
from ast_notebook.calls.frames import begun, lasting
from ast_notebook.calls.report import Report
from ast_notebook.calls.report.values import difference
from ast_notebook.errors import ConfError
from ast_notebook.moments import earlier
from tests.support.measured import MONDAY, WAITS, some_calls, some_visits

BERLIN = "Europe/Berlin"
NOBODY = some_visits([("desk", 1.0, "FULL")]).head(0)
HOUR, DAY, WEEK = 3600, 86_400, 604_800


def two_weeks() -> pd.DataFrame:
    """Calls from a Monday on, 10:00 in Berlin: 4 in the first week, and 5 in the second.

    Of the first week's, 2 were answered and talked for 60 s each, and 2 were missed. Of the
    second week's, 4 were answered and talked for 90 s each.
    """
    rows = [
        (0, 100, 5, 60.0, "ANSWERED", "0301"),
        (DAY, DAY + 100, DAY + 5, 60.0, "ANSWERED", "0302"),
        (DAY + HOUR, DAY + HOUR + 10, None, None, "NO ANSWER", "0301"),
        (3 * DAY, 3 * DAY + 10, None, None, "BUSY", "0303"),
    ]
    rows += [
        (WEEK + n * HOUR, WEEK + n * HOUR + 100, WEEK + n * HOUR + 5, 90.0, "ANSWERED", "0304")
        for n in range(4)
    ]
    last = WEEK + 3 * DAY + HOUR
    rows.append((last, last + 10, None, None, "NO ANSWER", "0305"))
    return some_calls(rows)


@cache
def report(**given: Any) -> Report:
    """A report of both weeks, made once."""
    return Report(two_weeks(), WAITS, tz=BERLIN, **given)


def compared(calls: pd.DataFrame, **given: object) -> dict[str, list[float]]:
    asked = {"since": "2026-11-30", "before": "7d", "tz": BERLIN} | given
    table = Report(calls, NOBODY, **asked).comparison  # type: ignore[arg-type]
    return {row[0]: list(row[1:]) for row in table.itertuples(index=False)}


def test_a_week_is_compared_with_the_one_before():
    table = report(since="2026-11-30", before="7d").comparison
    found = {row[0]: list(row[1:]) for row in table.itertuples(index=False)}
    assert found["calls"] == [5, 4, 1]
    assert found["missed"] == [1, 2, -1]
    assert found["answered (ASR)"] == pytest.approx([4 / 5, 2 / 4, 0.3])
    assert found["average talk (ACD)"] == [90, 60, 30]
    page = report(since="2026-11-30", before="7d")
    assert re.search(r"\n  calls +5 +\+1 \(\+25\.0%\) +before 4\n", repr(page))
    assert "<dd>+30.0 points</dd><dd>before 50.0%</dd>" in page.html()
    assert "<dd>\N{MINUS SIGN}1 (\N{MINUS SIGN}50.0%)</dd><dd>before 2</dd>" in page.html()
    # The log ends with the last call, so the week before is taken to the same time of its day.
    told = "Compared with 2026-11-23 00:00 to 2026-11-26 11:00 CET"
    assert told in repr(page) and told in page.html()


def test_the_time_before_ends_where_the_known_part_of_this_one_does():
    # Without the call on Thursday, the log ends on Monday at 13:01:40.
    assert compared(two_weeks().head(8))["calls"] == [4, 1, 3]
    assert compared(two_weeks().head(8), until="2026-12-07")["calls"] == [4, 1, 3]
    assert compared(two_weeks(), until="2026-11-30 11:30")["calls"] == [2, 1, 1]


def test_what_is_not_known_of_the_time_before_is_missing_and_never_0():
    late = two_weeks().iloc[1:].reset_index(drop=True)  # begins a day too late
    page = Report(late, NOBODY, since="2026-11-30", before="7d", tz=BERLIN)
    found = page.comparison
    assert found["value"][0] == 5
    assert found[["before", "difference"]].isna().all(axis=None)
    assert re.search(r"\n  calls +5 +- +before -\n", repr(page))
    assert "calls are known only from 2026-11-24 00:00 CET on" in repr(page)


def test_a_time_before_without_any_call_is_one_of_which_nothing_is_known():
    found = compared(two_weeks(), since="2026-11-30", until="2026-11-30 12:00", before="3d")
    assert found["calls"][0] == 2
    assert pd.isna(found["calls"][1]) and pd.isna(found["calls"][2])


def test_a_log_that_says_what_it_covers_is_believed():
    covered = MONDAY + pd.Timedelta("1h"), MONDAY + pd.Timedelta("11D")
    assert pd.isna(compared(two_weeks(), covered=covered)["calls"][1])
    covered = MONDAY - pd.Timedelta("1D"), MONDAY + pd.Timedelta("11D")
    assert compared(two_weeks(), covered=covered)["calls"] == [5, 4, 1]


def test_a_lower_bound_has_no_difference():
    calls = two_weeks().assign(source="cdr")
    calls["end"] = calls["end"].where(calls.index != 8)
    found = compared(calls)
    assert found["at once, at most"][0] == 1
    assert pd.isna(found["at once, at most"][2])


def test_what_cannot_be_compared_is_refused_with_what_to_do():
    with pytest.raises(ConfError, match="before needs since"):
        Report(two_weeks(), NOBODY, before="7d")
    with pytest.raises(ConfError, match="give until"):
        Report(two_weeks(), NOBODY, since="2026-11-23", before="1d", tz=BERLIN)
    for wrong in ("yesterday", "0d", "", "-1d", "7"):
        with pytest.raises(ConfError, match="no length of time: write 7d"):
            Report(two_weeks(), NOBODY, since="2026-11-30", before=wrong, tz=BERLIN)


def test_days_before_are_days_of_the_calendar():
    monday = pd.Timestamp("2026-10-26 08:00", tz=BERLIN)
    assert earlier(monday, "1d") == pd.Timestamp("2026-10-25 08:00", tz=BERLIN)
    assert earlier(monday, "7d") == pd.Timestamp("2026-10-19 08:00", tz=BERLIN)
    assert earlier(monday, "48h") == pd.Timestamp("2026-10-24 09:00", tz=BERLIN)


@pytest.mark.parametrize(
    ("kind", "value", "before", "shown"),
    [
        ("count", 1618, 1498, "+120 (+8.0%)"),
        ("count", 3, 4, "\N{MINUS SIGN}1 (\N{MINUS SIGN}25.0%)"),
        ("count", 3, 0, "+3"),
        ("count", 3, 3, "±0 (±0.0%)"),
        ("share", 0.861, 0.891, "\N{MINUS SIGN}3.0 points"),
        ("span", 220.0, 232.0, "\N{MINUS SIGN}12.0 s"),
        ("span", 200.0, 100.0, "+1:40"),
        ("traffic", 1.91, 1.5, "+0.41 E"),
        ("share", float("nan"), 0.5, "-"),
        ("count", 3, float("nan"), "-"),
    ],
)
def test_a_difference_has_its_sign(kind, value, before, shown):
    assert difference(kind, value, before) == shown


def test_only_what_began_in_the_time_counts_and_only_that_part_of_a_session():
    calls = two_weeks()
    until = MONDAY + pd.Timedelta(days=3)
    assert len(begun(calls, MONDAY + pd.Timedelta(days=1), until)) == 2
    sessions = pd.DataFrame(
        {
            "login": [MONDAY, until, MONDAY],
            "logout": [until + pd.Timedelta("1h"), until, pd.NaT],
        }
    )
    kept = lasting(sessions, MONDAY + pd.Timedelta("1h"), ("login", "logout"), until)
    assert kept["seconds"].tolist()[0] == 3 * DAY - HOUR
    assert len(kept) == 2 and pd.isna(kept["seconds"][1])


def test_each_day_has_a_row_also_a_day_without_calls():
    days = Report(two_weeks(), NOBODY, until="2026-11-29", tz=BERLIN).days
    assert [f"{day:%d}" for day in days["day"]] == ["23", "24", "25", "26"]
    assert days["calls"].tolist() == [1, 2, 0, 1]
    assert days["answered"].tolist() == [1, 1, 0, 0]
    assert days["missed"].tolist() == [0, 1, 0, 1]
    assert pd.isna(days["asr"][2]) and pd.isna(days["acd"][2])
    # The 100 s from 10:00 on are more than the 10 s from 11:00 on; of hours that begin at a
    # quarter and are as busy, the one whose first quarter is the busiest counts.
    assert [str(one) for one in days["busiest"]][:2] == ["10:00:00", "10:00:00"]
    assert pd.isna(days["busiest"][2])


def test_a_day_is_one_of_the_zone_of_the_report():
    calls = some_calls([(0, 10, None, None, "BUSY", "1")], pd.Timestamp("2026-07-01 22:30Z"))
    assert str(Report(calls, NOBODY, tz=BERLIN).days["day"][0].date()) == "2026-07-02"
    page = Report(calls, NOBODY, tz=BERLIN).html()
    assert "2026-07-02 00:30 to 2026-07-02 00:45 CEST" in page
    assert "Thu 2026-07-02" in page and "2026-07-02 00:30</td>" in page


def test_the_page_has_headings_sections_and_tables_that_name_their_rows_and_columns():
    page = report(title="Calls of Berlin & Bonn").html()
    assert page.count("<h1>") == page.count("<main ") == 1
    assert "<h1>Calls of Berlin &amp; Bonn</h1>" in page
    assert page.count("<section>") == page.count("<h2>")
    assert page.count("<table>") == page.count("<caption>") == page.count("<thead>")
    assert '<th scope="col">caller</th>' in page and '<th scope="row">0305</th>' in page
    assert "<td>None</td>" not in page and ">nan<" not in page and ">NaT<" not in page
    assert minidom.parseString(page.removeprefix("<!doctype html>")).documentElement
    part = report()._repr_html_()
    assert "<h1>" not in part and "<main" not in part, "a notebook has its own"


def test_each_number_has_its_meaning_and_those_of_a_standard_a_link_to_it():
    page = report().html()
    tiles = re.findall(r"<dt>(.*?)</dt>.*?<dd class=\"ast-meaning\">(.*?)</dd>", page)
    assert [name for name, _ in tiles] == [name for name, _ in report().numbers()]
    assert all(re.sub("<.*", "", meaning).strip().endswith(".") for _, meaning in tiles)
    assert (
        '<a href="https://www.itu.int/rec/T-REC-E.411">ITU-T E.411</a>'
        in dict(tiles)["answered (ASR)"]
    )


def test_a_table_of_days_that_is_long_ends_with_the_last_31():
    calls = some_calls([(n * DAY, n * DAY + 10, None, None, "BUSY", "1") for n in range(40)])
    page = Report(calls, NOBODY, tz="UTC")
    assert len(page.days) == 40
    assert "The last 31 days" in page.html()
    assert "2026-12-01</th>" not in page.html() and "2026-12-02</th>" in page.html()


def test_pictures_take_their_ink_from_the_page_and_explain_colours_beside_the_bars():
    figure = charts.days(report().days)
    (axes,) = figure.axes
    (legend,) = figure.legends
    figure.draw_without_rendering()
    assert legend.get_window_extent().x0 >= axes.get_window_extent().x1
    assert [one.get_text() for one in legend.get_texts()] == ["answered", "missed"]
    found = re.search(r"base64,([^\"]+)", charts.image(figure, "days"))
    assert found
    drawn = base64.b64decode(found[1]).decode()
    assert "prefers-color-scheme:dark" in drawn and "var(--ink)" in drawn
    assert charts.GREY not in drawn


def test_the_bars_of_a_day_add_up_to_its_calls_and_what_is_unknown_is_other():
    days = pd.DataFrame(
        {
            "calls": [5, 4],
            "answered": pd.array([2, 1], "Int64"),
            "missed": pd.array([2, None], "Int64"),
        }
    )
    parts = charts.by_day(days)
    assert {name: part.tolist() for name, part in parts.items()} == {
        "answered": [2, 1],
        "missed": [2, 0],
        "other": [1, 3],
    }


def test_a_report_with_pseudonyms_has_none_of_those_who_were_missed():
    from ast_notebook.anonymize import Anonymizer
    from ast_notebook.calls.anonymized import anonymized_report

    page = anonymized_report(report(), Anonymizer(key=b"k" * 32))
    assert "0305" not in page.html()
    assert page.missed["missed"].tolist() == [1, 1, 1]
