"""A kernel that says to a panel's page what a test has it say."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from ast_notebook import panel

FOLDER = Path(panel.__file__).parent / "static"
ADDRESS = "http://panel.test/"
HTML = """<!doctype html><meta charset="utf-8"><title>panel</title>
<link rel="stylesheet" href="panel.css"><main></main>"""
FILES = {"panel.js": "text/javascript", "panel.css": "text/css"}
RENDER = """async (picture) => {
    window.sent = [];
    const {default: widget} = await import('./panel.js');
    const model = {
        get: (name) => ({name: 'panel', picture})[name],
        on: (_, listener) => (window.tell = listener),
        off: () => {},
        send: (message) => window.sent.push(message),
    };
    widget.initialize({model});
    widget.render({model, el: document.querySelector('main')});
}"""
NOW = datetime.datetime(2026, 3, 1, 0, 5, tzinfo=datetime.UTC).timestamp()
SNAPSHOT: dict[str, Any] = {
    "t": "snapshot",
    "to": ["*"],
    "seq": 0,
    "now": NOW,
    "taken": NOW,
    "readonly": False,
    "wall": False,
    "several": False,
    "may": [],
    "silent": {},
    "tables": {},
    "items": {},
    "events": [],
    "concurrency": [],
    "connection": {"state": "connected", "name": "ast"},
}


class Kernel:
    """A kernel that says what a test has it say, and the page that shows it."""

    def __init__(self, page: Page, snapshot: dict[str, Any]) -> None:
        self.page = page
        self._sequence = 0
        page.evaluate(RENDER, snapshot)
        self._tell(snapshot)

    def change(self, **delta: Any) -> None:
        """Say what changed."""
        self._sequence += 1
        self._tell({"t": "delta", "seq": self._sequence, "now": NOW, "dropped_events": 0, **delta})

    def _tell(self, message: dict[str, Any]) -> None:
        self.page.evaluate("message => window.tell(message)", message)
        self.page.wait_for_timeout(100)  # it is drawn in the next frame

    def done(self, order: dict[str, Any], text: str = "", *, ok: bool = True) -> None:
        """Say what became of an order."""
        self._tell({"t": "done", "id": order["id"], "ok": ok, "text": text})

    def orders(self) -> list[dict[str, Any]]:
        """What the page has asked for so far."""
        sent: list[dict[str, Any]] = self.page.evaluate("() => window.sent")
        return [message for message in sent if message["t"] == "do"]

    def head(self, table: str, label: str) -> Any:
        return self.page.get_by_role("table", name=table, exact=True).get_by_role(
            "columnheader", name=label
        )

    def column(self, table: str, number: int) -> list[str]:
        """The texts of a column, from the first."""
        self.page.wait_for_timeout(100)
        cells = self.page.get_by_role("table", name=table, exact=True).locator(
            f"tr[data-key] > *:nth-child({number})"
        )
        return list(cells.all_inner_texts())
