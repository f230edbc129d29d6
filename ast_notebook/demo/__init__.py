"""A small PBX inside the package, for trying things without an Asterisk."""

from __future__ import annotations

import contextlib
import os
import select
import subprocess
import sys
import weakref
from pathlib import Path
from types import TracebackType
from typing import Self

from ast_notebook.errors import ConfError, ConnectionLost

__all__ = ["Demo", "start"]

#: Seconds that the child process may take to listen, and to end.
START_SECONDS = 20.0
STOP_SECONDS = 1.5


class Demo:
    """A running demo PBX: a child process, which always ends with this process.

    Attributes
    ----------
    host, port : str, int
        Where its manager interface listens.
    username, password : str
        A valid login; the password is a new one each time.
    tech : str
        The technology of its telephones: ``PJSIP`` or ``SIP``.
    """

    def __init__(self, process: subprocess.Popen[bytes], username: str, tech: str) -> None:
        self.host = "127.0.0.1"
        self.tech = tech
        self.username = username
        self._process = process
        self._finalizer = weakref.finalize(self, _end, process)
        self.port, self.password = _port_and_password(process)

    def __repr__(self) -> str:
        state = f"process {self._process.pid}" if self.running else "stopped"
        return f"<Demo {self.tech} on {self.host}:{self.port}, {state}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def running(self) -> bool:
        """Whether it still runs."""
        return self._process.poll() is None

    def close(self) -> None:
        """End it within two seconds; calling this again does no harm."""
        self._finalizer()


def start(
    *,
    tech: str = "PJSIP",
    calls: bool = True,
    channels: int = 0,
    changes: float = 0.0,
    seed: int | None = None,
    username: str = "admin",
) -> Demo:
    """Start a demo PBX on a free loopback port.

    It plays an Asterisk with the telephones, mailboxes, queue and dialplan of the sample
    configuration in ``ast_notebook/demo/conf``.

    Parameters
    ----------
    tech : {"PJSIP", "SIP"}
        PJSIP plays an Asterisk 22, SIP an Asterisk 16.
    calls : bool
        Whether calls go on by themselves.
    channels, changes : int, float
        How many further channels are up, and how often per second one of them changes.
    seed : int, optional
        The seed of the random numbers: the same seed makes the same calls.
    username : str
        The login of ``manager.conf`` that the result names: ``admin`` or ``panel``.

    Raises
    ------
    TechnologyMissing
        If `tech` is neither.
    ConfError
        If there is no such login.
    ConnectionLost
        If it does not start.

    Examples
    --------
    >>> with start(seed=1) as demo:
    ...     sh = ast_notebook.connect(
    ...         demo.host, demo.port, username=demo.username, password=demo.password
    ...     )
    """
    from ast_notebook.demo.configuration import Configuration
    from ast_notebook.demo.profile import profile_of

    tech = profile_of(tech).technology
    if username not in Configuration.read(tech).logins:
        raise ConfError(f"the demo's manager.conf has no login {username!r}: take admin or panel")
    command = [sys.executable, "-m", "ast_notebook.demo", "--embedded", "--port", "0"]
    command += ["--tech", tech, "--channels", str(channels), "--changes", str(changes)]
    command += [] if calls else ["--no-calls"]
    command += [] if seed is None else ["--seed", str(seed)]
    # The child must import this very package, wherever it is.
    package = str(Path(__file__).resolve().parents[2])
    paths = [package, os.environ.get("PYTHONPATH", "")]
    process = subprocess.Popen(  # noqa: S603 - our own interpreter, our own module
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=_environment() | {"PYTHONPATH": os.pathsep.join(filter(None, paths))},
        # An interrupt of the notebook must not reach the PBX.
        start_new_session=True,
    )
    return Demo(process, username, tech)


def _environment() -> dict[str, str]:
    """Return the environment without the logins of other PBXs, which the demo must not see."""
    return {name: text for name, text in os.environ.items() if not name.startswith("AST_")}


def _port_and_password(process: subprocess.Popen[bytes]) -> tuple[int, str]:
    """Read port and password from the child's pipe, since lists of processes are public."""
    assert process.stdout is not None
    ready, _, _ = select.select([process.stdout], [], [], START_SECONDS)
    port, _, password = (process.stdout.readline() if ready else b"").partition(b" ")
    if not port.isdigit():
        _end(process)
        raise ConnectionLost(
            "the demo PBX did not start: run python -m ast_notebook.demo to see why"
        )
    return int(port), password.strip().decode()


def _end(process: subprocess.Popen[bytes]) -> None:
    """Let the child end by itself, and kill it if it does not."""
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with contextlib.suppress(OSError):
                pipe.close()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
