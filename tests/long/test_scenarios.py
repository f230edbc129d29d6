"""Calls made of recordings of a real Asterisk 16 and 22, held to what Asterisk itself records.

The recordings are in ``tests/data/recordings``; ``python -m tests.scenarios record`` makes them
anew.
"""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from ast_notebook.calls import (
    agent_pauses,
    agent_sessions,
    batches,
    from_events,
    legs,
    log_of,
    visits,
)
from ast_notebook.calls.engines import Work
from ast_notebook.calls.events import read
from ast_notebook.calls.history import history
from ast_notebook.calls.source import COLUMNS, KINDS, NEEDED
from tests.scenarios.sources import TRUNKS, rows
from tests.support.paths import RECORDINGS
from tests.support.recorded import VERSIONS, calls, during, events, played

#: In these, Asterisk's records leave out a part of the caller's time, or go on behind his end.
APART = (
    "transferred_blindly_to_somebody_busy",
    "transferred_to_a_mailbox",
    "transferred_into_a_conference_after_asking",
    "parked_by_the_caller_himself_and_retrieved",
)


@pytest.mark.parametrize("version", VERSIONS)
def test_the_order_of_events_does_not_matter(version: int) -> None:
    shuffled = events(version).sample(frac=1, random_state=1)
    pd.testing.assert_frame_equal(from_events(shuffled, trunks=TRUNKS), calls(version))


@pytest.mark.parametrize("version", VERSIONS)
def test_many_events_are_gone_through_in_parts(
    version: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    stays = visits(events(version))
    shifts, breaks = agent_sessions(events(version)), agent_pauses(events(version))
    monkeypatch.setattr(batches, "BATCH", 100)
    log = log_of(events(version), trunks=TRUNKS)
    pd.testing.assert_frame_equal(log.calls, calls(version))
    pd.testing.assert_frame_equal(log.visits, stays)
    pd.testing.assert_frame_equal(log.sessions, shifts)
    pd.testing.assert_frame_equal(log.pauses, breaks)
    with Work(given := read(events(version))) as work:
        many = list(batches.in_batches_by_server(given, work))
    assert len(many) > 20


@pytest.mark.parametrize("version", VERSIONS)
def test_a_reader_may_leave_out_what_is_not_needed(version: int) -> None:
    every = events(version)
    needed = every["event"].isin(KINDS)
    for kind, (header, values) in NEEDED.items():
        needed &= (every["event"] != kind) | every[header].isin(values)
    few = every.loc[needed, [name for name in COLUMNS if name in every]]
    assert len(few) < len(every) / 2
    pd.testing.assert_frame_equal(from_events(few, trunks=TRUNKS), calls(version))


@pytest.mark.parametrize("version", VERSIONS)
def test_the_stays_in_queues_are_those_that_took_place(version: int) -> None:
    stays = visits(events(version)).set_index("call")
    told = 0
    for one in played(version).values():
        for expected in one.calls:
            if not expected.visits:
                continue
            found = stays.loc[[expected.call]]
            assert list(found["queue"]) == [visit.queue for visit in expected.visits], one.name
            assert list(found["outcome"]) == [visit.outcome for visit in expected.visits], one.name
            waits = [visit.wait for visit in expected.visits]
            assert list(found["wait"]) == pytest.approx(waits, abs=expected.tolerance), one.name
            agents = found["agent"].astype(object).where(found["agent"].notna(), None)
            assert list(agents) == [visit.agent for visit in expected.visits], one.name
            told += len(found)
    assert told == 34


@pytest.mark.parametrize("version", VERSIONS)
def test_the_queue_log_knows_the_same_stays_as_far_as_asterisk_logs_them(version: int) -> None:
    log = history(RECORDINGS / f"asterisk{version}" / "queue_log.gz").visits
    heard = visits(events(version))
    # Of who is not let in Asterisk logs nothing, and of who is moved elsewhere that he gave up.
    heard = heard[~heard["outcome"].isin(["FULL", "JOIN EMPTY"])].reset_index(drop=True)
    heard["outcome"] = heard["outcome"].replace("TRANSFERRED", "ABANDONED")
    same = ["call", "queue", "outcome", "agent", "position"]
    pd.testing.assert_frame_equal(log[same], heard[same])
    # Whose place a colleague took, and gave to somebody else, it does not tell.
    known = log["caller"].notna()
    assert (log["caller"] == heard["caller"])[known].all()
    assert (~known).sum() == 1
    for name in ("wait", "talk"):
        assert (log[name] - heard[name]).abs().max() < 1.1


@pytest.mark.parametrize("version", VERSIONS)
def test_billsec_agrees_with_asterisks_own_records(version: int) -> None:
    """Asterisk splits a call into records, and rounds each time down to whole seconds."""
    spans = records(version)
    found = calls(version)
    # Who was transferred to somebody busy hears that he is; Asterisk's second record of him says
    # that he was not answered, though his channel was.
    apart = {call.call for name in APART for call in played(version)[name].calls}
    known = found[~found["call"].isin(apart)].dropna(subset="billsec").set_index("call")["billsec"]
    both = known.index.intersection(list(spans))
    assert len(both) > 140
    assert {call: known[call] for call in both if abs(known[call] - spans[call]) > 1} == {}


@pytest.mark.parametrize("version", VERSIONS)
def test_talk_agrees_with_asterisks_own_records_for_two_telephones(version: int) -> None:
    found = calls(version)
    spans = records(version)
    for one in played(version).values():
        there = rows(found, one.channels)
        for expected in one.calls:
            row = there[expected.call]
            if expected.direct and row["talk"] is not None:
                assert abs(row["talk"] - spans[row["call"]]) <= 1, one.name
                assert abs(row["talk"] - row["billsec"]) <= 1, one.name


def records(version: int) -> dict[str, float]:
    """Seconds from the first answer to the last end, of the CDRs that a channel is in.

    A Local channel that took itself away has the records of who was connected by it.
    """
    told = events(version).query("event == 'Cdr'").dropna(subset="answertime")
    names = events(version).query("event == 'Newchannel'").set_index("channel")["uniqueid"]
    every = legs(events(version))
    local = every.loc[every["local"] & (every["leg"] == every["call"]), "call"]
    behind = every[every["call"].isin(local)].set_index("leg")["call"]
    sides = pd.concat(
        [
            told.assign(one=told["uniqueid"].astype(object)),
            told.assign(one=told["destinationchannel"].astype(object).map(names)),
        ]
    )
    sides = sides.assign(
        begun=pd.to_datetime(sides["answertime"].astype(str)),
        over=pd.to_datetime(sides["endtime"].astype(str)),
    )
    sides["one"] = sides["one"].map(lambda one: behind.get(one, one))
    span = sides.groupby("one").agg({"begun": "min", "over": "max"})
    seconds: dict[Any, float] = (span["over"] - span["begun"]).dt.total_seconds().to_dict()
    return seconds


@pytest.mark.parametrize("version", VERSIONS)
def test_those_who_meet_share_a_conference_and_no_call(version: int) -> None:
    one = played(version)["three_meet_in_a_conference"]
    met = legs(during(events(version), one)).dropna(subset="conference")
    assert list(met["conference"]) == ["room"] * 3
    assert met["call"].nunique() == 3
    there = rows(calls(version), one.channels)
    assert [row["conference"] for row in there.values()] == ["room"] * 3


@pytest.mark.parametrize("version", VERSIONS)
def test_those_who_rang_in_vain_end_with_answered_elsewhere(version: int) -> None:
    one = played(version)["all_ring_and_one_answers"]
    rang = legs(during(events(version), one))
    losers = rang[rang["answered"].isna()]
    assert list(losers["cause"]) == [26, 26]
    assert rows(calls(version), one.channels)[one.calls[0].call]["cause"] == 16


@pytest.mark.parametrize("version", VERSIONS)
def test_an_agents_shift_is_a_session_with_its_pauses(version: int) -> None:
    shifts = agent_sessions(events(version))
    (session,) = shifts[shifts["queue"] == "desk"].to_dict("records")
    assert (session["agent"], session["queue"], session["pauses"]) == ("Kitchen", "desk", 2)
    assert session["seconds"] == pytest.approx(1.8, abs=0.3)
    assert session["paused"] == pytest.approx(1.1, abs=0.3)
    pauses = agent_pauses(events(version))
    assert list(pauses["reason"]) == ["lunch", "smoke"]
    assert list(pauses["seconds"]) == pytest.approx([0.6, 0.5], abs=0.2)


@pytest.mark.parametrize("version", VERSIONS)
def test_the_queue_log_knows_the_same_shifts_and_pauses(version: int) -> None:
    heard = events(version)
    added = heard[heard["event"] == "QueueMemberAdded"]
    log = history(
        RECORDINGS / f"asterisk{version}" / "queue_log.gz",
        members=dict(zip(added["interface"], added["membername"], strict=True)),
    )
    for told, here, times in (
        (log.sessions, agent_sessions(heard), ("login", "logout")),
        (log.pauses, agent_pauses(heard), ("start", "end")),
    ):
        same = [
            name for name in ("agent", "interface", "queue", "pauses", "reason") if name in told
        ]
        pd.testing.assert_frame_equal(told[same], here[same])
        for name in times:  # whole seconds
            assert ((here[name] - told[name]).dt.total_seconds().between(0, 1)).all()


@pytest.mark.parametrize("version", VERSIONS)
def test_every_local_channel_belongs_to_a_call_with_people(version: int) -> None:
    every = legs(events(version))
    people = every[~every["local"]]
    assert set(every[every["local"]]["call"]) <= set(people["call"])
