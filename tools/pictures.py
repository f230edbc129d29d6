"""Makes the pictures of the README from the real thing: a panel of the demo, and a report.

Run it by ``python -m tools.pictures``, or with the names of some. It starts a demo PBX, a
JupyterLab and Debian's chromium, and writes ``docs/pictures``, each picture for light and for dark
pages.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Literal

from PIL import Image
from playwright.sync_api import Browser, Locator, Page

from ast_notebook import demo
from ast_notebook.calls import agent_pauses, agent_sessions, calls, visits
from ast_notebook.calls.report import Report
from ast_notebook.demo.week import week
from tests.support import browser
from tests.support.browser import Server

ROOT = Path(__file__).parents[1]
PICTURES = ROOT / "docs" / "pictures"
THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
CELLS = """
import time

import ast_notebook

sh = ast_notebook.connect({host!r}, {port}, username={username!r}, password={password!r})
sh.load_items({{
    "office": {{
        "fon": {{"name": "Office", "type": "bool", "ast_dev": "2222"}},
        "dnd": {{"name": "Do not disturb", "type": "bool", "ast_db": "dnd/office"}},
    }}
}})
panel = ast_notebook.Panel(sh)
panel
"""


def picture_of_panel(chromium: Browser) -> None:
    """Take the panel of a demo that has been at work for a while, in JupyterLab."""
    with demo.start(username="panel", seed=11) as small:
        code = CELLS.format(
            host=small.host, port=small.port, username=small.username, password=small.password
        )
        with Server("lab", [code]) as server:
            for theme in THEMES:
                page = chromium.new_page(viewport={"width": 1320, "height": 1400})
                server.show(page, theme=theme)
                panel = page.locator(".ast-panel").first
                panel.wait_for(timeout=60_000)
                # Calls are at work, and the line of the last hour has something to show.
                panel.locator(".ast-channels tbody tr[data-key]").nth(4).wait_for(timeout=60_000)
                _save(panel, f"panel-{theme}")
                page.close()


def picture_of_report(chromium: Browser) -> None:
    """Take the beginning of the page of a made-up week."""
    events = week("2026-11-16")
    report = Report(
        calls(events, trunks=["provider"]),
        visits(events),
        sessions=agent_sessions(events),
        pauses=agent_pauses(events),
        tz="Europe/Berlin",
        title="The week's calls",
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "report.html"
        report.save(path)
        for theme in THEMES:
            page = chromium.new_page(viewport={"width": 1100, "height": 1080}, color_scheme=theme)
            page.goto(path.as_uri())
            _save(page, f"report-{theme}")
            page.close()


def _save(what: Page | Locator, name: str) -> None:
    PICTURES.mkdir(exist_ok=True)
    path = PICTURES / f"{name}.png"
    what.screenshot(path=path)
    # A palette of 128 colours is enough for text and lamps, at a third of the size.
    Image.open(path).convert("RGB").quantize(128, Image.Quantize.MEDIANCUT).save(
        path, optimize=True
    )
    print(f"{path.relative_to(ROOT)}: {path.stat().st_size / 1000:.0f} kB")


def main(names: list[str]) -> None:
    """Make the pictures of these names, or all."""
    makers = {"panel": picture_of_panel, "report": picture_of_report}
    with browser.browser() as chromium:
        for name in names or makers:
            makers[name](chromium)


if __name__ == "__main__":
    main(sys.argv[1:])
