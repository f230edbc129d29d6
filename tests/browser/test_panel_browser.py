"""The panel as people see it: Chromium, JupyterLab and Voila, before a real Asterisk 22."""

from __future__ import annotations

from functools import partial

from playwright.sync_api import Browser, expect

from tests.lab.asterisk import Asterisk
from tests.support import browser
from tests.support.browser import Server
from tests.support.panel_page import HOSTILE, SHOW, Seen, connect, open_page
from tests.support.waiting import eventually

# --- calls ---------------------------------------------------------------------------------------


def test_a_call_appears_the_lamp_lights_and_the_button_ends_it(
    seen: Seen, asterisk: Asterisk
) -> None:
    expect(seen.lamp("PJSIP/2222")).to_have_attribute("data-state", "NOT_INUSE")
    with asterisk.telephone("2222").answers(), asterisk.telephone("200").calls("2222") as call:
        call.wait_answered()
        row = seen.leg("PJSIP/2222")
        expect(row).to_be_visible()
        expect(seen.leg("PJSIP/200")).to_contain_text("PJSIP/2222")
        for leg in (seen.leg("PJSIP/200"), row):  # the called leg, too, is of this caller
            assert leg.locator("td").nth(1).inner_text().startswith("200")
            assert leg.locator("td").nth(2).inner_text().startswith("2222")
        legs = seen.section("channels").locator("tbody th").all_inner_texts()
        assert legs == ["PJSIP/200", "PJSIP/2222"]
        expect(seen.lamp("PJSIP/2222")).to_have_attribute("data-state", "INUSE")
        expect(seen.lamp("PJSIP/2222")).to_contain_text("office.fon")
        expect(row).to_contain_text("up")
        seen.button(row, "Hang up PJSIP/2222").click()
        question = seen.popup()
        expect(question).to_contain_text("Hang up PJSIP/2222")
        seen.page.wait_for_timeout(300)
        question.get_by_role("button", name="Hang up").click()
        expect(seen.section("channels").locator("tbody tr[data-key]")).to_have_count(0)
        expect(seen.lamp("PJSIP/2222")).to_have_attribute("data-state", "NOT_INUSE")
        expect(seen.panel.locator(".ast-told")).to_contain_text("was hung up")


def test_a_call_rings(seen: Seen, asterisk: Asterisk) -> None:
    with asterisk.telephone("2222").rings(), asterisk.telephone("200").calls("2222"):
        expect(seen.lamp("PJSIP/2222")).to_have_attribute("data-state", "RINGING")
        expect(seen.lamp("PJSIP/2222")).to_contain_text("ringing")
        assert not {"Park", "Redirect", "Attended transfer"} & seen.offers("PJSIP/2222")
        assert "Redirect" in seen.offers("PJSIP/200")
        asterisk.hang_up("200")


def test_the_form_makes_a_call(seen: Seen, asterisk: Asterisk) -> None:
    form = seen.section("call")
    with asterisk.telephone("2222").answers():
        form.get_by_label("From device").fill("PJSIP/2222")
        form.get_by_label("To extension").fill("600")
        form.get_by_label("in context").fill("phones")
        form.get_by_label("Shown as").fill("Door <100>")
        devices = seen.panel.locator("datalist[id$=devices] option").evaluate_all(
            "all => all.map(one => one.value)"
        )
        assert "PJSIP/2222" in devices
        form.get_by_label("Shown as").press("Enter")
        expect(seen.row("channels", "Milliwatt")).to_be_visible()
        asterisk.hang_up("2222")


def test_a_redirected_channel_goes_where_it_is_sent(seen: Seen, asterisk: Asterisk) -> None:
    asterisk.originate("Local/600@phones/n", "600@phones")
    row = seen.row("channels", "Milliwatt")
    seen.choose(row, "Redirect", To_extension="620", in_context="phones")
    expect(seen.section("conferences")).to_be_visible()
    member = seen.section("conferences").locator("tbody tr[data-key]").first
    expect(member).to_contain_text("Local/600@phones")
    expect(member).to_contain_text("room")
    seen.button(member, "Mute").click()
    expect(member).to_contain_text("muted")
    seen.button(member, "Unmute").click()
    expect(member).not_to_contain_text("muted")
    seen.choose(member, "Kick")
    expect(seen.section("conferences")).to_be_hidden()


def test_a_call_is_recorded_and_listened_to(seen: Seen, asterisk: Asterisk) -> None:
    with asterisk.telephone("300").calls("600"), asterisk.telephone("200").answers():
        call = seen.leg("PJSIP/300")
        expect(call).to_contain_text("Milliwatt")
        (channel,) = asterisk.channels()
        seen.choose(call, "Record")
        told = seen.panel.locator(".ast-told")
        expect(told).to_contain_text(f"{channel} is recorded to")
        file = told.inner_text().partition(" is recorded to ")[2].partition(" on the PBX")[0]
        assert eventually(lambda: list(asterisk.directories.spool.rglob(file)))
        expect(call).to_contain_text("up · rec")
        seen.choose(call, "Stop recording")
        expect(call).not_to_contain_text("rec")
        eventually(lambda: file not in asterisk.cli(f"mixmonitor list {channel}"))
        for name, option in (("Listen", "qESu"), ("Whisper", "qESuw"), ("Barge in", "qESuB")):
            seen.choose(call, name, From_telephone="PJSIP/200")
            expect(seen.leg("PJSIP/200")).to_contain_text("ChanSpy")
            spies = asterisk.cli("core show channels concise").splitlines()
            assert any(f"!ChanSpy!{channel},{option}!" in spy for spy in spies), spies
            asterisk.hang_up("200")
            expect(seen.leg("PJSIP/200")).to_have_count(0)


def test_an_attended_transfer_connects_the_other_two(seen: Seen, asterisk: Asterisk) -> None:
    with (
        asterisk.telephone("200").answers(),
        asterisk.telephone("240").answers(),
        asterisk.telephone("30").calls("200"),
    ):
        middle = seen.leg("PJSIP/200")
        expect(middle).to_contain_text("PJSIP/30")
        seen.choose(middle, "Attended transfer", To_extension="240", in_context="phones")
        expect(seen.leg("PJSIP/240")).to_contain_text("up")
        seen.choose(middle, "Hang up")
        expect(middle).to_have_count(0)
        seen.section("events").get_by_label("Event name").fill("AttendedTransfer")
        transfer = seen.row("events", "AttendedTransfer")
        expect(transfer).to_contain_text("Success")
        expect(transfer).to_contain_text("PJSIP/200")
        seen.section("events").get_by_label("Event name").fill("")
        expect(seen.leg("PJSIP/30")).to_contain_text("up")
        expect(seen.leg("PJSIP/240")).to_contain_text("up")


def test_it_works_in_notebook_7(chromium: Browser, asterisk: Asterisk) -> None:
    browser.require_notebook()
    with Server("notebook", [connect(asterisk), SHOW]) as server:
        page, errors = open_page(chromium, server, theme="dark")
        seen = Seen(page, errors)
        expect(seen.lamp("PJSIP/2222")).to_be_visible(timeout=60_000)
        assert seen.panel.evaluate("it => getComputedStyle(it).colorScheme") == "dark"
        with asterisk.telephone("2222").answers(), asterisk.telephone("200").calls("2222") as call:
            call.wait_answered()
            expect(seen.lamp("PJSIP/2222")).to_have_attribute("data-state", "INUSE")
            seen.button(seen.leg("PJSIP/2222"), "Hang up PJSIP/2222").click()
            seen.page.wait_for_timeout(300)
            seen.popup().get_by_role("button", name="Hang up").click()
            expect(seen.section("channels").locator("tbody tr[data-key]")).to_have_count(0)
        page.context.close()
        assert not errors


# --- what else a PBX has -------------------------------------------------------------------------


def test_a_voicemail_raises_the_count(seen: Seen, asterisk: Asterisk) -> None:
    box = seen.row("mailboxes", "22@default").locator("td.ast-new")
    before = int(box.inner_text())
    asterisk.leave_message("22")
    expect(box).to_have_text(str(before + 1))
    expect(seen.row("items", "office.box")).to_contain_text(str(before + 1))


def is_in_the_database(asterisk: Asterisk, key: str, value: str | None) -> bool:
    return asterisk.database(key) == value


def test_a_switch_is_in_the_database(seen: Seen, asterisk: Asterisk) -> None:
    for path, key, on, off in (
        ("office.dnd", "dnd/office", "1", "0"),
        ("office.away", "DND/2222", "YES", None),
    ):
        switch = seen.section("items").get_by_role("switch", name=path)
        if switch.get_attribute("aria-checked") == "true":
            switch.click()
            expect(switch).to_have_attribute("aria-checked", "false")
        switch.click()
        expect(switch).to_have_attribute("aria-checked", "true")
        assert eventually(partial(asterisk.database, key)) == on
        switch.click()
        expect(switch).to_have_attribute("aria-checked", "false")
        eventually(partial(is_in_the_database, asterisk, key, off))


def test_a_caller_in_a_queue_and_its_agents_show(seen: Seen, asterisk: Asterisk) -> None:
    with asterisk.telephone("200").rings(), asterisk.telephone("240").rings():
        asterisk.originate("Local/610@phones", "600@phones")
        callers = seen.section("queues").get_by_role("table", name="Callers waiting in queues")
        expect(callers.locator("tbody tr[data-key]")).to_have_count(1)
        agents = seen.section("queues").get_by_role("table", name="Agents")
        expect(agents).to_contain_text("Hall")
        row = agents.locator("tbody tr").filter(has_text="Hall")
        seen.button(row, "Pause Hall").click()
        seen.popup().get_by_label("Reason").fill("lunch")
        seen.popup().get_by_role("button", name="Pause").click()
        expect(row).to_contain_text("paused: lunch")
        seen.button(row, "Let Hall work").click()
        expect(row).not_to_contain_text("paused")


def test_an_agent_logs_out_and_in(seen: Seen, asterisk: Asterisk) -> None:
    queues = seen.section("queues")
    seen.button(seen.row("queues", "support"), "Log in an agent to support").click()
    seen.popup().get_by_label("Device").fill("Local/30@phones/n")
    seen.popup().get_by_label("Name").fill("Kitchen")
    seen.popup().get_by_label("State of").fill("PJSIP/30")
    seen.popup().get_by_role("button", name="Log in").click()
    row = queues.locator("tbody tr").filter(has_text="Kitchen")
    expect(row).to_contain_text("idle")
    seen.choose(row, "Log out")
    expect(row).to_contain_text("logged out")
    seen.button(row, "Log in Kitchen to support").click()
    expect(row).to_contain_text("idle")
    told = asterisk.cli("queue show support")
    assert "Kitchen (Local/30@phones/n from PJSIP/30)" in told
    asterisk.cli("queue remove member Local/30@phones/n from support")
    expect(row).to_contain_text("logged out")


def test_a_parked_call_shows_where_it_can_be_picked_up(seen: Seen, asterisk: Asterisk) -> None:
    with asterisk.telephone("300").calls("600"):
        seen.choose(seen.leg("PJSIP/300"), "Park")
        parked = seen.section("parking").locator("tbody tr[data-key]")
        expect(parked).to_contain_text("701")
        expect(parked).to_contain_text("300")
        with asterisk.telephone("30").calls("701") as fetches:
            fetches.wait_answered()
            expect(seen.section("parking")).to_be_hidden()
            expect(seen.leg("PJSIP/30")).to_contain_text("PJSIP/300")


def test_events_can_be_filtered_held_and_looked_into(seen: Seen, asterisk: Asterisk) -> None:
    events = seen.section("events")
    asterisk.originate("Local/601@phones", "600@phones")
    events.get_by_label("Event name").fill("newch")
    rows = events.locator("tbody tr[data-key]")
    expect(rows.first).to_contain_text("Newchannel")
    assert set(rows.locator("td:nth-child(2)").all_inner_texts()) == {"Newchannel"}
    events.get_by_role("button", name="Pause").click()
    expect(events).to_contain_text("paused")
    rows.first.click()
    expect(seen.popup()).to_contain_text("Uniqueid")
    seen.page.keyboard.press("Escape")
    expect(seen.popup()).to_be_hidden()
    events.get_by_role("button", name="Go on").click()
    expect(events).not_to_contain_text("paused")
    events.get_by_label("Event name").fill("")


def test_a_hostile_name_is_text(seen: Seen, asterisk: Asterisk) -> None:
    expect(seen.section("items").get_by_label("office.name")).to_have_value(HOSTILE)
    asterisk.cli("dialplan set global TECH PJSIP")
    with asterisk.telephone("2222").rings():
        form = seen.section("call")
        form.get_by_label("From device").fill("PJSIP/2222")
        form.get_by_label("To extension").fill("600")
        form.get_by_label("in context").fill("phones")
        form.get_by_label("Shown as").fill(f'"{HOSTILE}" <100>')
        form.get_by_role("button", name="Call").click()
        expect(seen.section("channels")).to_contain_text("<img src=x")
        assert seen.panel.locator("img").count() == 0
        assert seen.page.title() != "taken"
        asterisk.hang_up("2222")
