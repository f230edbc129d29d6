"""What comes at one moment is in order of its arrival, and who is in a bridge when."""

from __future__ import annotations

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from ast_notebook.calls import from_events
from tests.scenarios.sources import TRUNKS
from tests.scenarios.truth import load
from tests.support.made_up import Script, only
from tests.support.paths import RECORDINGS

VERSIONS = (16, 22)
TIMES = ["start", "answered", "end", "ring", "wait", "talk", "hold", "billsec", "pdd"]


@pytest.mark.parametrize("version", VERSIONS)
def test_calls_whose_events_come_as_one_block_are_the_same(version: int) -> None:
    """Of a manager without timestampevents, read when the reader was busy."""
    folder = RECORDINGS / f"asterisk{version}"
    events = pd.read_parquet(folder / "events.parquet").sort_values("time", kind="stable")
    begun = sorted(one.begun for one in load(folder / "truth.jsonl"))
    seconds = events["time"].astype("int64") / 1e6
    block = pd.cut(seconds, [0.0, *begun[1:], float("inf")], right=False, labels=False)
    at_once = events.assign(time=events.groupby(block)["time"].transform("min"))
    here, there = (
        from_events(given, trunks=TRUNKS).sort_values("call", ignore_index=True)
        for given in (events, at_once)
    )
    pd.testing.assert_frame_equal(there.drop(columns=TIMES), here.drop(columns=TIMES))
    assert list(there["answered"].notna()) == list(here["answered"].notna())


def through_a_local_channel() -> pd.DataFrame:
    """A Local channel that takes itself away as soon as it is answered, all at one moment."""
    script = Script()
    one = script.new("PJSIP/6101", "6101", exten="6102")
    first, second = script.local("6102", of=one)
    script.dials(one, first, "6102")
    two = script.new("PJSIP/6102", "6102", of=second)
    script.dials(second, two, "6102")
    script.up(two)
    script.dialled(second, two, "ANSWER")
    script.up(second, one)
    script.dialled(one, first, "ANSWER")
    script.enter("b", two, second)
    script.enter("c", first, one)
    script.leave(one, second)
    script.enter("b", one)
    script.end(first, second)
    script.ask(two)
    script.end(one, two)
    events = script.frame()
    return events.assign(time=events["time"].iloc[0])


@pytest.mark.parametrize("engine", ["pandas", "pyarrow", "polars", "polars lazy"])
def test_a_call_of_one_moment_is_answered_on_whatever_has_rows_in_order(engine: str) -> None:
    events = through_a_local_channel()
    if engine == "pandas":
        found = from_events(events)
    elif engine == "pyarrow":
        found = from_events(pa.Table.from_pandas(events)).to_pandas()
    elif engine == "polars":
        found = from_events(pl.from_pandas(events)).to_pandas()
    else:
        found = from_events(pl.from_pandas(events).lazy()).collect().to_pandas()
    call = only(found)
    assert (call["disposition"], call["answered_by"]) == ("ANSWERED", "6102")
    assert (call["caller"], call["hangup_by"]) == ("6101", "callee")


def test_those_who_pass_each_other_at_one_moment_do_not_talk() -> None:
    script = Script()
    one = script.new("PJSIP/6101", "6101", exten="700")
    script.enter("lot", one)
    script.leave(one)
    other = script.new("PJSIP/6102", "6102", of=one)
    script.enter("lot", other)
    script.end(other, one)
    events = script.frame()
    call = only(from_events(events.assign(time=events["time"].iloc[0])))
    assert call["answered"] is None


@pytest.mark.parametrize("conference_tells", [True, False])
def test_who_is_transferred_into_a_conference_takes_the_place_of_who_asked(
    conference_tells: bool,
) -> None:
    """Bridges tell neither that the one leaves nor that the other comes; conferences may."""
    script = Script()
    host = script.new("PJSIP/30", "30", exten="620")
    script.up(host)
    script.enter("room", host)
    script.say("ConfbridgeJoin", host, conference="room", bridgeuniqueid="room")
    one = script.new("PJSIP/2222", "2222", exten="200")
    two = script.new("PJSIP/200", "200", of=one)
    script.call(one, two, "200", "b")
    script.wait(2)
    asking = script.new("PJSIP/200", "200", exten="620")
    script.up(asking)
    script.enter("room", asking)
    script.say("ConfbridgeJoin", asking, conference="room", bridgeuniqueid="room")
    script.wait(1)
    if conference_tells:
        script.say("ConfbridgeLeave", asking, conference="room", bridgeuniqueid="room")
        script.say("ConfbridgeJoin", one, conference="room", bridgeuniqueid="room")
    script.say(
        "AttendedTransfer",
        result="Success",
        origtransfererlinkedid=one.linkedid,
        secondtransfererlinkedid=asking.linkedid,
    )
    script.leave(two, one)
    for channel in (two, asking):
        script.say("Hangup", channel, cause=16)
    script.wait(4)
    script.ask(one)
    script.say("BridgeLeave", one, bridgeuniqueid="room")
    script.end(one)
    script.wait(3)
    script.ask(host)
    script.end(host)
    calls = from_events(script.frame())
    assert list(calls["caller"]) == ["30", "2222"]
    assert list(calls["talk"]) == pytest.approx([5, 7], abs=0.1)
    assert list(calls["transfers"]) == [0, 1]
    assert (calls["talk"] <= calls["billsec"]).all()
