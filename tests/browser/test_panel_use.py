"""The panel by keyboard, as it looks, and on a wall."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from playwright.sync_api import Browser, Page, expect

from ast_notebook import demo
from tests.bench import panel as bench
from tests.lab.asterisk import Asterisk
from tests.support import browser
from tests.support.browser import Server
from tests.support.panel_page import SHOW, SIZES, Seen, connect, open_page
from tests.support.paths import SCREENSHOTS


@pytest.fixture(scope="module")
def small() -> Iterator[demo.Demo]:
    with demo.start(username="panel", seed=3) as started:
        yield started


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
            timeout=60_000
        )
        page.wait_for_timeout(1500)
        if not wall:
            box = seen.panel.bounding_box()
            assert box is not None
            height = box["height"]
            page.set_viewport_size({"width": SIZES[size][0], "height": int(height) + 60})
        page.wait_for_timeout(1500)
        SCREENSHOTS.mkdir(exist_ok=True)
        page.screenshot(path=SCREENSHOTS / f"{size}-{theme}.png")
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
