"""What is up right now, on a scripted PBX: channels that come, go and change unheard."""

import threading

import pytest

from ast_notebook.live import Follower, LiveTable
from tests.support.fake_manager import FakeManager
from tests.support.living import Channels, connected, living, names
from tests.support.waiting import eventually, stays


class Deaf(Channels):
    """A manager's script: its login hears of these classes of events only."""

    def __init__(self, read):
        super().__init__()
        self.read = read
        self.waits = ""

    def __call__(self, client, action):
        if action["Action"] == "GetConfig":
            client.ok(action, f"Line-000000-000000: read={self.read}")
        elif action["Action"] != self.waits:
            super().__call__(client, action)


class Queued(Channels):
    """A manager's script: has these queues, each with these members."""

    def __init__(self, queues):
        super().__init__()
        self.queues = queues

    def __call__(self, client, action):
        if action["Action"] == "QueueStatus":
            client.ok(action, "EventList: start")
            for queue, members in self.queues.items():
                client.send("Event: QueueParams", self.key(action), f"Queue: {queue}")
                for member in members:
                    where = (f"Queue: {queue}", f"Location: PJSIP/{member}")
                    client.send("Event: QueueMember", self.key(action), *where)
            client.send("Event: QueueStatusComplete", self.key(action), "EventList: Complete")
        else:
            super().__call__(client, action)


@pytest.fixture
def script():
    return Channels()


@pytest.fixture
def fake(script):
    with FakeManager(script) as fake:
        yield fake


def test_a_device_that_cannot_be_reached_has_no_round_trip_time(fake, script):
    with living(fake) as (_, live):
        client = fake.clients[-1]
        for device in ("SIP/30", "PJSIP/30"):
            client.send("Event: DeviceStateChange", f"Device: {device}", "State: NOT_INUSE")
        contact = ("Event: ContactStatus", "EndpointName: 30")
        peer = ("Event: PeerStatus", "Peer: SIP/30")

        def devices():
            frame = live.devices.fillna({"reachable": "", "rtt_ms": 0})
            return frame[["reachable", "rtt_ms"]].values.tolist()

        client.send(*peer, "PeerStatus: Reachable", "Time: 12")
        client.send(*contact, "ContactStatus: Reachable", "RoundtripUsec: 2500")
        eventually(lambda: devices() == [["Reachable", 12.0], ["Reachable", 2.5]])
        client.send(*peer, "PeerStatus: Unreachable", "Time: -1")
        client.send(*contact, "ContactStatus: Unreachable", "RoundtripUsec: N/A")
        eventually(lambda: devices() == [["Unreachable", 0.0], ["Unreachable", 0.0]])


def test_a_channel_that_ends_while_it_is_being_listed_is_not_up(fake, script):
    script.up["1.99"] = {"Channel": "SIP/30-1", "Linkedid": "1.99"}
    script.amid = lambda client: client.send("Event: Hangup", "Uniqueid: 1.99", "Channel: SIP/30-1")
    with living(fake) as (_, live):
        assert live.channels.empty
        eventually(lambda: live.calls == 0)


def test_a_hangup_that_is_heard_before_the_list_says_that_it_was_up_counts(fake, script):
    script.hold.clear()
    session, live = connected(fake)
    with session:
        eventually(lambda: script.questions)
        client = fake.clients[-1]
        script.up["1.99"] = {"Channel": "SIP/30-1", "Linkedid": "1.99"}
        client.send("Event: Hangup", "Uniqueid: 1.99", "Channel: SIP/30-1")
        script.hold.set()
        eventually(live.primed.is_set)
        assert live.channels.empty


def test_being_told_twice_that_it_is_ready_makes_no_channel_flicker(fake, script):
    script.up["1.1"] = {"Channel": "SIP/30-1", "Linkedid": "1.1"}
    heard = []
    with living(fake) as (_, live):
        live.watch_device("30", heard.append)
        eventually(lambda: heard == [True])
        script.hold.clear()
        client = fake.clients[-1]
        for _ in range(3):
            client.send("Event: FullyBooted")
        eventually(lambda: len(script.questions) >= 2)
        script.hold.set()
        client.send("Event: FullyBooted")
        eventually(lambda: len(script.questions) >= 3 and not live._priming)
        assert names(live) == ["SIP/30-1"]
        script.end(client, "1.1")
        script.start(client, "SIP/300")
        eventually(lambda: names(live) == ["SIP/300-1.2"])
        client.send("Event: FullyBooted")
        eventually(lambda: not live._priming)
        assert heard == [True, False]
        eventually(lambda: live.calls == 1)


def test_what_changed_while_the_connection_was_lost_is_told_once(fake, script):
    heard, counted = [], []
    with living(fake) as (session, live):
        client = fake.clients[-1]
        script.start(client, "SIP/30")
        live.watch_device("30", heard.append)
        live.watch_mailbox("22@default", counted.append)
        eventually(lambda: heard == [True] and counted == [3])
        script.up.clear()
        fake.drop()
        eventually(lambda: heard == [True, False])
        fake.drop()
        eventually(lambda: session.counts["reconnects"] == 2 and live.primed.is_set())
        assert heard == [True, False]
        assert counted == [3]
        eventually(lambda: live.calls == 0)


def test_a_login_without_dialplan_does_not_know_what_a_call_runs_but_knows_the_call():
    script = Deaf("call,system,agent,reporting")
    with FakeManager(script) as fake, living(fake) as (_, live):
        (unknown,) = eventually(lambda: live.unheard)
        assert unknown == "application and extension of channels"
        assert "`dialplan`" in live.unheard[unknown]


def test_what_is_not_known_stays_so_while_it_is_asked_anew():
    script = Deaf("system")
    with FakeManager(script) as fake, living(fake) as (_, live):
        unknown = eventually(lambda: live.unheard)
        assert {"channels", "devices", "queues"} <= set(unknown)
        script.waits = "ParkedCalls"  # all others are answered
        fake.clients[-1].send("Event: FullyBooted")
        assert stays(lambda: live.unheard == unknown)
        assert fake.names().count("ParkedCalls") == 2


def test_nobody_is_absent_from_a_queue_that_is_no_more():
    script = Queued({"sales": ["1", "2"], "support": ["1", "2"]})
    with FakeManager(script) as fake, living(fake) as (_, live):

        def absent():
            found = live.absent
            return sorted(zip(found["queue"], found["agent"], strict=True))

        script.queues = {"sales": ["1"], "support": ["1"]}
        fake.clients[-1].send("Event: FullyBooted")
        eventually(lambda: absent() == [("sales", "2"), ("support", "2")])
        script.queues = {"sales": []}
        fake.clients[-1].send("Event: FullyBooted")
        eventually(lambda: absent() == [("sales", "1"), ("sales", "2")])


def marks(live):
    return [live.channels["held"].tolist(), live.channels["recorded"].tolist()]


def test_what_no_list_tells_of_a_channel_is_forgotten_once_its_events_were_missed(fake, script):
    script.up["1.1"] = {"Channel": "SIP/30-1", "Linkedid": "1.1"}
    with living(fake) as (session, live):
        # The connection may be back before this thread could look at the state in between.
        lost = []
        session.register_event("SessionLost", lambda *_: lost.append((live.stale, marks(live))))

        def is_held_and_recorded():
            for name in ("Hold", "MixMonitorStart"):
                fake.clients[-1].send(f"Event: {name}", "Uniqueid: 1.1")
            return eventually(lambda: marks(live) == [[True], [True]])

        is_held_and_recorded()
        fake.clients[-1].send("Event: FullyBooted")
        assert stays(lambda: marks(live) == [[True], [True]])  # nothing was missed
        fake.drop()
        eventually(lambda: lost)
        assert lost == [(True, [[True], [True]])]  # the last state is kept
        eventually(lambda: live.primed.is_set() and marks(live) == [[False], [False]])
        is_held_and_recorded()
        fake.clients[-1].send("Event: SessionOverflow")  # what the session says of itself
        eventually(lambda: marks(live) == [[False], [False]])


def test_a_lost_connection_while_it_is_primed_starts_anew(fake, script):
    script.hold.clear()
    session, live = connected(fake)
    with session:
        eventually(lambda: script.questions)
        script.up["1.1"] = {"Channel": "SIP/30-1", "Linkedid": "1.1"}
        fake.drop()
        script.hold.set()
        eventually(live.primed.is_set)
        assert names(live) == ["SIP/30-1"]


def test_a_call_that_was_joined_or_renamed_unheard_is_put_right_by_the_next_list(fake, script):
    heard = []
    with living(fake) as (_, live):
        client = fake.clients[-1]
        first, second = script.start(client, "SIP/30"), script.start(client, "SIP/300")
        live.watch_device("30", heard.append)
        eventually(lambda: live.calls == 2 and heard == [True])
        script.up[second]["Linkedid"] = first
        script.up[first]["Channel"] = "SIP/200-1"
        client.send("Event: FullyBooted")
        eventually(lambda: heard == [True, False])
        eventually(lambda: live.calls == 1)  # the second one is put right last
        script.end(client, first)
        script.end(client, second)
        eventually(lambda: live.channels.empty)
        eventually(lambda: live.calls == 0)


def test_a_rename_moves_a_channel_from_device_to_device(fake, script):
    heard, other = [], []
    with living(fake) as (_, live):
        client = fake.clients[-1]
        uniqueid = script.start(client, "SIP/30")
        live.watch_device("30", heard.append)
        live.watch_device("200", other.append)
        eventually(lambda: heard == [True] and other == [False])
        lines = [f"Uniqueid: {uniqueid}", f"Channel: SIP/30-{uniqueid}"]
        client.send("Event: Rename", *lines, f"Newname: SIP/200-{uniqueid}")
        eventually(lambda: heard == [True, False] and other == [False, True])
        assert live.channels["device"].tolist() == ["SIP/200"]


def test_a_watcher_that_raises_harms_no_other(fake, script):
    heard = []

    def fails(value):
        raise RuntimeError("as it does")

    with living(fake) as (_, live):
        for _ in range(2):
            live.watch_device("30", fails)
            live.watch_mailbox("22@default", fails)
        live.watch_device("30", heard.append)
        live.watch_mailbox("22@default", heard.append)
        eventually(lambda: sorted(heard) == [0, 3])
        script.start(fake.clients[-1], "SIP/30")
        eventually(lambda: True in heard)


def test_a_watch_that_was_closed_hears_nothing_more(fake, script):
    heard = []
    with living(fake) as (_, live):

        def close_the_others(value):
            for watch in watches[1:]:
                watch.close()

        watches = []
        watches += [live.watch_device("30", close_the_others)]
        watches += [live.watch_device("30", heard.append) for _ in range(2)]
        eventually(lambda: watches[0].value is False)
        script.start(fake.clients[-1], "SIP/30")
        eventually(lambda: watches[0].value is True)
        assert True not in heard


def test_the_order_of_hangup_and_cdr_is_of_no_account(fake, script):
    with living(fake) as (_, live):
        client = fake.clients[-1]
        for order in (("Hangup", "Cdr"), ("Cdr", "Hangup")):
            uniqueid = script.start(client, "SIP/30")
            eventually(lambda: live.calls == 1)
            for name in order:
                client.send(
                    f"Event: {name}", f"Uniqueid: {uniqueid}", f"Channel: SIP/30-{uniqueid}"
                )
            eventually(lambda: live.channels.empty and live.calls == 0)


def test_hostile_events_break_nothing_and_take_no_more_than_so_much_memory(fake, script):
    with living(fake) as (session, live):
        client = fake.clients[-1]
        for kind in ("Newchannel", "Rename", "Hangup", "MessageWaiting", "BridgeEnter", "Newstate"):
            client.send(f"Event: {kind}")
            client.send(f"Event: {kind}", "Uniqueid: ", "Channel: -", "Mailbox: @", "New: many")
            client.send(f"Event: {kind}", "Uniqueid: x", "Duration: x:y", "Timestamp: nan")
        for number in range(25_000):
            client.send("Event: Newchannel", f"Uniqueid: {number}", f"Channel: SIP/{number}-1")
        client.send("Event: MessageWaiting", "Mailbox: 1@b", "New: 3", "Old: 1")
        eventually(lambda: "1@b" in set(live.mailboxes["mailbox"]))
        assert len(live.tables["channels"]) == 20_000
        assert session.counts["failed"] == 0
        assert live.calls <= 20_001
        client.send("Event: FullyBooted")
        eventually(lambda: live.channels.empty and not live._priming)
        eventually(lambda: live.calls == 0)


def test_a_row_that_comes_while_a_follower_attaches_is_not_missed():
    class Busy(LiveTable):
        """A table that another thread changes just as its rows are looked at."""

        def __iter__(self):
            rows = super().__iter__()
            writer.start()
            writer.join(0.2)
            return rows

    table = Busy({"channel": ""})
    writer = threading.Thread(target=table.put, args=("1.1",))
    follower = Follower({"channels": table})
    writer.join()
    assert follower.take() == {"channels": {"1.1"}}


def test_who_takes_a_place_in_a_conference_is_in_its_bridge(fake, script):
    # After an attended transfer into a conference, no BridgeEnter comes for who takes the place,
    # and his BridgeLeave is of the bridge that he was in before.
    def bridge(client, name, uniqueid, bridge):
        more = ("Conference: room",) if name.startswith("Confbridge") else ()
        about = script.lines(uniqueid, script.up[uniqueid])
        client.send(f"Event: {name}", f"BridgeUniqueid: {bridge}", *more, *about)

    with living(fake) as (_, live):
        client = fake.clients[-1]
        guest, other = script.start(client, "PJSIP/2222"), script.start(client, "PJSIP/30")

        def bridges():
            rows = live.tables["channels"].rows()
            return [rows[one]["bridge"] for one in (guest, other) if one in rows]

        bridge(client, "BridgeEnter", guest, "talk")
        bridge(client, "BridgeEnter", other, "meeting")
        eventually(lambda: bridges() == ["talk", "meeting"])
        bridge(client, "ConfbridgeJoin", guest, "meeting")
        bridge(client, "BridgeLeave", guest, "talk")
        bridge(client, "BridgeLeave", other, "meeting")
        eventually(lambda: bridges()[1] == "")
        assert bridges() == ["meeting", ""]
