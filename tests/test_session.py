"""A session answers right, survives everything, comes back, and ends when it is told to."""

import contextlib
import fcntl
import hashlib
import itertools
import logging
import pickle
import re
import socket
import ssl
import subprocess
import sys
import termios
import threading
import time
import traceback
from pathlib import Path

import pytest
import trustme

from ast_notebook.ami import Secret, Session, Settings
from ast_notebook.ami import session as session_module
from ast_notebook.ami.answer import WRITE_CLASS
from ast_notebook.ami.connection import Connection
from ast_notebook.errors import (
    ActionRefused,
    AnswerTimeout,
    ConfError,
    ConnectionLost,
    LoginRefused,
    UnsafeText,
)
from tests.fake_manager import FakeManager, obliging
from tests.lab.asterisk import Asterisk
from tests.lab.fixtures import require
from tests.secrecy import shown
from tests.waiting import eventually, stays

PACKAGE = Path(session_module.__file__).parents[1]


def settings(pbx, **more):
    given = {"port": pbx.port, "username": "admin", "password": Secret("secret"), "timeout": 5}
    return Settings(**(given | more))


def opened(pbx, recorder=None, **more):
    return Session(settings(pbx, **more), recorder=recorder).connect()


# --- answers -------------------------------------------------------------------------------------


def test_four_threads_asking_500_questions_each_get_their_own_answers_in_a_flood(pbx):
    with opened(pbx, timeout=60) as session:
        flood = {"Action": "Originate", "Channel": "Local/20000@flood/n", "Application": "Wait"}
        session.request(flood | {"Data": "20", "Async": "true"})
        right, wrong = [], []

        def ask(thread):
            for number in range(250):
                key = {"Family": f"thread{thread}", "Key": str(number)}
                session.request({"Action": "DBPut", "Val": f"{thread}-{number}", **key})
                answer = session.request({"Action": "DBGet", **key})
                found = [(one["Key"], one["Val"]) for one in answer]
                good = found == [(str(number), f"{thread}-{number}")]
                (right if good else wrong).append(found)

        before = session.events_read
        threads = [threading.Thread(target=ask, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert (len(right), wrong) == (1000, [])  # each of two questions: 2,000 answers
        assert session.events_read > before + 1000
        assert session.counts["unmatched"] == 0


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


def test_a_refusal_says_what_and_pyst2s_methods_work(pbx):
    with opened(pbx) as session:
        with pytest.raises(ActionRefused, match="Asterisk refused DBGet: Database entry not found"):
            session.request({"Action": "DBGet", "Family": "no", "Key": "such"})
        assert session.dbput("a", "b", "c")["Response"] == "Success"
        assert session.dbget("a", "nothing")["Response"] == "Error"
        assert session.ping()["Ping"] == "Pong"
        assert session.mailbox_count("22@default")["NewMessages"].isdigit()
        assert session.command("core show uptime")["Message"] == "Permission denied"
        queued = session.originate("Local/601@phones", "600", "phones", "1", run_async=True)
        assert queued["Message"] == "Originate successfully queued"
        eventually(lambda: not session.request({"Action": "CoreShowChannels"}).events, 30)


def test_a_line_break_in_a_field_is_refused_before_a_byte_is_sent():
    with FakeManager() as fake, opened(fake) as session:
        with pytest.raises(UnsafeText):
            session.request({"Action": "DBPut", "Family": "a\r\nAction: Originate"})
        session.request({"Action": "Ping"})
        assert fake.names() == ["Login", "Ping"]


# --- patience ------------------------------------------------------------------------------------


def silent_but_for_the_login(client, action):
    if action["Action"] == "Login":
        client.ok(action)


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


def test_nobody_there_is_said_in_one_line():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(
        ConnectionLost, match=rf"nothing answers at 127.0.0.1:{port} .*manager.conf"
    ):
        Session(Settings(port=port)).connect()
    with pytest.raises(ConnectionLost, match="no host"):
        Session(Settings(host="no-such-host.invalid")).connect()
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


# --- logging in ----------------------------------------------------------------------------------


@pytest.mark.parametrize("auth", ["auto", "secret", "md5"])
def test_logging_in_by_secret_and_by_challenge(pbx, auth):
    with opened(pbx, auth=auth) as session:
        assert session.request({"Action": "Ping"}).response.ok


@pytest.mark.parametrize("auth", ["secret", "md5"])
def test_a_wrong_password_is_one_clean_line_and_shows_nowhere(pbx, auth, caplog):
    caplog.set_level(logging.DEBUG)
    session = Session(settings(pbx, auth=auth, password=Secret("hunter2")))
    with pytest.raises(
        LoginRefused, match="did not let 'admin' in: Authentication failed"
    ) as caught:
        session.connect()
    told = "".join(
        traceback.TracebackException.from_exception(caught.value, capture_locals=True).format()
    )
    assert "hunter2" not in f"{caught.value}{session!r}{session.settings!r}{caplog.text}{told}"
    with pytest.raises(TypeError, match="secret"):
        pickle.dumps(session.settings)


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
    with FakeManager(lambda client, action: client.ok(action, "Challenge: 1")) as fake:
        session = Session(settings(fake, auth=auth, password=Secret("hun\udce4ter2")))
        with pytest.raises(UnsafeText, match=r"'Secret' .* holds half a character") as caught:
            session.connect()
        assert "Login" not in fake.names()
    assert not shown(caught.value, "udce4")


def test_an_md5_login_never_sends_the_password():
    def script(client, action):
        client.ok(action, "Challenge: 123456")

    with FakeManager(script) as fake, opened(fake, auth="md5", password=Secret("hunter2")):
        assert "hunter2" not in str(fake.asked)
        assert fake.asked[-1]["Key"] == hashlib.md5(b"123456hunter2").hexdigest()


@pytest.mark.parametrize(
    ("host", "more", "sent"),
    [
        ("127.0.0.1", {}, True),
        ("127.1", {}, False),  # for all that its name tells, this could be anywhere
        ("127.1", {"auth": "secret"}, True),
        ("127.0.0.1", {"auth": "md5"}, False),
    ],
)
def test_a_password_is_sent_only_where_nobody_else_can_listen(host, more, sent):
    def script(client, action):
        client.ok(action, "Challenge: 123456")

    with FakeManager(script) as fake, opened(fake, host=host, password=Secret("hunter2"), **more):
        assert ("hunter2" in str(fake.asked)) is sent


@pytest.mark.parametrize(
    ("host", "is_exposed"),
    [
        ("localhost", False),
        ("LocalHost.", False),
        ("127.8.9.1", False),
        ("::1", False),
        ("::ffff:127.0.0.1", False),
        ("localhost.example", True),
        ("192.0.2.1", True),
        ("2001:db8::1", True),
        ("fe80::1%lo", True),
        ("pbx", True),
    ],
)
def test_what_leaves_this_machine_is_exposed_unless_it_is_encrypted(host, is_exposed):
    assert Settings(host=host).is_exposed is is_exposed
    assert Settings(host=host).sends_password is not is_exposed
    assert not Settings(host=host, tls=True).is_exposed
    assert Settings(host=host, tls=True).sends_password


@pytest.mark.parametrize("line", ["Message: no challenge here", "Challenge: "])
def test_no_challenge_is_no_login_and_the_password_is_not_sent_instead(line):
    def script(client, action):
        client.ok(action, *([line] if action["Action"] == "Challenge" else []))

    with FakeManager(script) as fake:
        session = Session(settings(fake, host="127.1", password=Secret("hunter2")))
        with pytest.raises(LoginRefused, match="gave no challenge"):
            session.connect()
        later = Session(settings(fake, host="127.1", username=""))
        with later.connect(), pytest.raises(LoginRefused, match="gave no challenge"):
            later.login("admin", "hunter2")
        assert set(fake.names()) <= {"Challenge", "Logoff"}
        assert "hunter2" not in str(fake.asked)


def test_mask_and_filters_are_sent_anew_at_each_reconnect():
    with FakeManager() as fake:
        more = {"events": "call,user", "filters": ("Event: Hangup", "!Channel: Local/")}
        with opened(fake, **more) as session:
            expected = ["Login", "Filter", "Filter"]
            assert fake.names() == expected
            fake.asked.clear()
            fake.drop()
            eventually(lambda: session.connected() and fake.names()[:3] == expected)
            assert fake.asked[0]["Events"] == "call,user"
            assert [one["Filter"] for one in fake.asked[1:3]] == list(more["filters"])


def test_a_later_login_proves_the_password_in_the_way_that_was_set():
    def script(client, action):
        client.ok(action, "Challenge: 123456")

    with FakeManager(script) as fake:
        session = Session(settings(fake, username="", auth="md5"))
        with session.connect():
            session.login("admin", "hunter2")
        assert "hunter2" not in str(fake.asked)
        assert [one["Action"] for one in fake.asked][:2] == ["Challenge", "Login"]
        assert fake.asked[1]["Key"] == hashlib.md5(b"123456hunter2").hexdigest()


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
            assert stays(lambda: heard == ["SessionReady"], 1.5)
            assert session.counts["failed"] == 0
            fake.drop()
            eventually(lambda: len(heard) == 3)
            assert heard == ["SessionReady", "SessionRestored", "SessionReady"]


def test_a_filter_keeps_events_away(pbx):
    heard = []
    session = Session(settings(pbx, filters=("Event: Hangup",)))
    session.register_event("*", lambda event, session: heard.append(event.name))
    with session.connect():
        session.originate("Local/601@phones", "601", "phones", "1", run_async=True)
        eventually(lambda: "Hangup" in heard, 30)
    assert set(heard) <= {"Hangup", "HangupRequest", "SessionReady", "FullyBooted"}


def test_pyst2s_own_way_to_connect_and_log_in(pbx):
    session = Session()
    session.connect(pbx.host, pbx.port)
    try:
        assert session.title == "Asterisk Call Manager"
        assert session.login("admin", "secret")["Response"] == "Success"
        assert session.connected()
        assert session.ping()["Ping"] == "Pong"
    finally:
        session.close()


# --- TLS and addresses ---------------------------------------------------------------------------


def test_tls_is_verified_unless_told_otherwise():
    require(22)
    with Asterisk(22, tls=True) as pbx:
        given = {"port": pbx.tls_port, "host": "localhost"}
        with opened(pbx, tls=str(pbx.ca_file), **given) as session:
            assert session.request({"Action": "Ping"}).response.ok
            threads = [
                threading.Thread(
                    target=lambda: [session.request({"Action": "Ping"}) for _ in range(50)]
                )
                for _ in range(4)
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(30)
            assert session.counts["unmatched"] == 0
        with pytest.raises(ConnectionLost, match=r"TLS with localhost.* failed.*tls='FILE.pem'"):
            opened(pbx, tls=True, **given)
        unverified = ssl.create_default_context()
        unverified.check_hostname, unverified.verify_mode = False, ssl.CERT_NONE
        with opened(pbx, tls=unverified, **given) as session:
            assert session.connected()
        with pytest.raises(ConnectionLost, match="TLS"):
            opened(pbx, tls=True)
    with pytest.raises(ConfError, match="no readable file"):
        Session(Settings(tls="no/such.pem"))


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
        thread.join(5)


# --- losing the connection -----------------------------------------------------------------------


def test_a_lost_connection_comes_back_and_its_gap_is_told():
    texts, heard = [], []
    with FakeManager() as fake:
        session = Session(settings(fake), recorder=lambda some, received: texts.extend(some))
        session.register_event("*", lambda event, session: heard.append(event.name))
        with session.connect():
            eventually(lambda: "SessionReady" in heard)
            fake.drop()
            eventually(lambda: heard.count("SessionReady") == 2)
            assert session.counts["reconnects"] == 1
            assert session.request({"Action": "Ping"}).response.ok
    kinds = [text.split("\r\n")[0] for text in texts]
    assert kinds == ["Event: SessionLost", "Event: SessionRestored"]
    assert "Reason: Asterisk closed the connection" in texts[0]
    assert "SessionReady" not in str(texts)


def test_those_who_wait_are_told_that_the_connection_broke():
    with FakeManager(silent_but_for_the_login) as fake, opened(fake, timeout=30) as session:
        pending = session.ask({"Action": "Status"})
        fake.drop()
        with pytest.raises(ConnectionLost, match="broke"):
            pending.wait(5)


def test_a_silence_after_a_ping_counts_as_lost():
    with FakeManager(silent_but_for_the_login) as fake, opened(fake, keepalive=0.3) as session:
        eventually(lambda: "Ping" in fake.names())
        eventually(lambda: session.counts["reconnects"] >= 1, 20)


def test_a_server_that_ends_every_connection_is_not_stormed():
    def fickle(client, action):
        client.ok(action)
        if fake.names().count("Login") > 1:
            client.connection.shutdown(socket.SHUT_RDWR)

    with FakeManager(fickle) as fake, opened(fake):
        fake.drop()
        eventually(lambda: fake.names().count("Login") >= 3)
        assert stays(lambda: fake.names().count("Login") < 8, 2)


def test_a_recorder_that_raises_does_not_end_the_connection():
    def fails(texts, received):
        raise RuntimeError("as it does")

    with FakeManager(lambda c, a: (c.send("Event: News"), c.ok(a))) as fake:
        session = Session(settings(fake), recorder=fails)
        with session.connect():
            for _ in range(3):
                assert session.request({"Action": "Ping"}).response.ok
            assert session.counts["unrecorded"] == 4
            assert session.counts["reconnects"] == 0


def test_while_it_is_lost_the_next_try_is_known():
    with FakeManager() as fake:
        session = opened(fake)
    try:
        eventually(lambda: session.next_try)
        assert not session.connected()
        assert "nothing answers" in session.last_error or "closed" in session.last_error
        with pytest.raises(ConnectionLost, match="by itself"):
            session.request({"Action": "Ping"})
    finally:
        session.close()
    with pytest.raises(ConnectionLost, match="closed"):
        session.request({"Action": "Ping"})


def test_events_that_nobody_dispatches_in_time_are_counted(monkeypatch):
    monkeypatch.setattr(session_module, "BACKLOG", 100)
    release = threading.Event()
    heard = []

    def slow(event, session):
        if event.name == "First":
            release.wait(10)
        heard.append(event.name)

    def script(client, action):
        client.ok(action)
        if action["Action"] == "Flood":
            client.send("Event: First")
            for _ in range(20):
                client.raw(b"Event: More\r\n\r\n" * 50)
                time.sleep(0.005)

    texts = []
    with FakeManager(script) as fake:
        session = Session(settings(fake), recorder=lambda some, received: texts.extend(some))
        session.register_event("*", slow)
        with session.connect():
            session.request({"Action": "Flood"})
            eventually(lambda: len(texts) == 1001)
            release.set()
            eventually(lambda: "SessionOverflow" in heard and not session.backlog)
            assert heard.count("More") + session.counts["undispatched"] == 1000
            assert session.counts["undispatched"] > 0


def test_one_callback_that_raises_or_returns_true_harms_no_other():
    heard = []

    def fails(event, session):
        raise RuntimeError("as it does")

    with FakeManager(lambda c, a: (c.ok(a), c.send("Event: News"))) as fake:
        session = Session(settings(fake))
        session.register_event("News", fails)
        session.register_event("News", lambda event, session: True)
        session.register_event("News", lambda event, session: heard.append(event.name))
        session.unregister_event("News", heard.append)
        with session.connect():
            eventually(lambda: heard)
            eventually(lambda: session.counts["failed"])


def test_noise_on_the_line_does_not_end_the_reader():
    def noisy(client, action):
        client.raw(b"\xff\xfe\0garbage\r\n:::\r\n\r\nResponse\r\n\r\n\r\n\r\nEvent\r\n\r\n")
        client.ok(action)

    with FakeManager(noisy) as fake, opened(fake) as session:
        for _ in range(3):
            assert session.request({"Action": "Ping"}).response.ok


# --- closing -------------------------------------------------------------------------------------


def closes_in_time(session):
    began = time.monotonic()
    session.close()
    return time.monotonic() - began < 2


def test_closing_twice_from_anywhere_within_two_seconds():
    with FakeManager() as fake:
        session = opened(fake)
        assert closes_in_time(session)
        assert closes_in_time(session)
        assert session.closed


def test_closing_from_a_callback():
    closed = threading.Event()

    def close(event, session):
        session.close()
        closed.set()

    with FakeManager() as fake:
        session = Session(settings(fake))
        session.register_event("SessionReady", close)
        session.connect()
        assert closed.wait(5)


def test_closing_in_a_flood(pbx):
    session = opened(pbx)
    flood = {"Action": "Originate", "Channel": "Local/50000@flood/n", "Application": "Wait"}
    session.request(flood | {"Data": "5", "Async": "true"})
    eventually(lambda: session.events_read > 1000)
    assert closes_in_time(session)
    pbx.cli("channel request hangup all")
    eventually(lambda: not pbx.channels())


def test_closing_while_it_connects():
    # A listener whose backlog is full answers nobody.
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        port = server.getsockname()[1]
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.1", port))
        session = Session(Settings(port=port, timeout=30))
        told = []

        def connect():
            with pytest.raises(ConnectionLost) as caught:
                session.connect()
            told.append(caught.value)

        thread = threading.Thread(target=connect)
        thread.start()
        time.sleep(0.1)
        assert closes_in_time(session)
        thread.join(5)
        assert told
        for filler in fillers:
            filler.close()


# --- the other modules named asterisk ------------------------------------------------------------


HIDDEN = """
import sys
class Hidden:
    def find_spec(self, name, path=None, target=None):
        if name == "asterisk":
            raise ModuleNotFoundError("No module named 'asterisk'", name=name)
sys.meta_path.insert(0, Hidden())
"""


@pytest.mark.parametrize(
    ("content", "words"),
    [("", "not pyst2's"), ("print 'python 2'", "not pyst2's"), (None, "pip install pyst2")],
)
def test_a_wrong_module_named_asterisk_is_said_clearly(tmp_path, content, words):
    code = f"import sys; sys.path.insert(0, {str(tmp_path)!r})"
    if content is None:
        code += HIDDEN
    else:
        (tmp_path / "asterisk").mkdir()
        (tmp_path / "asterisk" / "__init__.py").write_text("")
        (tmp_path / "asterisk" / "manager.py").write_text(content)
    code += "\nimport ast_notebook.errors"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert words in done.stderr.splitlines()[-1]


def test_closing_while_slow_callbacks_have_much_to_hear():
    def script(client, action):
        client.ok(action)
        client.raw(b"Event: More\r\n\r\n" * 5000)

    heard = []
    with FakeManager(script) as fake:
        session = Session(settings(fake))
        session.register_event("More", lambda event, session: heard.append(time.sleep(0.01)))
        session.connect()
        eventually(lambda: heard)
        assert closes_in_time(session)
        assert len(heard) < 5000
        assert not session._dispatcher.is_alive()


def test_closing_while_the_other_side_reads_nothing_more():
    def deaf(client, action):
        client.ok(action)
        gone.wait(20)

    gone = threading.Event()
    with FakeManager(deaf) as fake:
        session = opened(fake, timeout=30)
        fields = {"Action": "Originate", "Variable": ["x" * 1000] * 20_000}

        def say():
            with contextlib.suppress(ConnectionLost):
                session.ask(fields)

        sayers = [threading.Thread(target=say) for _ in range(2)]
        for sayer in sayers:
            sayer.start()
        eventually(lambda: len(session._pending) == 2)
        assert closes_in_time(session)
        for sayer in sayers:
            sayer.join(5)
            assert not sayer.is_alive()
        gone.set()


def test_a_send_that_is_interrupted_leaves_no_half_of_a_message_before_the_next(monkeypatch):
    def deaf(client, action):
        client.ok(action)
        if action["Action"] == "Ping":
            gone.wait(20)

    def interrupted(connection, *more):
        if threading.current_thread() is threading.main_thread():
            raise KeyboardInterrupt
        return wait(connection, *more)

    wait, gone = Connection._wait, threading.Event()
    monkeypatch.setattr(Connection, "_wait", interrupted)
    with FakeManager(deaf) as fake, opened(fake, timeout=20) as session:
        session.request({"Action": "Ping"})
        with pytest.raises(KeyboardInterrupt):
            session.ask({"Action": "Originate", "Variable": ["x" * 1000] * 20_000})
        assert not session._pending
        gone.set()
        eventually(lambda: session.counts["reconnects"] == 1 and session.connected())
        session.request({"Action": "CoreStatus"})
        assert "Originate" not in fake.names()


# --- permissions ---------------------------------------------------------------------------------

ASKED = re.compile(r'(?:"Action": |\baction\(|_on_channel\(|_prompt\()"(\w+)"')


def test_the_permission_that_is_missing_is_the_one_that_asterisk_wants(pbx):
    rooms = ("", "live", "bindings", "magics", "panel")
    files = [file for room in rooms for file in (PACKAGE / room).glob("*.py")]
    asked = {name.lower() for file in files for name in ASKED.findall(file.read_text())}
    assert "hangup" in asked
    wrong = {}
    for action in sorted(asked | set(WRITE_CLASS)):
        _, privilege, rest = pbx.cli(f"manager show command {action}").partition("[Privilege]\n")
        wanted = set(rest.split("\n")[0].strip().split(",")) - {"all", "<none>"}
        given = set(re.split(r", | or ", WRITE_CLASS.get(action, ""))) - {""}
        if privilege and given != wanted:
            wrong[action] = " or ".join(sorted(wanted))
    assert not wrong, wrong


# --- a flood, and who waits for an answer --------------------------------------------------------


def test_a_flood_is_read_in_parts_with_a_pause_between_them(monkeypatch):
    called, returned, heard = [], [], []
    receive = Connection.receive

    def watched(self, timeout):
        called.append(time.monotonic())
        data = receive(self, timeout)
        returned.append(time.monotonic())
        return data

    def send_one():
        manager.clients[0].send("Event: Flood", Number=str(next(numbers)))
        return len(returned) > 20

    numbers = itertools.count()
    with FakeManager() as manager, opened(manager, lambda texts, _: heard.extend(texts)):
        monkeypatch.setattr(Connection, "receive", watched)
        while not send_one():
            pass
        sent = next(numbers)
        eventually(lambda: len(heard) == sent)
    assert [text.rpartition(" ")[2] for text in heard] == [str(number) for number in range(sent)]
    pauses = [later - one for one, later in itertools.pairwise(sorted([*called, *returned]))][1::2]
    assert min(pauses) >= 0.9 * session_module.GATHERING


def test_who_asks_one_thing_after_the_other_is_not_held_up_by_that_pause(monkeypatch):
    monkeypatch.setattr(session_module, "GATHERING", 3.0)

    def listing(client, action):
        client.ok(action, *(["EventList: start"] if action["Action"] == "List" else []))
        if action["Action"] == "List":
            client.send("Event: Entry", ActionID=action["ActionID"])
            client.send("Event: ListComplete", "EventList: Complete", ActionID=action["ActionID"])

    with FakeManager(listing) as manager, opened(manager, timeout=2.5) as session:
        for _ in range(3):
            assert len(session.request({"Action": "List"}).events) == 1
            assert session.request({"Action": "Ping"}).response.ok


def test_tls_records_that_came_at_once_are_read_at_once():
    authority = trustme.CA()
    theirs, ours = (
        ssl.SSLContext(one) for one in (ssl.PROTOCOL_TLS_SERVER, ssl.PROTOCOL_TLS_CLIENT)
    )
    authority.issue_cert("localhost").configure_cert(theirs)
    authority.configure_trust(ours)
    with socket.create_server(("127.0.0.1", 0)) as server:
        peers = []

        def serve():
            peers.append(theirs.wrap_socket(server.accept()[0], server_side=True))

        thread = threading.Thread(target=serve)
        thread.start()
        connection = Connection("localhost", server.getsockname()[1], 5, ours, lambda: True)
        thread.join(5)
        line = b"x" * 99 + b"\n"
        with peers[0]:
            for _ in range(100):
                peers[0].sendall(line)
            eventually(lambda: _waiting(connection) >= 100 * len(line))
            assert connection.receive(5).count(b"\n") > 50  # each is a record, as an event is one
            connection.close()


def _waiting(connection):
    """Return how many bytes there are to be read, encrypted ones and all."""
    answer = fcntl.ioctl(connection._socket, termios.FIONREAD, b"\0\0\0\0")
    return int.from_bytes(answer, sys.byteorder)
