"""The call log of recorded events: calls, queue calls, one call as a ladder, and the report."""

from __future__ import annotations

import threading
from collections.abc import Collection
from typing import Any

import pandas as pd

from ast_notebook import calls as call_log
from ast_notebook.calls import Flow, begun
from ast_notebook.calls.cache import LogCache
from ast_notebook.calls.calls import Log
from ast_notebook.calls.measures.grouping import Zone
from ast_notebook.calls.report import Report
from ast_notebook.errors import ConfError
from ast_notebook.live import is_of
from ast_notebook.moments import Moment, moment
from ast_notebook.recording import Record

FIRST_COLUMNS = 7  # received, time, server, event, channel, uniqueid, linkedid: always there


class CallLog:
    """The events of an `Asterisk`, and the call log made of them."""

    def __init__(self, name: str, record: Record) -> None:
        self.name = name
        self.record = record
        self._making = threading.Lock()
        self._cache: LogCache | None = None
        self._trunks: tuple[str, ...] | None = None  # of the cache
        self._first = self._next = 0  # the cache has the events of these numbers

    @property
    def events(self) -> pd.DataFrame:
        """The events heard so far that are still kept, as `Record.frame` returns them."""
        return self.record.frame()

    def select_events(
        self,
        event: Collection[str] | str = (),
        *,
        since: Moment | None = None,
        device: str | int | None = None,
        last: int | None = None,
    ) -> pd.DataFrame:
        """Return some of the events heard so far, newest last, as ``%ast events`` does.

        Columns that are empty in all of these events are left out; `events` has all columns.

        Parameters
        ----------
        event : str or collection of str, optional
            Only events of these names.
        since : datetime or str, optional
            Only events received then or later, as in `calls`.
        device : str, optional
            Only events of this device, ``200`` or ``PJSIP/200``, or of its channels.
        last : int, optional
            How many events to return at most: the newest of those that the other parameters select.

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
        newest = last if device is None else None
        frame = self.record.frame(last=newest, events=event, since=since)
        if device is not None:
            frame = frame[_of_device(frame, str(device))]
            frame = frame if last is None else frame.tail(last)
        seen = frame.notna().any()
        seen.iloc[:FIRST_COLUMNS] = True
        found: pd.DataFrame = frame.loc[:, seen].reset_index(drop=True)
        return found

    def calls(
        self,
        *,
        since: Moment | None = None,
        trunks: Collection[str] | None = None,
        engine: str | None = None,
        session: Any = None,
    ) -> pd.DataFrame:
        """Return the calls heard so far, a row a call; `calls.from_events` says what they are.

        They are kept for the next time, when only calls with new events are made anew; but not if
        their events take more memory than the record's budget.

        Parameters
        ----------
        since : datetime or str, optional
            Only calls that began then or later; one without a zone is in local time, and a text
            may be ``10m``, ``8:00`` or ``2026-11-23``.
        trunks : collection of str, optional
            The devices that lead to the public network; a call's direction is told by them.
        engine : str, optional
            ``pandas``, ``polars``, ``duckdb`` or ``spark``: where the calls are computed.
        session : pyspark.sql.SparkSession, optional
            For ``spark``.

        See Also
        --------
        ast_notebook.calls.history.history : calls of an archive, or of what the PBX has written.
        """
        if engine is None or engine == "pandas":
            found = self._log(_tuple(trunks)).calls.copy()
        else:
            events = self._heard()
            found = call_log.calls(events, trunks=trunks, engine=engine, session=session)
        calls: pd.DataFrame = begun(found, self._at(since))
        return calls

    def visits(self, *, since: Moment | None = None) -> pd.DataFrame:
        """Return the queue calls heard so far; see `calls.visits`."""
        visits: pd.DataFrame = begun(self._log(self._trunks).visits.copy(), self._at(since))
        return visits

    def report(
        self,
        *,
        since: Moment | None = None,
        trunks: Collection[str] | None = None,
        tz: Zone | None = None,
        within: float = 20.0,
    ) -> Report:
        """Return what matters of the calls heard so far, on one page.

        Parameters
        ----------
        since, trunks
            As in `calls`, but a `since` without a zone is in `tz`.
        tz : str or tzinfo, optional
            The zone of hours and days; this machine's by default.
        within : float
            Seconds of the service level.
        """
        since = self._at(since, tz)
        log = Log(*(frame.copy() for frame in self._log(_tuple(trunks))))
        title = f"Calls of {self.name}"
        return Report.of(log, since=since, tz=tz, within=within, title=title)

    def flow(self, which: object) -> Flow:
        """Return one call as a ladder: by its id, a channel's name or uniqueid, or a number.

        Raises
        ------
        ChannelGone
            If no such call was heard.
        """
        return call_log.flow(self._heard(), which)

    def _log(self, trunks: tuple[str, ...] | None) -> Log:
        """Return the call log of all events that are kept; its frames are not to be changed."""
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

    def _at(self, since: Moment | None, tz: Zone | None = None) -> Moment | None:
        """Return a moment, of which an age counts from the clock of the record."""
        return None if since is None else moment(since, tz=tz, clock=self.record.clock)

    def _heard(self) -> pd.DataFrame:
        return self.record.frame(events=call_log.KINDS)


def _tuple(trunks: Collection[str] | None) -> tuple[str, ...] | None:
    return (trunks,) if isinstance(trunks, str) else None if trunks is None else tuple(trunks)


def _of_device(frame: pd.DataFrame, device: str) -> pd.Series:
    """Tell which events are about a device or a channel of it, whether it called or was called."""
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
