"""Lamps, queues, callers who wait for a call, and their names, on Asterisk 16 and 22."""

from __future__ import annotations

from typing import Any

import pytest

import ast_notebook
from ast_notebook import PhoneBook
from ast_notebook.panel import Panel, actions, snapshot
from tests.lab.asterisk import Asterisk
from tests.lab.relayed import relayed
from tests.support.waiting import eventually

ITEMS = {
    "lamp": {"type": "str", "ast_state": "2222"},
    "waiting": {"type": "num", "ast_queue": "support"},
    "longest": {"type": "num", "ast_queue": "support longest"},
    "agents": {"type": "num", "ast_queue": "support agents"},
    "missed": {"type": "num", "ast_missed": "*"},
    "of_30": {"type": "num", "ast_missed": "30"},
}


@pytest.fixture
def sh(pbx: Asterisk):
    with ast_notebook.connect(pbx.host, pbx.port, username="panel", password="secret") as sh:
        sh.ast.tell(trunks="30")  # as if telephone 30 was the public network
        sh.load_items(ITEMS)
        yield sh


def test_whoever_was_not_answered_waits_until_he_is_called_back(pbx, sh):
    eventually(lambda: sh.lamp() == "idle" and not sh.missed.stale)
    before = sh.missed()
    with pbx.telephone("2222").rings(), pbx.telephone("30").calls("2222") as call:
        eventually(lambda: sh.lamp() == "ringing")
        call.hang_up()
    eventually(lambda: sh.lamp() == "idle")
    eventually(lambda: (sh.missed(), sh.of_30()) == (before + 1, 1))
    (row,) = sh.ast.unreturned().query("caller == '30'").to_dict("records")
    assert (row["dialled"], row["tries"]) == ("2222", 1)
    with pbx.telephone("30").answers(), pbx.telephone("2222").calls("30") as call:
        call.wait_answered()
        eventually(lambda: sh.lamp() == "in use")
        call.hang_up()
    eventually(lambda: (sh.missed(), sh.of_30()) == (before, 0))


def test_the_panel_lists_who_waits_until_he_is_called_back(pbx, sh):
    sh.ast.tell(phone_book=PhoneBook({"30": "Kitchen, Ltd"}))
    panel = Panel(sh)
    try:
        waiting(pbx, sh, panel)
    finally:
        panel.close()


def waiting(pbx, sh, panel):
    with pbx.telephone("2222").rings(), pbx.telephone("30").calls("2222") as call:
        eventually(lambda: sh.ast.live.calls)
        call.hang_up()
    row = eventually(lambda: panel._feed.state()["tables"]["unreturned"].get("30"))
    assert (row["caller_name"], row["tries"], row["dial"]) == ("Kitchen, Ltd", 1, "30")
    text = snapshot.to_text(panel._feed.state())
    assert "Who waits for a call" in text and "Kitchen, Ltd" in text
    with pbx.telephone("2222").answers(), pbx.telephone("30").answers():
        mine = {"source": "2222", "context": "phones", "dest": row["dial"]}
        assert actions.run(sh.ast, "call", mine).endswith("2222 rings, to be connected with 30")
        eventually(lambda: len({one["bridge"] for one in up(sh)} - {""}) == 1 and len(up(sh)) == 2)
        sh.ast.hangup("2222")
        eventually(lambda: not up(sh))
    eventually(lambda: "30" not in panel._feed.state()["tables"]["unreturned"])


def up(sh):
    rows = sh.ast.live.tables["channels"].rows().values()
    return [row for row in rows if row["state"] == "Up"]


def test_a_queue_counts_who_waits(pbx, sh):
    eventually(lambda: not sh.waiting.stale and sh.waiting() == 0)
    with pbx.telephone("30").calls("610"):
        eventually(lambda: sh.waiting() == 1)
        eventually(lambda: sh.longest() >= 1)
    eventually(lambda: (sh.waiting(), sh.longest()) == (0, 0))


def test_a_phone_book_fills_cidname(pbx, sh):
    sh.ast.tell(country="DE", phone_book=PhoneBook({"030 123456": "Ann Able, Ltd"}, "DE"))
    assert sh.ast.fill_names()["what"].tolist() == ["new", "new"]
    assert pbx.database("cidname/030123456") is None
    sh.ast.fill_names(write=True)
    assert pbx.database("cidname/030123456") == "Ann Able, Ltd"
    assert sh.ast.fill_names()["what"].tolist() == ["same", "same"]


def test_the_trunk_between_two_pbxs_is_guessed_by_whose_numbers_it_carries():
    with relayed() as (one, other, _):
        login: dict[str, Any] = {"username": other.panel, "password": other.password}
        with ast_notebook.connect(other.host, other.port, **login) as sh:
            with other.telephone("200").answers(), other.telephone("2222").calls("200") as call:
                call.wait_answered()
            with ast_notebook.connect(one.host, one.port, **login) as there:
                for number in ("030111", "030222", "030222", "030333"):
                    there.ast.action(
                        "Originate",
                        Channel="SIP/relay/600",
                        Application="Wait",
                        Data="1",
                        CallerID=f"<{number}>",
                        Async="true",
                    )
                    eventually(lambda: not other.channels() and not one.channels())
            eventually(lambda: len(sh.ast.calls()) == 5)
            (row,) = sh.ast.guess_trunks().to_dict("records")
            assert (row["device"], row["calls"], row["numbers"]) == ("PJSIP/relay", 4, 3)
            assert row["why"] == "3 different numbers called from it"
            with pytest.warns(UserWarning, match=r"PJSIP/relay \(3 different numbers"):
                sh.ast.tell(trunks="guess")
            assert sorted(sh.ast.calls()["direction"]) == [*["inbound"] * 4, "internal"]
