"""Who looks at a panel, and what is sent to whom."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from ast_notebook import SmartHome
from ast_notebook.panel import Panel, widget
from ast_notebook.panel.publisher import THREAD, Publisher
from ast_notebook.panel.views import LEASE, Busy, Views
from tests.support.panel_kernel import Page, threads
from tests.support.waiting import eventually


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    moment = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: moment[0])

    def advance(seconds: float) -> None:
        moment[0] += seconds

    return advance


NEVER = float("-inf")


def test_a_page_that_says_nothing_more_is_gone(clock: Callable[[float], None]) -> None:
    views = Views()
    views.hello("page")
    clock(LEASE - 1)
    assert views.any(deaf_until=NEVER)
    clock(2)
    assert not views.any(deaf_until=NEVER)


def test_no_page_is_given_up_while_a_cell_runs(clock: Callable[[float], None]) -> None:
    views = Views()
    views.hello("page")
    clock(3600)
    assert views.any(deaf_until=time.monotonic())
    clock(30)
    assert views.any(deaf_until=time.monotonic() - 30)


def test_a_panel_just_shown_counts_as_seen(clock: Callable[[float], None]) -> None:
    views = Views()
    assert not views.any(deaf_until=NEVER)
    views.shown()
    assert views.any(deaf_until=NEVER)
    clock(120)
    assert not views.any(deaf_until=NEVER)
    views.shown()
    views.visible("page", False)
    assert not views.any(deaf_until=NEVER)


def test_while_a_cell_runs_pages_are_told_unasked(
    sh: SmartHome, page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(widget._busy, "_running", True)
    monkeypatch.setattr(widget, "KEYFRAME", 0.1)
    page.panel._views.shown()
    widget._publisher.wake(page.panel)
    eventually(lambda: len([one for one in page.of("snapshot") if "?" in one["to"]]) >= 2)


class Shell:
    """IPython's events."""

    def __init__(self) -> None:
        self.bound: list[tuple[str, Any]] = []
        self.events = self

    def register(self, name: str, function: Any) -> None:
        self.bound.append((name, function))

    def unregister(self, name: str, function: Any) -> None:
        self.bound.remove((name, function))


def test_a_running_cell_is_noticed() -> None:
    shell, busy = Shell(), Busy()
    busy.follow(None)
    assert not busy.running
    busy.follow(shell)
    assert busy.running  # a panel is made in a cell
    dict(shell.bound)["post_run_cell"](None)
    assert not busy.running and busy.until <= time.monotonic()
    dict(shell.bound)["pre_run_cell"](None)
    assert busy.running
    busy.leave()
    assert not shell.bound and not busy.running


class Counting:
    """Something published that fails."""

    def __init__(self) -> None:
        self.times = 0

    def publish(self) -> float:
        self.times += 1
        raise RuntimeError("once more")


def test_one_panel_that_fails_does_not_end_the_publisher(
    caplog: pytest.LogCaptureFixture,
) -> None:
    publisher, failing = Publisher(), Counting()
    publisher.add(failing)
    eventually(lambda: failing.times)
    publisher.wake(failing)
    eventually(lambda: failing.times >= 2)
    publisher.remove(failing)
    assert not threads(THREAD)
    assert "could not be brought up to date" in caplog.text


@pytest.mark.parametrize("names", [("page",), ("page", "other"), ("page", "*"), ("page", "?")])
def test_pages_that_say_hello_without_end_get_no_more_than_the_panel_refreshes(
    sh: SmartHome, monkeypatch: pytest.MonkeyPatch, names: tuple[str, ...]
) -> None:
    page = Page(Panel(sh, refresh_hz=2), monkeypatch)
    page.look()
    before, began = len(page.messages), time.monotonic()
    for number in range(300):
        page.say(t="visible", on=bool(number % 3))
        page.say(t="hello", view=names[number % len(names)])
        time.sleep(0.005)
    pauses = (time.monotonic() - began) / 0.5
    told = page.messages[before:]
    assert sum(one["t"] == "snapshot" for one in told) <= pauses + 2
    assert sum(one["t"] == "delta" for one in told) <= 2 * pauses + 3
    eventually(lambda: "page" in page.of("snapshot")[-1]["to"])


def test_a_page_that_opens_gets_its_snapshot_at_once_however_rarely_the_panel_refreshes(
    sh: SmartHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = Page(Panel(sh, refresh_hz=0.1), monkeypatch)
    page.panel._views.shown()
    page.panel._views.want("*")
    page.say(t="visible", on=True)
    eventually(lambda: page.of("snapshot"))
    began = time.monotonic()
    page.say(t="hello")
    eventually(lambda: any("page" in one["to"] for one in page.of("snapshot")))
    assert time.monotonic() - began < 5
