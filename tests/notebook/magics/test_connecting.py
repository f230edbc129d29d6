"""`%ast connect` and `disconnect`, and where a password comes from."""

from __future__ import annotations

import getpass
import os
import signal
import socket
import threading
import time

import pytest
from IPython.core.error import StdinNotImplementedError, UsageError

from ast_notebook import ChannelGone, ConfError, ConnectionLost, LoginRefused
from tests.support.magics import ITEMS, _threads
from tests.support.waiting import eventually

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
    shell.run("%config AstMagics.gathering = 0.01")
    shell.run("%config AstMagics.events = 'system,call'")
    shell.run(f"%ast connect {where};")
    pbx = shell.user_ns["sh"].ast
    settings = pbx.session.settings
    assert (settings.timeout, settings.keepalive, settings.events) == (7, 20, "system,call")
    assert settings.gathering == 0.01
    assert pbx.record.budget == 64 * 1024 * 1024
    shell.run(f"%ast connect {where} --timeout 3 --budget 32 --events on --md5 --gathering 0;")
    pbx = shell.user_ns["sh"].ast
    settings = pbx.session.settings
    assert (settings.timeout, settings.events, settings.auth) == (3, "on", "md5")
    assert settings.gathering == 0
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


@pytest.mark.usefixtures("interruptible")
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
