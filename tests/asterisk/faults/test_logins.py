"""The login is refused, held up or taken, rights are gone, and names lead nowhere."""

import contextlib
import socket
import time

import pytest

import ast_notebook
from ast_notebook import ConnectionLost, LoginRefused
from ast_notebook.ami import Session, Settings
from tests.asterisk.faults.situation import situation
from tests.lab.configuration import with_value
from tests.support.fake_manager import FakeManager, obliging
from tests.support.waiting import eventually

CONF = "manager.conf"


@contextlib.contextmanager
def manager_conf(pbx, *values):
    """Have other values in manager.conf, (section, key, value) each, as long as it lasts."""
    path = pbx.directories.etc / CONF
    before = text = path.read_text()
    for value in values:
        text = with_value(text, *value)
    path.write_text(text)
    pbx.cli("manager reload")
    try:
        yield
    finally:
        path.write_text(before)
        pbx.cli("manager reload")


def test_a_login_whose_password_was_changed_says_so_and_waits(faulty22, tmp_path, caplog):
    with situation(faulty22, tmp_path) as one:
        before = one.say()
        eventually(lambda: set(before) <= set(one.recorded()))
        with manager_conf(faulty22, ("panel", "secret", "another")):
            one.hang_up_control()
            one.cut()
            eventually(lambda: "did not let 'panel' in: Authentication failed" in one.state())
            assert "Check the section and its secret in manager.conf" in one.state()
            assert "sh.ast.reconnect() tries at once" in one.state()
            assert (one.session.next_try or 0) - time.time() > 15
        assert "did not let 'panel' in" in caplog.text
        one.sh.ast.reconnect()
        after = one.hears_again()
        one.keeps(before, after)
        one.is_as_the_pbx_is()


def test_a_stale_session_of_ours_keeps_us_out_no_longer_than_it_is_there(faulty, tmp_path, caplog):
    with situation(faulty, tmp_path, username="alone") as one:
        before = one.say()
        eventually(lambda: set(before) <= set(one.recorded()))
        one.proxy.forget()
        eventually(lambda: "'alone' logged in already" in one.state())
        assert "allowmultiplelogin = yes" in one.state()
        assert "`manager show connected`" in one.state()
        # It is tried again soon, and not as rarely as with a password that is wrong.
        assert one.session.next_try is not None
        assert one.session.next_try - time.time() < 31
        assert "logged in already" in caplog.text
        one.proxy.let_go()
        one.sh.ast.reconnect()
        after = one.hears_again()
        one.keeps(before, after)
        assert list(one.gaps()["event"]) == ["SessionLost", "SessionRestored"]


def test_who_is_logged_in_elsewhere_is_told_so_at_connect(faulty22):
    settings = {"port": faulty22.port, "username": "alone", "password": "secret"}
    with ast_notebook.connect(**settings):
        with pytest.raises(LoginRefused, match="close the other session") as caught:
            ast_notebook.connect(**settings)
        assert "\n" not in str(caught.value)
    with ast_notebook.connect(**settings) as sh:
        assert sh.ast.action("Ping").response.ok


def test_while_too_many_are_logging_in_one_is_told_of_authlimit(faulty22, tmp_path):
    with manager_conf(faulty22, ("general", "authlimit", "2"), ("general", "authtimeout", "60")):
        with contextlib.ExitStack() as strangers:
            for _ in range(2):
                stranger = socket.create_connection(("127.0.0.1", faulty22.port))
                strangers.enter_context(stranger)
                assert stranger.recv(64)
            with pytest.raises(ConnectionLost, match="authlimit"):
                ast_notebook.connect(port=faulty22.port, username="panel", password="secret")
        with situation(faulty22, tmp_path) as one:
            one.keeps(one.hears_again())


def test_a_login_that_is_held_up_says_how_long_it_was_waited_for():
    def slow(client, action):
        if action["Action"] != "Login":
            obliging(client, action)

    with FakeManager(slow) as fake:
        session = Session(Settings(port=fake.port, timeout=0.3))
        with pytest.raises(ConnectionLost, match=r"answered the login within 0.3 s.*timeout"):
            session.connect()


def test_a_login_that_is_answered_by_hanging_up_leads_to_asterisks_log():
    def rude(client, action):
        client.connection.shutdown(socket.SHUT_RDWR)

    with FakeManager(rude) as fake:
        session = Session(Settings(port=fake.port, timeout=5))
        with pytest.raises(ConnectionLost, match=r"instead of answering the login: see why"):
            session.connect()


def test_a_permission_that_was_taken_away_is_named_after_the_next_login(faulty, tmp_path):
    with situation(faulty, tmp_path) as one:
        eventually(lambda: not one.line("queues, members, absent, callers"))
        with manager_conf(
            faulty, ("panel", "read", "system,user"), ("panel", "write", "system,user")
        ):
            before = one.say()
            eventually(lambda: set(before) <= set(one.recorded()))
            one.cut()
            after = one.hears_again()
            one.keeps(before, after)
            unheard = " ".join(one.sh.ast.live.unheard.values())
            assert "add `call` to its `read =` in manager.conf" in unheard
            assert "not known: this login" in repr(one.status())
            with pytest.raises(
                ast_notebook.PermissionMissing, match=r"manager.conf.*manager reload"
            ):
                one.sh.ast.action("Originate", Channel="Local/600@phones", Application="Wait")
        one.cut()
        one.hears_again()
        assert "`call`" not in repr(one.status())
        one.is_as_the_pbx_is()


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (socket.EAI_NONAME, "there is no host pbx.invalid .*check how it is spelled"),
        (socket.EAI_AGAIN, "cannot be looked up now .*name server"),
    ],
    ids=["no such name", "no name server"],
)
def test_a_name_that_leads_nowhere_is_told_apart_from_a_name_server_that_is_away(
    monkeypatch, code, words
):
    def fails(*_, **__):
        raise socket.gaierror(code, "as the system says it")

    monkeypatch.setattr(socket, "getaddrinfo", fails)
    with pytest.raises(ConnectionLost, match=words):
        Session(Settings(host="pbx.invalid")).connect()


def test_a_name_server_that_fails_after_a_cut_is_told_and_outlived(
    faulty22, tmp_path, monkeypatch, caplog
):
    with situation(faulty22, tmp_path) as one:
        before = one.say()
        eventually(lambda: set(before) <= set(one.recorded()))
        look_up = socket.getaddrinfo

        def fails(host, port, *args, **more):
            if port == one.proxy.port:
                raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
            return look_up(host, port, *args, **more)

        with monkeypatch.context() as away:
            away.setattr(socket, "getaddrinfo", fails)
            one.cut()
            eventually(lambda: "check this machine's network and name server" in one.state())
            assert "next try at" in one.state()
        after = one.hears_again()
        one.keeps(before, after)
        assert "connection lost" in caplog.text
        one.is_as_the_pbx_is()
