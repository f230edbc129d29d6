"""The call log of an archive on executors in other processes, and over Spark Connect."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from ast_notebook.calls import log_of
from ast_notebook.recording import read
from tests.scenarios.sources import TRUNKS
from tests.support import spark_elsewhere
from tests.support.archives import record_again
from tests.support.paths import ROOT
from tests.support.recorded import events

pytestmark = pytest.mark.timeout(1600)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive with calls of a queue, on a PBX whose name Spark would take for a number."""
    place = tmp_path_factory.mktemp("archive")
    whole = events(22)
    queue = whole.loc[whole["event"] == "QueueCallerJoin", "linkedid"].dropna()
    few = whole[whole["linkedid"].isin(queue.unique()[:3]) | whole["linkedid"].isna()]
    record_again(place, few, "007")
    return place


@pytest.mark.parametrize("master", ["local-cluster[2,1,1024]", "connect"])
def test_the_call_log_is_that_of_reading(place: Path, tmp_path: Path, master: str) -> None:
    command = [sys.executable, "-m", "tests.support.spark_elsewhere", master]
    done = subprocess.run(
        [*command, str(place), str(tmp_path)], cwd=ROOT, capture_output=True, text=True
    )
    assert not done.returncode, done.stderr[-5000:]
    right = log_of(read(place), trunks=TRUNKS)
    assert len(right.visits)
    for one, other in zip(spark_elsewhere.read(tmp_path), right, strict=True):
        pd.testing.assert_frame_equal(one, other)
