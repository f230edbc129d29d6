"""The sign at a call that sounds bad now: real Asterisks, and a relay that loses voice."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.lab.asterisk import Asterisk
from tests.lab.relay import Harm, Relay
from tests.lab.relayed import relayed
from tests.support import browser
from tests.support.browser import Server
from tests.support.panel_page import Seen, connect, open_page
from tests.support.paths import SCREENSHOTS
from tests.support.scripted_kernel import NOW

SIGN = re.compile(r"⚠ sounds bad: \d+ % lost")
REPORT = 60_000  # ms within which a report comes every five seconds, on a busy machine, too


@pytest.fixture(scope="module")
def trunk() -> Iterator[tuple[Asterisk, Asterisk, Relay]]:
    browser.require()
    with relayed() as joined:
        yield joined


@pytest.fixture(scope="module")
def office(trunk: tuple[Asterisk, Asterisk, Relay]) -> Iterator[Server]:
    with Server("lab", [connect(trunk[1]), "Panel(sh)"]) as server:
        yield server


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_call_that_sounds_bad_has_a_sign_in_words_as_long_as_it_does(
    chromium: Browser, trunk: tuple[Asterisk, Asterisk, Relay], office: Server, theme: str
) -> None:
    one, _, relay = trunk
    page, errors = open_page(chromium, office, theme=theme)
    seen = Seen(page, errors)
    expect(seen.lamp("PJSIP/2222")).to_be_visible(timeout=60_000)
    relay.treat(Harm(0.25, 0.05, 0.01))
    try:
        one.originate("SIP/relay/600", "600@phones")
        state = seen.leg("PJSIP/relay").locator("td[data-label=State]")
        expect(state).to_have_text(SIGN, timeout=REPORT)
        assert state.evaluate("cell => cell.scrollWidth <= cell.clientWidth"), "it is cut off"
        page.evaluate(browser.axe())
        found = page.evaluate("() => axe.run('.ast-panel', {resultTypes: ['violations']})")
        serious = [one for one in found["violations"] if one["impact"] in ("serious", "critical")]
        assert not serious
        SCREENSHOTS.mkdir(exist_ok=True)
        page.screenshot(path=SCREENSHOTS / f"sounds-bad-{theme}.png")
        relay.treat(Harm())
        expect(state).not_to_contain_text("sounds bad", timeout=REPORT)
        expect(state).to_contain_text("up")
    finally:
        one.cli("channel request hangup all")
    expect(seen.section("channels").locator("tbody tr[data-key]")).to_have_count(0, timeout=60_000)
    page.context.close()
    assert not errors


@pytest.mark.parametrize("width", [320, 600, 700, 900, 1280])
def test_what_is_bad_can_be_read_at_any_width(shown: Any, width: int) -> None:
    legs = {
        name: {"channel": f"PJSIP/{name}-1", "device": f"PJSIP/{name}", "uniqueid": name}
        | {"linkedid": "1", "state": "Up", "since": NOW - 60, "bad": bad}
        for name, bad in (("one", "8 % lost"), ("other", ""))
    }
    kernel = shown(tables={"channels": legs}, may=["hangup"])
    kernel.page.set_viewport_size({"width": width, "height": 900})
    kernel.page.wait_for_timeout(300)
    states = kernel.page.locator(".ast-channels td[data-label=State]")
    bad, good = states.filter(has_text="bad"), states.filter(has_not_text="bad")
    expect(bad).to_have_text("up · ⚠ sounds bad: 8 % lost")
    assert bad.evaluate("cell => cell.scrollWidth <= cell.clientWidth"), "it is cut off"
    expect(good).to_have_text("up")
    lamps = [one.locator(".ast-lamp").get_attribute("data-state") for one in (bad, good)]
    assert lamps[0] == lamps[1], "the lamp tells the state of the channel, and words tell the rest"
    kernel.change(set={"channels": {"one": {"bad": ""}}})
    expect(bad).to_have_count(0)
