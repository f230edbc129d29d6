"""Several panels on a page, a panel in a view of its own, and a panel of several PBXs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from ast_notebook import demo
from tests.support import browser
from tests.support.browser import Server
from tests.support.panel_page import SHOW, Seen, connect, open_page

BERLIN = """
import dataclasses
from ast_notebook.ami import Secret
settings = dataclasses.replace(
    sh.ast.session.settings, port={port}, password=Secret({password!r})
)
sh.connect(settings, name="berlin");
"""
ALL = "panel = Panel(sh, 'all', readonly=False, editable=['office.*'])\npanel"
CALLS = """
for pbx in sh.pbxs.values():
    pbx.call("Local/600@phones", "600", "phones")
"""
TWICE = """() => {
    const ids = [...document.querySelectorAll('.ast-panel [id]')].map((one) => one.id);
    return ids.filter((id, place) => ids.indexOf(id) !== place);
}"""


@pytest.fixture(scope="module")
def pbxs() -> Iterator[list[demo.Demo]]:
    with (
        demo.start(calls=False, username="panel") as one,
        demo.start(calls=False, username="panel") as other,
    ):
        yield [one, other]


def audit(page: Page) -> list[Any]:
    """All that axe-core finds in the panels, with the elements."""
    page.evaluate(browser.axe())
    result = page.evaluate("() => axe.run('.ast-panel', {resultTypes: ['violations']})")
    return [
        (one["id"], [node["html"][:200] for node in one["nodes"]]) for one in result["violations"]
    ]


def two_pbxs(pbxs: list[demo.Demo]) -> str:
    one, other = pbxs
    return connect(one) + BERLIN.format(port=other.port, password=other.password)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_two_panels_and_a_view_of_one_are_told_apart(
    chromium: Browser, pbxs: list[demo.Demo], theme: str
) -> None:
    cells = [connect(pbxs[0]), SHOW, "other = Panel(sh, readonly=True)\nother"]
    with Server("lab", cells) as server:
        page, errors = open_page(chromium, server, theme=theme)
        panels = page.locator(".ast-panel")
        expect(panels).to_have_count(2, timeout=60_000)
        expect(panels.first.locator("li[data-device]").first).to_be_visible(timeout=60_000)
        page.evaluate(
            """async () => {
                const {content} = window.jupyterapp.shell.currentWidget;
                content.activeCellIndex = 1;
                await window.jupyterapp.commands.execute('notebook:create-output-view');
            }"""
        )
        expect(panels).to_have_count(3, timeout=60_000)
        view = page.locator(".jp-LinkedOutputView .ast-panel")
        expect(view.locator("li[data-device='PJSIP/2222']")).to_be_visible()
        assert page.locator("[data-ast-picture]").count() == 3
        assert not page.locator("[data-ast-picture]:visible").count()
        assert page.evaluate(TWICE) == []
        names = panels.evaluate_all("all => all.map((one) => one.ariaLabel)")
        assert sorted(names) == ["PBX ast", "PBX ast, panel 2", "PBX ast, panel 3"]
        assert audit(page) == []
        # A button of the view acts as one of the panel does, and both show what came of it.
        seen = Seen(page, errors)
        seen.panel = view
        seen.button(seen.row("queues", "Hall"), "Pause Hall").click()
        seen.popup().get_by_role("button", name="Pause").click()
        expect(seen.row("queues", "Hall")).to_contain_text("paused")
        expect(panels.first.locator(".ast-queues")).to_contain_text("paused")
        seen.button(seen.row("queues", "Hall"), "Let Hall work").click()
        expect(panels.first.locator(".ast-queues")).not_to_contain_text("paused")
        page.context.close()
        assert not errors


@pytest.mark.parametrize("kind", ["lab", "notebook", "voila"])
def test_a_button_of_several_pbxs_acts_on_its_own(
    chromium: Browser, pbxs: list[demo.Demo], kind: str
) -> None:
    {"lab": browser.require, "notebook": browser.require_notebook, "voila": browser.require_voila}[
        kind
    ]()
    with Server(kind, [two_pbxs(pbxs), f"{CALLS}{ALL}"]) as server:
        page, errors = open_page(chromium, server, theme="light" if kind == "lab" else "dark")
        seen = Seen(page, errors)
        rows = seen.section("channels").locator("tbody tr[data-key]")
        of = {name: rows.filter(has_text=name) for name in ("ast", "berlin")}
        for name in of:
            expect(of[name].first).to_contain_text("Local/600@phones", timeout=60_000)
        before = of["ast"].count()
        assert not page.locator("[data-ast-picture]:visible").count()
        seen.button(of["berlin"].first, "Hang up").click()
        expect(seen.popup()).to_contain_text("on berlin?")
        page.wait_for_timeout(300)  # a double click is no answer
        seen.popup().get_by_role("button", name="Hang up").click()
        expect(seen.panel.locator(".ast-told")).to_contain_text("berlin: ")
        expect(of["berlin"]).to_have_count(0)
        assert of["ast"].count() == before
        search = seen.section("pbxs").get_by_label("Search all PBXs")
        search.fill("berlin")
        expect(rows).to_have_count(0)
        lamps = seen.section("devices").locator("li[data-device='PJSIP/2222']")
        expect(lamps).to_have_count(1)
        expect(lamps).to_contain_text("berlin")
        expect(seen.section("pbxs").locator("tbody tr[data-key]")).to_have_count(2)
        search.fill("")
        expect(lamps).to_have_count(2)
        form = seen.section("call")
        form.get_by_label("On PBX").select_option("berlin")
        form.get_by_label("From device").fill("Local/600@phones")
        form.get_by_label("To extension").fill("600")
        form.get_by_label("in context").fill("phones")
        form.get_by_role("button", name="Call").click()
        expect(of["berlin"].first).to_be_visible()
        assert of["ast"].count() == before
        assert audit(page) == []
        seen.panel.evaluate("() => 0")
        for name in ("ast", "berlin"):
            seen.button(of[name].first, "Hang up").click()
            page.wait_for_timeout(300)
            seen.popup().get_by_role("button", name="Hang up").click()
            expect(of[name]).to_have_count(0)
        page.context.close()
        assert not errors
