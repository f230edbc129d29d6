"""A session gives each answer to who asked, and waits for none without end."""

import socket
import threading
import time

import pytest

from ast_notebook.ami import Session, Settings
from ast_notebook.errors import (
    AnswerTimeout,
    ConfError,
    ConnectionLost,
    UnsafeText,
)
from tests.support.fake_manager import FakeManager, obliging
from tests.support.sessions import opened, settings, silent_but_for_the_login
from tests.support.waiting import eventually


def test_answers_that_come_in_another_order_reach_those_who_asked():
    held = []

    def backwards(client, action):
        if action["Action"] != "Echo":
            obliging(client, action)
            return
        held.append(action)
        if len(held) == 4:
            for one in reversed(held):
                client.ok(one, f"Said: {one['Say']}")
            held.clear()

    with FakeManager(backwards) as fake, opened(fake) as session:
        pending = [session.ask({"Action": "Echo", "Say": str(number)}) for number in range(4)]
        assert [one.wait().response["Said"] for one in pending] == ["0", "1", "2", "3"]


def test_action_ids_differ_across_sessions():
    ids = {Session(Settings()).new_id() for _ in range(100)}
    assert len(ids) == 100


def test_a_list_is_gathered_up_to_its_end_announced_or_in_the_old_style():
    def lists(client, action):
        key = f"ActionID: {action.get('ActionID')}"
        if action["Action"] == "New":
            client.ok(action, "EventList: start", "Message: a list will follow")
            client.send("Event: Other", "X: 1")
            client.send("Event: Entry", key, "X: 1")
            client.send("Event: EntryComplete", key, "X: not the end")
            client.send("Event: Done", "EventList: Complete", key)
        elif action["Action"] == "Old":
            client.ok(action, "Message: Peer status list will follow")
            client.send("Event: PeerEntry", key)
            client.send("Event: PeerlistComplete", key)
        elif action["Action"] == "DBGet":
            client.ok(action, "Message: Result will follow")
            client.send("Event: DBGetResponse", key, "Val: 1")
        else:
            client.ok(action)

    with FakeManager(lists) as fake, opened(fake) as session:
        assert [one.name for one in session.request({"Action": "New"})] == [
            "Entry",
            "EntryComplete",
        ]
        assert [one.name for one in session.request({"Action": "Old"})] == ["PeerEntry"]
        assert [one["Val"] for one in session.request({"Action": "DBGet"})] == ["1"]


def test_the_entries_of_a_list_are_told_from_events():
    def lists(client, action):
        client.ok(action, "EventList: start")
        client.send("Event: Entry", f"ActionID: {action['ActionID']}")
        client.send("Event: News")
        client.send("Event: End", "EventList: Complete", f"ActionID: {action['ActionID']}")

    heard = []
    script = {"List": lists}
    with FakeManager(lambda c, a: script.get(a["Action"], obliging)(c, a)) as fake:
        session = Session(settings(fake))
        session.register_event("*", lambda event, session: heard.append((event.name, event.answer)))
        with session.connect():
            session.request({"Action": "List"})
            eventually(lambda: ("End", True) in heard)
    assert ("Entry", True) in heard
    assert ("News", False) in heard


def test_what_comes_then_runs_in_the_place_of_the_answer():
    order = []

    def script(client, action):
        if action["Action"] == "Ask":
            client.send("Event: Before")
            client.ok(action)
            client.send("Event: After")
        else:
            client.ok(action)

    with FakeManager(script) as fake:
        session = Session(settings(fake))
        session.register_event("*", lambda event, session: order.append(event.name))
        with session.connect():
            session.ask({"Action": "Ask"}, then=lambda pending: order.append("then"))
            eventually(lambda: "After" in order)
    assert [one for one in order if one != "SessionReady"] == ["Before", "then", "After"]


def test_a_line_break_in_a_field_is_refused_before_a_byte_is_sent():
    with FakeManager() as fake, opened(fake) as session:
        with pytest.raises(UnsafeText):
            session.request({"Action": "DBPut", "Family": "a\r\nAction: Originate"})
        session.request({"Action": "Ping"})
        assert fake.names() == ["Login", "Ping"]


def test_every_wait_is_bounded():
    with FakeManager(silent_but_for_the_login) as fake, opened(fake, timeout=30) as session:
        began = time.monotonic()
        with pytest.raises(AnswerTimeout, match="has not answered Status in time"):
            session.request({"Action": "Status"}, timeout=0.2)
        with pytest.raises(AnswerTimeout):
            session.ask({"Action": "Status"}).wait(0.1)
        assert time.monotonic() - began < 5


@pytest.mark.parametrize(
    ("script", "banner", "words"),
    [
        (obliging, b"", "does not greet"),
        (
            lambda client, action: None,
            b"Asterisk Call Manager/1.0\r\n",
            "has not answered the login within 0.5 s",
        ),
        (obliging, b"x" * 40_000_000, "does not speak AMI|does not greet"),
    ],
    ids=["no greeting", "no answer to the login", "no end of the greeting"],
)
def test_a_server_that_is_none_is_found_out(script, banner, words):
    with FakeManager(script, banner) as fake, pytest.raises(ConnectionLost, match=words):
        opened(fake, timeout=0.5)


@pytest.mark.parametrize(
    ("code", "words"), [(socket.EAI_NONAME, "no host"), (socket.EAI_AGAIN, "looked up now")]
)
def test_a_name_that_has_no_address_is_said_in_one_line(monkeypatch, code, words):
    def look_up(*_, **__):
        raise socket.gaierror(code, "as the name server says")

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    with pytest.raises(ConnectionLost, match=words):
        Session(Settings(host="no-such-host.invalid")).connect()


def test_nobody_there_is_said_in_one_line():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(
        ConnectionLost, match=rf"nothing answers at 127.0.0.1:{port} .*manager.conf"
    ):
        Session(Settings(port=port)).connect()
    with pytest.raises(ConnectionLost, match=rf":{port} .*tlsenable.*5039, unless tlsbindaddr"):
        Session(Settings(port=port, tls=True)).connect()
    with pytest.raises(ConnectionLost, match="connect first"):
        Session(Settings()).request({"Action": "Ping"})
    with pytest.raises(ConfError, match="port"):
        Settings(port=0)


@pytest.mark.parametrize(
    "banner", [b"Asterisk Call Manager/1.1\r\n", b"Some PBX/9\r\n", b"hello\n"]
)
def test_any_banner_will_do_that_is_asterisks_or_was_allowed(banner):
    allowed = {} if banner.startswith(b"Asterisk") else {"greeting": banner.decode()[:4]}
    with FakeManager(banner=banner) as fake, opened(fake, **allowed) as session:
        assert session.request({"Action": "Ping"}).response.ok


def test_a_server_that_never_ends_what_it_says_is_given_up():
    stop = threading.Event()

    def drip(client, action=None):
        while not stop.wait(0.002):
            client.raw(b"x" if action is None else b"Event: More\r\n\r\n")

    with FakeManager(drip) as fake:
        began = time.monotonic()
        with pytest.raises(ConnectionLost):
            opened(fake, timeout=0.5)
        fake.banner = b""
        monkeypatch_accept = threading.Thread(
            target=lambda: eventually(lambda: fake.clients[1:]) and drip(fake.clients[-1])
        )
        monkeypatch_accept.start()
        with pytest.raises(ConnectionLost, match="does not greet"):
            opened(fake, timeout=0.5)
        assert time.monotonic() - began < 6
        stop.set()
        monkeypatch_accept.join()


def test_what_is_never_answered_is_given_up_while_events_pour_in():
    stop = threading.Event()
    told = []

    def pour(client, action):
        silent_but_for_the_login(client, action)
        while action["Action"] == "Status" and not stop.wait(0.02):
            client.raw(b"Event: More\r\n\r\n")

    with FakeManager(pour) as fake, opened(fake) as session:
        session.ask({"Action": "Status"}, then=told.append, timeout=0.3)
        (pending,) = eventually(lambda: told)
        with pytest.raises(AnswerTimeout):
            pending.wait(0)
        assert session.connected()
        stop.set()
