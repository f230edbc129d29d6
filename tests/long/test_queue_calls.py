"""What becomes of those who wait in a queue: by whom they are ended, and who takes their place."""

from __future__ import annotations

import pandas as pd
import pytest

from ast_notebook.calls import batches, from_events, visits
from tests.support.queue_events import Channel, frame

ENDS = {
    "by a manager": {},
    "by a manager, on 22": {"cause": 0},
    "in the extension h": {"exten": "h"},
}


def plain(found: pd.DataFrame, *names: str) -> list[tuple[object, ...]]:
    few = found[list(names)].astype(object).where(found[list(names)].notna(), None)
    return [tuple(row) for row in few.itertuples(index=False)]


def waits(channel: Channel, *, dialplan: bool = True) -> list[dict[str, object]]:
    steps = [channel.step("Queue", 0.1, appdata="sales,t")] if dialplan else []
    return [channel.new(0), channel.up(0.05), *steps, channel.joins("sales", 0.2)]


def lets_go(channel: Channel, at: float, **more: object) -> list[dict[str, object]]:
    gone = channel.leaves_queue("sales", at + 0.001, **more)
    return [channel.abandons("sales", at, holdtime=int(at), **more), gone]


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
def test_who_is_hung_up_while_he_waits_has_abandoned(end: dict[str, object]) -> None:
    one = Channel("PJSIP/200-1", 1)
    found = visits(frame([*waits(one), *lets_go(one, 15), one.ends(15.005, **end)]))
    assert plain(found, "outcome", "hangup_by", "wait") == [("ABANDONED", "pbx", 14.801)]


def test_who_hangs_up_while_he_waits_has_abandoned_whether_the_dialplan_is_heard_or_not() -> None:
    for dialplan in (True, False):
        one = Channel("PJSIP/200-1", 1)
        told = [*waits(one, dialplan=dialplan), one.asks(14.999), *lets_go(one, 15)]
        found = visits(frame([*told, one.ends(15.2)]))
        assert plain(found, "outcome", "hangup_by") == [("ABANDONED", "caller")]


def test_a_long_tidying_up_after_a_hangup_is_still_the_end() -> None:
    one = Channel("PJSIP/200-1", 1)
    found = visits(frame([*waits(one), *lets_go(one, 15), one.ends(21, exten="h")]))
    assert found["outcome"].tolist() == ["ABANDONED"]


@pytest.mark.parametrize(
    "after",
    [
        lambda one: [one.ends(15.01, exten="942")],
        lambda one: [one.asks(15.4), one.ends(15.41)],
        lambda one: [one.ends(19.0)],
        lambda one: [one.enters("b", 16.0), one.ends(16.1, exten="h")],
    ],
    ids=["to an extension that ends at once", "hung up there", "went on", "talked there"],
)
def test_who_is_sent_elsewhere_while_he_waits_is_transferred(after) -> None:
    one = Channel("PJSIP/200-1", 1)
    found = visits(frame([*waits(one), *lets_go(one, 15), *after(one)]))
    assert found["outcome"].tolist() == ["TRANSFERRED"]


def test_who_is_sent_into_the_queue_anew_was_transferred_and_waits_again() -> None:
    one = Channel("PJSIP/200-1", 1)
    again = [one.joins("sales", 15.01), one.asks(20), *lets_go(one, 20.001), one.ends(20.01)]
    found = visits(frame([*waits(one), *lets_go(one, 15), *again]))
    assert found["outcome"].tolist() == ["TRANSFERRED", "ABANDONED"]


def test_where_he_went_is_not_known_until_something_tells() -> None:
    one = Channel("PJSIP/200-1", 1)
    found = visits(frame([*waits(one), *lets_go(one, 15)]))
    assert found["outcome"].isna().all()


def test_who_was_taken_out_of_the_queue_by_a_manager_is_transferred() -> None:
    one = Channel("PJSIP/200-1", 1)
    status = one.tells("VarSet", 15.002, variable="QUEUESTATUS", value="WITHDRAW")
    found = visits(frame([*waits(one), *lets_go(one, 15), status, one.ends(15.1)]))
    assert found["outcome"].tolist() == ["TRANSFERRED"]


def test_who_left_without_a_word_is_transferred_once_his_channel_ended_elsewhere() -> None:
    one = Channel("PJSIP/200-1", 1)
    found = visits(frame([*waits(one), one.ends(20, exten="942")]))
    assert plain(found, "outcome", "wait") == [("TRANSFERRED", None)]


def test_who_was_put_through_by_a_manager_waited_until_then() -> None:
    one = Channel("PJSIP/200-1", 1)
    found = visits(frame([*waits(one), one.enters("b", 9.2), one.asks(15), one.ends(15)]))
    assert plain(found, "outcome", "wait") == [("TRANSFERRED", 9.0)]


# --- a place in line that changes hands ----------------------------------------------------------

CALLER, ASKED = Channel("PJSIP/200-1", 1), Channel("PJSIP/2222-3", 3)
COLLEAGUE, AGENT = Channel("PJSIP/2222-2", 2, CALLER), Channel("PJSIP/30-4", 4, ASKED)


def consulted(*, told: bool) -> list[dict[str, object]]:
    """200 talks with 2222, who asks in the queue and, still waiting, hands 200 over."""
    talk = [CALLER.new(0), CALLER.dials(COLLEAGUE, 0.1), CALLER.dialled(COLLEAGUE, 1)]
    both = [COLLEAGUE.enters("b-1", 1), CALLER.enters("b-1", 1.01)]
    asked = [ASKED.new(10), ASKED.up(10.1), ASKED.step("Queue", 10.2, appdata="sales")]
    ring = [ASKED.joins("sales", 10.3), AGENT.new(10.4), ASKED.dials(AGENT, 10.4)]
    apart = [CALLER.leaves("b-1", 12), COLLEAGUE.leaves("b-1", 12), COLLEAGUE.ends(12)]
    moved = [COLLEAGUE.transfers(ASKED, CALLER, 12)] if told else []
    return [*talk, *both, *asked, *ring, *apart, *moved, ASKED.ends(12.01)]


def answered() -> list[dict[str, object]]:
    pair = [AGENT.enters("b-2", 15.1), CALLER.enters("b-2", 15.11)]
    over = [CALLER.completes("sales", "Nora", AGENT, 25, reason="caller", talktime=10)]
    return [
        CALLER.dialled(AGENT, 15),
        CALLER.leaves_queue("sales", 15),
        CALLER.connects("sales", "Nora", AGENT, 15, holdtime=5, ringtime=4),
        *pair,
        CALLER.asks(25),
        *over,
        AGENT.tells("BridgeLeave", 25.05, bridgeuniqueid="b-2", linkedid=CALLER.id),
        AGENT.ends(25.1, linkedid=CALLER.id),
        CALLER.ends(25.1),
    ]


@pytest.mark.parametrize("told", [True, False], ids=["told", "as chan_sip in early media"])
def test_who_was_transferred_into_a_place_in_line_is_the_one_who_waits(told: bool) -> None:
    found = visits(frame([*consulted(told=told), *answered()]))
    expected = [(CALLER.id, "200", "ANSWERED", "Nora", 4.7, 10.0, "caller")]
    names = ("call", "caller", "outcome", "agent", "wait", "talk", "hangup_by")
    assert plain(found, *names) == expected


def test_a_place_that_was_transferred_is_one_wait_of_the_call() -> None:
    (call,) = from_events(frame([*consulted(told=True), *answered()])).to_dict("records")
    assert (call["call"], call["queue"], call["wait"]) == (CALLER.id, "sales", 4.7)


@pytest.mark.parametrize("told", [True, False])
def test_who_gives_up_a_place_that_he_was_transferred_into_has_abandoned(told: bool) -> None:
    gone = [CALLER.asks(15), *lets_go(CALLER, 15), CALLER.ends(15.1)]
    found = visits(frame([*consulted(told=told), *gone]))
    assert plain(found, "caller", "outcome", "wait") == [("200", "ABANDONED", 4.701)]


def test_who_was_transferred_waits_while_he_waits() -> None:
    found = visits(frame(consulted(told=True)))
    assert plain(found, "call", "outcome", "end") == [(CALLER.id, None, None)]


def test_a_place_may_be_transferred_twice() -> None:
    other = Channel("PJSIP/240-5", 5)
    more = [other.new(11), CALLER.transfers(CALLER, other, 13)]
    gone = [other.asks(15), *lets_go(other, 15), other.ends(15.1)]
    found = visits(frame([*consulted(told=True), *more, CALLER.ends(13.1), *gone]))
    assert plain(found, "caller", "outcome") == [("240", "ABANDONED")]


def test_those_who_wait_beside_keep_their_own_places() -> None:
    before, after = Channel("PJSIP/241-8", 8), Channel("PJSIP/242-9", 9)
    told = [*consulted(told=False), *answered()]
    told += [before.new(5), before.step("Queue", 5, appdata="sales"), before.joins("sales", 5.1)]
    told += [after.new(11), after.step("Queue", 11, appdata="sales"), after.joins("sales", 11.1, 2)]
    told += [after.asks(16), *lets_go(after, 16.001), after.ends(16.1)]
    found = visits(frame(told)).set_index("caller")
    outcomes = found["outcome"].astype(object).where(found["outcome"].notna(), None)
    assert outcomes.to_dict() == {"241": None, "200": "ANSWERED", "242": "ABANDONED"}


def test_an_agent_who_asks_in_another_queue_keeps_his_own_call() -> None:
    """Each of the two agents has answered, in his own queue, and talked as long as he did."""
    first = Channel("PJSIP/2222-2", 2, CALLER)
    told = [CALLER.new(0), CALLER.step("Queue", 0, appdata="desk"), CALLER.joins("desk", 0.1)]
    told += [CALLER.leaves_queue("desk", 2), CALLER.connects("desk", "Otto", first, 2)]
    told += [ASKED.new(10), ASKED.step("Queue", 10, appdata="sales"), ASKED.joins("sales", 10.3)]
    told += [first.transfers(ASKED, CALLER, 12), ASKED.ends(12.01)]
    told += [CALLER.completes("desk", "Otto", first, 12.02, reason="transfer", talktime=10)]
    found = visits(frame([*told, *answered()]))
    names = ("queue", "agent", "outcome", "talk", "hangup_by")
    assert plain(found, *names) == [
        ("desk", "Otto", "ANSWERED", 10.02, None),
        ("sales", "Nora", "ANSWERED", 10.0, "caller"),
    ]


def test_the_end_of_a_talk_is_known_though_a_local_channel_took_itself_away() -> None:
    half, behind = Channel("Local/910@phones-1;2", 2), Channel("PJSIP/30-3", 3)
    told = [half.new(0), half.step("Queue", 0, appdata="sales"), half.joins("sales", 0.1)]
    told += [half.leaves_queue("sales", 2), half.connects("sales", "Nora", AGENT, 2)]
    told += [half.asks(2.1), half.ends(2.1)]
    told += [behind.completes("sales", "Nora", AGENT, 12, reason="agent", talktime=10)]
    found = visits(frame(told))
    assert plain(found, "outcome", "talk", "hangup_by") == [("ANSWERED", 10.0, "callee")]
    lost = visits(frame(told[:-1]))
    assert plain(lost, "outcome", "talk", "hangup_by") == [("ANSWERED", None, None)]


def test_an_end_without_a_uniqueid_is_that_of_the_agents_call(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Asterisk leaves out the caller's headers if his channel is gone already."""
    told = []
    for number, at in enumerate((0, 100)):
        one, agent = Channel(f"PJSIP/200-{number}", number), Channel("PJSIP/30-9", 50 + number)
        told += [one.new(at), one.step("Queue", at, appdata="sales"), one.joins("sales", at + 0.1)]
        told += [one.leaves_queue("sales", at + 1), one.connects("sales", "Nora", agent, at + 1)]
        told += [one.asks(at + 9), one.ends(at + 9)]
        end = one.completes("sales", "Nora", agent, at + 9.5, reason="agent", talktime=8)
        gone = ("channel", "uniqueid", "linkedid", "destchannel", "destuniqueid", "destlinkedid")
        told.append({name: value for name, value in end.items() if name not in gone})
    whole = visits(frame(told))
    assert plain(whole, "talk", "hangup_by") == [(8.5, "callee"), (8.5, "callee")]
    monkeypatch.setattr(batches, "BATCH", 8)
    pd.testing.assert_frame_equal(visits(frame(told)), whole)


@pytest.mark.parametrize("engine", ["polars", "duckdb"])
def test_a_transferred_place_is_the_same_on_other_engines(engine: str) -> None:
    module = pytest.importorskip(engine)
    events = frame([*consulted(told=True), *answered()])
    native = module.from_pandas(events) if engine == "polars" else module.from_df(events)
    found = visits(native)
    there = found.to_pandas() if engine == "polars" else found.df()
    expected = visits(events)
    names = ["call", "caller", "outcome", "agent", "wait", "talk", "hangup_by"]
    assert plain(there, *names) == plain(expected, *names)


@pytest.mark.parametrize("engine", ["pandas", "polars", "duckdb"])
def test_a_queue_call_has_the_values_of_its_first_agent_and_not_of_several(engine: str) -> None:
    """The caller came to the queue again while the connection was lost: no event tells that."""
    one, zoe, ann = Channel("PJSIP/200-1", 1), Channel("PJSIP/32-1", 9), Channel("PJSIP/31-1", 3)
    told = [*waits(one), one.leaves_queue("sales", 10)]
    told += [one.connects("sales", "Zoe", zoe, 10, ringtime=7), {"event": "SessionLost", "at": 20}]
    told += [one.leaves_queue("sales", 60), one.connects("sales", "Ann", ann, 60, ringtime=2)]
    told += [one.completes("sales", "Ann", ann, 90, talktime=30, reason="agent"), one.ends(91)]
    events = frame(told)
    if engine != "pandas":
        module = pytest.importorskip(engine)
        found = visits((module.from_pandas if engine == "polars" else module.from_df)(events))
        found = found.to_pandas() if engine == "polars" else found.df()
    else:
        found = visits(events)
    assert plain(found, "agent", "ring", "talk", "hangup_by") == [("Zoe", 7, None, None)]
