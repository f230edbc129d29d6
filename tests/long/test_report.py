"""The report's numbers, days and comparison, and the page that it is."""

from __future__ import annotations

import base64
import re
from functools import cache
from itertools import pairwise
from pathlib import Path
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
    asked = {"since": "2026-11-30", "against": "7d", "tz": BERLIN} | given
    table = Report(calls, NOBODY, **asked).comparison  # type: ignore[arg-type]
    return {row[0]: list(row[1:]) for row in table.itertuples(index=False)}


def test_a_week_is_compared_with_the_one_before():
    table = report(since="2026-11-30", against="7d").comparison
    found = {row[0]: list(row[1:]) for row in table.itertuples(index=False)}
    assert found["calls"] == [5, 4, 1]
    assert found["missed"] == [1, 2, -1]
    assert found["answered (ASR)"] == pytest.approx([4 / 5, 2 / 4, 0.3])
    assert found["average talk (ACD)"] == [90, 60, 30]
    page = report(since="2026-11-30", against="7d")
    assert re.search(r"\n  calls +5 +\+1 \(\+25\.0%\) +before 4\n", repr(page))
    tiles = re.findall(r"<dd[^>]*>([^<]*)</dd><dd[^>]*>(before [^<]*)</dd>", page.html())
    assert ("+30.0 points", "before 50.0%") in tiles
    assert ("\N{MINUS SIGN}1 (\N{MINUS SIGN}50.0%)", "before 2") in tiles
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
    page = Report(late, NOBODY, since="2026-11-30", against="7d", tz=BERLIN)
    found = page.comparison
    assert found["value"][0] == 5
    assert found[["before", "difference"]].isna().all(axis=None)
    assert re.search(r"\n  calls +5 +- +before -\n", repr(page))
    assert "calls are known only from 2026-11-24 00:00 CET on" in repr(page)


def test_a_time_before_without_any_call_is_one_of_which_nothing_is_known():
    found = compared(two_weeks(), since="2026-11-30", until="2026-11-30 12:00", against="3d")
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
    with pytest.raises(ConfError, match="the report needs a beginning"):
        Report(two_weeks(), NOBODY, against="7d")
    with pytest.raises(ConfError, match="longer than 1d: compare with an earlier"):
        Report(two_weeks(), NOBODY, since="2026-11-23", against="1d", tz=BERLIN)
    for wrong in ("some day", "0d", "", "-1d", "7", "1e9w"):
        with pytest.raises(ConfError, match="no earlier time to compare with: write yesterday"):
            Report(two_weeks(), NOBODY, since="2026-11-30", against=wrong, tz=BERLIN)


def test_days_before_are_days_of_the_calendar():
    monday = pd.Timestamp("2026-10-26 08:00", tz=BERLIN)
    assert earlier(monday, "1d") == pd.Timestamp("2026-10-25 08:00", tz=BERLIN)
    assert earlier(monday, "7d") == pd.Timestamp("2026-10-19 08:00", tz=BERLIN)
    assert earlier(monday, "48h") == pd.Timestamp("2026-10-24 09:00", tz=BERLIN)
    assert earlier(monday, "last-week") == earlier(monday, "1w") == earlier(monday, "7d")
    november = pd.Timestamp("2026-11-01", tz=BERLIN)  # a week after the change
    assert earlier(november, "last-month") == pd.Timestamp("2026-10-01", tz=BERLIN)
    assert earlier(november, "last-year") == pd.Timestamp("2025-11-01", tz=BERLIN)
    assert earlier(pd.Timestamp("2026-10-31", tz=BERLIN), "last-month").day == 30


def test_the_calendar_of_the_report_counts_whatever_zone_a_moment_is_in():
    noon = pd.Timestamp("2026-10-26 11:00", tz="UTC")  # the day after the change, noon in Berlin
    calls = two_weeks().assign(start=lambda one: one["start"] - pd.Timedelta("35D"))
    known = noon - pd.Timedelta("14D"), noon + pd.Timedelta("1D")
    page = Report(calls, NOBODY, since=noon, against="yesterday", covered=known, tz=BERLIN)
    assert page.compared_with is not None
    assert page.compared_with[0] == pd.Timestamp("2026-10-25 12:00", tz=BERLIN)


def test_a_month_is_compared_with_the_month_before():
    calls = some_calls(
        [(n * DAY, n * DAY + 10, None, None, "BUSY", "0301") for n in range(0, 70, 2)],
        pd.Timestamp("2026-09-01 10:00", tz=BERLIN).tz_convert("UTC"),
    )
    page = Report(calls, NOBODY, month="2026-10", against="last-month", tz=BERLIN)
    row = page.comparison.set_index("measure").loc["calls"]
    # October has the days 30 to 60 after 1 September, of which 16 are even; September has 15.
    assert (row["value"], row["before"]) == (16, 15)
    assert "Compared with 2026-09-01 00:00 to 2026-10-01 00:00 CEST" in page.html()
    assert "calls are compared per day" in page.html()
    assert "compared per day" not in report(since="2026-11-30", against="7d").html()


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
    # Calls of later days are known, so there were none on the last three days of this time.
    assert [f"{day:%d}" for day in days["day"]] == ["23", "24", "25", "26", "27", "28", "29"]
    assert days["calls"].tolist() == [1, 2, 0, 1, 0, 0, 0]
    assert days["answered"].tolist() == [1, 1, 0, 0, 0, 0, 0]
    assert days["missed"].tolist() == [0, 1, 0, 1, 0, 0, 0]
    assert pd.isna(days["asr"][2]) and pd.isna(days["acd"][2])
    # The 100 s from 10:00 on are more than the 10 s from 11:00 on; of hours that begin at a
    # quarter and are as busy, the one whose first quarter is the busiest counts.
    assert [str(one) for one in days["busiest"]][:2] == ["10:00:00", "10:00:00"]
    assert pd.isna(days["busiest"][2])


def test_days_of_which_nothing_is_known_have_no_row():
    days = Report(two_weeks(), NOBODY, since="2026-11-20", until="2026-12-20", tz=BERLIN).days
    assert [f"{day:%d}" for day in days["day"].iloc[[0, -1]]] == ["23", "03"]
    days = Report(two_weeks(), NOBODY, since="2026-11-27", tz=BERLIN).days
    assert [f"{day:%d}" for day in days["day"]] == ["27", "28", "29", "30", "01", "02", "03"]
    assert days["calls"].tolist() == [0, 0, 0, 4, 0, 0, 1]


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
    tiles = re.findall(r"<dt[^>]*>(.*?)</dt>.*?<dd[^>]* class=\"ast-meaning\">(.*?)</dd>", page)
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


def test_lengths_of_a_cdr_are_called_billed_wherever_they_stand():
    calls = two_weeks().assign(source="cdr", billsec=lambda one: one["talk"], talk=float("nan"))
    page = Report(calls, NOBODY, tz=BERLIN).html()
    assert "average billed time" in page and "average talk" not in page


def test_missed_calls_without_directions_say_that_outbound_ones_are_among_them():
    told = "outbound ones included as long as no trunk is named"
    assert told in Report(two_weeks(), NOBODY, tz=BERLIN).html()
    assert told not in Report(two_weeks().assign(direction="inbound"), NOBODY, tz=BERLIN).html()


def test_where_nothing_is_known_of_before_no_number_repeats_it():
    late = two_weeks().iloc[1:].reset_index(drop=True)
    page = Report(late, NOBODY, since="2026-11-30", against="7d", tz=BERLIN).html()
    assert ">before -</dd>" not in page
    assert page.count("Nothing to compare with") == 1
    never = Report(two_weeks(), NOBODY, month="2027-02", against="last-month", tz=BERLIN)
    told = "Nothing to compare with: no calls of the time of the report itself are known"
    assert told in never.html() and told in repr(never)


def test_the_comparison_has_a_heading_of_its_own():
    page = Report(two_weeks(), NOBODY, since="2026-11-30", against="7d", tz=BERLIN).html()
    assert "<h2>What differs by more than chance</h2>" in page
    assert "Who waits, and who called again" not in page, "nothing of that is known"


def test_a_queue_has_columns_of_what_occurs():
    few = some_visits([("desk", 1.0, "ANSWERED"), ("desk", 5.0, "ABANDONED")])
    page = Report(two_weeks(), few, tz=BERLIN).html()
    assert '<th scope="col">gave up</th><th scope="col">within 20 s</th>' in page
    more = some_visits([("desk", 1.0, "ANSWERED"), ("desk", 5.0, "TIMEOUT")])
    page = Report(two_weeks(), more, tz=BERLIN).html()
    assert '<th scope="col">gave up</th><th scope="col">other</th><th scope="col">within' in page


def test_pictures_number_whole_calls_and_their_words_do_not_touch():
    one = report(until="2026-11-24")
    for figure in (charts.days(one.days), charts.concurrency(one.load), charts.waits(one.waits)):
        figure.draw_without_rendering()
        ticks = figure.axes[0].get_yticks()
        assert (ticks == ticks.round()).all(), ticks
    for figure in (charts.heat_map(report().heat_map), charts.concurrency(report().load)):
        assert figure.get_figwidth() * 96 <= 464, "no wider than the narrowest column of two"
        figure.draw_without_rendering()
        labels = figure.axes[0].get_xticklabels()
        boxes = [label.get_window_extent() for label in labels if label.get_text()]
        assert all(left.x1 < right.x0 for left, right in pairwise(boxes)), boxes


def test_hours_of_the_week_are_known_as_far_as_the_log_is_and_not_only_the_calls():
    # The log goes on for another week, so the hours after the last call of this one are known.
    page = Report(two_weeks(), NOBODY, since="2026-11-23", until="2026-11-29", tz=BERLIN)
    assert page.heat_map.notna().all(axis=None)
    assert page.heat_map.loc[0, 10] == 1 and page.heat_map.loc[6, 23] == 0
    # Nobody knows what comes after the last call of the log.
    page = Report(two_weeks().head(4), NOBODY, since="2026-11-23", until="2026-11-29", tz=BERLIN)
    assert page.heat_map.isna().loc[6, 23] and page.heat_map.loc[0, 0] == 0


def test_each_date_below_a_picture_has_its_month():
    calls = two_weeks()
    more = calls.assign(start=lambda one: one["start"] + pd.Timedelta("14D"))
    page = Report(pd.concat([calls, more]), NOBODY, tz=BERLIN)
    for figure in (charts.days(page.days), charts.concurrency(page.load, tz=BERLIN)):
        figure.canvas.draw()
        axes = figure.axes[0]
        assert axes.xaxis.get_offset_text().get_text() == ""
        shown = [label.get_text() for label in axes.get_xticklabels()]
        assert shown and all(re.fullmatch(r"\d\d (Nov|Dec)", one) for one in shown)


def test_calls_of_a_wrong_clock_are_told_and_long_times_are_drawn_by_month():
    stray = some_calls([(-20_000 * DAY, 5 - 20_000 * DAY, None, None, "NO ANSWER", "0309")])
    found = Report(pd.concat([stray, two_weeks()], ignore_index=True), NOBODY, tz=BERLIN)
    assert found.apart.startswith("1 call of these began more than a year before or after")
    assert "at first on 1972-02-20" in found.apart
    assert found.apart in repr(found)
    assert found.apart in re.sub(r"<[^>]*>", "", found.html())
    assert len(found.days) > 20_000, "the frame has each day"
    drawn = charts.days_or_months(found.days)
    assert len(drawn) == 659  # 54 years from February 1972, and 11 months
    assert drawn["calls"].sum() == 10
    assert not report().apart
    assert charts.days_or_months(report().days) is report().days


def test_an_older_page_stays_until_the_new_one_is_whole(tmp_path, monkeypatch):
    place, link = tmp_path / "page.html", tmp_path / "link.html"
    place.write_text("yesterday's")
    link.symlink_to(place)
    write = Path.write_text

    def refuse(self, text, **given):
        write(self, text[:100], **given)
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as full:
        full.setattr(Path, "write_text", refuse)
        with pytest.raises(OSError, match="No space left"):
            report().save(link)
    assert place.read_text() == "yesterday's"
    assert sorted(one.name for one in tmp_path.iterdir()) == ["link.html", "page.html"]
    assert report().save(link) == link
    assert link.is_symlink()
    assert place.read_text(encoding="utf-8") == report().html()
