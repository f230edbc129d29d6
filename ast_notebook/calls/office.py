"""The part of a report about an office: who waits for a call, who called again, what changed."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import narwhals as nw
import pandas as pd

from ast_notebook.calls import measures
from ast_notebook.calls.engines import collected
from ast_notebook.calls.frames import begun
from ast_notebook.calls.measures.grouping import Rows, Zone, read
from ast_notebook.moments import Moment
from ast_notebook.show import signed
from ast_notebook.units import SECOND

#: How many callers a page lists.
MOST = 20
_DAY = 86_400 * SECOND
#: The type of a function that draws a table from a caption, a head and rows.
Draw = Callable[[str, Sequence[str], Iterable[Sequence[object]]], str]


#: The meaning of each of `Office.numbers`, in one sentence.
MEANINGS = {
    "wait for a call": "Callers from outside whose call nobody took, and with whom nobody has "
    "talked since.",
    "settled within a day": "The share of those who called in vain with whom somebody talked "
    "within a day.",
    "missed without a number": "Missed calls from outside that nobody can return.",
    "solved by the first call": "The share of answered first calls after which the same number "
    "did not call again within a day.",
}


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
        `measures.compare` with the time before, if one was asked for and is known.
    names : dict
        The names in the phone book, by the numbers as they were heard.
    """

    def __init__(self, calls: Any, *, since: Moment | None = None, tz: Zone) -> None:
        self.tz = tz
        self.comparison: pd.DataFrame | None = None
        self._scale = 1.0
        of_period = begun(calls, since)
        rows = read(of_period, _NAMED, ("start",))
        directed = rows.select(nw.col("direction").count()).collect("pyarrow").item()
        self.known = bool(directed)
        if not directed:
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

    def compare(self, calls: Any, before: Any, lengths: tuple[float, float]) -> None:
        """Compare the calls of the report's time with those before; `lengths` are in seconds."""
        same = lengths if all(lengths) else (1.0, 1.0)
        self.comparison = measures.compare(calls, before, lengths=same)
        self._scale = 1.0 if abs(same[0] - same[1]) < 1 else same[0] / same[1]

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
            more = len(self.unreturned) - MOST
            title = "Who waits for a call" + (f", and {more:,} more" if more > 0 else "")
            shown = self.unreturned.head(MOST)
            is_number = shown["caller_name"] == shown["caller"]
            shown = shown.assign(caller_name=shown["caller_name"].mask(is_number))
            # If nobody has a name, there is no column of names.
            named = {name: head for name, head in _WAITING.items() if shown[name].notna().any()}
            rows = shown[[*named]].itertuples(index=False)
            yield draw(title, [*named.values()], ([*map(self._shown, row)] for row in rows))
        for found, name, who, nobody in (
            (self.repeats, "queue", "queue", "in no queue"),
            (self.repeats_by_agent, "answered_by", "who took the first call", "not known"),
        ):
            known = found[found["first_calls"] > 0]
            if len(known):
                head = [name.replace("_", " "), "first calls", "called again", "solved at once"]
                shares = known[[name, "first_calls", "repeated", "fcr"]].itertuples(index=False)
                lines = (
                    [nobody if pd.isna(one) else str(one), first, again, f"{share:.1%}"]
                    for one, first, again, share in shares
                )
                yield draw(f"Called again within a day, by {who}", head, lines)

    def compared(self, draw: Draw) -> str:
        """Return the table of what differs from before; empty if nothing is compared."""
        if self.comparison is None:
            return ""
        head = ["measure", "now", "before", "difference", "p", "more than chance"]
        known = self.comparison[self.comparison[["now", "before"]].notna().any(axis="columns")]
        changes = map(_compared, known.to_dict("records"))
        title = (
            "What differs from before, and whether by more than chance: p is the probability that "
            "chance alone makes such a difference"
        )
        counts = known["before"][(known["unit"] == "calls") & (known["before"] > 0)]
        if self._scale != 1 and len(counts):
            before = counts.iloc[0]
            title += (
                "; as these times differ in length, calls are compared per day: "
                f"{before:,.0f} before are as many as {before * self._scale:,.0f} now"
            )
        return draw(title, head, changes)

    def _shown(self, value: Any) -> str:
        if isinstance(value, pd.Timestamp):
            return f"{value.tz_convert(self.tz):%Y-%m-%d %H:%M}"
        return _text(value)


_NAMED: dict[str, Any] = dict.fromkeys(
    ("direction", "caller", "caller_contact", "dialled", "dialled_contact"), nw.String
) | {"start": nw.Int64}
_WAITING = {
    "caller": "caller",
    "caller_name": "name",
    "tries": "tries",
    "first": "first",
    "last": "last",
    "attempts": "called back in vain",
}


def _names(rows: Rows) -> dict[str, str]:
    found: dict[str, str] = {}
    for side in ("caller", "dialled"):
        contact = f"{side}_contact"
        pairs = rows.filter(~nw.col(contact).is_null()).select(side, contact).unique()
        found |= dict(collected(pairs).iter_rows())
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
    size = abs(value)
    shown = {"share": f"{100 * size:.1f} points", "s": f"{size:.1f} s"}.get(unit, f"{size:,.0f}")
    return signed(value, shown)


def _valued(value: float, unit: str) -> str:
    if pd.isna(value):
        return "-"
    return {"share": f"{value:.1%}", "s": f"{value:.1f} s"}.get(unit, f"{value:,.0f}")
