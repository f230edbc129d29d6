"""`%ast` in an IPython: on the demo PBX, and the issue's cells on a real Asterisk 16 and 22."""

from __future__ import annotations

import atexit
import getpass
import os
import signal
import socket
import threading
import time
import warnings

import keyring
import keyring.backend
import keyring.errors
import pandas as pd
import pytest
from IPython.core.error import StdinNotImplementedError, UsageError

import ast_notebook
from ast_notebook import ChannelGone, ConfError, ConnectionLost, KeyMissing, LoginRefused, demo
from ast_notebook.magics.address import address
from ast_notebook.magics.line import expand, words
from ast_notebook.magics.recording import moment
from tests.shell import an_ipython
from tests.waiting import eventually

ITEMS = """%%ast items
[office]
    [[fon]]
        type = bool
        ast_dev = 2222
        ast_db = active/office
        [[[box]]]
            type = num
            ast_box = 22
"""


class NoKeyring(keyring.backend.KeyringBackend):
    """A keyring that holds what a test puts in, and nothing of this machine's."""

    priority = 1

    def __init__(self):
        super().__init__()
        self.passwords = {}

    def get_password(self, service, username):
        if self.passwords is None:
            raise keyring.errors.NoKeyringError("there is none")
        return self.passwords.get((service, username))

    def set_password(self, service, username, password):
        self.passwords[service, username] = password

    def delete_password(self, service, username):
        del self.passwords[service, username]


@pytest.fixture(autouse=True)
def ring(monkeypatch):
    for name in list(os.environ):
        if name.startswith("AST_"):
            monkeypatch.delenv(name)
    before, ring = keyring.get_keyring(), NoKeyring()
    keyring.set_keyring(ring)
    yield ring
    keyring.set_keyring(before)


@pytest.fixture
def shell():
    with an_ipython() as shell:
        shell.run("%load_ext ast_notebook")
        yield shell
        shell.run("%unload_ext ast_notebook")


@pytest.fixture(scope="module")
def small_pbx():
    with demo.start(calls=False, seed=1, username="panel") as started:
        yield started


@pytest.fixture
def where(small_pbx, monkeypatch):
    monkeypatch.setenv("AST_PASSWORD", small_pbx.password)
    return f"{small_pbx.username}@{small_pbx.host}:{small_pbx.port}"


@pytest.fixture
def connected(shell, where):
    shell.run(f"%ast connect {where};")
    return shell


# --- a line ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("", []),
        ("connect        # or: %ast connect admin@pbx.example:5038", ["connect"]),
        ('call SIP/200 240 door --callerid "Door <100>"', ["call", "SIP/200", "240", "door"]),
        ("call SIP/200 #31#240 door", ["call", "SIP/200", "#31#240", "door"]),
        ("db write a/b O'Brien", ["db", "write", "a/b", "O'Brien"]),
        ("action X Value='a b' C=\"d e\"", ["action", "X", "Value=a b", "C=d e"]),
        ("db write a/b ''", ["db", "write", "a/b", ""]),
        (r"load C:\house\items.conf", ["load", r"C:\house\items.conf"]),
        ("db write a/b {f(1, 'x y')}z", ["db", "write", "a/b", "{f(1, 'x y')}z"]),
        ("db write a/b $[1 + 2]", ["db", "write", "a/b", "$[1 + 2]"]),
        ("db write a/b {{", ["db", "write", "a/b", "{{"]),
    ],
)
def test_a_line_is_words(line, found):
    assert words(line)[: len(found)] == found
    if "Door" in line:
        assert words(line)[-1] == "Door <100>"


@pytest.mark.parametrize("line", ['x "never closed', "x 'a'b", 'x a="b'])
def test_a_quote_that_is_not_closed_is_said(line):
    with pytest.raises(UsageError, match="not closed"):
        words(line)


@pytest.mark.parametrize(
    ("text", "expanded"),
    [
        ("{number + 1}", "201"),
        ("PJSIP/$number", "PJSIP/200"),
        ("${CALLERID(num)}", "${CALLERID(num)}"),
        ("${QUOTE(${CALLERID(name)})}$number", "${QUOTE(${CALLERID(name)})}200"),
        ("$[1 + $[2 * 3]]", "$[1 + $[2 * 3]]"),
        ("{{number}} $$number", "{number} $number"),
        ("{on}{not on}", "10"),
        ("{[n for n in range(number) if n > 198]}", "[199]"),
        ("100$", "100$"),
    ],
)
def test_variables_are_put_in_and_asterisks_own_are_not(text, expanded):
    assert expand(text, {"number": 200, "on": True}) == expanded


@pytest.mark.parametrize(
    ("text", "why"),
    [("$nobody", "no variable nobody"), ("{1/0}", "ZeroDivisionError"), ("{x", "not closed")],
)
def test_what_cannot_be_put_in_is_said(text, why):
    with pytest.raises(UsageError, match=why):
        expand(text, {})


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("pbx", {"host": "pbx"}),
        ("admin@pbx.example:5038", {"username": "admin", "host": "pbx.example", "port": 5038}),
        ("a@b@pbx", {"username": "a@b", "host": "pbx"}),
        ("[2001:db8::1]:5039", {"host": "2001:db8::1", "port": 5039}),
        ("admin@", {"username": "admin"}),
    ],
)
def test_an_address_is_read(text, found):
    assert address(text) == found


@pytest.mark.parametrize("text", ["2001:db8::1", "pbx:http", "pbx:5038:1"])
def test_what_is_no_address_is_said(text):
    with pytest.raises(UsageError, match=r"write USER@HOST:PORT"):
        address(text)


NOW = pd.Timestamp("2026-11-23 12:00")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("10m", "2026-11-23 11:50"),
        ("5min", "2026-11-23 11:55"),
        ("90s", "2026-11-23 11:58:30"),
        ("1.5h", "2026-11-23 10:30"),
        ("2d", "2026-11-21 12:00"),
        ("10:00", "2026-11-23 10:00"),
        ("13:00", "2026-11-22 13:00"),
        ("2026-11-20", "2026-11-20 00:00"),
    ],
)
def test_a_moment_is_read(text, found):
    assert moment(text, NOW) == pd.Timestamp(found)


def test_what_is_no_moment_is_said():
    with pytest.raises(UsageError, match="is no moment"):
        moment("soon", NOW)


# --- what a wrong line says -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("connct", "did you mean connect"),
        ("db reed a/b", "did you mean read"),
        ("db", "read, write, del, show"),
        ("frobnicate", "%ast help"),
        ("call 200 240 door --calerid x", "did you mean --callerid"),
        ("call 200 240 door -hurry", "argument -h"),
        ("call 200", "DEST"),
        ("call 200 240", "name one context"),
        ("call 200 240 door --context home", "name one context"),
        ("call 200 240 door --timeout soon", "invalid float"),
        ("channels now", "1 word\\(s\\) too many"),
        ("--pbx", "name a PBX"),
        ("--pbx berlin channels", "no PBX berlin"),
        ("logic l --userevent Call", "write it above a cell, as %%ast logic"),
        ("events --last -1", "counts events"),
        ("record budget much", "512MB"),
        ("action Ping Key", "KEY=VALUE"),
        ("action Ping ActionID=1", "set by itself"),
        ("cli", "write a command"),
        ("off nothing", "nothing is bound as nothing"),
        ("load plugin.conf", "%ast connect --conf"),
        ("demo --stop", "no demo runs"),
        ("help connct", "did you mean connect"),
        ("disconnect berlin", "no PBX berlin"),
    ],
)
def test_a_wrong_line_is_told_in_one_line(connected, line, why):
    with pytest.raises(UsageError, match=why) as raised:
        connected.run(f"%ast {line}")
    assert type(raised.value) is UsageError
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("cell", "why"),
    [
        ("%%ast\nx", "name a subcommand"),
        ("%%ast channels\nx", "takes no cell"),
        ("%%ast items office\n[office]", "takes no word"),
        ("%%ast logic l --userevent Call\nprint(", "not Python, line 1"),
        ("%%ast logic l\nprint()", "--userevent"),
        ("%%ast on\nprint()", "EVENT"),
    ],
)
def test_a_wrong_cell_is_told_in_one_line(connected, cell, why):
    with pytest.raises(UsageError, match=why) as raised:
        connected.run(cell)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("line", ["channels", "call 200 240 door", "db read a/b", "disconnect"])
def test_without_a_pbx_it_is_said_how_to_connect(shell, line):
    with pytest.raises(UsageError, match="%ast connect"):
        shell.run(f"%ast {line}")
    assert "%ast demo" in repr(shell.run("%ast"))


def test_an_error_of_asterisks_is_one_line_and_fails_the_cell(connected, capsys):
    with pytest.raises(KeyMissing):
        connected.run("%ast db read nothing/here")
    assert "Traceback" not in capsys.readouterr().out
    with pytest.raises(ConfError, match="too small"):
        connected.run("%ast record budget 1MB")
    with pytest.raises(ConfError, match="cannot be read"):
        connected.run("%ast load nothing.conf")


@pytest.mark.parametrize(
    "line", ["help call", "call --help", "call -h", "call 200 --help", "call 1 2 3 $flag"]
)
def test_help_of_a_subcommand(shell, line):
    shell.run("flag = '--help'")
    text = shell.run(f"%ast {line}")
    assert "--callerid" in text
    assert '%ast call SIP/200 240 door --callerid "Door <100>"' in text
    assert repr(text) == str(text)


def test_help_shows_every_subcommand_and_works_for_each(shell):
    overview = shell.run("%ast help")
    for name in ("connect", "db read", "%%ast logic", "cli"):
        assert name in overview
    for line in overview.splitlines():
        if line.startswith(("%ast ", "%%ast ")) and "SUBCOMMAND" not in line:
            name = line.split("  ")[0].partition(" ")[2]
            assert f"ast {name}" in shell.run(f"%ast help {name}")
    assert "FAMILY/KEY" in shell.run("%ast help db get")
    for line in ("help db", "db --help"):
        told = shell.run(f"%ast {line}")
        assert "usage: %ast db read" in told
        assert "usage: %ast db show" in told
    assert "usage: %%ast on" in shell.run("%%ast on --help\npass")


# --- connecting -----------------------------------------------------------------------------------


def test_connect_puts_the_pbx_into_sh_which_stays_the_same(shell, where):
    sh = shell.user_ns["sh"]
    status = shell.run(f"%ast connect {where}")
    assert status.pbxs[0].state == "connected"
    assert shell.user_ns["sh"] is sh
    assert sh.ast.session.connected()
    first = sh.ast
    shell.run(f"%ast connect {where};")
    assert first.session.closed
    assert sh.ast is not first
    del shell.user_ns["sh"]
    shell.run("%ast disconnect;")
    shell.run(f"%ast connect {where};")
    assert shell.user_ns["sh"] is sh


def test_the_environment_says_where(shell, small_pbx, monkeypatch):
    monkeypatch.setenv("AST_HOST", small_pbx.host)
    monkeypatch.setenv("AST_PORT", str(small_pbx.port))
    monkeypatch.setenv("AST_USERNAME", "admin")
    monkeypatch.setenv("AST_PASSWORD", small_pbx.password)
    shell.run("%ast connect                      # or: %ast connect admin@pbx.example:5038")
    assert shell.user_ns["sh"].ast.session.settings.username == "admin"
    shell.run("%ast connect panel@;")  # an argument comes before the environment
    assert shell.user_ns["sh"].ast.session.settings.username == "panel"
    monkeypatch.setenv("AST_PORT", "http")
    with pytest.raises(ConfError, match="AST_PORT"):
        shell.run("%ast connect")


def test_a_second_pbx_has_variables_of_its_own_and_is_chosen_by_name(
    connected, where, small_pbx, monkeypatch
):
    with pytest.raises(LoginRefused, match="AST_PASSWORD_BERLIN"):
        _without_anybody_to_ask(monkeypatch)
        connected.run(f"%ast connect {where} --name berlin")
    monkeypatch.setenv("AST_PASSWORD_BERLIN", small_pbx.password)
    status = connected.run(f"%ast connect {where} --name berlin")
    assert list(status.frame.index) == ["ast", "berlin"]
    connected.run("%ast --pbx berlin db write where/am i")
    assert connected.run("%ast --pbx berlin db read where/am") == "i"
    assert connected.run("%ast --pbx berlin events")["server"].unique().tolist() == ["berlin"]
    connected.run("%ast disconnect ast;")
    assert connected.run("%ast channels") is not None  # the only one
    with pytest.raises(ConfError, match="cannot be named"):
        monkeypatch.setenv("AST_PASSWORD_ITEMS", small_pbx.password)
        connected.run(f"%ast connect {where} --name items")


def test_plugin_conf_says_where_and_the_environment_does_not(
    shell, small_pbx, tmp_path, monkeypatch
):
    conf = tmp_path / "plugin.conf"
    conf.write_text(
        f"""[ast]
    class_name = Asterisk
    class_path = plugins.asterisk
    username = admin
    password = {small_pbx.password}
    host = # default
    port = {small_pbx.port}
[berlin]
    class_name = Asterisk
    class_path = plugins.asterisk
    username = panel
    password = {small_pbx.password}
    port = {small_pbx.port}
""",
        encoding="utf-8",
    )
    conf.chmod(0o600)
    monkeypatch.setenv("AST_HOST", "192.0.2.1")
    monkeypatch.setenv("AST_USERNAME", "nobody")
    status = shell.run(f"%ast connect --conf {conf}")
    assert [one.name for one in status.pbxs] == ["ast", "berlin"]
    assert small_pbx.password not in repr(status) + status._repr_html_()
    shell.run("%ast disconnect ast;")
    shell.run("%ast disconnect berlin;")
    shell.run(f"%ast connect --conf {conf} --name berlin --timeout 5;")
    assert list(shell.user_ns["sh"].pbxs) == ["berlin"]
    assert shell.user_ns["sh"].berlin.session.settings.timeout == 5
    with pytest.raises(ConfError, match="no section rome, but ast, berlin"):
        shell.run(f"%ast connect --conf {conf} --name rome")


def test_config_sets_what_connections_start_with(shell, where):
    shell.run("%config AstMagics.timeout = 7")
    shell.run("%config AstMagics.budget_mb = 64")
    shell.run("%config AstMagics.keepalive = 20")
    shell.run("%config AstMagics.events = 'system,call'")
    shell.run(f"%ast connect {where};")
    pbx = shell.user_ns["sh"].ast
    settings = pbx.session.settings
    assert (settings.timeout, settings.keepalive, settings.events) == (7, 20, "system,call")
    assert pbx.record.budget == 64 * 1024 * 1024
    shell.run(f"%ast connect {where} --timeout 3 --budget 32 --events on --md5;")
    pbx = shell.user_ns["sh"].ast
    settings = pbx.session.settings
    assert (settings.timeout, settings.events, settings.auth) == (3, "on", "md5")
    assert pbx.record.budget == 32 * 1024 * 1024


def test_disconnect_closes_and_keeps_items_and_logics(connected):
    connected.run(ITEMS)
    connected.run("%%ast logic logic1 --userevent Call\npass")
    pbx = connected.user_ns["sh"].ast
    assert "No PBX" in repr(connected.run("%ast disconnect"))
    assert pbx.session.closed
    assert list(connected.run("%ast items")["item"]) == ["office.fon", "office.fon.box"]
    assert list(connected.run("%ast logics")["logic"]) == ["logic1"]


def test_what_was_heard_is_there_after_a_disconnect(connected):
    connected.run("%ast disconnect")
    for line in ("calls", "visits", "report", "events", "record"):
        assert connected.run(f"%ast {line}") is not None
    assert connected.run("%ast --pbx ast calls") is not None
    with pytest.raises(ChannelGone):
        connected.run("%ast flow 999")
    with pytest.raises(UsageError, match="No PBX is connected"):
        connected.run("%ast channels")
    with pytest.raises(UsageError, match="No PBX is connected"):
        connected.run("%ast --pbx berlin calls")


def test_what_waits_for_asterisk_says_so(connected, monkeypatch, capsys):
    pbx = connected.user_ns["sh"].ast
    monkeypatch.setattr(type(pbx), "db_read", lambda *_, **__: time.sleep(3) or "1")
    assert connected.run("%ast db read dnd/office") == "1"
    assert "waiting for Asterisk … " in capsys.readouterr().out


def test_a_variable_that_is_none_is_no_text(connected):
    connected.run("nothing = None")
    for line in ("db write dnd/office $nothing", "hangup {nothing}", "mailbox {None}"):
        with pytest.raises(UsageError, match="is None"):
            connected.run(f"%ast {line}")
    for box in ("None", "''", "' '"):
        with pytest.raises(ConfError, match="no mailbox is named"):
            connected.run(f"sh.ast.mailbox_count({box})")


def test_a_failing_connect_leaves_all_as_it_was(connected, monkeypatch):
    pbx = connected.user_ns["sh"].ast
    with pytest.raises(ConnectionLost, match="nothing answers"):
        connected.run("%ast connect admin@127.0.0.1:1")
    address = pbx.session.settings.address
    monkeypatch.setenv("AST_PASSWORD", "wrong")
    with pytest.raises(LoginRefused, match="did not let"):
        connected.run(f"%ast connect admin@{address}")
    assert connected.user_ns["sh"].ast is pbx
    assert pbx.session.connected()


@pytest.fixture
def silent_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_a_silent_host_is_told_of_and_can_be_interrupted(shell, silent_port, monkeypatch, capsys):
    monkeypatch.setenv("AST_PASSWORD", "secret")
    shown = []

    def interrupt():
        shown.append(capsys.readouterr().out)
        if "… 3 s" in "".join(shown):
            os.kill(os.getpid(), signal.SIGINT)
            return True
        return False

    watcher = threading.Thread(target=eventually, args=(interrupt, 60))
    watcher.start()
    with pytest.raises(KeyboardInterrupt):
        shell.run(f"%ast connect 127.0.0.1:{silent_port} --timeout 100")
    watcher.join()
    assert f"connecting to 127.0.0.1:{silent_port} … 3 s" in "".join(shown)
    assert not shell.user_ns["sh"].pbxs
    eventually(lambda: not _threads())
    with pytest.raises(ConnectionLost, match="does not greet"):
        shell.run(f"%ast connect 127.0.0.1:{silent_port} --timeout 0.3")


# --- the password ---------------------------------------------------------------------------------


def _without_anybody_to_ask(monkeypatch):
    def ask(prompt):
        raise StdinNotImplementedError("no standard input")

    monkeypatch.setattr(getpass, "getpass", ask)


@pytest.mark.parametrize(
    "line", ["admin:hunter2@127.0.0.1", "a:hunter2@b:1", "--password hunter2", "pbx hunter2"]
)
def test_a_password_is_no_argument_and_is_not_repeated(shell, line, capsys):
    with pytest.raises(UsageError) as raised:
        shell.run(f"%ast connect {line}")
    assert "hunter2" not in str(raised.value) + "".join(capsys.readouterr())


def test_the_keyring_is_asked_before_somebody_is(shell, small_pbx, ring, monkeypatch):
    account = f"panel@{small_pbx.host}:{small_pbx.port}"
    ring.set_password("ast_notebook", account, small_pbx.password)
    _without_anybody_to_ask(monkeypatch)
    shell.run(f"%ast connect {account};")
    ring.passwords = None
    asked = []
    monkeypatch.setattr(
        getpass, "getpass", lambda prompt: asked.append(prompt) or small_pbx.password
    )
    shell.run(f"%ast connect {account};")
    assert asked == [f"Password of {account}: "]


def test_where_nobody_can_be_asked_the_variable_is_named(shell, monkeypatch):
    _without_anybody_to_ask(monkeypatch)
    with pytest.raises(LoginRefused, match="set AST_PASSWORD in the environment"):
        shell.run("%ast connect 127.0.0.1:1")


def test_the_password_shows_nowhere(connected, small_pbx):
    pbx = connected.user_ns["sh"].ast
    connected.run("%ast db write a/b 1")
    shown = [repr(pbx), repr(pbx.session), repr(pbx.session.settings), repr(connected.run("%ast"))]
    assert small_pbx.password not in "".join(shown)
    assert not (pbx.events.astype(str) == small_pbx.password).any(axis=None)


# --- what it does ---------------------------------------------------------------------------------


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
    assert list(connected.run("%ast items hall.*")["item"]) == ["hall.light"]
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


def ring_up(shell, context, callerid):
    """Let the dialplan send UserEvent(Call), from `door` with a Destination."""
    shell.run(f'%ast call 200 240 {context} --callerid "{callerid}" --wait --dest;')
    shell.run("%ast hangup 200;")
    eventually(lambda: shell.run("%ast channels").empty)


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


# --- TAB ------------------------------------------------------------------------------------------


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


# --- coming and going -----------------------------------------------------------------------------


def _threads():
    return [one.name for one in threading.enumerate() if one.name.startswith("ast-")]


def test_panel_shows_the_pbx_and_ends_with_the_extension(connected):
    panel = connected.run("%ast panel --readonly --wall --refresh 2 --editable office.*")
    assert "text/html" in str(panel._repr_mimebundle_())
    connected.run("%unload_ext ast_notebook")
    eventually(lambda: not _threads())


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


# --- the issue's cells, on real Asterisks ---------------------------------------------------------


def test_the_cells_of_the_main_job(shell, pbx, monkeypatch, capsys):
    monkeypatch.setenv("AST_HOST", pbx.host)
    monkeypatch.setenv("AST_PORT", str(pbx.port))
    monkeypatch.setenv("AST_PASSWORD", "secret")
    status = shell.run("%ast connect      # or: %ast connect admin@pbx.example:5038")
    assert status.pbxs[0].asterisk.startswith("16." if pbx.tech == "SIP" else "22.")
    assert status.pbxs[0].up_since
    shell.run(ITEMS)
    shell.run(
        "%%ast logic logic1 --userevent Call\n"
        "print(trigger['source'], trigger['value'], trigger['dest'])"
    )
    with pbx.telephone("200").answers(), pbx.telephone("240").answers():
        line = f'%ast call {pbx.tech}/200 240 door --callerid "Door <100>"'
        assert shell.run(f"c = {line}\nc.wait(dest=True)") == "answered"
        eventually(lambda: "Office" in capsys.readouterr().out)
        assert len(shell.run("%ast channels")) == 2
        short = shell.run("%ast call 200 240 --context door --wait")
        assert short.source == f"{pbx.tech}/200"
        shell.run("%ast hangup 200;")
    with pbx.telephone("2222").calls("600"):
        eventually(lambda: shell.run("sh.office.fon()"))
    eventually(lambda: not shell.run("sh.office.fon()"))
    assert shell.run("sh.office.fon.box()") == shell.run("sh.ast.mailbox_count('22')").new_messages
    assert shell.run("sh.ast.db_write('dnd/office', 1); sh.ast.db_read('dnd/office')") == "1"
    assert shell.run("sh.ast.mailbox_count('2222')") == (0, 0)
    with pbx.telephone("30").calls("600"):
        assert eventually(lambda: shell.run("sh.ast.hangup('30')"))
    assert isinstance(shell.run("sh.ast.events"), pd.DataFrame)
    assert shell.run("%ast db show dnd").to_dict("records") == [{"key": "dnd/office", "value": "1"}]
    shell.run("%ast db del dnd/office")
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        assert shell.run("%ast mailbox 77") == (0, 0)
    assert "no mailbox 77@default" in str(warned[0].message)
    hangups = shell.run("%ast events --since 10m --event Hangup --device 2222")
    assert hangups["channel"].str.startswith(f"{pbx.tech}/2222-").all()
    assert len(hangups) == 1


def test_a_technology_that_is_not_there_says_which_one_is(shell, pbx, monkeypatch):
    monkeypatch.setenv("AST_PASSWORD", "secret")
    shell.run(f"%ast connect {pbx.host}:{pbx.port};")
    other = {"SIP": "PJSIP", "PJSIP": "SIP"}[pbx.tech]
    with pytest.raises(ast_notebook.TechnologyMissing, match=f"try {pbx.tech}/200"):
        shell.run(f"%ast call {other}/200 240 door")
    with pytest.raises(ast_notebook.PermissionMissing, match="`command`"):
        shell.run("%ast cli core show uptime")
    assert "CoreShowChannels" in shell.complete_words("%ast action CoreSh")
