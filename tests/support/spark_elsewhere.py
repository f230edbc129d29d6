"""Reads an archive on a Spark that is not in this process, for tests.

``python -m tests.support.spark_elsewhere MASTER FOLDER STORE OUT``, where MASTER is ``connect`` or
the address of a master, FOLDER an archive, and STORE the URL below which it is as ``calls`` and,
with a file that was damaged, as ``damaged``. What was read is written to OUT: a Parquet file for
each frame of the call log, and for the rows; and texts in which no secret may be. A process has one
Spark session at most, so that each of these needs a process of its own.
"""

from __future__ import annotations

import os
import sys
import tempfile
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from ast_notebook.calls.calls import Log
from ast_notebook.calls.history import history
from ast_notebook.recording import on_spark
from tests.scenarios.sources import TRUNKS
from tests.support.paths import ROOT

SETTINGS = {
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.sql.shuffle.partitions": "2",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
    "spark.sql.session.timeZone": "Europe/Berlin",
    "spark.sql.sources.partitionColumnTypeInference.enabled": "false",
}
_LOGGING = {"spark.eventLog.enabled": "true", "spark.eventLog.compress": "false"}
#: It is given by options=, and is another one than that of the environment.
SECRET = "swordfish7swordfish7"


def as_executors() -> None:
    """Have executors, which are children of this process, take its Python and its packages."""
    os.environ["PYSPARK_PYTHON"] = sys.executable
    os.environ["PYTHONPATH"] = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])


def a_session(master: str, scratch: Path, settings: dict[str, str] = SETTINGS) -> Any:
    """Return a session of Spark Connect, or one of a master, whose executors write to `scratch`."""
    import pyspark
    from pyspark.sql import SparkSession

    # The workers of a local cluster write into the folder `work` of Spark's home.
    for one in Path(pyspark.__file__).parent.iterdir():
        (scratch / one.name).symlink_to(one)
    os.environ["SPARK_HOME"] = str(scratch)
    as_executors()
    builder: Any = SparkSession.builder
    builder = builder.remote("local[2]") if master == "connect" else builder.master(master)
    for name, value in settings.items():
        builder = builder.config(name, value)
    return builder.getOrCreate()


def main(master: str, folder: str, store: str, out: str) -> None:
    """Read everything, and write it."""
    there = Path(out)
    logged = there / "logged"
    logged.mkdir()
    with tempfile.TemporaryDirectory(dir=out) as scratch:
        settings = SETTINGS | _LOGGING | {"spark.eventLog.dir": f"file://{logged}"}
        session = a_session(master, Path(scratch), settings)
        past = history(f"{store}/calls", engine="spark", session=session, trunks=TRUNKS)
        frames = (past.calls.frame, past.visits.frame, past.sessions, past.pauses)
        for name, frame in zip(Log._fields, frames, strict=True):
            frame.to_parquet(there / f"{name}.parquet")
        pq.write_table(on_spark(session, folder).toArrow(), there / "ours.parquet")
        pq.write_table(session.read.parquet(folder).toArrow(), there / "spark.parquet")
        damaged = on_spark(session, f"{store}/damaged", options={"secret": SECRET, "key": "key"})
        with (there / "plan.txt").open("w") as plan, redirect_stdout(plan):
            damaged.explain(True)
        try:
            damaged.count()
        except Exception as error:
            (there / "error.txt").write_text(f"{error!r}\n{error}")
        session.stop()
        for one in Path(scratch).glob("work/*/*/std*"):
            (logged / "-".join(one.parts[-3:])).write_bytes(one.read_bytes())


def rows(table: pa.Table) -> list[dict[str, Any]]:
    """Return the rows of events in an order that does not depend on the engine.

    Spark's times are of the session's zone, and it leaves days as texts if it is to guess no types.
    """
    moment = pa.timestamp("us", "UTC")
    kinds = {"received": moment, "time": moment, "day": pa.date32()}
    fields = [field.with_type(kinds.get(field.name, field.type)) for field in table.schema]
    table = table.cast(pa.schema(fields))
    found: list[dict[str, Any]] = table.select(sorted(table.column_names)).to_pylist()
    return sorted(found, key=repr)


def log_in(out: Path) -> Log:
    """Return the call log that `main` has written."""
    return Log(*(pd.read_parquet(out / f"{name}.parquet") for name in Log._fields))


if __name__ == "__main__":
    main(*sys.argv[1:])
