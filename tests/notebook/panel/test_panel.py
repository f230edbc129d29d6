"""What the panel tells a browser."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ast_notebook import SmartHome, demo
from ast_notebook.ami import Event
from ast_notebook.panel import Panel, close_all, snapshot
from ast_notebook.panel.feed import Feed
from ast_notebook.panel.publisher import THREAD
from tests.support.panel_kernel import Page, a_call, connected, hang_up_all, threads
from tests.support.waiting import eventually, stays


def test_a_page_gets_a_snapshot_first_and_then_what_changed(sh: SmartHome, page: Page) -> None:
    first = page.look()
    assert first["to"] and first["connection"]["state"] == "connected"
    assert "PJSIP/2222" in first["tables"]["devices"]
    row = a_call(sh)
    eventually(lambda: page.rows("channels").get(row["uniqueid"], {}).get("state") == "Up")
    hang_up_all(sh)
    eventually(lambda: not page.rows("channels"))
    numbers = [one["seq"] for one in page.of("delta")]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    assert page.messages[0]["t"] == "delta" or page.messages[0]["t"] == "snapshot"


def test_only_the_fields_that_changed_are_sent(sh: SmartHome, page: Page) -> None:
    devices = sh.ast.live.tables["devices"]
    eventually(lambda: devices.rows().get("PJSIP/30", {}).get("name"))
    page.look()
    told = len(page.changes("devices", "PJSIP/30"))
    devices.put("PJSIP/30", reachable="Lagged")
    news = [{"reachable": "Lagged"}]
    eventually(lambda: page.changes("devices", "PJSIP/30")[told:] == news)
    devices.put("PJSIP/30", reachable="Lagged")  # the same again is no news
    assert stays(lambda: page.changes("devices", "PJSIP/30")[told:] == news, 0.3)
    devices.put("PJSIP/30", reachable="Reachable")


def test_the_last_of_many_changes_wins(sh: SmartHome, monkeypatch: pytest.MonkeyPatch) -> None:
    page = Page(Panel(sh, refresh_hz=2), monkeypatch)
    page.look()
    devices = sh.ast.live.tables["devices"]
    told = len(page.changes("devices", "PJSIP/30"))
    for number in range(500):
        devices.put("PJSIP/30", rtt_ms=float(number))
        devices.put("PJSIP/200", rtt_ms=float(number))
    eventually(lambda: page.rows("devices")["PJSIP/30"]["rtt_ms"] == 499.0)
    eventually(lambda: page.rows("devices")["PJSIP/200"]["rtt_ms"] == 499.0)
    # Two at most, unless the machine takes seconds for this loop.
    assert len(page.changes("devices", "PJSIP/30")) - told <= 20


def test_nothing_is_sent_while_nobody_looks(sh: SmartHome, page: Page) -> None:
    page.look()
    page.say(t="visible", on=False)
    eventually(lambda: not page.panel._feed.follows)
    told = len(page.messages)
    sh.ast.live.tables["devices"].put("PJSIP/30", rtt_ms=7.0)
    assert stays(lambda: len(page.messages) == told, 0.5)
    page.say(t="hello")
    eventually(lambda: any(one["t"] == "snapshot" for one in page.messages[told:]))
    assert page.of("snapshot")[-1]["tables"]["devices"]["PJSIP/30"]["rtt_ms"] == 7.0


def test_a_flood_of_events_is_bounded_and_counted(sh: SmartHome, page: Page) -> None:
    page.look()
    before = sum(len(one.get("events", [])) for one in page.of("delta"))
    feed = page.panel._feed
    assert isinstance(feed, Feed)
    with feed._lock:
        for number in range(1000):
            event = Event({"Event": "Flood", "Number": str(number), "Long": "x" * 5000}, "Flood")
            feed._heard(event, sh.ast.session)
    eventually(lambda: any(one.get("dropped_events") for one in page.of("delta")))
    news = next(one for one in page.of("delta") if one.get("dropped_events"))
    assert len(news["events"]) <= 60
    assert news["events"][-1]["headers"]["Number"] == "999"
    assert len(news["events"][-1]["headers"]["Long"]) <= 500
    shown = sum(len(one.get("events", [])) for one in page.of("delta")) - before
    assert shown + sum(one.get("dropped_events", 0) for one in page.of("delta")) >= 1000
    assert len(json.dumps(news)) < 100_000


def test_two_pages_share_one_publisher(sh: SmartHome, monkeypatch: pytest.MonkeyPatch) -> None:
    panel = Panel(sh, refresh_hz=50)
    one = Page(panel, monkeypatch, "one")
    one.look()
    other = Panel(sh, refresh_hz=50)
    Page(other, monkeypatch, "other").look()
    assert len(threads(THREAD)) == 1
    panel._receive(panel, {"t": "hello", "view": "late"}, [])
    eventually(lambda: any("late" in message["to"] for message in one.of("snapshot")))
    panel._receive(panel, {"t": "visible", "view": "late", "on": False}, [])
    sh.ast.live.tables["devices"].put("PJSIP/30", rtt_ms=3.25)  # the other page still looks
    eventually(lambda: one.rows("devices")["PJSIP/30"]["rtt_ms"] == 3.25)


def test_what_the_session_reconnects_to_is_shown(sh: SmartHome, pbx: demo.Demo, page: Page) -> None:
    page.look()
    former = sh.ast
    sh.connect(former.session.settings, name="ast")
    assert sh.ast is not former
    eventually(lambda: list(page.panel._feed.pbxs.values()) == [sh.ast])
    row = a_call(sh)
    eventually(lambda: row["uniqueid"] in page.rows("channels"))
    hang_up_all(sh)


def test_a_lost_connection_is_told_with_the_next_try(monkeypatch: pytest.MonkeyPatch) -> None:
    with demo.start(calls=False) as started, connected(started, "admin") as sh:
        page = Page(Panel(sh, refresh_hz=50), monkeypatch)
        page.look()
        started.close()
        told: dict[str, Any] = {}

        def look() -> bool:
            for one in page.of("delta"):
                told.update(one.get("connection", {}))
            return told.get("state") == "lost" and bool(told.get("next_try") and told.get("error"))

        eventually(look)
        assert told["lost_since"] and told["stale"]
        row = {"channel": "PJSIP/30-1", "uniqueid": "1.1"}
        assert "no connection" in page.do("hangup", **row)["text"]
        close_all()


def test_a_part_that_is_silent_says_why(sh: SmartHome, page: Page) -> None:
    page.look()
    sh.ast.live.tables["queues"].silent = "the login lacks `agent`"
    eventually(lambda: any("queues" in one.get("silent", {}) for one in page.of("delta")))
    assert "the login lacks `agent`" in snapshot.to_html(page.panel._feed.state())
    sh.ast.live.tables["queues"].silent = ""
