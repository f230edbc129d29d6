"""An Asterisk up to 11 is understood: its calls are those that they are, and what is not is said.

The events are as 1.8 and 11 write them (app_dial, app_queue, chan_local and channel.c there).
"""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import ast_notebook
from ast_notebook.ami.before12 import Before12, what_is_unknown
from ast_notebook.ami.legs import age
from ast_notebook.calls import calls, visits
from ast_notebook.magics.status import Status
from ast_notebook.recording import Record
from tests.support.fake_manager import FakeManager, obliging
from tests.support.waiting import eventually

BEGIN = 1372445600


class Pbx:
    """The events of an old Asterisk, a second apart, by short names of its channels."""

    def __init__(self):
        self.texts = []
        self.names = {}
        self.numbers = {}

    def say(self, name, **headers):
        lines = [f"{key.replace('_', '-')}: {value}" for key, value in headers.items()]
        when = f"Timestamp: {BEGIN + len(self.texts)}.000000"
        self.texts.append("\r\n".join([f"Event: {name}", "Privilege: call,all", when, *lines]))

    def of(self, key):
        return {"Channel": self.names[key], "Uniqueid": f"{BEGIN}.{key}"}

    def new(self, key, name, state="Down", number="", exten=""):
        self.names[key], self.numbers[key] = name, number
        self.say(
            "Newchannel",
            Channel=name,
            ChannelState=0,
            ChannelStateDesc=state,
            CallerIDNum=number,
            CallerIDName="",
            AccountCode="",
            Exten=exten,
            Context="phones",
            Uniqueid=f"{BEGIN}.{key}",
        )

    def state(self, key, state="Up"):
        told = {"ChannelState": 6, "ChannelStateDesc": state, "CallerIDNum": self.numbers[key]}
        self.say("Newstate", **self.of(key), **told)

    def dial(self, source, dest, text=""):
        self.say(
            "Dial",
            SubEvent="Begin",
            Channel=self.names[source],
            Destination=self.names[dest],
            CallerIDNum=self.numbers[source],
            UniqueID=f"{BEGIN}.{source}",
            DestUniqueID=f"{BEGIN}.{dest}",
            Dialstring=text,
        )

    def dialled(self, source, status):
        told = {"Channel": self.names[source], "UniqueID": f"{BEGIN}.{source}"}
        self.say("Dial", SubEvent="End", **told, DialStatus=status)

    def bridge(self, one, other, state="Link"):
        self.say(
            "Bridge",
            Bridgestate=state,
            Bridgetype="core",
            Channel1=self.names[one],
            Channel2=self.names[other],
            Uniqueid1=f"{BEGIN}.{one}",
            Uniqueid2=f"{BEGIN}.{other}",
            CallerID1=self.numbers[one],
            CallerID2=self.numbers[other],
        )

    def masquerade(self, clone, original):
        """Let a channel's telephone move into another one, as `ast_do_masquerade` says it."""
        moved, left = self.names[clone], self.names[original]
        self.say("Masquerade", Clone=moved, CloneState="Up", Original=left, OriginalState="Up")
        for key, former, name in (
            (clone, moved, f"{moved}<MASQ>"),
            (original, left, moved),
            (clone, f"{moved}<MASQ>", f"{left}<ZOMBIE>"),
        ):
            self.say("Rename", Channel=former, Newname=name, Uniqueid=f"{BEGIN}.{key}")
            self.names[key] = name

    def hangup(self, key, cause=16):
        self.say("Hangup", **self.of(key), CallerIDNum=self.numbers[key], Cause=cause)

    def frame(self):
        translate = Before12().translate
        texts = [one for text in self.texts for one in translate(text)]
        record = Record()
        record.add(texts, BEGIN * 1_000_000)
        return record.frame()

    def call(self):
        (call,) = calls(self.frame()).itertuples()
        return call


@pytest.fixture
def pbx():
    pbx = Pbx()
    pbx.new(1, "SIP/6101-00000001", "Ring", "6101", "6102")
    return pbx


def told(call, *names):
    return tuple(getattr(call, name) for name in names)


def test_a_plain_call(pbx):
    pbx.new(2, "SIP/6102-00000002", number="6102")
    pbx.dial(1, 2, "6102")
    pbx.state(2, "Ringing")
    for key in (2, 1):
        pbx.state(key)
    pbx.bridge(1, 2)
    pbx.bridge(1, 2)  # native, from here on
    pbx.bridge(1, 2, "Unlink")
    pbx.hangup(2)
    pbx.dialled(1, "ANSWER")
    pbx.hangup(1)
    call = pbx.call()
    assert told(call, "disposition", "caller", "dialled", "answered_by") == (
        *("ANSWERED", "6101", "6102", "6102"),
    )
    assert told(call, "talk", "ring", "legs", "transfers") == (2.0, 2.0, 2, 0)


@pytest.mark.parametrize(
    ("cause", "status", "disposition"),
    [(17, "BUSY", "BUSY"), (19, "NOANSWER", "NO ANSWER"), (20, "CHANUNAVAIL", "FAILED")],
)
def test_a_call_that_reached_nobody(pbx, cause, status, disposition):
    pbx.new(2, "SIP/6102-00000002", number="6102")
    pbx.dial(1, 2)
    if status != "CHANUNAVAIL":
        pbx.state(2, "Ringing")
    pbx.hangup(2, cause)
    pbx.dialled(1, status)
    pbx.hangup(1, cause)
    call = pbx.call()
    assert told(call, "disposition", "caller") == (disposition, "6101")
    assert call.answered_by != call.answered_by  # missing


def test_one_of_a_group_answers_and_the_others_have_not(pbx):
    for key in (2, 3):
        pbx.new(key, f"SIP/610{key}-0000000{key}", number=f"610{key}")
        pbx.dial(1, key)
    for key in (2, 3):
        pbx.state(key, "Ringing")
    pbx.state(3)
    pbx.hangup(2)
    pbx.bridge(1, 3)
    frame = pbx.frame()
    ends = frame[frame["event"] == "DialEnd"]
    assert dict(zip(ends["destchannel"], ends["dialstatus"], strict=True)) == {
        "SIP/6102-00000002": "CANCEL",
        "SIP/6103-00000003": "ANSWER",
    }
    assert calls(frame)["answered_by"].tolist() == ["6103"]


def through_local(pbx):
    pbx.new(2, "Local/6102@phones-00000001;1", exten="6102")
    pbx.new(3, "Local/6102@phones-00000001;2", "Ring", "6101", "6102")
    pbx.dial(1, 2)
    pbx.new(4, "SIP/6102-00000002", number="6102")
    pbx.dial(3, 4)
    for key in (4, 3, 2, 1):
        pbx.state(key)
    pbx.bridge(3, 4)
    pbx.bridge(1, 2)


def test_a_local_channel_between_them_that_goes_away(pbx):
    through_local(pbx)
    pbx.masquerade(4, 2)
    pbx.bridge(3, 4, "Unlink")
    pbx.hangup(4)
    pbx.hangup(3)
    for _ in range(10):
        pbx.say("PeerStatus", Peer="SIP/1")
    pbx.bridge(1, 2, "Unlink")
    pbx.hangup(2)
    pbx.hangup(1)
    call = pbx.call()
    assert told(call, "disposition", "caller", "answered_by") == ("ANSWERED", "6101", "6102")
    assert told(call, "transfers", "legs") == (0, 2)
    assert call.talk > 10


def test_a_local_channel_between_them_that_stays(pbx):
    through_local(pbx)
    pbx.bridge(1, 2, "Unlink")
    for key in (2, 1, 3, 4):
        pbx.hangup(key)
    assert told(pbx.call(), "disposition", "answered_by", "transfers") == ("ANSWERED", "6102", 0)


def test_an_attended_transfer_is_one_call(pbx):
    pbx.new(2, "SIP/6102-00000002", number="6102")
    pbx.dial(1, 2)
    for key in (2, 1):
        pbx.state(key)
    pbx.bridge(1, 2)
    pbx.new(3, "SIP/6102-00000003", "Ring", "6102", "6103")
    pbx.new(4, "SIP/6103-00000004", number="6103")
    pbx.dial(3, 4)
    for key in (4, 3):
        pbx.state(key)
    pbx.bridge(3, 4)
    transferer, target = pbx.of(2), pbx.of(3)
    pbx.say(
        "Transfer",
        TransferMethod="SIP",
        TransferType="Attended",
        **transferer,
        TargetChannel=target["Channel"],
        TargetUniqueid=target["Uniqueid"],
    )
    pbx.masquerade(1, 3)  # the caller takes the place of 6102 with 6103
    pbx.bridge(1, 2, "Unlink")
    pbx.hangup(1)
    pbx.hangup(2)
    pbx.bridge(3, 4, "Unlink")
    pbx.hangup(4)
    pbx.hangup(3)
    call = pbx.call()
    assert told(call, "disposition", "caller", "dialled", "answered_by") == (
        *("ANSWERED", "6101", "6102", "6102"),
    )
    assert call.transfers == 1
    frame = pbx.frame()
    last = frame[(frame["event"] == "Hangup")].iloc[-1]
    assert told(last, "channel", "uniqueid") == ("SIP/6101-00000001", f"{BEGIN}.1")


def test_a_blind_transfer_is_one_call(pbx):
    pbx.new(2, "SIP/6102-00000002", number="6102")
    pbx.dial(1, 2)
    for key in (2, 1):
        pbx.state(key)
    pbx.bridge(1, 2)
    pbx.new(3, "AsyncGoto/SIP/6101-00000001", "Up")
    pbx.masquerade(1, 3)
    told_of = {"TransferMethod": "SIP", "TransferType": "Blind", **pbx.of(2)}
    pbx.say("Transfer", **told_of, TransferExten="6103", TransferContext="phones")
    pbx.bridge(1, 2, "Unlink")
    pbx.hangup(1)
    pbx.hangup(2)
    pbx.numbers[3] = "6101"
    pbx.new(4, "SIP/6103-00000004", number="6103")
    pbx.dial(3, 4)
    pbx.state(4)
    pbx.bridge(3, 4)
    pbx.bridge(3, 4, "Unlink")
    for key in (4, 3):
        pbx.hangup(key)
    call = pbx.call()
    assert told(call, "disposition", "caller", "dialled", "answered_by") == (
        *("ANSWERED", "6101", "6102", "6102"),
    )
    assert told(call, "transfers", "legs") == (1, 3)


def test_what_asterisk_makes_for_a_moment_is_no_telephone(pbx):
    pbx.new(2, "AsyncGoto/SIP/6101-00000001", "Up")
    pbx.masquerade(1, 2)
    pbx.hangup(1)
    pbx.say("Newexten", **pbx.of(2), Extension="6103", Context="phones", Application="Dial")
    pbx.hangup(2)
    frame = pbx.frame()
    assert set(frame["channel"].dropna()) == {"SIP/6101-00000001"}
    assert set(frame["uniqueid"].dropna()) == {f"{BEGIN}.1"}
    assert pbx.call().legs == 1


def test_a_queue(pbx):
    caller = pbx.of(1)
    pbx.state(1)
    pbx.say("Join", **caller, CallerIDNum="6101", Queue="sales", Position=1, Count=1)
    member = {"Queue": "sales", "Member": "SIP/6102", "MemberName": "Ann"}
    for key in (2, 3):
        pbx.new(key, f"SIP/6102-0000000{key}", number="6102")
        pbx.say(
            "AgentCalled",
            Queue="sales",
            AgentCalled="SIP/6102",
            AgentName="Ann",
            ChannelCalling=pbx.names[1],
            DestinationChannel=pbx.names[key],
            Uniqueid=caller["Uniqueid"],
        )
        pbx.state(key, "Ringing")
        if key == 2:
            pbx.say("AgentRingNoAnswer", **caller, **member, RingTime=1000)
            pbx.hangup(2)
    pbx.state(3)
    pbx.say("Leave", **caller, Queue="sales", Count=0, Position=1)
    agent = {"Channel": pbx.names[3], "BridgedChannel": f"{BEGIN}.3"}
    connected = {"Uniqueid": caller["Uniqueid"], **agent, **member}
    pbx.say("AgentConnect", **connected, HoldTime=5, RingTime=1)
    pbx.bridge(1, 3)
    pbx.bridge(1, 3, "Unlink")
    pbx.say("AgentComplete", **connected, HoldTime=5, TalkTime=1, Reason="agent")
    pbx.hangup(3)
    pbx.hangup(1)
    call = pbx.call()
    assert told(call, "disposition", "caller", "answered_by", "queue") == (
        *("ANSWERED", "6101", "6102", "sales"),
    )
    assert call.transfers == 0
    (visit,) = visits(pbx.frame()).itertuples()
    assert told(visit, "queue", "outcome", "agent") == ("sales", "ANSWERED", "Ann")


def test_hold_has_its_end(pbx):
    for status in ("On", "Off"):
        pbx.say("Hold", Status=status, **pbx.of(1))
    frame = pbx.frame()
    assert frame["event"].tolist()[1:] == ["Hold", "Unhold"]
    assert frame["linkedid"].tolist()[1:] == [f"{BEGIN}.1"] * 2


# --- on the wire ---------------------------------------------------------------------------------

OLD = b"Asterisk Call Manager/1.3\r\n"


def test_it_is_said_at_connect_and_in_the_status_and_live_counts_one_call(pbx):
    def script(client, action):
        if action["Action"] != "CoreShowChannels":
            obliging(client, action)
            return
        key = f"ActionID: {action['ActionID']}"
        client.ok(action, "EventList: start")
        for one, other in ((8, 9), (9, 8)):
            lines = [f"Channel: SIP/{one}-1", f"UniqueID: {BEGIN - 1}.{one}", "Extension: 9"]
            state = ["ChannelState: 6", "ChannelStateDesc: Up", f"CallerIDnum: {one}"]
            bridged = [f"BridgedChannel: SIP/{other}-1", f"BridgedUniqueID: {BEGIN - 1}.{other}"]
            client.send("Event: CoreShowChannel", key, *lines, *state, *bridged)
        client.send("Event: CoreShowChannelsComplete", key, "EventList: Complete")

    login: dict[str, Any] = {"username": "admin", "password": "secret", "timeout": 5}
    with FakeManager(script, OLD) as fake:
        with pytest.warns(UserWarning, match="up to 11"):
            sh = ast_notebook.connect("127.0.0.1", fake.port, **login)
        with sh:
            live = sh.ast.live
            eventually(lambda: len(live.channels) == 2)
            assert live.calls == 1
            assert live.channels["caller"].tolist() == ["8", "9"]
            assert live.channels["bridge"].nunique() == 1
            pbx.new(2, "SIP/6102-00000002", number="6102")
            pbx.dial(1, 2)
            fake.clients[-1].raw("".join(f"{text}\r\n\r\n" for text in pbx.texts).encode())
            eventually(lambda: len(live.channels) == 4 and live.calls == 2)
            assert "not known: this PBX is an Asterisk up to 11" in repr(Status(sh))


@pytest.mark.parametrize(
    ("version", "words"),
    [("1.0", "not understood"), ("1.1", "up to 11"), ("2.0.0", ""), ("11.0.0", ""), ("", "")],
)
def test_what_is_not_known_is_said_of_old_ones_only(version, words):
    unknown = what_is_unknown(version)
    assert words in unknown
    assert bool(words) is bool(unknown)
    assert "\n" not in unknown


NAMES = (
    *("Newchannel", "Newstate", "Dial", "Bridge", "Unlink", "Masquerade", "Rename", "Hangup"),
    *("Join", "Leave", "Hold", "AgentCalled", "AgentConnect", "AgentRingNoAnswer", "UserEvent"),
    *("CoreShowChannel", "QueueMemberPaused"),
)
HEADERS = (
    *("Channel", "Uniqueid", "UniqueID", "DestUniqueID", "Uniqueid1", "Uniqueid2", "SubEvent"),
    *("Bridgestate", "Clone", "Original", "Newname", "ChannelStateDesc", "Member"),
    *("DestinationChannel", "BridgedUniqueID"),
)
WORDS = ("", "1.1", "1.2", "x", "S/1-1", "Local/1@a-1;1", "Local/1@a-1;2", "Begin", "End", "Link")
LINES = st.lists(st.tuples(st.sampled_from(HEADERS), st.sampled_from(WORDS)), max_size=6)


@given(st.lists(st.tuples(st.sampled_from(NAMES), LINES), max_size=30))
def test_whatever_comes_it_is_translated(events):
    before12 = Before12()
    for name, headers in events:
        text = "\r\n".join([f"Event: {name}", *(f"{key}: {value}" for key, value in headers)])
        for one in before12.translate(text):
            assert one.startswith("Event: ")


def test_what_is_no_event_is_left_as_it_is():
    for text in ("Response: Success\r\nUniqueid: 1", "Event: X\r\nno header", ""):
        assert Before12().translate(text) == [text]


def test_a_uniqueid_of_digits_without_end_costs_no_more_than_its_length():
    assert age("1" * 500_000)[:2] == age("2" * 500_000 + ".1")[:2] == (0, 0)
    assert age("berlin-1372445600.7")[:2] == (1372445600, 7)
