"""Calls that are originated while the connection is lost, or just after it was made again."""

from __future__ import annotations

import threading

import pytest

import ast_notebook
from ast_notebook.errors import ConnectionLost
from tests.support.fake_manager import Client, FakeManager, Headers
from tests.support.living import dispatching_later
from tests.support.waiting import eventually


def silent_about_calls(client: Client, action: Headers) -> None:
    if action["Action"] != "Originate":
        client.ok(action)


def connect(fake: FakeManager):
    return ast_notebook.connect("127.0.0.1", fake.port, username="a", password="secret")


def test_a_call_that_was_not_answered_before_the_loss_raises_that_it_was_lost(monkeypatch) -> None:
    with FakeManager(silent_about_calls) as fake, connect(fake) as sh:
        session, told = sh.ast.session, threading.Event()
        session.register_event("SessionLost", lambda *_: told.set())
        request = session.request

        def request_and_wait(action, timeout=None):
            try:
                return request(action, timeout)
            finally:
                told.wait(10)

        monkeypatch.setattr(session, "request", request_and_wait)
        raised: list[BaseException] = []

        def call() -> None:
            try:
                sh.ast.call("PJSIP/200", "300", "internal")
            except BaseException as error:
                raised.append(error)

        thread = threading.Thread(target=call)
        thread.start()
        eventually(lambda: "Originate" in fake.names())
        fake.drop()
        thread.join(20)
        assert [type(error) for error in raised] == [ConnectionLost]


def test_a_call_on_the_new_connection_is_not_lost_with_the_earlier_one() -> None:
    with FakeManager() as fake, connect(fake) as sh:
        session = sh.ast.session
        with dispatching_later(fake, session):
            fake.drop()
            eventually(lambda: session.counts["reconnects"] == 1 and session.connected())
            call = sh.ast.call("PJSIP/200", "300", "internal")
            client = fake.clients[-1]
            client.send(
                "Event: OriginateResponse",
                f"ActionID: {call.uniqueid}",
                "Response: Failure",
                "Reason: 5",
            )
        assert call.wait(20) == "busy"


def test_a_call_is_lost_with_its_connection() -> None:
    with FakeManager() as fake, connect(fake) as sh:
        for _ in range(2):
            call = sh.ast.call("PJSIP/200", "300", "internal")
            fake.drop()
            with pytest.raises(ConnectionLost, match="broke during the call"):
                call.wait(20)
            eventually(sh.ast.session.connected)
