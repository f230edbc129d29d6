"""Items of a lamp, a queue and waiting callers on the demo PBX, and logics that watch them."""

from __future__ import annotations

import pytest
from IPython.core.error import UsageError

from ast_notebook.errors import ConfError
from tests.support.waiting import eventually

ITEMS = """%%ast items
[support]
    [[lamp]]
        type = str
        ast_state = 200
    [[waiting]]
        type = num
        ast_queue = support
    [[longest]]
        type = num
        ast_queue = support longest
    [[agents]]
        type = num
        ast_queue = support agents
    [[missed]]
        type = num
        ast_missed = *
[provider]
    type = bool
    ast_trunk = provider
"""


def test_they_follow_the_pbx_and_start_logics(connected):
    connected.run(ITEMS)
    sh = connected.user_ns["sh"]
    assert sh.support.lamp() == "idle"
    assert (sh.support.waiting(), sh.support.longest(), sh.support.agents()) == (0, 0, 2)
    assert sh.provider.stale and sh.support.missed.stale  # neither trunk is there, nor told
    sh.ast.tell(trunks="provider")
    connected.run("rang = set()")
    connected.run("%%ast logic rings --watch support.*\nrang.add((trigger.source, trigger.value))")
    assert connected.run("%ast logics").set_index("logic").loc["rings", "watch"] == "support.*"
    connected.run("%ast call 30 610 phones;")
    wanted = {("support.waiting", 1), ("support.lamp", "ringing"), ("support.agents", 0)}
    eventually(lambda: wanted <= connected.user_ns["rang"])
    connected.run("%ast hangup 30;")
    eventually(lambda: (sh.support.waiting(), sh.support.lamp()) == (0, "idle"))
    eventually(lambda: not sh.support.missed.stale)
    assert sh.support.missed() == 0
    connected.run("%ast off rings;")


def test_what_starts_a_logic_is_to_be_said(connected):
    connected.run(ITEMS)
    for given, why in (
        ("", "--userevent EVENT, or --watch ITEM"),
        ("--watch support.waitin", "did you mean support.waiting"),
        ("--userevent Call --for 30", "--for works only with --watch"),
        ("--watch support.waiting --for soon", "length of time"),
    ):
        with pytest.raises((UsageError, ConfError), match=why):
            connected.run(f"%%ast logic alarm {given}\npass")
    assert "support.waiting" in connected.complete_words("%%ast logic alarm --watch ")
    assert {"--watch", "--for"} <= set(connected.complete_words("%%ast logic alarm --"))
    logic = connected.run("%%ast logic alarm --watch support.* --for 5m\npass")
    assert logic.watch_for == 300
    connected.run("%ast off alarm;")
