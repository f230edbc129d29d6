"""The panel's side in the kernel: what it tells a browser, and what it lets a browser do."""

from __future__ import annotations

import html
import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nbconvert
import nbformat
import pytest
from nbclient import NotebookClient

import ast_notebook
from ast_notebook import SmartHome, demo
from ast_notebook.ami import Event
from ast_notebook.errors import ConfError, ConnectionLost
from ast_notebook.panel import Panel, close_all, items, snapshot, widget
from ast_notebook.panel.actions import ACTIONS, TooLate, check_time
from ast_notebook.panel.publisher import THREAD, Publisher
from ast_notebook.panel.views import LEASE, Busy, Views
from tests.waiting import eventually, stays

HOSTILE = "<img src=x onerror=alert(1)>\"'&"
ITEMS = {
    "office": {
        "fon": {"type": "bool", "ast_dev": "2222"},
        "dnd": {"type": "bool", "ast_db": "dnd/office"},
        "away": {"type": "bool", "ast_db": "DND/2222", "ast_db_values": "YES,delete"},
        "name": {"type": "str", "value": HOSTILE},
    },
    "hall": {"light": {"type": "bool"}},
}


@pytest.fixture(scope="module")
def pbx() -> Iterator[demo.Demo]:
    with demo.start(calls=False, username="panel") as started:
        yield started


@pytest.fixture
def sh(pbx: demo.Demo) -> Iterator[SmartHome]:
    with connected(pbx) as home:
        home.load_items(ITEMS)
        yield home
    close_all()


def connected(pbx: demo.Demo, username: str = "panel", password: str = "") -> SmartHome:
    return ast_notebook.connect(
        pbx.host, pbx.port, username=username, password=password or pbx.password
    )


class Page:
    """A browser's page, as far as the kernel sees it."""

    def __init__(self, panel: Panel, monkeypatch: pytest.MonkeyPatch, name: str = "page") -> None:
        self.panel = panel
        self.name = name
        self.messages: list[dict[str, Any]] = []
        monkeypatch.setattr(panel, "send", lambda message, buffers=None: self.take(message))

    def take(self, message: dict[str, Any]) -> None:
        assert threading.current_thread().name in (THREAD, "MainThread")
        self.messages.append(json.loads(json.dumps(message, allow_nan=False)))

    def say(self, **content: Any) -> None:
        self.panel._receive(self.panel, {"view": self.name, **content}, [])

    def look(self) -> dict[str, Any]:
        """Become visible, and return the snapshot with all buttons."""
        self.say(t="hello")
        return eventually(lambda: next((one for one in self.of("snapshot") if one["may"]), None))

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [one for one in self.messages if one["t"] == kind]

    def do(self, what: str, at: float | None = None, **args: Any) -> dict[str, Any]:
        """Press a button, and return what came of it."""
        number = f"{self.name}:{len(self.messages)}:{what}"
        moment = time.time() if at is None else at
        self.say(t="do", id=number, what=what, args=args, at=moment * 1000)
        return eventually(lambda: next((d for d in self.of("done") if d["id"] == number), None))

    def rows(self, part: str) -> dict[str, Any]:
        """What a browser has made of all that it was told."""
        rows: dict[str, Any] = {}
        for message in self.messages:
            if message["t"] == "snapshot":
                rows = dict(message["parts"][part])
            elif message["t"] == "delta":
                for key, fields in message.get("set", {}).get(part, {}).items():
                    rows[key] = {**rows.get(key, {}), **fields}
                for key in message.get("gone", {}).get(part, []):
                    rows.pop(key, None)
        return rows


@pytest.fixture
def page(sh: SmartHome, monkeypatch: pytest.MonkeyPatch) -> Page:
    return Page(Panel(sh, refresh_hz=50), monkeypatch)


def a_call(sh: SmartHome) -> dict[str, Any]:
    """Have a channel up, and return its row."""
    uniqueid = sh.ast.call("Local/600@phones", "600", "phones").uniqueid
    channels = sh.ast.live.parts["channels"]
    eventually(lambda: channels.rows([uniqueid]).get(uniqueid, {}).get("state") == "Up")
    return channels.rows()[uniqueid]


def hang_up_all(sh: SmartHome) -> None:
    for channel in sh.ast.live.parts["channels"].rows().values():
        sh.ast.session.ask({"Action": "Hangup", "Channel": channel["channel"]})
    eventually(lambda: not len(sh.ast.live.parts["channels"]))


def threads(name: str) -> list[threading.Thread]:
    return [one for one in threading.enumerate() if one.name.startswith(name)]


# --- what a browser is told ----------------------------------------------------------------------


def test_a_page_gets_a_snapshot_first_and_then_what_changed(sh: SmartHome, page: Page) -> None:
    first = page.look()
    assert first["to"] and first["connection"]["state"] == "connected"
    assert "PJSIP/2222" in first["parts"]["devices"]
    row = a_call(sh)
    eventually(lambda: page.rows("channels").get(row["uniqueid"], {}).get("state") == "Up")
    hang_up_all(sh)
    eventually(lambda: not page.rows("channels"))
    numbers = [one["seq"] for one in page.of("delta")]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    assert page.messages[0]["t"] == "delta" or page.messages[0]["t"] == "snapshot"


def test_only_the_fields_that_changed_are_sent(sh: SmartHome, page: Page) -> None:
    devices = sh.ast.live.parts["devices"]
    eventually(lambda: all(row["name"] for row in devices.rows().values()))
    page.look()
    devices.put("PJSIP/30", reachable="Lagged")
    eventually(lambda: any("devices" in one.get("set", {}) for one in page.of("delta")))
    changed = [one["set"]["devices"] for one in page.of("delta") if "devices" in one.get("set", {})]
    assert {"PJSIP/30": {"reachable": "Lagged"}} in changed
    told = len(page.messages)
    devices.put("PJSIP/30", reachable="Lagged")  # the same again is no news
    assert stays(lambda: not any("set" in one for one in page.messages[told:]), 0.3)
    devices.put("PJSIP/30", reachable="Reachable")


def test_the_last_of_many_changes_wins(sh: SmartHome, monkeypatch: pytest.MonkeyPatch) -> None:
    page = Page(Panel(sh, refresh_hz=2), monkeypatch)
    page.look()
    devices = sh.ast.live.parts["devices"]
    told = len(page.messages)
    for number in range(500):
        devices.put("PJSIP/30", rtt_ms=float(number))
        devices.put("PJSIP/200", rtt_ms=float(number))
    eventually(lambda: page.rows("devices")["PJSIP/30"]["rtt_ms"] == 499.0)
    assert page.rows("devices")["PJSIP/200"]["rtt_ms"] == 499.0
    assert sum("set" in one for one in page.messages[told:]) <= 2


def test_nothing_is_sent_while_nobody_looks(sh: SmartHome, page: Page) -> None:
    page.look()
    page.say(t="visible", on=False)
    eventually(lambda: not page.panel._feed.follows)
    told = len(page.messages)
    sh.ast.live.parts["devices"].put("PJSIP/30", rtt_ms=7.0)
    assert stays(lambda: len(page.messages) == told, 0.5)
    page.say(t="hello")
    eventually(lambda: any(one["t"] == "snapshot" for one in page.messages[told:]))
    assert page.of("snapshot")[-1]["parts"]["devices"]["PJSIP/30"]["rtt_ms"] == 7.0


def test_a_flood_of_events_is_bounded_and_counted(sh: SmartHome, page: Page) -> None:
    page.look()
    before = sum(len(one.get("events", [])) for one in page.of("delta"))
    feed = page.panel._feed
    with feed._lock:
        for number in range(1000):
            event = Event({"Event": "Flood", "Number": str(number), "Long": "x" * 5000}, "Flood")
            feed._heard(event, sh.ast.session)
    eventually(lambda: any(one.get("dropped_events") for one in page.of("delta")))
    news = next(one for one in page.of("delta") if one.get("dropped_events"))
    assert len(news["events"]) <= 60
    assert news["events"][-1]["headers"]["Number"] == "999"
    assert len(news["events"][-1]["headers"]["Long"]) <= 500
    shown = sum(len(one.get("events", [])) for one in page.of("delta")) - before
    assert shown + sum(one.get("dropped_events", 0) for one in page.of("delta")) >= 1000
    assert len(json.dumps(news)) < 100_000


def test_two_pages_share_one_publisher(sh: SmartHome, monkeypatch: pytest.MonkeyPatch) -> None:
    panel = Panel(sh, refresh_hz=50)
    one = Page(panel, monkeypatch, "one")
    one.look()
    other = Panel(sh, refresh_hz=50)
    Page(other, monkeypatch, "other").look()
    assert len(threads(THREAD)) == 1
    panel._receive(panel, {"t": "hello", "view": "late"}, [])
    eventually(lambda: any("late" in message["to"] for message in one.of("snapshot")))
    panel._receive(panel, {"t": "visible", "view": "late", "on": False}, [])
    told = len(one.messages)
    sh.ast.live.parts["devices"].put("PJSIP/30", rtt_ms=3.25)  # the other page still looks
    eventually(lambda: any("set" in message for message in one.messages[told:]))


def test_what_the_session_reconnects_to_is_shown(sh: SmartHome, pbx: demo.Demo, page: Page) -> None:
    page.look()
    former = sh.ast
    sh.connect(former.session.settings, name="ast")
    assert sh.ast is not former
    eventually(lambda: page.panel._feed.pbx is sh.ast)
    row = a_call(sh)
    eventually(lambda: row["uniqueid"] in page.rows("channels"))
    hang_up_all(sh)


def test_a_lost_connection_is_told_with_the_next_try(monkeypatch: pytest.MonkeyPatch) -> None:
    with demo.start(calls=False) as started, connected(started, "admin") as sh:
        page = Page(Panel(sh, refresh_hz=50), monkeypatch)
        page.look()
        started.close()
        told: dict[str, Any] = {}

        def look() -> bool:
            for one in page.of("delta"):
                told.update(one.get("connection", {}))
            return told.get("state") == "lost" and bool(told.get("next_try") and told.get("error"))

        eventually(look)
        assert told["lost_since"] and told["stale"]
        row = {"channel": "PJSIP/30-1", "uniqueid": "1.1"}
        assert "no connection" in page.do("hangup", **row)["text"]
        close_all()


def test_a_part_that_is_silent_says_why(sh: SmartHome, page: Page) -> None:
    page.look()
    sh.ast.live.parts["queues"].silent = "the login lacks `agent`"
    eventually(lambda: any("queues" in one.get("silent", {}) for one in page.of("delta")))
    assert "the login lacks `agent`" in snapshot.to_html(page.panel._feed.state())
    sh.ast.live.parts["queues"].silent = ""


# --- what a browser may do -----------------------------------------------------------------------


def test_the_hang_up_button_ends_the_channel_it_is_for(sh: SmartHome, page: Page) -> None:
    assert "hangup" in page.look()["may"]
    row = a_call(sh)
    done = page.do("hangup", channel=row["channel"], uniqueid=row["uniqueid"])
    assert done["ok"], done["text"]
    eventually(lambda: row["uniqueid"] not in sh.ast.live.parts["channels"])
    gone = page.do("hangup", channel=row["channel"], uniqueid=row["uniqueid"])
    assert not gone["ok"]
    assert "not there any more" in gone["text"]
    hang_up_all(sh)


def test_a_channel_of_another_name_is_not_touched(sh: SmartHome, page: Page) -> None:
    page.look()
    row = a_call(sh)
    done = page.do("hangup", channel="PJSIP/30-00000001", uniqueid=row["uniqueid"])
    assert not done["ok"]
    assert row["uniqueid"] in sh.ast.live.parts["channels"]
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
    assert row["uniqueid"] in sh.ast.live.parts["channels"]
    hang_up_all(sh)


@pytest.mark.parametrize("at", [None, "now", True, 0, 1e18, float("nan")])
def test_the_time_of_a_click_has_to_make_sense(at: object) -> None:
    with pytest.raises(TooLate):
        check_time(at)


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
    row = eventually(lambda: live.parts["members"].rows([key]).get(key))
    assert row["agent"] == "200"
    assert page.do("remove", **agent)["ok"]
    gone = eventually(lambda: live.parts["absent"].rows([key]).get(key))
    assert gone["agent"] == "200" and gone["state_interface"] == "hint:200@phones"
    assert page.do("add", **agent, penalty=3)["ok"]
    eventually(lambda: live.parts["members"].rows([key]).get(key, {}).get("penalty") == 3)
    assert live.absent.empty
    page.do("remove", **agent)
    live.parts["absent"].drop(key)


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


def test_items_defined_later_and_removed_are_told(
    sh: SmartHome, page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(items, "LOOK_FOR_ITEMS", 0.1)
    page.look()
    sh.load_items({"cellar": {"pump": {"type": "num"}}})
    eventually(lambda: any("cellar.pump" in one.get("items", {}) for one in page.of("delta")))
    sh.items.remove("cellar")
    eventually(lambda: any("cellar.pump" in one.get("items_gone", []) for one in page.of("delta")))


# --- what is left in the end ---------------------------------------------------------------------


def test_names_from_the_wire_are_text_in_the_picture(sh: SmartHome, page: Page) -> None:
    channels = sh.ast.live.parts["channels"]
    channels.put(
        "1.1", channel=f"Local/{HOSTILE}", uniqueid="1.1", caller_name=HOSTILE, since=time.time()
    )
    picture = snapshot.to_html(page.panel._feed.state())
    channels.drop("1.1")
    assert "<img" not in picture
    assert html.escape(HOSTILE) in picture
    assert "UTC" in picture


def test_the_picture_says_what_is_not_heard_and_shows_what_is_known(
    sh: SmartHome, page: Page
) -> None:
    queues = sh.ast.live.parts["queues"]
    queues.silent = "add `agent` to `read =`"
    picture = snapshot.to_html(page.panel._feed.state())
    queues.silent = ""
    assert "add `agent`" in picture
    assert "<td>support</td>" in picture


def test_both_legs_of_a_call_have_its_caller_and_callee_in_the_picture(
    sh: SmartHome, page: Page
) -> None:
    channels = sh.ast.live.parts["channels"]
    calling = {"channel": "SIP/1-1", "uniqueid": "1.1", "linkedid": "1.1", "exten": "2"}
    called = {"channel": "SIP/2-2", "uniqueid": "1.2", "linkedid": "1.1", "application": "AppDial"}
    channels.put("1.1", **calling, caller="1", connected="2")
    channels.put("1.2", **called, caller="2", connected="1")
    picture = snapshot.to_html(page.panel._feed.state())
    for key in ("1.1", "1.2"):
        channels.drop(key)
    assert picture.count("<td>1</td><td>2</td>") == 2


def test_who_has_no_number_is_in_the_picture_by_his_channel(sh: SmartHome, page: Page) -> None:
    names = ("callers", "participants", "parked")
    for name in names:
        sh.ast.live.parts[name].put("1.1", channel=f"SIP/{name}-1")
    picture = snapshot.to_html(page.panel._feed.state())
    for name in names:
        sh.ast.live.parts[name].drop("1.1")
        assert f"<td>SIP/{name}-1</td>" in picture


def test_a_long_table_is_cut_in_the_picture(sh: SmartHome, page: Page) -> None:
    devices = sh.ast.live.parts["devices"]
    for number in range(300):
        devices.put(f"SIP/{number}", device=f"SIP/{number}")
    picture = snapshot.to_html(page.panel._feed.state())
    assert "the first 200 of" in picture
    for number in range(300):
        devices.drop(f"SIP/{number}")


def test_a_saved_notebook_has_the_picture_beside_the_widget(page: Page) -> None:
    data, _ = page.panel._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in data
    assert "PJSIP/2222" in data["text/html"]
    assert page.panel.picture["parts"]["devices"]


Shown = list[tuple[dict[str, Any], str, bool]]


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> Shown:
    calls: Shown = []

    def display(data: Any, metadata: Any, name: str, *, update: bool = False) -> None:
        calls.append((data, name, update))

    monkeypatch.setattr(widget, "_display", display)
    return calls


def test_freezing_puts_the_picture_where_the_panel_was(page: Page, shown: Shown) -> None:
    page.panel._ipython_display_()
    page.panel._ipython_display_()
    page.panel.freeze()
    page.panel.freeze()
    assert [update for _, _, update in shown] == [False, False, True, True]
    assert [name for _, name, _ in shown[:2]] == [name for _, name, _ in shown[2:]]
    assert set(shown[2][0]) == {"text/html", "text/plain"}
    assert page.of("closed")
    page.panel._ipython_display_()
    assert "application/vnd.jupyter.widget-view+json" not in shown[-1][0]


def test_a_disconnect_freezes_the_panel(sh: SmartHome, page: Page, shown: Shown) -> None:
    page.panel._ipython_display_()
    sh.disconnect("ast")
    eventually(lambda: any(update for *_, update in shown))
    assert "disconnected" in shown[-1][0]["text/html"]
    eventually(lambda: not threads(THREAD))


def test_closing_leaves_no_thread(sh: SmartHome, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("one", "other"):
        Page(Panel(sh, refresh_hz=50), monkeypatch, name).look()
    assert len(threads(THREAD)) == 1
    close_all()
    assert not threads(THREAD)
    eventually(lambda: not threads("ast-panel"))
    sent = Page(Panel(sh, refresh_hz=50), monkeypatch)
    sent.look()
    assert len(threads(THREAD)) == 1


def test_a_panel_needs_a_pbx(sh: SmartHome) -> None:
    with pytest.raises(ConnectionLost, match="connect first"):
        Panel(sh, "berlin")
    with pytest.raises(ConfError, match="refresh_hz"):
        Panel(sh, refresh_hz=0)
    assert not threads(THREAD)


# --- who looks -----------------------------------------------------------------------------------


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    moment = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: moment[0])

    def advance(seconds: float) -> None:
        moment[0] += seconds

    return advance


NEVER = float("-inf")


def test_a_page_that_says_nothing_more_is_gone(clock: Callable[[float], None]) -> None:
    views = Views()
    views.hello("page")
    clock(LEASE - 1)
    assert views.any(deaf_until=NEVER)
    clock(2)
    assert not views.any(deaf_until=NEVER)


def test_no_page_is_given_up_while_a_cell_runs(clock: Callable[[float], None]) -> None:
    views = Views()
    views.hello("page")
    clock(3600)
    assert views.any(deaf_until=time.monotonic())
    clock(30)
    assert views.any(deaf_until=time.monotonic() - 30)


def test_a_panel_just_shown_counts_as_seen(clock: Callable[[float], None]) -> None:
    views = Views()
    assert not views.any(deaf_until=NEVER)
    views.shown()
    assert views.any(deaf_until=NEVER)
    clock(120)
    assert not views.any(deaf_until=NEVER)
    views.shown()
    views.visible("page", False)
    assert not views.any(deaf_until=NEVER)


def test_while_a_cell_runs_pages_are_told_unasked(
    sh: SmartHome, page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(widget._busy, "_running", True)
    monkeypatch.setattr(widget, "KEYFRAME", 0.1)
    page.panel._views.shown()
    widget._publisher.wake(page.panel)
    eventually(lambda: len([one for one in page.of("snapshot") if "?" in one["to"]]) >= 2)


class Shell:
    """IPython's events."""

    def __init__(self) -> None:
        self.bound: list[tuple[str, Any]] = []
        self.events = self

    def register(self, name: str, function: Any) -> None:
        self.bound.append((name, function))

    def unregister(self, name: str, function: Any) -> None:
        self.bound.remove((name, function))


def test_a_running_cell_is_noticed() -> None:
    shell, busy = Shell(), Busy()
    busy.follow(None)
    assert not busy.running
    busy.follow(shell)
    assert busy.running  # a panel is made in a cell
    dict(shell.bound)["post_run_cell"](None)
    assert not busy.running and busy.until <= time.monotonic()
    dict(shell.bound)["pre_run_cell"](None)
    assert busy.running
    busy.leave()
    assert not shell.bound and not busy.running


class Counting:
    """Something published that fails."""

    def __init__(self) -> None:
        self.times = 0

    def publish(self) -> float:
        self.times += 1
        raise RuntimeError("once more")


def test_one_panel_that_fails_does_not_end_the_publisher(
    caplog: pytest.LogCaptureFixture,
) -> None:
    publisher, failing = Publisher(), Counting()
    publisher.add(failing)
    eventually(lambda: failing.times)
    publisher.wake(failing)
    eventually(lambda: failing.times >= 2)
    publisher.remove(failing)
    assert not threads(THREAD)
    assert "could not be brought up to date" in caplog.text


# --- in a notebook that is run without a browser -------------------------------------------------

CODE = """
import ast_notebook
from ast_notebook.panel import Panel
sh = ast_notebook.connect({host!r}, {port}, username={username!r}, password={password!r})
panel = Panel(sh)
panel
"""


@pytest.mark.parametrize("last", ["panel.close()", "sh.close(); import time; time.sleep(4)"])
def test_what_a_saved_notebook_shows_is_the_last_state(pbx: demo.Demo, last: str) -> None:
    first = CODE.format(host=pbx.host, port=pbx.port, username=pbx.username, password=pbx.password)
    cells = [nbformat.v4.new_code_cell(code) for code in (first, last)]
    notebook = nbformat.v4.new_notebook(cells=cells)
    NotebookClient(notebook, timeout=60, kernel_name="python3").execute()
    (output,) = notebook.cells[0].outputs
    assert set(output.data) == {"text/html", "text/plain"}
    page, _ = nbconvert.HTMLExporter().from_notebook_node(notebook)
    assert "<caption>Devices</caption>" in page
    assert "PJSIP/2222" in page


def test_a_saved_notebook_has_nothing_that_runs_when_it_is_opened(pbx: demo.Demo) -> None:
    first = CODE.format(host=pbx.host, port=pbx.port, username=pbx.username, password=pbx.password)
    hostile = "sh.ast.record.add(['Event: X\\r\\nCallerIDName: <script>alert(1)</script>'], 1)"
    cells = [nbformat.v4.new_code_cell(code) for code in (first, f"{hostile}\nPanel(sh)")]
    notebook = nbformat.v4.new_notebook(cells=cells)
    NotebookClient(notebook, timeout=60, kernel_name="python3", store_widget_state=True).execute()
    outputs = [one for cell in notebook.cells for one in cell.outputs if "data" in one]
    assert outputs
    for output in outputs:
        assert set(output.data) <= {
            "text/html",
            "text/plain",
            "application/vnd.jupyter.widget-view+json",
        }
        page = output.data["text/html"]
        assert not re.search(r"<script|<iframe|<object|<embed|javascript:|\son\w+\s*=", page, re.I)
    states = notebook.metadata.widgets["application/vnd.jupyter.widget-state+json"]["state"]
    script = (Path(ast_notebook.__file__).parent / "panel" / "panel.js").read_text("utf-8")
    ours = [one["state"] for one in states.values() if "_esm" in one["state"]]
    assert ours
    # The page's own script is all that a page may run, and it asks no kernel to run anything.
    assert {one["_esm"] for one in ours} == {script}
    assert not re.search(r"requestExecute|execute_request|\beval\(|new Function|innerHTML", script)
    for cell in notebook.cells:
        cell.source = ""
    assert pbx.password not in nbformat.writes(notebook)
