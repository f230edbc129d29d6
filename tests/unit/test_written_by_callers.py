"""What a caller writes into an event of Asterisk's is never taken for Asterisk's own.

Asterisk puts the number that was dialled, and that of the caller, into its events as they are.
"""

from __future__ import annotations

import pandas as pd
import pytest

from ast_notebook.ami import Event, Session, contents
from ast_notebook.ami.answer import Pending
from ast_notebook.ami.message import Response, parse, parse_whole
from ast_notebook.ami.shapes import OFTEN
from ast_notebook.live import Live
from ast_notebook.recording.columns import batch_of, frame
from ast_notebook.views import shown_agents
from ast_notebook.zone import use_zone
from tests.support.waiting import eventually
from tests.unit.test_live_queues import Lists, living

FRONT = (
    "Event: UserEvent\r\nPrivilege: user,all\r\nChannel: PJSIP/30-1\r\nExten: 9{}\r\n"
    "Uniqueid: 1.1\r\nLinkedid: 1.1\r\nUserEvent: Call"
)
NEWSTATE = (
    "Event: Newstate\r\nPrivilege: call,all\r\nChannel: PJSIP/30-1\r\nExten: {}\r\n"
    "Uniqueid: 1.1\r\nLinkedid: 1.1"
)
HANGUP = "Event: Hangup\r\nPrivilege: call,all\r\nChannel: PJSIP/30-1\r\nUniqueid: 1.1"
BEHIND = "\r\nSource: 30\r\nDestination: Office"
WRITTEN = "\r\nSource: 2222\r\nDestination: Door\r\nValue: open"


def event(text: str) -> Event:
    found = parse(text)
    assert isinstance(found, Event)
    return found


def test_headers_before_the_dialplans_own_are_none_of_its() -> None:
    known = FRONT.format("") + BEHIND
    for _ in range(2 * OFTEN):
        assert event(known).headers["Source"] == "30"
    found = event(FRONT.format(WRITTEN) + BEHIND)
    told = {name: found.get_header(name) for name in ("Source", "Destination", "Value", "Uniqueid")}
    assert told == {"Source": "30", "Destination": "Office", "Value": None, "Uniqueid": "1.1"}
    assert found["header_Source"] == "2222" and found["header_Value"] == "open"
    assert event(known)["Source"] == "30" and contents.shapes.of(known, "UserEvent") is not None


def test_they_are_none_of_its_in_a_frame_either() -> None:
    rows = frame(
        [batch_of([FRONT.format(WRITTEN) + BEHIND, FRONT.format("") + BEHIND], [1, 2])], "ast"
    )
    assert rows["source"].tolist() == ["30", "30"]
    assert rows["destination"].tolist() == ["Office", "Office"]
    assert rows["header_source"].tolist()[0] == "2222" and "value" not in rows
    assert rows["header_value"].tolist()[0] == "open"


def entry(number: str) -> Event:
    text = f"Event: CoreShowChannel\r\nActionID: 7\r\nChannel: PJSIP/30-1\r\nExten: {number}"
    found = parse_whole(text)
    assert isinstance(found, Event)
    return found


def response(text: str) -> Response:
    found = parse_whole(text)
    assert isinstance(found, Response)
    return found


def test_no_entry_of_a_list_ends_it() -> None:
    asked = Pending("CoreShowChannels", 9)
    assert not asked.respond(response("Response: Success\r\nActionID: 7\r\nEventList: start"))
    assert not asked.enter(entry("9\r\nEventList: Complete"))
    assert not asked.enter(entry("200"))
    end = "Event: CoreShowChannelsComplete\r\nActionID: 7\r\nEventList: Complete\r\nListItems: 2"
    assert asked.enter(event(end))
    asked.finish()
    assert len(asked.wait()) == 2


@pytest.mark.parametrize("name", ["ThingsComplete", "LastThing"])
def test_a_list_ends_by_its_last_event_whatever_that_is_called(name: str) -> None:
    assert event(f"Event: {name}\r\nActionID: 7\r\nEventList: cancelled").ends_list
    assert event(f"Event: {name}\r\nEventList: Complete\r\nListItems: 2\r\nActionID: 7").ends_list


def test_a_value_that_is_asked_for_begins_no_list() -> None:
    front = "Response: Success\r\nActionID: 7\r\n"
    assert not response(f"{front}Variable: x\r\nValue: 9\r\nEventList: start").begins_list
    assert response(f"{front}EventList: start\r\nMessage: follows").begins_list


def test_an_entry_with_an_actionid_of_a_callers_is_in_its_list() -> None:
    class Listing(Lists):
        def __init__(self) -> None:
            super().__init__()
            who = {"Channel": "PJSIP/30-1", "Uniqueid": "1.1", "Linkedid": "1.1"}
            self.entries["CoreShowChannels"] = [{**who, "Exten": "9\r\nActionID: x"}]

    with living(Listing()) as (_, live):
        eventually(lambda: live.channels["channel"].tolist() == ["PJSIP/30-1"])


def test_an_event_that_names_two_channels_has_the_lists_compared_and_is_counted() -> None:
    script = Lists()
    script.entries["CoreShowChannels"] = []
    with living(script) as (fake, live):
        asked = script.actions.count("CoreShowChannels")
        fake.clients[-1].send(NEWSTATE.format("9\r\nUniqueid: 9.9"))
        eventually(lambda: script.actions.count("CoreShowChannels") > asked)
        assert live._session.counts["garbled"] == 1
    known = event(NEWSTATE.format("9"))
    assert known.headers and not known.repeats_an_id


@pytest.mark.parametrize("further", ["Channel: PJSIP/31-1", "Uniqueid: 9.9"])
def test_a_hangup_that_names_two_channels_is_in_doubt_too(further: str) -> None:
    session = Session()
    live = Live(session)
    written = f"CallerIDNum: 9\r\n{further}"
    session._dispatcher._hand_out([event(f"{HANGUP}\r\n{written}")])
    assert session.counts["garbled"] == 1
    session._dispatcher._hand_out([event(HANGUP)])
    assert session.counts["garbled"] == 1 and live.stale


@pytest.mark.parametrize("written", ["9999999999", "253402127999", "1e11", "0.1"])
def test_a_time_in_the_far_future_keeps_no_frame_of_channels_from_being_made(written: str) -> None:
    session = Session()
    live = Live(session)
    new = "Event: Newchannel\r\nPrivilege: call,all\r\nChannel: PJSIP/{0}\r\nUniqueid: {0}"
    texts = [f"{new.format('30-1')}\r\nTimestamp: {written}"]
    texts += [f"{new.format('31-2')}\r\nTimestamp: 1700000000.123456", new.format("32-3")]
    session._dispatcher._hand_out([event(text) for text in texts])
    since = live.channels["since"]
    assert since.dt.unit == "us"
    assert since[0].timestamp() == pytest.approx(float(written), rel=1e-12)
    assert since[1] == pd.Timestamp(1700000000123456, unit="us", tz="UTC")
    assert len(since) == 3


def test_a_time_that_not_every_zone_has_is_none() -> None:
    use_zone("Pacific/Kiritimati")
    try:
        session = Session()
        live = Live(session)
        text = "Event: QueueMemberStatus\r\nPrivilege: agent,all\r\nQueue: q\r\nInterface: SIP/1"
        session._dispatcher._hand_out([event(f"{text}\r\nLastCall: 253402300799")])
        assert shown_agents(live.members)._repr_html_()
        assert live.members["last_call"].isna().all()
    finally:
        use_zone(None)
