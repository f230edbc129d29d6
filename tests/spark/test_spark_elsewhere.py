"""An archive in a folder and on an object store, on executors elsewhere and over Spark Connect."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from ast_notebook.calls import log_of
from ast_notebook.recording import read, scan
from tests.scenarios.sources import TRUNKS
from tests.support import spark_elsewhere
from tests.support.archives import files, record_again, spoil_column
from tests.support.paths import ROOT
from tests.support.recorded import events
from tests.support.s3_store import BUCKET, SECRET, a_store

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


@pytest.fixture(scope="module", autouse=True)
def store(place: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The archive on an object store, and once more with a damaged file."""
    import s3fs

    with a_store():
        system = s3fs.S3FileSystem()
        system.put(f"{place}/", f"{BUCKET}/calls/", recursive=True)
        (sealed,) = files(place, ".parquet")
        worse = tmp_path_factory.mktemp("damaged") / sealed.name
        worse.write_bytes(sealed.read_bytes())
        spoil_column(worse, "channel")
        system.put_file(str(worse), f"{BUCKET}/damaged/{sealed.relative_to(place)}")
        yield


@pytest.mark.parametrize("master", ["local-cluster[2,1,1024]", "connect"])
def test_the_call_log_is_that_of_reading(place: Path, tmp_path: Path, master: str) -> None:
    command = [sys.executable, "-m", "tests.support.spark_elsewhere", master]
    command += [str(place), f"s3://{BUCKET}", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert not done.returncode, done.stderr[-5000:]
    right = log_of(read(place), trunks=TRUNKS)
    assert len(right.visits)
    for one, other in zip(spark_elsewhere.log_in(tmp_path), right, strict=True):
        pd.testing.assert_frame_equal(one, other)
    for way in ("ours", "spark"):
        found = spark_elsewhere.rows(pq.read_table(tmp_path / f"{way}.parquet"))
        assert found == spark_elsewhere.rows(scan(place).to_table())
    (sealed,) = files(place, ".parquet")
    told = (tmp_path / "error.txt").read_text()
    assert f"{BUCKET}/damaged/{sealed.relative_to(place)} was damaged" in told
    assert "sealed_files" in (tmp_path / "plan.txt").read_text()
    logged = [*tmp_path.glob("*.txt"), *(one for one in tmp_path.rglob("logged/**/*"))]
    texts = [one.read_bytes().decode(errors="replace") for one in logged if one.is_file()]
    assert any("SparkListenerJobStart" in text for text in texts)
    for secret in (SECRET, spark_elsewhere.SECRET):
        assert not any(secret in text for text in (*texts, done.stdout, done.stderr))
