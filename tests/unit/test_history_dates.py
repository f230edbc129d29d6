"""Moments as files and tables have them, and what tells the day from the month."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ast_notebook.calls.history import history
from ast_notebook.calls.history.clock import BadTime, Clock
from ast_notebook.calls.history.dates import OrderUnknown, moment_of
from ast_notebook.errors import ConfError
from tests.support.logs import NAMES, csv_of, database, row, write

WHEN = 1_780_308_000_000_000  # 2026-06-01 10:00 UTC


@pytest.mark.parametrize(
    "text",
    [
        "2026-06-01 10:00:00", "2026-06-01 10:00", "2026-06-01T10:00:00.000Z",
        "2026-06-01T12:00:00+02:00", "2026-06-01 12:00:00 +0200", "2026-06-01 12:00:00+02",
        "2026-06-01 10:00:00 UTC", "2026/06/01 10:00:00", "01.06.2026 10:00:00", "1.6.26 10:00",
        "01.06.2026, 10:00:00", "1-Jun-2026 10:00:00", "1 June 2026, 10:00", "Jun 1, 2026 10:00 AM",
        "June 1, 2026 10:00:00 a.m.", "Mon Jun  1 10:00:00 2026", "Mon, 1 Jun 2026 12:00:00 +0200",
        "1780308000", "1780308000.000000", "1780308000000", "1780308000000000",
    ],
)  # fmt: skip
def test_a_moment_is_read_in_every_way_in_which_it_is_written(text: str) -> None:
    assert Clock("UTC").read(text) == WHEN
    assert Clock("UTC").read(f" {text} ") == WHEN


@pytest.mark.parametrize(
    "value",
    [
        1780308000, 1780308000.0, 1780308000000, datetime(2026, 6, 1, 10),
        datetime(2026, 6, 1, 10, tzinfo=UTC), pd.Timestamp("2026-06-01 10:00"),
    ],
)  # fmt: skip
def test_a_number_or_a_moment_of_a_database_is_read(value: object) -> None:
    assert Clock("UTC").read(value) == WHEN


@pytest.mark.parametrize(
    "value",
    ["", "0", "0000-00-00 00:00:00", "1970-01-01 01:00:00", "1969-12-31 18:00:00", 0, 0.0, None],
)
def test_what_databases_have_for_never_is_nothing(value: object) -> None:
    assert Clock("Europe/Berlin").read(value) is None


@pytest.mark.parametrize(
    "value",
    [
        "0001-01-01 00:00:00", "9999-12-31 23:59:59", "infinity", "2026-06-01", "soon", "12:00:00",
        "2026-02-30 10:00:00", "31.06.2026 10:00:00", "1 Foo 2026 10:00:00", "13:61",
        "0001-01-01 00:00:00 BC", "99999999999999999", 1e300, float("nan"), float("inf"), -1e12,
        datetime(9999, 12, 31, 23, 59, 59), datetime(1, 1, 1), "1" * 100_000, "1/" * 50_000,
    ],
)  # fmt: skip
def test_what_is_no_moment_of_a_pbx_is_bad(value: object) -> None:
    for zone in ("UTC", "Europe/Berlin", "America/New_York"):
        with pytest.raises(BadTime):
            Clock(zone).read(value)


@given(st.text(max_size=60))
def test_whatever_a_text_is_it_is_a_moment_or_none_or_bad(text: str) -> None:
    for order in (None, "dmy", "mdy", "ymd"):
        with suppress(BadTime, OrderUnknown):
            Clock("UTC", order).read(text)


@given(st.datetimes(datetime(1971, 1, 1), datetime(2069, 1, 1)), st.sampled_from("/-."))
def test_a_date_is_itself_in_the_order_in_which_it_was_written(when: datetime, by: str) -> None:
    when = when.replace(microsecond=0)
    written = {"dmy": f"%d{by}%m{by}%Y", "mdy": f"%m{by}%d{by}%Y", "ymd": f"%Y{by}%m{by}%d"}
    for order, form in written.items():
        assert moment_of(when.strftime(f"{form} %H:%M:%S"), order) == when
        assert moment_of(when.strftime(f"{form} %I:%M:%S %p"), order) == when


def starts(past: object) -> list[str]:
    return [str(start)[:16] for start in past.calls["start"]]  # type: ignore[attr-defined]


def test_one_date_that_is_one_in_one_order_only_decides_for_all(tmp_path: Path) -> None:
    rows = [row(0, calldate="7/5/2026 9:00", uniqueid=""), row(5, calldate="27/5/2026 9:00")]
    for some in (rows, rows[::-1]):
        past = history(write(tmp_path, csv_of([NAMES, *some])), tz="UTC")
        assert starts(past) == ["2026-05-07 09:00", "2026-05-27 09:00"]
    rows[1][0] = "5/27/2026 9:00 PM"
    past = history(write(tmp_path, csv_of([NAMES, *rows])), tz="UTC")
    assert starts(past) == ["2026-05-27 21:00", "2026-07-05 09:00"]


def test_uniqueids_decide_where_no_date_does(tmp_path: Path) -> None:
    past = history(write(tmp_path, csv_of([NAMES, row(0, calldate="6/1/2026 10:00:00")])))
    assert starts(past) == ["2026-06-01 10:00"]
    past = history(write(tmp_path, csv_of([NAMES, row(0, calldate="1/6/2026 10:00:00")])))
    assert starts(past) == ["2026-06-01 10:00"]


def test_the_order_is_asked_for_where_nothing_decides(tmp_path: Path) -> None:
    path = write(tmp_path, csv_of([NAMES, row(0, calldate="7/5/2026 9:00", uniqueid="")]))
    with pytest.raises(ConfError, match="give dates='dmy' or dates='mdy'"):
        history(path, tz="UTC")
    assert starts(history(path, tz="UTC", dates="dmy")) == ["2026-05-07 09:00"]
    assert starts(history(path, tz="UTC", dates="mdy")) == ["2026-07-05 09:00"]
    both = [row(0, calldate="27/5/2026 9:00", uniqueid=""), row(5, calldate="5/27/2026 9:00")]
    path = write(tmp_path, csv_of([NAMES, *both]))
    with pytest.raises(ConfError, match="dates="):
        history(path, tz="UTC")
    past = history(path, tz="UTC", dates="dmy")
    assert (len(past.calls), past.bad_count) == (1, 1)
    same = write(tmp_path, csv_of([NAMES, row(0, calldate="5/5/2026 9:00", uniqueid="")]))
    assert starts(history(same, tz="UTC")) == ["2026-05-05 09:00"]
    with pytest.raises(ConfError, match="dates='dd/mm' is not an order"):
        history(same, tz="UTC", dates="dd/mm")


def test_the_order_is_told_of_a_table_too(tmp_path: Path) -> None:
    rows = [row(0, calldate="7/5/2026 9:00", uniqueid=""), row(5, calldate="27/5/2026 9:00")]
    path = database(tmp_path, cdr=(", ".join(NAMES), rows))
    assert starts(history(path, tz="UTC")) == ["2026-05-07 09:00", "2026-05-27 09:00"]


def test_date_and_time_may_have_a_column_each(tmp_path: Path) -> None:
    rows = [["Date", "Time", *NAMES[1:]], ["01.06.2026", "10:00:00", *row()[1:]]]
    assert starts(history(write(tmp_path, csv_of(rows)), tz="UTC")) == ["2026-06-01 10:00"]


# --- time zones ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("zone", "hours", "fits"),
    [
        ("America/Mazatlan", 0, "UTC: give tz='UTC'"),
        ("UTC", 2, "2:00 ahead of UTC"),
        ("America/New_York", 2, "2:00 ahead of UTC"),
        ("Europe/Berlin", -6, "6:00 behind UTC"),
    ],
)
def test_a_zone_that_every_uniqueid_contradicts_is_told_with_what_fits(
    tmp_path: Path, zone: str, hours: int, fits: str
) -> None:
    rows = [row(n, uniqueid=f"{1780308000 - 3600 * hours + 60 * n}.{n}") for n in range(9)]
    path = write(tmp_path, csv_of([NAMES, *rows]))
    with pytest.warns(UserWarning, match=rf"tz='{zone}' does not fit .* every uniqueid .*{fits}"):
        past = history(path, tz=zone)
    (note,) = past.notes
    assert fits in note
    assert fits.partition(":")[0] in past._repr_html_()


def test_a_zone_that_fits_is_not_talked_of(tmp_path: Path) -> None:
    # In summer and in winter, with some that began long after their channel.
    rows = [row(n, uniqueid=f"{1780308000 - 7200 + 60 * n}.{n}") for n in range(30)]
    rows += [row(9, calldate="2026-12-01 10:00:00", uniqueid=f"{1796115600}.77")]
    rows += [row(40 + n, uniqueid=f"{1780308000 - 7200 + 60 * n}.{n}") for n in range(5)]
    path = write(tmp_path, csv_of([NAMES, *rows]))
    assert history(path, tz="Europe/Berlin").notes == []


def test_a_zone_matters_not_to_times_that_tell_theirs(tmp_path: Path) -> None:
    path = write(tmp_path, csv_of([NAMES, row(calldate="2026-06-01T10:00:00Z")]))
    assert history(path, tz="Europe/Berlin").notes == []
