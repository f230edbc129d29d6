"""A private Asterisk: its own configuration, database and ports; it can be killed and restarted."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import weakref
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.lab import install
from tests.lab.configuration import DEVICES, Directories, Ports, Setting, render
from tests.lab.ports import free_port
from tests.lab.telephone import Telephone

#: Seconds that an Asterisk may take to boot and to end; far more than it ever needs.
BOOT_SECONDS = 60.0
STOP_SECONDS = 10.0


class AsteriskError(RuntimeError):
    """An Asterisk did not start, or a command could not be given to it."""


class Asterisk:
    """An Asterisk of the lab.

    It runs from the unpacked tree by that tree's own dynamic loader: no chroot, no root, nothing
    is written there, and any number of them run at once.

    Parameters
    ----------
    version : int
        16 (chan_sip) or 22 (chan_pjsip).
    folder : pathlib.Path, optional
        Where configuration, database, spool and logs are kept; a temporary folder by default,
        which is removed by `close`.
    tls : bool
        Listen for the manager by TLS, too; see `tls_port` and `ca_file`.
    settings : mapping, optional
        What differs from the sample configuration: ``{("cel.conf", "manager", "enabled"): "yes"}``.

    Examples
    --------
    >>> with Asterisk(22) as pbx:
    ...     pbx.cli("core show version")
    """

    host = "127.0.0.1"
    username = "admin"
    password = "secret"
    #: The second login of the sample configuration; its password is the same.
    panel = "panel"

    def __init__(
        self,
        version: int,
        *,
        folder: Path | None = None,
        tls: bool = False,
        settings: Mapping[Setting, str] | None = None,
    ) -> None:
        if not install.is_installed(version):
            raise AsteriskError(
                f"Asterisk {version} is not installed: python -m tests.lab.install {version}"
            )
        self.version = version
        self.tech = "SIP" if version < 21 else "PJSIP"
        self.port = free_port(socket.SOCK_STREAM)
        self.sip_port = free_port(socket.SOCK_DGRAM)
        self.tls_port = free_port(socket.SOCK_STREAM) if tls else None
        self._telephones = {device: Telephone(self, device) for device in DEVICES}
        self._process: subprocess.Popen[bytes] | None = None
        self._tree = install.tree(version)

        self._temporary = contextlib.ExitStack()
        weakref.finalize(self, self._temporary.close)
        self.folder = folder or self._temporary_folder(f"asterisk{version}-")
        self.directories = Directories(
            tree=self._tree,
            instance=self.folder,
            # A control socket's name may have no more than 107 letters; `folder` may have.
            run=self._temporary_folder("ast-"),
        )
        #: Asterisk's own log: notices, warnings and errors.
        self.log = self.directories.log / "messages.log"
        #: What the certificate of `tls_port` is to be checked against.
        self.ca_file = render(
            self.directories,
            tech=self.tech,
            ports=Ports(
                manager=self.port,
                manager_tls=self.tls_port,
                sip=self.sip_port,
                telephones={device: phone.port for device, phone in self._telephones.items()},
            ),
            settings=settings or {},
        )

    def __repr__(self) -> str:
        state = f"process {self.pid}" if self.pid else "stopped"
        return f"<Asterisk {self.version} on {self.host}:{self.port}, {state}>"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def pid(self) -> int | None:
        """The process id while it runs."""
        if self._process is None or self._process.poll() is not None:
            return None
        return self._process.pid

    def start(self) -> None:
        """Start, and wait until the manager answers and everything is loaded.

        Raises
        ------
        AsteriskError
            When it ends or takes too long; with the end of its log.
        """
        if self.pid:
            return
        with (self.directories.log / "console.log").open("ab") as console:
            self._process = subprocess.Popen(
                [*self._command(), "-f"],
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=console,
                cwd=self.folder,
                # A Ctrl-C in the terminal is for the tests, not for their PBX.
                start_new_session=True,
            )
        # Should nobody stop it, it ends with Python.
        self._temporary.callback(_end, self._process)
        deadline = time.monotonic() + BOOT_SECONDS
        while not (self._greets() and "fully booted" in self._ask("core waitfullybooted")[1]):
            if self.pid is None or time.monotonic() > deadline:
                what = "ended" if self.pid is None else f"is not up after {BOOT_SECONDS:.0f} s"
                self.kill()
                raise AsteriskError(f"Asterisk {self.version} {what}:\n{self._log_tail()}")
            time.sleep(0.05)

    def stop(self) -> None:
        """End it as its own ``core stop now`` would; kill it if that takes too long."""
        for telephone in self._telephones.values():
            telephone.close()
        if self._process is not None:
            _end(self._process)

    def kill(self) -> None:
        """Kill it at once, as a power cut would: connections break, nothing is said."""
        if self._process is not None and self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def restart(self) -> None:
        """Stop and start again, with the same ports, database and mailboxes."""
        self.stop()
        self.start()

    def close(self) -> None:
        """Stop, and remove the temporary folders."""
        self.stop()
        self._temporary.close()

    def cli(self, command: str) -> str:
        """What Asterisk answers to a console command.

        Raises
        ------
        AsteriskError
            When it does not run.
        """
        ended, answer = self._ask(command)
        if ended:
            raise AsteriskError(f"{self!r} did not take {command!r}: {answer}")
        return answer

    def database(self, key: str) -> str | None:
        """The value of ``family/key`` in Asterisk's own database, or None."""
        family, _, name = key.rpartition("/")
        answer = self.cli(f"database get {family} {name}")
        found, _, value = answer.partition("Value: ")
        return None if found else value.rstrip("\n")

    def channels(self) -> list[str]:
        """The names of all channels that are up."""
        lines = self.cli("core show channels concise").splitlines()
        return [line.split("!")[0] for line in lines if "!" in line]

    def telephone(self, device: str) -> Telephone:
        """The telephone of one of the sample devices: 2222, 200, 240, 30 or 300."""
        return self._telephones[device]

    def hang_up(self, device: str) -> None:
        """End the channels of a device."""
        for channel in self.channels():
            if channel.rpartition("-")[0] == f"{self.tech}/{device}":
                self.cli(f"channel request hangup {channel}")

    def originate(self, channel: str, extension: str) -> None:
        """Let `channel`, when it answers, call ``extension@context``; do not wait for it."""
        self.cli(f"channel originate {channel} extension {extension}")

    def leave_message(self, mailbox: str = "22", *, timeout: float = 20.0) -> None:
        """Leave a message of three seconds in a mailbox of the context ``default``."""
        before = self._messages(mailbox)
        self.originate("Local/601@phones/n", f"*{mailbox}@phones")
        deadline = time.monotonic() + timeout
        while self._messages(mailbox) == before:
            if time.monotonic() > deadline:
                raise AsteriskError(f"No message came to {mailbox}:\n{self._log_tail()}")
            time.sleep(0.1)

    def _messages(self, mailbox: str) -> int:
        inbox = self.directories.spool / "voicemail" / "default" / mailbox / "INBOX"
        return len(list(inbox.glob("msg*.txt")))

    def _command(self) -> list[str]:
        return [*loader(self._tree), "-C", str(self.directories.etc / "asterisk.conf")]

    def _ask(self, command: str) -> tuple[int, str]:
        """Give `command` to the running Asterisk; its exit code is not 0 when there is none."""
        done = subprocess.run(
            [*self._command(), "-rx", command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=BOOT_SECONDS,
            check=False,
        )
        return done.returncode, done.stdout

    def _greets(self) -> bool:
        """Whether the manager says who it is."""
        try:
            with socket.create_connection((self.host, self.port), timeout=5) as connection:
                return connection.recv(64).startswith(b"Asterisk Call Manager/")
        except OSError:
            return False

    def _log_tail(self) -> str:
        text = ""
        for log in (self.log, self.directories.log / "console.log"):
            if log.exists():
                text += "\n".join(log.read_text(errors="replace").splitlines()[-20:]) + "\n"
        return text

    def _temporary_folder(self, prefix: str) -> Path:
        folder = tempfile.mkdtemp(prefix=prefix)
        self._temporary.callback(shutil.rmtree, folder, ignore_errors=True)
        return Path(folder)


def loader(tree: Path) -> list[str]:
    """The command that runs a tree's Asterisk with that tree's libraries, and with no others.

    The libraries are named to the loader, not in the environment: what Asterisk itself starts
    (a shell, say) belongs to this machine and has to find this machine's libraries.
    """
    folders = [
        folder for lib in ("lib/*-linux-*", "usr/lib/*-linux-*") for folder in tree.glob(lib)
    ]
    loaders = [found for folder in folders for found in folder.glob("ld-linux*.so.*")]
    if not loaders:
        raise AsteriskError(f"There is no dynamic loader in {tree}.")
    # Asterisk 16 has a library of its own right in usr/lib.
    path = ":".join(str(folder) for folder in [*folders, tree / "usr" / "lib"])
    return [str(loaders[0]), "--library-path", path, str(tree / "usr" / "sbin" / "asterisk")]


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ask a process to end; kill it, with all that it started, when it does not."""
    if process.poll() is not None:
        return
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
