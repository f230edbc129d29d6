"""Who was never called back: missed calls of a number, and what came of them."""

from __future__ import annotations

import duckdb
import pandas as pd
import polars as pl
import pytest

from ast_notebook.calls import measures
from ast_notebook.errors import ConfError
from tests.support.measured import MONDAY, office_calls

HOUR = 3600
DAY = 24 * HOUR
ANN, BEN, CLEO = "03011111", "03022222", "03033333"

# (start, direction, caller, dialled, disposition, answered_by)
WEEK = office_calls(
    [
        # Ann tries twice, and is called back by 200 after five hours: 12:00 less 9:00 and 7:00.
        (0, "inbound", ANN, "100", "NO ANSWER", None),
        (2 * HOUR, "inbound", ANN, "100", "ABANDONED", None),
        (3 * HOUR, "outbound", "201", ANN, "NO ANSWER", None),
        (5 * HOUR, "outbound", "200", ANN, "ANSWERED", ANN),
        # Ben tries three times; 201 tries to call him back, and does not reach him.
        (1 * HOUR, "inbound", BEN, "100", "BUSY", None),
        (4 * HOUR, "outbound", "201", BEN, "BUSY", None),
        (6 * HOUR, "inbound", BEN, "100", "VOICEMAIL", None),
        (DAY, "inbound", BEN, "100", "CANCELLED", None),
        # Cleo gets through herself, but 30 hours after her first try.
        (10, "inbound", CLEO, "100", "NO ANSWER", None),
        (30 * HOUR + 10, "inbound", CLEO, "100", "ANSWERED", "202"),
        # Nobody can call these back, and a menu is no missed call.
        (20, "inbound", "anonymous", "100", "NO ANSWER", None),
        (30, "inbound", None, "100", "NO ANSWER", None),
        (40, "inbound", "03044444", "100", "IVR", None),
        (50, "internal", "200", "201", "NO ANSWER", None),
    ]
)


def at(seconds: float) -> pd.Timestamp:
    return MONDAY + pd.Timedelta(seconds=seconds)


def test_whoever_waits_still_comes_first_and_whoever_was_reached_late_after_him():
    ben, cleo = measures.unreturned(WEEK).to_dict("records")
    assert (ben["caller"], ben["tries"], ben["attempts"]) == (BEN, 3, 1)
    assert (ben["first"], ben["last"]) == (at(HOUR), at(DAY))
    assert pd.isna(ben["returned"]) and pd.isna(ben["how"]) and pd.isna(ben["after"])
    assert (cleo["caller"], cleo["tries"], cleo["how"]) == (CLEO, 1, "caller")
    assert (cleo["returned"], cleo["returned_by"], cleo["after"]) == (
        at(30 * HOUR + 10),
        "202",
        30.0 * HOUR,
    )


def test_whoever_was_called_back_in_time_is_there_when_asked_for():
    ann = measures.unreturned(WEEK, settled=True).set_index("caller").loc[ANN]
    assert (ann["tries"], ann["attempts"], ann["how"]) == (2, 1, "callback")
    assert (ann["returned_by"], ann["after"]) == ("200", 5.0 * HOUR)
    late = measures.unreturned(WEEK, within="4h")
    assert sorted(late["caller"]) == [ANN, BEN, CLEO]


def test_without_a_limit_the_result_is_those_who_still_wait():
    assert measures.unreturned(WEEK, within=None)["caller"].tolist() == [BEN]
    assert measures.without_number(WEEK) == 2


def test_a_talk_ends_a_matter_and_the_next_missed_call_begins_another():
    calls = office_calls(
        [
            (0, "inbound", ANN, "100", "NO ANSWER", None),
            (60, "inbound", ANN, "100", "ANSWERED", "200"),
            (120, "inbound", ANN, "100", "NO ANSWER", None),
            (180, "inbound", ANN, "100", None, None),
        ]
    )
    (row,) = measures.unreturned(calls).to_dict("records")
    assert (row["first"], row["tries"], row["unknown"]) == (at(120), 1, 1)
    both = measures.unreturned(calls, settled=True)
    assert both["tries"].tolist() == [1, 1]


def test_a_call_of_unknown_direction_may_have_settled_the_matter():
    calls = office_calls(
        [
            (0, "inbound", ANN, "100", "NO ANSWER", None),
            (60, None, "200", ANN, "ANSWERED", None),
            (90, None, "200", "201", "ANSWERED", None),
        ]
    )
    (row,) = measures.unreturned(calls).to_dict("records")
    assert (row["caller"], row["unknown"]) == (ANN, 1)


def test_a_call_that_was_up_when_another_one_was_missed_settles_nothing():
    calls = office_calls(
        [
            (0, "inbound", ANN, "100", "ANSWERED", "200"),
            (10, "inbound", ANN, "100", "BUSY", None),
        ]
    )
    assert measures.unreturned(calls)["caller"].tolist() == [ANN]


def test_numbers_are_compared_as_e164_where_they_are_known():
    calls = office_calls(
        [
            (0, "inbound", "03011111", "100", "NO ANSWER", None),
            (60, "outbound", "200", "004930 11111", "ANSWERED", None),
        ]
    )
    assert len(measures.unreturned(calls)) == 1
    ours = pd.Series(["+493011111", None], dtype="str")
    known = calls.assign(caller_e164=ours, dialled_e164=ours[::-1].to_numpy())
    assert measures.unreturned(known).empty


def test_every_engine_tells_the_same():
    expected = measures.unreturned(WEEK, settled=True)
    assert len(expected) == 3
    on_duckdb = duckdb.from_arrow(pl.from_pandas(WEEK).to_arrow())
    for frame in (pl.from_pandas(WEEK), pl.from_pandas(WEEK).lazy(), on_duckdb):
        found = measures.unreturned(frame, settled=True)
        pd.testing.assert_frame_equal(found, expected)


def test_none_is_a_frame_of_the_same_columns():
    some, none = measures.unreturned(WEEK), measures.unreturned(WEEK.head(0))
    assert none.empty
    assert none.dtypes.to_dict() == some.dtypes.to_dict()


def test_calls_without_directions_are_refused_in_a_line_that_says_what_to_do():
    with pytest.raises(ConfError, match="trunks="):
        measures.unreturned(WEEK.assign(direction=None))


@pytest.mark.parametrize("odd", ["", "soon", -1, 0, True, "-2h", float("nan")])
def test_a_length_that_is_none_is_refused(odd):
    with pytest.raises(ConfError, match="length of time"):
        measures.unreturned(WEEK, within=odd)
