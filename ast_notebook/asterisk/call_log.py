"""The call log of the received events: calls, queue calls, a call as a ladder, and the report."""

from __future__ import annotations

import threading
from collections.abc import Collection
from typing import Any

import pandas as pd

from ast_notebook import calls as call_log
from ast_notebook.calls import Flow, begun, find_call, measures, pick
from ast_notebook.calls.cache import LogCache
from ast_notebook.calls.calls import Log
from ast_notebook.calls.measures.grouping import Zone
from ast_notebook.calls.numbered import with_numbers
from ast_notebook.calls.report import Report
from ast_notebook.durations import Duration
from ast_notebook.errors import ConfError
from ast_notebook.live import is_of
from ast_notebook.moments import Moment, span
from ast_notebook.numbering import Numbering
from ast_notebook.recording import Record
from ast_notebook.views import (
    ShownFrame,
    shown_calls,
    shown_events,
    shown_queue_calls,
    shown_unreturned,
)
from ast_notebook.views.words import times
from ast_notebook.zone import people_zone

FIRST_COLUMNS = 7  # received, time, server, event, channel, uniqueid, linkedid: always there


class CallLog:
    """The methods of `Asterisk` for its events, and for the call log made of them.

    Attributes
    ----------
    trunks : tuple of str or None
        The devices that lead to the public network; a method's own `trunks` come first.
    numbering : Numbering
        How numbers are dialled at this site, and who owns them.
    """

    trunks: tuple[str, ...] | None = None
    numbering = Numbering()

    def __init__(self, name: str, record: Record) -> None:
        self.name = name
        self.record = record
        self._made = record.clock.time()
        self._making = threading.Lock()
        self._cache: LogCache | None = None
        self._trunks: tuple[str, ...] | None = None  # of the cache
        self._first = self._next = 0  # the cache has the events of these numbers

    @property
    def events(self) -> pd.DataFrame:
        """The received events that are still kept, as `Record.frame` returns them."""
        return self.record.frame()

    def select_events(
        self,
        event: Collection[str] | str = (),
        *,
        since: Moment | None = None,
        until: Moment | None = None,
        month: str | None = None,
        device: str | int | None = None,
        last: int | None = None,
    ) -> ShownFrame:
        """Return some of the received events, newest last, as ``%ast events`` does.

        Columns that are empty in all of these events are left out; `events` has all columns. A
        notebook shows time, name, channel and main headers; ``.frame`` is a plain pandas frame.

        Parameters
        ----------
        event : str or collection of str, optional
            Only events of these names.
        since, until, month : optional
            Only events received in this time, as in `calls`.
        device : str, optional
            Only events of this device, ``200`` or ``PJSIP/200``, or of its channels.
        last : int, optional
            Only the newest events, at most so many, of those that the other parameters select.

        Raises
        ------
        ConfError
            If `since` is no moment, or `device` is empty.

        Examples
        --------
        >>> hangups = sh.ast.select_events("Hangup", since="10m", device="2222")
        """
        if device is not None and not str(device).strip():
            raise ConfError("device is empty: name a device, such as 200 or PJSIP/200")
        first, over = span(since, until, month, clock=self.record.clock)
        newest = last if device is None and over is None else None
        frame = self.record.frame(last=newest, events=event, since=first)
        if over is not None:
            frame = frame[frame["received"] < _in_utc(over)]
        if device is not None:
            frame = frame[_of_device(frame, str(device))]
        if newest is None and last is not None:
            frame = frame.tail(last)
        seen = frame.notna().any()
        seen.iloc[:FIRST_COLUMNS] = True
        found: pd.DataFrame = frame.loc[:, seen].reset_index(drop=True)
        return shown_events(found, empty=self._none("events", len(self.record), first, over))

    def calls(
        self,
        *,
        since: Moment | None = None,
        until: Moment | None = None,
        month: str | None = None,
        missed: bool = False,
        queue: str | int | None = None,
        agent: str | int | None = None,
        number: str | int | None = None,
        answered_by: str | int | None = None,
        trunks: Collection[str] | None = None,
        engine: str | None = None,
        session: Any = None,
    ) -> ShownFrame:
        """Return the calls so far, one row each; `calls.from_events` describes the columns.

        A notebook shows who called whom, when, and how it ended; the frame has all columns, and
        ``.frame`` is a plain pandas frame.

        The result is kept, so that the next time only calls with new events are computed. It is not
        kept if the events of the calls take more memory than the record's budget.

        Parameters
        ----------
        since, until : datetime or str, optional
            Only calls that began at `since` or later, and before the end of `until`. A moment that
            names no zone is in that of `use_zone`. A text may be ``10m``, ``8:00``, ``yesterday``,
            ``last-week`` or ``2026-11-23``; `until` includes the whole of a day or a period.
        month : str, optional
            A month, such as ``2026-10`` or ``last-month``, in place of `since` and `until`.
        missed, queue, agent, number, answered_by
            Only calls that nobody answered, or those of a queue, an agent or a number, as in
            `calls.pick`.
        trunks : collection of str, optional
            The devices that lead to the public network, by which a call's direction is known; by
            default, those that `tell` was given.
        engine : str, optional
            The library that computes the calls: ``pandas``, ``polars``, ``duckdb`` or ``spark``.
        session : pyspark.sql.SparkSession, optional
            The session for ``spark``.

        See Also
        --------
        ast_notebook.calls.history.history : calls of an archive, or of what the PBX has written.
        """
        time_of = span(
            since, until, month, clock=self.record.clock
        )  # before the work, during which an age would grow
        if engine is None or engine == "pandas":
            found = self._log(self._chosen_trunks(trunks)).calls.copy()
        else:
            events, trunks = self._heard(), self._chosen_trunks(trunks)
            found = call_log.calls(events, trunks=trunks, engine=engine, session=session)
        picked = pick(
            with_numbers(begun(found, *time_of), self.numbering),
            None if queue is None and agent is None else self._log(self._trunks).visits,
            missed=missed,
            queue=queue,
            agent=agent,
            number=number,
            answered_by=answered_by,
        )
        return shown_calls(picked, empty=self._none("calls", len(found), *time_of))

    def missed(
        self,
        *,
        since: Moment | None = None,
        until: Moment | None = None,
        month: str | None = None,
        trunks: Collection[str] | None = None,
    ) -> ShownFrame:
        """Return the calls so far that nobody answered; the parameters are those of `calls`."""
        return self.calls(since=since, until=until, month=month, trunks=trunks, missed=True)

    def visits(
        self,
        *,
        since: Moment | None = None,
        until: Moment | None = None,
        month: str | None = None,
    ) -> ShownFrame:
        """Return the queue calls so far; see `calls.visits`, and `calls` for since and until."""
        time_of = span(since, until, month, clock=self.record.clock)
        found = self._log(self._trunks).visits.copy()
        empty = self._none("queue calls", len(found), *time_of)
        return shown_queue_calls(begun(found, *time_of), empty=empty)

    def report(
        self,
        *,
        since: Moment | None = None,
        until: Moment | None = None,
        month: str | None = None,
        trunks: Collection[str] | None = None,
        tz: Zone | None = None,
        within: float = 20.0,
        title: str | None = None,
        against: str | None = None,
    ) -> Report:
        """Return a report of the calls so far: their main measures on one page.

        Parameters
        ----------
        since, until, month, trunks
            As in `calls`, but a moment that names no zone is in `tz`.
        tz : str or tzinfo, optional
            The zone of hours and days; by default, that of `use_zone`.
        within : float
            The seconds of the service level.
        title : str, optional
            The title of the page.
        against : str, optional
            Compare with the same time so much earlier: ``last-week``, ``last-month``, or ``14d``.
            If its calls are not all known, its numbers are missing.
        """
        first, over = span(since, until, month, tz, self.record.clock)
        log = Log(*(frame.copy() for frame in self._log(self._chosen_trunks(trunks))))
        log = log._replace(calls=with_numbers(log.calls, self.numbering))
        known = self._known_since()
        covered = None
        if known is not None:
            covered = known, pd.Timestamp(self.record.clock.time(), unit="s", tz="UTC")
        return Report.of(
            log,
            since=first,
            until=over,
            covered=covered,
            tz=tz,
            within=within,
            title=f"Calls of {self.name}" if title is None else title,
            against=against,
        )

    def unreturned(
        self,
        within: Duration | None = None,
        *,
        since: Moment | None = None,
        until: Moment | None = None,
        month: str | None = None,
        trunks: Collection[str] | None = None,
    ) -> ShownFrame:
        """Return the callers whose calls were missed and not returned; see `measures.unreturned`.

        Parameters
        ----------
        within : str or number or timedelta, optional
            How soon a caller should have been called back; by default, at any time until now.
        since, until, month, trunks
            As in `calls`.
        """
        calls = self.calls(since=since, until=until, month=month, trunks=trunks).frame
        if self._chosen_trunks(trunks) and calls["direction"].isna().all():
            calls = calls.head(0)  # trunks are named, but no call has come so far as to show one
        return shown_unreturned(measures.unreturned(calls, within))

    def flow(self, which: object, *, tz: Zone | None = None) -> Flow:
        """Return one call as a ladder.

        The call is named by its id or a channel; a number or a device means its last call.
        Times are in the zone `tz`; by default, in that of `use_zone`.

        Raises
        ------
        ChannelGone
            If no such call is known.
        """
        heard = self._heard()
        return call_log.flow(heard, find_call(heard, which), tz=tz, name=self.numbering.name)

    def _none(self, what: str, others: int, *time_of: pd.Timestamp | None) -> str:
        """Return the text for a frame without rows: why it has none, and what to do.

        `time_of` is the beginning and the end of the time that was asked for.
        """
        known = self._known_since()
        if (
            others
            and known is not None
            and any(one is not None and _in_utc(one) < known for one in time_of)
        ):
            return (
                f"None of the {what} so far ({others:,}) fits, and nothing was received before "
                f"{_clock(known)}. The PBX's own files know what was before, as in %ast missed "
                "Master.csv."
            )
        if others:
            return (
                f"None of the {what} so far ({others:,}) fits: leave out a condition, or take a "
                "longer time."
            )
        since = _clock(pd.Timestamp(self._made, unit="s", tz="UTC"))
        return (
            f"No {what} yet: we listen since {since}. %ast call SOURCE DEST CONTEXT makes a call, "
            "and %ast history reads what the PBX has written before."
        )

    def _known_since(self) -> pd.Timestamp | None:
        """Return when the oldest event that is kept was received."""
        oldest = self.record.after(0, 1)
        if oldest is None:
            return None
        return pd.Timestamp(oldest[1]["received"][0].as_py(), unit="us", tz="UTC")

    def _chosen_trunks(self, trunks: Collection[str] | None) -> tuple[str, ...] | None:
        if trunks is None:
            return self.trunks
        return (trunks,) if isinstance(trunks, str) else tuple(trunks)

    def _log(self, trunks: tuple[str, ...] | None) -> Log:
        """Return the call log of all events that are kept; callers must not change its frames."""
        with self._making:
            cache, self._cache = self._cache, None  # an interruption may leave it incomplete
            if trunks != self._trunks:
                cache = None
            first, end, events = self.record.further(self._next if cache else 0, call_log.KINDS)
            if cache is not None and first != self._first:
                cache = None  # the oldest events were dropped
                first, end, events = self.record.further(0, call_log.KINDS)
            cache = cache or LogCache(trunks)
            log = cache.add(events)
            self._first, self._next = first, end
            if cache.nbytes <= self.record.budget:
                self._cache = cache
            self._trunks = trunks
            return log

    def _heard(self) -> pd.DataFrame:
        return self.record.frame(events=call_log.KINDS)


def _clock(moment: pd.Timestamp) -> str:
    """Return a moment by the clock of `use_zone`."""
    return times([moment], people_zone())[0]


def _in_utc(moment: pd.Timestamp) -> pd.Timestamp:
    """Return a moment in UTC; one without a zone is in local time."""
    return pd.Timestamp(moment.to_pydatetime(warn=False).timestamp(), unit="s", tz="UTC")


def _of_device(frame: pd.DataFrame, device: str) -> pd.Series:
    """Return a mask of the events about a device or its channels, calling or called."""
    found = pd.Series(False, frame.index)
    for column in ("channel", "destchannel"):
        if column in frame:
            names = frame[column].dropna().astype(str).unique()
            found |= frame[column].isin([name for name in names if is_of(name, device)])
    if "device" in frame:
        names = frame["device"].dropna().astype(str).unique()
        mine = [name for name in names if name == device or name.endswith(f"/{device}")]
        found |= frame["device"].isin(mine)
    return found
