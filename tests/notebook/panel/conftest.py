"""A panel before the demo, and a page that looks at it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ast_notebook import SmartHome, demo
from ast_notebook.panel import Panel, close_all
from tests.support.panel_kernel import ITEMS, Page, connected


@pytest.fixture(scope="module")
def pbx() -> Iterator[demo.Demo]:
    with demo.start(calls=False, username="panel") as started:
        yield started


@pytest.fixture
def sh(pbx: demo.Demo) -> Iterator[SmartHome]:
    with connected(pbx) as home:
        home.load_items(ITEMS)
        yield home
    close_all()


@pytest.fixture
def page(sh: SmartHome, monkeypatch: pytest.MonkeyPatch) -> Page:
    return Page(Panel(sh, refresh_hz=50), monkeypatch)
