"""The quickstart in JupyterLab, as somebody sees it in a browser."""

from __future__ import annotations

import json
import os
import shutil

import nbformat
import pytest
from playwright.sync_api import ViewportSize

from tests.support import browser
from tests.support.paths import ROOT, SCREENSHOTS
from tests.support.waiting import eventually

QUICKSTART = ROOT / "notebooks" / "quickstart.ipynb"
TALL: ViewportSize = {"width": 1100, "height": 5600}  # the whole notebook at once

NOTEBOOK = "() => JSON.stringify(window.jupyterapp.shell.currentWidget.context.model.toJSON())"
STATUS = "() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.status"
DARK = "document.body.dataset.jpThemeLight === 'false'"


@pytest.fixture
def lab(monkeypatch):
    browser.require()
    for name in [name for name in os.environ if name.startswith("AST_")]:
        monkeypatch.delenv(name)
    server = browser.Server("lab", [])
    shutil.copy(QUICKSTART, server.notebook)
    with server:
        yield server


def test_quickstart_runs_in_jupyterlab_and_can_be_read_in_light_and_dark(lab):
    SCREENSHOTS.mkdir(exist_ok=True)
    with browser.browser() as chromium:
        page = chromium.new_page(viewport=TALL)
        lab.show(page)
        cells = eventually(lambda: _done(page), 90)
        page.screenshot(path=SCREENSHOTS / "quickstart-light.png")
        page.evaluate(browser.THEME, "JupyterLab Dark")
        page.wait_for_function(DARK)
        page.screenshot(path=SCREENSHOTS / "quickstart-dark.png")
    outputs = [output for cell in cells for output in cell["outputs"]]
    assert not [one for one in outputs if one["output_type"] == "error"]
    assert not [one.text for one in outputs if one.get("name") == "stderr"]
    logic = next(cell for cell in cells if cell["source"].startswith("%%ast logic"))
    said = [one.text for one in logic["outputs"] if one["output_type"] == "stream"]
    assert "100 (Door) is calling; destination: Office" in "".join(said)


def _done(page):
    """Return the code cells once the last of them has run."""
    notebook = nbformat.from_dict(json.loads(page.evaluate(NOTEBOOK)))
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    done = all(cell.execution_count for cell in cells) and page.evaluate(STATUS) == "idle"
    return cells if done else None
