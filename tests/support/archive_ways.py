"""Every way in which `docs/archive.md` hands an archive to an engine, as it is written there."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet

from ast_notebook import recording
from tests.support.paths import ROOT

Way = Callable[[Path], Any]

_PAGE = (ROOT / "docs" / "archive.md").read_text(encoding="utf-8")
_NAMES = pa.schema([("server", pa.string()), ("day", pa.date32())])
_KNOWN = {
    "duckdb": duckdb,
    "folders": ds.partitioning(_NAMES, flavor="hive"),
    "pandas": pd,
    "polars": pl,
    "pyarrow": pa,
    "recording": recording,
}


def _ways(head: str) -> dict[str, Way]:
    """Return the ways of a table of the page, by what is in its first column."""
    table = _PAGE.split(f"\n| {head} | in Python |\n", 1)[1].split("\n\n", 1)[0]
    rows = re.findall(r"^\| ([^|`]+) \| `([^`]+)` \|$", table, re.MULTILINE)
    assert len(rows) == table.count("\n")
    return {name: _way(code) for name, code in rows}


def _way(code: str) -> Way:
    return lambda place: eval(code, _KNOWN | {"folder": str(place)})


OURS = {name: way for name, way in _ways("events").items() if name != "Spark"}
THEIRS = {name: way for name, way in _ways("engine").items() if name != "Spark"}
#: The same, without a word of what a server or a day is.
UNTOLD: dict[str, Way] = {
    "DuckDB": lambda place: duckdb.connect().read_parquet(
        f"{place}/**/*.parquet", hive_partitioning=True
    ),
    "Polars, lazily": lambda place: pl.scan_parquet(
        f"{place}/**/*.parquet", hive_partitioning=True
    ),
    "Polars": pl.read_parquet,
    "pandas": pd.read_parquet,
    "pandas with Arrow's types": lambda place: pd.read_parquet(place, dtype_backend="pyarrow"),
    "PyArrow": pyarrow.parquet.read_table,
    "a dataset of PyArrow": lambda place: ds.dataset(place, partitioning="hive"),
}


def in_pandas(frame: Any) -> pd.DataFrame:
    """Bring a frame of any of these engines to pandas."""
    if isinstance(frame, pl.LazyFrame):
        frame = frame.collect()
    if isinstance(frame, duckdb.DuckDBPyRelation):
        return frame.df()
    if isinstance(frame, ds.Dataset):
        frame = frame.to_table()
    return frame if isinstance(frame, pd.DataFrame) else frame.to_pandas()
