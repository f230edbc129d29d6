"""Nothing that runs at the time of a replay reaches a PBX that is connected beside it."""

import contextlib
from datetime import timedelta

import pytest

from ast_notebook import ConfError
from ast_notebook.home import SmartHome
from ast_notebook.replay import ReplayedAsterisk, prepared
from tests.support.days import bell, channel, frame
from tests.support.fake_manager import FakeManager
from tests.support.sessions import settings
from tests.support.waiting import eventually

DAY = (
    channel(0, "Newchannel", "PJSIP/200"),
    bell(1, "first"),
    channel(9, "Hangup", "PJSIP/200", Cause=16),
)
ORDERS = ("DBPut", "DBDel", "Originate", "QueuePause", "Hangup")


def booted(client, action):
    client.ok(action)
    if action["Action"] == "Login":
        client.send("Event: FullyBooted", "Status: Fully Booted")


def replay(sh):
    tape, clock, where = prepared(frame(*DAY), None, None, None, None, "")
    return sh.add(ReplayedAsterisk(tape, clock=clock, sh=sh, name="replay", **where), "replay")


@pytest.fixture
def beside():
    """A smart home that is connected, its replay, and what the PBX was sent."""
    with FakeManager(booted) as manager, SmartHome() as sh:
        sh.connect(settings(manager), name="ast")
        yield sh, replay(sh), manager


def sent(manager):
    return [one["Action"] for one in manager.asked if one["Action"] in ORDERS]


def test_a_logic_of_a_replay_does_not_reach_the_pbx(beside):
    sh, replayed, manager = beside
    logic = sh.add_logic("door", lambda: sh.ast.db_write("a/b", 1), userevent="Bell", pbx="replay")
    replayed.run()
    assert "ConfError: ast is a real PBX" in logic.worker.last_error
    assert sent(manager) == []


def test_a_callback_of_a_replay_does_not_reach_the_pbx(beside):
    sh, replayed, manager = beside

    @replayed.on("Hangup")
    def pause(event):
        sh.ast.queue_pause("support", "PJSIP/200", True)

    replayed.run()
    assert [one.failed for one in replayed.callbacks.values()] == [1]
    assert sent(manager) == []


def test_what_items_of_a_replay_start_does_not_reach_the_pbx(beside):
    sh, replayed, manager = beside
    sh.load_items(
        {
            "lamp": {"type": "bool", "ast_dev@replay": "200", "ast_db": "lamp/office"},
            "bell": {"type": "bool", "ast_db": "bell/office"},
        }
    )
    watching = sh.add_logic("w", lambda trigger: sh.ast.db_write("a/b", 1), watch="bell")

    @sh.lamp.on_change
    def ring(item):
        with contextlib.suppress(ConfError):  # the entry of `bell` is not written
            sh.bell(item())

    replayed.run()
    assert eventually(lambda: watching.worker.failed == 2)
    assert "is a real PBX" in watching.worker.last_error
    assert sent(manager) == []


def test_a_logic_that_a_logic_of_a_replay_starts_does_not_reach_the_pbx(beside):
    sh, replayed, manager = beside
    second = sh.add_logic("second", lambda: sh.ast.call("PJSIP/200", "240", "door"))
    sh.add_logic("first", lambda: second.trigger(), userevent="Bell", pbx="replay")
    replayed.run()
    assert second.worker.failed == 1
    assert sent(manager) == []


def test_a_logic_of_a_replay_connects_to_no_pbx(beside):
    sh, replayed, manager = beside
    logins = len(manager.clients)
    logic = sh.add_logic(
        "c", lambda: sh.connect(settings(manager), name="b"), userevent="Bell", pbx="replay"
    )
    replayed.run()
    assert logic.worker.failed == 1
    assert len(manager.clients) == logins


def test_the_pbx_is_the_one_that_items_mean_even_if_the_replay_was_there_before():
    with FakeManager(booted) as manager, SmartHome() as sh:
        replayed = replay(sh)
        sh.load_items({"office": {"type": "bool", "ast_dev": "200"}})
        logic = sh.add_logic("door", lambda: None, userevent="Bell")
        assert sh.first_pbx == "replay"
        sh.connect(settings(manager), name="ast")
        assert sh.first_pbx == "ast"
        replayed.run()
        assert not sh.office() and not logic.worker.done
        sh.disconnect("ast")
        sh.connect(settings(manager), name="ast")
        assert sh.first_pbx == "ast"


def test_cells_and_events_of_the_pbx_reach_it_beside_a_replay(beside):
    sh, replayed, manager = beside
    sh.add_logic("door", lambda: sh.ast.db_write("a/b", 1), userevent="Bell")
    replayed.run()
    sh.ast.db_write("from/cell", 1)
    manager.clients[-1].send(
        "Event: UserEvent", "Privilege: user,all", "UserEvent: Bell", "Source: x"
    )
    assert eventually(lambda: sent(manager) == ["DBPut", "DBPut"])


def test_an_item_goes_by_the_clock_of_this_machine_once_its_replay_is_closed():
    with SmartHome() as sh:
        replayed = replay(sh)
        sh.load_items({"office": {"type": "bool", "ast_db": "in/office"}})
        replayed.run()
        sh.disconnect("replay")
        sh.office(True)
        assert sh.office.last_change() >= sh.clock.now() - timedelta(minutes=1)
