"""The main numbers of a report: the name, value, meaning and change of each."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import narwhals as nw
import pandas as pd

from ast_notebook.calls import measures
from ast_notebook.calls.measures.grouping import Zone, read
from ast_notebook.calls.report.values import MISSING, WRITTEN, difference

_ITU = "https://www.itu.int/rec/T-REC-"
#: The addresses of the standards and pages that define measures, by their names.
SOURCES = {
    "ITU-T E.411": f"{_ITU}E.411",
    "ITU-T E.425": f"{_ITU}E.425",
    "ITU-T E.600": f"{_ITU}E.600",
    "ITU-T Q.850": f"{_ITU}Q.850",
    "Asterisk's queue log": "https://docs.asterisk.org/Operation/Logging/Queue-Logs/",
}


@dataclass(frozen=True)
class Number:
    """A number of a report.

    Attributes
    ----------
    key : str
        An identifier, which is the same in every report.
    name : str
        The shown name.
    kind : str
        The kind of the value, one of `values.WRITTEN`.
    value : float
        The value; NaN if it is unknown.
    meaning : str
        The definition, in one sentence.
    source : str
        The standard or the page that defines it, one of `SOURCES`; empty if there is none.
    or_more : bool
        Whether it is a lower bound.
    shown : bool
        Whether a report shows it.
    """

    key: str
    name: str
    kind: str
    value: float
    meaning: str
    source: str = ""
    or_more: bool = False
    shown: bool = True

    @property
    def text(self) -> str:
        """The value as it is shown."""
        written = WRITTEN[self.kind](self.value)
        return f"{written} or more" if self.or_more and written != MISSING else written

    def since(self, before: Number) -> float:
        """Return the difference to an earlier number; NaN if one of them is a lower bound."""
        return math.nan if self.or_more or before.or_more else self.value - before.value

    def change(self, before: Number) -> str:
        """Return the text for the difference to an earlier number, with its sign."""
        if pd.isna(self.since(before)):
            return MISSING
        return difference(self.kind, self.value, before.value)


class Figures:
    """The measures of some calls and queue calls, from which the main numbers are taken.

    Attributes
    ----------
    summary, overall : pandas.DataFrame
        `measures.summary` of all calls, and `measures.service` of all queue calls.
    billed : bool
        Whether lengths of calls are billed seconds, as no talk is known.
    directed : bool
        Whether any call has a direction.
    left_out : int
        How many calls the load leaves out.
    peak : measures.Peak
        The most calls at once.
    busy_hour : measures.BusyHour
        The busiest hour, averaged over the days.
    """

    def __init__(
        self, calls: Any, visits: Any, load: measures.Load, *, tz: Zone, within: float
    ) -> None:
        self.within, self.tz = within, tz
        self.summary = measures.summary(calls)
        self.overall = measures.service(visits, within=within, by=())
        one = _first(self.summary)
        # A CDR has no talk, and bills menus and queues, too.
        self.billed = bool(pd.isna(one["talk"]) and not pd.isna(one["acd"]))
        directed = read(calls, {"direction": nw.String}, ()).select(nw.col("direction").count())
        self.directed = bool(directed.collect("pyarrow").item())
        self.left_out = load.left_out  # and not the load itself, which has all calls
        self.peak = load.peak()
        self.busy_hour = load.busy_hour(tz)

    def numbers(self) -> list[Number]:
        """Return all numbers, also those that a report of these calls does not show."""
        return [*self._of_calls(), *self._of_queues()]

    def _of_calls(self) -> Iterator[Number]:
        one, left_out = _first(self.summary), self.left_out
        yield Number("calls", "calls", "count", one["calls"], "All calls that began in this time.")
        yield Number(
            "unknown",
            "outcome unknown",
            "count",
            one["unknown"],
            "Calls whose source does not tell how they ended.",
            shown=bool(one["unknown"]),
        )
        yield Number(
            "missed",
            "missed",
            "count",
            one["missed"],
            f"Calls that nobody answered, {self._outbound()}; a left message is missed, too.",
        )
        yield Number(
            "asr",
            "answered (ASR)",
            "share",
            one["asr"],
            "The share of all calls that somebody answered.",
            "ITU-T E.411",
        )
        yield Number(
            "ner",
            "delivered (NER)",
            "share",
            one["ner"],
            "The share that came to a telephone, a mailbox, a menu or a queue."
            + (" Not known, since the log does not tell which calls failed." * self._untold("ner")),
            "ITU-T E.425",
        )
        yield Number(
            "acd",
            f"average {'billed time' if self.billed else 'talk'} (ACD)",
            "span",
            one["acd"],
            "The mean time that an answered call "
            + ("was billed for, menus and queues included." if self.billed else "was talked in."),
        )
        yield Number(
            "peak",
            "at once, at most",
            "count",
            _float(self.peak.calls),
            f"The most calls that were there in the same second{self._first_peak()}.",
            or_more=bool(left_out),
        )
        yield Number(
            "left_out",
            "start or end unknown, left out",
            "count",
            left_out,
            "Calls of unknown length; the load, the peak and the busy hour leave them out.",
            shown=bool(left_out),
        )
        begins = self.busy_hour.begins
        yield Number(
            "busy_hour",
            "busy hour" if begins is None else f"busy hour from {begins:%H:%M}",
            "traffic",
            self.busy_hour.erlangs,
            "The hour with the most traffic on an average day, "
            f"with {self.busy_hour.attempts:.1f} new calls; 1 E is one call all the time.",
            "ITU-T E.600",
            or_more=bool(left_out),
            shown=begins is not None,
        )

    def _untold(self, name: str) -> bool:
        """Return whether a measure of the calls is missing although there are calls."""
        one = _first(self.summary)
        return bool(one["calls"] and pd.isna(one[name]))

    def _outbound(self) -> str:
        if self.directed:
            return "without outbound ones"
        return "outbound ones included as long as no trunk is named"

    def _first_peak(self) -> str:
        when = self.peak.time
        return "" if when is None else f", first on {when.tz_convert(self.tz):%Y-%m-%d at %H:%M}"

    def _of_queues(self) -> Iterator[Number]:
        queue, log = _first(self.overall), "Asterisk's queue log"
        there = bool(queue["offered"])
        yield Number(
            "offered",
            "offered to queues",
            "count",
            queue["offered"],
            "How often a caller came to a queue.",
            log,
            shown=there,
        )
        yield Number(
            "queue_unknown",
            "outcome in queues unknown",
            "count",
            queue["unknown"],
            "Queue calls whose outcome is not known.",
            shown=there and bool(queue["unknown"]),
        )
        yield Number(
            "wait_unknown",
            "wait unknown, left out",
            "count",
            queue["wait_unknown"],
            "Queue calls whose wait is not known.",
            shown=there and bool(queue["wait_unknown"]),
        )
        yield Number(
            "service_level",
            f"within {self.within:g} s",
            "share",
            queue["service_level"],
            "The service level: the share of the offered calls that were answered within "
            f"{self.within:g} s.",
            log,
            shown=there,
        )
        yield Number(
            "abandon_rate",
            "gave up",
            "share",
            queue["abandon_rate"],
            "The share of the offered calls whose caller hung up while waiting.",
            log,
            shown=there,
        )
        yield Number(
            "asa",
            "speed of answer",
            "span",
            queue["asa"],
            "The mean wait of the answered calls.",
            log,
            shown=there,
        )


def nothing(numbers: list[Number]) -> list[Number]:
    """Return the same numbers without values."""
    return [
        Number(one.key, one.name, one.kind, math.nan, one.meaning, one.source) for one in numbers
    ]


def _first(table: pd.DataFrame) -> dict[str, float]:
    """Return a table's first row, with NaN for missing values."""
    return {str(name): _float(value) for name, value in table.iloc[0].items()}


def _float(number: Any) -> float:
    return math.nan if number is None or pd.isna(number) else float(number)
