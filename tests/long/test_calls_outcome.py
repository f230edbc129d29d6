"""What became of calls that nobody answered, and who ended them, as events tell it."""

from __future__ import annotations

from typing import Any

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from ast_notebook.calls import from_events
from tests.support.made_up import Script, only


def made(script: Script) -> dict[str, Any]:
    return only(from_events(script.frame()))


@pytest.mark.parametrize("status", ["ANSWER", "ABORT", "CONTINUE", "BUSY", "CONGESTION"])
def test_who_answered_and_did_not_accept_took_no_call(status: str) -> None:
    script = Script()
    one = script.new("PJSIP/6101", "6101", exten="6102")
    two = script.new("PJSIP/mobile", of=one)
    script.dials(one, two, "6102")
    script.rings(two, 1)
    script.up(two)
    script.wait(2)
    script.dialled(one, two, status)
    script.end(two, one)
    call = made(script)
    assert (call["disposition"], call["answered_by"]) == ("NO ANSWER", None)


def test_who_hangs_up_while_somebody_is_asked_gave_up() -> None:
    script = Script()
    one = script.new("PJSIP/6101", "6101", exten="6102")
    two = script.new("PJSIP/mobile", of=one)
    script.dials(one, two, "6102")
    script.up(two)
    script.wait(2)
    script.ask(one)
    script.wait(3)
    script.dialled(one, two, "ABORT")
    script.end(two, one)
    call = made(script)
    assert (call["disposition"], call["hangup_by"]) == ("CANCELLED", "caller")


def test_whom_the_manager_reached_first_is_nobody_who_did_not_accept() -> None:
    script = Script()
    desk = script.new("PJSIP/200", "200")
    script.dials(None, desk)
    script.up(desk)
    script.dialled(None, desk, "ANSWER")
    other = script.new("PJSIP/240", "240", of=desk)
    script.dials(desk, other, "240")
    script.dialled(desk, other, "BUSY")
    script.end(other, cause=17)
    script.end(desk)
    assert made(script)["disposition"] == "BUSY"


@pytest.mark.parametrize("told", [None, 17, 34])
@pytest.mark.parametrize("gives_up", [False, True])
def test_whom_asterisk_refuses_did_not_hang_up(told: int | None, gives_up: bool) -> None:
    script = Script()
    one = script.new("PJSIP/6101", "6101", exten="6102")
    two = script.new("PJSIP/6102", "6102", of=one)
    script.dials(one, two, "6102")
    script.rings(two, 1)
    if gives_up:
        script.ask(one, 127 if told else None, "Ring")
        script.dialled(one, two, "CANCEL")
        script.end(two, one, cause=127)
    else:
        script.ask(two, told, "Ringing")
        script.dialled(one, two, "BUSY")
        script.end(two, cause=17)
        script.ask(one, told, "Busy")
        script.end(one, cause=17)
    call = made(script)
    right = ("CANCELLED", "caller") if gives_up else ("BUSY", "pbx")
    assert (call["disposition"], call["hangup_by"]) == right


@pytest.mark.parametrize(
    ("stays", "asks", "exten", "hung_up"),
    [
        (0.0, False, "6102", "callee"),
        (0.3, False, "6102", "callee"),
        (0.7, False, "6102", "pbx"),
        (1.2, False, "6102", "pbx"),
        (0.7, True, "6102", "caller"),
        (1.2, True, "6102", "caller"),
        (1.2, False, "h", "callee"),  # where it tidies up
    ],
)
def test_who_left_did_not_end_what_goes_on_with_who_was_left(
    stays: float, asks: bool, exten: str, hung_up: str
) -> None:
    script = Script()
    one = script.new("PJSIP/6101", "6101", exten="6102")
    two = script.new("PJSIP/6102", "6102", of=one)
    script.call(one, two, "6102", "b")
    script.wait(5)
    script.ask(two)
    script.end(two)
    script.leave(one)
    script.wait(stays)
    if asks:
        script.ask(one)
    script.say("Hangup", one, cause=16, exten=exten)
    assert made(script)["hangup_by"] == hung_up


@pytest.mark.parametrize("queue", [None, "desk"])
def test_who_is_sent_elsewhere_while_it_rings_and_hangs_up_there_did_not_cancel(
    queue: str | None,
) -> None:
    script = Script()
    one = script.new("PJSIP/6101", "6101", exten="961")
    script.up(one)
    if queue:
        script.say("QueueCallerJoin", one, queue=queue, position="1")
    two = script.new("PJSIP/200", "200", of=one)
    script.dials(one, two, "961")
    script.rings(two, 2)
    script.dialled(one, two, "CANCEL")
    script.end(two)
    if queue:
        script.say("QueueCallerAbandon", one, queue=queue)
        script.say("QueueCallerLeave", one, queue=queue)
    script.wait(5)
    script.ask(one)
    script.end(one)
    call = made(script)
    assert (call["disposition"], call["hangup_by"]) == ("NO ANSWER", "caller")


@pytest.mark.parametrize(
    ("status", "cause", "right"),
    [
        ("BUSY", 0, "BUSY"),
        ("CONGESTION", 34, "FAILED"),
        ("NOANSWER", 16, "NO ANSWER"),
        (None, 19, "NO ANSWER"),  # the manager's time was up
        (None, 0, "NO ANSWER"),
    ],
)
@pytest.mark.parametrize("by_somebody", [False, True])
def test_a_local_channel_with_no_telephone_tells_by_its_dial(
    status: str | None, cause: int, right: str, by_somebody: bool
) -> None:
    script = Script()
    one = script.new("PJSIP/6101", "6101", exten="99") if by_somebody else None
    first, second = script.local("951", of=one)
    script.dials(one, first, "99")
    script.wait(2)
    script.ask(first, cause or None)
    if status is not None:
        script.dialled(one, first, status)
    script.end(first, second, cause=cause)
    if one is not None:
        script.end(one)
    call = made(script)
    assert (call["disposition"], call["hangup_by"]) == (right, "pbx")
    # The manager was to connect it, and never did.
    assert call["dialled"] == ("99" if by_somebody else None)


@pytest.mark.parametrize(
    ("status", "asked", "right"),
    [
        (None, None, "ABANDONED"),  # by a manager, the command line, or a timeout of the channel
        (None, 0.0, "ABANDONED"),
        ("TIMEOUT", None, "NO ANSWER"),
        ("LEAVEEMPTY", None, "NO ANSWER"),
        ("TIMEOUT", 0.5, "NO ANSWER"),  # at once, but no more in line
    ],
)
def test_who_waits_when_his_call_ends_gave_up_whoever_ended_it(
    status: str | None, asked: float | None, right: str
) -> None:
    script = Script()
    one = script.new("PJSIP/6101", "6101", exten="501")
    script.up(one)
    script.say("Newexten", one, application="Queue", appdata="orders,t")
    script.say("QueueCallerJoin", one, queue="orders", position="1")
    script.wait(15)
    if asked == 0:
        script.ask(one)
    script.say("QueueCallerAbandon", one, queue="orders")
    script.say("QueueCallerLeave", one, queue="orders")
    if status is not None:
        script.say("VarSet", one, variable="QUEUESTATUS", value=status)
    if asked:
        script.wait(asked)
        script.ask(one)
    script.end(one)
    call = made(script)
    assert call["disposition"] == right
    assert call["hangup_by"] == ("pbx" if asked is None else "caller")


def test_answered_in_one_queue_and_given_up_in_the_next_is_answered() -> None:
    script = Script()
    one = script.new("PJSIP/6101", "6101", exten="501")
    script.say("QueueCallerJoin", one, queue="orders", position="1")
    two = script.new("PJSIP/200", "200", of=one)
    script.call(one, two, "501", "b")
    script.say("QueueCallerLeave", one, queue="orders")
    script.wait(3)
    script.say("BlindTransfer", result="Success", transfererlinkedid=one.linkedid)
    script.end(two)
    script.leave(one)
    script.say("QueueCallerJoin", one, queue="a second one", position="1")
    script.wait(4)
    script.ask(one)
    script.say("QueueCallerAbandon", one, queue="a second one")
    script.say("QueueCallerLeave", one, queue="a second one")
    script.end(one)
    call = made(script)
    assert (call["disposition"], call["answered_by"]) == ("ANSWERED", "200")
    assert (call["queue"], call["transfers"]) == ("a second one", 1)
    assert call["wait"] == pytest.approx(5, abs=0.1)


def test_a_bridge_by_the_manager_joins_two_calls_and_is_no_transfer() -> None:
    script = Script()
    pairs = []
    for one, other in (("2222", "200"), ("300", "240")):
        caller = script.new(f"PJSIP/{one}", one, exten=other)
        callee = script.new(f"PJSIP/{other}", other, of=caller)
        script.call(caller, callee, other, f"b{one}")
        pairs.append((caller, callee))
    (first, left), (second, alone) = pairs
    script.wait(2)
    script.leave(first)
    script.enter("new", first)
    script.leave(second)
    second = second.with_linkedid(first)
    script.enter("new", second)
    script.end(left, alone)
    script.wait(2)
    script.ask(first)
    script.end(first, second)
    call = made(script)
    assert (call["legs"], call["transfers"], call["caller"]) == (4, 0, "2222")


def strange(kind: str) -> Any:
    script = Script()
    one = script.new("PJSIP/6101", "6101", exten="6102")
    two = script.new("PJSIP/6102", "6102", of=one)
    script.call(one, two, "6102", "b")
    script.wait(2)
    script.ask(one)
    script.end(two, one)
    odd = script.new("PJSIP/6103", "6103")
    script.say("QueueCallerJoin", odd, queue="orders", position="?")
    script.say("Hangup", odd, cause="99999999999999999999")
    events = script.frame()
    number = events["cause"].notna()
    events["cause"] = events["cause"].astype("string")
    events["cause"] = events["cause"].mask(number, events["cause"].str.removesuffix(".0"))
    if kind == "pandas":
        return events
    return pl.from_pandas(events) if kind == "polars" else pa.Table.from_pandas(events)


@pytest.mark.parametrize("kind", ["pandas", "polars", "pyarrow", "duckdb"])
def test_a_header_that_is_no_number_is_one_missing_value(kind: str) -> None:
    if kind == "duckdb":
        with duckdb.connect() as connection:
            found = from_events(connection.from_arrow(strange("pyarrow"))).to_arrow_table()
            calls = found.to_pandas()
    else:
        given = from_events(strange(kind))
        calls = given if isinstance(given, pd.DataFrame) else given.to_pandas()
    assert calls["disposition"].tolist()[0] == "ANSWERED"
    assert (calls["cause"][0], pd.isna(calls["cause"][1])) == (16, True)


def test_columns_without_any_value_are_taken_as_they_are() -> None:
    script = Script()
    one = script.new("PJSIP/6101", exten="600")
    script.end(one)
    events = script.frame().assign(application=None, variable=None, calleridname=None)
    for given in (events, pa.Table.from_pandas(events), pl.from_pandas(events)):
        assert len(from_events(given)) == 1
