"""What is reported of voice agrees with what a relay between two real Asterisks did to it.

The margins: what the events count as lost is exactly what the relay lost up to the sequence number
that they name. Loss in percent may differ by half a percent or a seventh, since nobody reports how
many packets came before the first report. A round trip is not shorter than the relay made it, and
at most 100 ms longer; jitter is at least half of the relay's, and at most 20 ms more than it: what
a busy machine adds comes on top. A score differs by 0.3 at most.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import pandas as pd
import pytest

import ast_notebook
from ast_notebook.calls import from_events, streams
from ast_notebook.voice import emodel
from tests.lab.relay import Harm, Relay, Stream
from tests.lab.relayed import relayed
from tests.support.waiting import eventually

HARMS = (Harm(0.0, 0.01), Harm(0.02, 0.05, 0.008), Harm(0.10, 0.08, 0.016))
#: Reports that each side is to have sent and received, five seconds apart.
REPORTS = 3
RTCP = ["RTCPReceived", "RTCPSent"]


@dataclass
class Played:
    """Calls that were played at the same time, each with another harm."""

    relayed: list[dict[str, Stream]]
    events: dict[int, pd.DataFrame]
    streams: dict[int, pd.DataFrame]

    def channels(self, version: int) -> list[str]:
        """The trunk's channels in the order of the calls."""
        made = self.events[version].query("event == 'Newchannel'")
        names = made["channel"][made["channel"].str.contains("/relay-")]
        return list(names)


def reported(events: pd.DataFrame) -> bool:
    """Whether each call has as many reports of each kind as are wanted."""
    told = events[events["event"].isin(RTCP)]
    counts = told.groupby(["channel", "event"]).size()
    return len(counts) == 2 * len(HARMS) and bool((counts >= REPORTS).all())


@pytest.fixture(scope="module")
def played() -> Iterator[Played]:
    with relayed() as (one, other, relay):
        logins: dict[str, Any] = {"username": one.panel, "password": one.password}
        with (
            ast_notebook.connect(one.host, one.port, **logins) as here,
            ast_notebook.connect(other.host, other.port, **logins) as there,
        ):
            for number, harm in enumerate(HARMS, 1):
                relay.harm = harm
                here.ast.action(
                    "Originate", Channel="SIP/relay/600", Application="Milliwatt", Async="true"
                )
                eventually(partial(_has_calls, relay, number))
            eventually(lambda: reported(here.ast.events) and reported(there.ast.events), 60)
            one.cli("channel request hangup all")
            eventually(lambda: not one.channels() and not other.channels())
            eventually(lambda: all(_ended(sh.ast.events) for sh in (here, there)))
            events = {16: here.ast.events, 22: there.ast.events}
        yield Played(relay.calls, events, {number: streams(events[number]) for number in events})


def _has_calls(relay: Relay, number: int) -> bool:
    return len(relay.calls) == number


def _ended(events: pd.DataFrame) -> bool:
    return int((events["event"] == "Hangup").sum()) >= len(HARMS)


def cases(played: Played) -> Iterator[tuple[Harm, Stream, pd.DataFrame, Any]]:
    """Each call, PBX and direction: the harm, the relay's stream, its events, and our row."""
    for version in (16, 22):
        events = played.events[version]
        found = played.streams[version].set_index(["channel", "direction"])
        for number, channel in enumerate(played.channels(version)):
            for direction, kind in (("received", "RTCPSent"), ("sent", "RTCPReceived")):
                to = "to one" if (version == 16) == (direction == "received") else "to other"
                told = events[(events["channel"] == channel) & (events["event"] == kind)]
                row = found.loc[(channel, direction)]
                yield HARMS[number], played.relayed[number][to], told, row


def test_lost_packets_are_those_that_the_relay_lost(played: Played):
    seen = 0
    for harm, stream, told, row in cases(played):
        last = told.iloc[-1]
        highest = int(last["report0highestsequence"])
        assert int(last["report0cumulativelost"]) == stream.lost_until(highest)
        lost = 100 * stream.lost_until(highest) / stream.expected_until(highest)
        assert row["loss"] == pytest.approx(lost, abs=0.5, rel=1 / 7)
        assert (lost > 0) == (harm.loss > 0)
        assert row["reports"] >= REPORTS and row["packets"] > 0
        seen += 1
    assert seen == 4 * len(HARMS)


def test_a_round_trip_is_as_long_as_the_relay_made_it(played: Played):
    for harm, _, _, row in cases(played):
        assert 2000 * harm.delay - 1 <= row["rtt"] <= 2000 * harm.delay + 100


def test_jitter_is_that_of_the_relay(played: Played):
    for harm, stream, _, row in cases(played):
        assert row["jitter"] <= 1000 * stream.jitter + 20
        if harm.jitter:
            assert row["jitter"] >= 500 * stream.jitter


def test_a_score_is_that_of_the_e_model_and_falls_with_loss(played: Played):
    scores: dict[Harm, float] = {}
    for harm, stream, _, row in cases(played):
        share = len(stream.lost) / (len(stream.lost) + len(stream.passed))
        delay = row["rtt"] / 2 + 20 + 2 * row["jitter"]
        wanted = emodel.mos(emodel.rating(100 * share, delay, 0.0, 25.1))
        assert row["mos"] == pytest.approx(wanted, abs=0.3)
        assert row["assumed"] and row["codec"] == "ulaw"
        scores[harm] = min(row["mos"], scores.get(harm, 5.0))
    best, middle, worst = (scores[harm] for harm in HARMS)
    assert best > middle > worst


def test_the_worst_direction_is_in_the_call(played: Played):
    for version in (16, 22):
        events = played.events[version]
        by_call = played.streams[version].groupby("call")
        calls = from_events(events).set_index("call")
        assert len(calls) == len(HARMS)
        for name, worst in (("mos", "min"), ("loss", "max"), ("jitter", "max"), ("rtt", "max")):
            wanted = by_call[name].agg(worst)
            assert calls[name].to_dict() == wanted.to_dict()


def test_without_reports_the_sums_at_the_end_tell_nearly_the_same(played: Played):
    for version in (16, 22):
        events = played.events[version]
        whole = played.streams[version].set_index(["leg", "direction"])
        rest = streams(events[~events["event"].isin(RTCP)]).set_index(["leg", "direction"])
        assert rest.index.equals(whole.index) and (rest["reports"] == 0).all()
        assert (rest["loss"] <= whole["loss"] + 0.5).all()
        assert rest["loss"].gt(0).equals(whole["loss"].gt(0))
        assert (rest["rtt"] - whole["rtt"]).abs().max() < 60
