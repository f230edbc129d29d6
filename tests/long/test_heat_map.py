"""The hours of the week are those of an average week, however many weeks there were."""

from __future__ import annotations

import pandas as pd
import pytest

from ast_notebook.calls import charts, measures
from ast_notebook.calls.report import Report
from tests.support.measured import moments, some_calls, some_visits

BERLIN = "Europe/Berlin"
HEADING = "Calls by hour of the week, on an average such day"


def each(hours: pd.DatetimeIndex, of: int = 1) -> pd.DataFrame:
    """So many calls of 6 minutes at the beginning of each of these hours."""
    calls = some_calls([(0, 1, None, None, "BUSY", "1") for _ in range(len(hours) * of)])
    starts = pd.Series(hours.repeat(of).tz_convert("UTC")).astype("datetime64[us, UTC]")
    return calls.assign(start=starts, end=starts + pd.Timedelta("6min"))


def daily(first: str, last: str, tz: str = BERLIN, clock: str = "10:00") -> pd.DataFrame:
    """A call at the same time of the clock on each day."""
    days = pd.date_range(first, last)
    return each((days + pd.Timedelta(f"{clock}:00")).tz_localize(tz))


def hourly(first: str, last: str, of: int = 1) -> pd.DataFrame:
    """So many calls in each hour that there is, from one midnight in Berlin to another."""
    return each(pd.date_range(first, last, freq="1h", tz=BERLIN, inclusive="left"), of)


def test_a_call_a_day_in_october_is_one_call_on_each_weekday():
    # 31 days: five Thursdays, Fridays and Saturdays, four of all others.
    table = measures.heat_map(daily("2026-10-01", "2026-10-31"), tz=BERLIN)
    assert table[10].tolist() == [1.0] * 7
    assert table.drop(columns=10).eq(0).all(axis=None)


def test_weekdays_are_compared_by_all_that_there_were_with_calls_or_without():
    # Three Mondays and Tuesdays; four calls on the first Monday, two on the third Tuesday.
    starts = [0, 60, 120, 180, 15 * 86_400, 15 * 86_400 + 60]
    calls = some_calls([(start, start + 5, None, None, "BUSY", "1") for start in starts])
    table = measures.heat_map(calls, tz="UTC")
    assert table[9].tolist() == pytest.approx([4 / 3, 2 / 3, 0, 0, 0, 0, 0])


@pytest.mark.parametrize(
    ("first", "last"), [("2026-10-19", "2026-11-02"), ("2026-03-23", "2026-04-06")]
)
def test_an_even_load_is_even_over_a_clock_change(first, last):
    # The fortnights of the 25-hour day (02:00 twice) and of the 23-hour day (02:00 never).
    calls = hourly(first, last, of=3)
    assert measures.heat_map(calls, tz=BERLIN).eq(3.0).all(axis=None)
    busy = measures.busy_hour(calls, tz=BERLIN)
    assert (busy.erlangs, busy.attempts) == pytest.approx((0.3, 3.0))
    assert busy.days["attempts"].tolist() == pytest.approx([3.0] * 14)
    visits = calls.assign(outcome="ANSWERED", talk=300.0, queue="desk")
    plan = measures.staffing(visits, tz=BERLIN)
    assert len(plan) == 168
    assert plan["calls"].tolist() == [3.0] * 168


@pytest.mark.parametrize("clock", ["01:30", "02:00", "03:00"])
def test_the_busy_hour_is_not_less_busy_for_a_day_that_does_not_have_it(clock):
    days = pd.date_range("2026-03-28", "2026-03-30")
    starts = [day + pd.Timedelta(f"{clock}:00") for day in days]
    there = [one.tz_localize(BERLIN, nonexistent="NaT") for one in starts]
    calls = each(pd.DatetimeIndex([one for one in there if not pd.isna(one)]), of=5)
    busy = measures.busy_hour(calls, tz=BERLIN)
    assert f"{busy.begins:%H:%M}" == clock
    assert (busy.erlangs, busy.attempts) == pytest.approx((0.5, 5.0))
    assert len(busy.days) == 3


def test_the_busy_hour_is_not_less_busy_for_days_of_which_only_a_part_is_known():
    # At 10:00 three days from noon on, at 14:00 four days: 10 calls of 6 minutes, and 9.
    nine = each(pd.date_range("2026-10-05 14:00", periods=4, freq="1D", tz=BERLIN), of=9)
    ten = each(pd.date_range("2026-10-06 10:00", periods=3, freq="1D", tz=BERLIN), of=10)
    busy = measures.busy_hour(pd.concat([nine, ten]), tz=BERLIN)
    assert f"{busy.begins:%H:%M}" == "10:00"
    assert (busy.erlangs, busy.attempts) == pytest.approx((1.0, 10.0))
    assert [f"{one:%H:%M}" for one in busy.days["begins"]] == ["14:00", *["10:00"] * 3]
    assert busy.days["attempts"].tolist() == [9, 10, 10, 10]


def test_hours_before_the_first_call_and_after_the_last_are_no_hours_without_calls():
    # From Monday 09:00 to Wednesday 16:00 of one week.
    calls = some_calls([(s, s + 5, None, None, "BUSY", "1") for s in (0, 2 * 86_400 + 7 * 3600)])
    table = measures.heat_map(calls)
    assert table.loc[0].isna().sum() == 9 and table.loc[0, 9] == 1
    assert table.loc[1].eq(0).all()
    assert table.loc[2, 16] == 1 and table.loc[2].isna().sum() == 7
    assert table.loc[3:].isna().all(axis=None)
    since = Report(daily("2026-10-01", "2026-10-31"), some_visits([("desk", 1.0, "FULL")]),
                   since="2026-10-15 12:00", tz=BERLIN)  # fmt: skip
    assert since.heat_map[10].tolist() == [1.0] * 7, "two whole Thursdays, and no half one"


def test_other_sums_are_averages_too_and_ratios_stay_what_they_are():
    rows = [(week * 604_800, week * 604_800 + 60, None, 30.0, "ANSWERED", "1") for week in (0, 1)]
    calls = some_calls([*rows, (1_209_600, 1_209_660, None, None, "BUSY", "1")])  # three Mondays
    found = {
        name: measures.heat_map(calls, value=name).loc[0, 9]
        for name in ("calls", "answered", "busy", "talk", "asr", "acd")
    }
    assert found == pytest.approx(
        {"calls": 1, "answered": 2 / 3, "busy": 1 / 3, "talk": 20, "asr": 2 / 3, "acd": 30}
    )


def test_hours_of_a_zone_that_is_off_by_45_minutes_are_whole_hours():
    # 09:00 UTC is 14:45 in Kathmandu: one call each in the hours from 14:00 and from 15:00.
    calls = some_calls([(s, s + 5, None, None, "BUSY", "1") for s in (0, 1800)])
    table = measures.heat_map(calls, tz="Asia/Kathmandu")
    assert (table.loc[0, 14], table.loc[0, 15]) == (1, 1)
    assert table.notna().sum(axis=None) == 2


def test_staffing_counts_the_days_of_a_month_as_the_hours_of_the_week_do():
    visits = daily("2026-10-01", "2026-10-31").assign(outcome="ANSWERED", talk=60.0, queue="desk")
    plan = measures.staffing(visits, tz=BERLIN)
    assert plan[["hour", "calls"]].values.tolist() == [[10, 1.0]] * 7


def test_the_heading_says_that_an_average_day_is_shown():
    page = Report(
        daily("2026-10-01", "2026-10-31"), some_visits([("desk", 1.0, "FULL")]), tz=BERLIN
    )
    assert f'alt="{HEADING}"' in page.html()
    assert charts.heat_map(page.heat_map).axes[0].get_title(loc="left") == HEADING
    assert charts.heat_map(page.heat_map * float("nan")).axes, "a table of which nothing is known"


def test_an_hour_that_nothing_is_known_of_does_not_look_like_one_without_calls():
    some = measures.heat_map(some_calls([(0, 5, None, None, "BUSY", "1")]))
    known = measures.heat_map(hourly("2026-10-05", "2026-10-12"), tz=BERLIN)
    for table, words in ((some, "grey: nothing is known"), (known, "")):
        axes = charts.heat_map(table).axes[0]
        assert axes.get_xlabel() == words
        (image,) = axes.get_images()
        colours = image.to_rgba(image.get_array())  # type: ignore[arg-type]
        assert tuple(image.cmap(0.0)) != tuple(image.cmap(float("nan")))
        assert (len({tuple(one) for row in colours for one in row}) == 2) is bool(words)


def test_pictures_with_hover_have_the_same_heading_and_leave_out_what_is_unknown():
    pytest.importorskip("plotly", reason="plotly is missing")
    from ast_notebook.calls import hover

    calls = some_calls([(0, 5, None, None, "BUSY", "1")])
    drawn = hover.heat_map(measures.heat_map(calls))
    assert drawn.layout.title.text == HEADING
    assert "NaN" not in hover.image(drawn, "t")
    assert drawn.layout.xaxis.title.text == "grey: nothing is known"
    assert drawn.layout.plot_bgcolor == hover.UNKNOWN
    assert not drawn.data[0].hoverongaps


def test_the_day_of_a_call_of_unknown_start_is_no_day():
    starts = moments([None, 0.0])
    calls = some_calls([(0, 5, None, None, "BUSY", "1")] * 2).assign(start=starts)
    assert measures.heat_map(calls).loc[0, 9] == 1
    assert measures.heat_map(calls.head(1)).isna().all(axis=None)
    assert measures.heat_map(calls.head(0)).isna().all(axis=None)
