"""Chromium, servers of notebooks, and panels in them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Route, expect

from tests.lab.asterisk import Asterisk
from tests.lab.fixtures import require
from tests.support import browser
from tests.support.browser import Server
from tests.support.panel_page import SHOW, Seen, connect, open_page
from tests.support.scripted_kernel import ADDRESS, FILES, FOLDER, HTML, SNAPSHOT, Kernel
from tests.support.waiting import eventually

expect.set_options(timeout=60_000)  # five seconds are too few on a busy machine


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    browser.require()
    with browser.browser() as started:
        yield started


@pytest.fixture(scope="module")
def asterisk() -> Iterator[Asterisk]:
    require(22)
    with Asterisk(22) as pbx:
        yield pbx


@pytest.fixture(scope="module")
def lab(asterisk: Asterisk) -> Iterator[Server]:
    browser.require()
    with Server("lab", [connect(asterisk), SHOW]) as server:
        yield server


@pytest.fixture(scope="module")
def voila(asterisk: Asterisk) -> Iterator[Server]:
    browser.require_voila()
    with Server("voila", [connect(asterisk) + SHOW]) as server:
        yield server


@pytest.fixture(scope="module", params=["lab", "voila"])
def shared(request: pytest.FixtureRequest, chromium: Browser) -> Iterator[Seen]:
    """A panel that several tests look at, one after the other."""
    server = request.getfixturevalue(request.param)
    page, errors = open_page(chromium, server)
    seen = Seen(page, errors)
    expect(seen.lamp("PJSIP/2222")).to_be_visible(timeout=60_000)
    yield seen
    page.context.close()


@pytest.fixture
def seen(shared: Seen, asterisk: Asterisk) -> Iterator[Seen]:
    yield shared
    for channel in asterisk.channels():
        asterisk.cli(f"channel request hangup {channel}")
    eventually(lambda: not asterisk.channels())
    shared.page.keyboard.press("Escape")
    expect(shared.section("channels").locator("tbody tr[data-key]")).to_have_count(0)
    assert not shared.errors


@pytest.fixture
def notebook(chromium: Browser) -> Iterator[Any]:
    """Open a notebook of these cells in JupyterLab."""
    browser.require()
    opened: list[Any] = []

    def show(*cells: str) -> Seen:
        server = Server("lab", list(cells))
        server.__enter__()
        opened.append(server)
        page, errors = open_page(chromium, server)
        opened.append(page.context)
        return Seen(page, errors)

    yield show
    for one in reversed(opened):
        one.__exit__() if isinstance(one, Server) else one.close()


@pytest.fixture
def shown(chromium: Browser) -> Iterator[Callable[..., Kernel]]:
    """Open a page with a panel of an idle PBX, but for what is given."""
    context = chromium.new_context(locale="en-US", timezone_id="UTC")
    context.set_default_timeout(60_000)
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))

    def serve(route: Route) -> None:
        name = route.request.url.removeprefix(ADDRESS)
        if name in FILES:
            route.fulfill(path=FOLDER / name, content_type=FILES[name])
        else:
            route.fulfill(body=HTML, content_type="text/html")

    def show(**more: Any) -> Kernel:
        page.route(f"{ADDRESS}**", serve)
        page.goto(ADDRESS)
        return Kernel(page, SNAPSHOT | more)

    yield show
    context.close()
    assert not errors
