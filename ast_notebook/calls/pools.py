"""Finds agents who wait on the line (``AgentLogin``), where callers are connected to them.

An agent of app_agent_pool calls ``AgentLogin`` once, and then takes one call after the other. When
a caller talks to him, both channels get the older of their linkedids, and so do all channels that
are dialled later. So a linkedid that an agent's channel had does not tell which channels belong
together. The events tell it by who dialled whom.
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
class Pool:
    """The channels of agents who waited on the line, and the linkedids that they passed on.

    Attributes
    ----------
    agents : frozenset of str
        The uniqueids of their channels.
    lent : frozenset of str
        The linkedids that these channels had, and that other channels may have got from them.
    lenders : dict
        For each channel that began with such a linkedid, the id that counts instead. This is the
        uniqueid of the channel that dialled it. If there is none, it is the uniqueid of its other
        half. If there is none either, it is the channel's own first linkedid.
    """

    agents: frozenset[str] = frozenset()
    lent: frozenset[str] = frozenset()
    lenders: dict[str, str] = field(default_factory=dict)


def pool(source: Source, pairs: nw.LazyFrame[Any], like: nw.LazyFrame[Any]) -> Pool:
    """Return the agents who waited on the line; only rows of their callers are read in Python.

    Parameters
    ----------
    source : Source
    pairs : nw.LazyFrame
        The linkedids of channels (`aggregates.linked`).
    like : nw.LazyFrame
        A frame of the same engine as the events.
    """
    told = [source.seldom.only("AgentLogin", uniqueid="uniqueid").select("uniqueid")]
    if source.has("bridgetype"):
        entered = source.only("BridgeEnter", uniqueid="uniqueid", kind="bridgetype")
        told.append(entered.filter(nw.col("kind") == _WAITING).select("uniqueid"))
    agents = _texts(nw.concat(told, how="vertical"))
    if not agents:
        return Pool()
    of_agents = pairs.join(_few(source, "uniqueid", agents, like), on="uniqueid", how="semi")
    lent = _texts(of_agents.select("linkedid"))
    about = _few(source, "linkedid", lent, like)
    around = source.work.keep(pairs.join(about, on="linkedid", how="semi"))
    first: dict[str, tuple[int, str]] = {}
    rows = pairs.join(around, on="uniqueid", how="semi").select("uniqueid", "linkedid", ORDER)
    for uniqueid, linkedid, order in rows.collect().iter_rows():
        first[uniqueid] = min(first.get(uniqueid, (order, linkedid)), (order, linkedid))
    begun = {one: linkedid for one, (_, linkedid) in first.items() if linkedid in lent}
    return Pool(agents, lent, dict(_lenders(source, around, begun)))


def _lenders(
    source: Source, around: nw.LazyFrame[Any], begun: dict[str, str]
) -> Iterator[tuple[str, str]]:
    dials = source.only("DialBegin", uniqueid="destuniqueid", dialler="uniqueid")
    names = source.only("Newchannel", uniqueid="uniqueid", channel="channel")
    dialled, named = (
        dict(
            rows.join(around, on="uniqueid", how="semi")
            .select("uniqueid", told)
            .collect()
            .iter_rows()
        )
        for rows, told in ((dials, "dialler"), (names, "channel"))
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
