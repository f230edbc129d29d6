"""The panel as people see it: Chromium, JupyterLab and Voila, before a real Asterisk 22."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from playwright.sync_api import Browser, Error, Page, expect

from ast_notebook import demo
from tests import browser
from tests.bench import panel as bench
from tests.browser import Server
from tests.lab.asterisk import Asterisk
from tests.lab.fixtures import require
from tests.waiting import eventually

SHOTS = Path(__file__).parent / "screenshots"
HOSTILE = "<img src=x onerror=document.title='taken'>"
CONNECT = """
import ast_notebook
from ast_notebook.panel import Panel
sh = ast_notebook.connect({host!r}, {port}, username={username!r}, password={password!r})
sh.load_items({{
    "office": {{
        "fon": {{"type": "bool", "ast_dev": "2222"}},
        "box": {{"type": "num", "ast_box": "22"}},
        "dnd": {{"type": "bool", "ast_db": "dnd/office"}},
        "away": {{"type": "bool", "ast_db": "DND/2222", "ast_db_values": "YES,delete"}},
        "name": {{"type": "str", "value": {hostile!r}}},
    }}
}})
"""
SHOW = "panel = Panel(sh, readonly=False, editable=['office.*'], refresh_hz=5)\npanel"
SIZES = {"narrow": (320, 1400), "notebook": (1280, 1500), "television": (1920, 1080)}


def connect(pbx: Asterisk | demo.Demo) -> str:
    username = pbx.panel if isinstance(pbx, Asterisk) else pbx.username
    return CONNECT.format(
        host=pbx.host, port=pbx.port, username=username, password=pbx.password, hostile=HOSTILE
    )


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    browser.require()
    with browser.browser() as started:
        yield started


@pytest.fixture(scope="module")
def asterisk() -> Iterator[Asterisk]:
    require(22)
    with Asterisk(22) as pbx:
        yield pbx


@pytest.fixture(scope="module")
def small() -> Iterator[demo.Demo]:
    with demo.start(username="panel", seed=3) as started:
        yield started


@pytest.fixture(scope="module")
def lab(asterisk: Asterisk) -> Iterator[Server]:
    browser.require()
    with Server("lab", [connect(asterisk), SHOW]) as server:
        yield server


@pytest.fixture(scope="module")
def voila(asterisk: Asterisk) -> Iterator[Server]:
    browser.require_voila()
    with Server("voila", [connect(asterisk) + SHOW]) as server:
        yield server


class Seen:
    """The panel on a page."""

    def __init__(self, page: Page, errors: list[str]) -> None:
        self.page = page
        self.errors = errors
        self.panel = page.locator(".ast-panel").first

    def section(self, name: str) -> Any:
        return self.panel.locator(f".ast-{name}")

    def row(self, section: str, text: str) -> Any:
        return self.section(section).locator("tbody tr[data-key]").filter(has_text=text).first

    def leg(self, device: str) -> Any:
        """The row of a device's channel."""
        return self.section("channels").locator(f"tbody tr:has(th:text-is('{device}'))")

    def lamp(self, device: str) -> Any:
        return self.section("devices").locator(f"li[data-device='{device}']")

    def button(self, row: Any, name: str) -> Any:
        return row.get_by_role("button", name=name)

    def popup(self) -> Any:
        return self.panel.locator(".ast-popup")

    def offers(self, device: str) -> set[str]:
        """What the menu of a device's channel has."""
        self.leg(device).focus()
        self.page.keyboard.press("Enter")
        names = self.popup().get_by_role("menuitem").all_inner_texts()
        self.page.keyboard.press("Escape")
        return {name.rstrip("…") for name in names}

    def choose(self, row: Any, name: str, **fields: str) -> None:
        """Do what the menu of a row offers by that name, with what it asks for."""
        row.focus()
        self.page.keyboard.press("Enter")
        self.popup().get_by_role("menuitem", name=re.compile(f"^{name}")).click()
        for label, value in fields.items():
            self.popup().get_by_label(label.replace("_", " ")).fill(value)
        if self.popup().is_visible():
            self.page.wait_for_timeout(300)  # a double click is no answer
            self.button(self.popup(), name).click()


def is_of_notebook(error: Error) -> bool:
    """Whether it was raised in Notebook's own code, as 7.6 does with any notebook at all."""
    place = (error.stack or "").splitlines()[1:2]
    return bool(place) and "/static/notebook/" in place[0]


def open_page(
    chromium: Browser, server: Server, *, size: str = "notebook", theme: str = "light"
) -> tuple[Page, list[str]]:
    width, height = SIZES[size]
    context = chromium.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark" if theme == "dark" else "light",
    )
    context.set_default_timeout(15_000)
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: None if is_of_notebook(error) else errors.append(str(error)))
    server.show(page, theme=theme)
    return page, errors


@pytest.fixture(scope="module", params=["lab", "voila"])
def shared(request: pytest.FixtureRequest, chromium: Browser) -> Iterator[Seen]:
    """A panel that several tests look at, one after the other."""
    server = request.getfixturevalue(request.param)
    page, errors = open_page(chromium, server)
    seen = Seen(page, errors)
    expect(seen.lamp("PJSIP/2222")).to_be_visible(timeout=60_000)
    yield seen
    page.context.close()


@pytest.fixture
def seen(shared: Seen, asterisk: Asterisk) -> Iterator[Seen]:
    yield shared
    for channel in asterisk.channels():
        asterisk.cli(f"channel request hangup {channel}")
    eventually(lambda: not asterisk.channels())
    shared.page.keyboard.press("Escape")
    expect(shared.section("channels").locator("tbody tr[data-key]")).to_have_count(0)
    assert not shared.errors


# --- calls ---------------------------------------------------------------------------------------


def test_a_call_appears_the_lamp_lights_and_the_button_ends_it(
    seen: Seen, asterisk: Asterisk
) -> None:
    expect(seen.lamp("PJSIP/2222")).to_have_attribute("data-state", "NOT_INUSE")
    with asterisk.telephone("2222").answers(), asterisk.telephone("200").calls("2222") as call:
        call.wait_answered()
        row = seen.leg("PJSIP/2222")
        expect(row).to_be_visible()
        expect(seen.leg("PJSIP/200")).to_contain_text("PJSIP/2222")
        for leg in (seen.leg("PJSIP/200"), row):  # the called leg, too, is of this caller
            assert leg.locator("td").nth(1).inner_text().startswith("200")
            assert leg.locator("td").nth(2).inner_text().startswith("2222")
        legs = seen.section("channels").locator("tbody th").all_inner_texts()
        assert legs == ["PJSIP/200", "PJSIP/2222"]
        expect(seen.lamp("PJSIP/2222")).to_have_attribute("data-state", "INUSE")
        expect(seen.lamp("PJSIP/2222")).to_contain_text("office.fon")
        expect(row).to_contain_text("up")
        seen.button(row, "Hang up PJSIP/2222").click()
        question = seen.popup()
        expect(question).to_contain_text("Hang up PJSIP/2222")
        seen.page.wait_for_timeout(300)
        question.get_by_role("button", name="Hang up").click()
        expect(seen.section("channels").locator("tbody tr[data-key]")).to_have_count(0)
        expect(seen.lamp("PJSIP/2222")).to_have_attribute("data-state", "NOT_INUSE")
        expect(seen.panel.locator(".ast-told")).to_contain_text("was hung up")


def test_a_call_rings(seen: Seen, asterisk: Asterisk) -> None:
    with asterisk.telephone("2222").rings(), asterisk.telephone("200").calls("2222"):
        expect(seen.lamp("PJSIP/2222")).to_have_attribute("data-state", "RINGING")
        expect(seen.lamp("PJSIP/2222")).to_contain_text("ringing")
        assert not {"Park", "Redirect", "Attended transfer"} & seen.offers("PJSIP/2222")
        assert "Redirect" in seen.offers("PJSIP/200")
        asterisk.hang_up("200")


def test_the_form_makes_a_call(seen: Seen, asterisk: Asterisk) -> None:
    form = seen.section("call")
    with asterisk.telephone("2222").answers():
        form.get_by_label("From device").fill("PJSIP/2222")
        form.get_by_label("To extension").fill("600")
        form.get_by_label("in context").fill("phones")
        form.get_by_label("Shown as").fill("Door <100>")
        devices = seen.panel.locator("datalist[id$=devices] option").evaluate_all(
            "all => all.map(one => one.value)"
        )
        assert "PJSIP/2222" in devices
        form.get_by_role("button", name="Call").click()
        expect(seen.row("channels", "Milliwatt")).to_be_visible()
        asterisk.hang_up("2222")


def test_a_redirected_channel_goes_where_it_is_sent(seen: Seen, asterisk: Asterisk) -> None:
    asterisk.originate("Local/600@phones/n", "600@phones")
    row = seen.row("channels", "Milliwatt")
    seen.choose(row, "Redirect", To_extension="620", in_context="phones")
    expect(seen.section("conferences")).to_be_visible()
    member = seen.section("conferences").locator("tbody tr[data-key]").first
    expect(member).to_contain_text("Local/600@phones")
    expect(member).to_contain_text("room")
    seen.button(member, "Mute").click()
    expect(member).to_contain_text("muted")
    seen.button(member, "Unmute").click()
    expect(member).not_to_contain_text("muted")
    seen.choose(member, "Kick")
    expect(seen.section("conferences")).to_be_hidden()


def test_a_call_is_recorded_and_listened_to(seen: Seen, asterisk: Asterisk) -> None:
    with asterisk.telephone("300").calls("600"), asterisk.telephone("200").answers():
        call = seen.leg("PJSIP/300")
        expect(call).to_contain_text("Milliwatt")
        (channel,) = asterisk.channels()
        seen.choose(call, "Record")
        told = seen.panel.locator(".ast-told")
        expect(told).to_contain_text(f"{channel} is recorded to")
        file = told.inner_text().partition(" is recorded to ")[2].partition(" on the PBX")[0]
        assert eventually(lambda: list(asterisk.directories.spool.rglob(file)))
        expect(call).to_contain_text("up · rec")
        seen.choose(call, "Stop recording")
        expect(call).not_to_contain_text("rec")
        eventually(lambda: file not in asterisk.cli(f"mixmonitor list {channel}"))
        for name, option in (("Listen", "qES"), ("Whisper", "qESw"), ("Barge in", "qESB")):
            seen.choose(call, name, From_telephone="PJSIP/200")
            expect(seen.leg("PJSIP/200")).to_contain_text("ChanSpy")
            spies = asterisk.cli("core show channels concise").splitlines()
            assert any(f"!ChanSpy!{channel},{option}!" in spy for spy in spies), spies
            asterisk.hang_up("200")
            expect(seen.leg("PJSIP/200")).to_have_count(0)


def test_an_attended_transfer_connects_the_other_two(seen: Seen, asterisk: Asterisk) -> None:
    with (
        asterisk.telephone("200").answers(),
        asterisk.telephone("240").answers(),
        asterisk.telephone("30").calls("200"),
    ):
        middle = seen.leg("PJSIP/200")
        expect(middle).to_contain_text("PJSIP/30")
        seen.choose(middle, "Attended transfer", To_extension="240", in_context="phones")
        expect(seen.leg("PJSIP/240")).to_contain_text("up")
        seen.choose(middle, "Hang up")
        expect(middle).to_have_count(0)
        seen.section("events").get_by_label("Event name").fill("AttendedTransfer")
        transfer = seen.row("events", "AttendedTransfer")
        expect(transfer).to_contain_text("Success")
        expect(transfer).to_contain_text("PJSIP/200")
        seen.section("events").get_by_label("Event name").fill("")
        expect(seen.leg("PJSIP/30")).to_contain_text("up")
        expect(seen.leg("PJSIP/240")).to_contain_text("up")


def test_it_works_in_notebook_7(chromium: Browser, asterisk: Asterisk) -> None:
    browser.require_notebook()
    with Server("notebook", [connect(asterisk), SHOW]) as server:
        page, errors = open_page(chromium, server, theme="dark")
        seen = Seen(page, errors)
        expect(seen.lamp("PJSIP/2222")).to_be_visible(timeout=60_000)
        assert seen.panel.evaluate("it => getComputedStyle(it).colorScheme") == "dark"
        with asterisk.telephone("2222").answers(), asterisk.telephone("200").calls("2222") as call:
            call.wait_answered()
            expect(seen.lamp("PJSIP/2222")).to_have_attribute("data-state", "INUSE")
            seen.button(seen.leg("PJSIP/2222"), "Hang up PJSIP/2222").click()
            seen.page.wait_for_timeout(300)
            seen.popup().get_by_role("button", name="Hang up").click()
            expect(seen.section("channels").locator("tbody tr[data-key]")).to_have_count(0)
        page.context.close()
        assert not errors


# --- what else a PBX has -------------------------------------------------------------------------


def test_a_voicemail_raises_the_count(seen: Seen, asterisk: Asterisk) -> None:
    box = seen.row("mailboxes", "22@default").locator("td.ast-new")
    before = int(box.inner_text())
    asterisk.leave_message("22")
    expect(box).to_have_text(str(before + 1))
    expect(seen.row("items", "office.box")).to_contain_text(str(before + 1))


def test_a_switch_is_in_the_database(seen: Seen, asterisk: Asterisk) -> None:
    for path, key, on, off in (
        ("office.dnd", "dnd/office", "1", "0"),
        ("office.away", "DND/2222", "YES", None),
    ):
        switch = seen.section("items").get_by_role("switch", name=path)
        if switch.get_attribute("aria-checked") == "true":
            switch.click()
            expect(switch).to_have_attribute("aria-checked", "false")
        switch.click()
        expect(switch).to_have_attribute("aria-checked", "true")
        assert eventually(lambda key=key: asterisk.database(key)) == on
        switch.click()
        expect(switch).to_have_attribute("aria-checked", "false")
        eventually(lambda key=key, off=off: asterisk.database(key) == off)


def test_a_caller_in_a_queue_and_its_agents_show(seen: Seen, asterisk: Asterisk) -> None:
    with asterisk.telephone("200").rings(), asterisk.telephone("240").rings():
        asterisk.originate("Local/610@phones", "600@phones")
        callers = seen.section("queues").get_by_role("table", name="Callers waiting in queues")
        expect(callers.locator("tbody tr[data-key]")).to_have_count(1)
        agents = seen.section("queues").get_by_role("table", name="Agents")
        expect(agents).to_contain_text("Hall")
        row = agents.locator("tbody tr").filter(has_text="Hall")
        seen.button(row, "Pause Hall").click()
        seen.popup().get_by_label("Reason").fill("lunch")
        seen.popup().get_by_role("button", name="Pause").click()
        expect(row).to_contain_text("paused: lunch")
        seen.button(row, "Let Hall work").click()
        expect(row).not_to_contain_text("paused")


def test_an_agent_logs_out_and_in(seen: Seen, asterisk: Asterisk) -> None:
    queues = seen.section("queues")
    seen.button(seen.row("queues", "support"), "Log an agent in to support").click()
    seen.popup().get_by_label("Device").fill("Local/30@phones/n")
    seen.popup().get_by_label("Name").fill("Kitchen")
    seen.popup().get_by_label("State of").fill("PJSIP/30")
    seen.popup().get_by_role("button", name="Log in").click()
    row = queues.locator("tbody tr").filter(has_text="Kitchen")
    expect(row).to_contain_text("idle")
    seen.choose(row, "Log out")
    expect(row).to_contain_text("logged out")
    seen.button(row, "Log Kitchen in to support").click()
    expect(row).to_contain_text("idle")
    told = asterisk.cli("queue show support")
    assert "Kitchen (Local/30@phones/n from PJSIP/30)" in told
    asterisk.cli("queue remove member Local/30@phones/n from support")
    expect(row).to_contain_text("logged out")


def test_a_parked_call_shows_where_it_can_be_picked_up(seen: Seen, asterisk: Asterisk) -> None:
    with asterisk.telephone("300").calls("600"):
        seen.choose(seen.leg("PJSIP/300"), "Park")
        parked = seen.section("parking").locator("tbody tr[data-key]")
        expect(parked).to_contain_text("701")
        expect(parked).to_contain_text("300")
        with asterisk.telephone("30").calls("701") as fetches:
            fetches.wait_answered()
            expect(seen.section("parking")).to_be_hidden()
            expect(seen.leg("PJSIP/30")).to_contain_text("PJSIP/300")


def test_events_can_be_filtered_held_and_looked_into(seen: Seen, asterisk: Asterisk) -> None:
    events = seen.section("events")
    asterisk.originate("Local/601@phones", "600@phones")
    events.get_by_label("Event name").fill("newch")
    rows = events.locator("tbody tr[data-key]")
    expect(rows.first).to_contain_text("Newchannel")
    assert set(rows.locator("td:nth-child(2)").all_inner_texts()) == {"Newchannel"}
    events.get_by_role("button", name="Pause").click()
    rows.first.click()
    expect(seen.popup()).to_contain_text("Uniqueid")
    seen.page.keyboard.press("Escape")
    events.get_by_role("button", name="Go on").click()
    events.get_by_label("Event name").fill("")


def test_a_hostile_name_is_text(seen: Seen, asterisk: Asterisk) -> None:
    expect(seen.section("items").get_by_label("office.name")).to_have_value(HOSTILE)
    asterisk.cli("dialplan set global TECH PJSIP")
    with asterisk.telephone("2222").rings():
        form = seen.section("call")
        form.get_by_label("From device").fill("PJSIP/2222")
        form.get_by_label("To extension").fill("600")
        form.get_by_label("in context").fill("phones")
        form.get_by_label("Shown as").fill(f'"{HOSTILE}" <100>')
        form.get_by_role("button", name="Call").click()
        expect(seen.section("channels")).to_contain_text("<img src=x")
        assert seen.panel.locator("img").count() == 0
        assert seen.page.title() != "taken"
        asterisk.hang_up("2222")


# --- the keyboard, and what stays ----------------------------------------------------------------


def test_the_table_can_be_used_by_the_keyboard(seen: Seen, asterisk: Asterisk) -> None:
    for _ in range(2):
        asterisk.originate("Local/600@phones/n", "600@phones")
    rows = seen.section("channels").locator("tbody tr[data-key]")
    expect(rows).to_have_count(4)
    rows.first.focus()
    seen.page.keyboard.press("ArrowDown")
    expect(rows.nth(1)).to_be_focused()
    seen.page.keyboard.press("End")
    expect(rows.nth(3)).to_be_focused()
    seen.page.keyboard.press("Enter")
    menu = seen.popup()
    expect(menu).to_have_attribute("role", "menu")
    expect(menu.get_by_role("menuitem").first).to_be_focused()
    seen.page.keyboard.press("ArrowDown")
    expect(menu.get_by_role("menuitem").nth(1)).to_be_focused()
    seen.page.keyboard.press("Escape")
    expect(menu).to_be_hidden()
    expect(rows.nth(3)).to_be_focused()
    head = seen.section("channels").locator("th[data-column=device]")
    head.get_by_role("button").click()
    expect(head).to_have_attribute("aria-sort", "ascending")
    seen.section("channels").locator("th[data-column=since] button").click()


def test_selection_and_focus_survive_updates(seen: Seen, asterisk: Asterisk) -> None:
    asterisk.originate("Local/600@phones/n", "600@phones")
    row = seen.row("channels", "Milliwatt")
    expect(row).to_be_visible()
    row.focus()
    seen.page.wait_for_timeout(500)  # JupyterLab makes the cell the active one
    row.locator("td").nth(3).evaluate("cell => getSelection().selectAllChildren(cell)")
    text = seen.page.evaluate("String(getSelection())")
    assert text == "Milliwatt"
    node = row.element_handle()
    for _ in range(3):
        asterisk.originate("Local/601@phones/n", "600@phones")
    expect(seen.section("channels").locator("tbody tr[data-key]")).to_have_count(8)
    for _ in range(30):
        seen.page.wait_for_timeout(50)
        assert seen.page.evaluate("String(getSelection())") == text
    assert seen.page.evaluate("row => document.activeElement === row", node)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_audit_finds_nothing_serious(
    chromium: Browser, asterisk: Asterisk, lab: Server, theme: str
) -> None:
    script = browser.axe()
    page, errors = open_page(chromium, lab, theme=theme)
    seen = Seen(page, errors)
    expect(seen.lamp("PJSIP/2222")).to_be_visible(timeout=60_000)
    with asterisk.telephone("200").rings():
        asterisk.originate("Local/610@phones/n", "600@phones")
        asterisk.originate("Local/620@phones/n", "700@phones")
        row = seen.row("channels", "Milliwatt")
        expect(row).to_be_visible()
        page.evaluate(script)
        found = audit(page)
        row.focus()
        page.keyboard.press("Enter")
        found += audit(page)
        seen.popup().get_by_role("menuitem", name="Redirect").click()
        found += audit(page)
        for channel in asterisk.channels():
            asterisk.cli(f"channel request hangup {channel}")
    page.context.close()
    assert not found, json.dumps(found, indent=1)
    assert not errors


def audit(page: Page) -> list[dict[str, Any]]:
    """What axe-core calls serious or critical, in the panel."""
    result = page.evaluate("() => axe.run('.ast-panel', {resultTypes: ['violations']})")
    return [
        {"rule": one["id"], "nodes": [node["html"][:200] for node in one["nodes"]][:5]}
        for one in result["violations"]
        if one["impact"] in ("serious", "critical")
    ]


# --- how it looks --------------------------------------------------------------------------------


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", list(SIZES))
def test_it_is_pictured(
    chromium: Browser, small: demo.Demo, tmp_path: Path, size: str, theme: str
) -> None:
    browser.require_voila()
    wall = size == "television"
    cell = f"{connect(small)}panel = Panel(sh, readonly={wall}, wall={wall})\npanel"
    with Server("voila", [cell], f"--theme={theme}") as server:
        page, errors = open_page(chromium, server, size=size, theme=theme)
        seen = Seen(page, errors)
        expect(seen.lamp("PJSIP/2222")).to_be_visible(timeout=60_000)
        expect(seen.section("channels").locator("tbody tr[data-key]").first).to_be_visible(
            timeout=30_000
        )
        page.wait_for_timeout(1500)
        if not wall:
            height = seen.panel.bounding_box()["height"]
            page.set_viewport_size({"width": SIZES[size][0], "height": int(height) + 60})
        page.wait_for_timeout(1500)
        SHOTS.mkdir(exist_ok=True)
        page.screenshot(path=SHOTS / f"{size}-{theme}.png")
        if wall:
            tall = page.evaluate("document.documentElement.scrollHeight")
            assert tall <= SIZES[size][1]  # nobody is there to scroll
            expect(seen.section("items")).to_be_in_viewport(ratio=1)
            expect(seen.lamp("PJSIP/2222")).to_be_in_viewport(ratio=1)
            cut = "all => all.filter(it => it.scrollWidth > it.clientWidth).map(it => it.innerText)"
            assert seen.panel.locator("thead th").evaluate_all(cut) == []
        if size == "narrow":
            seen.section("events").locator("tbody tr[data-key]").first.click()
            popup = seen.popup().bounding_box()
            assert popup["x"] >= 0 and popup["width"] >= 200
            assert popup["x"] + popup["width"] <= SIZES[size][0]
            page.keyboard.press("Escape")
            sort = seen.section("queues").locator("th[data-column=waiting] .ast-sort")
            sort.focus()
            expect(sort).to_be_in_viewport(ratio=1)
        wide = page.evaluate("document.querySelector('.ast-panel').scrollWidth")
        assert wide <= SIZES[size][0]
        page.context.close()
        assert not errors


def test_what_the_login_does_not_hear_is_said(notebook: Any, asterisk: Asterisk) -> None:
    cell = connect(asterisk).replace(repr(asterisk.panel), repr(asterisk.username))
    seen = notebook(cell, SHOW)
    expect(seen.lamp("PJSIP/2222")).to_be_visible(timeout=60_000)
    expect(seen.section("channels").locator(".ast-quiet code").first).to_have_text("dialplan")
    expect(seen.section("queues").locator(".ast-quiet code").first).to_have_text("agent")
    expect(seen.section("conferences").locator(".ast-quiet code").first).to_have_text("reporting")
    asterisk.originate("Local/600@phones/n", "600@phones")
    row = seen.section("channels").locator("tbody tr[data-key]").first
    expect(seen.button(row, "Hang up")).to_be_visible()
    assert seen.button(seen.section("queues"), "Pause").count() == 0
    for channel in asterisk.channels():
        asterisk.cli(f"channel request hangup {channel}")
    assert not seen.errors


BUTTONS = "button, [role=button], [role=switch], [type=submit], form"


def test_the_wall_board_shows_a_demo_pbx_and_no_button(
    chromium: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser.require_voila()
    monkeypatch.delenv("AST_HOST", raising=False)
    board = nbformat.read(browser.ROOT / "notebooks" / "wallboard.ipynb", as_version=4)
    with Server("voila", [cell.source for cell in board.cells], "--theme=dark") as server:
        page, errors = open_page(chromium, server, size="television", theme="dark")
        seen = Seen(page, errors)
        expect(seen.row("channels", "PJSIP/")).to_be_visible(timeout=60_000)
        assert seen.panel.locator(BUTTONS).count() == 0
        page.context.close()
        assert not errors


def test_a_panel_without_a_button_can_be_sorted_held_and_looked_into(
    notebook: Any, asterisk: Asterisk
) -> None:
    seen = notebook(connect(asterisk) + "Panel(sh, readonly=True)")
    expect(seen.lamp("PJSIP/2222")).to_be_visible(timeout=60_000)
    asterisk.originate("Local/600@phones/n", "600@phones")
    expect(seen.row("channels", "Milliwatt")).to_be_visible()
    head = seen.section("channels").locator("th[data-column=device]")
    head.get_by_text("Device").click()
    expect(head).to_have_attribute("aria-sort", "ascending")
    seen.page.keyboard.press("Enter")
    expect(head).to_have_attribute("aria-sort", "descending")
    assert seen.panel.locator(BUTTONS).count() == 0
    events = seen.section("events")
    expect(events).not_to_contain_text("paused")
    events.locator("tbody tr[data-key]").first.hover()
    expect(events).to_contain_text("paused")
    seen.page.evaluate(browser.axe())
    assert not audit(seen.page)
    events.locator("tbody tr[data-key]").first.click()
    expect(seen.popup()).to_contain_text("Privilege")
    assert seen.panel.locator(BUTTONS).count() == 0
    assert not audit(seen.page)
    seen.page.keyboard.press("Escape")
    head.get_by_text("Device").click()
    expect(events).not_to_contain_text("paused")
    for channel in asterisk.channels():
        asterisk.cli(f"channel request hangup {channel}")
    assert not seen.errors


def test_a_thousand_channels_cost_little(chromium: Browser) -> None:
    found = bench.measure(chromium, bench.parse(["--minutes", "0.5"]))
    del found[bench.EVENT_TO_SCREEN]  # others may have the processors now
    assert all(found.values()), found


# --- what goes wrong -----------------------------------------------------------------------------


@pytest.fixture
def notebook(chromium: Browser) -> Iterator[Any]:
    """Open a notebook of these cells in JupyterLab."""
    browser.require()
    opened: list[Any] = []

    def show(*cells: str) -> Seen:
        server = Server("lab", list(cells))
        server.__enter__()
        opened.append(server)
        page, errors = open_page(chromium, server)
        opened.append(page.context)
        return Seen(page, errors)

    yield show
    for one in reversed(opened):
        one.__exit__() if isinstance(one, Server) else one.close()


def test_a_panel_lives_through_a_reconnect(notebook: Any) -> None:
    require(22)
    with Asterisk(22) as pbx:
        seen = notebook(connect(pbx), SHOW)
        expect(seen.lamp("PJSIP/2222")).to_be_visible(timeout=60_000)
        pbx.kill()
        banner = seen.panel.locator(".ast-banner")
        expect(banner).to_contain_text("Connection lost")
        expect(banner).to_contain_text("Next try in", timeout=10_000)
        assert seen.button(seen.section("call"), "Call").count() == 0
        pbx.start()
        expect(banner).to_be_hidden(timeout=45_000)
        pbx.originate("Local/600@phones/n", "600@phones")
        row = seen.row("channels", "Milliwatt")
        expect(row).to_be_visible()
        expect(seen.button(row, "Hang up")).to_be_visible()
        assert not seen.errors


def test_a_panel_is_right_while_a_cell_runs_for_a_minute(notebook: Any, asterisk: Asterisk) -> None:
    seen = notebook(connect(asterisk) + SHOW, "import time\ntime.sleep(60)\nprint('ov' + 'er')")
    cells = seen.page.locator(".jp-Notebook")
    expect(seen.lamp("PJSIP/2222")).to_be_visible(timeout=20_000)

    def call_comes_and_goes() -> None:
        asterisk.originate("Local/600@phones/n", "600@phones")
        expect(seen.row("channels", "Milliwatt")).to_be_visible()
        asterisk.cli(f"channel request hangup {asterisk.channels()[0]}")
        expect(seen.section("channels").locator("tbody tr[data-key]")).to_have_count(0)
        expect(seen.panel.locator(".ast-banner")).to_be_hidden()

    call_comes_and_goes()
    seen.button(seen.row("queues", "Door"), "Pause Door").click()
    seen.popup().get_by_role("button", name="Pause").click()
    told = seen.panel.locator(".ast-told")
    expect(told).to_contain_text("waiting for the kernel")
    seen.page.wait_for_timeout(35_000)
    call_comes_and_goes()
    expect(cells).not_to_contain_text("over")
    expect(told).to_contain_text("nothing was done", timeout=90_000)
    expect(cells).to_contain_text("over")
    call_comes_and_goes()
    expect(seen.row("queues", "Door")).not_to_contain_text("paused")
    assert not seen.errors


def test_a_long_table_stays_where_it_was_scrolled_to(notebook: Any) -> None:
    with demo.start(username="panel", calls=False, channels=400, changes=60) as many:
        seen = notebook(connect(many), SHOW)
        rows = seen.section("channels").locator("tbody tr[data-key]")
        expect(rows.first).to_be_visible(timeout=60_000)
        scroller = seen.section("channels").locator(".ast-scroll")
        table = scroller.locator("table")
        eventually(lambda: int(table.get_attribute("aria-rowcount") or 0) > 300)
        assert rows.count() < 80  # only those in view are in the page
        scroller.evaluate("it => it.scrollTop = it.scrollHeight / 2")
        seen.page.wait_for_timeout(500)
        middle = """it => {
            const {top, height} = it.getBoundingClientRect();
            const rows = [...it.querySelectorAll('tr[data-key]')];
            const row = rows.find(one => one.getBoundingClientRect().top > top + height / 2);
            return [row.dataset.key, row.getBoundingClientRect().top - top];
        }"""
        key, place = scroller.evaluate(middle)
        row = scroller.locator(f"tr[data-key='{key}']")
        row.focus()
        for _ in range(20):  # calls end above it all the time
            seen.page.wait_for_timeout(100)
            now = row.evaluate(
                "it => it.getBoundingClientRect().top"
                " - it.closest('.ast-scroll').getBoundingClientRect().top"
            )
            assert abs(now - place) < 40
            expect(row).to_be_focused()
        scroller.evaluate("it => it.scrollTop = 0")
        seen.page.wait_for_timeout(500)
        expect(row).to_be_focused()  # it stays in the page, out of view
        seen.page.keyboard.press("End")
        focused = scroller.locator("tr:focus")
        expect(focused).to_be_in_viewport()
        rest = "it => it.closest('table').ariaRowCount - it.ariaRowIndex"
        assert focused.evaluate(rest) < 40  # more calls came meanwhile
        assert not seen.errors


def test_a_panel_can_be_shown_twice_and_closed(notebook: Any, asterisk: Asterisk) -> None:
    threads = "import threading\nprint(sorted(t.name for t in threading.enumerate()))"
    seen = notebook(connect(asterisk) + SHOW, "panel", threads)
    page = seen.page
    both = page.locator(".ast-panel")
    expect(both).to_have_count(2, timeout=60_000)
    asterisk.originate("Local/600@phones/n", "600@phones")
    for number in range(2):
        both.nth(number).scroll_into_view_if_needed()
        row = both.nth(number).locator(".ast-channels tbody tr[data-key]").first
        expect(row).to_be_visible(timeout=20_000)
    told = page.locator(".jp-OutputArea").last.inner_text()
    assert told.count("ast-publish") == 1
    run(page, "panel.close()\n" + threads)
    expect(both).to_have_count(0, timeout=20_000)
    pictures = page.locator(".jp-RenderedHTMLCommon table caption", has_text="Devices")
    expect(pictures).to_have_count(2)
    expect(page.locator(".jp-OutputArea").last).to_contain_text("MainThread", timeout=20_000)
    assert "ast-publish" not in page.locator(".jp-OutputArea").last.inner_text()
    for channel in asterisk.channels():
        asterisk.cli(f"channel request hangup {channel}")
    assert not seen.errors


def run(page: Page, code: str) -> None:
    """Run more code in the notebook that is open."""
    page.evaluate(
        """async code => {
            const {content} = window.jupyterapp.shell.currentWidget;
            const {commands} = window.jupyterapp;
            content.activeCellIndex = content.widgets.length - 1;
            await commands.execute('notebook:insert-cell-below');
            content.activeCell.model.sharedModel.setSource(code);
            await commands.execute('notebook:run-cell');
        }""",
        code,
    )
