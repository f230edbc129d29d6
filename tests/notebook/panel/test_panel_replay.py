"""The panel of a replay: its time bar, and what its other buttons do."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pandas as pd
import pytest

import ast_notebook
from ast_notebook.errors import ConfError
from ast_notebook.panel import Panel, close_all, replaying, snapshot
from ast_notebook.replay import ReplayedHome
from tests.support.days import NOON, bell, channel, event, frame
from tests.support.panel_kernel import Page
from tests.support.waiting import eventually

DAY = (
    event(-60, "CoreShowChannelsComplete", ActionID="ast-0-1"),
    channel(0, "Newchannel", "PJSIP/200"),
    bell(1),
    channel(5, "Newchannel", "PJSIP/300", 2),
    channel(600, "Hangup", "PJSIP/200", Cause=16),
    event(700, "SessionLost", Reason="it was cut"),
    event(800, "CoreShowChannelsComplete", ActionID="ast-0-2"),
    event(900, "ContactStatus", URI="sip:200@192.0.2.1", ContactStatus="Unreachable"),
    bell(1000),
)


@pytest.fixture
def sh() -> Iterator[ReplayedHome]:
    with ast_notebook.replay(frame(*DAY)) as home:
        yield home
    close_all()


@pytest.fixture
def page(sh: ReplayedHome, monkeypatch: pytest.MonkeyPatch) -> Page:
    return Page(Panel(sh, refresh_hz=50), monkeypatch)


def look(page: Page) -> dict[str, Any]:
    """Become visible, and return the first snapshot."""
    page.say(t="hello")
    return eventually(lambda: next(iter(page.of("snapshot")), None))


def present(page: Page) -> dict[str, Any]:
    """What a browser has made of all that it was told of the replay."""
    found: dict[str, Any] = {}
    for message in page.messages:
        found |= message.get("replay", {})
    return found


def stands_at(page: Page, second: float) -> None:
    eventually(lambda: abs(present(page)["at"] - NOON - second) < 0.01)


def test_a_page_is_told_where_the_replay_is_and_where_nothing_was_recorded(sh, page):
    shown = look(page)
    assert abs(shown["now"] - time.time()) < 60
    replay = shown["replay"]
    assert (round(replay["since"]), round(replay["until"])) == (NOON - 60, NOON + 1000)
    assert [[round(one) for one in gap] for gap in replay["gaps"]] == [[NOON + 700, NOON + 800]]
    assert replay["speed"] == 0 and round(replay["at"]) == NOON - 60
    sh.replay.play(600)
    eventually(lambda: present(page)["speed"] == 600)
    stands_at(page, 1000)
    eventually(lambda: present(page)["speed"] == 0)


def test_the_bar_moves_the_replay_and_all_that_is_shown_with_it(sh, page):
    look(page)
    assert page.do("replay_seek", to=NOON + 10.0)["ok"]
    stands_at(page, 10)
    eventually(lambda: len(page.rows("channels")) == 2)
    heard = ["Newchannel", "UserEvent", "Newchannel"]
    eventually(lambda: [one["name"] for one in page.of("snapshot")[-1]["events"]] == heard)
    assert round(page.of("snapshot")[-1]["taken"]) == NOON + 10
    assert page.do("replay_seek", to=NOON + 2)["ok"]
    eventually(lambda: len(page.rows("channels")) == 1)
    eventually(lambda: len(page.of("snapshot")[-1]["events"]) == 2)
    assert page.do("replay_play", speed=600)["ok"]
    stands_at(page, 1000)
    assert page.do("replay_pause")["ok"]
    assert sh.replay.speed == 0


@pytest.mark.parametrize(
    ("zone", "typed"),
    [("UTC", "12:10"), ("Asia/Tokyo", "21:10"), ("UTC", "2026-11-27 12:10:00")],
)
def test_a_typed_moment_is_one_of_the_zone_of_the_page(sh, page, zone, typed):
    look(page)
    assert page.do("replay_type", moment=typed, zone=zone)["ok"]
    stands_at(page, 600)


def test_what_cannot_be_done_is_told_in_a_line(sh, page):
    look(page)
    for what, args, why in (
        ("replay_type", {"moment": "15:00", "zone": "UTC"}, "not in this replay"),
        ("replay_type", {"moment": "teatime", "zone": "UTC"}, "no moment"),
        ("replay_type", {"moment": "12:10", "zone": "../../etc/passwd"}, "not known here"),
        ("replay_play", {"speed": 9000}, "no speed 9000"),
        ("replay_play", {"speed": "fast"}, "proper speed"),
        ("replay_seek", {}, "proper to"),
    ):
        done = page.do(what, **args)
        assert not done["ok"] and why in done["text"], done
    assert sh.replay.speed == 0


def test_the_next_call_and_the_next_alarm_are_told(sh, page):
    look(page)
    assert page.do("replay_call")["text"] == "A call: 200 to 240."
    assert page.do("replay_call")["text"] == "A call: 300 to 240."
    assert page.do("replay_alarm")["text"] == "An alarm: SessionLost (it was cut)."
    eventually(lambda: page.of("snapshot")[-1]["connection"]["stale"])
    assert page.do("replay_alarm")["text"] == "An alarm: ContactStatus (sip:200@192.0.2.1)."
    done = page.do("replay_alarm")
    assert not done["ok"] and "no further alarm" in done["text"]


def test_a_click_on_a_call_is_an_order_and_says_that_nothing_is_sent(sh, page):
    look(page)
    page.do("replay_seek", to=NOON + 10)
    eventually(lambda: "hangup" in page.of("snapshot")[-1]["may"])
    row = next(iter(page.rows("channels").values()))
    done = page.do("hangup", channel=row["channel"], uniqueid=row["uniqueid"])
    assert done["ok"] and "Nothing was sent, since this is a replay" in done["text"]
    done = page.do("call", source="PJSIP/200", dest="240", context="door", callerid="")
    assert done["ok"] and "sh.ast.orders has the order" in done["text"]
    orders = sh.ast.orders
    assert list(orders["action"]) == ["Hangup", "Originate"]
    assert set(orders["by"]) == {"panel"}
    assert len(page.rows("channels")) == 2


def test_who_may_click_nothing_cannot_move_the_time(sh, monkeypatch):
    page = Page(Panel(sh, readonly=True, refresh_hz=50), monkeypatch)
    look(page)
    assert not page.do("replay_play", speed=60)["ok"]
    assert sh.replay.speed == 0


def test_a_pbx_that_is_no_replay_has_no_time_to_be_moved():
    with pytest.raises(ConfError, match="no replay"):
        replaying.run(object(), "replay_play", {"speed": 60})


def test_a_panel_of_several_follows_a_replay_that_is_moved(sh, monkeypatch):
    page = Page(Panel(sh, "all", refresh_hz=50), monkeypatch)
    look(page)

    def shows(*devices: str) -> bool:
        return sorted(row["device"] for row in page.rows("channels").values()) == [*devices]

    sh.replay.seek(pd.Timestamp(NOON + 10, unit="s", tz="UTC"))
    eventually(lambda: shows("PJSIP/200", "PJSIP/300"))
    sh.replay.seek(pd.Timestamp(NOON + 605, unit="s", tz="UTC"))
    eventually(lambda: shows("PJSIP/300"))
    sh.replay.seek(pd.Timestamp(NOON - 30, unit="s", tz="UTC"))
    eventually(lambda: shows())


def test_a_replay_among_several_has_no_ages_by_the_clock_of_now(sh, monkeypatch):
    page = Page(Panel(sh, "all", refresh_hz=50), monkeypatch)
    sh.replay.seek(pd.Timestamp(NOON + 10, unit="s", tz="UTC"))
    look(page)
    eventually(lambda: len(page.rows("channels")) == 2)
    assert {row["since"] for row in page.rows("channels").values()} == {None}
    state = page.panel._feed.state()
    (calls,) = (one for one in snapshot.tables(state) if one.label == "Channels")
    assert {row[calls.head.index("For")] for row in calls.rows} == {""}
