"""A report's part on how calls sounded: the share of bad ones, and where they were."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from ast_notebook.calls.measures.grouping import Zone
from ast_notebook.calls.measures.quality import quality
from ast_notebook.counted import counted
from ast_notebook.voice.emodel import BAD

#: How many devices and trunks a page lists.
MOST = 10
#: The type of a function that draws a table from a caption, a head and rows.
Draw = Callable[[str, Sequence[str], Iterable[Sequence[object]]], str]


@dataclass
class Sounded:
    """How the calls of a report sounded.

    Attributes
    ----------
    overall : pandas.DataFrame
        `measures.quality` of all calls, one row.
    by_device, by_trunk, by_hour : pandas.DataFrame
        The same by device, by trunk, and by hour of the day.
    """

    overall: pd.DataFrame
    by_device: pd.DataFrame
    by_trunk: pd.DataFrame
    by_hour: pd.DataFrame

    @classmethod
    def of(cls, calls: Any, tz: Zone) -> Sounded:
        """Measure calls of any engine."""
        overall = quality(calls)
        # Without any score, there is nothing to group.
        some = calls if overall["rated"].item() else pd.DataFrame({"trunk": pd.Series(dtype="str")})
        return cls(
            overall,
            quality(some, by=("device",)),
            quality(some, by=("trunk",)),
            quality(some, by=("hour",), tz=tz),
        )

    @property
    def known(self) -> bool:
        """Whether any call has a score."""
        return bool(self.overall["rated"].item())

    def numbers(self) -> list[tuple[str, str]]:
        """Return the share of bad calls for a report in plain text; nothing if it is unknown."""
        if not self.known:
            return []
        one = self.overall.to_dict("records")[0]
        return [("sounded bad", f"{one['bad']:,} of {one['rated']:,} ({one['bad_share']:.1%})")]

    def lines(self) -> list[str]:
        """Return in words how many calls sounded bad, and what a bad one is."""
        one = self.overall.to_dict("records")[0]
        rest = one["calls"] - one["rated"]
        lines = [
            f"{one['bad']:,} of {one['rated']:,} calls sounded bad ({one['bad_share']:.1%}): a "
            f"score below {BAD:g} (MOS by ITU-T G.107, of the worst leg). The mean is "
            f"{one['mos']:.2f}, the lowest {one['mos_min']:.2f}."
        ]
        if rest:
            lines.append(
                counted(
                    rest,
                    "call has no score: it was too short, or Asterisk sent no report on it.",
                    "calls have no score: they were too short, or Asterisk sent no report on them.",
                )
            )
        return lines

    def tables(self, draw: Draw) -> Iterator[str]:
        """Draw the worst devices and trunks, those with the largest share of bad calls first."""
        for name, frame in (("device", self.by_device), ("trunk", self.by_trunk)):
            worst = worst_of(frame, name)
            if len(worst):
                head = [name, "rated", "bad", "share", "mean MOS", "lost", "jitter", "round trip"]
                yield draw(f"The worst {name}s", head, map(_row, worst.to_dict("records")))

    def hidden(self, hide: Callable[[pd.DataFrame], pd.DataFrame]) -> Sounded:
        """Return the same with pseudonyms; `hide` puts them into a frame."""
        made = copy.copy(self)
        for name in ("device", "trunk"):
            frame = getattr(self, f"by_{name}")
            hidden = frame.assign(**{name: hide(frame[[name]])[name]})
            setattr(made, f"by_{name}", hidden)
        return made


def worst_of(frame: pd.DataFrame, name: str) -> pd.DataFrame:
    """Return the rows with bad calls, the largest share first."""
    bad = frame[(frame["bad"] > 0) & frame[name].notna()]
    return bad.sort_values(["bad_share", "bad", name], ascending=[False, False, True]).head(MOST)


def _row(one: dict[Any, Any]) -> list[str]:
    first = next(iter(one.values()))
    return [
        str(first),
        f"{one['rated']:,}",
        f"{one['bad']:,}",
        f"{one['bad_share']:.1%}",
        f"{one['mos']:.2f}",
        _or_dash(one["loss"], "{:.1f} %"),
        _or_dash(one["jitter"], "{:.0f} ms"),
        _or_dash(one["rtt"], "{:.0f} ms"),
    ]


def _or_dash(value: float, form: str) -> str:
    return "-" if pd.isna(value) else form.format(value)
