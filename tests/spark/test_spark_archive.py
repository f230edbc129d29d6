"""The call log of an archive's files on Spark is that of `read`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from ast_notebook.calls import agents, calls, frames, log_of, queues
from ast_notebook.calls.report import Report
from ast_notebook.errors import ConfError
from ast_notebook.recording import read
from tests.scenarios.sources import TRUNKS
from tests.support.archives import record_again
from tests.support.paths import ROOT
from tests.support.recorded import events

pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.timeout(1400)]

AS_TEXT = "spark.sql.sources.partitionColumnTypeInference.enabled"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("archive")
    for version, server in ((16, "007"), (22, "42")):
        record_again(place, events(version), server)
    return place


@pytest.fixture
def spark_of_texts(spark: Any) -> Iterator[Any]:
    spark.conf.set(AS_TEXT, "false")
    yield spark
    spark.conf.unset(AS_TEXT)


def pandas(frame: Any, times: tuple[str, ...], whole: tuple[str, ...]) -> pd.DataFrame:
    return frames.pandas(frame.toArrow().to_pandas(), times, whole)


def test_the_call_log_and_the_report_of_files_are_those_of_reading(
    spark_of_texts: Any, place: Path
) -> None:
    right = log_of(read(place), trunks=TRUNKS)
    log = log_of(spark_of_texts.read.parquet(str(place)), trunks=TRUNKS)
    found = log._replace(
        calls=pandas(log.calls, frames.TIMES, frames.WHOLE),
        visits=pandas(log.visits, queues.TIMES, queues.WHOLE),
        sessions=pandas(log.sessions, agents.SESSION_TIMES, ("pauses",)),
        pauses=pandas(log.pauses, agents.PAUSE_TIMES, ()),
    )
    for one, other in zip(found, right, strict=True):
        pd.testing.assert_frame_equal(one, other)
    assert Report.of(found, tz="UTC").html() == Report.of(right, tz="UTC").html()


def test_a_pbx_that_spark_takes_for_a_number_is_refused(spark: Any, place: Path) -> None:
    with pytest.raises(ConfError, match=f"column server.*{AS_TEXT}"):
        calls(spark.read.parquet(str(place)))


def test_files_of_two_recorders_are_refused_on_spark(spark_of_texts: Any, tmp_path: Path) -> None:
    few = events(22).head(2000)
    for _ in range(2):
        record_again(tmp_path, few, "west")
    with pytest.raises(ConfError, match="there twice"):
        calls(spark_of_texts.read.parquet(str(tmp_path)))


def test_the_recipe_of_the_documentation_runs(spark, place, capsys):
    page = (ROOT / "docs" / "howto" / "record.md").read_text(encoding="utf-8")
    recipe = page.partition("## Have Spark")[2].partition("```python\n")[2].partition("```")[0]
    names: dict[str, Any] = {"spark": spark}
    exec(recipe.replace("/srv/calls", str(place)), names)
    assert "ANSWERED" in capsys.readouterr().out
    assert names["calls"].count() > 100
