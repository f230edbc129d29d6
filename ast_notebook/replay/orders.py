"""The list of the orders that a replay has held back, so that they did not reach Asterisk.

`ReplayedAsterisk` decides which actions these are.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import pandas as pd

from ast_notebook.ami import Field, Secret
from ast_notebook.errors import ConfError

#: The message in the answer to an order, and in the handle of a call.
NOT_SENT = "not sent: replay"
CHANNEL_ID = "ChannelId"  # the id of a call's channel, a new one each time
HIDDEN = "…"
_SECRETS = ("secret", "password", "passwd")
COLUMNS = ("time", "by", "action", "fields")


class HeldOrder(NamedTuple):
    """One order.

    Attributes
    ----------
    at : int
        When it was given in the replay's time, in microseconds since 1970 UTC.
    by : str
        Who gave it.
    action : str
    fields : dict of str to str
        Its headers; the values of a repeated one are joined by line feeds.
    """

    at: int
    by: str
    action: str
    fields: dict[str, str]


class Orders:
    """The orders in the sequence in which they were given; any thread may add one."""

    def __init__(self) -> None:
        self._orders: list[HeldOrder] = []
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._orders)

    def add(self, at: int, by: str, action: Mapping[str, Field]) -> HeldOrder:
        """Add an action that was not sent, without the secrets in it."""
        fields = {
            key: _text(key, value)
            for key, value in action.items()
            if key.lower() not in ("action", "actionid")
        }
        order = HeldOrder(at, by, str(action.get("Action", "")), fields)
        with self._lock:
            self._orders.append(order)
        return order

    def frame(self) -> pd.DataFrame:
        """Return a row for each order, in the sequence in which they were given."""
        return frame_of(list(self._orders))


def frame_of(orders: Iterable[HeldOrder]) -> pd.DataFrame:
    """Return orders as a frame: ``time``, ``by``, ``action`` and ``fields``."""
    rows = list(orders)
    times = pd.to_datetime([one.at for one in rows], unit="us", utc=True).as_unit("us")
    frame = pd.DataFrame(
        {
            "time": times,
            "by": pd.array([one.by for one in rows], dtype="str"),
            "action": pd.array([one.action for one in rows], dtype="str"),
        }
    )
    frame["fields"] = pd.Series([one.fields for one in rows], dtype=object)
    return frame


def compare(orders: pd.DataFrame, others: pd.DataFrame) -> pd.DataFrame:
    """Return what differs between the orders of two replays.

    Parameters
    ----------
    orders, others : pandas.DataFrame
        ``sh.ast.orders`` of each replay.

    Returns
    -------
    pandas.DataFrame
        The orders that only one of them has, by time: ``change`` is ``gone`` for those of `orders`,
        and ``new`` for those of `others`; then ``time``, ``by``, ``action`` and ``fields``. The id
        of a call's channel does not count, since each call has a new one.

    Raises
    ------
    ConfError
        If one is no frame of orders.
    """
    sides = [_orders_of(orders), _orders_of(others)]
    found: list[tuple[HeldOrder, str]] = []
    for change, mine, theirs in (("gone", sides[0], sides[1]), ("new", sides[1], sides[0])):
        left = Counter(map(_key, theirs))
        for order in mine:
            key = _key(order)
            if left[key]:
                left[key] -= 1
            else:
                found.append((order, change))
    found.sort(key=lambda one: one[0].at)
    frame = frame_of(order for order, _ in found)
    frame.insert(0, "change", pd.Series([change for _, change in found], dtype="str"))
    return frame


def _orders_of(frame: pd.DataFrame) -> list[HeldOrder]:
    if not isinstance(frame, pd.DataFrame) or not set(COLUMNS) <= set(frame.columns):
        raise ConfError(f"this is no frame of orders, which has the columns {', '.join(COLUMNS)}")
    times = frame["time"].astype("datetime64[us, UTC]").astype("int64")
    rows = zip(times, frame["by"], frame["action"], frame["fields"], strict=True)
    return [
        HeldOrder(int(at), str(by), str(action), dict(fields)) for at, by, action, fields in rows
    ]


def _key(order: HeldOrder) -> tuple[object, ...]:
    fields = sorted(one for one in order.fields.items() if one[0] != CHANNEL_ID)
    return order.at, order.by, order.action, tuple(fields)


def _text(key: str, value: Any) -> str:
    if isinstance(value, Secret) or key.lower() in _SECRETS:
        return HIDDEN
    if isinstance(value, str) or not isinstance(value, Iterable):
        return str(value)
    return "\n".join(map(str, value))
