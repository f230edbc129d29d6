"""What somebody else chose stays one text in everything that is sent for it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

import ast_notebook
from ast_notebook import demo
from ast_notebook.errors import UnsafeText
from tests.lab.asterisk import Asterisk
from tests.support.waiting import eventually

NAMES = (
    "Quist, EVIL=1",
    "Quist,EVIL=1",
    'a"b',
    "a\\b",
    "a\\,b",
    "x(y",
    "x)y",
    "[z",
    "z]",
    "a|b^c&d",
    '"quoted, x"',
    "it's; ok",
    "tab\tx",
    "Jürgen",
)


@pytest.fixture
def sh(pbx: Asterisk):
    with ast_notebook.connect(pbx.host, pbx.port, username="panel", password="secret") as sh:
        yield sh
        sh.ast.command("channel request hangup all")
        eventually(lambda: sh.ast.channels().empty)


def value(sh, channel: str, name: str) -> str | None:
    answer = sh.ast.action("Getvar", Channel=channel, Variable=name)
    return answer.response.get_header("Value")


def channel_of(sh, call) -> str:
    names = sh.ast.channels().set_index("uniqueid")["channel"]
    return str(names[call.uniqueid])


@pytest.mark.parametrize("start", ["real", "demo"])
def test_a_variable_is_set_to_the_whole_text_and_no_other_is(pbx: Asterisk, start: str) -> None:
    with contextlib.ExitStack() as stack:
        there = pbx if start == "real" else stack.enter_context(demo.start(calls=False))
        sh = stack.enter_context(
            ast_notebook.connect(there.host, there.port, username="panel", password=there.password)
        )
        variables: dict[str, object] = {f"WHO{n}": text for n, text in enumerate(NAMES)}
        call = sh.ast.call("Local/600@phones/n", "600", "phones", variables=variables)
        call.wait()
        channel = channel_of(sh, call)
        found = {name: value(sh, channel, name) for name in variables}
        assert found == variables
        assert value(sh, channel, "EVIL") == ""
        sh.ast.hangup_channel(channel)


def is_recorded_as(sh, channel: str, name: str) -> bool:
    return (value(sh, channel, "MIXMONITOR_FILENAME") or "").endswith(f"/{name}")


def test_a_recording_has_the_name_that_it_was_given(sh) -> None:
    call = sh.ast.call("Local/600@phones/n", "600", "phones")
    call.wait()
    channel = channel_of(sh, call)
    for name in ("a (1).wav", 'q"x.wav', "b\\s.wav", "semi;x|y.wav", "[a.wav"):
        sh.ast.record_channel(channel, file=name)
        eventually(partial(is_recorded_as, sh, channel, name))
        sh.ast.stop_recording(channel)


REFUSED: dict[str, Callable[[Any], object]] = {
    "a comma in a file": lambda ast: ast.record_channel("PJSIP/200-1", file="Quist, Anna.wav"),
    "a folder above": lambda ast: ast.record_channel("PJSIP/200-1", file="../../etc/Anna.wav"),
    "an expression in a file": lambda ast: ast.record_channel("PJSIP/200-1", file="${EPOCH}.wav"),
    "a pattern of channels": lambda ast: ast.hangup_channel("/^PJSIP/"),
    "a pattern behind a blank": lambda ast: ast.hangup_channel("\x01 /^PJSIP/"),
    "every queue": lambda ast: ast.queue_pause("\x01", "Local/1@phones", True),
    "everybody behind a blank": lambda ast: ast.conference_kick("600", " all"),
    "an extension with a comma": lambda ast: ast.call("Local/1@phones", "1,2", "phones"),
    "an expression as extension": lambda ast: ast.call("Local/1@phones", "${EXTEN}", "phones"),
    "an expression as context": lambda ast: ast.call("Local/1@phones", "1", "$[1+1]"),
    "an expression as caller": lambda ast: ast.call("Local/1@phones", "1", "phones", "${X} <1>"),
    "an expression in a variable": lambda ast: ast.call(
        "Local/1@phones", "1", "phones", variables={"WHO": "${SHELL(id)}"}
    ),
    "two variables in a name": lambda ast: ast.call(
        "Local/1@phones", "1", "phones", variables={"A=1,B": "2"}
    ),
    "two members in a name": lambda ast: ast.queue_add("support", "Local/1@phones", "Ann|Bob;0"),
    "two fields in a reason": lambda ast: ast.queue_pause("support", "Local/1@phones", True, "a|b"),
    "a place that is two": lambda ast: ast.redirect("PJSIP/200-1", "1", "phones,2"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_be_one_text_is_refused_before_it_is_sent(sh, what: str) -> None:
    before = len(sh.ast.channels())
    with pytest.raises(UnsafeText):
        REFUSED[what](sh.ast)
    assert len(sh.ast.channels()) == before


def test_asterisk_reads_a_value_from_its_first_letter_on(sh) -> None:
    sh.ast.call("Local/600@phones/n", "600", "phones").wait()
    assert len(sh.ast.channels())
    sh.ast.action("Hangup", Channel="\x01 /^Local/")
    eventually(lambda: sh.ast.channels().empty)
