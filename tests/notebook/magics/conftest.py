"""An IPython with `%ast` before a demo PBX."""

from __future__ import annotations

import signal

import pytest

from ast_notebook import demo
from tests.support.magics import ring, shell

__all__ = ["connected", "ring", "shell", "small_pbx", "where"]


@pytest.fixture(scope="module")
def small_pbx():
    with demo.start(calls=False, seed=1, username="panel") as started:
        yield started


@pytest.fixture
def where(small_pbx, monkeypatch):
    monkeypatch.setenv("AST_PASSWORD", small_pbx.password)
    return f"{small_pbx.username}@{small_pbx.host}:{small_pbx.port}"


@pytest.fixture
def connected(shell, where):
    shell.run(f"%ast connect {where};")
    return shell


@pytest.fixture
def interruptible():
    """Have an interruption raise KeyboardInterrupt, even where tests run in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)
