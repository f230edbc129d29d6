"""TAB, the extension that is loaded and unloaded, and the demo that starts and stops."""

from __future__ import annotations

import atexit
import socket

import pytest
from IPython.core.error import UsageError

import ast_notebook
from ast_notebook.errors import AstError
from tests.support.magics import ITEMS, _threads, ring_up
from tests.support.shell import an_ipython
from tests.support.waiting import eventually

TAB = [
    ("%ast ", {"connect", "db", "logic", "help", "--pbx"}),
    ("x = %ast c", {"call", "channels", "cli", "connect"}),
    ("%ast db ", {"read", "get", "write", "put", "del", "show"}),
    ("%ast db read d", {"dnd/office"}),
    ("%ast call PJSIP/2", {"PJSIP/200", "PJSIP/2222", "PJSIP/240"}),
    ("%ast call 200 240 door --", {"--callerid", "--wait", "--timeout"}),
    ("%ast call 200 240 ", {"door", "home"}),
    ("%ast call 200 240 --context d", {"door"}),
    ("%ast hangup 2", {"2222", "240"}),
    ("%ast mailbox 2", {"22@default", "2222@default"}),
    ("%ast items off", {"office", "office.fon", "office.fon.box"}),
    ("%ast events --event Newc", {"Newchannel"}),
    ("%ast events --device P", {"PJSIP/240"}),
    ("%ast action Core", {"CoreStatus", "CoreSettings"}),
    ("%%ast logic l --us", {"--userevent"}),
    ("%%ast logic l --userevent C", {"Call"}),
    ("%%ast on Newc", {"Newchannel"}),
    ("%ast off l", {"logic1"}),
    ("%ast help ev", {"events"}),
    ("%ast --pbx ", {"ast"}),
    ("%ast --pbx ast ma", {"mailbox"}),
    ("%ast disconnect ", {"ast"}),
    ("if x:\n    y = %ast db wr", {"write"}),
]


def test_tab(connected):
    connected.run(ITEMS)
    connected.run("%%ast logic logic1 --userevent Call\npass")
    connected.run("%ast db write dnd/office 0")
    ring_up(connected, "door", "Door <100>")
    for line, some in TAB:
        assert some <= set(connected.complete_words(line)), line
    assert "--wait" not in connected.complete_words("%ast call 200 240 door --wait --")
    assert "--callerid" not in connected.complete_words("%asterisk call --")
    assert "office" in connected.complete_words("sh.off")


CHOSEN = ["240{sh.close()}", "240 --callerid=x", "240$sh", "240'", '240"', "240\x1b[2J", "--wait"]


def test_tab_gives_what_a_caller_chose_so_that_it_is_no_code_and_no_option(connected):
    sh = connected.user_ns["sh"]
    sh.ast.record.add([f"Event: Newexten\r\nExten: {one}" for one in CHOSEN], 1)
    found = connected.complete_words("%ast call PJSIP/200 240")
    assert set(found) >= {
        "240{{sh.close()}}".join('""'),
        '"240 --callerid=x"',
        '"240$$sh"',
        """ "240'" """.strip(),
        """ '240"' """.strip(),
    }
    assert not any("\x1b" in one for one in found)
    assert "--wait" not in connected.complete_words("%ast call 200 240 x --wait ")
    connected.run("%ast db write a/b " + next(one for one in found if "close" in one))
    assert connected.run("%ast db read a/b") == CHOSEN[0]


def test_panel_shows_the_pbx_and_ends_with_the_extension(connected):
    panel = connected.run("%ast panel --readonly --wall --refresh 2 --editable office.*")
    assert "application/vnd.jupyter.widget-view+json" in panel._repr_mimebundle_()[0]
    connected.run("%unload_ext ast_notebook")
    eventually(lambda: not _threads())


def test_one_panel_has_all_pbxs_or_those_that_are_named(connected, where, small_pbx, monkeypatch):
    monkeypatch.setenv("AST_PASSWORD_BERLIN", small_pbx.password)
    connected.run(f"%ast connect {where} --name berlin;")
    panel = connected.run("%ast panel --pbx all --trunk PJSIP/to-*")
    assert repr(panel) == "<Panel of ast, berlin>"
    assert repr(connected.run("%ast panel --pbx berlin")) == "<Panel of berlin>"
    assert repr(connected.run("%ast --pbx berlin panel")) == "<Panel of berlin>"
    assert repr(connected.run("%ast panel --pbx berlin ast")) == "<Panel of berlin, ast>"
    assert {"all", "ast", "berlin"} <= set(connected.complete_words("%ast panel --pbx "))
    for line, said in {
        "%ast panel --pbx hamburg": "there is no PBX hamburg",
        "%ast --pbx ast panel --pbx all": "name the PBXs once",
    }.items():
        with pytest.raises(UsageError, match=said):
            connected.run(line)
    with pytest.raises(AstError, match="no terminal to watch on"):
        connected.run("%ast panel --watch")


def test_record_to_keeps_events_on_disk(connected, tmp_path):
    archive = connected.run(f"archive = %ast record to {tmp_path} --days 30\narchive")
    connected.run("%ast call Local/601@phones 601 phones;")
    eventually(lambda: list(tmp_path.rglob("*.arrows")))
    assert str(tmp_path) in repr(archive)


def test_unload_leaves_nothing_behind(where, monkeypatch):
    registered = []
    monkeypatch.setattr(atexit, "register", lambda f: registered.append(f))
    monkeypatch.setattr(atexit, "unregister", lambda f: registered.remove(f))
    with an_ipython() as shell:
        before = _traces(shell)
        shell.run("%load_ext ast_notebook")
        shell.run(f"%ast connect {where};")
        shell.run("%ast demo --name small --seed 1;")
        shell.run(ITEMS)
        shell.run("%%ast logic logic1 --userevent Call\npass")
        shell.run("%%ast on Hangup\npass")
        sh = shell.user_ns["sh"]
        pbx = sh.ast
        small = sh.small
        assert _traces(shell) != before
        shell.run("%unload_ext ast_notebook")
        assert _traces(shell) == before
        assert pbx.session.closed
        assert small.session.closed
        assert not [one for one in registered if one.__module__.startswith("ast_notebook")]
        eventually(lambda: not _threads())
        with pytest.raises(OSError, match="refused"):
            socket.create_connection((small.session.settings.host, small.session.settings.port))
        shell.run("%load_ext ast_notebook")
        assert shell.run("sh") is not sh
        assert "No PBX" in repr(shell.run("%ast"))
        shell.run("%unload_ext ast_notebook")
        assert _traces(shell) == before


def _traces(shell):
    manager = shell.magics_manager
    return (
        [name for kind in ("line", "cell") for name in manager.magics[kind] if name == "ast"],
        "AstMagics" in manager.registry,
        [one for one in shell.configurables if type(one).__module__.startswith("ast_")],
        len(shell.Completer.custom_matchers),
        {name: len(found) for name, found in shell.events.callbacks.items()},
        "sh" in shell.user_ns,
        "sh" in shell.user_ns_hidden,
    )


def test_loading_twice_is_fine(shell):
    sh = shell.user_ns["sh"]
    ast_notebook.load_ipython_extension(shell)
    assert shell.user_ns["sh"] is sh
    assert len(shell.Completer.custom_matchers) == 1
    shell.run("%reload_ext ast_notebook")
    assert len(shell.Completer.custom_matchers) == 1
    assert shell.user_ns["sh"] is not sh


def test_unloading_leaves_alone_what_is_not_ours():
    with an_ipython() as shell:
        ast_notebook.unload_ipython_extension(shell)
        shell.run("%load_ext ast_notebook")
        shell.user_ns["sh"] = "mine"
        shell.run("%unload_ext ast_notebook")
        assert shell.user_ns["sh"] == "mine"


def test_an_sh_of_plain_python_is_taken_up_and_left_open(small_pbx):
    with (
        an_ipython() as shell,
        ast_notebook.connect(small_pbx.host, small_pbx.port, password=small_pbx.password) as sh,
    ):
        shell.user_ns["sh"] = sh
        shell.run("%load_ext ast_notebook")
        assert shell.run("%ast status").pbxs[0].state == "connected"
        shell.run("%unload_ext ast_notebook")
        assert shell.user_ns["sh"] is sh
        assert sh.ast.session.connected()


def test_the_demo_starts_stops_and_gives_way(shell, where):
    status = shell.run("%ast demo --tech SIP --seed 2   # an Asterisk 16")
    assert status.pbxs[0].asterisk.startswith("16.")
    assert shell.user_ns["sh"].ast.technologies() == ["SIP"]
    first = shell.user_ns["sh"].ast.session.settings
    shell.run(f"%ast connect {where};")
    with pytest.raises(OSError, match="refused"):
        socket.create_connection((first.host, first.port))
    shell.run("%ast demo --no-calls --name small;")
    assert set(shell.user_ns["sh"].pbxs) == {"ast", "small"}
    assert list(shell.run("%ast demo --name small --stop").frame.index) == ["ast"]
    with pytest.raises(ast_notebook.TechnologyMissing):
        shell.run("%ast demo --tech ISDN")
