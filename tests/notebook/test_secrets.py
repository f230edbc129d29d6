"""A notebook that is run, and a demo, keep passwords to themselves."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

import ast_notebook
from ast_notebook import demo
from ast_notebook.recording import read
from tests.support.paths import ROOT
from tests.support.secrecy import shown, texts_in

PASSWORD = "opensesame-4711"


def test_the_demo_inherits_no_login_of_another_pbx(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AST_PASSWORD", "AST_PASSWORD_BERLIN"):
        monkeypatch.setenv(name, PASSWORD)
    with demo.start(calls=False) as pbx:
        environment = Path(f"/proc/{pbx._process.pid}/environ").read_bytes()
        line = Path(f"/proc/{pbx._process.pid}/cmdline").read_bytes()
    assert os.environb[b"PATH"] in environment
    assert PASSWORD.encode() not in environment + line
    assert pbx.password.encode() not in environment + line


def test_a_password_of_bytes_is_hidden_and_works() -> None:
    kinds: list[type] = [bytes, bytearray]
    with demo.start(calls=False) as pbx:
        for kind in kinds:
            given = kind(pbx.password.encode())
            with ast_notebook.connect(
                pbx.host, pbx.port, username=pbx.username, password=given
            ) as sh:
                assert sh.ast.session.connected()
            wrong = kind(PASSWORD.encode())
            with pytest.raises(ast_notebook.LoginRefused) as caught:
                ast_notebook.connect(pbx.host, pbx.port, username=pbx.username, password=wrong)
            assert not shown(caught.value, PASSWORD)


CELLS = (
    """import logging
logging.basicConfig(level=logging.DEBUG, filename="debug.log")
logging.getLogger("ast_notebook").setLevel(logging.DEBUG)
%load_ext ast_notebook""",
    "%ast connect {where}",
    "%ast record to archive",
    "call = %ast call PJSIP/200 240 door --wait\ncall",
    "%ast hangup 200",
    "%ast panel",
    "%ast doctor",
    """import pathlib, pickle
frames = [sh.ast.events, sh.ast.calls(), sh.ast.visits(), sh.ast.channels(), sh.bindings()]
pathlib.Path("frames.pickle").write_bytes(pickle.dumps(frames))
pathlib.Path("frames.csv").write_text("".join(frame.to_csv() for frame in frames))""",
    """session = sh.ast.session
things = [sh, sh.ast, session, session.settings, sh.ast.record, sh.ast.record.archive, sh.ast.live]
shown = [f"{one!r} {vars(one)}" for one in things]
pathlib.Path("shown.txt").write_text("\\n".join(shown))""",
    "report = %ast report --html report.html\nreport",
    """import traceback
try:
    %ast connect nobody@{address}
except Exception as error:
    told = traceback.TracebackException.from_exception(error, capture_locals=True)
    pathlib.Path("traceback.txt").write_text("".join(told.format()))
    assert "LoginRefused" in "".join(told.format())
else:
    raise AssertionError""",
    "%ast status",
    "%ast disconnect",
    "logging.shutdown()",
)


def test_nothing_that_a_notebook_writes_holds_the_password(tmp_path: Path) -> None:
    with demo.start(calls=False, username="panel") as pbx:
        address = f"{pbx.host}:{pbx.port}"
        filled = [
            cell.replace("{where}", f"panel@{address}").replace("{address}", address)
            for cell in CELLS
        ]
        notebook = nbformat.v4.new_notebook(cells=list(map(nbformat.v4.new_code_cell, filled)))
        environment = {
            **{name: text for name, text in os.environ.items() if not name.startswith("AST_")},
            "AST_PASSWORD": pbx.password,
            "IPYTHONDIR": str(tmp_path / "ipython"),
            "JUPYTER_RUNTIME_DIR": str(tmp_path / "runtime"),
            "PYTHONPATH": str(ROOT),
        }
        resources = {"metadata": {"path": str(tmp_path)}}
        client = NotebookClient(
            notebook,
            timeout=120,
            resources=resources,
            store_widget_state=True,
            ipython_hist_file=str(tmp_path / "history.sqlite"),
        )
        client.execute(env=environment)
        nbformat.write(notebook, tmp_path / "calls.ipynb")
    written = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    names = {path.name for path in written}
    assert {"debug.log", "frames.csv", "shown.txt", "report.html", "traceback.txt"} <= names
    assert b"ast_notebook" in (tmp_path / "calls.ipynb").read_bytes()
    assert not [path for path, data in written.items() if pbx.password.encode() in data]
    kept = read(tmp_path / "archive")
    assert len(kept)
    assert pbx.password not in kept.to_csv()
    with sqlite3.connect(tmp_path / "history.sqlite") as connection:
        lines = connection.execute("select source_raw from history").fetchall()
    connection.close()
    assert any("%ast connect" in line for (line,) in lines)


def test_the_password_is_in_nothing_that_can_be_reached(tmp_path: Path) -> None:
    with (
        demo.start(calls=False, username="panel") as pbx,
        ast_notebook.connect(
            pbx.host, pbx.port, username="panel", password=pbx.password, auth="md5"
        ) as sh,
    ):
        sh.ast.record.to(tmp_path)
        panel = ast_notebook.Panel(sh)
        found = list(texts_in([sh, panel]))
        panel.close()
        assert pbx.host in found
        assert not [text for text in found if pbx.password in text]
