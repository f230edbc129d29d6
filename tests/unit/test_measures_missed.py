"""Missed calls: who called in vain, how often and when, and who was reached afterwards."""

from __future__ import annotations

import pandas as pd
import pytest

from ast_notebook.calls import measures
from tests.support.measured import MONDAY, some_calls

#: (start, end, answered, talk, disposition, caller)
CALLS = some_calls(
    [
        (0, 10, None, None, "NO ANSWER", "0301"),
        (100, 110, None, None, "BUSY", "0301"),
        (200, 260, 205, 55.0, "ANSWERED", "0301"),
        (300, 310, None, None, "ABANDONED", "0302"),
        (400, 410, None, None, "VOICEMAIL", "0303"),
        (500, 510, None, None, "CANCELLED", None),
        (600, 610, None, None, "IVR", "0304"),
        (700, 760, 705, 55.0, "ANSWERED", "200"),
    ]
).assign(dialled=["240"] * 7 + ["0302"], direction=["inbound"] * 7 + ["outbound"])


def at(seconds: float) -> pd.Timestamp:
    return MONDAY + pd.Timedelta(seconds=seconds)


def test_missed_calls_are_told_by_caller_with_their_first_and_last_moment():
    found = measures.missed(CALLS)
    assert found["caller"].tolist()[:3] == ["0301", "0303", "0302"], "most, and then the newest"
    assert pd.isna(found["caller"][3]), "a caller without a number comes last"
    assert found["missed"].tolist() == [2, 1, 1, 1]
    assert found["first"].tolist() == [at(0), at(400), at(300), at(500)]
    assert found["last"].tolist() == [at(100), at(400), at(300), at(500)]


def test_who_was_reached_later_is_told_whoever_called():
    found = measures.missed(CALLS).set_index("missed")
    reached = found["reached"].tolist()
    assert reached[0] == at(200), "0301 called again, and somebody answered"
    assert reached[2] == at(700), "0302 was called back"
    assert pd.isna(reached[1]) and pd.isna(reached[3])


def test_a_talk_before_the_last_missed_call_does_not_make_it_good():
    calls = some_calls(
        [
            (0, 60, 5, 55.0, "ANSWERED", "0301"),
            (100, 110, None, None, "NO ANSWER", "0301"),
        ]
    )
    assert measures.missed(calls)["reached"].isna().all()


def test_whether_a_caller_who_withheld_the_number_was_reached_is_not_known():
    calls = some_calls(
        [
            (0, 10, None, None, "NO ANSWER", "anonymous"),
            (100, 160, 105, 55.0, "ANSWERED", "anonymous"),
        ]
    )
    found = measures.missed(calls)
    assert found["caller"].tolist() == ["anonymous"]
    assert found["reached"].isna().all(), "the second one may be anybody"


def test_only_so_many_callers_are_told_and_all_calls_without_a_number():
    found = measures.missed(CALLS, n=1)
    assert found["missed"].tolist() == [2, 1]
    assert found["caller"].isna().tolist() == [False, True]


def test_nobody_missed_is_an_empty_table():
    found = measures.missed(CALLS.tail(1))
    assert found.columns.tolist() == ["caller", "missed", "first", "last", "reached"]
    assert found.empty


def test_calls_from_here_that_nobody_answers_are_not_missed():
    outbound = CALLS.assign(direction="outbound")
    assert measures.missed(outbound).empty
    assert measures.summary(outbound)["missed"][0] == 0


def test_the_summary_counts_what_is_missed_and_leaves_it_missing_if_outcomes_are_unknown():
    assert measures.summary(CALLS)["missed"][0] == 5
    unknown = CALLS.assign(source="cdr", disposition=CALLS["disposition"].where(CALLS.index != 0))
    assert pd.isna(measures.summary(unknown)["missed"][0])
    logged = CALLS.assign(source="queue_log")
    assert pd.isna(measures.summary(logged)["missed"][0]), "after the queue, somebody may answer"
    assert measures.missed(logged)["missed"].sum() == 4
    day = measures.summary(CALLS, by=("day",))
    assert day["missed"].tolist() == [5]
    assert measures.heat_map(CALLS, value="missed").loc[0, 9] == 5


@pytest.mark.parametrize("engine", ["polars", "pyarrow", "duckdb"])
def test_missed_calls_are_the_same_on_every_engine(engine):
    import duckdb
    import polars
    import pyarrow

    table = pyarrow.Table.from_pandas(CALLS)
    given = {
        "polars": lambda: polars.from_arrow(table),
        "pyarrow": lambda: table,
        "duckdb": lambda: duckdb.from_arrow(table),
    }[engine]()
    pd.testing.assert_frame_equal(measures.missed(given), measures.missed(CALLS))
