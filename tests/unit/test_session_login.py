"""A session logs in without giving the password away."""

import contextlib
import hashlib
import socket
import ssl
import threading
import time

import pytest

from ast_notebook.ami import Secret, Session, Settings
from ast_notebook.ami.connection import Connection
from ast_notebook.errors import (
    ConnectionLost,
    LoginRefused,
    UnsafeText,
)
from tests.support.fake_manager import FakeManager
from tests.support.secrecy import shown
from tests.support.sessions import opened, settings
from tests.support.waiting import eventually, stays


def test_a_password_shows_in_no_traceback_whatever_goes_wrong(monkeypatch):
    with FakeManager() as fake, Session(Settings(port=fake.port, username="")) as session:
        for secret in (Secret("hunter2\r\n"), Secret("hunter2")):
            with pytest.raises((UnsafeText, ConnectionLost)) as caught:
                session.login("admin", secret.reveal())
            assert not shown(caught.value, "hunter2", since=Session.login)
            monkeypatch.setattr(Connection, "send", _broken)


def _broken(connection, data):
    raise OSError("broken")


@pytest.mark.parametrize("auth", ["md5", "secret"])
def test_a_password_that_cannot_be_sent_is_refused_in_the_same_words_however_it_is_proven(auth):
    with FakeManager() as fake:
        session = Session(settings(fake, auth=auth, password=Secret("hun\udce4ter2")))
        with pytest.raises(UnsafeText, match=r"'Secret' .* holds half a character") as caught:
            session.connect()
        assert "Login" not in fake.names()
    assert not shown(caught.value, "udce4")


def test_an_md5_login_never_sends_the_password():
    with (
        FakeManager(challenge="123456") as fake,
        opened(fake, auth="md5", password=Secret("hunter2")),
    ):
        assert "hunter2" not in str(fake.asked)
        assert fake.asked[-1]["Key"] == hashlib.md5(b"123456hunter2").hexdigest()


@pytest.mark.parametrize(
    ("host", "more", "sent"),
    [
        ("127.0.0.1", {}, False),  # whoever took the port of a tunnel could be here
        ("127.0.0.1", {"auth": "secret"}, True),
        ("127.0.0.1", {"auth": "md5"}, False),
        ("127.1", {}, False),
        ("127.1", {"auth": "secret"}, True),
    ],
)
def test_a_password_is_proven_by_a_challenge_wherever_nobody_is_verified(host, more, sent):
    with FakeManager() as fake, opened(fake, host=host, password=Secret("hunter2"), **more):
        assert ("hunter2" in str(fake.asked)) is sent


def without_challenge(*lines):
    """A manager's script that answers the question for a challenge with these lines."""

    def script(client, action):
        if action["Action"] == "Challenge":
            client.send(*lines, f"ActionID: {action['ActionID']}")
        else:
            client.ok(action)

    return script


UNKNOWN = ("Response: Error", "Message: Invalid/unknown command: Challenge.")
SUCCESS = "Response: Success"
REFUSED = ("Response: Error", "Message: Must specify AuthType")


@pytest.mark.parametrize(
    ("lines", "more"),
    [
        (UNKNOWN, {"host": "127.1"}),
        (UNKNOWN, {"auth": "md5"}),
        ((SUCCESS,), {"host": "127.1"}),
        ((SUCCESS, "Challenge: "), {}),
        (REFUSED, {}),
    ],
)
def test_no_challenge_is_no_login_and_the_password_is_not_sent_instead(lines, more):
    with FakeManager(without_challenge(*lines), challenge=None) as fake:
        session = Session(settings(fake, password=Secret("hunter2"), **more))
        with pytest.raises(LoginRefused, match=r"gave no challenge.*auth = secret in plugin.conf"):
            session.connect()
        later = Session(settings(fake, username="", **more))
        with later.connect(), pytest.raises(LoginRefused, match="gave no challenge"):
            later.login("admin", "hunter2")
        assert set(fake.names()) <= {"Challenge", "Logoff"}
        assert "hunter2" not in str(fake.asked)


@pytest.mark.parametrize("lines", [UNKNOWN, (SUCCESS,)])
def test_a_manager_here_that_knows_no_challenge_is_sent_the_password_by_a_first_connection(lines):
    with FakeManager(without_challenge(*lines), challenge=None) as fake:
        with opened(fake, password=Secret("hunter2")):
            assert [one.get("Secret") for one in fake.asked] == [None, "hunter2"]
        later = Session(settings(fake, username=""))
        with later.connect():
            later.login("admin", "hunter2")
            assert later.connected()


@pytest.mark.parametrize("lines", [UNKNOWN, (SUCCESS,), REFUSED])
def test_who_takes_the_port_of_a_connection_that_broke_is_not_sent_the_password(lines):
    with FakeManager() as fake, opened(fake, password=Secret("hunter2")) as session:
        fake.challenge, fake.script = None, without_challenge(*lines)
        fake.drop()
        eventually(lambda: "gave no challenge" in session.last_error)
        assert "the password was not sent" in session.last_error
        assert "hunter2" not in str(fake.asked)


def test_a_login_by_hand_after_a_connection_broke_sends_no_password():
    with FakeManager(without_challenge(*UNKNOWN), challenge=None) as fake:
        with Session(settings(fake, username="")).connect() as session:
            fake.drop()
            eventually(lambda: session.counts["reconnects"])
            with pytest.raises(LoginRefused, match="gave no challenge"):
                session.login("admin", "hunter2")
        assert "hunter2" not in str(fake.asked)


def test_tls_counts_only_where_it_is_verified_who_is_there():
    context = ssl.create_default_context()
    assert Settings(host="192.0.2.1", tls=True).sends_password
    assert Settings(host="192.0.2.1", tls=context).sends_password
    context.check_hostname = False
    for verify in (ssl.CERT_REQUIRED, ssl.CERT_NONE):
        context.verify_mode = verify
        assert not Settings(host="192.0.2.1", tls=context).sends_password
        assert not Settings(host="192.0.2.1", tls=context).may_send_password


def test_mask_and_filters_are_sent_anew_at_each_reconnect():
    with FakeManager() as fake:
        more = {"events": "call,user", "filters": ("Event: Hangup", "!Channel: Local/")}
        with opened(fake, **more) as session:
            expected = ["Login", "Filter", "Filter", "Events"]
            assert fake.names() == expected
            fake.asked.clear()
            fake.drop()
            eventually(lambda: session.connected() and fake.names()[:4] == expected)
            assert fake.asked[0]["Events"] == "off"
            assert [one["Filter"] for one in fake.asked[1:3]] == list(more["filters"])
            assert fake.asked[3]["EventMask"] == "call,user"


def test_no_event_comes_before_the_filters_that_keep_it_away():
    kept = []

    def script(client, action):
        client.ok(action)
        if action.get("Events", "off") != "off":
            client.send("Event: Private", "Privilege: call,all")
        if action["Action"] == "Events":
            client.send("Event: Wanted", "Privilege: call,all")

    def keep(texts, received):
        kept.extend(text.partition("\r\n")[0] for text in texts)

    with FakeManager(script) as fake:
        session = Session(settings(fake, filters=("!Event: Private",)), recorder=keep)
        with session.connect():
            eventually(lambda: "Event: Wanted" in kept)
            fake.drop()
            eventually(lambda: kept.count("Event: Wanted") == 2)
        assert "Event: Private" not in kept


def test_a_later_login_proves_the_password_in_the_way_that_was_set():
    with FakeManager(challenge="123456") as fake:
        session = Session(settings(fake, username="", auth="md5"))
        with session.connect():
            session.login("admin", "hunter2")
        assert "hunter2" not in str(fake.asked)
        assert fake.names()[0] == "Login"
        assert fake.asked[0]["Key"] == hashlib.md5(b"123456hunter2").hexdigest()


def test_a_later_login_sets_the_filters_too():
    with FakeManager() as fake:
        session = Session(settings(fake, username="", events="call", filters=("!Event: X",)))
        with session.connect():
            session.login("admin", "hunter2")
        assert fake.names()[:3] == ["Login", "Filter", "Events"]
        assert fake.asked[2]["EventMask"] == "call"


def test_a_session_is_ready_once_and_only_when_it_may_ask():
    def script(client, action):
        client.ok(action)
        if action["Action"] == "Login":
            client.send("Event: FullyBooted")
        elif action["Action"] == "Filter":
            time.sleep(0.1)  # the event is read while the filter is being set

    heard = []

    def ask(event, session):
        session.ask({"Action": "Ping"})
        heard.append(event.name)

    def order(event, session):
        heard.append(event.name)

    with FakeManager(script) as fake:
        session = Session(settings(fake, filters=("!Event: Foo", "!Event: Bar")))
        session.register_event("SessionReady", ask)
        session.register_event("SessionRestored", order)
        with session.connect():
            eventually(lambda: heard)
            assert stays(lambda: heard == ["SessionReady"])
            assert session.counts["failed"] == 0
            fake.drop()
            eventually(lambda: len(heard) == 3)
            assert heard == ["SessionReady", "SessionRestored", "SessionReady"]


def test_ipv6_works_as_well():
    with FakeManager() as fake, socket.create_server(("::1", 0), family=socket.AF_INET6) as server:

        def forward():
            near, _ = server.accept()
            far = socket.create_connection(("127.0.0.1", fake.port))
            back = threading.Thread(target=pipe, args=(far, near), daemon=True)
            back.start()
            pipe(near, far)
            back.join(5)

        def pipe(source, sink):
            with source, contextlib.suppress(OSError):
                while data := source.recv(65536):
                    sink.sendall(data)
                sink.shutdown(socket.SHUT_WR)

        thread = threading.Thread(target=forward, daemon=True)
        thread.start()
        with opened(fake, host="::1", port=server.getsockname()[1]) as session:
            assert session.request({"Action": "Ping"}).response.ok
            assert "[::1]:" in repr(session)
        fake.drop()
        thread.join(5)
