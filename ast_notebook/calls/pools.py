"""Finds agents who wait on the line (``AgentLogin``), where callers are connected to them.

An agent of app_agent_pool calls ``AgentLogin`` once, and then takes one call after the other. When
a caller talks to him, both channels get the older of their linkedids, and so do all channels that
are dialled later. So a linkedid that an agent's channel had does not tell which channels belong
together. Which channels do so is known from who dialled whom.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import narwhals as nw

from ast_notebook.calls.source import ORDER, Source

#: The kind of bridge that agents wait in.
_WAITING = "agent_hold"


@dataclass(frozen=True)
class AgentChannels:
    """The channels of agents who waited on the line, and the linkedids that they passed on.

    Attributes
    ----------
    agents : frozenset of str
        The uniqueids of their channels.
    shared_linkedids : frozenset of str
        The shared linkedids: these channels had them, and others may have got them from these.
    replacements : dict
        For each channel that began with such a linkedid, the id that counts instead. This is the
        uniqueid of the channel that dialled it. If there is none, it is the uniqueid of its other
        half. If there is none either, it is the channel's own first linkedid.
    """

    agents: frozenset[str] = frozenset()
    shared_linkedids: frozenset[str] = frozenset()
    replacements: dict[str, str] = field(default_factory=dict)


def agent_channels(
    source: Source, pairs: nw.LazyFrame[Any], like: nw.LazyFrame[Any]
) -> AgentChannels:
    """Return the channels of agents on the line; only rows of their callers are read in Python.

    Parameters
    ----------
    source : Source
    pairs : nw.LazyFrame
        The linkedids of channels (`aggregates.linked`).
    like : nw.LazyFrame
        A frame of the same engine as the events.
    """
    found = [source.rare_events.only("AgentLogin", uniqueid="uniqueid").select("uniqueid")]
    if source.has("bridgetype"):
        entered = source.only("BridgeEnter", uniqueid="uniqueid", kind="bridgetype")
        found.append(entered.filter(nw.col("kind") == _WAITING).select("uniqueid"))
    agents = _texts(nw.concat(found, how="vertical"))
    if not agents:
        return AgentChannels()
    of_agents = pairs.join(_few(source, "uniqueid", agents, like), on="uniqueid", how="semi")
    shared_linkedids = _texts(of_agents.select("linkedid"))
    about = _few(source, "linkedid", shared_linkedids, like)
    around = source.work.keep(pairs.join(about, on="linkedid", how="semi"))
    first: dict[str, tuple[int, str]] = {}
    rows = pairs.join(around, on="uniqueid", how="semi").select("uniqueid", "linkedid", ORDER)
    for uniqueid, linkedid, order in rows.collect().iter_rows():
        first[uniqueid] = min(first.get(uniqueid, (order, linkedid)), (order, linkedid))
    begun = {one: linkedid for one, (_, linkedid) in first.items() if linkedid in shared_linkedids}
    return AgentChannels(agents, shared_linkedids, dict(_replacements(source, around, begun)))


def _replacements(
    source: Source, around: nw.LazyFrame[Any], begun: dict[str, str]
) -> Iterator[tuple[str, str]]:
    dials = source.only("DialBegin", uniqueid="destuniqueid", dialler="uniqueid")
    names = source.only("Newchannel", uniqueid="uniqueid", channel="channel")
    dialled, named = (
        dict(
            rows.join(around, on="uniqueid", how="semi")
            .select("uniqueid", column)
            .collect()
            .iter_rows()
        )
        for rows, column in ((dials, "dialler"), (names, "channel"))
    )
    of_names = {name: one for one, name in named.items()}
    for one, linkedid in begun.items():
        name = named.get(one) or ""
        other_half = of_names.get(f"{name[:-2]};1") if name.endswith(";2") else None
        yield one, dialled.get(one) or other_half or linkedid


def _few(
    source: Source, name: str, texts: frozenset[str], like: nw.LazyFrame[Any]
) -> nw.LazyFrame[Any]:
    return source.work.small({name: sorted(texts)}, {name: nw.String}, like)


def _texts(rows: nw.LazyFrame[Any]) -> frozenset[str]:
    return frozenset(row[0] for row in rows.collect().iter_rows() if isinstance(row[0], str))
