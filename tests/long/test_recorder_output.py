"""`ast-notebook record` goes on whatever becomes of its standard output."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ast_notebook.recording import read
from tests.support.fake_manager import FakeManager
from tests.support.paths import ROOT
from tests.support.recorder import COMMAND
from tests.support.waiting import eventually

PATIENCE = 90.0


def full() -> tuple[int, Callable[[], None]]:
    """A disk that is full."""
    if not Path("/dev/full").exists():
        pytest.skip("this system has no file that is always full")
    return os.open("/dev/full", os.O_WRONLY), lambda: None


def unread() -> tuple[int, Callable[[], None]]:
    """A pipe whose reader ends."""
    reader, writer = os.pipe()
    return writer, lambda: os.close(reader)


@pytest.fixture
def manager() -> Iterator[FakeManager]:
    with FakeManager() as manager:
        yield manager


def recording(manager: FakeManager, folder: Path, output: int, **more: str):
    """Start a recorder in the present process's place, and return it once it has connected."""
    process = subprocess.Popen(
        [
            *(*COMMAND, "record", f"admin@127.0.0.1:{manager.port}"),
            *("--to", folder, "--every", "0.1"),
        ],
        cwd=ROOT,
        env={**os.environ, "AST_PASSWORD": "secret", **more},
        stdout=output,
        stderr=subprocess.PIPE,
        text=True,
    )
    eventually(lambda: manager.clients and "Login" in manager.names(), PATIENCE)
    return process


@pytest.mark.parametrize("kind", [full, unread])
def test_a_status_that_nobody_takes_ends_no_recording(manager, tmp_path, kind) -> None:
    output, is_lost = kind()
    process = recording(manager, tmp_path, output)
    os.close(output)
    is_lost()
    try:
        for number in range(20):
            manager.clients[-1].send("Event: Test", "Privilege: user,all", f"Number: {number}")
            with pytest.raises(subprocess.TimeoutExpired):
                process.wait(0.1)
        process.send_signal(signal.SIGTERM)
        told = process.communicate(timeout=PATIENCE)[1]
    finally:
        process.kill()
    assert process.returncode == 0, told
    found = read(tmp_path)
    assert found["number"].dropna().astype(int).tolist() == list(range(20))


def test_a_path_that_the_output_cannot_spell_ends_no_recording(manager, tmp_path) -> None:
    folder = tmp_path / "b\u00fcro"
    reader, writer = os.pipe()
    process = recording(manager, folder, writer, PYTHONIOENCODING="ascii:strict")
    os.close(writer)
    try:
        with os.fdopen(reader, "rb") as lines:
            assert b"connect" in lines.readline()
            eventually(lambda: [*folder.rglob("*.arrows")], PATIENCE)
            folder.rename(tmp_path / "away")
            manager.clients[-1].send("Event: Test", "Privilege: user,all")
            while b"not on disk" not in (line := lines.readline()):
                assert line
            (tmp_path / "away").rename(folder)
            while b"not on disk" in (line := lines.readline()):
                assert line
            process.send_signal(signal.SIGTERM)
            lines.read()
        told = process.communicate(timeout=PATIENCE)[1]
    finally:
        process.kill()
    assert process.returncode == 0, told
