"""Who called, whom, and who answered, as events tell it."""

from __future__ import annotations

from typing import Any

import pytest

from ast_notebook.calls import from_events
from tests.support.made_up import Script, only


def click_to_dial(transferred: bool, *, number: str | None = "6101") -> dict[str, Any]:
    """A Local channel reaches 6101, and then dials 6102, who may hand the call to 6103."""
    script = Script()
    first, second = script.local("6101")
    script.dials(None, first)
    desk = script.new("PJSIP/6101", number, of=first)
    script.dials(second, desk, "6101")
    script.rings(desk, 1)
    script.up(desk)
    script.dialled(second, desk, "ANSWER")
    script.up(first, second)
    script.dialled(None, first, "ANSWER")
    script.enter("x", desk, second)
    other = script.new("PJSIP/6102", "6102", of=first)
    script.call(first, other, "6102", "y")
    script.wait(2)
    if transferred:
        asking = script.new("PJSIP/6102", "6102", exten="6103")
        third = script.new("PJSIP/6103", "6103", of=asking)
        script.call(asking, third, "6103", "z")
        script.wait(1)
        script.say(
            "AttendedTransfer",
            result="Success",
            origtransfererlinkedid=first.linkedid,
            secondtransfererlinkedid=asking.linkedid,
        )
        script.leave(third, asking, other)
        script.enter("y", third)
        script.end(asking, other)
        other = third
    script.ask(other)
    script.end(other, first, second, desk.shows("6101"))
    return only(from_events(script.frame()))


@pytest.mark.parametrize("transferred", [False, True])
def test_a_call_begins_with_the_party_that_was_reached_first(transferred: bool) -> None:
    call = click_to_dial(transferred)
    assert (call["caller"], call["caller_device"]) == ("6101", "PJSIP/6101")
    assert (call["dialled"], call["answered_by"]) == ("6102", "6102")
    assert call["transfers"] == int(transferred)
    assert call["billsec"] > call["talk"]


def test_a_party_that_was_reached_has_the_number_that_it_was_told() -> None:
    assert click_to_dial(False, number=None)["caller"] == "6101"


@pytest.mark.parametrize("fate", ["ANSWER", "NOANSWER", "no dial"])
def test_the_caller_has_the_number_that_the_dialplan_gave_him(fate: str) -> None:
    script = Script()
    one = script.new("PJSIP/dev17", "dev17", exten="6102")
    one = one.shows("4930")
    script.say("NewCallerid", one)
    if fate != "no dial":
        other = script.new("PJSIP/6102", "6102", of=one)
        if fate == "ANSWER":
            script.call(one, other, "6102", "b")
        else:
            script.dials(one, other, "6102")
            script.dialled(one, other, fate)
        script.end(other)
    # What comes after the first dial is no more the number that was shown to whom was called.
    one = one.shows("5000") if fate != "no dial" else one
    script.say("NewCallerid", one)
    script.end(one)
    call = only(from_events(script.frame()))
    assert (call["caller"], call["caller_device"]) == ("4930", "PJSIP/dev17")


def test_a_caller_without_a_number_has_none() -> None:
    script = Script()
    one = script.new("PJSIP/dev17", exten="600")
    script.end(one)
    call = only(from_events(script.frame()))
    assert (call["caller"], call["caller_device"]) == (None, "PJSIP/dev17")


def test_the_first_that_was_dialled_is_first_in_time() -> None:
    script = Script()
    one = script.new("PJSIP/200", "200")
    for number, status in (("900", "BUSY"), ("100", "NOANSWER")):
        other = script.new(f"PJSIP/{number}", number, of=one)
        script.dials(one.shows(f"0{number}"), other, number)
        script.dialled(one, other, status)
        script.end(other)
    script.end(one)
    call = only(from_events(script.frame()))
    assert (call["dialled"], call["caller"]) == ("900", "0900")


def rung(
    number: str | None, told: str, *, caller: str = "6101", direct: bool = False
) -> dict[str, Any]:
    """6101 dials a group or a queue, and PJSIP/6102 answers, which is told to have a number."""
    script = Script()
    one = script.new("PJSIP/6101", caller, exten="925")
    if direct:
        script.say("QueueCallerJoin", one, queue="orders", position="1")
    two = script.new("PJSIP/6102", number, of=one)
    three = script.new("PJSIP/6103", number, of=one)
    script.dials(one, three, "925")
    script.dialled(one, three, "CANCEL")
    script.call(one, two.shows(told), "925", "b")
    script.end(two.shows(told), three.shows(told), one)
    return only(from_events(script.frame()))


@pytest.mark.parametrize(
    ("number", "told", "right"),
    [
        ("6102", "6102", "6102"),
        (None, "925", "6102"),  # what was dialled
        (None, "6101", "6102"),  # the caller's own, as in a queue of Asterisk 22
        ("", "925", "6102"),
        ("4902", "925", "4902"),
        ("6101", "6101", "6102"),  # two telephones of one number
    ],
)
def test_who_answered_is_a_telephone_and_not_what_was_dialled(
    number: str | None, told: str, right: str
) -> None:
    call = rung(number, told, direct=told == "6101")
    assert (call["answered_by"], call["answered_device"]) == (right, "PJSIP/6102")


def test_a_trunk_that_answered_has_no_number_but_its_name() -> None:
    script = Script()
    one = script.new("PJSIP/200", "200", exten="00301234")
    trunk = script.new("PJSIP/provider", of=one)
    script.call(one, trunk.shows("00301234"), "00301234", "b")
    script.end(trunk, one)
    call = only(from_events(script.frame(), trunks=["provider"]))
    assert (call["dialled"], call["answered_by"]) == ("00301234", "provider")
    assert (call["direction"], call["trunk"]) == ("outbound", "PJSIP/provider")


def local_to_a_mailbox(busy: bool, number: str | None) -> dict[str, Any]:
    """The manager connects a Local channel with 959; behind it are a telephone and a mailbox."""
    script = Script()
    first, second = script.local("950")
    first, second = first.shows(number), second.shows(number)
    script.say("NewCallerid", first)
    script.dials(None, first)
    if busy:
        telephone = script.new("PJSIP/200", "200", of=first)
        script.dials(second, telephone, "950")
        # The half that was dialled is told the number of who rings.
        first = first.shows("200")
        script.say("NewCallerid", first)
        script.dialled(second, telephone, "BUSY")
        script.end(telephone, cause=17)
    script.say("Newexten", second, application="VoiceMail", appdata="22@default")
    script.say("OriginateResponse", first, exten="959", reason="4")
    script.up(first, second)
    script.dialled(None, first, "ANSWER")
    script.wait(3)
    script.end(second, first)
    return only(from_events(script.frame()))


@pytest.mark.parametrize("busy", [False, True])
@pytest.mark.parametrize("number", [None, "4711"])
def test_a_call_that_nobody_began_is_of_the_local_channel_that_came_up(
    busy: bool, number: str | None
) -> None:
    call = local_to_a_mailbox(busy, number)
    assert (call["caller"], call["caller_device"]) == (number, None)
    assert (call["disposition"], call["dialled"]) == ("VOICEMAIL", "959")
    assert call["billsec"] == pytest.approx(3, abs=0.1)
    assert call["hangup_by"] == "pbx"
