"""Missed calls: which callers were never called back, and who talked with the others, and when."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd

from ast_notebook.calls.disposition import MISSED
from ast_notebook.calls.engines import collected
from ast_notebook.calls.measures.grouping import NUMBERS, Rows, read, with_keys
from ast_notebook.durations import Duration, duration
from ast_notebook.errors import ConfError
from ast_notebook.units import SECOND

NO_DIRECTION = (
    "no call has a direction, so nobody knows which of them came from outside: name the devices "
    "that lead to the public network (trunks=['PJSIP/provider'], or %ast trunks PJSIP/provider). A "
    "queue_log knows no direction at all"
)
_COLUMNS = {
    **NUMBERS,
    "start": nw.Int64,
    "direction": nw.String,
    "disposition": nw.String,
    "caller_name": nw.String,
    "caller_contact": nw.String,
    "answered_by": nw.String,
    "queue": nw.String,
}
#: The part that a call has in a matter; calls of one moment are sorted in this order.
_TRY, _UNKNOWN, _IN_VAIN, _TALK = range(4)


def unreturned(
    calls: Any,
    within: Duration | None = "1d",
    *,
    missed: Collection[str] = MISSED,
    settled: bool = False,
) -> pd.DataFrame:
    """Return the callers whom nobody called back in time, and who did not get through themselves.

    The missed calls of a caller between two talks with him are one matter. It begins with the first
    of them and ends with the next call in which somebody talked with him: an answered call from
    outside by the same number, or an answered call to that number. It is settled in time if that
    call began at most ``within`` after the first missed one. (The call centre's "callback" and
    "abandoned call return" reports ask the same; there is no standard for it. The dispositions in
    ``docs/sources.md`` say which calls are missed.)

    Parameters
    ----------
    calls : frame
        A calls frame of any engine, with directions. Numbers are compared by ``caller_e164`` and
        ``dialled_e164`` (see `ast_notebook.calls.numbered`) where these are known, and otherwise as
        they are written, without the digits for an outside line (``dialled_number``).
    within : str or number or timedelta, optional
        ``1d``, ``4h``, or seconds. With None, a talk at any later time settles a matter: then the
        result has those who still wait.
    missed : collection of str
        The dispositions that count as missed. ``IVR`` is not among them by default, since nobody
        was tried then.
    settled : bool
        Whether to return the matters that were settled in time, too.

    Returns
    -------
    pandas.DataFrame
        A row for each matter, those who have waited longest first; whoever still waits comes before
        those who were reached late. Callers whose number is withheld or unknown are left out,
        since nobody could call them back: `without_number` counts their calls.

        - str: ``caller`` and ``dialled`` as heard last, ``caller_name`` (by the phone book if it is
          there) and ``queue`` of the last call that has one, ``how`` it ended (``callback``, or
          ``caller`` if he called again), ``returned_by`` (who talked with him)
        - datetime64[us, UTC]: ``first`` and ``last`` missed call, and when the talk began
          (``returned``)
        - int64: ``tries`` (missed calls), ``attempts`` (calls to him that nobody answered, until
          somebody did), and ``unknown`` (calls from or to him of unknown outcome or direction until
          then, any of which may have settled the matter)
        - float64: ``after``, the seconds from ``first`` to ``returned``

        ``how``, ``returned_by``, ``returned`` and ``after`` are missing as long as nobody talked
        with the caller.

    Raises
    ------
    ConfError
        If no call has a direction, or ``within`` is no length of time.

    Examples
    --------
    >>> waiting = measures.unreturned(calls, within=None)
    >>> waiting[["caller", "tries", "last"]]
    """
    limit = None if within is None else duration(within, "within")
    rows = _read(calls)
    sorted_calls = _sorted(rows, missed)
    found = _matters(sorted_calls)
    if not settled:
        late = found["returned"].isna()
        found = found[late | (found["after"] * SECOND > limit) if limit is not None else late]
    found = found.assign(reached=found["returned"].notna())
    return found.sort_values(["reached", "first"], ignore_index=True).drop(columns="reached")


def without_number(calls: Any, *, missed: Collection[str] = MISSED) -> int:
    """Return how many calls from outside were missed and have no number that could be called back.

    Raises
    ------
    ConfError
        If no call has a direction.
    """
    rows = _read(calls)
    is_missed = (nw.col("direction") == "inbound") & nw.col("disposition").is_in(list(missed))
    counted = rows.filter(is_missed & ~nw.coalesce(_dialable("caller_key"), nw.lit(False)))
    return int(counted.select(nw.len()).collect("pyarrow").item())


def _read(calls: Any) -> Rows:
    rows = read(calls, _COLUMNS, ("start",))
    checked_directions(rows)
    return with_keys(rows)


def checked_directions(rows: Rows) -> None:
    """Refuse calls of which no direction is known."""
    counted = rows.select(nw.len().alias("calls"), nw.col("direction").count().alias("directed"))
    one = collected(counted).to_pandas().iloc[0]
    if one["calls"] and not one["directed"]:
        raise ConfError(NO_DIRECTION)


def _dialable(column: str) -> nw.Expr:
    """Tell whether a text has a digit: `anonymous` and the like have none."""
    return nw.col(column).str.contains("[0-9]")


def _sorted(rows: Rows, missed: Collection[str]) -> pd.DataFrame:
    """Return the calls that count, by number and time: tries, talks, and attempts."""
    inbound, outbound = nw.col("direction") == "inbound", nw.col("direction") == "outbound"
    disposition = nw.col("disposition")
    kind = (
        nw.when(disposition.is_null())
        .then(nw.lit(_UNKNOWN))
        .when(disposition == "ANSWERED")
        .then(nw.lit(_TALK))
        .when(outbound)
        .then(nw.lit(_IN_VAIN))
        .when(disposition.is_in(list(missed)))
        .then(nw.lit(_TRY))
        .otherwise(nw.lit(-1))
    )
    number = nw.when(inbound).then(nw.col("caller_key")).otherwise(nw.col("dialled_key"))
    with_whom = nw.when(inbound).then(nw.col("answered_by")).otherwise(nw.col("caller"))
    picked = rows.filter((inbound | outbound) & ~nw.col("start").is_null()).select(
        "start",
        "caller",
        "dialled",
        nw.coalesce("caller_contact", "caller_name").alias("caller_name"),
        "queue",
        number.alias("number"),
        kind.cast(nw.Int64).alias("kind"),
        outbound.alias("outbound"),
        with_whom.alias("with_whom"),
    )
    picked = picked.filter(_dialable("number") & (nw.col("kind") >= 0))
    table: pd.DataFrame = collected(picked).to_pandas()
    table = pd.concat([table, *_undirected(rows)], ignore_index=True)
    table["code"] = pd.factorize(table["number"])[0]
    # Calls of numbers without a missed call are of no use.
    tried = np.zeros(table["code"].max() + 1 if len(table) else 0, dtype=bool)
    tried[table.loc[table["kind"] == _TRY, "code"].to_numpy()] = True
    table = table[tried[table["code"].to_numpy()]]
    return table.sort_values(["code", "start", "kind"], kind="stable", ignore_index=True)


def _undirected(rows: Rows) -> list[pd.DataFrame]:
    """Return calls of unknown direction as calls of unknown outcome, of each of their numbers."""
    lost = rows.filter(nw.col("direction").is_null() & ~nw.col("start").is_null())
    found = []
    for key in ("caller_key", "dialled_key"):
        some = lost.filter(_dialable(key)).select("start", nw.col(key).alias("number"))
        table = collected(some).to_pandas()
        if len(table):
            found.append(table.assign(kind=_UNKNOWN))
    return found


def _matters(sorted_calls: pd.DataFrame) -> pd.DataFrame:
    """Return a row for each matter: the tries of one number between two talks."""
    code, kind = sorted_calls["code"].to_numpy(), sorted_calls["kind"].to_numpy()
    count = len(sorted_calls)
    places = np.arange(count)
    # A matter is all calls of a number up to the next talk; the talk itself is its last call.
    begins = np.ones(count, dtype=bool)
    begins[1:] = (code[1:] != code[:-1]) | (kind[:-1] == _TALK)
    matter = np.cumsum(begins) - 1
    is_try = kind == _TRY
    tries = sorted_calls[is_try].assign(matter=matter[is_try], place=places[is_try])
    grouped = tries.groupby("matter", sort=True)
    found = grouped.agg(
        caller=("caller", "last"),
        dialled=("dialled", "last"),
        caller_name=("caller_name", "last"),
        queue=("queue", "last"),
        first=("start", "first"),
        last=("start", "last"),
        tries=("start", "size"),
        place=("place", "first"),
    )
    ends = np.append(np.flatnonzero(begins)[1:], count) - 1
    end = ends[found.index.to_numpy()] if count else np.zeros(0, dtype="int64")
    place = found["place"].to_numpy(dtype="int64")
    for name, which in (("attempts", _IN_VAIN), ("unknown", _UNKNOWN)):
        so_far = np.append(0, np.cumsum(kind == which))
        found[name] = (so_far[end + 1] - so_far[place]).astype("int64")
    talk = sorted_calls.iloc[end].set_axis(found.index)
    talked = talk["kind"] == _TALK
    found["returned"] = talk["start"].astype("Int64").where(talked)
    how = talk["outbound"].astype("boolean").map({True: "callback", False: "caller"})
    found["how"] = how.astype("str").where(talked)
    found["returned_by"] = talk["with_whom"].astype("str").where(talked)
    found["after"] = ((found["returned"] - found["first"]) / SECOND).astype("float64")
    for name in ("first", "last", "returned"):
        found[name] = pd.to_datetime(found[name].astype("Int64"), unit="us", utc=True)
    kinds: dict[str, Any] = dict.fromkeys(
        ("caller", "caller_name", "dialled", "queue", "how"), "str"
    )
    kinds |= dict.fromkeys(("first", "last", "returned"), "datetime64[us, UTC]")
    counts = ["tries", "attempts", "unknown"]
    names = ["caller", "caller_name", "dialled", "queue", "first", "last", *counts]
    names += ["returned", "how", "returned_by", "after"]
    kinds |= dict.fromkeys(counts, "int64")
    matters: pd.DataFrame = found[names].astype(kinds)
    return matters
