"""The panel's page before a scripted kernel: what no PBX can be made to show at the right time."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import expect

from tests.support.scripted_kernel import NOW
from tests.support.waiting import eventually


def events(first: int, last: int) -> list[dict[str, Any]]:
    """Events as a kernel sends them, named by their numbers."""
    return [
        {"n": number, "time": NOW + number, "name": f"Event{number}", "headers": {}}
        for number in range(first, last + 1)
    ]


def queue(name: str) -> dict[str, Any]:
    return {"queue": name, "calls": 0, "completed": 0, "abandoned": 0, "holdtime": 0, "talktime": 0}


def member(name: str, calls: int) -> dict[str, Any]:
    more = {"queue": "sales", "interface": name, "state_interface": "", "state": "NOT_INUSE"}
    return {**more, "agent": name, "calls_taken": calls, "last_call": None}


def test_what_is_not_known_stands_last_in_either_order_of_numbers(shown: Any) -> None:
    absent = {
        "queue": "sales",
        "interface": "b",
        "state_interface": "",
        "agent": "b",
        "since": None,
    }
    members = {name: member(name, calls) for name, calls in {"a": 3, "c": 10, "d": 1}.items()}
    tables = {"queues": {"sales": queue("sales")}, "members": members, "absent": {"b": absent}}
    kernel = shown(tables=tables)
    kernel.head("Agents", "Calls").get_by_text("Calls").click()
    assert kernel.column("Agents", 1) == ["d", "a", "c", "b"]


def test_queues_are_sorted_by_how_long_somebody_waits(shown: Any) -> None:
    waits = {"hall": 7200, "shop": 59, "door": 600, "desk": None}
    tables = {
        "queues": {name: queue(name) for name in waits},
        "callers": {
            name: {"queue": name, "position": 1, "caller": name, "since": NOW - seconds}
            for name, seconds in waits.items()
            if seconds
        },
    }
    kernel = shown(tables=tables)
    kernel.head("Queues", "Longest").get_by_text("Longest").click()
    assert kernel.column("Queues", 1) == ["shop", "door", "hall", "desk"]


def test_the_hour_after_midnight_is_zero(shown: Any) -> None:
    kernel = shown(events=events(1, 1))
    assert kernel.column("Events, the newest first", 1) == ["00:05:01"]


def test_events_stand_still_while_the_keyboard_walks_through_them(shown: Any) -> None:
    kernel = shown(readonly=True, events=events(1, 3))
    rows = kernel.page.locator(".ast-events tr[data-key]")
    rows.first.focus()
    kernel.change(events=events(4, 6))
    kernel.page.keyboard.press("ArrowDown")
    expect(rows.nth(1)).to_be_focused()
    assert kernel.column("Events, the newest first", 2) == ["Event3", "Event2", "Event1"]
    kernel.page.evaluate("document.activeElement.blur()")
    assert len(kernel.column("Events, the newest first", 2)) == 6


def test_the_heads_of_a_panel_without_a_button_sort_by_the_keyboard(shown: Any) -> None:
    kernel = shown(readonly=True, tables={"queues": {"sales": queue("sales")}})
    head = kernel.head("Queues", "Answered")
    head.focus()
    expect(head).to_be_focused()
    for key, order in (("Enter", "ascending"), ("Space", "descending"), ("Space", "ascending")):
        kernel.page.keyboard.press(key)
        expect(head).to_have_attribute("aria-sort", order)
    head.click()
    expect(head).to_have_attribute("aria-sort", "descending")
    assert kernel.page.evaluate("document.scrollingElement.scrollTop") == 0
    assert head.locator("[tabindex]").count() == 0


def test_the_whole_of_a_text_that_is_cut_off_is_the_text_of_now(shown: Any) -> None:
    trunk = {"trunk": "sip:" + "long" * 200, "server": "", "state": "Registered"}
    kernel = shown(tables={"registrations": {"a": trunk}})
    cell = kernel.page.get_by_role("table", name="Trunks").get_by_role("rowheader")
    cell.hover()
    expect(cell).to_have_attribute("title", trunk["trunk"])
    kernel.page.mouse.move(0, 0)
    trunk["trunk"] = "sip:" + "other" * 200
    kernel.change(set={"registrations": {"a": {"trunk": trunk["trunk"]}}})
    expect(cell).to_have_attribute("title", trunk["trunk"])


def item(path: str, **more: Any) -> dict[str, Any]:
    known = {"by": "", "changed": NOW, "read": None, "stale": False, "db": "", "dev": "", "box": ""}
    return {"path": path, "name": path, **known, **more}


# The distance of a lamp's middle from that of its words, and how much of a field is cut off.
BESIDE = """cell => {
    const [lamp, words] = [...cell.children].map((one) => one.getBoundingClientRect());
    return Math.abs(lamp.top + lamp.height / 2 - words.top - words.height / 2);
}"""
CUT = """field => {
    const [cell, own] = [field.parentNode, field].map((one) => one.getBoundingClientRect());
    return Math.max(own.bottom - cell.bottom, own.right - cell.right);
}"""


def test_on_a_narrow_screen_nothing_is_cut_off_and_a_lamp_stands_beside_its_words(
    shown: Any,
) -> None:
    items = {"office.name": item("office.name", value="Office", can="edit")}
    tables = {"queues": {"sales": queue("sales")}, "members": {"a": member("a", 3)}}
    kernel = shown(tables=tables, items=items, may=["hangup", "pause"])
    kernel.page.set_viewport_size({"width": 320, "height": 900})
    state = kernel.page.locator(".ast-queues td[data-label=State]")
    assert state.evaluate(BESIDE) < 2
    for field in (kernel.page.get_by_label("office.name"), kernel.page.get_by_label("Pause a")):
        assert field.evaluate(CUT) <= 0


CUT_WITHOUT_TITLE = """async panel => {
    const cut = [];
    for (const one of panel.querySelectorAll('*')) {
        if (getComputedStyle(one).textOverflow !== 'ellipsis' || !one.offsetWidth) continue;
        if (one.scrollWidth <= one.clientWidth) continue;
        one.dispatchEvent(new PointerEvent('pointerover', {bubbles: true}));
        const title = one.closest('[title]')?.title ?? '';
        const texts = [...one.children].map((child) => child.textContent);
        const wanted = texts.length ? texts : [one.textContent];
        if (!wanted.every((text) => title.includes(text))) cut.push([one.textContent, title]);
    }
    return cut;
}"""


def legs() -> dict[str, Any]:
    """A call of two people with long names, who are in a queue by a long dialplan."""
    parties = {"caller": "0049301234567", "caller_name": "Charlotte von Oppenheim"}
    other = {"connected": "2222", "connected_name": "Reception and switchboard"}
    more = {"linkedid": "1", "bridge": "b", "context": "from-internal", "state": "Up"}
    return {
        key: {"channel": f"PJSIP/reception-{key}", "device": f"PJSIP/reception-desk-{key}"}
        | {**more, **parties, **other, "uniqueid": key, "exten": "s", "since": NOW}
        | {"application": "A-long-application-of-the-dialplan", "held": False, "recorded": True}
        for key in "12"
    }


@pytest.mark.parametrize("width", [320, 600, 700, 900, 1400])
def test_whatever_is_cut_has_all_of_it_in_a_title(shown: Any, width: int) -> None:
    lamp = {"device": "PJSIP/reception-desk-of-the-house", "name": "Reception and switchboard"}
    lamp |= {"state": "RINGINUSE", "extension": "2222", "reachable": "Unreachable"}
    said = {"Channel": "Local/2222@from-queue-0000000a;1", "Value": "many words " * 9}
    tables = {
        "channels": legs(),
        "devices": {"a": lamp},
        "queues": {"a": queue("the queue of the reception and of all others")},
        "members": {"a": member("Charlotte von Oppenheim and a deputy of hers", 3)},
    }
    items = {
        f"house.{n}": item("house.reception.lamp.left", value="long " * 30, can="") for n in "ab"
    }
    news = [{"n": 1, "time": NOW, "name": "AnEventOfALongName", "headers": said}]
    kernel = shown(tables=tables, items=items, events=news, may=["hangup", "pause"])
    kernel.page.set_viewport_size({"width": width, "height": 900})
    kernel.page.wait_for_timeout(300)
    assert kernel.page.locator(".ast-panel").evaluate(CUT_WITHOUT_TITLE) == []


@pytest.mark.parametrize(("width", "are_there"), [(700, False), (1400, True)])
def test_names_come_before_the_application_and_who_else_is_there(
    shown: Any, width: int, are_there: bool
) -> None:
    kernel = shown(tables={"channels": legs()}, may=["hangup"])
    kernel.page.set_viewport_size({"width": width, "height": 900})
    for label in ("Application", "With"):
        head = kernel.page.locator(f".ast-channels th:has-text('{label}')")
        expect(head).to_be_visible() if are_there else expect(head).to_be_hidden()
    caller = kernel.page.locator(".ast-channels td[data-label=Caller]").first
    assert caller.bounding_box()["width"] > 100


def test_the_line_of_calls_ends_with_those_of_now(shown: Any) -> None:
    kernel = shown(concurrency=[[int(NOW) - 9, 1]])
    calls = {key: {"linkedid": key, "channel": f"SIP/{key}-1", "since": NOW} for key in "12"}
    kernel.change(set={"channels": calls})
    expect(kernel.page.locator("figcaption")).to_have_text("calls in the last hour, at most 2")
    expect(kernel.page.get_by_role("img", name="at most 2, now 2")).to_have_count(1)


@pytest.mark.parametrize(("devices", "items"), [(5, 12), (90, 4), (90, 90)])
def test_on_a_wall_the_items_have_the_room_that_the_devices_leave(
    shown: Any, devices: int, items: int
) -> None:
    lamps = {
        f"SIP/{number}": {"device": f"SIP/{number}", "name": "", "state": "NOT_INUSE"}
        for number in range(devices)
    }
    shown_items = {f"item{number}": item(f"item{number}", value=1) for number in range(items)}
    kernel = shown(readonly=True, wall=True, tables={"devices": lamps}, items=shown_items)
    kernel.page.set_viewport_size({"width": 1920, "height": 1080})
    rows = kernel.page.locator(".ast-items tr[data-key]")
    expect(rows.nth(3)).to_be_in_viewport(ratio=1)
    if items < 90:
        expect(rows.last).to_be_in_viewport(ratio=1)
    expect(
        kernel.page.locator(".ast-lamps li[data-device]").nth(20 if devices > 20 else 4)
    ).to_be_in_viewport(ratio=1)


LOST = {"state": "lost", "lost_since": NOW - 9, "next_try": NOW + 9, "error": "refused"}


@pytest.mark.parametrize(
    "comes",
    [
        {"set": {"channels": {key: {"channel": f"SIP/{key}-1", "since": NOW} for key in "123"}}},
        {"set": {"queues": {"sales": queue("sales")}}},
        {"connection": LOST},
    ],
    ids=["calls", "a section", "a banner"],
)
def test_a_button_stays_below_the_mouse_while_it_is_pressed(shown: Any, comes: Any) -> None:
    kernel = shown(events=events(1, 3))
    mouse = kernel.page.mouse
    pause = kernel.page.get_by_role("button", name="Pause")
    place = pause.bounding_box()
    mouse.move(place["x"] + place["width"] / 2, place["y"] + place["height"] / 2)
    mouse.down()
    kernel.change(**comes)
    assert pause.bounding_box() == place
    mouse.up()
    go_on = kernel.page.get_by_role("button", name="Go on")
    expect(go_on).to_be_visible()
    eventually(lambda: go_on.bounding_box()["y"] > place["y"])  # now all of it is shown


def test_a_popup_closes_by_escape_wherever_the_keyboard_is(shown: Any) -> None:
    kernel = shown(events=events(1, 3))
    kernel.page.locator(".ast-events tr[data-key]").first.click()
    popup = kernel.page.get_by_role("dialog", name="Event3")
    expect(popup).to_be_visible()
    kernel.page.evaluate("document.activeElement.blur()")  # a notebook may take it for a cell
    kernel.page.keyboard.press("Escape")
    expect(popup).to_be_hidden()


def test_when_the_pbx_started_is_told_as_by_its_own_clock(shown: Any) -> None:
    """Asterisk says it in its own zone, and does not say which that is."""
    connection = {"state": "connected", "name": "ast", "address": "pbx.example:5038"}
    started = {"up_date": "2026-03-01", "up_time": "09:05:00"}
    kernel = shown(connection=connection | started)
    told = kernel.page.get_by_text("up since 2026-03-01 09:05:00 by its clock")
    expect(told).to_be_visible()
