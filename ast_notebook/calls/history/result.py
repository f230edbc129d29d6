"""`History`: calls of the past, and the records that could not be read."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa

from ast_notebook.calls import agents, frames, queues
from ast_notebook.calls.calls import Log
from ast_notebook.calls.history.lines import Bad
from ast_notebook.calls.report import Report
from ast_notebook.moments import Moment
from ast_notebook.show import NO_MATH, escape, table

if TYPE_CHECKING:
    import duckdb


class History:
    """Calls of the past, and the records that could not be read.

    Attributes
    ----------
    frame : pandas.DataFrame or duckdb.DuckDBPyRelation
        The calls frame; it is on DuckDB if the events of an archive are too many for memory, and
        its times are microseconds since 1970 UTC there.
    visits_frame : pandas.DataFrame or duckdb.DuckDBPyRelation
        The queue calls, as in `ast_notebook.calls.visits`, on the engine of the calls; there are
        none from a CDR or a CEL.
    sessions, pauses : pandas.DataFrame
        The sessions and pauses of agents, as in `ast_notebook.calls.agent_sessions` and
        `agent_pauses`; there are none from a CDR or a CEL.
    kind : str
        The kind of source: ``cdr``, ``cel``, ``queue_log`` or ``events``.
    origin : str
        The file, folder or table.
    records : int
        How many lines, rows or events there were, bad ones included.
    bad : pandas.DataFrame
        The bad records: ``line``, ``reason`` and ``text``; 10,000 at most.
    bad_count : int
        How many bad records there were.
    doubtful : int
        Records with a time in the hour that a clock change repeats: it may be an hour off.
    notes : list of str
        Remarks for the user, such as a time zone that does not fit.
    tz : tzinfo or None
        The zone that was told; times in the frames are in UTC.
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
        tz: tzinfo | None = None,
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
        self.tz = tz

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
        self,
        *,
        since: Moment | None = None,
        until: Moment | None = None,
        before: str | None = None,
        tz: str | tzinfo | None = None,
        within: float = 20.0,
        against: str | None = None,
    ) -> Report:
        """Return what matters of these calls on one page, computed on their own engine.

        Parameters
        ----------
        since : datetime or str, optional
            Only calls that began then or later; one without a zone is in the report's.
        until : datetime or str, optional
            Only calls that began earlier than that.
        before : str, optional
            ``7d`` compares the time from `since` on with the same time seven days earlier, if the
            first call is not from a later day than that time begins with.
        tz : str or tzinfo, optional
            The zone of hours and days; by default that which the history was told, or else this
            machine's.
        within : float
            Seconds of the service level.
        against : str, optional
            Compare with the same time so much earlier: ``last-week``, ``yesterday``, or ``14d``.
        """
        log = Log(self.frame, self.visits_frame, self.sessions, self.pauses)
        title = f"Calls of {self.origin}"
        zone = self.tz if tz is None else tz
        more = {"tz": zone, "within": within, "title": title, "against": against}
        return Report.of(log, since=since, until=until, before=before, **more)

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
