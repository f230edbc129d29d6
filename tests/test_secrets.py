"""A password is in nothing that is shown, written or handed on."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import ast_notebook
from ast_notebook import demo
from tests.secrecy import shown

PASSWORD = "opensesame-4711"


@pytest.mark.parametrize("kind", [bytes, bytearray])
def test_a_password_of_bytes_is_hidden_and_works(kind: type) -> None:
    with demo.start(calls=False) as pbx:
        given = kind(pbx.password.encode())
        with ast_notebook.connect(pbx.host, pbx.port, username=pbx.username, password=given) as sh:
            assert sh.ast.session.connected()
        wrong = kind(PASSWORD.encode())
        with pytest.raises(ast_notebook.LoginRefused) as caught:
            ast_notebook.connect(pbx.host, pbx.port, username=pbx.username, password=wrong)
    assert not shown(caught.value, PASSWORD)


def test_a_password_in_the_host_is_in_no_error() -> None:
    with pytest.raises(ast_notebook.ConfError) as caught:
        ast_notebook.connect(f"admin:{PASSWORD}@127.0.0.1", 1, username="admin", password="x")
    assert not shown(caught.value, PASSWORD)
    assert "…@127.0.0.1" in str(caught.value)


def test_the_demo_inherits_no_login_of_another_pbx(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AST_PASSWORD", "AST_PASSWORD_BERLIN"):
        monkeypatch.setenv(name, PASSWORD)
    with demo.start(calls=False) as pbx:
        environment = Path(f"/proc/{pbx._process.pid}/environ").read_bytes()
        line = Path(f"/proc/{pbx._process.pid}/cmdline").read_bytes()
    assert os.environb[b"PATH"] in environment
    assert PASSWORD.encode() not in environment + line
