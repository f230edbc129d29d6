"""What a browser may do by the panel."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest

from ast_notebook import SmartHome, demo
from ast_notebook.asterisk import Asterisk
from ast_notebook.errors import ConfError
from ast_notebook.panel import Panel, close_all, items
from ast_notebook.panel.actions import ACTIONS, TooLate, check_time
from tests.support.panel_kernel import Page, a_call, connected, hang_up_all
from tests.support.waiting import eventually


def test_the_hang_up_button_ends_the_channel_it_is_for(sh: SmartHome, page: Page) -> None:
    assert "hangup" in page.look()["may"]
    row = a_call(sh)
    done = page.do("hangup", channel=row["channel"], uniqueid=row["uniqueid"])
    assert done["ok"], done["text"]
    eventually(lambda: row["uniqueid"] not in sh.ast.live.tables["channels"])
    gone = page.do("hangup", channel=row["channel"], uniqueid=row["uniqueid"])
    assert not gone["ok"]
    assert "not there any more" in gone["text"]
    hang_up_all(sh)


def test_a_channel_of_another_name_is_not_touched(sh: SmartHome, page: Page) -> None:
    page.look()
    row = a_call(sh)
    done = page.do("hangup", channel="PJSIP/30-00000001", uniqueid=row["uniqueid"])
    assert not done["ok"]
    assert row["uniqueid"] in sh.ast.live.tables["channels"]
    hang_up_all(sh)


def test_a_call_that_fails_at_once_is_not_said_to_ring(page: Page) -> None:
    page.look()
    call = {"dest": "600", "context": "phones"}
    done = page.do("call", source="PJSIP/999", **call)
    assert not done["ok"]
    assert done["text"] == "PJSIP/999: failed: no such device, or it is not registered"
    assert "rings" in page.do("call", source="PJSIP/300", **call)["text"]


def test_a_click_that_comes_late_does_nothing(sh: SmartHome, page: Page) -> None:
    page.look()
    row = a_call(sh)
    args = {"channel": row["channel"], "uniqueid": row["uniqueid"]}
    done = page.do("hangup", at=time.time() - 42, **args)
    assert not done["ok"]
    assert "42 s late" in done["text"]
    assert row["uniqueid"] in sh.ast.live.tables["channels"]
    hang_up_all(sh)


@pytest.mark.parametrize("at", [None, "now", True, 0, 1e18, float("nan")])
def test_the_time_of_a_click_has_to_make_sense(at: object) -> None:
    with pytest.raises(TooLate):
        check_time(at, time.time())


def test_a_panel_that_is_read_only_does_nothing(
    sh: SmartHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = Page(Panel(sh, readonly=True, refresh_hz=50), monkeypatch)
    page.say(t="hello")
    first = eventually(lambda: page.of("snapshot"))[0]
    assert first["readonly"] and first["may"] == []
    for what in (*ACTIONS, "item"):
        done = page.do(what, path="office.dnd", value=True)
        assert not done["ok"] and "read-only" in done["text"]
    assert sh.office.dnd() is False


def test_an_agent_is_logged_out_and_in_again(sh: SmartHome, page: Page) -> None:
    page.look()
    agent = {"queue": "support", "interface": "Local/200@from-queue/n"}
    live = sh.ast.live
    assert page.do("add", **agent, name="", state_interface="hint:200@phones")["ok"]
    key = "support|Local/200@from-queue/n"
    row = eventually(lambda: live.tables["members"].rows([key]).get(key))
    assert row["agent"] == "200"
    assert page.do("remove", **agent)["ok"]
    gone = eventually(lambda: live.tables["absent"].rows([key]).get(key))
    assert gone["agent"] == "200" and gone["state_interface"] == "hint:200@phones"
    assert page.do("add", **agent, penalty=3)["ok"]
    eventually(lambda: live.tables["members"].rows([key]).get(key, {}).get("penalty") == 3)
    assert live.absent.empty
    page.do("remove", **agent)
    live.tables["absent"].drop(key)


@pytest.mark.parametrize(
    "environment", [{"SERVER_SOFTWARE": "voila/0.5.13"}, {"VOILA_PREHEAT": "True"}], ids=str
)
def test_a_page_of_voila_has_buttons_only_if_it_is_told_so(
    pbx: demo.Demo, monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with connected(pbx) as sh:
        page = Page(Panel(sh, refresh_hz=50), monkeypatch)
        page.say(t="hello")
        first = eventually(lambda: next(iter(page.of("snapshot")), None))
        assert first["readonly"] and first["may"] == []
        refused = page.do("hangup", channel="PJSIP/2222-00000001")
        assert not refused["ok"] and "read-only" in refused["text"]
        told = Page(Panel(sh, readonly=False, refresh_hz=50), monkeypatch).look()
        assert not told["readonly"] and "hangup" in told["may"]
        for name in environment:
            monkeypatch.delenv(name)
        assert not Page(Panel(sh, refresh_hz=50), monkeypatch).look()["readonly"]


def test_a_button_without_permission_is_neither_shown_nor_done(
    pbx: demo.Demo, monkeypatch: pytest.MonkeyPatch
) -> None:
    with connected(pbx, "admin") as sh:
        page = Page(Panel(sh, refresh_hz=50), monkeypatch)
        first = page.look()
        assert "hangup" in first["may"] and "pause" not in first["may"]
        done = page.do("pause", queue="support", interface="PJSIP/200")
        assert not done["ok"] and "may not" in done["text"]
        close_all()


@pytest.mark.parametrize("args", [[], "x", {"channel": {"a": 1}}, {"channel": None}, {}])
def test_nonsense_from_a_page_is_refused(page: Page, args: Any) -> None:
    page.look()
    page.say(t="do", id="n", what="hangup", args=args, at=time.time() * 1000)
    done = eventually(lambda: page.of("done"))[0]
    assert not done["ok"]
    page.panel._receive(page.panel, "no dict", [])
    page.say(t="something")
    assert page.do("explode")["ok"] is False


def test_a_switch_writes_to_the_asterisk_database(sh: SmartHome, page: Page) -> None:
    page.look()
    done = page.do("item", path="office.dnd", value=True)
    assert done["ok"], done["text"]
    assert sh.ast.db_read("dnd/office") == "1"
    page.do("item", path="office.dnd", value=False)
    assert sh.ast.db_read("dnd/office") == "0"


def test_a_switch_can_stand_for_an_entry_that_is_not_there(sh: SmartHome, page: Page) -> None:
    page.look()
    assert page.do("item", path="office.away", value=True)["ok"]
    assert sh.ast.db_read("DND/2222") == "YES"
    assert page.do("item", path="office.away", value=False)["ok"]
    assert sh.ast.db_read("DND/2222", None) is None


def test_a_switch_shows_what_the_database_says(sh: SmartHome, page: Page) -> None:
    sh.ast.db_write("dnd/office", 1)
    page.look()
    eventually(lambda: page.panel._items.rows()["office.dnd"]["read"])
    row = page.panel._items.rows()["office.dnd"]
    assert row["value"] is True and row["can"] == "switch"
    assert page.do("item", path="office.dnd", value=False)["ok"]  # the item was False all along
    assert sh.ast.db_read("dnd/office") == "0"


def test_an_item_of_a_telephone_shows_its_state_and_not_what_it_wrote_once(sh: SmartHome) -> None:
    # The entry is left of a kernel that ended in the middle of a call.
    sh.ast.db_write("active/cellar", 1)
    sh.load_items({"cellar": {"type": "bool", "ast_dev": "30", "ast_db": "active/cellar"}})
    try:
        shown = items.ShownItems(sh, "ast")
        shown.read(sh.ast)
        row = shown.rows()["cellar"]
        assert (row["value"], row["read"]) == (False, None), "nobody calls 30"
    finally:
        sh.items.remove("cellar")


def test_only_items_that_the_user_lets_can_be_set(
    sh: SmartHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = Page(Panel(sh, editable=["office.*"], refresh_hz=50), monkeypatch)
    can = {path: row["can"] for path, row in page.look()["items"].items()}
    assert can == {
        "hall.light": "",
        "office.away": "switch",
        "office.dnd": "switch",
        "office.fon": "",  # the PBX says what that is
        "office.name": "edit",
    }
    assert page.do("item", path="office.name", value="Anna")["ok"]
    assert sh.office.name() == "Anna"
    assert sh.office.name.changed_by().startswith("Panel")
    for path, value in [("hall.light", True), ("office.fon", True), ("no.such", 1)]:
        assert not page.do("item", path=path, value=value)["ok"]


@pytest.mark.parametrize("value", ["x" * 201, "two\nlines", "an end\n", "a\rb"])
@pytest.mark.parametrize("where", ["item", "database"])
def test_a_text_that_a_field_cannot_hold_is_not_edited(
    sh: SmartHome, monkeypatch: pytest.MonkeyPatch, value: str, where: str
) -> None:
    bound = {"ast_db": "note/text"} if where == "database" else {}
    sh.load_items({"office": {"note": {"type": "str", "value": "short", **bound}}})
    shown = items.ShownItems(sh, "ast", ["office.*"])
    row = shown.rows()["office.note"]
    assert (row["value"], row["can"]) == ("short", "edit")
    if where == "database":
        monkeypatch.setattr(Asterisk, "db_read", lambda self, key, default=None: value)
        shown.read(sh.ast)
    else:
        sh.office.note(value)
    row = shown.rows()["office.note"]
    text = str(row["value"])
    assert text[:3] == value[:3]
    assert row["can"] == ""
    assert len(text) <= 200
    assert text.endswith("…") == (len(value) > 200)


def test_items_defined_later_and_removed_are_told(
    sh: SmartHome, page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(items, "LOOK_FOR_ITEMS", 0.1)
    page.look()
    sh.load_items({"cellar": {"pump": {"type": "num"}}})
    eventually(lambda: any("cellar.pump" in one.get("items", {}) for one in page.of("delta")))
    sh.items.remove("cellar")
    eventually(lambda: any("cellar.pump" in one.get("items_gone", []) for one in page.of("delta")))


def test_the_same_order_is_not_carried_out_twice_at_once(
    sh: SmartHome, page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    page.look()
    go_on, calls = threading.Event(), []

    def call(self: Asterisk, *args: Any, **more: Any) -> Any:
        calls.append(args)
        go_on.wait(10)
        raise ConfError("it is over")

    monkeypatch.setattr(Asterisk, "call", call)
    order = {"source": "Local/600@phones", "dest": "600", "context": "phones"}
    try:
        for number, dest in enumerate(["600", "600", "601"]):  # a cell ran, and they come at once
            now = time.time() * 1000
            page.say(t="do", id=number, what="call", args=order | {"dest": dest}, at=now)
        told = eventually(lambda: next((one for one in page.of("done") if one["id"] == 1), None))
        assert not told["ok"]
        assert "not done twice" in told["text"]
        eventually(lambda: len(calls) == 2)
    finally:
        go_on.set()
    eventually(lambda: len(page.of("done")) == 3)
    assert sorted(one[1] for one in calls) == ["600", "601"]
    page.do("call", **order)  # later, it is done again
    assert len(calls) == 3
