"""Devices as a scripted PBX tells of them, and their names."""

from functools import partial

import pytest

from ast_notebook.live import device_of, is_of
from ast_notebook.live.devices import MOST_NAMES
from tests.support.fake_manager import FakeManager
from tests.support.living import Channels, living
from tests.support.waiting import eventually, stays


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


def named(live):
    return sum(row["name"] != "" for row in live.tables["devices"].rows().values())


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
        eventually(live.primed.is_set)
        assert stays(lambda: len(script.asked) == 3)  # once is enough


def test_of_a_thousand_devices_so_many_are_asked_for_their_names_at_each_connect():
    script = Endpoints(range(1000))
    with FakeManager(script) as fake, living(fake) as (_, live):
        eventually(lambda: named(live) == MOST_NAMES)
        assert stays(lambda: len(script.asked) == MOST_NAMES)
        fake.drop()
        eventually(lambda: named(live) == 2 * MOST_NAMES)


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
            row = live.tables["devices"].rows()["PJSIP/trunk"]
            return row["reachable"], row["rtt_ms"]

        eventually(lambda: trunk() == ("Reachable", 2.567))
        assert live.devices["reachable"].count() == 1
        script.contacts["PJSIP_CONTACT(trunk@@3,status)"] = "Unreachable"
        fake.drop()
        eventually(lambda: trunk() == ("Unreachable", None))


def are_named(live, count):
    return len(live.devices) == named(live) == count


def test_a_device_that_was_gone_and_came_back_has_its_name_again():
    script = Endpoints(["anna", "bert"])
    with FakeManager(script) as fake, living(fake) as (_, live):
        eventually(lambda: named(live) == 2)
        for there in (["anna"], ["anna", "bert"]):
            script.endpoints = there
            fake.clients[-1].send("Event: FullyBooted")
            eventually(partial(are_named, live, len(there)))
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
