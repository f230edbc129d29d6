"""Makes the call log of an archive on a Spark that is not in this process, for tests.

``python -m tests.support.spark_elsewhere MASTER FOLDER OUT``, where MASTER is ``connect`` or the
address of a master, writes a Parquet file for each frame of the call log to OUT. A process has one
Spark session at most, so that each of these needs a process of its own.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import pandas as pd

from ast_notebook.calls import agents, frames, log_of, queues
from ast_notebook.calls.calls import Log
from tests.scenarios.sources import TRUNKS

SETTINGS = {
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.sql.shuffle.partitions": "2",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
    "spark.sql.session.timeZone": "Europe/Berlin",
    "spark.sql.sources.partitionColumnTypeInference.enabled": "false",
}
#: What the frames of a log have beside texts: times, and whole numbers.
KINDS = {
    "calls": (frames.TIMES, frames.WHOLE),
    "visits": (queues.TIMES, queues.WHOLE),
    "sessions": (agents.SESSION_TIMES, ("pauses",)),
    "pauses": (agents.PAUSE_TIMES, ()),
}


def pandas(log: Log) -> Log:
    """Bring the frames of Spark to pandas."""
    return Log(
        *(
            frames.pandas(frame.toArrow().to_pandas(), *KINDS[name])
            for name, frame in log._asdict().items()
        )
    )


def a_session(master: str, scratch: Path) -> Any:
    """Return a session of Spark Connect, or one of a master."""
    import pyspark
    from pyspark.sql import SparkSession

    # The workers of a local cluster write into the folder `work` of Spark's home.
    for one in Path(pyspark.__file__).parent.iterdir():
        (scratch / one.name).symlink_to(one)
    os.environ["SPARK_HOME"] = str(scratch)
    builder: Any = SparkSession.builder
    builder = builder.remote("local[2]") if master == "connect" else builder.master(master)
    for name, value in SETTINGS.items():
        builder = builder.config(name, value)
    return builder.getOrCreate()


def main(master: str, folder: str, out: str) -> None:
    """Make the call log, and write it."""
    with tempfile.TemporaryDirectory() as scratch:
        session = a_session(master, Path(scratch))
        log = pandas(log_of(session.read.parquet(folder), trunks=TRUNKS))
        session.stop()
    for name, frame in log._asdict().items():
        frame.to_parquet(Path(out) / f"{name}.parquet")


def read(out: Path) -> Log:
    """Read what `main` has written."""
    return Log(*(pd.read_parquet(out / f"{name}.parquet") for name in Log._fields))


if __name__ == "__main__":
    main(*sys.argv[1:])
