"""The panel in a browser as connections break, cells run and notebooks close."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Page, expect

from ast_notebook import demo
from tests.lab.asterisk import Asterisk
from tests.lab.fixtures import require
from tests.support.panel_page import SHOW, connect
from tests.support.waiting import eventually


def test_a_panel_lives_through_a_reconnect(notebook: Any) -> None:
    require(22)
    with Asterisk(22) as pbx:
        seen = notebook(connect(pbx), SHOW)
        expect(seen.lamp("PJSIP/2222")).to_be_visible(timeout=60_000)
        pbx.kill()
        banner = seen.panel.locator(".ast-banner")
        expect(banner).to_contain_text("Connection lost")
        expect(banner).to_contain_text("Next try in", timeout=60_000)
        assert seen.button(seen.section("call"), "Call").count() == 0
        pbx.start()
        expect(banner).to_be_hidden(timeout=60_000)
        pbx.originate("Local/600@phones/n", "600@phones")
        row = seen.row("channels", "Milliwatt")
        expect(row).to_be_visible()
        expect(seen.button(row, "Hang up")).to_be_visible()
        assert not seen.errors


def test_a_panel_is_right_while_a_cell_runs_for_a_minute(notebook: Any, asterisk: Asterisk) -> None:
    seen = notebook(connect(asterisk) + SHOW, "import time\ntime.sleep(60)\nprint('ov' + 'er')")
    cells = seen.page.locator(".jp-Notebook")
    expect(seen.lamp("PJSIP/2222")).to_be_visible(timeout=60_000)

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
        expect(row).to_be_visible(timeout=60_000)
    told = page.locator(".jp-OutputArea").last.inner_text()
    assert told.count("ast-publish") == 1
    run(page, "panel.close()\n" + threads)
    expect(both).to_have_count(0, timeout=60_000)
    pictures = page.locator(".jp-RenderedHTMLCommon table caption", has_text="Devices")
    expect(pictures).to_have_count(2)
    expect(page.locator(".jp-OutputArea").last).to_contain_text("MainThread", timeout=60_000)
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
