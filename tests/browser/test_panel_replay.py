"""The time bar in the panel of a replay, before a scripted kernel and before a real one."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, expect

from tests.support import browser
from tests.support.scripted_kernel import NOW, Kernel
from tests.support.waiting import eventually

AT = NOW - 3000  # 2026-02-28 23:15 UTC
REPLAY: dict[str, Any] = {
    "since": NOW - 7200,
    "until": NOW + 3600,
    "at": AT,
    "speed": 0,
    "gaps": [],
}
CHANNEL = {
    "channel": "PJSIP/200-1",
    "uniqueid": "1",
    "linkedid": "1",
    "device": "PJSIP/200",
    "state": "Up",
    "caller": "200",
    "exten": "240",
    "since": AT - 65,
}


class Bar:
    """The time bar of a page."""

    def __init__(self, kernel: Kernel) -> None:
        self.kernel = kernel
        self.element = kernel.page.locator(".ast-replay")
        self.slider = self.element.get_by_role("slider", name="Moment of the replay")
        self.speed = self.element.get_by_role("combobox", name="Speed")

    def button(self, name: str) -> Locator:
        return self.element.get_by_role("button", name=name, exact=True)

    def asked(self) -> list[tuple[str, dict[str, Any]]]:
        return [(order["what"], order["args"]) for order in self.kernel.orders()]

    def wait_for(self, orders: int) -> dict[str, Any]:
        """Wait until so many orders were sent, and return the last one."""
        eventually(lambda: len(self.kernel.orders()) >= orders)
        found = self.kernel.orders()
        assert len(found) == orders
        return found[-1]


@pytest.fixture
def bar(shown: Callable[..., Kernel]) -> Callable[..., Bar]:
    def show(**more: Any) -> Bar:
        tables = {"channels": {"1": dict(CHANNEL)}}
        kernel = shown(
            **{"replay": REPLAY, "taken": AT, "tables": tables, "may": ["hangup"]} | more
        )
        return Bar(kernel)

    return show


def test_a_pbx_that_is_no_replay_has_no_time_bar(shown):
    kernel = shown()
    expect(kernel.page.locator(".ast-replay")).to_be_hidden()


def test_the_bar_says_where_the_replay_is_and_what_was_not_recorded(bar):
    gaps = [[NOW - 5000, NOW - 4200], [NOW, NOW + 60]]
    shown = bar(replay={**REPLAY, "gaps": gaps})
    expect(shown.element.locator(".ast-present")).to_have_text("Feb 28, 2026, 23:15:00")
    expect(shown.slider).to_have_attribute("aria-valuetext", "Feb 28, 2026, 23:15:00")
    expect(shown.element).to_contain_text("nothing recorded")
    said = "Nothing is recorded from Feb 28, 2026, 22:41:40 to Feb 28, 2026, 22:55:00, from "
    expect(shown.element.locator(".ast-sr")).to_contain_text(said)
    track = shown.element.locator(".ast-track").bounding_box()
    gap = shown.element.locator(".ast-lost > div").first.bounding_box()
    assert abs((gap["x"] - track["x"]) / track["width"] - 2200 / 10800) < 0.01
    assert abs(gap["width"] / track["width"] - 800 / 10800) < 0.01
    shown.kernel.change(connection={"stale": True})
    expect(shown.kernel.page.locator(".ast-banner")).to_contain_text("Nothing was recorded at this")


def test_the_buttons_play_pause_and_choose_the_speed(bar):
    shown = bar()
    shown.button("Play").click()
    order = shown.wait_for(1)
    assert (order["what"], order["args"]) == ("replay_play", {"speed": 60})
    shown.kernel.done(order)
    shown.kernel.change(replay={"at": AT, "speed": 60})
    expect(shown.button("Pause")).to_be_visible()
    shown.speed.select_option("600")
    assert shown.wait_for(2)["args"] == {"speed": 600}
    shown.button("Pause").click()
    shown.wait_for(3)
    shown.kernel.change(replay={"at": AT + 600, "speed": 0})
    shown.speed.select_option("5")  # counts from the next play on
    shown.button("Play").click()
    assert shown.wait_for(4)["args"] == {"speed": 5}
    shown.kernel.change(replay={"at": AT + 600, "speed": 42})  # by a cell
    shown.button("Pause").focus()
    expect(shown.speed).to_have_value("42")


def test_durations_are_in_the_time_of_the_replay_forward_and_back(bar):
    shown = bar()
    duration = shown.kernel.page.locator(".ast-calls td.ast-number")
    expect(duration).to_have_text("1:05")
    shown.kernel.change(replay={"at": AT + 60, "speed": 0})
    expect(duration).to_have_text("2:05")
    shown.kernel.change(replay={"at": AT - 60, "speed": 0})
    expect(duration).to_have_text("0:05")
    shown.kernel.change(replay={"at": AT, "speed": 600})
    expect(duration).to_have_text(re.compile("^([2-9]|[1-9][0-9]):"))  # though no word has come
    shown.kernel.change(replay={"at": REPLAY["until"], "speed": 0})
    expect(shown.element.locator(".ast-present")).to_have_text("Mar 1, 2026, 01:05:00")


def test_the_keyboard_plays_and_moves(bar):
    shown = bar()
    shown.slider.focus()
    press = shown.kernel.page.keyboard.press
    press("Space")
    assert shown.wait_for(1)["what"] == "replay_play"
    press("ArrowRight")
    first = shown.wait_for(2)
    assert (first["what"], first["args"]) == ("replay_seek", {"to": AT + 10})
    for _ in range(3):
        press("ArrowRight")
    press("ArrowUp")
    expect(shown.element.locator(".ast-present")).to_have_text("Feb 28, 2026, 23:16:40")
    assert len(shown.kernel.orders()) == 2, "one after the other"
    shown.kernel.done(first)
    last = shown.wait_for(3)
    assert last["args"] == {"to": AT + 100}, "and of several the last one"
    shown.kernel.done(last)
    for number, (key, to) in enumerate(
        {
            "Home": REPLAY["since"],
            "End": REPLAY["until"],
            "PageUp": AT + 600,
            "PageDown": AT - 600,
            "ArrowLeft": AT - 10,
            "ArrowDown": AT - 60,
        }.items(),
        start=4,
    ):
        press(key)
        order = shown.wait_for(number)
        assert order["args"] == {"to": to}, key
        shown.kernel.done(order)
    shown.button("Next call").focus()
    press("ArrowRight")
    assert shown.wait_for(10)["what"] == "replay_seek"
    press("Space")
    assert shown.wait_for(11)["what"] == "replay_call", "a button's own key"
    press("Tab")
    press("Tab")
    shown.kernel.page.keyboard.type("1 2")
    press("ArrowLeft")
    expect(shown.element.get_by_role("textbox")).to_have_value("1 2")
    assert len(shown.kernel.orders()) == 11


def test_the_slider_is_drawn_to_a_moment(bar):
    shown = bar()
    box = shown.slider.bounding_box()
    mouse = shown.kernel.page.mouse
    middle = box["y"] + box["height"] / 2
    mouse.move(box["x"] + box["width"] / 2, middle)
    mouse.down()
    mouse.move(box["x"] + box["width"] * 0.75, middle, steps=4)
    assert not shown.kernel.orders()
    expect(shown.element.locator(".ast-present")).not_to_have_text("Feb 28, 2026, 23:15:00")
    mouse.up()
    order = shown.wait_for(1)
    assert abs(order["args"]["to"] - (REPLAY["since"] + 0.75 * 10800)) < 200
    shown.kernel.done(order, "no", ok=False)
    expect(shown.element.locator(".ast-present")).to_have_text("Feb 28, 2026, 23:15:00")


def test_a_moment_is_typed_in_the_zone_of_the_page(bar):
    shown = bar()
    field = shown.element.get_by_role("textbox", name="Go to a time, such as 14:05")
    field.fill("14:05")
    field.press("Enter")
    order = shown.wait_for(1)
    assert order["what"] == "replay_type"
    assert order["args"] == {"moment": "14:05", "zone": "UTC"}
    shown.kernel.done(order, "14:05 is not in this replay", ok=False)
    told = shown.kernel.page.locator(".ast-told")
    expect(told).to_have_text("14:05 is not in this replay")
    shown.button("Next alarm").click()
    shown.kernel.done(shown.wait_for(2), "An alarm: SessionLost.")
    expect(told).to_have_text("An alarm: SessionLost.")
    expect(shown.kernel.page.locator("p[aria-live]")).to_have_text("An alarm: SessionLost.")


def test_a_panel_without_buttons_shows_the_time_and_cannot_move_it(bar):
    shown = bar(readonly=True)
    expect(shown.slider).to_be_disabled()
    expect(shown.button("Play")).to_be_hidden()
    expect(shown.element.locator(".ast-present")).to_have_text("Feb 28, 2026, 23:15:00")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1400, 700, 320])
def test_the_bar_is_accessible_and_fits(bar, theme, width):
    shown = bar(replay={**REPLAY, "gaps": [[NOW, NOW + 60]]})
    page = shown.kernel.page
    page.emulate_media(color_scheme=theme)
    page.set_viewport_size({"width": width, "height": 900})
    shown.slider.focus()
    page.evaluate(browser.axe())
    found = page.evaluate("() => axe.run('.ast-panel', {resultTypes: ['violations']})")
    assert [(one["id"], one["nodes"][0]["html"]) for one in found["violations"]] == []
    assert page.evaluate("() => document.documentElement.scrollWidth") <= width


MAKE = """
import ast_notebook
from ast_notebook.demo.week import week
from ast_notebook.panel import Panel
sh = ast_notebook.replay(
    week("2026-11-16"), "2026-11-16 8:00", "2026-11-16 18:00", "2026-11-16 10:30", tz="UTC"
)
"""
SHOW = "panel = Panel(sh, readonly=False)\npanel"


def test_a_recorded_day_is_moved_in_jupyterlab(notebook: Any) -> None:
    seen = notebook(MAKE, SHOW)
    page = seen.page
    bar = seen.section("replay")
    present = bar.locator(".ast-present")
    calls = seen.section("channels").locator("tbody tr[data-key]")
    expect(bar.get_by_role("button", name="Next call")).to_be_enabled(timeout=60_000)
    before = present.inner_text()
    bar.get_by_role("button", name="Next call").click()
    expect(seen.panel.locator(".ast-told")).to_contain_text("A call: ")
    expect(present).not_to_have_text(before)
    expect(calls.first).to_be_visible()

    row = calls.filter(has_text="up").first
    row.get_by_role("button", name="Hang up").click()
    page.wait_for_timeout(300)  # a double click is no answer
    seen.popup().get_by_role("button", name="Hang up").click()
    expect(seen.panel.locator(".ast-told")).to_contain_text("Nothing was sent, since this is a re")

    bar.get_by_role("combobox", name="Speed").select_option("600")
    before = present.inner_text()
    bar.get_by_role("button", name="Play").click()
    expect(bar.get_by_role("button", name="Pause")).to_be_visible()
    expect(present).not_to_have_text(before)
    bar.get_by_role("button", name="Pause").click()
    expect(bar.get_by_role("button", name="Play")).to_be_visible()
    bar.get_by_role("textbox").fill("2026-11-16T17:59:30Z")
    bar.get_by_role("textbox").press("Enter")
    zone = page.evaluate("() => new Date('2026-11-16T17:59:30Z').toLocaleTimeString('en-GB')")
    expect(present).to_contain_text(zone)
    bar.get_by_role("slider").focus()
    page.keyboard.press("Home")
    expect(calls).to_have_count(0)
    page.keyboard.press("Space")
    expect(bar.get_by_role("button", name="Pause")).to_be_visible()
    assert not seen.errors
