"""Calls, visits and measures on Spark are those of pandas."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import narwhals as nw
import pandas as pd
import pytest

from ast_notebook.calls import agent_pauses, agent_sessions, calls, frames, legs, measures, visits
from ast_notebook.calls.calls import _TIMES
from ast_notebook.calls.engines import Work, lazy
from ast_notebook.calls.gaps import with_gaps
from ast_notebook.calls.queues import TIMES
from ast_notebook.calls.source import COLUMNS
from tests.scenarios.sources import TRUNKS
from tests.support.paths import RECORDINGS

# Spark has its own opinion of this pandas, and leaves sockets to the collector.
# Its jobs are many, and on a busy machine each takes long.
pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.timeout(1800)]


@pytest.fixture(scope="module")
def events() -> pd.DataFrame:
    """What an Asterisk 16 and a 22 told: two servers in one frame."""
    both = [
        pd.read_parquet(RECORDINGS / f"asterisk{version}" / "events.parquet").assign(
            server=f"pbx{version}"
        )
        for version in (16, 22)
    ]
    whole = pd.concat(both, ignore_index=True)
    return whole[[name for name in COLUMNS if name in whole]]


@pytest.fixture(scope="module")
def there(spark: Any, events: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder: Path = tmp_path_factory.mktemp("events")
    categories = [name for name in events if events[name].dtype == "category"]
    events.astype(dict.fromkeys(categories, "str")).to_parquet(folder / "events.parquet")
    return spark.read.parquet(str(folder))


def pandas(frame: Any, times: tuple[str, ...], whole: tuple[str, ...]) -> pd.DataFrame:
    return frames.pandas(frame.toArrow().to_pandas(), times, whole)


def test_calls_are_those_of_pandas(there, events):
    found = pandas(calls(there, trunks=TRUNKS), frames.TIMES, frames.WHOLE)
    pd.testing.assert_frame_equal(found, calls(events, trunks=TRUNKS))


def test_legs_are_those_of_pandas(there, events):
    pd.testing.assert_frame_equal(pandas(legs(there), _TIMES, ("cause",)), legs(events))


def test_visits_and_agents_are_those_of_pandas(there, events):
    stays = visits(there)
    here = visits(events)
    pd.testing.assert_frame_equal(pandas(stays, TIMES, ("position",)), here)
    pd.testing.assert_frame_equal(measures.service(stays), measures.service(here))
    shifts = pandas(agent_sessions(there), ("login", "logout"), ("pauses",))
    pd.testing.assert_frame_equal(shifts, agent_sessions(events))
    breaks = pandas(agent_pauses(there), ("start", "end"), ())
    pd.testing.assert_frame_equal(breaks, agent_pauses(events))


def test_measures_are_those_of_pandas(spark, events):
    here = calls(events)
    columns = here.drop(columns=["recording", "conference", "gap"])
    made = spark.createDataFrame(arrow(columns))
    pd.testing.assert_frame_equal(
        measures.summary(made, by=("caller", "hour"), tz="Europe/Berlin"),
        measures.summary(columns, by=("caller", "hour"), tz="Europe/Berlin"),
    )
    pd.testing.assert_frame_equal(measures.erlangs(made), measures.erlangs(columns))


def arrow(frame: pd.DataFrame) -> Any:
    import pyarrow as pa

    return pa.Table.from_pandas(frame, preserve_index=False)


def test_events_of_pandas_go_to_the_session_one_gives(spark, events):
    one = events[events["server"] == "pbx22"]
    few = one[one["linkedid"].isin(one["linkedid"].dropna().unique()[:12])]
    found = calls(few, engine="spark", session=spark)
    pd.testing.assert_frame_equal(found, calls(few))


def test_gaps_on_spark_are_told_as_in_pandas(spark: Any) -> None:
    rows = [(None, None), (None, 9), (11, 19), (11, 20), (30, None), (31, None), (31, 40), (20, 15)]
    given = lazy(spark.createDataFrame(rows, "since bigint, until bigint").repartition(2))
    with Work(given) as work:
        span = (nw.col("since"), nw.col("until"))
        made = with_gaps(given, [30, 10, 20, 10], work, gap=span, same=span).collect().rows()
    told = [True, False, False, True, True, False, False, False]
    assert {*made} == {(*row, gap, gap) for row, gap in zip(rows, told, strict=True)}
