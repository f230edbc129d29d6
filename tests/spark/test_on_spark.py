"""`on_spark` gives the rows of `scan`, and the columns of `relation`, whoever wrote the files."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.compute as pc
import pytest

from ast_notebook.calls import calls
from ast_notebook.calls.history import history
from ast_notebook.recording import on_spark, relation, scan
from tests.support.archives import (
    NOON,
    files,
    keep_a_call,
    leave,
    numbered,
    record_again,
    spoil_column,
)
from tests.support.recorded import events
from tests.support.shell import an_ipython
from tests.support.spark_elsewhere import rows

pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.timeout(1400)]

COLUMNS = ["time", "server", "day", "received_us", "event", "exten", "talktime", "cause-txt"]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Files of two PBXs, and of two recorders of one of them, and one that is still open."""
    place = tmp_path_factory.mktemp("archive")
    few = events(22).head(700)
    for server in ("007", "2026-01-01", "2026-01-01"):
        record_again(place, few, server)
    leave(place, numbered(0, 50), server="007")
    return place


def test_rows_are_those_of_scanning(spark: Any, place: Path) -> None:
    right = rows(scan(place).to_table())
    assert len(right) == 2 * 700 + 51  # that the recorder of the open file was killed is told
    assert rows(on_spark(spark, place).toArrow()) == right


def test_a_part_of_the_rows_is_that_of_scanning(spark: Any, place: Path) -> None:
    until = events(22)["received"].iloc[300]
    some: dict[str, Any] = {"servers": "007", "until": until}
    right = rows(scan(place, **some).to_table())
    assert 300 <= len(right) < 700
    assert rows(on_spark(spark, place, **some).toArrow()) == right


def test_columns_are_those_of_the_relation(spark: Any, place: Path) -> None:
    right = relation(place, columns=COLUMNS, connection=duckdb.connect())
    hung_up = right.filter("event = 'Hangup'").to_arrow_table()
    assert len(hung_up)
    found = on_spark(spark, place, columns=COLUMNS, where=pc.field("event") == "Hangup")
    assert found.columns == COLUMNS
    assert rows(found.toArrow()) == rows(hung_up)


def test_a_damaged_part_is_named_and_left_out(spark: Any, place: Path, tmp_path: Path) -> None:
    copy = tmp_path / "archive"
    shutil.copytree(place, copy)
    spoiled = next(path for path in files(copy, ".parquet") if "007" in str(path))
    spoil_column(spoiled, "channel")
    notes: list[str] = []
    found = rows(on_spark(spark, copy, notes=notes).toArrow())
    assert any(str(spoiled) in note for note in notes)
    assert "RecordingLost" in {row["event"] for row in found}
    assert found == rows(scan(copy, notes=[]).to_table())
    with pytest.raises(Exception, match=f"{spoiled} was damaged while it was read"):
        on_spark(spark, copy, check=False).count()


def test_a_file_that_an_executor_does_not_see_is_named(spark: Any, tmp_path: Path) -> None:
    leave(tmp_path, numbered(0, 20))
    keep_a_call(tmp_path, "west")
    found = on_spark(spark, tmp_path)
    (sealed,) = (path for path in files(tmp_path, ".parquet") if "west" in str(path))
    sealed.unlink()
    with pytest.raises(Exception, match=f"{sealed} was removed meanwhile, or this executor"):
        found.count()


def test_only_an_open_file_is_read(spark: Any, tmp_path: Path) -> None:
    leave(tmp_path, numbered(0, 20), NOON)
    assert on_spark(spark, tmp_path).count() == 21
    assert on_spark(spark, tmp_path, since="2026-03-02").count() == 0


def test_calls_stay_on_spark_or_come_to_pandas(spark: Any, tmp_path: Path) -> None:
    keep_a_call(tmp_path, "007")
    (right,) = history(tmp_path).calls["call"]
    with an_ipython() as shell:
        shell.run("%load_ext ast_notebook")
        shell.push({"cluster": spark})
        past = shell.run(f"%ast history {tmp_path} --engine spark --session cluster")
        assert past.calls["call"].tolist() == [right]
        shell.run("%unload_ext ast_notebook")
    found = calls(on_spark(spark, tmp_path)).collect()
    assert [(row["call"], row["server"]) for row in found] == [(right, "007")]
