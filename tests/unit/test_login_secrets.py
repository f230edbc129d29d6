"""A password of a login is in no error, whatever a file, an argument or a server does with it."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from pathlib import Path

import pytest

import ast_notebook
from ast_notebook.ami import Session, Settings
from ast_notebook.ami.connection import Connection
from ast_notebook.errors import ActionRefused, ConfError, LoginRefused, UnsafeText
from ast_notebook.login import read_plugin, read_plugins
from tests.support.fake_manager import Client, FakeManager, Headers
from tests.support.secrecy import shown

PASSWORD = "opensesame-4711"


def told(error: BaseException) -> str:
    """What a traceback says that shows the locals of its frames."""
    return "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())


SECTION = f"[ast]\nclass_name = Asterisk\nusername = admin\npassword = {PASSWORD}\n"
FILES = {
    "a port that is no number": f"{SECTION}port = abc",
    "a time that is no number": f"{SECTION}timeout = {PASSWORD}s",
    "two values": f"{SECTION}port = 1 | 2",
    "another name": SECTION.replace("[ast]", "[berlin]"),
    "no section": f"password = {PASSWORD}",
    "a broken section": f"{SECTION}\n[[{PASSWORD}]\n",
    "another plugin": f"[knx]\nclass_name = KNX\npassword = {PASSWORD}\n",
    "an unknown key": f"{SECTION}passwort = {PASSWORD}",
}


@pytest.mark.parametrize("text", FILES.values(), ids=FILES)
@pytest.mark.parametrize("suffix", ["conf", "yaml"])
@pytest.mark.filterwarnings("error")
def test_the_password_of_a_file_that_is_refused_is_in_no_traceback(
    text: str, suffix: str, tmp_path: Path
) -> None:
    file = tmp_path / f"plugin.{suffix}"
    if suffix == "yaml":
        lines = text.replace(" = ", ": ").splitlines()
        text = "\n".join(
            f"{one.strip('[]')}:" if one.startswith("[") else f"    {one}" for one in lines
        )
    file.write_text(text)
    ways: list[tuple[Callable[..., object], Callable[[], object]]] = [
        (read_plugin, lambda: read_plugin(file, "ast")),
        (ast_notebook.connect, lambda: ast_notebook.connect(plugin_conf=file)),
    ]
    for since, read in ways:
        with pytest.raises((ConfError, UserWarning)) as caught:
            read()
        assert not shown(caught.value, PASSWORD, since=since)
    if "berlin" not in text:
        with pytest.raises((ConfError, UserWarning)) as caught:
            read_plugins(file)
        assert not shown(caught.value, PASSWORD, since=read_plugins)


def test_the_password_of_a_text_that_is_refused_is_in_no_traceback() -> None:
    with pytest.raises(ConfError, match=r"port in .ast. is not a number") as caught:
        read_plugins(f"{SECTION}port = abc")
    assert not shown(caught.value, PASSWORD, since=read_plugins)


@pytest.mark.parametrize("auth", ["secret", "md5"])
@pytest.mark.parametrize("kind", [bytes, bytearray])
def test_a_password_of_bytes_that_are_no_text_is_refused_and_not_shown(
    kind: type, auth: str
) -> None:
    given = kind(PASSWORD.encode() + b"\xff")
    with FakeManager() as pbx:
        with pytest.raises(UnsafeText, match="bytes that are not UTF-8") as caught:
            ast_notebook.connect("127.0.0.1", pbx.port, username="admin", password=given, auth=auth)
        assert "Login" not in pbx.names()
    assert not shown(caught.value, PASSWORD, since=ast_notebook.connect)
    with pytest.raises(UnsafeText) as caught, FakeManager() as pbx:
        session = Session(Settings(username="", port=pbx.port)).connect()
        try:
            session.login("admin", given)
        finally:
            session.close()
    assert not shown(caught.value, PASSWORD, since=Session.login)


def refuse(client: Client, action: Headers, words: str) -> None:
    client.send("Response: Error", f"ActionID: {action['ActionID']}", f"Message: {words}")


def echoing(client: Client, action: Headers) -> None:
    if action["Action"] == "Login":
        said = action.get("Secret", PASSWORD)
        client.send(
            "Response: Error", f"ActionID: {action.get('ActionID', '')}", f"Message: not {said}"
        )
    else:
        client.ok(action, "Challenge: 1234")


def odd(client: Client, action: Headers) -> None:
    client.send(f"Response: {PASSWORD}", f"ActionID: {action.get('ActionID', '')}", "Challenge: 12")


def against_filters(client: Client, action: Headers) -> None:
    if action["Action"] == "Filter":
        client.send(
            "Response: Error", f"ActionID: {action.get('ActionID', '')}", f"Message: {PASSWORD}"
        )
    else:
        client.ok(action)


@pytest.mark.parametrize("auth", ["secret", "md5"])
@pytest.mark.parametrize("script", [echoing, odd])
def test_a_password_that_a_server_repeats_is_not_told(
    script: Callable[[Client, Headers], None], auth: str
) -> None:
    with FakeManager(script, challenge=None) as pbx:
        with pytest.raises(LoginRefused, match="…") as caught:
            ast_notebook.connect(
                "127.0.0.1", pbx.port, username="admin", password=PASSWORD, auth=auth
            )
        assert not shown(caught.value, PASSWORD, since=ast_notebook.connect)
        assert PASSWORD not in told(caught.value).partition("in connect")[2]
        session = Session(Settings(username="", port=pbx.port)).connect()
        with pytest.raises(LoginRefused, match="…") as caught:
            session.login("admin", PASSWORD)
        session.close()
    assert not shown(caught.value, PASSWORD, since=Session.login)


def test_a_password_that_a_server_repeats_behind_the_login_is_not_told() -> None:
    settings = {"username": "admin", "password": PASSWORD, "filters": ("Event: X",)}
    with FakeManager(against_filters) as pbx, pytest.raises(ActionRefused, match="…") as caught:
        ast_notebook.connect("127.0.0.1", pbx.port, **settings)  # type: ignore[arg-type]
    assert not shown(caught.value, PASSWORD, since=ast_notebook.connect)


def test_a_password_that_a_server_greets_with_is_not_told() -> None:
    with (
        FakeManager(banner=f"Hello {PASSWORD}\r\n".encode()) as pbx,
        pytest.raises(ast_notebook.ConnectionLost, match="Hello …") as caught,
    ):
        ast_notebook.connect("127.0.0.1", pbx.port, username="admin", password=PASSWORD)
    assert not shown(caught.value, PASSWORD, since=ast_notebook.connect)


@pytest.mark.parametrize(
    "answer",
    [
        "Response: Goodbye",
        "Response: Banana",
        "Response: Success\r\nResponse: Error",
        "Response: Error\r\nResponse: Success",
        "Response:",
    ],
)
def test_nothing_but_success_is_a_login(answer: str) -> None:
    def script(client: Client, action: Headers) -> None:
        client.raw(f"{answer}\r\nActionID: {action.get('ActionID', '')}\r\n\r\n".encode())

    with FakeManager(script) as pbx:
        with pytest.raises(LoginRefused) as caught:
            ast_notebook.connect(
                "127.0.0.1", pbx.port, username="admin", password=PASSWORD, timeout=60
            )
        assert "\n" not in str(caught.value)
        session = Session(Settings(username="", port=pbx.port)).connect()
        with pytest.raises(LoginRefused):
            session.login("admin", PASSWORD)
        assert not session.connected()
        session.close()


def before_connect(session: Session) -> None:
    """Leave it as it is."""


def after_close(session: Session) -> None:
    session.connect().close()


def interrupted(session: Session) -> None:
    session.connect()


@pytest.mark.parametrize("state", [before_connect, after_close, interrupted])
def test_a_login_that_cannot_be_sent_shows_no_password(
    state: Callable[[Session], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(connection: Connection, data: memoryview) -> None:
        raise KeyboardInterrupt

    with FakeManager() as pbx:
        session = Session(Settings(username="", auth="secret", port=pbx.port))
        state(session)
        if state is interrupted:
            monkeypatch.setattr(Connection, "_send", interrupt)
        with pytest.raises((ast_notebook.ConnectionLost, KeyboardInterrupt)) as caught:
            session.login("admin", PASSWORD)
        monkeypatch.undo()
        session.close()
    assert not shown(caught.value, PASSWORD, since=Session.login)


@pytest.mark.parametrize(
    "wrong",
    [{"host": "a b"}, {"port": 0}, {"username": 5}, {"auth": "x"}, {"events": 5}, {"timeout": 0}],
)
@pytest.mark.parametrize("kind", [str, str.encode, lambda text: [text]])
def test_settings_that_are_refused_show_no_password(
    wrong: dict[str, object], kind: Callable[[str], object]
) -> None:
    with pytest.raises(ConfError) as caught:
        Settings(**{"password": kind(PASSWORD), **wrong})  # type: ignore[arg-type]
    frames = [frame for frame, _ in traceback.walk_tb(caught.value.__traceback__)][1:]
    assert PASSWORD not in "".join(repr(frame.f_locals) for frame in frames)
    assert PASSWORD not in repr(caught.value)


def test_settings_with_a_password_that_is_no_text_show_none() -> None:
    with pytest.raises(ConfError, match="username and password have to be text") as caught:
        Settings(password=[PASSWORD])  # type: ignore[arg-type]
    frames = [frame for frame, _ in traceback.walk_tb(caught.value.__traceback__)][1:]
    assert PASSWORD not in "".join(repr(frame.f_locals) for frame in frames)
