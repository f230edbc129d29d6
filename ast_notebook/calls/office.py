"""The part of a report about an office: who waits for a call, who called again, what changed."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Sequence
from typing import Any
from zoneinfo import ZoneInfo

import narwhals as nw
import pandas as pd

from ast_notebook.calls import measures
from ast_notebook.calls.frames import begun
from ast_notebook.calls.measures.grouping import Rows, Zone, read
from ast_notebook.durations import duration
from ast_notebook.errors import ConfError
from ast_notebook.moments import Moment, microseconds
from ast_notebook.units import SECOND

#: The words for how much earlier the period to compare with was.
AGO = {"yesterday": "1d", "last-week": "1w", "last-month": "4w", "last-year": "52w"}
#: How many callers a page lists.
MOST = 20
_DAY = 86_400 * SECOND
#: The type of a function that draws a table from a caption, a head and rows.
Draw = Callable[[str, Sequence[str], Iterable[Sequence[object]]], str]


class Office:
    """Answers the questions of an office about its calls, for a report.

    Attributes
    ----------
    known : bool
        Whether calls have directions; the measures that need one have no rows otherwise.
    unreturned : pandas.DataFrame
        `measures.unreturned` of all callers who still wait for a call.
    settled : float
        The share of matters that were settled within a day. Only matters that began at least a day
        before the last call count; NaN if there were none.
    without_number : int
        How many missed calls had no number.
    repeats, repeats_by_agent : pandas.DataFrame
        `measures.repeats` within a day, by queue and by the one who answered.
    comparison : pandas.DataFrame or None
        `measures.compare` with the period before, if one was asked for.
    compared : tuple of pandas.Timestamp or None
        The beginning and end of that period.
    names : dict
        The names in the phone book, by the numbers as the PBX gave them.
    compared_from : pandas.Timestamp or None
        The beginning of the first known call. If that period begins before it, calls may be missing
        from the comparison.
    """

    def __init__(
        self, calls: Any, *, since: Moment | None = None, against: str | None = None, tz: Zone
    ) -> None:
        self.tz = tz
        self.comparison: pd.DataFrame | None = None
        self.compared: tuple[pd.Timestamp, pd.Timestamp] | None = None
        self.compared_from: pd.Timestamp | None = None
        of_period = begun(calls, since)
        rows = read(of_period, _NAMED, ("start",))
        told = rows.select(nw.col("direction").count()).collect("pyarrow").item()
        self.known = bool(told)
        if not told:
            of_period = pd.DataFrame({"start": pd.Series(dtype="datetime64[us, UTC]")})
        every = measures.unreturned(of_period, None, settled=True)
        self.unreturned = every[every["returned"].isna()].reset_index(drop=True)
        last = rows.select(nw.col("start").max()).collect("pyarrow").item()
        ends = every["first"] + pd.Timedelta("1D")
        decided = every.head(0)
        if last is not None:
            decided = every[ends <= pd.Timestamp(last, unit="us", tz="UTC")]
        in_time = decided["after"] * SECOND <= _DAY
        self.settled = float(in_time.mean()) if len(decided) else float("nan")
        self.without_number = measures.without_number(of_period)
        self.repeats = measures.repeats(of_period)
        self.repeats_by_agent = measures.repeats(of_period, by=("answered_by",))
        self.names = _names(rows)
        if against is not None:
            self._compare(calls, since, against)

    def _compare(self, calls: Any, since: Moment | None, against: str) -> None:
        rows = read(calls, {"start": nw.Int64}, ("start",))
        begins = rows.select(
            nw.col("start").min().alias("first"), nw.col("start").max().alias("last")
        )
        first, last = begins.collect("pyarrow").to_pandas().iloc[0]
        if since is None:
            raise ConfError("to compare with an earlier period, say when this one began: since=…")
        begin = pd.Timestamp(microseconds(since), unit="us", tz="UTC")
        end = begin
        if not pd.isna(last):
            end = max(begin, pd.Timestamp(int(last), unit="us", tz="UTC") + pd.Timedelta("1us"))
            self.compared_from = pd.Timestamp(int(first), unit="us", tz="UTC")
        before = tuple(_earlier(one, against, self.tz) for one in (begin, end))
        if before[1] > begin:
            raise ConfError(f"this period is longer than {against}: compare with an earlier one")
        self.compared = before[0], before[1]
        lots = (_within(rows, *edges) for edges in ((begin, end), before))
        lengths = [(end - begin).total_seconds(), (before[1] - before[0]).total_seconds()]
        same = lengths if all(lengths) else [1.0, 1.0]
        self.comparison = measures.compare(*lots, lengths=(same[0], same[1]))

    def hidden(self, hide: Callable[[pd.DataFrame], pd.DataFrame]) -> Office:
        """Return a copy with pseudonyms; `hide` returns a frame with pseudonyms."""
        made = copy.copy(self)
        made.unreturned = hide(self.unreturned)
        made.repeats_by_agent = hide(self.repeats_by_agent)
        made.names = {}
        return made

    def named(self, number: str) -> str:
        """Return a number, with its name in the phone book if it has one."""
        name = self.names.get(number)
        return number if name is None else f"{name} ({number})"

    def numbers(self) -> list[tuple[str, str]]:
        """Return the main numbers as they are shown: names and values."""
        if not self.known:
            return []
        sure, most = int((self.unreturned["unknown"] == 0).sum()), len(self.unreturned)
        rows = [("wait for a call", f"{most:,}" if sure == most else f"{sure:,} to {most:,}")]
        if not pd.isna(self.settled):
            rows.append(("settled within a day", f"{self.settled:.1%}"))
        if self.without_number:
            rows.append(("missed without a number", f"{self.without_number:,}"))
        first, repeated = (self.repeats[name].sum() for name in ("first_calls", "repeated"))
        if first:
            rows.append(("solved by the first call", f"{1 - repeated / first:.1%}"))
        return rows

    def tables(self, draw: Draw) -> Iterable[str]:
        """Yield the tables that have rows; `draw` makes each from a caption, a head and rows."""
        if len(self.unreturned):
            head = ["caller", "name", "tries", "first", "last", "called back in vain"]
            more = len(self.unreturned) - MOST
            title = "Who waits for a call" + (f", and {more:,} more" if more > 0 else "")
            rows = self.unreturned.head(MOST).to_dict("records")
            yield draw(title, head, ([*map(self._shown, map(row.get, _WAITING))] for row in rows))
        for found, name, who in (
            (self.repeats, "queue", "queue"),
            (self.repeats_by_agent, "answered_by", "who took the first call"),
        ):
            known = found[found["first_calls"] > 0]
            if len(known):
                head = [name.replace("_", " "), "first calls", "called again", "solved at once"]
                shares = known[[name, "first_calls", "repeated", "fcr"]].itertuples(index=False)
                lines = (
                    [_text(one), first, again, f"{share:.1%}"]
                    for one, first, again, share in shares
                )
                yield draw(f"Called again within a day, by {who}", head, lines)
        if self.comparison is not None and self.compared is not None:
            head = ["measure", "now", "before", "difference", "p", "more than chance"]
            known = self.comparison[self.comparison[["now", "before"]].notna().any(axis="columns")]
            yield draw(self._title(), head, map(_compared, known.to_dict("records")))

    def _title(self) -> str:
        assert self.compared is not None
        first, last = map(self._shown, self.compared)
        title = f"Compared with {first} to {last}"
        if self.compared_from is not None and self.compared_from > self.compared[0]:
            title += f"; no call is known before {self._shown(self.compared_from)}"
        return title

    def _shown(self, value: Any) -> str:
        if isinstance(value, pd.Timestamp):
            return f"{value.tz_convert(self.tz):%Y-%m-%d %H:%M}"
        return _text(value)


_NAMED: dict[str, Any] = dict.fromkeys(
    ("direction", "caller", "caller_contact", "dialled", "dialled_contact"), nw.String
) | {"start": nw.Int64}
_WAITING = ("caller", "caller_name", "tries", "first", "last", "attempts")


def _names(rows: Rows) -> dict[str, str]:
    found: dict[str, str] = {}
    for side in ("caller", "dialled"):
        contact = f"{side}_contact"
        pairs = rows.filter(~nw.col(contact).is_null()).select(side, contact).unique()
        found |= dict(pairs.collect("pyarrow").iter_rows())
    return found


def _text(value: Any) -> str:
    return "-" if pd.isna(value) else str(value)


def _compared(row: dict[Any, Any]) -> list[str]:
    change = "-" if pd.isna(row["significant"]) else "yes" if row["significant"] else "no"
    name = f"{row['measure']} (median)" if row["unit"] == "s" else row["measure"]
    values = [_valued(row[side], row["unit"]) for side in ("now", "before")]
    values.append(_changed(row["difference"], row["unit"]))
    p = "-" if pd.isna(row["p"]) else "< 0.001" if row["p"] < 0.001 else f"{row['p']:.3f}"
    return [name, *values, p, change]


def _changed(value: float, unit: str) -> str:
    if pd.isna(value):
        return "-"
    return {"share": f"{100 * value:+.1f} points", "s": f"{value:+.1f} s"}.get(
        unit, f"{value:+,.0f}"
    )


def _valued(value: float, unit: str) -> str:
    if pd.isna(value):
        return "-"
    return {"share": f"{value:.1%}", "s": f"{value:.1f} s"}.get(unit, f"{value:,.0f}")


def ago(against: str) -> pd.Timedelta:
    """Return how much earlier the period to compare with was.

    Raises
    ------
    ConfError
        If it is neither one of `AGO` nor a length of time.
    """
    said = AGO.get(against.strip().lower(), against)
    try:
        return pd.Timedelta(microseconds=duration(said, "against"))
    except ConfError:
        raise ConfError(
            f"{against[:40]!r} is no earlier time to compare with: write {', '.join(AGO)}, or how "
            "much earlier it was, such as 14d"
        ) from None


def _earlier(moment: pd.Timestamp, against: str, tz: Zone) -> pd.Timestamp:
    """Return a moment shifted into the past; whole days keep the time of the day in a zone."""
    back = ago(against)
    if back % pd.Timedelta(days=1):
        return moment - back
    there = moment.tz_convert(tz).tz_localize(None) - back
    # A zone of dateutil, such as this machine's, converts one datetime at a time.
    zone = ZoneInfo(tz) if isinstance(tz, str) else tz
    local = there.to_pydatetime(warn=False).replace(tzinfo=zone)
    return pd.Timestamp(local.timestamp(), unit="s", tz="UTC").as_unit("us")


def _within(rows: Rows, begin: pd.Timestamp, end: pd.Timestamp) -> Any:
    first, last = (round(one.timestamp() * SECOND) for one in (begin, end))
    return rows.filter((nw.col("start") >= first) & (nw.col("start") < last))
