"""A container as repo2docker makes one: its user, its home, its environment, and how it starts."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

#: Seconds that what a container has started may take to end.
STOP_SECONDS = 30.0
#: How many lines of what a failed step wrote are shown.
LINES = 25
#: How this machine reaches the package registry, which a build needs, and a container does not.
REGISTRY = (
    *("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_TRUSTED_HOST", "PIP_DEFAULT_TIMEOUT"),
    *("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"),
)


class StepFailed(RuntimeError):
    """A step failed; the message has the end of what it wrote."""


class Container:
    """A container without a wall: processes of this machine that see a home of their own.

    Parameters
    ----------
    home : Path
        The home of the user, which is also the folder of the repository.
    prefix : Path
        The environment of Python, in which Jupyter is.
    more : mapping, optional
        Further variables of the environment.
    """

    def __init__(self, home: Path, prefix: Path, more: Mapping[str, str] | None = None) -> None:
        self.home = home
        self.prefix = prefix
        self._more = dict(more or {})

    @property
    def folder(self) -> Path:
        """Where this process finds the home."""
        return self.home

    @property
    def log(self) -> Path:
        """Where this process finds what the container wrote after its start."""
        return self.folder / ".jupyter-server-log.txt"

    def environment(self) -> dict[str, str]:
        """Return all variables of the environment: those of repo2docker, and nothing of ours."""
        path = [self.home / ".local" / "bin", self.prefix / "bin"]
        system = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        return {
            "USER": "jovyan",
            "HOME": str(self.home),
            "REPO_DIR": str(self.home),
            "SHELL": "/bin/bash",
            "LANG": "C.UTF-8",
            "LC_ALL": "C.UTF-8",
            "NB_PYTHON_PREFIX": str(self.prefix),
            "KERNEL_PYTHON_PREFIX": str(self.prefix),
            "PYTHONUNBUFFERED": "1",
            "PATH": ":".join([*map(str, path), system]),
            **self._more,
        }

    def registry(self) -> dict[str, str]:
        """Return the variables by which a build reaches the package registry."""
        return {name: text for name, text in os.environ.items() if name.startswith("PIP_")} | {
            name: os.environ[name] for name in REGISTRY if name in os.environ
        }

    def words(self, command: Sequence[str]) -> list[str]:
        """Return the command by which this machine runs `command` in the container."""
        return list(command)

    def login(self, command: Sequence[str]) -> list[str]:
        """Return the command that runs `command` with the environment of a login."""
        return list(command)

    def run(self, command: Sequence[str]) -> None:
        """Run a step of the build as the user, in the folder of the repository.

        Parameters
        ----------
        command : sequence of str

        Raises
        ------
        StepFailed
            If its exit status is not 0.
        """
        done = subprocess.run(
            self.words(command),
            cwd=self.folder,
            env=self.environment() | self.registry(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if done.returncode:
            last_lines = "\n".join(done.stdout.splitlines()[-LINES:])
            raise StepFailed(f"{' '.join(command)} ended with {done.returncode}:\n{last_lines}")

    @contextlib.contextmanager
    def started(self, command: Sequence[str]) -> Iterator[subprocess.Popen[bytes]]:
        """Start the container with `command`, and end all of its processes afterwards.

        Parameters
        ----------
        command : sequence of str
            The start script, and its arguments.
        """
        with self.log.open("wb") as log:
            process = subprocess.Popen(
                self.words(self.login(command)),
                cwd=self.folder,
                env=self.environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        try:
            yield process
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(STOP_SECONDS)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def last_lines(self) -> str:
        """Return the end of what the container wrote after its start."""
        if not self.log.exists():
            return ""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-LINES:])
