"""Frames in JupyterLab show what people look for first, in the room that there is."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect

from tests.support import browser
from tests.support.browser import Server

CELLS = [
    "%load_ext ast_notebook\n%ast demo --no-calls;\n%ast call 200 240 phones --wait --dest;",
    "from ast_notebook.magics.progress import Progress\nimport pathlib, time\n"
    "with Progress('reading') as shown:\n    shown.tell('Master.csv', 0.4)\n"
    "    while not pathlib.Path('seen').exists():\n        time.sleep(0.1)",
    "%ast calls",
    "%ast events",
    "%ast missed",
]
PATIENCE = 120_000  # milliseconds
#: A cell's output, and how much wider its content is than it.
TOO_WIDE = """cell => Math.max(0, ...[...cell.querySelectorAll('.jp-OutputArea-output')]
    .map(one => one.scrollWidth - one.clientWidth))"""


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_frames_fit_the_page_and_progress_leaves_no_room(chromium: Browser, theme: str) -> None:
    browser.require()
    with Server("lab", CELLS) as server:
        context = chromium.new_context(viewport={"width": 1400, "height": 1000})
        context.set_default_timeout(60_000)
        page = context.new_page()
        server.show(page, theme=theme)
        cells = page.locator(".jp-Notebook-cell")
        progress, calls, events, missed = (cells.nth(place) for place in (1, 2, 3, 4))
        shown = progress.locator(".jp-OutputArea-output")
        expect(shown).to_contain_text("reading Master.csv … 40 %", timeout=PATIENCE)
        (server.folder / "seen").touch()
        expect(calls.locator("table").first).to_contain_text("200 Door", timeout=PATIENCE)
        expect(calls.locator("th").first).to_have_text("when")
        expect(missed.locator("p")).to_contain_text(
            "None of the calls so far (1) fits", timeout=PATIENCE
        )
        assert progress.locator(".jp-OutputArea-child").evaluate("one => one.clientHeight") == 0
        for cell in (calls, events):
            assert cell.evaluate(TOO_WIDE) == 0
        behind = calls.locator("details table")
        expect(behind).to_be_hidden()
        calls.locator("summary").click()
        expect(behind).to_contain_text("+00:00")
        context.close()
