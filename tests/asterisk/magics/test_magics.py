"""The cells of the main job in an IPython, on a real Asterisk 16 and 22."""

from __future__ import annotations

import warnings

import pandas as pd
import pytest

import ast_notebook
from tests.support.magics import ITEMS
from tests.support.waiting import eventually


def test_the_cells_of_a_user(shell, pbx, monkeypatch, capsys):
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
