"""What a page clicks is carried out on threads that a panel waits for when it closes."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import Any

import pytest

from ast_notebook.panel.clicks import Clicks


def test_a_panel_that_closes_while_a_click_begins_waits_for_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    feed: Any = SimpleNamespace(name="ast")
    items: Any = None
    clicks = Clicks(feed, items, False, lambda: None)
    begins, closes, done = threading.Event(), threading.Event(), threading.Event()
    start = threading.Thread.start

    def late(self: threading.Thread) -> None:
        if self.name == "ast-panel-ast":
            begins.set()
            closes.wait(0.3)
        start(self)

    monkeypatch.setattr(threading.Thread, "start", late)
    clicking = threading.Thread(target=clicks.start, args=(done.set,))
    clicking.start()
    assert begins.wait(30)
    clicks.join(30)
    assert done.is_set()
    closes.set()
    clicking.join(30)
