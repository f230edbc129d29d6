"""`ast_notebook.connect` in plain Python: where it learns what it is not told."""

from __future__ import annotations

import getpass
import threading
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import keyring
import pytest
from keyring.backends.null import Keyring

import ast_notebook
from ast_notebook import (
    ConfError,
    ConnectionLost,
    KeyMissing,
    LoginRefused,
    TechnologyMissing,
    UnsafeText,
    demo,
)
from ast_notebook.ami import Session, Settings
from ast_notebook.asterisk import Asterisk
from ast_notebook.bindings.binder import Binder
from ast_notebook.recording import Archive
from tests.support.fake_manager import FakeManager
from tests.support.shell import an_ipython
from tests.support.waiting import eventually


@pytest.fixture(scope="module")
def small() -> Iterator[demo.Demo]:
    with demo.start(calls=False, seed=1, username="admin") as started:
        yield started


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Nothing in the environment, nothing in the keyring, and no way to ask."""
    for name in ("HOST", "PORT", "USERNAME", "PASSWORD"):
        monkeypatch.delenv(f"AST_{name}", raising=False)
    former = keyring.get_keyring()
    keyring.set_keyring(Keyring())
    monkeypatch.setattr(getpass, "getpass", _nobody)
    yield
    keyring.set_keyring(former)


def _nobody(prompt: str) -> str:
    raise EOFError


def test_the_environment_says_what_no_argument_does(
    small: demo.Demo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AST_PORT", str(small.port))
    monkeypatch.setenv("AST_PASSWORD", small.password)
    with ast_notebook.connect("", username="") as sh:
        assert sh.ast.session.settings.username == "admin"
        assert sh.ast.technologies() == ["PJSIP"]


def test_a_password_that_is_none_is_one_that_was_not_given(
    small: demo.Demo, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(LoginRefused, match=r"no password for admin@.* set AST_PASSWORD") as raised:
        ast_notebook.connect(small.host, small.port, password=None)
    assert raised.value.__cause__ is None
    monkeypatch.setenv("AST_PASSWORD", small.password)
    with ast_notebook.connect(small.host, small.port, password=None) as sh:
        assert sh.ast.session.connected()


def test_an_argument_comes_before_a_file_and_a_file_before_the_environment(
    small: demo.Demo, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("AST_HOST", "pbx.invalid")
    monkeypatch.setenv("AST_PASSWORD", "wrong")
    file = tmp_path / "plugin.conf"
    file.write_text(
        f"[berlin]\nclass_name = Asterisk\nusername = admin\npassword = {small.password}\nport = 1"
    )
    file.chmod(0o600)
    with ast_notebook.connect(port=small.port, plugin_conf=file, name="berlin") as sh:
        assert sh.berlin.session.settings.host == "127.0.0.1"
    with pytest.raises(ConfError, match=r"plugin.conf has no section ast, but berlin"):
        ast_notebook.connect(plugin_conf=file)


def test_a_port_may_be_text(small: demo.Demo) -> None:
    with ast_notebook.connect(small.host, str(small.port), password=small.password) as sh:
        assert sh.ast.session.settings.port == small.port


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"port": "sip"}, "port = sip is not a port"),
        ({"port": "9" * 5000}, "port = 9+ is not a port"),
        ({"port": 5038.0}, "port = 5038.0 is not a port"),
        ({"port": True}, "port = True is not a port"),
        ({"timeout": "5"}, "timeout = '5' is not a number of seconds"),
        ({"host": "127.0.0.1:5038"}, "the port and the username are settings of their own"),
        ({"host": "admin@pbx"}, "is neither a name nor an address"),
        ({"host": "pbx\n"}, "is neither a name nor an address"),
        ({"host": "pbx,x"}, "is neither a name nor an address"),
        ({"timeout": float("nan")}, "timeout = nan is not a number of seconds above 0"),
        ({"timeout": float("inf")}, "timeout = inf is not a number of seconds"),
        ({"keepalive": 1e300}, "keepalive = 1e[+]300 is not a number of seconds"),
        (
            {"gathering": 0.02},
            "gathering = 0.02 is too long: write 0.01 seconds or less",
        ),
        ({"gathering": -1}, "gathering = -1 is not a number of seconds from 0 to"),
        ({"username": 5}, "username and password have to be text"),
        ({"password": 5}, "username and password have to be text"),
        ({"events": "calls"}, "Asterisk has no class 'calls'; write on, off, or some of system,"),
        ({"events": "on,call"}, "Asterisk has no class 'on'"),
        ({"events": None}, "events = None is not text"),
    ],
)
def test_a_setting_that_cannot_be_used_is_refused_in_one_line(
    settings: dict[str, object], words: str
) -> None:
    with pytest.raises(ConfError, match=words) as raised:
        ast_notebook.connect(**{"password": "secret", **settings})  # type: ignore[arg-type]
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("host", ["admin:hunter2@pbx", "hunter2@pbx", "x://admin:hunter2@pbx:1"])
def test_a_password_in_the_host_is_not_repeated(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfError, match="is neither a name nor an address") as raised:
        ast_notebook.connect(host, password="secret")
    assert "hunter2" not in "".join(traceback.format_exception(raised.value))
    monkeypatch.setenv("AST_HOST", host)
    with pytest.raises(ConfError, match="is neither a name nor an address") as raised:
        ast_notebook.connect(password="secret")
    assert "hunter2" not in "".join(traceback.format_exception(raised.value))


def test_a_port_of_the_environment_is_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AST_PORT", "²")
    with pytest.raises(ConfError, match="AST_PORT in the environment is no number"):
        ast_notebook.connect(password="secret")


def test_settings_take_a_password_as_text_and_hide_it() -> None:
    assert "hunter2" not in repr(Settings(password="hunter2"))  # type: ignore[arg-type]


def test_whoever_leaves_out_the_events_of_calls_is_told_what_will_not_work(
    small: demo.Demo,
) -> None:
    with pytest.warns(UserWarning, match="events = system,user leaves out the class call: items"):
        sh = ast_notebook.connect(
            small.host, small.port, password=small.password, events="system,user"
        )
    with sh:
        eventually(
            lambda: "connect with `call` in events" in sh.ast.live.unheard.get("channels", "")
        )


def test_a_name_of_sh_is_no_variable(small: demo.Demo) -> None:
    with ast_notebook.connect(small.host, small.port, password=small.password) as sh:
        sh.load_items({"office": {"type": "bool"}})
        with pytest.raises(AttributeError, match=r"to set an item, call it: sh.office\(1\)"):
            sh.office = 1
        with pytest.raises(AttributeError, match=r"sh.ast is a PBX: disconnect\('ast'\)"):
            sh.ast = 3
        with pytest.raises(AttributeError, match=r"sh.nothing cannot be set: .* sh.load_items"):
            sh.nothing = 3
        with pytest.raises(AttributeError, match=r"sh.logics cannot be set"):
            sh.logics = 3  # type: ignore[misc, assignment]
        with pytest.raises(AttributeError):
            del sh.office
        assert sh.office() is False
        assert sh.ast.session.connected()


def test_what_was_heard_stays_readable_after_the_end(small: demo.Demo) -> None:
    with ast_notebook.connect(small.host, small.port, password=small.password) as sh:
        call = sh.ast.call("PJSIP/200", "600", "phones")
        assert call.wait() == "answered"
        sh.ast.hangup("200")
        eventually(lambda: sh.ast.channels().empty)
    assert not sh.pbxs
    assert "Hangup" in set(sh.ast.events["event"])
    assert list(sh.ast.calls()["dialled"]) == ["600"]
    with pytest.raises(ConnectionLost, match="closed"):
        sh.ast.db_read("a/b")


def test_a_cell_that_connects_is_told_when_it_is_run_again(small: demo.Demo) -> None:
    cell = f"""
        import ast_notebook
        sh = ast_notebook.connect("{small.host}", {small.port}, password="{small.password}")
    """
    with an_ipython() as shell:
        shell.run(cell)
        first = shell.user_ns["sh"]
        with pytest.warns(UserWarning, match="an earlier sh is still connected .* call its close"):
            shell.run(cell)
        first.close()
        shell.user_ns["sh"].close()
        shell.run(cell)
        shell.user_ns["sh"].close()


@pytest.mark.parametrize(
    ("asked", "error", "words"),
    [
        (lambda ast: ast.call("", "240", "door"), ConfError, "no device is named: write 200"),
        (lambda ast: ast.call("PJSIP/", "240", "door"), ConfError, "PJSIP/ is no device"),
        (lambda ast: ast.call("sip/200", "240", "door"), TechnologyMissing, "try PJSIP/200"),
        (lambda ast: ast.db_read(5), KeyMissing, "'dnd/office'"),
        (lambda ast: ast.db_read("no/where"), KeyMissing, "or read it with default="),
        (lambda ast: ast.db_write("a/b", None), ConfError, r"db_delete\('a/b'\) deletes it"),
        (lambda ast: ast.db_write("a/b", "  x "), UnsafeText, "begins with a space"),
        (lambda ast: ast.db_write("a/ b", "x"), UnsafeText, "begins with a space"),
        (lambda ast: ast.hangup(""), ConfError, "no device is named"),
        (lambda ast: ast.hangup(None), ConfError, "no device is named"),
    ],
)
def test_a_mistake_is_one_line_that_says_what_to_do(
    small: demo.Demo, asked: Callable[[Asterisk], object], error: type[Exception], words: str
) -> None:
    with (
        ast_notebook.connect(small.host, small.port, password=small.password) as sh,
        pytest.raises(error, match=words),
    ):
        asked(sh.ast)


def test_what_defines_no_items_is_refused() -> None:
    with pytest.raises(ConfError, match="None defines no items: give a file, or nested dicts"):
        ast_notebook.SmartHome().load_items(None)  # type: ignore[arg-type]


def test_a_connection_that_others_could_read_is_warned_of(small: demo.Demo, tmp_path: Path) -> None:
    with (
        pytest.warns(UserWarning, match=r"127\.1:\d+ is not encrypted.*--tls") as told,
        ast_notebook.connect("127.1", small.port, password=small.password) as sh,
    ):
        assert sh.ast.session.connected()
    assert len(told) == 1
    assert "\n" not in str(told[0].message)
    assert small.password not in str(told[0].message)


@pytest.mark.filterwarnings("error")
def test_a_warning_that_is_an_error_leaves_no_connection_behind() -> None:
    with FakeManager(banner=b"Asterisk Call Manager/1.1\r\n") as fake:
        with pytest.raises(UserWarning, match="ast: "):
            ast_notebook.connect("127.0.0.1", fake.port, password="x", timeout=5)
        eventually(lambda: "Logoff" in fake.names())


def test_what_fails_behind_the_login_closes_the_session(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(binder: Binder) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Binder, "settle", broken)
    with FakeManager() as fake:
        sh = ast_notebook.SmartHome()
        with pytest.raises(KeyboardInterrupt):
            sh.connect(Settings(port=fake.port, timeout=5))
        eventually(lambda: "Logoff" in fake.names())
        assert not sh.pbxs


def test_an_interrupted_end_leaves_the_events_and_no_thread(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def interrupted(archive: Archive) -> None:
        close(archive)
        raise KeyboardInterrupt

    close = Archive.close
    with FakeManager() as fake:
        sh = ast_notebook.SmartHome()
        sh.connect(Settings(port=fake.port, timeout=5))
        sh.ast.record.to(tmp_path)
        sh.ast.record.add(["Event: Test"] * 20_000, 1)  # they need the thread that packs them
        monkeypatch.setattr(Archive, "close", interrupted)
        with pytest.raises(KeyboardInterrupt):
            sh.disconnect()
        assert not sh.pbxs
        assert len(sh.ast.events) >= 20_000
        eventually(lambda: not [one for one in threading.enumerate() if "record" in one.name])
        sh.close()


@pytest.mark.parametrize("kind", [Asterisk, Session])
def test_what_cannot_be_made_can_be_shown(kind: Any) -> None:
    one = kind.__new__(kind)
    with pytest.raises(ConfError, match="not a readable file of certificates"):
        one.__init__(Settings(tls="/nope"))
    assert repr(one).startswith(f"<{kind.__name__} ast")
