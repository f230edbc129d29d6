"""A thread that waits for an answer may take it itself, and nothing else changes by that."""

from __future__ import annotations

import errno
import itertools
import os
import random
import socket
import sys
import threading
from functools import partial
from unittest import mock

import pytest

from ast_notebook.ami import Session, shortcut
from ast_notebook.ami.answer import Pending
from ast_notebook.ami.connection import Connection
from ast_notebook.ami.lookout import Lookout
from ast_notebook.ami.shortcut import Shortcut
from ast_notebook.errors import ActionRefused, AnswerTimeout, ConnectionLost
from tests.support.fake_manager import FakeManager
from tests.support.sessions import opened, silent_but_for_the_login
from tests.support.waiting import eventually


@pytest.fixture
def patient(monkeypatch):
    """Have the shortcut wait as long as a slow machine may take, where no events come."""
    monkeypatch.setattr(shortcut, "BRIEF", 60.0)


def line(session: Session) -> tuple[Connection, Shortcut]:
    """Return the present connection and its shortcut, once the reader waits for bytes."""
    connection, found = session._reader._connection, session._reader._shortcut
    assert connection is not None
    assert found is not None
    eventually(lambda: not connection.turn.locked())
    return connection, found


def taken(session: Session) -> list[str]:
    """Return a list that grows by the ActionID of each answer that takes the shortcut."""
    line(session)
    keys: list[str] = []
    real = session._intake.answered

    def answered(key, pending, response):
        keys.append(key)
        real(key, pending, response)

    session._intake.answered = answered
    return keys


class Heard:
    """A recorder that keeps the numbers of events, and the threads on which it was called."""

    def __init__(self) -> None:
        self.numbers: list[int] = []
        self.threads: set[str] = set()

    def __call__(self, texts: list[str], received: int) -> None:
        self.threads.add(threading.current_thread().name)
        self.numbers += [int(text.rpartition("Number: ")[2]) for text in texts]


def event(number: int) -> bytes:
    return b"Event: Tick\r\nPrivilege: user,all\r\nNumber: %d\r\n\r\n" % number


def answer(action: dict[str, str], *lines: str) -> bytes:
    key = f"ActionID: {action.get('ActionID')}"
    return ("\r\n".join(("Response: Success", key, *lines)) + "\r\n\r\n").encode()


@pytest.mark.usefixtures("patient")
def test_a_plain_answer_wakes_no_reader_and_is_the_same_as_ever():
    def script(client, action):
        client.raw(answer(action, "Ping: Pong", "Output: a", "Output: b"))

    with FakeManager(script) as fake, opened(fake) as session:
        keys = taken(session)
        fed = session._intake.feed
        session._intake.feed = None  # the reader cannot read any more
        short = session.request({"Action": "Ping", "ActionID": "1"})
        assert keys == ["1"]
        session._intake.feed = fed
        long = session.ask({"Action": "Ping", "ActionID": "1"}).wait()
        assert keys == ["1"]
        for one in (short.response, long.response):
            assert one["response"] == "Success"
            assert one["Response"] == "Success"
            assert one.get_header("Nothing") is None
            assert one.get_all("Output") == ["a", "b"]
            assert one.ok
            assert one.data == "a\nb"
        assert short.response.headers == long.response.headers
        assert not session.counts


@pytest.mark.parametrize("at_once", [True, False])
def test_what_comes_before_and_behind_an_answer_is_the_readers_in_its_order(at_once):
    numbers = itertools.count()
    heard = Heard()

    def script(client, action):
        if action["Action"] in ("Login", "Logoff"):
            client.ok(action)
            return
        before = [event(next(numbers)) for _ in range(int(action["Before"]))]
        parts = [*before, answer(action), event(next(numbers)), event(next(numbers))]
        for part in [b"".join(parts)] if at_once else parts:
            client.raw(part)

    with FakeManager(script) as fake, opened(fake, heard) as session:
        for before in (0, 3, 0, 1) * 20:
            done = len(heard.numbers)
            session.request({"Action": "Ask", "Before": str(before)})
            assert len(heard.numbers) >= done + before  # what came first was recorded first
        eventually(lambda: len(heard.numbers) == 80 * 3)
        assert heard.numbers == list(range(80 * 3))
        assert heard.threads == {session.message_thread.name}
        assert not session.counts


def test_lists_and_refusals_and_odd_answers_are_the_readers():
    def script(client, action):
        key = {"ActionID": action.get("ActionID", "")}
        match action["Action"]:
            case "List":
                client.ok(action, "EventList: start")
                client.send(Event="Entry", **key)
                client.send(Event="ListComplete", EventList="Complete", **key)
            case "Refused":
                client.send(Response="Error", Message="no", **key)
            case "Bare":
                client.raw(answer(action, "One: 1\nTwo: 2"))
            case "Long":
                client.raw(answer(action, "Text: " + "x" * 2 * shortcut.LOOK))
            case "Torn":
                client.raw(answer(action, "Event: Tick", "Privilege: user,all"))
                client.ok(action)
            case _:
                client.ok(action)

    with FakeManager(script) as fake, opened(fake) as session:
        keys = taken(session)
        assert len(session.request({"Action": "List"})) == 1
        with pytest.raises(ActionRefused, match="no"):
            session.request({"Action": "Refused"})
        assert session.request({"Action": "Bare"}).response["One"] == "1\nTwo: 2"
        assert len(session.request({"Action": "Long"}).response["Text"]) == 2 * shortcut.LOOK
        session.request({"Action": "Torn"})
        assert not keys


def test_what_looks_like_an_answer_but_continues_an_event_is_none():
    def script(client, action):
        if action["Action"] == "Ask":
            client.raw(answer(action, "Text: a part of the event"))
        client.raw(answer(action, "Text: the answer"))

    with FakeManager(script) as fake, opened(fake) as session:
        fake.clients[-1].raw(b"Event: Tick\r\nText: ")
        eventually(lambda: session._intake.framer.torn)
        found = session.request({"Action": "Ask"})
        assert found.response["Text"] == "the answer"


def test_an_answer_that_comes_byte_by_byte_or_not_at_all_is_waited_for_as_ever():
    def script(client, action):
        if action["Action"] == "Slow":
            for byte in answer(action, "Text: here"):
                client.raw(bytes([byte]))
        elif action["Action"] != "Never":
            client.ok(action)

    with FakeManager(script) as fake, opened(fake) as session:
        for _ in range(20):
            assert session.request({"Action": "Slow"}).response["Text"] == "here"
        with pytest.raises(AnswerTimeout):
            session.request({"Action": "Never"}, timeout=0.05)
        assert not session.counts


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize("by", ["the peer", "close"])
def test_a_connection_that_ends_meanwhile_is_told_by_the_reader(by):
    with FakeManager(silent_but_for_the_login) as fake, opened(fake) as session:
        line(session)
        end = fake.drop if by == "the peer" else session.close

        def soon():
            eventually(lambda: "Never" in fake.names())
            end()

        thread = threading.Thread(target=soon)
        thread.start()
        with pytest.raises(ConnectionLost, match=r"broke|closed"):
            session.request({"Action": "Never"}, timeout=60)
        thread.join()
        eventually(lambda: not session._actions.under_way)  # it may log in again


@pytest.mark.parametrize("error", [ValueError("closed"), OSError(errno.EBADF, "closed")])
def test_a_lookout_that_is_closed_meanwhile_looks_nowhere(error):
    one, other = socket.socketpair()
    with one, other:
        lookout = Lookout(one)
        lookout.close()
        lookout._waiting = mock.Mock(modify=mock.Mock(side_effect=error))
        lookout.look_away()
        lookout.look()
        assert lookout._waiting.modify.call_count == 2


@pytest.mark.usefixtures("patient")
def test_without_an_epoll_every_answer_is_the_readers(monkeypatch):
    monkeypatch.setattr(Lookout, "can_look_away", False)
    with FakeManager() as fake, opened(fake) as session:
        assert session._reader._shortcut is None
        assert session.request({"Action": "Ping"}).response.ok


@pytest.mark.usefixtures("patient")
def test_a_forked_process_takes_no_bytes(monkeypatch):
    with FakeManager() as fake, opened(fake) as session:
        keys = taken(session)
        with monkeypatch.context() as forked:
            forked.setattr(os, "getpid", lambda: -1)
            session.request({"Action": "Ping"})
        assert not keys


def test_many_askers_beside_a_flood_each_get_their_answer_and_no_event_is_lost():
    chance = random.Random(22)
    numbers = itertools.count()
    heard = Heard()
    sending = threading.Lock()

    def script(client, action):
        if action["Action"] in ("Login", "Logoff"):
            client.ok(action)
            return
        with sending:
            before, behind = (
                b"".join(event(next(numbers)) for _ in range(chance.choice((0, 0, 1, 3))))
                for _ in range(2)
            )
            data = before + answer(action, f"Echo: {action['Text']}") + behind
            cuts = sorted(chance.choices(range(len(data)), k=chance.choice((0, 0, 0, 1, 4))))
            for begin, end in itertools.pairwise((0, *cuts, len(data))):
                client.raw(data[begin:end])

    def asks(session, name, wrong):
        for number in range(150):
            text = f"{name}-{number}"
            found = session.request({"Action": "Echo", "Text": text}).response["Echo"]
            if found != text:
                wrong.append((text, found))

    with FakeManager(script) as fake, opened(fake, heard, timeout=60) as session:
        wrong: list[tuple[str, str]] = []
        threads = [threading.Thread(target=asks, args=(session, name, wrong)) for name in "abcde"]
        for thread in threads:
            thread.start()
        asks(session, "main", wrong)
        for thread in threads:
            thread.join()
        assert not wrong
        count = next(numbers)
        eventually(lambda: len(heard.numbers) == count)
        assert heard.numbers == list(range(count))
        assert not session._actions.under_way
        assert not session.counts


def test_an_interruption_at_any_step_loses_no_answer_and_no_event():
    numbers = itertools.count()
    heard = Heard()

    def script(client, action):
        if action["Action"] in ("Login", "Logoff"):
            client.ok(action)
        else:
            client.raw(answer(action) + event(next(numbers)))

    with FakeManager(script) as fake, opened(fake, heard, timeout=60) as session:
        keys = taken(session)
        step = 1
        while True:
            key, pending, was_interrupted = interrupted(session, step)
            assert pending.wait().response.ok
            assert session.request({"Action": "Ping"}).response.ok
            eventually(lambda: len(heard.numbers) == fake.names().count("Ping"))
            assert heard.numbers == list(range(len(heard.numbers)))
            assert not session._actions.under_way
            assert not session.counts
            if was_interrupted:
                step += 1
            elif key in keys:
                break  # otherwise the reader had its turn just then
        assert step > 30


def interrupted(session: Session, step: int) -> tuple[str, Pending, bool]:
    """Ask, and raise a KeyboardInterrupt where Python may raise one for the step-th time."""
    connection, shortcut = line(session)
    key = session.new_id()
    pending = Pending("Ping", 60)
    data = f"Action: Ping\r\nActionID: {key}\r\n\r\n".encode()
    left = itertools.count(step, -1)

    def interrupt(_frame, what, _argument):
        if what in ("call", "c_return") and next(left) == 0:
            sys.setprofile(None)
            raise KeyboardInterrupt

    def send() -> None:
        session._actions.send(key, pending, partial(connection.send, data))
        eventually(lambda: pending.done or shortcut._poll.poll(0))
        sys.setprofile(interrupt)

    try:
        shortcut.fetch(send, key, pending)
    except KeyboardInterrupt:
        return key, pending, True
    finally:
        sys.setprofile(None)
    return key, pending, False
