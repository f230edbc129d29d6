"""`History`: calls of the past, and what could not be made calls of."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, tzinfo
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa

from ast_notebook.calls import agents, frames, queues
from ast_notebook.calls.calls import Log
from ast_notebook.calls.history.lines import Bad
from ast_notebook.calls.report import Report
from ast_notebook.show import NO_MATH, escape, table

if TYPE_CHECKING:
    import duckdb


class History:
    """Calls of the past, and what could not be made calls of.

    Attributes
    ----------
    frame : pandas.DataFrame or duckdb.DuckDBPyRelation
        The calls frame; it is on DuckDB if the events of an archive are too many for memory, and
        its times are microseconds since 1970 UTC there.
    visits_frame : pandas.DataFrame or duckdb.DuckDBPyRelation
        The stays of callers in queues, as `ast_notebook.calls.visits` has them, where the calls
        are; a CDR and a CEL know of none.
    sessions, pauses : pandas.DataFrame
        What agents did, as `ast_notebook.calls.agent_sessions` and `agent_pauses` have it; neither
        do these know of any.
    kind : str
        What they were read from: ``cdr``, ``cel``, ``queue_log`` or ``events``.
    origin : str
        The file, folder or table.
    records : int
        How many lines, rows or events there were, bad ones included.
    bad : pandas.DataFrame
        What could not be read: ``line``, ``reason`` and ``text``; 10,000 at most.
    bad_count : int
        How many such there were.
    doubtful : int
        Records with a time in the hour that a clock change repeats: it may be an hour off.
    notes : list of str
        What should be known of the reading, such as a time zone that does not fit.
    """

    def __init__(
        self,
        log: Log,
        kind: str,
        origin: str,
        records: int,
        bad: Bad,
        doubtful: int,
        notes: Sequence[str] = (),
    ) -> None:
        self.frame: pd.DataFrame | duckdb.DuckDBPyRelation = log.calls
        self.visits_frame: pd.DataFrame | duckdb.DuckDBPyRelation = log.visits
        self.sessions = pandas_of(log.sessions, agents.SESSION_TIMES, ("pauses",))
        self.pauses = pandas_of(log.pauses, agents.PAUSE_TIMES, ())
        self.kind = kind
        self.origin = origin
        self.records = records
        self.bad = bad.frame()
        self.bad_count = bad.count
        self.doubtful = doubtful
        self.notes = list(notes)

    @cached_property
    def calls(self) -> pd.DataFrame:
        """The calls frame in pandas, brought there at first use if it is on DuckDB."""
        calls = pandas_of(self.frame, frames.TIMES, frames.WHOLE)
        calls.attrs["history"] = {
            "bad": self.bad_count,
            "doubtful": self.doubtful,
            "records": self.records,
        }
        return calls

    @cached_property
    def visits(self) -> pd.DataFrame:
        """The visits frame in pandas, brought there at first use if it is on DuckDB."""
        return pandas_of(self.visits_frame, queues.TIMES, queues.WHOLE)

    def __len__(self) -> int:
        if isinstance(self.frame, pd.DataFrame):
            return len(self.frame)
        return int(self.frame.aggregate("count(*)").fetchall()[0][0])

    def report(
        self, *, since: datetime | None = None, tz: str | tzinfo | None = None, within: float = 20.0
    ) -> Report:
        """Return what matters of these calls on one page; reckoned where they are."""
        return Report(
            self.frame,
            self.visits_frame,
            sessions=self.sessions,
            pauses=self.pauses,
            since=since,
            tz=tz,
            within=within,
            title=f"Calls of {self.origin}",
        )

    def __repr__(self) -> str:
        return (
            f"<History of {self.origin} ({self.kind}): {len(self):,} calls of "
            f"{self.records:,} records, {self.bad_count:,} bad, {self.doubtful:,} doubtful>"
        )

    def _repr_html_(self) -> str:
        text = "".join(f"<p>{escape(one)}</p>" for one in (repr(self)[1:-1], *self.notes))
        if self.bad_count:
            bad = self.bad.head(5)
            text += table(bad.columns.tolist(), bad.itertuples(index=False))
        return f'<div class="{NO_MATH}">{text}</div>'


def pandas_of(frame: Any, times: tuple[str, ...], whole: tuple[str, ...]) -> pd.DataFrame:
    """Bring a frame of Arrow or DuckDB to pandas, if it is not there yet."""
    if isinstance(frame, pd.DataFrame):
        return frame
    made = frame.to_pandas() if isinstance(frame, pa.Table) else frame.df()
    return frames.pandas(made, times, whole)
