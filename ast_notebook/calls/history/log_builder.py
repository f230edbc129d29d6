"""Builds frames row by row: of calls, and of queue calls."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

import numpy as np
import pandas as pd

from ast_notebook.calls import frames, queues
from ast_notebook.calls.agents import Shifts, give_pauses, give_sessions
from ast_notebook.calls.calls import Log
from ast_notebook.calls.engines import Work, lazy

CHUNK = 50_000  # rows that are plain Python at a time


class FrameBuilder:
    """Collects rows, and makes a frame of them.

    Parameters
    ----------
    columns : mapping
        The columns and their kinds: ``time``, ``seconds``, ``number``, ``whole``, ``yes`` or
        ``text``.
    defaults : mapping
        Values of columns for rows without them.
    """

    def __init__(self, columns: Mapping[str, str], defaults: Mapping[str, Any]) -> None:
        self._columns = columns
        self._defaults = defaults
        self._rows: list[dict[str, Any]] = []
        self._parts: list[pd.DataFrame] = []

    def append(self, row: dict[str, Any]) -> int:
        """Take a row, times and seconds in microseconds; return its number for `amend`."""
        number = CHUNK * len(self._parts) + len(self._rows)
        self._rows.append(row)
        if len(self._rows) >= CHUNK:
            self._flush()
        return number

    def amend(self, number: int, change: Callable[[dict[str, Any]], Mapping[str, Any]]) -> None:
        """Change the values of a row, before `frame` is called.

        `change` is called with the row, times in microseconds, and returns the new values.
        """
        part, place = divmod(number, CHUNK)
        if part == len(self._parts):
            self._rows[place] |= change(self._rows[place])
            return
        frame = self._parts[part]
        row = {name: _plain(frame.at[place, name]) for name in self._columns}
        for name, value in change(row).items():
            frame.loc[place, name] = _TYPED[self._columns[name]]([value])[0]

    def _flush(self) -> None:
        columns = {name: [row.get(name) for row in self._rows] for name in self._columns}
        for name, value in self._defaults.items():
            columns[name] = [value if one is None else one for one in columns[name]]
        typed = {name: _TYPED[self._columns[name]](values) for name, values in columns.items()}
        self._parts.append(pd.DataFrame(typed))
        self._rows = []

    def frame(self) -> pd.DataFrame:
        """Return a frame of the rows, ordered by their start."""
        if self._rows or not self._parts:
            self._flush()
        whole = pd.concat(self._parts, ignore_index=True)
        self._parts = [whole]
        # If calls began in the same second, the one with the lower number came first.
        serial = whole["call"].str.extract(r"\.(\d{1,18})$", expand=False).astype("Int64")
        order = whole.assign(serial=serial).sort_values(["start", "serial", "call"], kind="stable")
        return order.drop(columns="serial").reset_index(drop=True)


def _plain(value: Any) -> Any:
    if pd.isna(value):
        return None
    return value.value // 1000 if isinstance(value, pd.Timestamp) else value


def _times(values: list[Any]) -> pd.DatetimeIndex:
    moments = pd.array(values, dtype="Int64")
    missing = np.array([value is None for value in values], bool)
    plain = moments.to_numpy(np.int64, na_value=0).astype("datetime64[us]")
    known = pd.DatetimeIndex(np.where(missing, np.datetime64("NaT", "us"), plain))
    return known.tz_localize("UTC")


def _seconds(values: list[Any]) -> Any:
    return np.array([np.nan if value is None else value / 1e6 for value in values], np.float64)


_TYPED: dict[str, Callable[[list[Any]], Any]] = {
    "time": _times,
    "seconds": _seconds,
    "number": lambda values: np.array([np.nan if one is None else one for one in values], float),
    "whole": lambda values: pd.array(values, dtype="Int64"),
    "yes": lambda values: pd.array(values, dtype="boolean"),
    "text": lambda values: pd.array(values, dtype="str"),
}


def kinds(columns: Collection[str], **known: Collection[str]) -> dict[str, str]:
    """Return the kind of each column, which is text unless `known` tells another one."""
    of = {name: kind for kind, names in known.items() for name in names}
    return {name: of.get(name, "text") for name in columns}


CALLS = kinds(
    frames.COLUMNS,
    time=frames.TIMES,
    seconds=frames.SECONDS,
    number=frames.VOICE,
    whole=frames.WHOLE,
    yes=("gap",),
)
QUEUE_CALLS = kinds(
    queues.COLUMNS, time=queues.TIMES, seconds=queues.SECONDS, whole=queues.WHOLE, yes=("gap",)
)


class LogBuilder:
    """Collects calls, queue calls and sessions of agents, and makes the frames of them.

    Attributes
    ----------
    source : str
        What they are made of.
    visits : FrameBuilder
        The queue calls.
    shifts : Shifts
        The sessions of agents.
    members : mapping
        Names of agents by their interfaces.
    ids : dict or None
        If it is a dict, it is given the call of each uniqueid and linkedid, by the PBX's name.

    Parameters
    ----------
    source : str
        For the column ``source``.
    server : str, optional
        For the column ``server`` of calls that do not tell their PBX.
    trunks : collection of str, optional
        Devices that lead to the public network, such as ``PJSIP/provider`` or ``provider``.
    """

    def __init__(
        self,
        source: str,
        server: str | None = None,
        trunks: Collection[str] | None = None,
        members: Mapping[str, str] | None = None,
    ) -> None:
        self.source = source
        trunks = [trunks] if isinstance(trunks, str) else trunks
        self._trunks = None if trunks is None else set(trunks)
        self._rows = FrameBuilder(CALLS, {"source": source, "server": server})
        self.visits = FrameBuilder(QUEUE_CALLS, {"source": source, "server": server})
        self.shifts = Shifts(server)
        self.members = members or {}
        self._server = server
        self.ids: dict[tuple[str | None, str], str] | None = None

    def add(
        self,
        call: dict[str, Any],
        caller: str | None = None,
        callee: str | None = None,
        others: Collection[str] = (),
        ids: Collection[str | None] = (),
    ) -> int:
        """Take a call, times and seconds in microseconds; return its number for `amend`.

        Parameters
        ----------
        call : dict
            Its columns.
        caller, callee : str, optional
            The channels of the two telephones.
        others : collection of str
            The other channels that were dialled.
        ids : collection of str
            The uniqueids and linkedids by which other sources may know the call.
        """
        if self.ids is not None and call["call"] is not None:
            server = call.get("server") or self._server
            self.ids.update(((server, one), call["call"]) for one in ids if one is not None)
        call.setdefault("caller_device", None if is_local(caller) else device(caller))
        call.setdefault("answered_device", None if is_local(callee) else device(callee))
        # A queue_log names no channel, so the origin of its calls is unknown.
        if self._trunks is not None and (caller or callee or others):
            inbound = self._is_trunk(caller)
            out = next((one for one in (callee, *others) if self._is_trunk(one)), None)
            call["direction"] = "inbound" if inbound else "outbound" if out else "internal"
            call["trunk"] = device(caller) if inbound else device(out)
            if inbound:
                call.setdefault("did", call.get("dialled"))
        return self._rows.append(call)

    def amend(self, number: int, change: Callable[[dict[str, Any]], Mapping[str, Any]]) -> None:
        """Change the columns of a call, as `FrameBuilder.amend` does."""
        self._rows.amend(number, change)

    def _is_trunk(self, channel: str | None) -> bool:
        known = device(channel)
        return known is not None and bool({known, peer(known)} & (self._trunks or set()))

    def log(self) -> Log:
        """Return all four frames, each ordered by its start."""
        none = pd.DataFrame()
        sessions = self.shifts.sessions
        work = Work(lazy(none))
        return Log(
            self._rows.frame(),
            self.visits.frame(),
            give_sessions(sessions, work, like=none),
            give_pauses(sessions, work, like=none),
        )


def device(channel: str | None) -> str | None:
    """Return the device of a channel's name: what is before its last dash."""
    if not channel:
        return None
    name, dash, _ = channel.rpartition("-")
    return name if dash else channel


def peer(channel: str | None) -> str | None:
    """Return a device without its technology."""
    return None if channel is None else channel.partition("/")[2] or channel


def is_local(channel: str | None) -> bool:
    """Tell whether a channel is one of Asterisk's own, with nobody at its end."""
    return bool(channel) and str(channel).startswith("Local/")
