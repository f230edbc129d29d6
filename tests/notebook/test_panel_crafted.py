"""A crafted page does nothing to the PBX, the kernel and other pages that ours may not do."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from ipywidgets.comm import get_comm_manager

import ast_notebook
from ast_notebook import SmartHome
from ast_notebook.errors import ConfError
from ast_notebook.panel import Panel, close_all
from ast_notebook.panel.actions import ACTIONS
from ast_notebook.panel.views import MOST, Views
from tests.support.fake_manager import Client, FakeManager, Headers
from tests.support.waiting import eventually

BUTTONS = {action.needs for action in ACTIONS.values()}
UP = {"channel": "SIP/30-1", "uniqueid": "1.1"}
HERE = {"channel": "SIP/31-2", "uniqueid": "1.2", "conference": "room"}
MEMBER = {"queue": "support", "interface": "SIP/30"}
PLACE = {"exten": "600", "context": "phones"}
CALL = {"source": "SIP/30", "dest": "600", "context": "phones"}
GOOD: dict[str, dict[str, Any]] = {
    "hangup": UP,
    "redirect": UP | PLACE,
    "transfer": UP | PLACE,
    "park": UP,
    "record": UP,
    "stop_recording": UP,
    "spy": UP | {"by": "SIP/32", "mode": "listen"},
    "call": CALL | {"callerid": "Door <100>"},
    "pause": MEMBER | {"reason": "lunch"},
    "unpause": MEMBER,
    "add": MEMBER | {"name": "Anna", "state_interface": "SIP/30", "penalty": 3},
    "remove": MEMBER,
    "mute": HERE,
    "unmute": HERE,
    "kick": HERE,
}
LISTS = ("GetConfig", "CoreShowChannels", "ConfbridgeListRooms", "QueueStatus", "ParkedCalls")


def script(client: Client, action: Headers) -> None:
    if action["Action"] == "ListCommands":
        client.ok(action, *(f"{name}: x" for name in BUTTONS))
    elif action["Action"] in LISTS or "how" in action["Action"] or "List" in action["Action"]:
        client.send("Response: Error", f"ActionID: {action['ActionID']}", "Message: none")
    else:
        client.ok(action)


@pytest.fixture
def fake() -> Iterator[FakeManager]:
    with FakeManager(script) as fake:
        yield fake


@pytest.fixture
def sh(fake: FakeManager) -> Iterator[SmartHome]:
    with ast_notebook.connect("127.0.0.1", fake.port, username="a", password="secret") as sh:
        eventually(sh.ast.live.primed.is_set)
        client = fake.clients[-1]
        for one in (UP, HERE):
            client.send(
                "Event: Newchannel",
                f"Channel: {one['channel']}",
                f"Uniqueid: {one['uniqueid']}",
                "BridgeId: b",
            )
        client.send(
            "Event: ConfbridgeJoin",
            f"Channel: {HERE['channel']}",
            f"Uniqueid: {HERE['uniqueid']}",
            f"Conference: {HERE['conference']}",
        )
        eventually(lambda: len(sh.ast.live.tables["participants"]))
        sh.load_items({"office": {"note": {"type": "str"}, "x": {"type": "num"}}})
        yield sh
    close_all()


class Page:
    """A page that sends whatever one likes."""

    def __init__(self, sh: SmartHome, monkeypatch: pytest.MonkeyPatch) -> None:
        self.panel = Panel(sh, editable=["office.*"], refresh_hz=50)
        self.told: list[dict[str, Any]] = []
        monkeypatch.setattr(self.panel, "send", lambda message, buffers=None: self.take(message))
        self.say(t="hello")
        eventually(lambda: [one for one in self.told if one.get("may")])

    def take(self, message: dict[str, Any]) -> None:
        json.dumps(message, allow_nan=False, ensure_ascii=False).encode()  # as Jupyter sends it
        self.told.append(message)

    def say(self, **content: Any) -> None:
        self.panel._receive(self.panel, {"view": "page", **content}, [])

    def do(self, what: Any, args: Any, **more: Any) -> dict[str, Any]:
        before = len(self.told)
        self.say(**{"t": "do", "id": "n", "what": what, "args": args, "at": now(), **more})
        return eventually(lambda: next((d for d in self.told[before:] if d["t"] == "done"), None))


@pytest.fixture
def page(sh: SmartHome, monkeypatch: pytest.MonkeyPatch) -> Page:
    return Page(sh, monkeypatch)


def now() -> float:
    return time.time() * 1000


def done(fake: FakeManager) -> list[Headers]:
    return [one for one in fake.asked if one["Action"] in BUTTONS]


@pytest.mark.parametrize("what", GOOD)
def test_what_a_page_of_ours_sends_is_done(page: Page, fake: FakeManager, what: str) -> None:
    told = page.do(what, GOOD[what])
    assert told["ok"], told["text"]
    assert len(done(fake)) == 1


WRONG = [None, "", " ", "all", "SIP/", "/.*/", "participants", True, 5, 1.5, -5, "a\nb", "\ud800"]
WRONG += ["\x01", "\x1f support"]  # which Asterisk takes for nothing before a text
PEOPLES = {"callerid", "reason", "name"}  # which Asterisk gives to people, without what is before
OPTIONAL = {"callerid", "reason", "name", "state_interface", "penalty"}
FREE = {"exten", "context", "by", "source", "dest", "interface", "queue", *OPTIONAL} - {"penalty"}


@pytest.mark.parametrize("what", GOOD)
def test_each_argument_of_each_button_has_to_be_what_a_page_of_ours_sends(
    page: Page, fake: FakeManager, what: str
) -> None:
    for name in GOOD[what]:
        for wrong in WRONG:
            if name in FREE and isinstance(wrong, str) and wrong.strip() and wrong.isprintable():
                continue  # it may be such an extension, telephone or queue
            if name in OPTIONAL - {"penalty"} and isinstance(wrong, str) and not wrong.strip():
                continue
            if name == "penalty" and wrong == 5:
                continue
            if name in PEOPLES and isinstance(wrong, str) and wrong[:1] in ("\x01", "\x1f"):
                continue
            told = page.do(what, GOOD[what] | {name: wrong})
            assert not told["ok"], (name, wrong)
        without = {key: value for key, value in GOOD[what].items() if key != name}
        assert page.do(what, without)["ok"] is (name in OPTIONAL), name
    assert len(done(fake)) == len(OPTIONAL.intersection(GOOD[what]))


@pytest.mark.parametrize("penalty", [-1, 10**30, float("inf"), float("nan"), 1.0, "3", True])
def test_a_penalty_is_a_whole_number_of_asterisks(
    page: Page, fake: FakeManager, penalty: object
) -> None:
    told = page.do("add", MEMBER | {"penalty": penalty})
    assert not told["ok"] and "penalty" in told["text"]
    assert not done(fake)


@pytest.mark.parametrize(
    "at", [10**400, -(10**400), 1e300, float("inf"), float("nan"), "now", None, True, [1]]
)
def test_a_click_at_no_time_is_answered_and_not_done(
    page: Page, fake: FakeManager, at: object
) -> None:
    told = page.do("hangup", UP, at=at)
    assert not told["ok"] and "nothing was done" in told["text"]
    assert not done(fake)


def test_what_is_told_can_be_sent_whatever_a_click_says(page: Page) -> None:
    half = "\ud800"
    told = [
        page.do("item", {"path": "office.note", "value": half}),
        page.do("item", {"path": half, "value": "x"}),
        page.do(half * 1000, {}),
        page.do("hangup", UP, id=half),
        page.do("hangup", UP, id=[half]),
        page.do("item", {"path": "office.note" * 10_000, "value": "x"}),
        page.do("item", {"path": "office.x", "value": "9" * 5000}),
    ]
    assert not any(one["ok"] for one in told[:3])
    assert all(len(one["text"]) <= 2000 for one in told)
    page.say(t="hello", view=half)
    eventually(lambda: any(one.get("to") == ["?"] for one in page.told))


def test_pages_of_any_number_of_names_take_no_room() -> None:
    views = Views()
    for number in range(10 * MOST):
        views.hello(str(number))
    views.visible("one more", True)
    assert len(views.take_waiting()) == MOST
    views.visible("0", False)
    views.hello("new")
    assert views.take_waiting() == {"new"}


@pytest.mark.parametrize("readonly", [False, True])
def test_a_page_changes_nothing_of_the_state_that_others_are_given(
    sh: SmartHome, readonly: bool
) -> None:
    panel = Panel(sh, readonly=readonly)
    for one in (panel, panel.layout):
        before = one.get_state()
        for name, value in {**before, "comm": None, "_readonly": False, "keys": []}.items():
            other: object = "alert(1)" if isinstance(value, str) else {"t": "snapshot"}
            for state in ({name: other}, {name: None}):
                content = {"data": {"method": "update", "state": state, "buffer_paths": []}}
                one._handle_msg({"content": content, "buffers": []})
        assert one.get_state() == before
    assert panel._readonly is readonly


def is_told(sent: list[dict[str, Any]], name: str) -> bool:
    return any(name in one.get("to", ()) for one in sent)


def test_a_page_that_closes_the_panel_closes_it_for_no_other_page(sh: SmartHome) -> None:
    panel = Panel(sh, refresh_hz=50)
    sent: list[dict[str, Any]] = []
    panel.send = lambda content, buffers=None: sent.append(content)
    comms = get_comm_manager()

    def receive(kind: str, data: dict[str, Any], of: Any = panel) -> None:
        content = {"content": {"comm_id": of.model_id, "data": data}, "buffers": []}
        getattr(comms, kind)(None, "", content)

    for name in ("one", "two"):
        for one in (panel, panel.layout):
            receive("comm_close", {}, one)
            assert comms.get_comm(one.model_id) is one.comm
        receive("comm_msg", {"method": "custom", "content": {"t": "hello", "view": name}})
        eventually(partial(is_told, sent, name))
    identity = panel.model_id
    panel.freeze()
    receive("comm_close", {})
    panel.close()
    assert comms.get_comm(identity) is None


def test_nobody_is_spied_on_who_is_not_named(sh: SmartHome, fake: FakeManager) -> None:
    for channel in ("", " "):
        with pytest.raises(ConfError, match="no channel is named"):
            sh.ast.spy(channel, "SIP/32")
    assert not done(fake)
