"""Notebooks run from top to bottom on a real Asterisk."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator

import nbformat

from tests.lab.asterisk import Asterisk
from tests.support.notebooks import NOTEBOOKS, QUICKSTART, execute


def of(pbx: Asterisk) -> dict[str, str]:
    """Return the environment that leads `%ast connect` to a PBX."""
    return {"AST_HOST": pbx.host, "AST_PORT": str(pbx.port), "AST_PASSWORD": "secret"}


@contextlib.contextmanager
def answering(pbx: Asterisk) -> Iterator[None]:
    """Have somebody at each telephone that the notebook calls."""
    with contextlib.ExitStack() as scenes:
        for device in ("200", "240", "2222"):
            scenes.enter_context(pbx.telephone(device).answers())
        yield


def test_quickstart_runs_on_asterisk_22(asterisk22, environment, tmp_path):
    with answering(asterisk22):
        text = execute(nbformat.read(QUICKSTART, 4), environment | of(asterisk22), tmp_path)
    assert f"admin@{asterisk22.host}:{asterisk22.port}" in text
    assert "<Call PJSIP/200 -> 240@door: answered>" in text
    assert "('answered', True, '1')" in text
    assert "secret" not in text


def test_own_asterisk_goes_from_the_login_to_the_doctor(asterisk22, environment, tmp_path):
    notebook = nbformat.read(NOTEBOOKS / "own-asterisk.ipynb", 4)
    text = execute(notebook, environment | of(asterisk22), tmp_path)
    assert f"admin@{asterisk22.host}:{asterisk22.port}" in text
    assert "missing this login lacks read = agent and write = agent" in text
    assert re.search(r"^\[admin\]\nread = system,call,user,cdr,agent", text, re.MULTILINE)
    assert "secret" not in text


CELLS = """%load_ext ast_notebook
---
%ast connect                              # or: %ast connect admin@pbx.example:5038
---
%%ast items
[office]
    [[fon]]
        type = bool
        ast_dev = 2222
        ast_db = active/office
        [[[box]]]
            type = num
            ast_box = 22
---
%%ast logic logic1 --userevent Call
print(trigger['source'], trigger['value'], trigger['dest'])
---
%ast call {sh.ast.technologies()[0]}/200 240 door --callerid "Door <100>"
---
sh.office.fon(), sh.office.fon.box()
---
sh.ast.db_write('dnd/office', 1); dnd = sh.ast.db_read('dnd/office')
mbc = sh.ast.mailbox_count('2222')
%ast db del dnd/office
dnd, mbc == (0, 0)
---
sh.ast.hangup('30')
---
sh.ast.events"""


def test_the_cells_of_a_user_run_as_a_notebook(asterisk22, environment, tmp_path):
    cells = [nbformat.v4.new_code_cell(source) for source in CELLS.split("\n---\n")]
    notebook = nbformat.v4.new_notebook(cells=cells)
    with answering(asterisk22):
        text = execute(notebook, environment | of(asterisk22), tmp_path)
        asterisk22.hang_up("200")
    assert re.search(r"\(False, \d+\)", text)  # other tests leave messages in box 22
    assert "('1', True)" in text
    assert "FullyBooted" in text
