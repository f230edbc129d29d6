"""`%ast panel` in IPython's own terminal, as one who types there sees it."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pexpect
import pytest

from ast_notebook import demo
from tests.support.paths import ROOT


@pytest.fixture
def ipython(pbx: demo.Demo, monkeypatch: pytest.MonkeyPatch) -> Iterator[pexpect.spawn]:
    """IPython in a terminal, connected with the demo."""
    monkeypatch.setenv("AST_PASSWORD", pbx.password)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    started = pexpect.spawn(
        sys.executable,
        ["-m", "IPython", "--no-banner", "--simple-prompt", "--colors=NoColor", "--quick"],
        encoding="utf-8",
        timeout=60,
        dimensions=(40, 120),
    )
    started.expect(r"In \[1\]")
    started.sendline("%load_ext ast_notebook")
    started.expect(r"In \[2\]")
    started.sendline(f"%ast connect {pbx.username}@{pbx.host}:{pbx.port};")
    started.expect(r"In \[3\]")
    yield started
    started.sendline("exit")
    started.expect(pexpect.EOF)


def test_the_tables_are_printed_and_watched_until_ctrl_c(ipython: pexpect.spawn) -> None:
    ipython.sendline("sh.ast.live.primed.wait(30); panel = %ast panel")
    ipython.expect(r"In \[4\]")
    ipython.sendline("panel")
    ipython.expect(r"Devices\s+Device +State +Name")
    ipython.expect(r"PJSIP/2222 +idle +Office")
    ipython.expect(r"In \[5\]")
    ipython.sendline("%ast panel --watch")
    ipython.expect("\x1b\\[\\?1049h")  # the whole screen
    ipython.expect("PJSIP/2222")
    ipython.expect(r"\^C or q ends")
    ipython.sendintr()
    ipython.expect("\x1b\\[\\?1049l")
    ipython.expect(r"PJSIP/2222 +idle +Office")  # the last state stays
    ipython.expect(r"In \[6\]")
