"""An archive on an object store that speaks S3: recorded there, read, and made into calls."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from ast_notebook.calls.history import calls_of_day, history
from ast_notebook.errors import ConfError
from ast_notebook.recording import Record, read
from tests.support.archives import NOON, numbered, record_again
from tests.support.recorded import events
from tests.support.s3_store import BUCKET, SECRET, a_store
from tests.support.waiting import eventually


@pytest.fixture(scope="module", autouse=True)
def store() -> Iterator[None]:
    with a_store():
        yield


def test_what_is_recorded_on_s3_is_read_from_there(tmp_path: Path) -> None:
    place = f"s3://{BUCKET}/recorded"
    record = Record("west")
    kept = record.to(place, open_folder=tmp_path)
    record.add(numbered(0, 500), NOON)
    assert kept.flush()
    record.close()
    eventually(lambda: not list(tmp_path.rglob("*.arrows")))
    found = read(place, open_folder=tmp_path)
    assert found["number"].astype(int).tolist() == list(range(500))


def test_the_call_log_of_an_archive_on_s3_is_that_of_the_folder(tmp_path: Path) -> None:
    import s3fs

    folder, place = tmp_path / "archive", f"s3://{BUCKET}/calls"
    record_again(folder, events(22), "west")
    s3fs.S3FileSystem().put(f"{folder}/", f"{BUCKET}/calls/", recursive=True)
    pd.testing.assert_frame_equal(read(place), read(folder))
    right = history(folder)
    assert len(right.calls)
    for engine in ("pandas", "duckdb"):
        found = history(place, engine=engine)
        pd.testing.assert_frame_equal(found.calls, right.calls)
        pd.testing.assert_frame_equal(found.visits, right.visits)
    days = sorted({f"{start:%Y-%m-%d}" for start in right.calls["start"]})
    assert sum(len(calls_of_day(place, day)) for day in days) == len(right.calls)


@pytest.mark.parametrize("place", ["s3://no-such-bucket/calls", f"s3://{BUCKET}/mistyped"])
def test_a_place_without_any_archive_is_no_empty_one(place: str) -> None:
    with pytest.raises(ConfError, match=f"no file of an archive at {place}"):
        read(place)


def test_a_store_that_cannot_be_reached_is_told_without_the_secret() -> None:
    nobody = {
        "endpoint_url": "http://127.0.0.1:9",
        "config_kwargs": {"retries": {"max_attempts": 0}},
    }
    with pytest.raises(ConfError, match=f"s3://{BUCKET}/calls cannot be read") as refused:
        read(f"s3://{BUCKET}/calls", options=nobody)
    assert SECRET not in str(refused.value)
