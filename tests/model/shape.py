"""The shape of what was written of calls: what is the same whenever the same takes place.

Names and times are left out, and channels are called by the order in which they were made. Each
channel has a list of its own: what two channels do at the same moment is written in any order.
"""

from __future__ import annotations

import csv
import gzip
import json
from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import Any

import pandas as pd

from ast_notebook.calls.source import KINDS
from tests.model.exchange import age
from tests.scenarios.play import Recording

#: Applications whose beginning is told of; the manager's other events are not what calls need.
_APPLICATIONS = ("Queue", "VoiceMail")
_LEFT_OUT = ("Cdr", "VarSet")
_FIELDS = ("calleridnum", "channelstatedesc", "dialstatus", "application", "queue")
_COLUMNS = ("event", "uniqueid", "linkedid", "cause", "bridgeuniqueid", "destuniqueid", *_FIELDS)
#: Where lines of the queue_log have seconds, which are as many as chance will have it.
_SECONDS = {
    "ABANDON": (5,),
    "COMPLETEAGENT": (3, 4),
    "COMPLETECALLER": (3, 4),
    "CONNECT": (3, 5),
    "EXITEMPTY": (5,),
    "EXITWITHKEY": (6,),
    "EXITWITHTIMEOUT": (5,),
    "RINGCANCELED": (3,),
    "RINGNOANSWER": (3,),
}
#: Events that are of no channel, but name some; and by which header they are known.
_NAMING = {
    "AttendedTransfer": "origtransfereruniqueid",
    "BlindTransfer": "transfereruniqueid",
    "ParkedCall": "parkeeuniqueid",
    "Pickup": "uniqueid",
    "UnParkedCall": "parkeeuniqueid",
}
_STREAMS = ("STREAM_BEGIN", "STREAM_END")

Shape = dict[str, list[tuple[Any, ...]]]


def of_events(events: pd.DataFrame, channels: Collection[str]) -> Shape:
    """Return what the manager told of some channels."""
    roles = _roles(channels)
    found: Shape = defaultdict(list)
    asked: dict[str, set[tuple[Any, ...]]] = defaultdict(set)
    bridges: dict[str, int] = {}
    for event in _rows(events, channels):
        kind = event["event"]
        if kind not in (*KINDS, "NewCallerid") or kind in _LEFT_OUT:
            continue
        if kind == "Newexten" and event.get("application") not in _APPLICATIONS:
            continue
        told = {name: event[name] for name in _FIELDS if event.get(name) is not None}
        if kind in ("Hangup", "HangupRequest"):
            del told["channelstatedesc"]  # what a Local channel's other half does is a race
        if event.get("cause") is not None:
            told["cause"] = int(event["cause"])
        if event.get("bridgeuniqueid") is not None:
            told["bridge"] = bridges.setdefault(event["bridgeuniqueid"], len(bridges))
        if event.get("destuniqueid") is not None:
            told["dest"] = roles.get(event["destuniqueid"])
        told["call"] = roles.get(event["linkedid"])
        role = roles[event["uniqueid"]]
        if kind == "HangupRequest":
            # chan_sip asks once or twice, and Local channels at any time.
            asked[f"{role} asks"].add((kind, *sorted(told.items())))
        else:
            found[role].append((kind, *sorted(told.items())))
    return {**found, **{role: sorted(each) for role, each in asked.items()}}


def of_naming(events: pd.DataFrame, channels: Collection[str]) -> list[tuple[Any, ...]]:
    """Return the events that name several channels of some."""
    roles = _roles(channels)
    names = [name for name in events if str(name).endswith(("uniqueid", "linkedid"))]
    few = events.loc[events["event"].isin(list(_NAMING))]
    found = []
    for event in few.astype(object).where(few.notna(), None).to_dict("records"):
        if event[_NAMING[event["event"]]] in roles:
            told = {name: roles[event[name]] for name in names if event[name] in roles}
            found.append((event["event"], event.get("result"), *sorted(told.items())))
    return found


def of_cel(recording: Recording, channels: Collection[str]) -> Shape:
    """Return what the CEL tells of them."""
    roles = _roles(channels)
    found: Shape = defaultdict(list)
    names: dict[str, str] = {}
    bridges: dict[str, int] = {}
    for row in _lines(recording, "cel.csv.gz"):
        kind, uniqueid = row[0], row[14]
        if uniqueid not in roles or kind in _STREAMS or kind == "LINKEDID_END":
            continue
        names[row[9]] = roles[uniqueid]
        extra = json.loads(row[19]) if row[19] else {}
        told: tuple[Any, ...] = ()
        if kind == "HANGUP":
            source = names.get(extra["hangupsource"], extra["hangupsource"])
            told = (extra["hangupcause"], source, extra["dialstatus"])
        elif "bridge_id" in extra:
            told = (bridges.setdefault(extra["bridge_id"], len(bridges)),)
        numbers = (row[3], row[4], row[6], row[7])
        found[roles[uniqueid]].append((kind, *numbers, row[10], roles[row[15]], *told))
    return dict(found)


def of_cdr(recording: Recording, channels: Collection[str]) -> list[tuple[Any, ...]]:
    """Return the records of them."""
    roles = _roles(channels)
    names = {row[9]: roles[row[14]] for row in _lines(recording, "cel.csv.gz") if row[14] in roles}
    return sorted(
        (
            roles[row[16]],
            names.get(row[5], row[5]),
            row[1],
            row[2],
            row[6],
            row[13],
            bool(row[9]),
            roles[row[19]],
        )
        for row in _lines(recording, "cdr-linkedid.csv.gz")
        if row[16] in roles
    )


def of_queue_log(recording: Recording, channels: Collection[str]) -> list[tuple[str, ...]]:
    """Return what the queue_log tells of them, without its seconds."""
    roles = _roles(channels)
    found = []
    with gzip.open(recording.file("queue_log.gz"), "rt") as file:
        for line in file:
            _, call, *told = line.rstrip("\n").split("|")
            if call in roles:
                seconds = _SECONDS.get(told[2], ())
                plain = ["" if place in seconds else each for place, each in enumerate(told)]
                found.append((roles[call], *(roles.get(each, each) for each in plain)))
    return found


def _roles(channels: Collection[str]) -> Mapping[str, str]:
    """Call channels by numbers, the oldest first."""
    return {one: f"channel {number}" for number, one in enumerate(sorted(channels, key=age))}


def _rows(events: pd.DataFrame, channels: Collection[str]) -> list[dict[str, Any]]:
    names = [name for name in _COLUMNS if name in events]
    few = events.loc[events["uniqueid"].isin(list(channels)), names]
    plain = few.astype(object).where(few.notna(), None)
    found: list[dict[Any, Any]] = plain.to_dict("records")
    return found


def _lines(recording: Recording, name: str) -> list[list[str]]:
    with gzip.open(recording.file(name), "rt", newline="") as file:
        return list(csv.reader(file))
