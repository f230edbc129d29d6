"""Picks the worst MOS, loss, jitter and round trip: of a leg's directions, and of a call's legs."""

from __future__ import annotations

from typing import Any

import narwhals as nw

from ast_notebook.calls.quality.rated import DIRECTIONS

#: Whether the worst value is the least one, or the greatest.
_WORST = {"mos": "min", "loss": "max", "jitter": "max", "rtt": "max"}


def legs_with_worst(legs: nw.LazyFrame[Any], voice: nw.LazyFrame[Any] | None) -> nw.LazyFrame[Any]:
    """Add ``mos loss jitter rtt`` of the worse direction to legs.

    Parameters
    ----------
    legs : nw.LazyFrame
        A frame with the ``uniqueid`` of each leg.
    voice : nw.LazyFrame or None
        `Source.voice`.
    """
    if voice is None:
        return _with_none(legs)
    return legs.join(_of_legs(voice), on="uniqueid", how="left")


def with_worst(
    calls: nw.LazyFrame[Any], legs: nw.LazyFrame[Any], voice: nw.LazyFrame[Any] | None
) -> nw.LazyFrame[Any]:
    """Add ``mos loss jitter rtt`` of the worst leg to calls, by the ``call`` of their legs."""
    if voice is None:
        return _with_none(calls)
    of_calls = (
        legs.select("uniqueid", "call")
        .join(_of_legs(voice), on="uniqueid", how="inner")
        .group_by("call")
        .agg(*(getattr(nw.col(name), how)() for name, how in _WORST.items()))
    )
    return calls.join(of_calls, on="call", how="left")


def _of_legs(voice: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    values = []
    for name, how in _WORST.items():
        both = [f"{direction}_{name}" for direction in DIRECTIONS]
        worst = nw.min_horizontal(*both) if how == "min" else nw.max_horizontal(*both)
        values.append(worst.alias(name))
    return voice.select("uniqueid", *values)


def _with_none(frame: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    return frame.with_columns(nw.lit(None, dtype=nw.Float64).alias(name) for name in _WORST)
