"""Picks calls: missed ones, or those of a queue, an agent, a number or who answered."""

from __future__ import annotations

import pandas as pd

from ast_notebook.calls.disposition import MISSED
from ast_notebook.errors import ConfError

_TECHNOLOGY = r"^[^/]*/"
_NUMBERS = ("caller", "dialled", "did", "answered_by")
_DEVICES = ("caller_device", "answered_device")


def pick(
    calls: pd.DataFrame,
    visits: pd.DataFrame | None = None,
    *,
    missed: bool = False,
    queue: str | int | None = None,
    agent: str | int | None = None,
    number: str | int | None = None,
    answered_by: str | int | None = None,
) -> pd.DataFrame:
    """Return the rows of a calls frame that fit all of the given conditions.

    Only whole numbers and names count: ``30`` is never ``300``. An unknown value does not fit.

    Parameters
    ----------
    calls : pandas.DataFrame
        A frame as `calls.from_events` returns it.
    visits : pandas.DataFrame, optional
        The queue calls of the same source, for `queue` and `agent`: a call has only its last queue.
    missed : bool
        Only calls that nobody took (`disposition.MISSED`), and that did not go out through a trunk.
    queue : str, optional
        Only calls that came to this queue.
    agent : str, optional
        Only calls that this agent answered from a queue.
    number : str, optional
        Only calls from, to or through this number or device.
    answered_by : str, optional
        Only calls that this number or device answered.

    Raises
    ------
    ConfError
        If one of them is empty, or `agent` is given without queue calls.

    Examples
    --------
    >>> past = ast_notebook.history("queue_log")
    >>> pick(past.calls, past.visits, queue="support", missed=True)
    """
    said = {"queue": queue, "agent": agent, "number": number, "answered_by": answered_by}
    wanted = {name: str(one).strip() for name, one in said.items() if one is not None}
    for name, value in wanted.items():
        if not value:
            raise ConfError(f"{name} is empty: name one, or leave it out")
    fits = pd.Series(True, calls.index)
    if missed:
        fits &= calls["disposition"].isin(MISSED) & ~_is(calls["direction"], "outbound")
    if "queue" in wanted:
        fits &= _is(calls["queue"], wanted["queue"]) | _of_queue_calls(
            calls, visits, "queue", wanted["queue"]
        )
    if "agent" in wanted:
        if visits is None:
            raise ConfError(
                "agent= needs the queue calls, which tell who answered: give visits=, too"
            )
        fits &= _of_queue_calls(calls, visits, "agent", wanted["agent"])
    if "number" in wanted:
        fits &= _has(calls, wanted["number"], _NUMBERS, (*_DEVICES, "trunk"))
    if "answered_by" in wanted:
        fits &= _has(calls, wanted["answered_by"], ("answered_by",), ("answered_device",))
    return calls[fits].reset_index(drop=True)


def _is(column: pd.Series, value: str) -> pd.Series:
    return column.astype("str").eq(value).fillna(False).astype(bool)


def _has(
    calls: pd.DataFrame, value: str, numbers: tuple[str, ...], devices: tuple[str, ...]
) -> pd.Series:
    found = pd.Series(False, calls.index)
    for name in (*numbers, *devices):
        found |= _is(calls[name], value)
    for name in devices:
        found |= _is(calls[name].astype("str").str.replace(_TECHNOLOGY, "", regex=True), value)
    return found


def _of_queue_calls(
    calls: pd.DataFrame, queue_calls: pd.DataFrame | None, column: str, value: str
) -> pd.Series:
    """Tell which calls have a queue call with this value."""
    if queue_calls is None:
        return pd.Series(False, calls.index)
    mine = (
        queue_calls.loc[_is(queue_calls[column], value), ["server", "call"]]
        .astype("str")
        .fillna("")
    )
    known = set(mine.itertuples(index=False, name=None))
    keys = calls[["server", "call"]].astype("str").fillna("").itertuples(index=False, name=None)
    return pd.Series([key in known for key in keys], calls.index, dtype=bool)
