"""The queues where what events tell of them is odd: nothing stays, and nothing is lost."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from functools import partial
from typing import Any

import pandas as pd
import pytest

import ast_notebook
from ast_notebook.ami import Secret, Session, Settings
from ast_notebook.errors import ConnectionLost
from ast_notebook.live import Live, reconcile
from ast_notebook.magics.status import Status
from tests.support.fake_manager import Client, FakeManager, Headers
from tests.support.queue_events import Channel, wire
from tests.support.waiting import eventually, stays

FIELDS = {"Penalty": 0, "CallsTaken": 4, "LastCall": 0, "InCall": 0, "Status": 1, "Paused": 0}


@pytest.fixture(autouse=True)
def compared_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorten the waits of a comparison, whose lists a scripted PBX sends in no time."""
    monkeypatch.setattr(reconcile, "TICK", 0.02)
    monkeypatch.setattr(reconcile, "APART", 0.1)


class Lists:
    """A manager's script: answers with these entries, and with an error to what has none."""

    def __init__(self) -> None:
        self.entries: dict[str, list[dict[str, object]]] = {
            "CoreShowChannels": [],
            "ParkedCalls": [],
            "QueueStatus": [
                {"Event": "QueueParams", "Queue": "sales", "Calls": 0, "Completed": 0},
                self.member("Local/30@phones", "PJSIP/30"),
            ],
        }
        self.asked = 0
        self.actions: list[str] = []
        self.before_the_end = lambda client: None

    def member(self, interface: str, state_interface: str, **more: Any) -> dict[str, object]:
        named = {"Queue": "sales", "Name": "Nora", "Location": interface}
        return {
            "Event": "QueueMember",
            **named,
            "StateInterface": state_interface,
            **FIELDS,
            **more,
        }

    def __call__(self, client: Client, action: Headers) -> None:
        self.actions.append(action["Action"])
        entries, key = self.entries.get(action["Action"]), f"ActionID: {action.get('ActionID')}"
        if action["Action"] in ("Login", "Ping"):
            client.ok(action)
            return
        if entries is None:
            client.send("Response: Error", key, "Message: no such thing here")
            return
        client.ok(action, "EventList: start")
        for entry in entries:
            lines = {"Event": action["Action"].removesuffix("s"), **entry}
            client.send(*(f"{name}: {value}" for name, value in lines.items()), key)
        if action["Action"] == "QueueStatus":
            self.asked += 1
            self.before_the_end(client)
        client.send("Event: ListComplete", key, "EventList: Complete")


@contextlib.contextmanager
def living(script: Lists) -> Iterator[tuple[FakeManager, Live]]:
    settings: dict[str, Any] = {"username": "admin", "password": Secret("secret"), "timeout": 10}
    with FakeManager(script) as fake:
        session = Session(Settings(port=fake.port, **settings))
        live = Live(session)
        with session.connect():
            eventually(live.primed.is_set)
            yield fake, live


def send(fake: FakeManager, *events: dict[str, object]) -> None:
    for text in wire(events):
        fake.clients[-1].send(text)


def waiting(live: Live) -> list[tuple[str, int]]:
    rows = live.tables["callers"].rows().values()
    return sorted((row["channel"], row["position"]) for row in rows)


def member(live: Live) -> dict[str, object]:
    (row,) = live.tables["members"].rows().values()
    return row


CALLER, ASKED = Channel("PJSIP/200-1", 1), Channel("PJSIP/2222-3", 3)
COLLEAGUE, OTHER = Channel("PJSIP/2222-2", 2), Channel("PJSIP/240-5", 5)
HALF = Channel("Local/30@phones-1;1", 6)


def test_a_place_in_line_goes_to_whom_it_was_transferred() -> None:
    with living(Lists()) as (fake, live):
        send(fake, ASKED.joins("sales", 0), OTHER.joins("sales", 1, 2))
        send(fake, COLLEAGUE.transfers(ASKED, CALLER, 2), ASKED.ends(2.1))
        eventually(lambda: waiting(live) == [("PJSIP/200-1", 1), ("PJSIP/240-5", 2)])
        row = live.callers.set_index("uniqueid").loc[CALLER.id]
        assert (row["caller"], row["queue"]) == ("200", "sales")
        send(fake, CALLER.leaves_queue("sales", 3, count=1))
        eventually(lambda: waiting(live) == [("PJSIP/240-5", 1)])
        assert live.queues["calls"].tolist() == [1]


def test_a_transfer_that_failed_moves_nobody() -> None:
    with living(Lists()) as (fake, live):
        failed = COLLEAGUE.transfers(ASKED, CALLER, 2, result="Fail")
        send(fake, ASKED.joins("sales", 0), failed, OTHER.joins("sales", 3, 2))
        eventually(lambda: len(waiting(live)) == 2)
        assert waiting(live)[0] == ("PJSIP/2222-3", 1)


def test_who_waits_behind_a_local_channel_is_he_whom_its_other_half_tells_of() -> None:
    one, two = Channel("Local/910@phones-1;1", 6), Channel("Local/910@phones-1;2", 7)
    now = {"connectedlinenum": "200", "connectedlinename": "Anna"}
    with living(Lists()) as (fake, live):
        send(fake, two.joins("sales", 0, calleridnum="2222"))
        send(fake, one.tells("NewConnectedLine", 2, **now))
        eventually(lambda: live.callers["caller"].tolist() == ["200"])
        assert live.callers["caller_name"].tolist() == ["Anna"]


def test_nobody_waits_whose_channel_is_gone_or_talks() -> None:
    with living(Lists()) as (fake, live):
        send(fake, ASKED.joins("sales", 0), OTHER.joins("sales", 1, 2), CALLER.joins("sales", 2, 3))
        eventually(lambda: len(waiting(live)) == 3)
        send(fake, ASKED.ends(3), CALLER.enters("b", 4))
        eventually(lambda: waiting(live) == [("PJSIP/240-5", 1)])
        assert live.queues["calls"].tolist() == [1]


def test_the_mean_of_no_call_is_missing_and_one_of_no_second_is_0() -> None:
    script = Lists()
    means = {"Event": "QueueParams", "Calls": 0, "Holdtime": 0}
    script.entries["QueueStatus"] = [
        {**means, "Queue": "none", "Completed": 0, "TalkTime": 0},
        {**means, "Queue": "quick", "Completed": 3, "TalkTime": 40},
        {**means, "Queue": "old", "Completed": 3},
        {**means, "Queue": "talks", "Completed": 0, "TalkTime": 0, "Holdtime": 7},
    ]
    with living(script) as (_, live):
        found = live.queues.set_index("queue")[["holdtime", "talktime"]]
        shown = {
            queue: [None if one is pd.NA else one for one in row]
            for queue, row in zip(found.index, found.to_numpy(), strict=True)
        }
        right = {"none": [None, None], "quick": [0, 40], "old": [0, None], "talks": [7, None]}
        assert shown == right


def test_a_number_that_cannot_be_read_is_missing_and_never_0() -> None:
    script = Lists()
    odd: dict[str, object] = {"Penalty": "x", "CallsTaken": "9" * 40, "Status": "?"}
    script.entries["QueueStatus"] = [
        {"Event": "QueueParams", "Queue": "sales", "Calls": 0, "Completed": "x", "Holdtime": "1.5"},
        {"Event": "QueueEntry", "Queue": "sales", "Uniqueid": "8.8", "Position": "", "Wait": "?"},
        script.member("Local/30@phones", "PJSIP/30", **odd),
    ]
    script.entries["VoicemailUsersList"] = [
        {
            "Event": "VoicemailUserEntry",
            "VoiceMailbox": 22,
            "VMContext": "default",
            "NewMessageCount": "",
            "OldMessageCount": 4,
        }
    ]
    told: list[int] = []
    with living(script) as (fake, live):
        with contextlib.closing(live.watch_mailbox("22@default", told.append)):
            counted = live.queues.loc[0, ["calls", "completed", "abandoned", "holdtime"]]
            assert [None if one is pd.NA else one for one in counted] == [0, None, None, None]
            assert live.callers[["position", "since"]].isna().all(axis=None)
            assert live.members[["penalty", "calls_taken"]].isna().all(axis=None)
            assert live.members["state"].tolist() == ["UNKNOWN"]
            assert live.mailboxes[["new", "old"]].iloc[0].isna().tolist() == [True, False]
            send(fake, ASKED.joins("sales", 0), ASKED.ends(1))
            waiting_message = {"event": "MessageWaiting", "mailbox": "22@default", "at": 2}
            send(fake, {**waiting_message, "new": "x", "old": 1})
            send(fake, {**waiting_message, "new": 3, "old": 1})
            eventually(lambda: told == [3])
        interface = member(live)["interface"]
        agent = {"queue": "sales", "interface": interface, "membername": "Nora"}
        send(fake, {"event": "AgentConnect", "at": 3, **agent})
        eventually(lambda: member(live)["in_call"])
        send(fake, {"event": "AgentComplete", "at": 9, "talktime": "x", **agent})
        eventually(lambda: not member(live)["in_call"])
        assert member(live)["calls_taken"] is None
        assert live.queues["completed"].isna().all()


def test_a_member_is_in_a_call_from_its_connect_to_its_end_whatever_its_state_says() -> None:
    with living(Lists()) as (fake, live):
        assert member(live)["in_call"] is False
        local = {"interface": "Local/30@phones"}
        state = dict(local, queue="sales", membername="Nora", callstaken=4, incall=0)
        send(fake, CALLER.connects("sales", "Nora", HALF, 10, **local))
        # What was said before the call was connected may come behind.
        send(fake, CALLER.tells("QueueMemberStatus", 10, **state, status=2))
        eventually(lambda: member(live)["state"] == "INUSE")
        assert member(live)["in_call"] is True
        send(fake, CALLER.completes("sales", "Nora", HALF, 20, talktime=10, **local))
        eventually(lambda: member(live)["in_call"] is False)
        assert (member(live)["calls_taken"], live.queues["completed"].tolist()) == (5, [1])
        send(fake, CALLER.tells("QueueMemberStatus", 20, **dict(state, callstaken=5), status=1))
        eventually(lambda: member(live)["state"] == "NOT_INUSE")
        assert (member(live)["calls_taken"], live.queues["completed"].tolist()) == (5, [1])


def test_a_call_that_a_members_state_has_ended_is_counted_once() -> None:
    with living(Lists()) as (fake, live):
        local = {"interface": "Local/30@phones"}
        ended = dict(local, queue="sales", callstaken=5, incall=0, status=1)
        send(fake, CALLER.connects("sales", "Nora", HALF, 10, **local))
        send(fake, CALLER.tells("QueueMemberStatus", 19, **ended))
        send(fake, CALLER.completes("sales", "Nora", HALF, 20, talktime=10, **local))
        send(fake, OTHER.joins("sales", 21))
        eventually(lambda: waiting(live))
        assert (member(live)["in_call"], member(live)["calls_taken"]) == (False, 5)
        assert live.queues["completed"].tolist() == [1]


def test_the_end_of_an_earlier_call_does_not_end_the_one_that_lasts() -> None:
    with living(Lists()) as (fake, live):
        local = {"interface": "Local/30@phones"}
        send(fake, CALLER.connects("sales", "Nora", HALF, 10, **local))
        send(fake, OTHER.connects("sales", "Nora", HALF, 15, **local))
        send(fake, CALLER.completes("sales", "Nora", HALF, 20, talktime=10, **local))
        send(fake, ASKED.joins("sales", 21))
        eventually(lambda: waiting(live))
        assert member(live)["in_call"] is True
        send(fake, OTHER.completes("sales", "Nora", HALF, 25, talktime=10, **local))
        eventually(lambda: member(live)["in_call"] is False)


def test_an_event_that_does_not_speak_of_a_pause_does_not_end_it() -> None:
    with living(Lists()) as (fake, live):
        told = {"queue": "sales", "interface": "Local/30@phones", "membername": "Nora"}
        pause = {"paused": 1, "pausedreason": "lunch"}
        send(fake, CALLER.tells("QueueMemberPause", 1, **told, **pause))
        send(fake, CALLER.tells("QueueMemberPenalty", 2, **told, penalty=3))
        eventually(lambda: member(live)["penalty"] == 3)
        assert (member(live)["paused"], member(live)["reason"]) == (True, "lunch")
        assert (member(live)["calls_taken"], member(live)["state"]) == (4, "NOT_INUSE")


def test_the_reason_of_a_pause_ends_with_it() -> None:
    with living(Lists()) as (fake, live):
        told = {"queue": "sales", "interface": "Local/30@phones"}
        send(fake, CALLER.tells("QueueMemberPause", 1, **told, paused=1, reason="lunch"))
        eventually(lambda: member(live)["reason"] == "lunch")
        # Asterisk 16 says `Reason: back`, and 22 `PausedReason: back`, of who works again.
        send(fake, CALLER.tells("QueueMemberPause", 2, **told, paused=0, pausedreason="back"))
        eventually(lambda: member(live)["paused"] is False)
        assert member(live)["reason"] == ""


# --- beside Asterisk's lists ---------------------------------------------------------------------


def entry(channel: Channel, position: int = 1) -> dict[str, object]:
    who = {"Channel": channel.name, "Uniqueid": channel.id, "CallerIDNum": channel.number}
    return {"Event": "QueueEntry", "Queue": "sales", "Position": position, "Wait": 3, **who}


def test_what_the_lists_say_otherwise_is_taken_in_and_counted() -> None:
    script = Lists()
    with living(script) as (fake, live):
        assert live.reconcile() == {}
        send(fake, CALLER.joins("sales", 0))
        eventually(lambda: waiting(live))
        script.entries["QueueStatus"] = [
            {"Event": "QueueParams", "Queue": "sales", "Calls": 1, "Completed": 0, "Holdtime": 12},
            script.member("Local/30@phones", "PJSIP/30", Paused=1, PausedReason="lunch"),
            entry(OTHER),
        ]
        assert live.reconcile() == {"callers": 2, "members": 1}
        assert waiting(live) == [("PJSIP/240-5", 1)]
        assert (member(live)["paused"], member(live)["reason"]) == (True, "lunch")
        assert live.queues["holdtime"].tolist() == [12]  # which no event tells: no correction
        assert live.corrections == {"callers": 2, "members": 1}
        assert live.reconcile() == {}


def test_a_call_that_asterisk_counts_twice_counts_as_its_lists_say() -> None:
    script = Lists()
    with living(script) as (fake, live):
        local = {"interface": "Local/30@phones"}
        send(fake, CALLER.connects("sales", "Nora", HALF, 10, **local))
        send(fake, CALLER.completes("sales", "Nora", HALF, 20, talktime=10, **local))
        eventually(lambda: live.queues["completed"].tolist() == [1])
        script.entries["QueueStatus"] = [
            {"Event": "QueueParams", "Queue": "sales", "Calls": 0, "Completed": 2},
            script.member("Local/30@phones", "PJSIP/30", CallsTaken=6),
        ]
        assert live.reconcile() == {"members": 1, "queues": 1}
        assert (member(live)["calls_taken"], live.queues["completed"].tolist()) == (6, [2])


def test_what_an_event_changed_since_the_lists_were_asked_for_is_left_alone() -> None:
    script = Lists()
    with living(script) as (_, live):
        script.before_the_end = lambda client: client.send(*wire([CALLER.joins("sales", 0)]))
        assert live.reconcile() == {}
        assert waiting(live) == [("PJSIP/200-1", 1)]
        script.before_the_end = lambda client: None
        assert live.reconcile() == {"callers": 1, "queues": 1}
        assert waiting(live) == []


def test_a_list_that_is_ahead_of_its_events_corrects_nothing() -> None:
    script = Lists()
    with living(script) as (_, live):
        listed = list(script.entries["QueueStatus"])
        script.entries["QueueStatus"] = [
            {"Event": "QueueParams", "Queue": "sales", "Calls": 1, "Completed": 0},
            *listed[1:],
            entry(OTHER),
        ]

        def late(client: Client) -> None:
            if script.asked % 2 == 0:  # with the first list, but behind its end
                script.entries["QueueStatus"], script.before_the_end = listed, lambda client: None
                client.send(*wire([OTHER.joins("sales", 0)]), "")
                client.send(*wire([OTHER.leaves_queue("sales", 1)]))

        script.before_the_end = late
        assert live.reconcile() == {}
        assert live.corrections == {}


def test_the_lists_are_no_events_to_anybody() -> None:
    script = Lists()
    texts: list[str] = []
    heard: list[str] = []
    with FakeManager(script) as fake:
        session = Session(
            Settings(port=fake.port, username="admin", password=Secret("secret"), timeout=10),
            recorder=lambda new, _: texts.extend(new),
        )
        live = Live(session)
        with session.connect():
            eventually(live.primed.is_set)
            session.register_event("*", lambda event, _: heard.append(event.name))
            before = len(texts)
            live.reconcile()
            assert (texts[before:], heard) == ([], [])


def test_an_event_that_does_not_fit_has_the_lists_asked_for_soon() -> None:
    script = Lists()
    with living(script) as (fake, live):
        script.entries["QueueStatus"] += [entry(OTHER)]
        send(fake, CALLER.leaves_queue("sales", 1))
        eventually(lambda: waiting(live) == [("PJSIP/240-5", 1)])


def test_a_lamp_whose_states_came_the_wrong_way_round_is_put_right() -> None:
    """So Asterisk 16 was seen to do of a telephone that refused at once."""
    script = Lists()
    script.entries["DeviceStateList"] = []
    lamp: dict[str, object] = {
        "Event": "DeviceStateChange",
        "Device": "SIP/200",
        "State": "NOT_INUSE",
    }
    with living(script) as (fake, live):
        script.entries["DeviceStateList"] = [lamp]
        for at, state in ((1.0, "NOT_INUSE"), (1.000009, "RINGING")):
            send(fake, CALLER.tells("DeviceStateChange", at, device="SIP/200", state=state))
        eventually(lambda: live.devices["state"].tolist() == ["RINGING"])
        send(fake, CALLER.tells("DeviceStateChange", 0, device="SIP/30", state="INUSE"))
        eventually(lambda: sorted(live.devices["state"]) == ["INUSE", "NOT_INUSE"])
        eventually(lambda: live.corrections == {"devices": 1})


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorten the pauses between comparisons that odd events ask for."""
    monkeypatch.setattr(reconcile, "IN_DOUBT", 0.05)
    monkeypatch.setattr(reconcile, "IN_DOUBT_MOST", 0.4)


@pytest.mark.usefixtures("hurried")
def test_a_doubt_about_devices_asks_for_their_list_and_for_no_other() -> None:
    script = Lists()
    script.entries["DeviceStateList"] = []
    with living(script) as (fake, live):
        live.reconcile()
        del script.actions[:]
        flash(fake, 1.0)
        eventually(lambda: "DeviceStateList" in script.actions)
        eventually(lambda: live.lists.is_idle)
        assert set(script.actions) - {"Ping"} == {"DeviceStateList"}


@pytest.mark.usefixtures("hurried")
def test_doubts_that_prove_wrong_are_looked_into_less_often() -> None:
    script = Lists()
    script.entries["DeviceStateList"] = [
        {"Event": "DeviceStateChange", "Device": "SIP/200", "State": "RINGING"}
    ]
    with living(script) as (fake, live):
        live.lists.every = 0
        live.reconcile()
        for number, pause in enumerate([0.1, 0.2, 0.4, 0.4]):
            asked = script.actions.count("DeviceStateList")
            flash(fake, 10.0 * number)
            eventually(partial(has_asked, script, asked + 1))
            eventually(partial(rests_for, live, pause))
        assert live.corrections == {}
        script.entries["DeviceStateList"][0]["State"] = "NOT_INUSE"
        flash(fake, 100.0)
        eventually(lambda: live.corrections == {"devices": 1})
        eventually(lambda: live.lists.doubt_pause == 0.05)


def flash(fake: FakeManager, at: float) -> None:
    """Have a telephone ring so soon after it was free that the order is not certain."""
    states = ((0.0, "NOT_INUSE"), (0.000009, "RINGING"))
    texts = wire(
        [
            CALLER.tells("DeviceStateChange", at + later, device="SIP/200", state=state)
            for later, state in states
        ]
    )
    fake.clients[-1].send("\r\n\r\n".join(texts))


def has_asked(script: Lists, times: int) -> bool:
    return script.actions.count("DeviceStateList") == times


def rests_for(live: Live, seconds: float) -> bool:
    return live.lists.is_idle and live.lists.doubt_pause == seconds


def test_the_lists_are_asked_for_now_and_then_unless_they_are_not_to_be() -> None:
    script = Lists()
    with living(script) as (_, live):
        live.lists.every = 0
        live.reconcile()
        before = script.asked
        assert stays(lambda: script.asked == before)
        live.lists.every = 0.1
        live.lists.start()
        eventually(lambda: script.asked > before + 1)


def test_a_login_that_hears_nothing_of_queues_is_brought_up_to_date_and_no_more() -> None:
    script = Lists()
    with living(script) as (fake, live):
        fake.clients[-1].send("Event: Hangup", "Privilege: call,all", "Uniqueid: 9.9")
        script.entries["QueueStatus"] += [entry(OTHER)]
        assert live.reconcile() == {}
        assert waiting(live) == [("PJSIP/240-5", 1)]


def test_the_status_tells_of_corrections_if_there_were_any() -> None:
    script = Lists()
    with FakeManager(script) as fake:
        connected = ast_notebook.connect(
            "127.0.0.1", fake.port, username="admin", password="secret"
        )
        with connected as sh:
            assert "corrected" not in repr(Status(sh))
            send(fake, CALLER.joins("sales", 0))
            eventually(lambda: not sh.ast.live.callers.empty)
            sh.ast.live.reconcile()
            assert "callers: 1" in repr(Status(sh))


def test_who_waits_for_the_lists_is_told_that_the_connection_is_lost() -> None:
    script = Lists()
    with living(script) as (fake, live):
        script.before_the_end = lambda client: fake.drop()
        with pytest.raises(ConnectionLost):
            live.reconcile()
        script.before_the_end = lambda client: None
