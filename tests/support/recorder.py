"""A recorder as a service runs it: `ast-notebook record`, as a process of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any, Self

from tests.support.paths import ROOT

COMMAND = [sys.executable, "-m", "ast_notebook"]


class RecorderProcess:
    """A process that records; what it says is read as it comes.

    Parameters
    ----------
    arguments : str
        Those of the command line, behind ``record``.
    password : str
        The password of the login.
    program : str
        The program in place of the command line, if it is to be another one.
    more : str
        Further variables of its environment.
    """

    def __init__(
        self, *arguments: object, password: str = "secret", program: str = "", **more: str
    ) -> None:
        self.said: list[dict[str, Any]] = []
        self.complaints: list[str] = []
        self.process = subprocess.Popen(
            [
                *([sys.executable, "-c", program] if program else COMMAND),
                "record",
                *map(str, arguments),
                "--json",
            ],
            cwd=ROOT,
            env={**os.environ, "AST_PASSWORD": password, **more},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._readers = [
            threading.Thread(target=self._read_status, daemon=True),
            threading.Thread(target=self._read_complaints, daemon=True),
        ]
        for one in self._readers:
            one.start()

    def _read_status(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.said.append(json.loads(line))

    def _read_complaints(self) -> None:
        assert self.process.stderr is not None
        self.complaints += list(self.process.stderr)

    @property
    def last(self) -> dict[str, Any]:
        """What it said last; empty before it said anything."""
        return self.said[-1] if self.said else {}

    def stop(self, by: signal.Signals = signal.SIGTERM, seconds: float = 90.0) -> int:
        """End it by a signal, and return its exit code."""
        self.process.send_signal(by)
        return self.wait(seconds)

    def wait(self, seconds: float = 90.0) -> int:
        """Wait for its end, and return its exit code."""
        code = self.process.wait(seconds)
        for one in self._readers:
            one.join(seconds)
        return code

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.wait()
        for pipe in (self.process.stdout, self.process.stderr):
            assert pipe is not None
            pipe.close()


def files(folder: Path, ending: str) -> list[Path]:
    """Return the files of an archive with an ending."""
    return sorted(folder.rglob(f"*{ending}"))
