"""What is up is known from events, agrees with what Asterisk lists, and is right after gaps."""

import contextlib
import itertools
import threading

import pytest

from ast_notebook.ami import Secret, Session, Settings
from ast_notebook.live import Follower, Live, Table, device_of, is_of
from ast_notebook.live.devices import MOST_NAMES
from tests.fake_manager import FakeManager
from tests.lab.asterisk import Asterisk
from tests.lab.fixtures import require
from tests.waiting import eventually, stays


def connected(pbx, **more):
    session = Session(
        Settings(port=pbx.port, username="admin", password=Secret("secret"), timeout=10, **more)
    )
    live = Live(session)
    session.connect()
    return session, live


@contextlib.contextmanager
def living(pbx, **more):
    session, live = connected(pbx, **more)
    with session:
        eventually(live.primed.is_set)
        yield session, live


def names(live):
    return sorted(row["channel"] for row in live.parts["channels"].rows().values())


# --- names -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("channel", "device"),
    [
        ("PJSIP/30-0000002a", ("PJSIP", "30")),
        ("SIP/my-desk-phone-00000001", ("SIP", "my-desk-phone")),
        ("DAHDI/i1/5551234-7", ("DAHDI", "i1/5551234")),
        ("IAX2/trunk@berlin-17", ("IAX2", "trunk@berlin")),
        ("Local/30@phones-00000001;1", None),
        ("PJSIP/30-0000002a<ZOMBIE>", None),
        ("PJSIP/30", None),
        ("", None),
    ],
)
def test_a_channel_belongs_to_the_device_before_its_last_dash(channel, device):
    assert device_of(channel) == device


def test_30_is_not_300():
    assert is_of("PJSIP/30-00000001", "30")
    assert is_of("PJSIP/30-00000001", "PJSIP/30")
    assert not is_of("PJSIP/300-00000001", "30")
    assert not is_of("PJSIP/30-00000001", "300")
    assert not is_of("PJSIP/30-00000001", "SIP/30")
    assert not is_of("PJSIP/my-30-00000001", "30")
    assert not is_of("Local/30@phones-00000001;2", "30")


# --- on real calls -----------------------------------------------------------------------------


def test_channels_agree_with_what_asterisk_lists(pbx):
    with living(pbx) as (_, live):
        pbx.originate("Local/600@phones/n", "600@phones")
        eventually(lambda: len(live.channels) == len(pbx.channels()) == 2)
        assert names(live) == sorted(pbx.channels())
        assert set(live.channels["state"]) == {"Up"}
        assert live.channels["device"].isna().all()
        assert live.channels["linkedid"].nunique() == live.calls == 1
        pbx.cli("channel request hangup all")
        eventually(lambda: live.channels.empty)
        eventually(lambda: live.calls == 0)


def test_calls_that_are_up_at_connect_are_known_once_it_is_primed(pbx):
    with pbx.telephone("30").calls("600"), pbx.telephone("300").calls("600"):
        eventually(lambda: len(pbx.channels()) == 2)
        with living(pbx) as (_, live):
            assert names(live) == sorted(pbx.channels())
            (channel,) = live.channels_of("30")
            assert channel.startswith(f"{pbx.tech}/30-")
            assert live.channels_of(f"{pbx.tech}/300") != [channel]
            assert live.calls == 2
            (watched,) = live.channels[live.channels["channel"] == channel].itertuples()
            assert (watched.device, watched.caller) == (f"{pbx.tech}/30", "30")
            assert watched.since.tzinfo


def test_a_watch_hears_of_the_first_and_the_last_channel_only(pbx):
    heard, other = [], []
    with living(pbx) as (_, live):
        watch = live.watch_device("30", heard.append)
        live.watch_device("300", other.append)
        eventually(lambda: heard == [False])
        with pbx.telephone("30").calls("600"):
            eventually(lambda: heard == [False, True])
            assert watch.value is True
            with pbx.telephone("30").calls("600"):
                eventually(lambda: len(live.channels_of("30")) == 2)
            eventually(lambda: len(live.channels_of("30")) == 1)
            assert heard == [False, True]
        eventually(lambda: heard == [False, True, False])
        watch.close()
        watch.close()
        with pbx.telephone("30").calls("600"):
            eventually(lambda: live.channels_of("30"))
        eventually(lambda: not live.channels_of("30"))
        assert heard == [False, True, False]
        assert other == [False]


def test_a_watched_mailbox_says_how_many_new_messages_it_holds(pbx):
    heard = []
    with living(pbx) as (_, live):
        watch = live.watch_mailbox("22@default", heard.append)
        before = eventually(lambda: heard)[0]
        pbx.leave_message("22")
        eventually(lambda: watch.value == before + 1)
        assert heard == [before, before + 1]
        mailbox = live.mailboxes.set_index("mailbox").loc["22@default"]
        assert (mailbox["new"], mailbox["old"]) == (before + 1, 0)
        nobody = live.watch_mailbox("99@nowhere", [].append)
        eventually(lambda: nobody.value == 0)


def test_many_short_calls_leave_nothing_behind(pbx):
    with living(pbx) as (session, live):
        for _ in range(30):
            session.request(
                {
                    "Action": "Originate",
                    "Channel": "Local/5@flood/n",
                    "Application": "Hangup",
                    "Async": "true",
                }
            )
        eventually(lambda: not pbx.channels(), 30)
        eventually(lambda: live.channels.empty)
        eventually(lambda: live.calls == 0)
        assert live.concurrency().max() >= 1


def test_priming_in_the_midst_of_calls_that_come_and_go_is_right_in_the_end(pbx):
    with living(pbx) as (session, live):
        for _ in range(10):
            pbx.originate("Local/20@flood/n", "620@phones")
        for _ in range(10):
            session.request(
                {
                    "Action": "Originate",
                    "Channel": "Local/200@flood/n",
                    "Application": "Wait",
                    "Data": "1",
                    "Async": "true",
                }
            )
            late_session, late = connected(pbx)
            with late_session:
                eventually(late.primed.is_set)
        eventually(lambda: names(live) == sorted(pbx.channels()), 30)
        pbx.cli("channel request hangup all")
        eventually(lambda: live.channels.empty and not pbx.channels(), 30)


def test_an_attended_transfer_leaves_each_device_with_its_own_channel(pbx):
    heard = {device: [] for device in ("30", "200", "240")}
    with (
        living(pbx) as (session, live),
        pbx.telephone("200").answers(),
        pbx.telephone("240").answers(),
    ):
        for device, told in heard.items():
            live.watch_device(device, told.append)
        with pbx.telephone("30").calls("200"):
            channel = eventually(
                lambda: [
                    row["channel"]
                    for row in live.parts["channels"].rows().values()
                    if row["device"].endswith("/200") and row["bridge"]
                ]
            )[0]
            session.request(
                {"Action": "Atxfer", "Channel": channel, "Exten": "240", "Context": "phones"}
            )
            eventually(lambda: heard["240"] == [False, True])
            session.request({"Action": "Hangup", "Channel": channel})
            eventually(lambda: heard["200"] == [False, True, False])
            assert stays(lambda: heard["30"] == heard["240"] == [False, True])
            eventually(lambda: names(live) == sorted(pbx.channels()))
        eventually(lambda: live.channels.empty)
        eventually(lambda: set(map(tuple, heard.values())) == {(False, True, False)})
        eventually(lambda: live.calls == 0)


@pytest.mark.parametrize("version", [16, 22])
def test_after_asterisk_was_killed_all_is_as_it_then_is(version):
    require(version)
    heard = []
    with Asterisk(version) as pbx, living(pbx) as (_, live):
        watch = live.watch_device("30", heard.append)
        with pbx.telephone("30").calls("600"):
            eventually(lambda: heard == [False, True])
            pbx.kill()
            eventually(lambda: live.stale)
            assert not live.primed.is_set()
            assert live.channels_of("30")
            assert watch.value is True
        pbx.start()
        eventually(live.primed.is_set, 40)
        assert not live.stale
        assert live.channels.empty
        eventually(lambda: live.calls == 0)
        eventually(lambda: heard == [False, True, False])
        with pbx.telephone("30").calls("600"):
            eventually(lambda: heard == [False, True, False, True])


# --- on a scripted one -------------------------------------------------------------------------


class Channels:
    """A manager's script: lists channels, and tells of what becomes of them."""

    def __init__(self):
        self.up = {}
        self.ids = itertools.count(2)
        self.questions = []
        self.hold = threading.Event()
        self.hold.set()
        self.amid = lambda client: None

    def __call__(self, client, action):
        if action["Action"] == "CoreShowChannels":
            self.questions.append(action)
            self.hold.wait(10)
            client.ok(action, "EventList: start")
            for uniqueid, more in list(self.up.items()):
                client.send("Event: CoreShowChannel", self.key(action), *self.lines(uniqueid, more))
            self.amid(client)
            client.send("Event: CoreShowChannelsComplete", self.key(action), "EventList: Complete")
        elif action["Action"] == "MailboxCount":
            client.ok(action, "NewMessages: 2", "UrgMessages: 1", "OldMessages: 4")
        elif action["Action"] in ("Login", "Ping"):
            client.ok(action)
        elif action["Action"] != "Logoff":
            client.send("Response: Error", self.key(action), "Message: no such thing here")

    def key(self, action):
        return f"ActionID: {action['ActionID']}"

    def lines(self, uniqueid, more):
        return [f"{key}: {value}" for key, value in {"Uniqueid": uniqueid, **more}.items()]

    def start(self, client, device, linkedid=None):
        uniqueid = f"1.{next(self.ids)}"
        more = {"Channel": f"{device}-{uniqueid}", "Linkedid": linkedid or uniqueid}
        self.up[uniqueid] = more
        client.send("Event: Newchannel", *self.lines(uniqueid, more))
        return uniqueid

    def end(self, client, uniqueid):
        more = self.up.pop(uniqueid)
        client.send("Event: Hangup", *self.lines(uniqueid, more))


class Endpoints(Channels):
    """A manager's script: has these endpoints, each with a name, told when it is asked for."""

    def __init__(self, endpoints):
        super().__init__()
        self.endpoints = list(endpoints)
        self.asked = []
        self.contacts = {}
        self.slow = False

    def __call__(self, client, action):
        if action["Action"] == "PJSIPShowEndpoints":
            client.ok(action, "EventList: start")
            for name in self.endpoints:
                client.send("Event: EndpointList", self.key(action), f"ObjectName: {name}")
            client.send("Event: EndpointListComplete", self.key(action), "EventList: Complete")
        elif action.get("Variable", "").endswith((",aors)", ",contact)", ",status)", ",rtt)")):
            client.ok(action, f"Value: {self.contacts.get(action['Variable'], '')}")
        elif action["Action"] == "Getvar":
            self.asked.append(action)
            if not self.slow:
                self.name(client, action)
        else:
            super().__call__(client, action)

    def name(self, client, action):
        number = action["Variable"].partition("(")[2].partition(",")[0]
        client.ok(action, f'Value: "User {number}" <{number}>')


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


def named(live):
    return sum(row["name"] != "" for row in live.parts["devices"].rows().values())


def test_devices_are_asked_for_their_names_one_after_the_other():
    script = Endpoints(range(3))
    script.slow = True
    with FakeManager(script) as fake, living(fake) as (_, live):
        eventually(lambda: len(script.asked) == 1)
        assert stays(lambda: len(script.asked) == 1)
        assert script.asked[0]["Variable"] == "PJSIP_ENDPOINT(0,callerid)"
        script.slow = False
        script.name(fake.clients[-1], script.asked[0])
        eventually(lambda: named(live) == 3)
        assert live.devices["name"].tolist() == ["User 0", "User 1", "User 2"]
        fake.drop()
        eventually(live.primed.is_set, 20)
        assert stays(lambda: len(script.asked) == 3)  # once is enough


def test_of_a_thousand_devices_so_many_are_asked_for_their_names_at_each_connect():
    script = Endpoints(range(1000))
    with FakeManager(script) as fake, living(fake) as (_, live):
        eventually(lambda: named(live) == MOST_NAMES, 20)
        assert stays(lambda: len(script.asked) == MOST_NAMES)
        fake.drop()
        eventually(lambda: named(live) == 2 * MOST_NAMES, 20)


def test_an_asterisk_that_cannot_tell_names_is_asked_once():
    script = Endpoints(range(3))
    script.name = lambda client, action: client.ok(action, "Value: ")
    with FakeManager(script) as fake, living(fake) as (_, live):
        eventually(lambda: script.asked)
        assert stays(lambda: len(script.asked) == 1)
        assert named(live) == 0


def test_a_device_without_a_name_keeps_no_other_from_being_named():
    script = Endpoints(["anna", "nobody", "refused", "bert"])
    name = script.name

    def answer(client, action):
        if "nobody" in action["Variable"]:
            client.ok(action, "Value: ")
        elif "refused" in action["Variable"]:
            client.send("Response: Error", script.key(action), "Message: not now")
        else:
            name(client, action)

    script.name = answer
    with FakeManager(script) as fake, living(fake) as (_, live):
        eventually(lambda: live.devices["name"].tolist()[::3] == ["User anna", "User bert"])


def test_how_a_contact_is_reached_that_never_registers_is_asked_at_each_connect():
    script = Endpoints(["anna", "trunk", "nobody"])
    script.contacts = {
        "PJSIP_ENDPOINT(anna,aors)": "anna,other",
        "PJSIP_AOR(anna,contact)": "anna@@1,anna@@2",
        "PJSIP_CONTACT(anna@@1,status)": "NonQualified",
        "PJSIP_ENDPOINT(trunk,aors)": "trunk",
        "PJSIP_AOR(trunk,contact)": "trunk@@3",
        "PJSIP_CONTACT(trunk@@3,status)": "Reachable",
        "PJSIP_CONTACT(trunk@@3,rtt)": "2567",
        "PJSIP_ENDPOINT(nobody,aors)": "nobody",
    }
    with FakeManager(script) as fake, living(fake) as (_, live):

        def trunk():
            row = live.parts["devices"].rows()["PJSIP/trunk"]
            return row["reachable"], row["rtt_ms"]

        eventually(lambda: trunk() == ("Reachable", 2.567))
        assert live.devices["reachable"].count() == 1
        script.contacts["PJSIP_CONTACT(trunk@@3,status)"] = "Unreachable"
        fake.drop()
        eventually(lambda: trunk() == ("Unreachable", None), 20)


def test_a_device_that_was_gone_and_came_back_has_its_name_again():
    script = Endpoints(["anna", "bert"])
    with FakeManager(script) as fake, living(fake) as (_, live):
        eventually(lambda: named(live) == 2)
        for there in (["anna"], ["anna", "bert"]):
            script.endpoints = there
            fake.clients[-1].send("Event: FullyBooted")
            eventually(lambda there=there: len(live.devices) == named(live) == len(there))
        assert live.devices["name"].tolist() == ["User anna", "User bert"]


def test_a_device_whose_name_asterisk_would_take_apart_is_not_asked_about():
    script = Endpoints(["anna", "b,callerid)", 'c"', "d(", "bert"])
    with FakeManager(script) as fake, living(fake) as (_, live):
        eventually(lambda: named(live) == 2)
        assert stays(lambda: len(script.asked) == 2)
        assert len(live.devices) == 5


def test_a_device_has_its_own_name_and_not_that_of_a_stranger_who_calls_over_it():
    script = Endpoints(range(2))
    script.name = lambda client, action: client.ok(action, "Value: <unknown>")
    with FakeManager(script) as fake, living(fake) as (_, live):
        eventually(lambda: len(script.asked) == 2)
        client = fake.clients[-1]
        client.send("Event: DeviceStateChange", "Device: PJSIP/provider", "State: INUSE")
        for device, number, name in (
            ("provider", "5551234", "Smith, John"),
            ("provider", "", "Nobody"),
            ("1", "1", "Anna"),
        ):
            client.send(
                *("Event: Newchannel", f"Uniqueid: {number}.1", f"Channel: PJSIP/{device}-1"),
                *(f"CallerIDNum: {number}", f"CallerIDName: {name}"),
            )
        eventually(lambda: named(live) == 1)
        assert live.devices.set_index("device").loc["PJSIP/1", "name"] == "Anna"


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
        eventually(lambda: session.counts["reconnects"] == 2 and live.primed.is_set(), 20)
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
    with living(fake) as (_, live):

        def is_held_and_recorded():
            for name in ("Hold", "MixMonitorStart"):
                fake.clients[-1].send(f"Event: {name}", "Uniqueid: 1.1")
            return eventually(lambda: marks(live) == [[True], [True]])

        is_held_and_recorded()
        fake.clients[-1].send("Event: FullyBooted")
        assert stays(lambda: marks(live) == [[True], [True]])  # nothing was missed
        fake.drop()
        eventually(lambda: live.stale)
        assert marks(live) == [[True], [True]]  # the last state is kept
        eventually(lambda: live.primed.is_set() and marks(live) == [[False], [False]], 20)
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
        eventually(live.primed.is_set, 20)
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
        eventually(lambda: "1@b" in set(live.mailboxes["mailbox"]), 30)
        assert len(live.parts["channels"]) == 20_000
        assert session.counts["failed"] == 0
        assert live.calls <= 20_001
        client.send("Event: FullyBooted")
        eventually(lambda: live.channels.empty and not live._priming, 30)
        eventually(lambda: live.calls == 0)


def test_a_row_that_comes_while_a_follower_attaches_is_not_missed():
    class Busy(Table):
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
