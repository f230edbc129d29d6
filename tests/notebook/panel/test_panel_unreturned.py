"""The panel's list of those who wait for a call: what its page, its picture and a terminal get."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd
import pytest

import ast_notebook
from ast_notebook import PhoneBook
from ast_notebook.demo.returned import with_calls_back
from ast_notebook.demo.week import week
from ast_notebook.panel import Panel, close_all, snapshot
from ast_notebook.panel.unreturned import NO_TRUNK
from ast_notebook.replay import ReplayedHome
from tests.support.days import NOON, bell, channel, frame
from tests.support.panel_kernel import HOSTILE, Page
from tests.support.waiting import eventually

ANN, BOB = {"CallerIDNum": "030123"}, {"CallerIDNum": "030456", "CallerIDName": HOSTILE}


def at(second: float) -> pd.Timestamp:
    return pd.Timestamp(NOON + second, unit="s", tz="UTC")


DAY = (
    channel(0, "Newchannel", "PJSIP/provider", 1, Exten="2222", Context="from-outside", **ANN),
    channel(20, "Hangup", "PJSIP/provider", 1, Cause=16, **ANN),
    channel(30, "Newchannel", "PJSIP/provider", 2, Exten="2222", Context="from-outside", **BOB),
    channel(50, "Hangup", "PJSIP/provider", 2, Cause=16, **BOB),
    bell(100),
)


@pytest.fixture
def sh() -> Iterator[ReplayedHome]:
    with ast_notebook.replay(frame(*DAY)) as home:
        yield home
    close_all()


def test_a_page_is_told_who_waits(sh: ReplayedHome, monkeypatch: pytest.MonkeyPatch) -> None:
    sh.ast.tell(trunks="PJSIP/provider", phone_book=PhoneBook({"030123": "Ann Able"}))
    page = Page(Panel(sh, refresh_hz=50), monkeypatch)
    page.say(t="hello")
    eventually(lambda: page.of("snapshot"))
    assert page.rows("unreturned") == {}
    sh.run(at(25))
    eventually(lambda: list(page.rows("unreturned")) == ["030123"])
    row = page.rows("unreturned")["030123"]
    assert (row["caller_name"], row["tries"], row["dial"]) == ("Ann Able", 1, "030123")
    assert (row["first"], row["last"]) == (NOON, NOON)
    sh.run()
    eventually(lambda: list(page.rows("unreturned")) == ["030123", "030456"])
    assert page.rows("unreturned")["030456"]["caller_name"] == HOSTILE
    sh.replay.seek(at(25))
    eventually(lambda: list(page.rows("unreturned")) == ["030123"])


def test_a_page_is_told_what_to_set_where_no_trunk_is_known(
    sh: ReplayedHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = Page(Panel(sh, refresh_hz=50), monkeypatch)
    page.say(t="hello")
    (shown,) = eventually(lambda: page.of("snapshot"))
    assert shown["silent"]["unreturned"] == NO_TRUNK and not shown["tables"]["unreturned"]
    sh.run()
    sh.ast.tell(trunks="PJSIP/provider")
    eventually(lambda: len(page.rows("unreturned")) == 2)
    assert page.of("delta")[-1].get("silent", {"unreturned": ""})["unreturned"] == ""
    sh.ast.tell(trunks="")
    eventually(lambda: not page.rows("unreturned"))


def test_a_picture_and_a_terminal_have_the_same_table() -> None:
    with ast_notebook.replay(with_calls_back(week())) as sh:
        panel = Panel(sh)
        assert NO_TRUNK in snapshot.to_text(panel._feed.state())
        sh.ast.tell(trunks="PJSIP/provider")
        sh.run()
        wanted = sh.ast.unreturned()["caller"].tolist()
        assert len(wanted) > 3
        eventually(lambda: [*panel._feed.state()["tables"]["unreturned"]] == wanted, 60)
        text = snapshot.to_text(panel._feed.state())
        html = snapshot.to_html(panel._feed.state())
        panel.close()
    assert "Who waits for a call" in text and "<caption>Who waits for a call" in html
    for number in wanted:
        assert number in text and f"<td>{number}" in html


def test_no_one_s_name_is_markup(sh: ReplayedHome) -> None:
    sh.ast.tell(trunks="PJSIP/provider")
    sh.run()
    panel = Panel(sh)
    eventually(lambda: len(panel._feed.state()["tables"]["unreturned"]) == 2)
    html = snapshot.to_html(panel._feed.state())
    assert "&lt;img" in html and "<img" not in html
