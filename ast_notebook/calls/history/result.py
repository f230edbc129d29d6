"""`History`: calls of the past, and the records that could not be read."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import tzinfo
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa

from ast_notebook.calls import agents, frames, queues
from ast_notebook.calls.calls import Log
from ast_notebook.calls.flow import flow
from ast_notebook.calls.flow_of_rows import flow_of_rows
from ast_notebook.calls.history.lines import Bad
from ast_notebook.calls.ladder import Flow
from ast_notebook.calls.measures.grouping import Zone, check_zone
from ast_notebook.calls.picking import pick
from ast_notebook.calls.report import Report
from ast_notebook.errors import ChannelGone
from ast_notebook.moments import Moment
from ast_notebook.show import NO_MATH, escape, plain, table
from ast_notebook.views import ShownFrame, shown_calls, shown_queue_calls
from ast_notebook.zone import people_zone

if TYPE_CHECKING:
    import duckdb
#: It returns the events around a call, given its row.
EventsOf = Callable[[Mapping[str, Any]], Any]


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
        The zone that the user gave; times in the frames are in UTC.
    ids : mapping
        The call of each uniqueid and linkedid, by the PBX's name and the id; it is empty unless
        several sources are read.
    parts : tuple of History
        The histories from which it was joined; empty if there is only one source.
    joins : list of str
        Lines on how many calls of each source are in other sources, too.
    unread : pandas.DataFrame
        What in a folder could not be read: ``file`` and ``reason`` (str).
    events_of : callable or None
        It reads the events around a call again, given its row; None if there are none.
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
        self.ids: Mapping[tuple[str | None, str], str] = {}
        self.parts: tuple[History, ...] = ()
        self.joins: list[str] = []
        self.unread = pd.DataFrame({"file": [], "reason": []}, dtype="str")
        self.events_of: EventsOf | None = None

    @cached_property
    def calls(self) -> ShownFrame:
        """The calls frame in pandas, brought there at first use if it is on DuckDB.

        For each call, a notebook shows when it was, who called whom, who answered, and what became
        of it, with times in the history's zone. ``.frame`` is the same data as a plain frame.
        """
        calls = pandas_of(self.frame, frames.TIMES, frames.WHOLE)
        calls.attrs["history"] = {
            "bad": self.bad_count,
            "doubtful": self.doubtful,
            "records": self.records,
        }
        return shown_calls(
            calls,
            zone=self.tz,
            empty=f"There are no calls in {self.origin}: .bad lists the records that were not read",
        )

    @cached_property
    def visits(self) -> ShownFrame:
        """The queue calls in pandas, brought there at first use if they are on DuckDB."""
        queue_calls = pandas_of(self.visits_frame, queues.TIMES, queues.WHOLE)
        return shown_queue_calls(
            queue_calls, zone=self.tz, empty=f"There are no queue calls in {self.origin}"
        )

    def __getstate__(self) -> dict[str, Any]:
        """Leave out `events_of`: on another machine, the events may be at another place."""
        return {**self.__dict__, "events_of": None}

    def __len__(self) -> int:
        if isinstance(self.frame, pd.DataFrame):
            return len(self.frame)
        return int(self.frame.aggregate("count(*)").fetchall()[0][0])

    def report(
        self,
        *,
        since: Moment | None = None,
        until: Moment | None = None,
        month: str | None = None,
        tz: str | tzinfo | None = None,
        within: float = 20.0,
        title: str | None = None,
        against: str | None = None,
    ) -> Report:
        """Return the main measures of these calls on one page, computed on the calls' own engine.

        Parameters
        ----------
        since, until : datetime or str, optional
            Only calls that began at `since` or later, and before the end of `until`; a moment
            without a zone is in the report's zone.
        month : str, optional
            The calls of a month, such as ``2026-10`` or ``last-month``, instead.
        tz : str or tzinfo, optional
            The zone of hours and days; by default that of the history, or else that of `use_zone`.
        within : float
            Seconds of the service level.
        title : str, optional
            The title of the page.
        against : str, optional
            Compare with an earlier period: the one of ``last-week`` or ``last-month``, or ``14d``
            earlier. If not all calls of that period are known, its numbers are missing. Calls
            count as known from the day of the first call on.
        """
        log = Log(self.frame, self.visits_frame, self.sessions, self.pauses)
        return Report.of(
            log,
            since=since,
            until=until,
            month=month,
            against=against,
            tz=self.tz if tz is None else tz,
            within=within,
            title=f"Calls of {self.origin}" if title is None else title,
        )

    def flow(self, which: object, tz: Zone | None = None) -> Flow:
        """Return one call as a ladder.

        Of an archive or a capture, it is made of the events of the call. Of a CDR, a CEL or a
        queue_log, it has what the rows of the call tell, and nothing that they do not know.

        Parameters
        ----------
        which : str
            The id of a call. Or a number or a device, with or without its technology; this means
            the last call in which it took part.
        tz : str or tzinfo, optional
            The zone of the times; by default that of the history, or else that of `use_zone`.

        Raises
        ------
        ChannelGone
            If there is no such call.

        Examples
        --------
        >>> past = ast_notebook.history("Master.csv", "queue_log", tz="Europe/Berlin")
        >>> past.flow("200")
        """
        zone = tz or self.tz or people_zone()
        check_zone(zone)
        call = self.find(str(which))
        for part in self.parts or (self,):
            if part.events_of is not None and call["source"] == "events" and part._has(call):
                return flow(part.events_of(call), call["call"], tz=zone)
        mine = self.visits.frame
        mine = mine[(mine["call"] == call["call"]).fillna(False)]
        return flow_of_rows(call, mine.sort_values("start").to_dict("records"), tz=zone)

    def find(self, which: str) -> dict[str, Any]:
        """Return the row of a call, which is named as for `flow`.

        Raises
        ------
        ChannelGone
            If there is no such call.
        """
        calls = self.calls.frame
        found = calls[(calls["call"] == which).fillna(False)]
        if found.empty and which.strip():
            found = pick(calls, number=which).sort_values("start", na_position="first")
        if found.empty:
            raise ChannelGone(
                f"No call {which!r} is among the {len(calls):,} of {self.origin}: give a call's id "
                "(the column call) or a number"
            )
        return {str(name): value for name, value in found.iloc[-1].to_dict().items()}

    def _has(self, call: Mapping[str, Any]) -> bool:
        return bool((self.calls.frame["call"] == call["call"]).any())

    def __repr__(self) -> str:
        lines = [
            f"<History of {self.origin} ({self.kind}): {len(self):,} calls of "
            f"{self.records:,} records, {self.bad_count:,} bad, {self.doubtful:,} doubtful>"
        ]
        lines += [f"  read: {repr(one)[1:-1]}" for one in self.parts]
        lines += [f"  {one}" for one in self.joins]
        unread = zip(self.unread["file"], self.unread["reason"], strict=True)
        lines += [f"  not read: {file}: {reason}" for file, reason in unread]
        return plain("\n".join(lines))

    def _repr_html_(self) -> str:
        first, *others = repr(self).splitlines()
        said = (first[1:-1], *others, *self.notes)
        text = "".join(f"<p>{escape(one)}</p>" for one in said)
        if self.bad_count:
            bad = self.bad.head(5)
            text += table(bad.columns.tolist(), bad.itertuples(index=False))
        return f'<div class="{NO_MATH}">{text}</div>'


def pandas_of(frame: Any, times: tuple[str, ...], whole: tuple[str, ...]) -> pd.DataFrame:
    """Bring a frame of Arrow, DuckDB or Spark to pandas, if it is not there yet."""
    if isinstance(frame, pd.DataFrame):
        return frame
    if hasattr(frame, "toArrow"):  # Spark
        frame = frame.toArrow()
    made = frame.to_pandas() if isinstance(frame, pa.Table) else frame.df()
    return frames.pandas(made, times, whole)
