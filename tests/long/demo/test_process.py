"""The demo as a process of its own, and what it reads."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time

import pytest

from ast_notebook import demo
from ast_notebook.demo.configuration import Party
from ast_notebook.demo.dialplan import Dialplan, arguments, calculate
from ast_notebook.demo.framing import ActionFramer, Unreadable
from ast_notebook.demo.server import Plan
from ast_notebook.errors import ConfError, TechnologyMissing
from tests.support.demo_stage import Wire
from tests.support.waiting import eventually

# --- the child process ----------------------------------------------------------------------------


def test_a_demo_is_started_and_stopped() -> None:
    with demo.start(calls=False, tech="sip") as running:
        assert running.tech == "SIP"
        assert "secret" not in repr(running)
        wire = Wire(running.port, running.username, running.password)
        assert wire.greeting == b"Asterisk Call Manager/5.0.4"
        assert dict(wire.login)["Response"] == "Success"
    assert not running.running
    running.close()
    wire.listen(0.2)
    assert wire.closed


def test_a_demo_that_cannot_be_says_why() -> None:
    with pytest.raises(TechnologyMissing, match="tech='SIP'"):
        demo.start(tech="IAX2")
    with pytest.raises(ConfError, match="admin or panel"):
        demo.start(username="nobody")


def test_a_demo_ends_with_its_parent() -> None:
    code = """from ast_notebook import demo
d = demo.start()
print(d.port, d.password, flush=True)
input()
"""
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as parent:
        assert parent.stdout is not None
        told, password = parent.stdout.readline().decode().split()
        port = int(told)
        Wire(port, secret=password).ask(Action="Ping")
        os.kill(parent.pid, signal.SIGKILL)
    eventually(lambda: not _listens(port), 60)


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=10).close()
    except OSError:
        return False
    return True


def test_an_interrupt_of_the_notebook_is_not_for_the_demo() -> None:
    with demo.start(calls=False) as running:
        os.kill(running._process.pid, signal.SIGINT)
        time.sleep(0.2)
        wire = Wire(running.port, secret=running.password)
        assert dict(wire.ask(Action="Ping")[0])["Ping"] == "Pong"


def test_a_demo_has_a_password_of_its_own_each_time() -> None:
    with demo.start(calls=False) as one, demo.start(calls=False) as two:
        assert len({one.password, two.password, "secret"}) == 3
        assert min(map(len, (one.password, two.password))) >= 16
        assert dict(Wire(one.port, secret=two.password).login)["Response"] == "Error"
        assert dict(Wire(one.port, secret="secret").login)["Response"] == "Error"
        assert one.password not in f"{one!r} {Plan(secret=one.password)!r}"


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "pbx.example", ""])
def test_a_demo_listens_on_this_machine_alone(host: str) -> None:
    with pytest.raises(ConfError, match="only programs on this machine"):
        Plan(host=host)
    assert [Plan(host=one).host for one in ("127.0.0.1", "::1", "localhost")]


@pytest.mark.parametrize("port", [-1, 65536])
def test_a_demo_has_a_port_that_can_be(port: int) -> None:
    with pytest.raises(ConfError, match=f"there is no port {port}"):
        Plan(port=port)
    assert Plan(port=65535).port == 65535


@pytest.mark.parametrize("more", [[], ["--secret", "opensesame-4711"]], ids=["new", "given"])
def test_by_hand_it_says_where_it_listens_and_how_to_log_in(more: list[str]) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "ast_notebook.demo", "--port", "0", "--tech", "SIP", *more],
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        told = re.search(r"\(SIP\) listens on 127\.0\.0\.1:(\d+); .* the password (\S+)\. ", line)
        assert told is not None
        assert told[2] == more[1] if more else len(told[2]) >= 16
        assert dict(Wire(int(told[1]), secret=told[2]).login)["Response"] == "Success"
        process.terminate()
    assert process.returncode == 0


# --- its parts ------------------------------------------------------------------------------------


def test_messages_are_cut_however_they_come() -> None:
    whole = b"Action: Ping\r\nActionID: 1\r\n\r\nAction: Status\r\n\r\n"
    expected = [[("Action", "Ping"), ("ActionID", "1")], [("Action", "Status")]]
    for size in range(1, len(whole)):
        framer = ActionFramer()
        cut = [whole[start : start + size] for start in range(0, len(whole), size)]
        assert [message for part in cut for message in framer.feed(part)] == expected
    (error,) = ActionFramer().feed(b"X: " + b"x" * 5000 + b"\r\n\r\n")
    assert isinstance(error, Unreadable)


@pytest.mark.parametrize(
    ("text", "party"),
    [
        ("Door <100>", Party("Door", "100")),
        ('"Smith, John" <5551>', Party("Smith, John", "5551")),
        ("100", Party("", "100")),
        ("<100>", Party("", "100")),
        ("", Party()),
    ],
)
def test_callers_are_read_as_people_write_them(text: str, party: Party) -> None:
    assert Party.read(text) == party


def test_the_words_of_the_dialplan() -> None:
    assert arguments('Call,Value: "Smith, \\"J\\""') == ["Call", 'Value: Smith, "J"']
    assert calculate('"" = "1"') == "0"
    assert calculate("(1 + 2) * 3 > 8 & !0") == "1"
    assert calculate("7 / 0") == "0"
    plan = Dialplan(X="12345")
    values = {"X": "12345", "N(a)": "n"}
    assert plan.fill("${X:1:2}-${X:-2}-${N(a)}-$[2 > 1]-$", lambda name: values.get(name, "")) == (
        "23-45-n-1-$"
    )
