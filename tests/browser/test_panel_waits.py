"""Who waits for a call, in the panel: before a scripted kernel, and before a real Asterisk."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from ast_notebook.panel.unreturned import NO_TRUNK
from tests.lab.asterisk import Asterisk
from tests.support import browser
from tests.support.browser import Server
from tests.support.panel_page import HOSTILE, Seen, connect, open_page
from tests.support.paths import SCREENSHOTS
from tests.support.scripted_kernel import NOW, Kernel
from tests.support.waiting import eventually

TITLE = "Who waits for a call"


def waits(caller: str, seconds: float, **more: Any) -> dict[str, Any]:
    row = {"caller": caller, "caller_name": "", "queue": "support", "tries": 1, "note": ""}
    row |= {"first": NOW - seconds, "last": NOW - seconds / 2, "dial": caller, "caution": ""}
    return {**row, **more}


ROWS = {
    "030456": waits("030456", 600, tries=3, caller_name=HOSTILE, note="called back once in vain"),
    "030123": waits("030123", 7200),
    "*21*5": waits("*21*5", 60, dial=""),
}


@pytest.fixture
def kernel(shown: Any) -> Kernel:
    kernel: Kernel = shown(tables={"unreturned": ROWS}, may=["call"])
    return kernel


def button(kernel: Kernel, number: str) -> Any:
    return kernel.page.get_by_role("button", name=f"Call back {number}")


def field(kernel: Kernel, label: str) -> Any:
    return kernel.page.get_by_role("dialog").get_by_label(label, exact=True)


def finish(kernel: Kernel) -> None:
    kernel.page.wait_for_timeout(300)  # a double click is no answer
    kernel.page.get_by_role("dialog").get_by_role("button", name="Call back").click()


def test_who_has_waited_longest_stands_first(kernel: Kernel) -> None:
    assert kernel.column(TITLE, 1) == ["030123", f"030456 {HOSTILE}", "*21*5"]
    assert kernel.column(TITLE, 2) == ["1", "3", "1"]
    ages = [[one.replace("\xa0", " ") for one in kernel.column(TITLE, n)] for n in (3, 4)]
    assert ages[0] == ["2 h ago", "10 min ago", "1 min ago"]
    assert ages[1] == ["1 h ago", "5 min ago", "30 s ago"]
    assert "called back once in vain" in kernel.column(TITLE, 6)
    kernel.change(gone={"unreturned": ["030123"]})
    assert kernel.column(TITLE, 1) == [f"030456 {HOSTILE}", "*21*5"]
    kernel.change(gone={"unreturned": ["030456", "*21*5"]})
    expect(kernel.page.locator(".ast-unreturned")).to_be_hidden()


def test_the_telephone_is_asked_for_once(kernel: Kernel) -> None:
    button(kernel, "030123").click()
    assert field(kernel, "Number").input_value() == "030123"
    field(kernel, "My telephone").fill("PJSIP/200")
    field(kernel, "in context").fill("phones")
    finish(kernel)
    (order,) = kernel.orders()
    mine = {"source": "PJSIP/200", "context": "phones"}
    assert (order["what"], order["args"]) == ("call", {**mine, "dest": "030123"})
    kernel.done(order, "PJSIP/200 rings, to be connected with 030123")
    form = kernel.page.locator(".ast-call")
    expect(form.get_by_label("From device")).to_have_value("PJSIP/200")
    expect(form.get_by_label("in context")).to_have_value("phones")
    button(kernel, "030456").click()  # now at once
    eventually(lambda: len(kernel.orders()) == 2)
    assert kernel.orders()[1]["args"] == {**mine, "dest": "030456"}


def test_the_telephone_of_the_form_is_mine(kernel: Kernel) -> None:
    form = kernel.page.locator(".ast-call")
    form.get_by_label("From device").fill(" PJSIP/240 ")
    form.get_by_label("in context").fill("phones")
    button(kernel, "030123").click()
    eventually(lambda: len(kernel.orders()) == 1)
    assert kernel.orders()[0]["args"]["source"] == "PJSIP/240"
    kernel.done(kernel.orders()[0], "PJSIP/240: busy", ok=False)
    expect(kernel.page.locator(".ast-told")).to_have_text("PJSIP/240: busy")


def test_a_dear_number_is_called_only_after_a_question(shown: Any) -> None:
    caution = "a number abroad (TN)"
    row = waits("+21671123456", 60, dial="0021671123456", caution=caution)
    kernel = shown(tables={"unreturned": {"a": row}}, may=["call"])
    form = kernel.page.locator(".ast-call")
    form.get_by_label("From device").fill("PJSIP/240")
    form.get_by_label("in context").fill("phones")
    button(kernel, "").click()
    question = kernel.page.get_by_role("dialog")
    expect(question).to_contain_text(f"0021671123456 is {caution}. Call back from PJSIP/240?")
    question.get_by_role("button", name="Cancel").click()
    assert not kernel.orders()
    button(kernel, "").click()
    finish(kernel)
    eventually(lambda: len(kernel.orders()) == 1)


def test_nobody_calls_a_service_code_or_without_a_right_to(shown: Any, kernel: Kernel) -> None:
    expect(button(kernel, "")).to_have_count(2)  # of three callers
    for more in ({"may": ["call"], "readonly": True}, {"may": ["hangup"]}):
        there = shown(tables={"unreturned": ROWS}, **more)
        assert len(there.column(TITLE, 1)) == 3
        expect(button(there, "")).to_have_count(0)


def test_what_to_set_is_one_line_where_no_trunk_is_known(shown: Any) -> None:
    kernel = shown(silent={"unreturned": NO_TRUNK}, may=["call"])
    section = kernel.page.locator(".ast-unreturned")
    expect(section.get_by_text(NO_TRUNK)).to_be_visible()
    expect(section.get_by_role("table")).to_be_hidden()
    kernel.change(silent={"unreturned": ""}, set={"unreturned": ROWS})
    expect(section.get_by_text(NO_TRUNK)).to_be_hidden()
    expect(section.get_by_role("table")).to_be_visible()


def test_the_keyboard_alone_calls_back(kernel: Kernel) -> None:
    page = kernel.page
    page.get_by_role("table", name=TITLE).get_by_role("button", name="Last tried").focus()
    page.keyboard.press("Tab")
    if "Queue" in page.evaluate("document.activeElement.textContent"):  # heads that are not near
        page.keyboard.press("Tab")
        page.keyboard.press("Tab")
    row = page.locator(".ast-unreturned tr[data-key]").first
    expect(row).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    item = page.get_by_role("menuitem", name="Call back…")
    expect(item).to_be_focused()
    page.keyboard.press("Enter")
    expect(field(kernel, "My telephone")).to_be_focused()
    page.keyboard.type("PJSIP/200")
    page.keyboard.press("Tab")
    expect(field(kernel, "Number")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.type("phones")
    page.wait_for_timeout(300)  # a double click is no answer
    page.keyboard.press("Enter")
    eventually(lambda: len(kernel.orders()) == 1)
    args = {"source": "PJSIP/200", "context": "phones", "dest": "030456"}
    assert kernel.orders()[0]["args"] == args


# --- a real Asterisk -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def office(asterisk: Asterisk) -> Any:
    browser.require()
    tell = "sh.ast.tell(trunks='30', country='DE')\n"  # as if telephone 30 was the public network
    with Server("lab", [connect(asterisk) + tell, "Panel(sh)"]) as server:
        yield server


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_whoever_was_called_back_leaves_the_list(
    chromium: Browser, asterisk: Asterisk, office: Server, theme: str
) -> None:
    page, errors = open_page(chromium, office, theme=theme)
    seen = Seen(page, errors)
    expect(seen.lamp("PJSIP/2222")).to_be_visible(timeout=60_000)
    expect(seen.section("unreturned")).to_be_hidden()
    for _ in range(2):
        with asterisk.telephone("2222").rings(), asterisk.telephone("30").calls("2222") as call:
            expect(seen.lamp("PJSIP/2222")).to_have_attribute(
                "data-state", "RINGING", timeout=60_000
            )
            call.hang_up()
            eventually(lambda: not asterisk.channels())
    row = seen.row("unreturned", "30")
    expect(row).to_contain_text("Kitchen", timeout=60_000)
    expect(row.locator("td[data-label=Tries]")).to_have_text("2", timeout=60_000)
    assert not audit(page), json.dumps(audit(page), indent=1)
    picture(page, seen, f"waits-{theme}")
    with asterisk.telephone("2222").answers(), asterisk.telephone("30").answers():
        seen.button(row, "Call back").click()
        page.get_by_label("My telephone").fill("PJSIP/2222")
        page.get_by_label("in context").last.fill("phones")
        assert not audit(page), json.dumps(audit(page), indent=1)
        picture(page, seen, f"calls-back-{theme}")
        seen.button(seen.popup(), "Call back").click()
        expect(seen.panel.locator(".ast-told")).to_have_text(
            "PJSIP/2222 rings, to be connected with 30", timeout=60_000
        )
        eventually(lambda: len(asterisk.channels()) == 2 and seen.leg("PJSIP/30").count())
        expect(seen.leg("PJSIP/30")).to_contain_text("up", timeout=60_000)
        eventually(lambda: are_bridged(asterisk))  # a telephone is up before the call is answered
        for channel in asterisk.channels():
            asterisk.cli(f"channel request hangup {channel}")
    expect(seen.section("unreturned")).to_be_hidden(timeout=60_000)
    page.context.close()
    assert not errors


def are_bridged(asterisk: Asterisk) -> bool:
    return re.search(r" 2 +basic ", asterisk.cli("bridge show all")) is not None


def picture(page: Page, seen: Seen, name: str) -> None:
    seen.section("unreturned").scroll_into_view_if_needed()
    SCREENSHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"{name}.png")


def audit(page: Page) -> list[Any]:
    page.evaluate(browser.axe())
    result = page.evaluate("() => axe.run('.ast-panel', {resultTypes: ['violations']})")
    return [
        [one["id"], one["nodes"][0]["html"][:200]]
        for one in result["violations"]
        if one["impact"] in ("serious", "critical")
    ]
