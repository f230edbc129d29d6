"""Nobody but Asterisk is told the password, and an Asterisk that refuses it is not pestered."""

import logging
import time

import pytest

from ast_notebook.ami import Secret, Session, Settings
from ast_notebook.ami.pauses import REFUSED
from ast_notebook.errors import ConfError, ConnectionLost
from tests.support.fake_manager import FakeManager, obliging
from tests.support.waiting import eventually, stays


def settings(fake, **more):
    given = {"port": fake.port, "username": "admin", "password": Secret("hunter2"), "timeout": 5}
    return Settings(**(given | more))


@pytest.mark.parametrize(
    "banner",
    [b"SSH-2.0-Example_1.0\r\n", b"HTTP/1.1 400 Bad Request\r\n", b"220 mail ESMTP\r\n", b"\r\n"],
)
def test_no_password_goes_to_what_does_not_greet_as_a_manager(banner):
    with FakeManager(banner=banner) as fake:
        with pytest.raises(ConnectionLost, match="greeting=") as caught:
            Session(settings(fake)).connect()
        assert fake.asked == []
    assert banner.decode().strip() in str(caught.value)


def test_a_greeting_is_shown_clean_and_short():
    banner = b"\x1b[31mred\x07" + b"x" * 500 + b"\r\n"
    with FakeManager(banner=banner) as fake, pytest.raises(ConnectionLost) as caught:
        Session(settings(fake)).connect()
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 400


def test_a_greeting_with_the_password_in_it_is_kept_without_it_and_short():
    banner = b"Asterisk Call Manager/hunter2" + b"5" * 1_000_000 + b"\r\n"
    with FakeManager(banner=banner) as fake, Session(settings(fake)).connect() as session:
        assert session.title == "Asterisk Call Manager"
        assert "hunter2" not in session.version
        assert len(session.version) < 100


def test_a_greeting_that_is_no_text_is_refused():
    with pytest.raises(ConfError, match="greeting"):
        Settings(greeting=5)  # type: ignore[arg-type]


class Refusing:
    """A manager that lets a login in until it is told not to."""

    def __init__(self):
        self.refuses = False
        self.logins = []

    def __call__(self, client, action):
        if action["Action"] == "Login":
            self.logins.append(time.monotonic())
            if self.refuses:
                client.send(
                    "Response: Error",
                    f"ActionID: {action['ActionID']}",
                    "Message: Authentication failed",
                )
                return
        obliging(client, action)


def test_a_login_that_is_refused_later_is_tried_rarely_and_at_once_when_told(caplog):
    script = Refusing()
    with FakeManager(script) as fake, Session(settings(fake)).connect() as session:
        script.refuses = True
        with caplog.at_level(logging.WARNING):
            fake.drop()
            eventually(lambda: session.next_try and "reconnect()" in session.last_error)
            first = len(script.logins)
            assert first == 2
            assert (session.next_try or 0) - time.time() > 20
            assert "did not let 'admin' in: Authentication failed" in session.last_error
            assert stays(lambda: len(script.logins) == first, 1)
            session.reconnect()
            eventually(lambda: len(script.logins) == first + 1)
            eventually(lambda: (session.next_try or 0) - time.time() > 500)
        told = [one.getMessage() for one in caplog.records if "let 'admin' in" in one.getMessage()]
        assert len(told) == 1
        script.refuses = False
        session.reconnect()
        eventually(session.connected)
        assert session.last_error == ""


def test_within_ten_minutes_a_refused_login_is_not_tried_often_enough_to_be_banned():
    tries = [sum(REFUSED[:number]) for number in range(len(REFUSED) + 1)]
    assert all(sum(0 <= other - one < 600 for other in tries) <= 2 for one in tries)


def test_closing_does_not_wait_for_the_next_try():
    script = Refusing()
    with FakeManager(script) as fake:
        session = Session(settings(fake)).connect()
        script.refuses = True
        fake.drop()
        eventually(lambda: session.next_try and (session.next_try or 0) - time.time() > 20)
        began = time.monotonic()
        session.close()
        assert time.monotonic() - began < 2
