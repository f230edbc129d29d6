"""Computes when two real channels were in one bridge, or in bridges that Local channels join.

Most calls have one bridge with two channels in it, and the engine of the events computes their
talk. Other calls (with a transfer, a conference, Local channels or a pickup) are processed in
Python, one step after the other.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain, groupby
from typing import Any, NamedTuple

import narwhals as nw
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ast_notebook.calls.engines import Work
from ast_notebook.calls.linkedids import joined
from ast_notebook.calls.source import ORDER, Source

_AT_ONCE = 10_000  # rows
#: Events that tell that a channel is in a bridge. If a channel is transferred into a conference,
#: only the conference's event tells that it enters, or none does. No event tells that the channel
#: that it replaces leaves.
_ENTERS = ("BridgeEnter", "ConfbridgeJoin")
_STEPS = (*_ENTERS, "BridgeLeave", "Hangup")
_SCHEMA = {
    "call": nw.String,
    "answered": nw.Int64,
    "talk": nw.Int64,
    "answerer": nw.String,
    "talking": nw.Boolean,
}


@dataclass(slots=True)
class Talk:
    """The state of one call's talk so far; times are in microseconds."""

    answered: int | None = None
    total: int = 0
    since: int | None = None
    #: The channels that were connected first, in the order in which they came.
    first: list[str] = field(default_factory=list)


class BridgeStep(NamedTuple):
    """A channel enters or leaves a bridge, or ends."""

    time: int
    enters: bool
    #: The bridge; None if the channel ends.
    bridge: str | None
    uniqueid: str
    call: str
    #: The common name of both halves of a Local channel; None for a real channel.
    pair: str | None
    #: Whether an agent waits on this channel. Callers who are connected to it have separate calls.
    place: bool = False
    #: The order of steps with the same time.
    order: int = 0


def talks(source: Source, legs: nw.LazyFrame[Any], origins: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Return ``call answered talk answerer talking``: a row for each call in which people talked.

    Parameters
    ----------
    source : Source
    legs : nw.LazyFrame
        The legs from `channels.build`.
    origins : nw.LazyFrame
        ``call`` and ``origin``, the channel that each call began with.
    """
    people = source.work.keep(_people(source, legs))
    simple = nw.col("simple") == 1
    simple_calls = (
        people.filter(simple)
        .join(origins, on="call", how="left")
        .select(
            "call",
            nw.col("last_in").alias("answered"),
            (nw.col("first_out") - nw.col("last_in")).alias("talk"),
            nw.when(nw.col("origin") == nw.col("low"))
            .then(nw.col("high"))
            .otherwise(nw.col("low"))
            .alias("answerer"),
            nw.col("first_out").is_null().alias("talking"),
        )
    )
    who = source.work.keep(
        legs.select("uniqueid", "call", "channel", "local", "place").join(
            people.filter(~simple).select("call"), on="call", how="semi"
        )
    )
    steps = source.only(
        _STEPS, event="event", uniqueid="uniqueid", bridge="bridgeuniqueid", **{ORDER: ORDER}
    )
    known = ~nw.col("bridge").is_null()
    ends = (nw.col("event") == "Hangup") & ~nw.col("place")
    complex_steps = (
        steps.join(who, on="uniqueid", how="inner")
        .filter(known | ends)
        .select(
            "time",
            nw.col(ORDER).alias("order"),
            nw.col("event").is_in(_ENTERS).alias("enters"),
            "bridge",
            "uniqueid",
            "call",
            nw.when(nw.col("local"))
            .then(nw.col("channel").str.replace_all(";[12]$", ""))
            .alias("pair"),
            "place",
        )
        .sort("order", "uniqueid")
        .collect()
    )
    return nw.concat(
        [simple_calls, _swept(complex_steps.to_arrow(), origins, source.work)], how="vertical"
    )


def _people(source: Source, legs: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Return a row for each call with channels in bridges.

    A call is ``simple`` if it has two such channels, both of them real, if each was once in the
    same bridge, and if no other channel was in that bridge.
    """
    bridged = legs.filter(~nw.col("entered").is_null()).with_columns(
        nw.col("local").cast(nw.Int64).alias("locals")
    )
    calls = bridged.group_by("call").agg(
        nw.len().alias("people"),
        nw.col("bridges").sum(),
        nw.col("locals").sum(),
        nw.col("uniqueid").min().alias("low"),
        nw.col("uniqueid").max().alias("high"),
        nw.col("bridge").min(),
        nw.col("last_bridge").max(),
        nw.col("entered").max().alias("last_in"),
        nw.col("first_left").min().alias("first_out"),
    )
    entered = (
        source.only("BridgeEnter", bridge="bridgeuniqueid")
        .group_by("bridge")
        .agg(nw.len().alias("times"))
    )
    simple = (
        (nw.col("people") == 2)
        & (nw.col("bridges") == 2)
        & (nw.col("times") == 2)
        & (nw.col("bridge") == nw.col("last_bridge"))
        & (nw.col("locals") == 0)
        & (nw.col("first_out").is_null() | (nw.col("first_out") > nw.col("last_in")))
    )
    return calls.join(entered, on="bridge", how="left").with_columns(
        nw.when(simple).then(nw.lit(1)).otherwise(nw.lit(0)).alias("simple")
    )


def _swept(complex_steps: pa.Table, origins: nw.LazyFrame[Any], work: Work) -> nw.LazyFrame[Any]:
    calls = pc.unique(complex_steps["call"]).to_pylist()
    wanted = work.small({"call": calls}, {"call": nw.String}, origins)
    begun = dict(origins.join(wanted, on="call", how="semi").collect().iter_rows())
    rows: dict[str, list[Any]] = {name: [] for name in _SCHEMA}
    for call, talk in chain.from_iterable(sweep(steps).items() for steps in _apart(complex_steps)):
        if talk.answered is None:
            continue
        others = [one for one in talk.first if one != begun.get(call)]
        rows["call"].append(call)
        rows["answered"].append(talk.answered)
        rows["talk"].append(None if talk.since is not None else talk.total)
        rows["answerer"].append(others[-1] if others else None)
        rows["talking"].append(talk.since is not None)
    return work.small(rows, _SCHEMA, origins)


def _apart(complex_steps: pa.Table) -> Iterator[list[BridgeStep]]:
    """Split the steps into groups of calls, so that no bridge is in two groups.

    Only a few steps are Python objects at a time.
    """
    calls, bridges = (_codes(complex_steps[name]) for name in ("call", "bridge"))
    # The numbers of bridges follow those of calls. The step of an agent who waits counts for the
    # bridge and not for his own call. Otherwise all calls of his day would be in one group.
    bridges = np.where(bridges < 0, calls, int(calls.max(initial=-1)) + 1 + bridges)
    one = np.where(complex_steps["place"].to_numpy(), bridges, calls)
    groups = joined(one, bridges, int(bridges.max(initial=-1)) + 1)[one]
    order = np.argsort(groups, kind="stable")
    whole = complex_steps.take(pa.array(order)).append_column("group", pa.array(groups[order]))
    names = ("time", "enters", "bridge", "uniqueid", "call", "pair", "place", "order")
    rows = chain.from_iterable(
        zip(*(block[name].to_pylist() for name in ("group", *names)), strict=True)
        for block in whole.to_batches(max_chunksize=_AT_ONCE)
    )
    for _, some in groupby(rows, key=lambda row: row[0]):
        yield [BridgeStep._make(row[1:]) for row in some]


def _codes(texts: pa.ChunkedArray) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Return a number for each text; equal texts have the same number, and missing ones -1."""
    words = texts.combine_chunks().dictionary_encode()
    return np.asarray(words.indices.fill_null(-1), np.int64)


def sweep(steps: Iterable[BridgeStep]) -> dict[str, Talk]:
    """Go through the steps by time, and compute when each call had two people connected.

    Parameters
    ----------
    steps : iterable of BridgeStep
        The steps of one call, or of several that meet in one bridge (a conference).
    """
    talks: dict[str, Talk] = defaultdict(Talk)
    inside: dict[str, dict[str, BridgeStep]] = defaultdict(dict)
    places: dict[str, str] = {}
    for (time, _), moment in groupby(_whole(list(steps)), key=_came):
        changed = False
        for step in moment:
            place = places.get(step.uniqueid)
            elsewhere = step.bridge is not None and step.bridge != place
            # A channel is in one bridge at a time, and two events may tell the same change.
            if elsewhere != step.enters or (place is None and not step.enters):
                continue
            changed = True
            if place is not None:
                del inside[place][step.uniqueid], places[step.uniqueid]
                if not inside[place]:
                    del inside[place]
            if step.enters and step.bridge is not None:
                inside[step.bridge][step.uniqueid] = step
                places[step.uniqueid] = step.bridge
        if not changed:
            continue
        now = _talking(inside)
        for call, talk in talks.items():
            if talk.since is not None and call not in now:
                talk.total += time - talk.since
                talk.since = None
        for call, people in now.items():
            talk = talks[call]
            if talk.since is None:
                talk.since = time
            if talk.answered is None:
                talk.answered = time
                talk.first = people
    return talks


def _whole(steps: list[BridgeStep]) -> list[BridgeStep]:
    """Add the missing steps of channels that leave a bridge without having entered it."""
    places: dict[str, str | None] = {}
    ended: dict[str | None, BridgeStep] = {}
    came = []
    for step in steps:
        place = places.get(step.uniqueid)
        if step.enters:
            places[step.uniqueid] = step.bridge
        elif step.bridge is None and place is not None:
            del places[step.uniqueid]
            ended[place] = step
        elif step.bridge == place:
            places.pop(step.uniqueid, None)
        elif step.bridge in ended:
            then = ended[step.bridge]
            came.append(step._replace(enters=True, time=then.time, order=then.order))
    return sorted(steps + came, key=_came) if came else steps


def _talking(inside: dict[str, dict[str, BridgeStep]]) -> dict[str, list[str]]:
    """Return the calls in which people are connected, each with the channels of these people."""
    rooms = list(inside.values())
    if sum(step.pair is None for people in rooms for step in people.values()) < 2:
        return {}
    # Two bridges that each have one half of a Local channel count as one.
    ends: dict[str, int] = {}
    joined = list(range(len(rooms)))

    def room(number: int) -> int:
        while joined[number] != number:
            number = joined[number]
        return number

    for number, people in enumerate(rooms):
        for step in people.values():
            if step.pair is not None:
                joined[room(ends.setdefault(step.pair, number))] = room(number)
    connected: dict[int, list[BridgeStep]] = defaultdict(list)
    for number, people in enumerate(rooms):
        connected[room(number)] += [step for step in people.values() if step.pair is None]
    calls: dict[str, list[str]] = defaultdict(list)
    for there in connected.values():
        if len(there) > 1:
            # An agent who waits on the line is a party of each caller's call, but not of his own
            # call.
            for call in {step.call for step in there if not step.place}:
                mine = (step for step in there if step.place or step.call == call)
                calls[call] += [step.uniqueid for step in sorted(mine, key=_came)]
    return calls


def _came(step: BridgeStep) -> tuple[int, int]:
    return step.time, step.order
