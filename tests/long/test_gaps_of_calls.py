"""Whether a connection was lost in a span of time, however often it was."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import duckdb
import narwhals as nw
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from ast_notebook.calls import log_of
from ast_notebook.calls.engines import Work, lazy
from ast_notebook.calls.gaps import with_gaps

#: Spans, and whether a connection was lost in them at 10, 20 or 30.
SPANS = [
    (None, None, True),
    (None, 9, False),
    (None, 10, True),
    (10, 10, True),
    (11, 19, False),
    (11, 20, True),
    (5, 35, True),
    (30, None, True),
    (31, None, False),
    (31, 40, False),
    (20, 15, False),  # it ended before it began
]
ENGINES = ["pyarrow", "polars", "duckdb"]


def frame(rows: Sequence[tuple[int | None, ...]], engine: str) -> nw.LazyFrame[Any]:
    names = ("number", "since", "until")
    columns = zip(*((place, *row) for place, row in enumerate(rows)), strict=True)
    table = pa.table(
        {name: pa.array(c, pa.int64()) for name, c in zip(names, columns, strict=True)}
    )
    if engine == "duckdb":
        return lazy(duckdb.connect().from_arrow(table))
    return lazy(pl.from_arrow(table) if engine == "polars" else table)


def told(rows: Sequence[tuple[int | None, ...]], lost: list[int], engine: str) -> list[bool]:
    given = frame(rows, engine)
    since, until = nw.col("since"), nw.col("until")
    with Work(given) as work:
        made = with_gaps(given, lost, work, gap=(since, until), later=(until, since))
        found = made.sort("number").collect()
        assert found.columns == ["number", "since", "until", "gap", "later"]
        gap: list[bool] = found["gap"].to_list()
    return gap


@pytest.mark.parametrize("engine", ENGINES)
def test_a_span_has_a_gap_if_a_connection_was_lost_in_it(engine: str) -> None:
    rows = [span[:2] for span in SPANS]
    assert told(rows, [30, 10, 20, 10], engine) == [span[2] for span in SPANS]
    assert told(rows, [], engine) == [False] * len(rows)


@pytest.mark.parametrize("engine", ENGINES)
def test_many_gaps_are_told_as_each_of_them_alone(engine: str) -> None:
    chance = random.Random(7)
    lost = [chance.randrange(10_000) for _ in range(300)]
    moments = [None, *range(0, 10_000, 97)]
    rows = [(chance.choice(moments), chance.choice(moments)) for _ in range(500)]
    expected = [any((a is None or a <= t) and (b is None or t <= b) for t in lost) for a, b in rows]
    assert told(rows, lost, engine) == expected


def events(gaps: int) -> pd.DataFrame:
    rows: list[dict[str, object]] = [
        {"event": "SessionLost", "time": 1_000_000_000 + at} for at in range(gaps)
    ]
    own = {"uniqueid": "1700000000.1", "linkedid": "1700000000.1", "channel": "PJSIP/1-00000001"}
    rows += [
        {"event": "Newchannel", "time": 1_000_000_000 - 5, **own},
        {"event": "QueueCallerJoin", "time": 1_000_000_000 - 4, "queue": "a", "position": 1, **own},
        {"event": "QueueCallerLeave", "time": 2_000_000_000, "queue": "a", **own},
        {"event": "Hangup", "time": 2_000_000_001, **own},
    ]
    return pd.DataFrame(rows)


@pytest.mark.parametrize("kind", ["pandas", "polars", "duckdb"])
def test_calls_take_no_more_steps_with_more_gaps(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = [0]
    begin = nw.Expr.__init__

    def counted(self: nw.Expr, *given: Any, **options: Any) -> None:
        made[0] += 1
        begin(self, *given, **options)

    monkeypatch.setattr(nw.Expr, "__init__", counted)
    counts = []
    for gaps in (2, 100):
        made[0] = 0
        given: Any = events(gaps)
        if kind == "polars":
            given = pl.from_pandas(given)
        if kind == "duckdb":
            given = duckdb.connect().from_arrow(pa.Table.from_pandas(given))
        log = log_of(given)
        for one in (log.calls, log.visits):
            assert nw.from_native(one).lazy().collect()["gap"].to_list() == [True]
        counts.append(made[0])
    assert counts[0] == counts[1] > 0
