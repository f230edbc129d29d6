"""What the subcommands of `%ast` do on the demo PBX."""

from __future__ import annotations

import dataclasses
import os
import signal
import threading

import pytest

from ast_notebook import ConfError, KeyMissing, demo
from tests.support.magics import ITEMS, _threads, ring_up
from tests.support.waiting import eventually


def test_status_tells_how_it_goes(connected):
    connected.run(ITEMS)
    connected.run("%%ast on Hangup\nraise ValueError('<b>oh</b>')")
    status = connected.run("%ast status")
    (pbx,) = status.pbxs
    assert pbx.asterisk.startswith("22.")
    assert pbx.manager.startswith("Asterisk Call Manager")
    assert pbx.read >= pbx.kept > 0
    assert pbx.rate > 0
    assert pbx.dropped == pbx.undispatched == pbx.reconnects == 0
    assert pbx.budget == 256 * 1024 * 1024
    assert status.frame.loc["ast", "state"] == "connected"
    assert {"on_Hangup", "office.fon: active/office"} <= set(status.bindings["name"])
    for shown in (repr(status), status._repr_html_()):
        assert "on_Hangup" in shown
        assert "256 MB" in shown
        assert "missed" not in shown and "dispatch" not in shown
    behind = dict(dataclasses.replace(pbx, backlog=7, undispatched=1200).lines())
    told = "7 waiting, 1,200 that items, logics and callbacks missed: too many waited"
    assert behind["events"].endswith(told)


def test_status_names_the_permissions_that_are_missing(shell, small_pbx, monkeypatch):
    monkeypatch.setenv("AST_PASSWORD", small_pbx.password)
    status = shell.run(f"%ast connect admin@{small_pbx.host}:{small_pbx.port}")
    assert "`reporting`" in repr(status)
    assert any("conferences" in what for what in status.pbxs[0].unheard.values())


def test_status_of_a_lost_connection_says_why_and_when_next(shell, monkeypatch):
    with demo.start(calls=False) as small:
        monkeypatch.setenv("AST_PASSWORD", small.password)
        shell.run(f"%ast connect {small.username}@{small.host}:{small.port};")
        small.close()
        session = shell.user_ns["sh"].ast.session
        eventually(lambda: session.next_try)
        status = shell.run("%ast")
    assert status.pbxs[0].state == "lost"
    assert "LOST since" in repr(status)
    assert "next try at" in repr(status)


def test_what_a_caller_is_named_is_escaped(connected):
    hostile = "<img src=x onerror=alert(1)>"
    connected.user_ns["hostile"] = hostile
    connected.run(f"%%ast logic l --userevent Call\nraise ValueError({hostile!r})")
    connected.run("%ast db write a/b $hostile")
    ring_up(connected, "door", "Door <100>")
    sh = connected.user_ns["sh"]
    eventually(lambda: sh.bindings().set_index("name").loc["l", "failed"])
    shown = [
        connected.run("%ast status")._repr_html_(),
        connected.run("%ast action DBGet Family=a Key=b")._repr_html_(),
        connected.run("%ast db show a")._repr_html_(),
        connected.run("%ast cli database show a")._repr_html_(),
    ]
    assert all("&lt;img" in html and "<img" not in html for html in shown)


def test_the_database(connected):
    connected.user_ns["flag"] = True
    assert connected.run("%ast db write dnd/office $flag") is None
    assert connected.run("%ast db read dnd/office") == "1"
    connected.run("%ast db put dnd/home {1 + 1}")
    connected.run("%ast db write dnd/text ${EXTEN}")
    assert connected.run("%ast db get dnd/text") == "${EXTEN}"
    shown = connected.run("%ast db show dnd").set_index("key")["value"]
    assert shown.to_dict() == {"dnd/home": "2", "dnd/office": "1", "dnd/text": "${EXTEN}"}
    connected.run("%ast db del dnd/text")
    with pytest.raises(KeyMissing, match="no entry dnd/text"):
        connected.run("%ast db del dnd/text")
    assert connected.run("%ast db read dnd/text --default none") == "none"
    assert "pbx/UUID" in list(connected.run("%ast db show")["key"])


def test_mailboxes(connected):
    count = connected.run("%ast mailbox 22")
    assert count == (0, 0)
    assert repr(count) == "MailboxCount(old_messages=0, new_messages=0)"
    assert set(connected.run("%ast mailbox")["mailbox"]) == {"22@default", "2222@default"}


def test_a_call_is_made_waited_for_and_hung_up(connected):
    call = connected.run('x = %ast call 200 240 door --callerid "Door <100>" --wait --dest\nx')
    assert repr(call) == "<Call PJSIP/200 -> 240@door: answered>"
    channels = connected.run("%ast channels")
    assert {"PJSIP/200", "PJSIP/240"} <= set(channels["channel"].str.rpartition("-")[0])
    (hung_up,) = connected.run("%ast hangup 240")
    assert hung_up.startswith("PJSIP/240-")
    eventually(lambda: connected.run("%ast channels").empty)


def test_a_context_can_be_given_by_name(connected):
    call = connected.run("%ast call PJSIP/200 240 --context home")
    assert call.context == "home"
    eventually(lambda: connected.run("%ast hangup 200"))


@pytest.mark.usefixtures("interruptible")
def test_a_call_that_takes_long_says_so_and_can_be_interrupted(connected, capsys):
    pbx = connected.user_ns["sh"].ast
    timer = threading.Timer(3.8, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        connected.run("%ast call 200 620 phones --wait --dest")  # nobody joins the conference
    timer.join()
    assert "620 rings …" in capsys.readouterr().out
    assert pbx.session.connected()
    connected.run("%ast hangup 200")
    eventually(lambda: connected.run("%ast channels").empty)
    assert not [name for name in _threads() if name == "ast-progress"]


def test_events_are_chosen(connected):
    connected.run("%ast call 200 240 door --wait --dest;")
    connected.run("%ast hangup 200;")
    eventually(lambda: connected.run("%ast channels").empty)
    events = connected.run("%ast events --event Hangup --since 10m --device 200")
    assert set(events["event"]) == {"Hangup"}
    assert events["channel"].str.startswith("PJSIP/200-").all()
    assert "dialstatus" not in events
    assert list(events.columns[:4]) == ["received", "time", "server", "event"]
    both = connected.run("%ast events --event Newchannel Hangup --event DialEnd")
    assert {"Newchannel", "DialEnd"} <= set(both["event"].unique())
    assert len(connected.run("%ast events --last 3")) == 3
    assert len(connected.run("%ast events --device PJSIP/200 --last 2")) == 2
    assert connected.run("%ast events --device 20").empty
    assert connected.run("%ast events --since 2126-01-01").empty
    assert connected.run("%ast events --event Hangup;") is None


def test_the_record(connected):
    record = connected.run("%ast record")
    assert len(record)
    assert connected.run("%ast record budget 512MB").budget == 512 * 1024 * 1024
    assert connected.run("%ast record budget 64").budget == 64 * 1024 * 1024
    assert connected.run("%ast record clear") is record
    assert len(record) < 10


def test_items_in_both_ways_of_writing(connected):
    frame = connected.run(ITEMS)
    assert list(frame["item"]) == ["office.fon", "office.fon.box"]
    connected.run("%%ast items\nhall:\n    light:\n        type: bool\n        value: true")
    assert connected.user_ns["sh"].hall.light() is True
    found = connected.run("%ast items hall.*")
    assert list(found["item"]) == ["hall.light"]
    assert "items: 1; times in" in repr(found) and "+00:00" not in repr(found)
    assert "There are no such items" in repr(connected.run("%ast items cellar.*"))
    assert list(connected.run("%ast items *:ast_dev")["item"]) == ["office.fon"]
    with pytest.raises(ConfError, match="the cell, line"):
        connected.run("%%ast items\n[office]\n    type = bolo")


def test_a_device_and_its_lines(connected):
    connected.run(ITEMS)
    fon = connected.user_ns["sh"].office.fon
    connected.run("%ast call 2222 600 phones --wait;")
    eventually(fon)
    eventually(lambda: connected.run("%ast db read active/office") == "1")
    connected.run("%ast hangup 2222;")
    eventually(lambda: not fon())
    eventually(lambda: connected.run("%ast db read active/office") == "0")


def test_a_logic_runs_in_the_notebooks_namespace(connected, capsys):
    connected.run("heard = []")
    logic = connected.run(
        "%%ast logic logic1 --userevent Call --dest Office\n"
        "heard.append((trigger['source'], trigger.value, trigger.dest))\n"
        "print('logic', logic.name)\n"
        "%ast db write heard/last {trigger.source}"
    )
    assert "logic1" in repr(logic)
    ring_up(connected, "home", "Hall <101>")
    ring_up(connected, "door", "J, S <100>")
    heard = connected.user_ns["heard"]
    eventually(lambda: heard)
    assert heard == [("100", "J, S", "Office")]
    eventually(lambda: connected.run("%ast db read heard/last --default 0") == "100")
    eventually(lambda: "logic logic1" in capsys.readouterr().out)
    connected.run("%%ast logic logic1 --userevent Call\nheard.append('anew')")
    assert len(connected.run("%ast logics")) == 1
    ring_up(connected, "home", "Hall <101>")
    eventually(lambda: heard[-1] == "anew")
    connected.run("%ast off logic1")
    assert connected.run("%ast logics").empty


def test_on_binds_events_and_user_events(connected):
    connected.run("heard = []")
    connected.run("%%ast on Hangup\nheard.append(event['Channel'])")
    text = connected.run("%%ast on call\nheard.append((event.name, trigger.source))")
    assert "%ast off on_call" in repr(text)
    heard = connected.user_ns["heard"]
    ring_up(connected, "door", "Door <100>")
    eventually(lambda: len(heard) == 3)
    assert heard[0] == ("UserEvent", "100")
    assert {name.rpartition("-")[0] for name in heard[1:]} == {"PJSIP/200", "PJSIP/240"}
    connected.run("%ast off on_Hangup")
    connected.run("%ast off on_call")
    assert connected.user_ns["sh"].bindings().empty


def test_files_are_loaded_by_name_and_by_content(connected, tmp_path):
    (tmp_path / "items.conf").write_text("[a]\n    type = bool\n")
    (tmp_path / "house.yaml").write_text("b:\n    type: num\n")
    (tmp_path / "say.py").write_text("said = trigger.source\n")
    (tmp_path / "bells.conf").write_text(
        "[bell]\n    filename = say.py\n    ast_userevent = Call\n"
    )
    (tmp_path / "logic.yaml").write_text("horn:\n    filename: say.py\n    ast_userevent: Horn\n")
    assert list(connected.run(f"%ast load {tmp_path}/items.conf")["item"]) == ["a"]
    assert list(connected.run(f"%ast load {tmp_path}/house.yaml")["item"]) == ["b"]
    assert list(connected.run(f"%ast load {tmp_path}/bells.conf")["logic"]) == ["bell"]
    assert list(connected.run(f"%ast load {tmp_path}/logic.yaml")["logic"]) == ["horn"]
    ring_up(connected, "door", "Door <100>")
    eventually(lambda: connected.user_ns.get("said") == "100")


def test_raw_actions_and_commands(connected):
    answer = connected.run("%ast action QueueStatus Queue=support")
    assert any(event.name == "QueueMember" for event in answer)
    assert "entries" in repr(answer)
    assert "<table" in answer._repr_html_()
    call = "Channel=PJSIP/200 Application=Wait Data=1 Variable=A=1 'Variable=B=2 3'"
    connected.run(f"%ast action Originate {call} Async=true")
    connected.run("%ast hangup 200")
    text = connected.run("%ast cli core show uptime")
    assert "System uptime" in text
    assert repr(text) == text
    assert "active channel" in connected.run("%ast command core show channels").lower()


def test_a_variable_of_a_function_is_found(connected):
    connected.run("def write(value):\n    %ast db write a/b $value\nwrite('local')")
    assert connected.run("%ast db read a/b") == "local"
