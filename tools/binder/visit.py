"""The visit: a browser opens the quickstart in a container that starts, and runs all of it."""

from __future__ import annotations

import contextlib
import json
import secrets
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, Error, Page

from tests.support.browser import READY
from tools.binder.container import Container, StepFailed
from tools.binder.image import START

NOTEBOOK = "notebooks/quickstart.ipynb"
#: Seconds between two looks.
PAUSE = 0.2
#: Runs the cells up to that of the panel, and leaves it in view: what is not in view is not drawn.
RUN_TO_PANEL = """() => {
    const cells = window.jupyterapp.shell.currentWidget.content;
    const last = cells.widgets.findIndex((one) => one.model.sharedModel.source === "%ast panel");
    cells.activeCellIndex = last + 1;
    void window.jupyterapp.commands.execute("notebook:run-all-above");
    void cells.scrollToItem(last);
}"""
RUN_THE_REST = """() => {
    window.ended = false;
    const done = window.jupyterapp.commands.execute("notebook:run-all-below");
    void done.finally(() => { window.ended = true; });
}"""
ENDED = "() => window.ended === true"
CELLS = """() => window.jupyterapp.shell.currentWidget.content.widgets
    .filter((one) => one.model.type === "code")
    .map((one) => ({count: one.model.executionCount, outputs: one.model.outputs.toJSON()}))"""
#: The panel of this kernel, and not the tables that the notebook was saved with.
LAMP = ".ast-panel .ast-devices .ast-lamp[data-state]"


@dataclass(frozen=True)
class Visit:
    """What a visit took, in seconds since the start of the container, and what it showed.

    Attributes
    ----------
    server : float
        Until Jupyter answered.
    panel : float
        Until the panel's lamps were seen.
    end : float
        Until the last cell of the quickstart was done.
    lamps : int
        How many lamps the panel had.
    text : str
        What the cells gave, as text.
    """

    server: float
    panel: float
    end: float
    lamps: int
    text: str


def visit(
    container: Container,
    jupyter: list[str],
    chromium: Browser,
    *,
    port: int,
    patience: float,
    picture: Path | None = None,
) -> Visit:
    """Start a container by its start script, and open and run the quickstart in it.

    Parameters
    ----------
    container : Container
    jupyter : list of str
        The command that starts JupyterLab.
    chromium : Browser
    port : int
        The port that JupyterLab shall listen on.
    patience : float
        Seconds after which the visit has failed.
    picture : Path, optional
        Where to save a picture of the panel.

    Returns
    -------
    Visit

    Raises
    ------
    StepFailed
        If a cell fails, or the lamps or the end of the notebook are not seen in time.
    """
    token, base = secrets.token_urlsafe(16), "/user/visitor/"
    address = f"http://127.0.0.1:{port}{base}"
    command = [
        *(str(container.home / START), *jupyter, "--no-browser", "--ip=127.0.0.1"),
        *(f"--port={port}", "--ServerApp.port_retries=0", f"--ServerApp.base_url={base}"),
        *(f"--IdentityProvider.token={token}", "--LabApp.expose_app_in_browser=True"),
    ]
    window = chromium.new_page(viewport={"width": 1320, "height": 1400})
    window.set_default_timeout(patience * 1000)
    began = time.monotonic()

    with contextlib.closing(window) as page, container.started(command) as process:

        def wait(what: str, is_there: Callable[[], bool]) -> float:
            while not is_there():
                passed = time.monotonic() - began
                if passed > patience or process.poll() is not None:
                    text = f"after {passed:.0f} s {what}\n{container.last_lines()}"
                    raise StepFailed(f"{text}\n{_shown(page)}")
                time.sleep(PAUSE)
            return time.monotonic() - began

        server = wait("Jupyter does not answer", lambda: _answers(f"{address}api"))
        page.goto(f"{address}lab/tree/{NOTEBOOK}?token={token}&reset")
        wait("the notebook is not open", lambda: bool(_look(page, READY)))
        page.evaluate(RUN_TO_PANEL)
        lamps = page.locator(LAMP)

        def is_lit() -> bool:
            _outputs(page)
            return lamps.count() > 0 and lamps.first.is_visible()

        panel = wait("no lamp is seen", is_lit)
        seen = lamps.count()
        if picture is not None:
            page.locator(".ast-panel").first.screenshot(path=picture)
        page.evaluate(RUN_THE_REST)
        end = wait("the quickstart has not ended", lambda: bool(_look(page, ENDED)))
        text = _outputs(page, were_run=True)
    return Visit(server, panel, end, seen, text)


def _outputs(page: Page, *, were_run: bool = False) -> str:
    """Return what the cells gave, as text; one that failed, or did not run, is a failure."""
    parts = []
    for number, cell in enumerate(page.evaluate(CELLS), start=1):
        for output in cell["outputs"]:
            if output["output_type"] == "error":
                error = f"{output['ename']}: {output['evalue']}"
                raise StepFailed(f"cell {number} of the quickstart failed: {error}")
            found = output.get("text") or output.get("data", {}).get("text/plain", "")
            parts.append("".join(found) if isinstance(found, list) else found)
        if were_run and cell["count"] != number:
            raise StepFailed(f"cell {number} of the quickstart did not run: {json.dumps(cell)}")
    return "\n".join(parts)


def _look(page: Page, script: str) -> object:
    try:
        return page.evaluate(script)
    except Error:  # the page is loaded anew
        return None


def _shown(page: Page) -> str:
    try:
        return page.inner_text("body")[-1000:]
    except Error:
        return ""


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=2) as answer:
            return bool(answer.status == 200)
    except (OSError, urllib.error.URLError):
        return False
