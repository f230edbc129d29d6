"""What `%ast` says of a line or a cell that is wrong, and its help."""

from __future__ import annotations

import pytest
from IPython.core.error import UsageError

from ast_notebook import ConfError, KeyMissing


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
        ("call 200 240", "name the context in which 240 is dialled: %ast call 200 240 CONTEXT"),
        ("call 200 240 door --context home", "named twice, as door and as home"),
        ("call 200 240 door --timeout soon", "invalid number"),
        ("call 200 240 door --timeout nan", "invalid number"),
        ("connect admin@127.0.0.1:1 --timeout inf", "invalid number"),
        ("connect admin@127.0.0.1:1 --budget nan", "invalid number"),
        ("panel --refresh inf", "invalid number"),
        ("report --within nan", "invalid number"),
        ("channels now", "one word too many"),
        ("--pbx", "name a PBX"),
        ("--pbx berlin channels", "no PBX berlin"),
        ("logic l --userevent Call", "write it above a cell, as %%ast logic"),
        ("events --last -1", "counts events"),
        ("events --since ''", "'' is no moment: write 10m"),
        ("events --since NaT", "'NaT' is no moment: write 10m"),
        ("events --since 0001-01-01", "'0001-01-01' is no moment: write 10m"),
        ("events --since 999999999999999d", "'999999999999999d' is no moment: write 10m"),
        ("events --device ''", "--device: name a device, such as 200 or PJSIP/200"),
        ("events --device ' '", "--device: name a device, such as 200 or PJSIP/200"),
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
    with pytest.raises(ConfError, match="a budget of inf bytes is too large"):
        connected.run(f"%ast record budget {'9' * 400}GB")
    with pytest.raises(ConfError, match="is not a number of seconds"):
        connected.run("%ast call PJSIP/200 240 door --timeout 1e30")
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
