"""A session survives everything, comes back, and ends when it is told to."""

import contextlib
import fcntl
import itertools
import socket
import ssl
import subprocess
import sys
import termios
import threading
import time
from typing import Any, cast
from unittest import mock

import pytest
import trustme

from ast_notebook.ami import Session, Settings, dispatcher, reader
from ast_notebook.ami import settings as ami_settings
from ast_notebook.ami.connection import Connection
from ast_notebook.errors import (
    ConnectionLost,
)
from tests.support.fake_manager import FakeManager
from tests.support.sessions import closes_in_time, opened, settings, silent_but_for_the_login
from tests.support.waiting import eventually, stays

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
        eventually(lambda: session.counts["reconnects"] >= 1)


def test_a_server_that_ends_every_connection_is_not_stormed():
    def fickle(client, action):
        client.ok(action)
        if fake.names().count("Login") > 1:
            client.connection.shutdown(socket.SHUT_RDWR)

    with FakeManager(fickle) as fake, opened(fake):
        fake.drop()
        eventually(lambda: fake.names().count("Login") >= 3)
        assert stays(lambda: fake.names().count("Login") < 8, 2)


def _news_first(client, action):
    client.send("Event: News")
    client.ok(action)


def _then_news(client, action):
    client.ok(action)
    client.send("Event: News")


def test_a_recorder_that_raises_does_not_end_the_connection():
    def fails(texts, received):
        raise RuntimeError("as it does")

    with FakeManager(_news_first) as fake:
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
        with pytest.raises(ConnectionLost, match="renewed automatically"):
            session.request({"Action": "Ping"})
    finally:
        session.close()
    with pytest.raises(ConnectionLost, match="closed"):
        session.request({"Action": "Ping"})


def test_events_that_nobody_dispatches_in_time_are_counted(monkeypatch):
    monkeypatch.setattr(dispatcher, "BACKLOG", 100)
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
            eventually(lambda: "SessionReady" in heard)  # it may come at any later time, too
            session.request({"Action": "Flood"})
            eventually(lambda: len(texts) == 1001)
            release.set()
            eventually(lambda: "SessionOverflow" in heard and not session.backlog)
            # One behind all that waited, however often something was read in vain meanwhile.
            assert heard.count("SessionOverflow") == 1
            assert heard[-1] == "SessionOverflow"
            assert heard.count("More") + session.counts["undispatched"] == 1000
            assert session.counts["undispatched"] > 0


def test_one_callback_that_raises_or_returns_true_harms_no_other():
    heard = []

    def fails(event, session):
        raise RuntimeError("as it does")

    with FakeManager(_then_news) as fake:
        session = Session(settings(fake))
        session.register_event("News", fails)
        session.register_event("News", lambda event, session: True)
        session.register_event("News", lambda event, session: heard.append(event.name))
        session.unregister_event("News", cast(Any, heard.append))
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
        assert not session.event_dispatch_thread.is_alive()


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
        eventually(lambda: len(session._actions) == 2)
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
        # The reader may be logging in again by now, which is an action, too.
        assert "Originate" not in [one.name for one in session._actions.under_way.copy().values()]
        gone.set()
        eventually(lambda: session.counts["reconnects"] == 1 and session.connected())
        session.request({"Action": "CoreStatus"})
        assert "Originate" not in fake.names()


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

    monkeypatch.setattr(reader, "LARGE", 1 << 30)
    numbers = itertools.count()
    with FakeManager() as manager, opened(manager, lambda texts, _: heard.extend(texts)):
        monkeypatch.setattr(Connection, "receive", watched)
        while not send_one():
            pass
        sent = next(numbers)
        eventually(lambda: len(heard) == sent)
    assert [text.rpartition(" ")[2] for text in heard] == [str(number) for number in range(sent)]
    pauses = [later - one for one, later in itertools.pairwise(sorted([*called, *returned]))][1::2]
    assert min(pauses) >= 0.9 * Settings().gathering


@pytest.mark.parametrize(
    ("gathering", "events", "slept"), [(0, 1, 0), (0.01, 1, 1), (0.01, 500, 0)]
)
def test_nothing_is_gathered_unless_wanted_and_nothing_behind_much_at_once(
    monkeypatch, gathering, events, slept
):
    heard, pauses = [], []
    with (
        FakeManager() as manager,
        opened(manager, lambda texts, _: heard.extend(texts), gathering=gathering),
    ):
        time.sleep(0.05)  # until it waits for more
        monkeypatch.setattr(reader, "time", mock.Mock(wraps=time, sleep=pauses.append))
        monkeypatch.setattr(reader, "LARGE", 20_000)
        data = b"".join(b"Event: A\r\nNumber: %032d\r\n\r\n" % one for one in range(events))
        manager.clients[0].raw(data)
        eventually(lambda: len(heard) == events)
        time.sleep(0.05)
        monkeypatch.undo()
    assert len(pauses) == slept
    assert all(0 < one <= gathering for one in pauses)


def test_who_asks_one_thing_after_the_other_is_not_held_up_by_that_pause(monkeypatch):
    monkeypatch.setattr(ami_settings, "MOST_GATHERING", 3.0)

    def listing(client, action):
        client.ok(action, *(["EventList: start"] if action["Action"] == "List" else []))
        if action["Action"] == "List":
            client.send("Event: Entry", ActionID=action["ActionID"])
            client.send("Event: ListComplete", "EventList: Complete", ActionID=action["ActionID"])

    with FakeManager(listing) as manager, opened(manager, timeout=2.5, gathering=3.0) as session:
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
            assert not connection.can_be_looked_at
            assert connection.receive(5).count(b"\n") > 50  # each is a record, as an event is one
            connection.close()


def _waiting(connection):
    """Return how many bytes there are to be read, encrypted ones and all."""
    answer = fcntl.ioctl(connection._socket, termios.FIONREAD, b"\0\0\0\0")
    return int.from_bytes(answer, sys.byteorder)
