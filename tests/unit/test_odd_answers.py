"""What a PBX answers that it should not is one line, an error of ours, that says what was wrong."""

from __future__ import annotations

import contextlib
import math
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pandas as pd
import pytest

import ast_notebook
from ast_notebook.ami import Event
from ast_notebook.asterisk import Asterisk
from ast_notebook.errors import BadAnswer, ConfError, ConnectionLost
from ast_notebook.live import tracker
from tests.support.fake_manager import Client, FakeManager, Headers

RESPONSE = "Response: Success\r\nActionID: %ID%\r\n"
END = "Event: Complete\r\nActionID: %ID%\r\nEventList: Complete\r\n\r\n"
EMPTY = f"{RESPONSE}EventList: start\r\n\r\n{END}"


def listed(*headers: str) -> str:
    entry = "\r\n".join(["Event: Entry", "ActionID: %ID%", *headers])
    return f"{RESPONSE}EventList: start\r\n\r\n{entry}\r\n\r\n{END}"


def ask(question: Callable[[Asterisk], Any], **answers: str) -> Any:
    """Ask a PBX that answers as these say, and all else with an empty list."""

    def script(client: Client, action: Headers) -> None:
        name, key = action["Action"], action.get("ActionID", "")
        plain = f"{RESPONSE}\r\n" if name in ("Login", "Ping", "Logoff") else EMPTY
        client.raw(answers.get(name, plain).replace("%ID%", key).encode())
        if name == "Login":
            client.raw(b"Event: FullyBooted\r\nStatus: Fully Booted\r\n\r\n")

    with (
        FakeManager(script) as pbx,
        ast_notebook.connect(
            "127.0.0.1", pbx.port, username="admin", password="secret", timeout=60
        ) as sh,
    ):
        return question(sh.ast)


@pytest.mark.parametrize(
    ("question", "answers", "words"),
    [
        (lambda ast: ast.db_read("a/b"), {"DBGet": EMPTY}, "without the entry"),
        (lambda ast: ast.db_read("a/b"), {"DBGet": RESPONSE + "\r\n"}, "without the entry"),
        (
            lambda ast: ast.db_read("a/b", None),
            {"DBGet": listed("X: 1")},
            "Entry has no header Val",
        ),
        (lambda ast: ast.db_show(), {"DBGetTree": listed("X: 1")}, "Entry has no header Key"),
        (lambda ast: ast.hangup("30"), {"CoreShowChannels": listed("X: 1")}, "no header Channel"),
        (
            lambda ast: ast.mailbox_count("22"),
            {"MailboxCount": RESPONSE + "\r\n"},
            "answered has no header OldMessages",
        ),
        (
            lambda ast: ast.mailbox_count("22"),
            {"MailboxCount": RESPONSE + "OldMessages: 1\r\nNewMessages: x\r\n\r\n"},
            "Asterisk's answer has NewMessages = 'x', which is not a whole number",
        ),
        (
            lambda ast: ast.mailbox_count("22"),
            {"MailboxCount": RESPONSE + f"OldMessages: {'9' * 5000}\r\n\r\n"},
            "Asterisk's answer has OldMessages = ",
        ),
        (
            lambda ast: ast.mailbox_count("22"),
            {
                "MailboxCount": RESPONSE + "OldMessages: 0\r\nNewMessages: 0\r\n\r\n",
                "VoicemailUsersList": listed("X: 1"),
            },
            "Entry has no header VoiceMailbox",
        ),
    ],
)
def test_an_answer_that_lacks_what_it_has_to_have_is_an_error_of_ours(
    question: Callable[[Asterisk], Any], answers: dict[str, str], words: str
) -> None:
    with pytest.raises(BadAnswer, match=words) as caught:
        ask(question, **answers)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 200


def test_a_header_that_is_not_there_is_still_a_key_error() -> None:
    with pytest.raises(KeyError, match="the event Hangup has no header Channel"):
        Event({"Event": "Hangup"}, "Hangup")["Channel"]


@pytest.mark.parametrize("duration", ["abc", "99999999999999:00:00", "9" * 400 + ":0:0", "-1:0:0"])
def test_a_channel_that_lasts_absurdly_long_has_come_up_at_no_known_time(duration: str) -> None:
    answer = listed("Channel: PJSIP/30-00000001", "Uniqueid: 1.1", f"Duration: {duration}")
    (row,) = ask(lambda ast: ast.channels(), CoreShowChannels=answer).to_dict("records")
    assert row["channel"] == "PJSIP/30-00000001"
    assert pd.isna(row["since"])
    assert pd.isna(row["held"])


@pytest.mark.parametrize("said", ["nan", "inf", "1e300", "-5", "x", "0"])
def test_an_event_with_an_absurd_time_happened_when_it_came(said: str) -> None:
    event = Event({"Timestamp": said, "Count": "9" * 5000}, "Hold", 1_700_000_000_000_000)
    assert tracker.moment(event) == 1_700_000_000
    assert tracker.number(event, "Count") is None
    assert tracker.number(event, "Calls") is None
    assert tracker.begun(event, "Count") is None


@pytest.mark.parametrize("timeout", [math.nan, math.inf, -1, 0, "5", 1e300, True])
def test_a_timeout_that_is_no_time_is_refused_before_anything_is_sent(timeout: Any) -> None:
    with FakeManager() as pbx:
        with (
            ast_notebook.connect("127.0.0.1", pbx.port, username="admin", password="x") as sh,
            pytest.raises(ConfError, match="is not a number of seconds above 0") as caught,
        ):
            sh.ast.action("Originate", timeout)
        assert "Originate" not in pbx.names()
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("timeout", [math.nan, math.inf, -1, "5"])
def test_a_call_rings_and_is_waited_for_no_absurd_time(timeout: Any) -> None:
    with (
        FakeManager() as pbx,
        ast_notebook.connect("127.0.0.1", pbx.port, username="admin", password="x") as sh,
    ):
        with pytest.raises(ConfError, match="is not a number of seconds"):
            sh.ast.call("PJSIP/200", "240", "door", timeout=timeout)
        assert "Originate" not in pbx.names()
        call = sh.ast.call("PJSIP/200", "240", "door")
        with pytest.raises(ConfError, match="is not a number of seconds"):
            call.wait(timeout)
        with pytest.raises(ConfError, match="is not a number of seconds"):
            sh.ast.session.ask({"Action": "Ping"}).wait(timeout)


@contextlib.contextmanager
def listening(take: Callable[[socket.socket], None]) -> Iterator[int]:
    """Do something with each connection, and end it at the end at the latest."""
    server = socket.create_server(("127.0.0.1", 0))
    taken: list[socket.socket] = []

    def run() -> None:
        with contextlib.suppress(OSError):
            while True:
                taken.append(server.accept()[0])
                take(taken[-1])

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield server.getsockname()[1]
    finally:
        with contextlib.suppress(OSError):
            server.shutdown(socket.SHUT_RDWR)
        server.close()
        thread.join(30)
        for one in taken:
            one.close()


@pytest.mark.parametrize(
    ("take", "timeout", "words"),
    [
        (lambda connection: None, 0.5, "accepts the connection, but did not answer the TLS"),
        (lambda connection: connection.close(), 60, "TLS"),
    ],
)
def test_a_tls_handshake_that_is_not_answered_is_told_as_that(
    take: Callable[[socket.socket], None], timeout: float, words: str
) -> None:
    with listening(take) as port, pytest.raises(ConnectionLost, match=words) as caught:
        ast_notebook.connect(
            "127.0.0.1", port, username="admin", password="x", tls=True, timeout=timeout
        )
    assert "nothing answers" not in str(caught.value)
    assert "tlsbindaddr" in str(caught.value)
