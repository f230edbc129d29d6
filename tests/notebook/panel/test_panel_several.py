"""A panel of several PBXs, which have channels, extensions and queues of the same names."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import pytest

from ast_notebook import SmartHome, demo
from ast_notebook.errors import ConnectionLost
from ast_notebook.panel import Panel, close_all, snapshot
from tests.support.panel_kernel import Page, connected
from tests.support.waiting import eventually

ITEMS = {
    "office": {
        "dnd": {"type": "bool", "ast_db": "dnd/office"},
        "away": {"type": "bool", "ast_db@berlin": "dnd/office"},
        "fon": {"type": "bool", "ast_dev@berlin": "2222"},
    }
}


@pytest.fixture(scope="module")
def pbxs() -> Iterator[list[demo.Demo]]:
    with (
        demo.start(calls=False, username="panel") as one,
        demo.start(calls=False, username="panel") as other,
    ):
        yield [one, other]


@pytest.fixture
def sh(pbxs: list[demo.Demo]) -> Iterator[SmartHome]:
    with connected(pbxs[0]) as home:
        connect_berlin(home, pbxs[1])
        home.load_items(ITEMS)
        yield home
    close_all()


@pytest.fixture
def page(sh: SmartHome, monkeypatch: pytest.MonkeyPatch) -> Page:
    return Page(Panel(sh, "all", refresh_hz=50), monkeypatch)


def connect_berlin(sh: SmartHome, pbx: demo.Demo) -> None:
    settings = dataclasses.replace(sh.ast.session.settings, port=pbx.port)
    password = type(settings.password)(pbx.password)
    sh.connect(dataclasses.replace(settings, password=password), name="berlin")


def look(page: Page) -> dict[str, Any]:
    """Become visible, and return the first snapshot with the buttons of both PBXs."""
    page.say(t="hello")

    def both() -> dict[str, Any] | None:
        shown = (one for one in page.of("snapshot") if both_may <= set(one["may"]))
        return next(shown, None)

    both_may = {"ast/hangup", "berlin/hangup"}
    return eventually(both)


def a_call_on_each(sh: SmartHome) -> dict[str, dict[str, Any]]:
    """Have a channel of the same name up on each PBX, and return their rows."""
    rows = {}
    for name, pbx in sh.pbxs.items():
        uniqueid = pbx.call("Local/600@phones", "600", "phones").uniqueid
        channels = pbx.live.tables["channels"]
        eventually(lambda: channels.rows([uniqueid]).get(uniqueid, {}).get("state") == "Up")  # noqa: B023
        rows[name] = channels.rows()[uniqueid]
    return rows


def hang_up_all(sh: SmartHome) -> None:
    for pbx in sh.pbxs.values():
        for channel in pbx.live.tables["channels"].rows().values():
            pbx.session.ask({"Action": "Hangup", "Channel": channel["channel"]})
        eventually(lambda: not len(pbx.live.tables["channels"]))  # noqa: B023


def test_all_rows_are_there_and_each_says_of_which_pbx_it_is(page: Page) -> None:
    first = look(page)
    assert first["several"]
    assert {name: row["state"] for name, row in first["tables"]["pbxs"].items()} == {
        "ast": "connected",
        "berlin": "connected",
    }
    for name in ("ast", "berlin"):
        assert first["tables"]["devices"][f"{name} PJSIP/2222"]["pbx"] == name
        assert first["tables"]["queues"][f"{name} support"]["queue"] == "support"
    assert first["items"]["office.away"]["pbx"] == "berlin"
    assert first["items"]["office.dnd"]["pbx"] == "ast"


def test_a_button_acts_on_its_own_pbx_alone(sh: SmartHome, page: Page) -> None:
    look(page)
    rows = a_call_on_each(sh)
    args = {"channel": rows["berlin"]["channel"], "uniqueid": rows["berlin"]["uniqueid"]}
    eventually(lambda: {row["pbx"] for row in page.rows("channels").values()} == {"ast", "berlin"})
    there = len(sh.ast.live.tables["channels"])
    done = page.do("hangup", pbx="berlin", **args)
    assert done["ok"] and done["text"].startswith("berlin: "), done
    eventually(lambda: not len(sh.berlin.live.tables["channels"]))
    eventually(lambda: {row["pbx"] for row in page.rows("channels").values()} == {"ast"})
    assert len(sh.ast.live.tables["channels"]) == there
    hang_up_all(sh)


@pytest.mark.parametrize("pbx", [{}, {"pbx": "hamburg"}, {"pbx": 1}, {"pbx": ""}])
def test_a_button_that_names_no_pbx_does_nothing(
    sh: SmartHome, page: Page, pbx: dict[str, Any]
) -> None:
    look(page)
    agent = {"queue": "support", "interface": "Local/200@from-queue/n"}
    done = page.do("add", **agent, **pbx)
    assert not done["ok"] and "belongs to no PBX" in done["text"]


def test_an_agent_logs_in_to_the_queue_of_that_name_on_one_pbx(sh: SmartHome, page: Page) -> None:
    look(page)
    agent = {"queue": "support", "interface": "Local/200@from-queue/n"}
    key = "support|Local/200@from-queue/n"
    assert page.do("add", pbx="berlin", **agent)["ok"]
    eventually(lambda: key in sh.berlin.live.tables["members"])
    eventually(lambda: f"berlin {key}" in page.rows("members"))
    assert key not in sh.ast.live.tables["members"]
    assert page.do("remove", pbx="berlin", **agent)["ok"]
    eventually(lambda: f"berlin {key}" not in page.rows("members"))


def test_an_item_is_set_on_the_pbx_that_it_is_bound_to(sh: SmartHome, page: Page) -> None:
    look(page)
    for pbx in sh.pbxs.values():
        pbx.db_write("dnd/office", "0")
    assert page.do("item", path="office.away", value=True)["ok"]
    assert [pbx.db_read("dnd/office") for pbx in (sh.ast, sh.berlin)] == ["0", "1"]
    assert page.do("item", path="office.dnd", value=True)["ok"]
    assert page.do("item", path="office.away", value=False)["ok"]
    assert [pbx.db_read("dnd/office") for pbx in (sh.ast, sh.berlin)] == ["1", "0"]
    page.do("item", path="office.dnd", value=False)


def test_calls_of_the_same_numbers_at_the_same_time_are_two(sh: SmartHome, page: Page) -> None:
    look(page)
    a_call_on_each(sh)

    def groups() -> bool:
        rows = page.rows("channels").values()
        return {row.get("call", "").partition(" ")[0] for row in rows} == {"ast", "berlin"}

    eventually(groups)
    assert {row["joined"] for row in page.rows("channels").values()} == {""}
    hang_up_all(sh)


def test_a_call_over_trunks_is_probably_one(sh: SmartHome, monkeypatch: pytest.MonkeyPatch) -> None:
    page = Page(Panel(sh, "all", refresh_hz=50, trunks="SIP/to-*"), monkeypatch)
    look(page)
    one = {"channel": "SIP/200-1", "uniqueid": "1.1", "linkedid": "1.1", "device": "SIP/200"}
    two = {"channel": "SIP/to-b-2", "uniqueid": "1.2", "linkedid": "1.1", "device": "SIP/to-b"}
    three = {"channel": "SIP/to-a-1", "uniqueid": "1.1", "linkedid": "1.1", "device": "SIP/to-a"}
    since = page.of("snapshot")[0]["taken"]
    here, there = sh.ast.live.tables["channels"], sh.berlin.live.tables["channels"]
    here.put("1.1", **one, caller="200", exten="600", since=since)
    here.put("1.2", **two, caller="600", connected="200", since=since + 1)
    there.put("1.1", **three, caller="200", exten="600", since=since + 2)
    whole = {"ast 1.1", "ast 1.2", "berlin 1.1"}
    eventually(lambda: page.rows("channels").keys() >= whole)
    eventually(lambda: all(page.rows("channels")[key]["joined"] == "probably" for key in whole))
    assert {page.rows("channels")[key]["call"] for key in whole} == {"ast 1.1"}
    assert "<td>berlin (probably)</td>" in snapshot.to_html(page.panel._feed.state())
    told: dict[str, Any] = {}
    for delta in page.of("delta"):
        told |= delta.get("connection", {})
    assert told["calls"] == 1
    for key in ("1.1", "1.2"):
        here.drop(key)
    there.drop("1.1")
    eventually(lambda: not page.rows("channels"))


def test_a_pbx_that_comes_is_shown_and_one_that_is_closed_is_not(
    sh: SmartHome, pbxs: list[demo.Demo], page: Page
) -> None:
    look(page)
    sh.disconnect("berlin")
    eventually(lambda: list(page.of("snapshot")[-1]["tables"]["pbxs"]) == ["ast"])
    last = page.of("snapshot")[-1]
    assert {row["pbx"] for row in last["tables"]["devices"].values()} == {"ast"}
    assert "ast/hangup" in last["may"] and "berlin/hangup" not in last["may"]
    connect_berlin(sh, pbxs[1])
    eventually(lambda: "berlin/hangup" in page.of("snapshot")[-1]["may"])
    eventually(lambda: "berlin PJSIP/2222" in page.rows("devices"))


def test_a_lost_connection_is_told_of_its_pbx_and_the_other_one_goes_on(
    sh: SmartHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    with demo.start(calls=False, username="panel") as third:
        sh.disconnect("berlin")
        connect_berlin(sh, third)
        page = Page(Panel(sh, ["ast", "berlin"], refresh_hz=50), monkeypatch)
        look(page)
        third.close()
        eventually(lambda: page.rows("pbxs")["berlin"]["state"] == "lost")
        assert page.rows("pbxs")["ast"]["state"] == "connected"
        done = page.do("hangup", pbx="berlin", channel="PJSIP/1-1", uniqueid="1.1")
        assert "no connection" in done["text"]


def test_the_picture_and_the_text_have_the_pbx_of_each_row(page: Page) -> None:
    look(page)
    state = page.panel._feed.state()
    html, text = snapshot.to_html(state), snapshot.to_text(state)
    assert "<td>PJSIP/2222</td><td>berlin</td>" in html
    assert any(line.split()[:2] == ["PJSIP/2222", "berlin"] for line in text.splitlines())
    assert any(line.split()[:2] == ["berlin", "connected"] for line in text.splitlines())


def test_a_panel_of_names_that_are_not_there_says_so(sh: SmartHome) -> None:
    with pytest.raises(ConnectionLost, match="'hamburg': connect first"):
        Panel(sh, ["ast", "hamburg"])
    with pytest.raises(ConnectionLost, match="connect first"):
        Panel(SmartHome(), "all")
