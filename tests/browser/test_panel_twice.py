"""What is pressed twice is ordered once, and what was chosen stays chosen."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from ast_notebook import demo
from tests.browser.test_panel_waits import ROWS, button
from tests.support import browser
from tests.support.browser import Server
from tests.support.panel_page import SHOW, Seen, connect, open_page
from tests.support.scripted_kernel import Kernel

PBXS = {
    name: {"pbx": name, "state": "connected", "calls": 0, "channels": 0, "rate": 0.0}
    for name in ("ast", "berlin")
}


@pytest.fixture(scope="module")
def pbx() -> Iterator[demo.Demo]:
    with demo.start(calls=False, username="panel") as started:
        yield started


def fill(kernel: Kernel, **fields: str) -> Any:
    form = kernel.page.locator(".ast-call")
    for label, value in fields.items():
        form.get_by_label(label.replace("_", " ")).fill(value)
    return form


def two_pbxs(shown: Any) -> tuple[Kernel, Any]:
    """Show a panel of two PBXs, with a call in its form."""
    kernel = shown(
        several=True,
        tables={"pbxs": PBXS},
        may=["ast/call", "berlin/call"],
        connection={"state": "connected", "name": "ast, berlin"},
    )
    form = fill(kernel, From_device="PJSIP/200", To_extension="600", in_context="phones")
    return kernel, form


def test_a_double_click_makes_one_call(shown: Any) -> None:
    kernel = shown(tables={"unreturned": ROWS}, may=["call"])
    form = fill(kernel, From_device="PJSIP/200", To_extension="600", in_context="phones")
    form.get_by_role("button", name="Call").dblclick()
    button(kernel, "030123").dblclick()
    kernel.page.wait_for_timeout(100)
    assert [one["args"]["dest"] for one in kernel.orders()] == ["600", "030123"]


def test_a_call_form_stays_with_the_pbx_that_was_chosen(shown: Any) -> None:
    kernel, form = two_pbxs(shown)
    form.get_by_label("On PBX").select_option("berlin")
    kernel.change(set={"pbxs": {"berlin": {"state": "lost"}}})
    expect(form).to_be_visible()
    form.get_by_role("button", name="Call").click()
    kernel.page.wait_for_timeout(100)
    assert {one["args"]["pbx"] for one in kernel.orders()} <= {"berlin"}
    kernel.change(set={"pbxs": {"berlin": {"state": "connected"}}})
    expect(form.get_by_label("On PBX")).to_have_value("berlin")


def test_the_second_click_on_a_popup_presses_nothing_below_it(shown: Any) -> None:
    rows = {
        f"03{number:03}": {**ROWS["030123"], "caller": f"03{number:03}"} for number in range(40)
    }
    rows = {key: {**row, "dial": key} for key, row in rows.items()}
    kernel = shown(tables={"unreturned": rows}, may=["call"])
    form = fill(kernel, From_device="PJSIP/200", in_context="phones")
    kernel.page.get_by_role("button", name="More actions").nth(3).click()
    kernel.page.get_by_role("menuitem", name="Call back").click()
    dialog = kernel.page.get_by_role("dialog")
    below = button(kernel, "03").first.bounding_box()
    there = dialog.get_by_role("button", name="Cancel")
    box = there.bounding_box()
    # The popup is put above a button of the table, as it may be on any page.
    dialog.evaluate(
        "(it, by) => { it.style.left = `${it.offsetLeft + by[0]}px`; "
        "it.style.top = `${it.offsetTop + by[1]}px`; }",
        [below["x"] - box["x"], below["y"] - box["y"]],
    )
    there.dblclick(position={"x": 5, "y": 5})
    kernel.page.wait_for_timeout(100)
    assert not kernel.orders()
    button(kernel, "03001").click()
    kernel.page.wait_for_timeout(100)
    assert [one["args"]["dest"] for one in kernel.orders()] == ["03001"]
    expect(form).to_be_visible()


def test_a_late_result_leaves_what_was_typed_meanwhile(shown: Any) -> None:
    kernel, form = two_pbxs(shown)
    form.get_by_role("button", name="Call").click()
    form.get_by_label("On PBX").select_option("berlin")
    fill(kernel, From_device="PJSIP/300")
    (order,) = kernel.orders()
    kernel.done(order, "ast: PJSIP/200 rings")
    expect(form.get_by_label("On PBX")).to_have_value("berlin")
    expect(form.get_by_label("From device")).to_have_value("PJSIP/300")


def test_enter_in_the_field_of_an_item_sets_it_in_jupyterlab(notebook: Any, pbx: demo.Demo) -> None:
    load = "sh.load_items({'office': {'note': {'type': 'str', 'value': 'old'}}})\n"
    seen = notebook(connect(pbx), f"{load}{SHOW}")
    field = seen.panel.get_by_label("office.note", exact=True)
    expect(field).to_be_visible(timeout=60_000)
    field.fill("new")
    field.press("Enter")
    expect(seen.panel.locator(".ast-told")).to_have_text("office.note is new")
    expect(field).to_be_focused()
    assert not seen.errors


CELLS = "window.jupyterapp.shell.currentWidget.content.model.cells.length"


@pytest.mark.parametrize("kind", ["lab", "notebook"])
def test_letters_that_are_pressed_in_the_panel_change_no_cell(
    chromium: Browser, kind: str, pbx: demo.Demo
) -> None:
    {"lab": browser.require, "notebook": browser.require_notebook}[kind]()
    with Server(kind, [connect(pbx), SHOW, "'more'"]) as server:
        page, errors = open_page(chromium, server)
        seen = Seen(page, errors)
        expect(seen.lamp("PJSIP/2222")).to_be_visible(timeout=60_000)
        row = seen.row("queues", "Hall")
        for place in (
            row,
            seen.section("devices").get_by_role("list"),
            seen.button(seen.section("queues"), "Longest"),
            seen.panel.get_by_role("switch").first,
        ):
            place.focus()
            for key in "xddabmz":
                page.keyboard.press(key)
            expect(place).to_be_focused()
            assert page.evaluate(CELLS) == 3
        row.focus()
        page.keyboard.press("Enter")
        page.keyboard.press("x")
        expect(seen.popup()).to_be_visible()
        page.keyboard.press("Escape")
        page.wait_for_timeout(300)
        assert page.evaluate(CELLS) == 3
        page.context.close()
        assert not errors
