"""The live state of a session at random moments, taken down while the session runs."""

from __future__ import annotations

import json
import random
from typing import Any, NamedTuple

import pandas as pd

from ast_notebook.asterisk import Asterisk
from ast_notebook.live.saving import State, whole_state


class Sample(NamedTuple):
    """The live state right after the event that was received at a moment."""

    moment: int
    state: State


class Beside:
    """Takes the live state of a PBX down after events that are chosen at random.

    Parameters
    ----------
    pbx : Asterisk
    share : float
        Which share of the events is chosen.
    most : int
        How many samples at most; of more, some are thrown away at random.
    """

    def __init__(self, pbx: Asterisk, share: float, most: int = 100, seed: int = 1) -> None:
        self.samples: list[Sample] = []
        self._pbx = pbx
        self._share = share
        self._most = most
        self._seen = 0
        self._random = random.Random(seed)
        pbx.session.register_event("*", self._hear)

    def _hear(self, event: Any, session: Any) -> None:
        if event.name.startswith("Session") and event.name != "SessionLost":
            return  # some of which are in no record
        if self._random.random() > self._share:
            return
        self._seen += 1
        place = len(self.samples)
        if place >= self._most:  # so that each has the same chance to stay
            place = self._random.randrange(self._seen)
            if place >= self._most:
                return
            self.samples.pop(place)
        self.samples.append(Sample(event.received, state_of(self._pbx)))


def state_of(pbx: Asterisk) -> State:
    """The tables of a PBX, and what is told of them, as JSON has it."""
    live = pbx.live
    state = whole_state(live._trackers, is_stale=live.stale)
    found: State = json.loads(json.dumps(state))
    found["calls"] = live.calls
    found.pop("inner")  # of which marks keep a part only
    return found


def differences(one: State, other: State) -> list[str]:
    """Say where two states differ."""
    found = [name for name in one if name != "tables" and one[name] != other.get(name)]
    for name, table in one["tables"].items():
        theirs = other["tables"][name]
        for key in table["rows"].keys() | theirs["rows"].keys():
            mine, there = table["rows"].get(key), theirs["rows"].get(key)
            if mine != there:
                found.append(f"{name} {key}: {mine} is not {there}")
    return found


def at(moment: int) -> pd.Timestamp:
    """A moment that a replay can be sent to."""
    return pd.Timestamp(moment, unit="us", tz="UTC")
