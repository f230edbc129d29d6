"""A calls frame that grows call by call."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np
import pandas as pd

from ast_notebook.calls.frames import COLUMNS, SECONDS, TIMES, WHOLE

CHUNK = 50_000  # calls that are plain Python at a time


class Growing:
    """Takes calls, and gives the frame of them.

    Parameters
    ----------
    source : str
        For the column ``source``.
    server : str, optional
        For the column ``server``, where the call does not tell.
    trunks : collection of str, optional
        Devices that lead to the public network, such as ``PJSIP/provider`` or ``provider``.
    """

    def __init__(
        self, source: str, server: str | None = None, trunks: Collection[str] | None = None
    ) -> None:
        self._defaults = {"source": source, "server": server}
        self._trunks = None if trunks is None else set(trunks)
        self._rows: list[dict[str, Any]] = []
        self._parts: list[pd.DataFrame] = []

    def add(
        self, call: dict[str, Any], caller: str | None = None, callee: str | None = None
    ) -> None:
        """Take a call: times and seconds in microseconds; the names of its two channels."""
        if self._trunks is not None:
            inbound, outbound = self._is_trunk(caller), self._is_trunk(callee)
            call["direction"] = "inbound" if inbound else "outbound" if outbound else "internal"
            call["trunk"] = device(caller) if inbound else device(callee) if outbound else None
            if inbound:
                call.setdefault("did", call.get("dialled"))
        self._rows.append(call)
        if len(self._rows) >= CHUNK:
            self._flush()

    def _is_trunk(self, channel: str | None) -> bool:
        known = device(channel)
        return known is not None and bool({known, peer(known)} & (self._trunks or set()))

    def _flush(self) -> None:
        columns = {name: [row.get(name) for row in self._rows] for name in COLUMNS}
        for name, value in self._defaults.items():
            columns[name] = [value if one is None else one for one in columns[name]]
        self._parts.append(_frame(columns))
        self._rows = []

    def frame(self) -> pd.DataFrame:
        """Return the calls, by their start."""
        if self._rows or not self._parts:
            self._flush()
        whole = pd.concat(self._parts, ignore_index=True)
        self._parts = [whole]
        # Of those that began in one second, the one with the lower number came first.
        serial = whole["call"].str.extract(r"\.(\d{1,18})$", expand=False).astype("Int64")
        order = whole.assign(serial=serial).sort_values(["start", "serial", "call"], kind="stable")
        return order.drop(columns="serial").reset_index(drop=True)


def _frame(columns: dict[str, list[Any]]) -> pd.DataFrame:
    typed: dict[str, Any] = {}
    for name, values in columns.items():
        if name in TIMES:
            moments = pd.array(values, dtype="Int64")
            missing = np.array([value is None for value in values], bool)
            plain = moments.to_numpy(np.int64, na_value=0).astype("datetime64[us]")
            typed[name] = pd.DatetimeIndex(np.where(missing, np.datetime64("NaT", "us"), plain))
            typed[name] = typed[name].tz_localize("UTC")
        elif name in SECONDS:
            typed[name] = np.array(
                [np.nan if value is None else value / 1e6 for value in values], np.float64
            )
        elif name in WHOLE:
            typed[name] = pd.array(values, dtype="Int64")
        elif name == "gap":
            typed[name] = pd.array(values, dtype="boolean")
        else:
            typed[name] = pd.array(values, dtype="str")
    return pd.DataFrame(typed)


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
