"""When people talked: two real channels in one bridge, Local channels seen through.

Most calls have one bridge with two channels in it; those are reckoned on the engine. The others (a
transfer, a conference, Local channels, a pickup) come to the driver and are swept through in time.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

import narwhals as nw

from ast_notebook.calls.engines import keep, small
from ast_notebook.calls.source import Source

_SCHEMA = {
    "call": nw.String,
    "answered": nw.Int64,
    "talk": nw.Int64,
    "answerer": nw.String,
    "talking": nw.Boolean,
}


@dataclass
class Talk:
    """What is known of one call's talking so far; times in microseconds."""

    answered: int | None = None
    total: int = 0
    since: int | None = None
    #: The channels that were connected first, the one that came last at the end.
    first: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Step:
    """A channel enters or leaves a bridge."""

    time: int
    enters: bool
    bridge: str
    uniqueid: str
    call: str
    #: What both halves of a Local channel have in common; None for a real channel.
    pair: str | None


def talks(source: Source, legs: nw.LazyFrame[Any], origins: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Return ``call answered talk answerer talking``, a row for each call in which there was talk.

    Parameters
    ----------
    source : Source
    legs : nw.LazyFrame
        As `channels.build` made them.
    origins : nw.LazyFrame
        ``call`` and ``origin``, the channel that each call began with.
    """
    who = legs.select("uniqueid", "call", "channel", "local")
    entered = source.only("BridgeEnter", uniqueid="uniqueid", bridge="bridgeuniqueid")
    left = source.only("BridgeLeave", uniqueid="uniqueid", bridge="bridgeuniqueid")
    steps = nw.concat(
        [
            entered.with_columns(nw.lit(1, dtype=nw.Int64).alias("enters")),
            left.with_columns(nw.lit(0, dtype=nw.Int64).alias("enters")),
        ],
        how="vertical",
    ).join(who, on="uniqueid", how="inner")
    steps = keep(steps)
    bridges = keep(_bridges(steps))
    per_call = (
        steps.select("call", "bridge")
        .unique()
        .join(bridges.select("bridge", "simple"), on="bridge", how="left")
        .group_by("call")
        .agg(nw.len().alias("bridges"), nw.col("simple").min().alias("simple"))
    )
    easy = per_call.filter((nw.col("bridges") == 1) & (nw.col("simple") == 1)).select("call")
    simple = (
        bridges.filter(nw.col("simple") == 1)
        .join(easy, left_on="first_call", right_on="call", how="semi")
        .join(origins, left_on="first_call", right_on="call", how="left")
        .select(
            nw.col("first_call").alias("call"),
            nw.col("last_in").alias("answered"),
            (nw.col("first_out") - nw.col("last_in")).alias("talk"),
            nw.when(nw.col("origin") == nw.col("low"))
            .then(nw.col("high"))
            .otherwise(nw.col("low"))
            .alias("answerer"),
            nw.col("first_out").is_null().alias("talking"),
        )
    )
    hard = (
        steps.join(easy, on="call", how="anti")
        .sort("time")
        .select("time", "enters", "bridge", "uniqueid", "call", "channel", "local")
        .collect()
    )
    return nw.concat([simple, _swept(hard, origins)], how="vertical")


def _bridges(steps: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Return a row a bridge; simple is one with two channels that are one call's, and real."""
    into = (
        steps.filter(nw.col("enters") == 1)
        .with_columns(nw.col("local").cast(nw.Int64).alias("locals"))
        .group_by("bridge")
        .agg(
            nw.len().alias("times"),
            nw.col("uniqueid").min().alias("low"),
            nw.col("uniqueid").max().alias("high"),
            nw.col("call").min().alias("first_call"),
            nw.col("call").max().alias("last_call"),
            nw.col("locals").sum(),
            nw.col("time").max().alias("last_in"),
        )
    )
    out = (
        steps.filter(nw.col("enters") == 0)
        .group_by("bridge")
        .agg(nw.col("time").min().alias("first_out"))
    )
    simple = (
        (nw.col("times") == 2)
        & (nw.col("low") != nw.col("high"))
        & (nw.col("first_call") == nw.col("last_call"))
        & (nw.col("locals") == 0)
        & (nw.col("first_out").is_null() | (nw.col("first_out") >= nw.col("last_in")))
    )
    return into.join(out, on="bridge", how="left").with_columns(
        nw.when(simple).then(nw.lit(1)).otherwise(nw.lit(0)).alias("simple")
    )


def _swept(hard: nw.DataFrame[Any], origins: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    calls = sorted({call for call in hard["call"].to_list() if call is not None})
    wanted = small({"call": calls}, {"call": nw.String}, origins)
    begun = dict(origins.join(wanted, on="call", how="semi").collect().iter_rows())
    rows: dict[str, list[Any]] = {name: [] for name in _SCHEMA}
    for call, talk in sweep(_steps(hard)):
        if talk.answered is None:
            continue
        others = [one for one in talk.first if one != begun.get(call)]
        rows["call"].append(call)
        rows["answered"].append(talk.answered)
        rows["talk"].append(None if talk.since is not None else talk.total)
        rows["answerer"].append(others[-1] if others else None)
        rows["talking"].append(talk.since is not None)
    return small(rows, _SCHEMA, origins)


def _steps(hard: nw.DataFrame[Any]) -> Iterator[Step]:
    for time, enters, bridge, uniqueid, call, channel, local in hard.iter_rows():
        pair = str(channel).rpartition(";")[0] if local else None
        yield Step(int(time), bool(enters), bridge, uniqueid, call, pair)


def sweep(steps: Iterable[Step]) -> list[tuple[str, Talk]]:
    """Go through the steps in time, and reckon for each call when it had two people connected.

    Calls that meet in one bridge (a conference) are gone through together.
    """
    groups = _together(list(steps))
    found: list[tuple[str, Talk]] = []
    for group in groups:
        found += _sweep(group).items()
    return found


def _together(steps: list[Step]) -> Iterable[list[Step]]:
    """Part the steps by calls that share no bridge."""
    above: dict[str, str] = {}

    def root(one: str) -> str:
        while (next_one := above.setdefault(one, one)) != one:
            above[one] = above[next_one]
            one = next_one
        return one

    for step in steps:
        above[root(step.bridge)] = root(step.call)
    groups: dict[str, list[Step]] = defaultdict(list)
    for step in steps:
        groups[root(step.call)].append(step)
    return groups.values()


def _sweep(steps: list[Step]) -> dict[str, Talk]:
    talks: dict[str, Talk] = defaultdict(Talk)
    inside: dict[str, dict[str, Step]] = defaultdict(dict)
    for time, moment in groupby(steps, key=lambda step: step.time):
        for step in moment:
            if step.enters:
                inside[step.bridge][step.uniqueid] = step
            else:
                inside[step.bridge].pop(step.uniqueid, None)
                if not inside[step.bridge]:
                    del inside[step.bridge]
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


def _talking(inside: dict[str, dict[str, Step]]) -> dict[str, list[str]]:
    """Return the calls that have people connected, and which of their channels these are."""
    rooms = list(inside.values())
    # Two bridges with one half each of a Local channel are as good as one.
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
    connected: dict[int, list[Step]] = defaultdict(list)
    for number, people in enumerate(rooms):
        connected[room(number)] += [step for step in people.values() if step.pair is None]
    calls: dict[str, list[str]] = defaultdict(list)
    for people_there in connected.values():
        if len(people_there) > 1:
            for step in sorted(people_there, key=lambda step: step.time):
                calls[step.call].append(step.uniqueid)
    return calls
