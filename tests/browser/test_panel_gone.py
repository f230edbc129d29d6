"""The panel in JupyterLab as its kernel dies, and as a saved notebook is opened without one."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Iterator

import nbformat
import pytest
from playwright.sync_api import Browser, expect

from ast_notebook import demo
from tests.support import browser
from tests.support.browser import Server
from tests.support.panel_page import SHOW, Seen, connect, open_page
from tests.support.waiting import eventually

PID = "import os, pathlib\npathlib.Path('pid').write_text(str(os.getpid()))"
SAVE = "() => window.jupyterapp.commands.execute('docmanager:save')"
PICTURE = "[data-ast-picture]"


@pytest.fixture
def lab(chromium: Browser) -> Iterator[tuple[Server, Seen]]:
    """A panel of an idle PBX, once it is shown."""
    with (
        demo.start(calls=False, username="panel") as pbx,
        Server("lab", [f"{connect(pbx)}\n{PID}", SHOW]) as server,
    ):
        page, errors = open_page(chromium, server)
        seen = Seen(page, errors)
        expect(seen.lamp("PJSIP/2222")).to_be_visible(timeout=60_000)
        yield server, seen
        page.context.close()
        assert not errors


def kill(server: Server) -> None:
    """Kill the kernel, as a machine without memory does."""
    os.kill(int((server.folder / "pid").read_text()), signal.SIGKILL)


def test_a_kernel_that_dies_is_gone_at_once_and_buttons_say_so(lab: tuple[Server, Seen]) -> None:
    server, seen = lab
    row = seen.row("queues", "Door")
    seen.button(row, "Pause Door").click()
    reason = seen.popup().get_by_label("Reason")
    expect(reason).to_be_visible()
    kill(server)
    banner = seen.panel.locator(".ast-banner")
    # Silence alone would be said as "No word from the kernel", after twelve seconds.
    expect(banner).to_contain_text("The kernel has died, or was restarted or shut down")
    expect(banner).to_contain_text("This is the state of")
    # JupyterLab says it in a dialog; a pointer on that would close the popup.
    seen.page.locator(".jp-Dialog-button.jp-mod-accept").evaluate("it => it.click()")
    expect(seen.section("call")).to_be_hidden()
    expect(row.locator("button[data-act=quick]")).to_be_hidden()
    seen.popup().get_by_role("button", name="Pause").click()
    expect(seen.panel.locator(".ast-told")).to_contain_text("Nothing was done.")
    seen.page.evaluate(browser.axe())
    found = seen.page.evaluate("() => axe.run('.ast-panel', {resultTypes: ['violations']})")
    assert not found["violations"]


def test_without_the_model_the_picture_stays_with_its_time(lab: tuple[Server, Seen]) -> None:
    server, seen = lab
    page = seen.page
    picture = page.locator(PICTURE)
    expect(picture).to_have_count(1)
    expect(picture).to_be_hidden()  # the live panel stands above it
    output = page.locator(f".jp-OutputArea-child:has({PICTURE})")
    expect(output).to_be_hidden()  # and leaves no gap
    page.evaluate(SAVE)
    eventually(lambda: "data-ast-picture" in server.notebook.read_text("utf-8"))
    kill(server)
    expect(seen.panel.locator(".ast-banner")).to_contain_text("The kernel has died")
    page.reload()
    expect(page.locator(".jp-OutputArea-output").first).to_be_visible(timeout=60_000)
    expect(page.locator(".jp-Notebook")).to_contain_text("model not found", timeout=60_000)
    expect(picture).to_be_visible()
    expect(picture.locator("time")).to_contain_text("UTC")
    expect(picture.locator("caption", has_text="Devices")).to_be_visible()
    expect(picture).to_contain_text("PJSIP/2222")


def test_a_saved_notebook_has_the_state_of_when_it_was_saved(lab: tuple[Server, Seen]) -> None:
    server, seen = lab
    seen.page.evaluate(
        """async () => {
            const {content} = window.jupyterapp.shell.currentWidget;
            const {commands} = window.jupyterapp;
            content.activeCellIndex = content.widgets.length - 1;
            await commands.execute('notebook:insert-cell-below');
            const code = "import time; sh.ast.call('Local/600@phones', '600', 'phones')"
                + "; time.sleep(2); panel.renew_picture(0)";
            content.activeCell.model.sharedModel.setSource(code);
            await commands.execute('notebook:run-cell');
        }"""
    )
    expect(seen.row("channels", "Milliwatt")).to_be_visible(timeout=60_000)
    expect(seen.page.locator(PICTURE)).to_contain_text("Milliwatt")
    expect(seen.panel).to_have_count(1)  # the live one was not drawn anew
    seen.page.evaluate(SAVE)
    eventually(lambda: "<td>Milliwatt</td>" in server.notebook.read_text("utf-8"))


def test_a_page_that_is_loaded_anew_has_the_live_panel_and_no_picture_beside_it(
    lab: tuple[Server, Seen],
) -> None:
    server, seen = lab
    page = seen.page
    page.evaluate(SAVE)
    eventually(lambda: "data-ast-picture" in server.notebook.read_text("utf-8"))
    page.goto(server.url.partition("?")[0])
    expect(seen.lamp("PJSIP/2222")).to_be_visible(timeout=60_000)
    expect(seen.panel).to_have_count(1)
    expect(page.locator(PICTURE)).to_have_count(1)
    expect(page.locator(PICTURE)).to_be_hidden()
    expect(page.locator(f".jp-OutputArea-child:has({PICTURE})")).to_be_hidden()
    expect(page.locator(".jp-Notebook")).not_to_contain_text("model not found")


LOADED = "() => window.jupyterapp?.shell.currentWidget?.context?.isReady"
RENEW = """
async () => {
    const kernel = window.jupyterapp.shell.currentWidget.sessionContext.session.kernel;
    const code = 'sh.office.box(7); panel.renew_picture(0)';
    await kernel.requestExecute({code}).done;
    await window.jupyterapp.commands.execute('docmanager:save');
}"""


def test_after_the_page_was_loaded_anew_the_saved_picture_is_still_renewed(
    lab: tuple[Server, Seen],
) -> None:
    server, seen = lab
    page = seen.page
    page.evaluate(SAVE)
    page.reload()
    page.wait_for_function(LOADED)
    expect(seen.lamp("PJSIP/2222")).to_be_visible(timeout=60_000)
    page.evaluate(RENEW)

    def saved() -> list[str]:
        cells = nbformat.read(server.notebook, 4).cells
        found = [one.get("data", {}).get("text/html", "") for one in cells[1].outputs]
        return [one for one in found if "data-ast-picture" in one]

    page.evaluate(SAVE)
    eventually(lambda: len(saved()) == 1 and re.search(r">\s*7\s*<", saved()[0]))
    expect(page.locator(PICTURE)).to_be_hidden()
