"""The command line shows no secret, and a recorder gives a sign of life only while it records."""

import pytest

from ast_notebook.__main__ import main
from ast_notebook.ami import Secret, Settings
from ast_notebook.console.recorded import RecordedPbx
from ast_notebook.console.service import Service
from tests.support.fake_manager import FakeManager, obliging
from tests.support.waiting import eventually


@pytest.mark.parametrize(
    "words", [["--password", "hunter2"], ["--password=hunter2"], ["--secret", "hunter2"]]
)
def test_a_password_is_refused_and_not_repeated(words, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["record", "pbx", "--to", "calls", *words])
    assert ended.value.code == 2
    told = capsys.readouterr().err
    assert "set AST_PASSWORD" in told
    assert "hunter2" not in told


def test_an_unknown_option_is_named_without_its_value(capsys):
    with pytest.raises(SystemExit):
        main(["record", "pbx", "--to", "calls", "--pasword=hunter2"])
    assert capsys.readouterr().err.endswith("error: there is no option --pasword\n")


def test_a_password_in_the_address_is_refused_and_not_repeated(capsys, tmp_path):
    assert main(["record", "admin:hunter2@pbx", "--to", str(tmp_path)]) == 2
    told = capsys.readouterr().err
    assert "takes no password" in told
    assert "hunter2" not in told


def test_a_sign_of_life_is_given_while_reader_and_recorder_live(tmp_path):
    with FakeManager(obliging) as manager:
        settings = Settings(port=manager.port, username="admin", password=Secret("x"))
        one = RecordedPbx(
            "ast", settings, {}, 1 << 28, lambda pbx: pbx.record.to(tmp_path, whole=True)
        )
        one.start()
        eventually(lambda: one.status()["state"] == "connected")
        eventually(lambda: not one._beginner.is_alive())
        assert one.is_alive
        assert one._archive is not None
        one._archive.close()
        assert not one.is_alive
        one.close()


def test_nobody_is_told_where_nobody_listens(monkeypatch):
    monkeypatch.setenv("NOTIFY_SOCKET", "/nowhere/at/all")
    monkeypatch.setenv("WATCHDOG_USEC", "soon")
    service = Service()
    service.tell("READY=1")
    service.lives()


@pytest.mark.parametrize("command", ["record", "report", "doctor", "strip", "demo"])
def test_the_help_writes_magics_as_people_write_them(command, capsys):
    with pytest.raises(SystemExit):
        main([command, "--help"])
    assert "%%" not in capsys.readouterr().out
