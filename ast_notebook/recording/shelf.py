"""Where an archive is: its sealed files in a folder or at any fsspec URL, its open ones on disk."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import shutil
import sys
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote, unquote

import pyarrow as pa
import pyarrow.fs

from ast_notebook.ami.secret import Secret
from ast_notebook.errors import ConfError
from ast_notebook.recording import private
from ast_notebook.recording.layout import DAMAGED, OPEN, SEALED, Name, named


@dataclass(frozen=True)
class Found:
    """A file of an archive, and where it is: below the spool if it is open, else on the shelf."""

    name: Name
    path: str


class _Files(Protocol):
    """What is asked of a place for sealed files; paths are those below its root."""

    def walk(self) -> Iterator[str]:
        """Yield the path of each file."""

    def has(self, path: str) -> bool:
        """Tell whether there is such a file."""

    def put(self, temporary: Path, path: str) -> None:
        """Move a finished local file to its place, where it appears whole or not at all."""

    def remove(self, path: str) -> None:
        """Remove a file, if it is there."""


class _Local:
    def __init__(self, root: Path) -> None:
        self.root = root

    def walk(self) -> Iterator[str]:
        for folder in _below(self.root, "server="):
            for day in _below(folder, "day="):
                for file in _below(day, ""):
                    yield f"{folder.name}/{day.name}/{file.name}"

    def has(self, path: str) -> bool:
        return (self.root / path).exists()

    def put(self, temporary: Path, path: str) -> None:
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        self.root.stat()  # a disk that was taken out is not to be replaced by a folder of its name
        target = self.root / path
        private.folder(target.parent)
        if temporary.stat().st_dev != target.parent.stat().st_dev:
            near = target.with_name(f".{target.name}.part")
            shutil.copy2(temporary, near)
            temporary.unlink()
            temporary = near
        temporary.replace(target)

    def remove(self, path: str) -> None:
        whole = self.root / path
        if whole.is_dir() and not whole.is_symlink():
            return  # no file of ours, whatever its name
        whole.unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            whole.parent.rmdir()  # the day's last file


def _below(folder: Path, beginning: str) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if path.name.startswith(beginning))
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        if error.errno != errno.ELOOP:
            raise
        return []


class _Remote:
    def __init__(self, url: str, options: dict[str, Any]) -> None:
        try:
            import fsspec  # type: ignore[import-untyped]
        except ImportError:
            raise ConfError(f"to reach {_shown(url)}: pip install fsspec") from None
        try:
            self.system, self.root = fsspec.core.url_to_fs(url, **options)
        except (ImportError, ValueError) as error:
            why = str(error).replace(url, _shown(url))
            raise ConfError(f"{_shown(url)} cannot be reached: {why}") from None

    def walk(self) -> Iterator[str]:
        self.system.invalidate_cache()
        root = self.root.rstrip("/")
        with contextlib.suppress(FileNotFoundError):
            for path in sorted(self.system.find(root)):
                yield str(path)[len(root) :].lstrip("/")

    def has(self, path: str) -> bool:
        self.system.invalidate_cache()
        return bool(self.system.exists(f"{self.root.rstrip('/')}/{path}"))

    def put(self, temporary: Path, path: str) -> None:
        folder, _, name = f"{self.root.rstrip('/')}/{path}".rpartition("/")
        # Some stores show a file while it grows, under the name that it is sent by.
        hidden = f"{folder}/.{name}.part"
        self.system.makedirs(folder, exist_ok=True)
        self.system.put_file(str(temporary), hidden)
        self.system.mv(hidden, f"{folder}/{name}")
        temporary.unlink()

    def remove(self, path: str) -> None:
        with contextlib.suppress(FileNotFoundError):
            self.system.rm_file(f"{self.root.rstrip('/')}/{path}")


class Shelf:
    """An archive's place.

    Parameters
    ----------
    place : str or path
        A folder, or a URL that fsspec knows (``s3://bucket/calls``).
    spool : path, optional
        A folder on the local disk for the open files; the archive's own folder where that is
        local, else one below the user's folder for the state of programs.
    options : dict, optional
        What fsspec is to be given besides the URL, such as credentials.

    Attributes
    ----------
    place : str
        As given, but for a password in it.
    spool : pathlib.Path
        Where open files are.
    filesystem : pyarrow.fs.FileSystem
        What sealed files are read through.
    root : str
        The archive's folder, as its file system names it.
    """

    def __init__(
        self,
        place: str | os.PathLike[str],
        spool: str | os.PathLike[str] | None = None,
        options: dict[str, Any] | None = None,
    ) -> None:
        text = _text(place)
        self._given = Secret(text)  # a URL may hold one
        if not text.strip():
            raise ConfError("an archive needs a folder, or a URL")
        self.place = _shown(text)
        self.filesystem = pa.fs.LocalFileSystem()
        self._files: _Files
        self._is_remote = "://" in text
        if self._is_remote:
            remote = _Remote(text, options or {})
            self._files = remote
            self.filesystem = pa.fs.PyFileSystem(pa.fs.FSSpecHandler(remote.system))
            self.root = remote.root.rstrip("/")
            self.spool = Path(spool).expanduser() if spool else _state() / _slug(text)
        else:
            root = Path(text).expanduser().absolute()
            self._files = _Local(root)
            self.root = str(root)
            self.spool = Path(spool).expanduser().absolute() if spool else root

    def is_at(self, place: str | os.PathLike[str]) -> bool:
        """Tell whether a place is this one, without going there."""
        text = _text(place)
        if self._is_remote or "://" in text:
            return text.rstrip("/") == self._given.reveal().rstrip("/")
        return bool(text.strip()) and str(Path(text).expanduser().absolute()) == self.root

    @property
    def is_local(self) -> bool:
        """Whether the sealed files are in a folder of this machine."""
        return not self._is_remote

    @property
    def exists(self) -> bool:
        """Whether there is such a folder; True for a URL, which need not have folders."""
        return self._is_remote or Path(self.root).is_dir()

    def create(self) -> None:
        """Make the folders."""
        private.folder(self.spool)
        if not self._is_remote:
            private.folder(Path(self.root))

    def open_files(self, servers: Collection[str] = ()) -> list[Found]:
        """Return the open files, oldest first."""
        return _found(_Local(self.spool), str(self.spool), OPEN, servers)

    def sealed_files(self, servers: Collection[str] = ()) -> list[Found]:
        """Return the sealed files, oldest first."""
        return _found(self._files, self.root, SEALED, servers)

    def files(
        self, servers: Collection[str] = (), since: date | None = None, until: date | None = None
    ) -> tuple[list[Found], list[Found]]:
        """Return the sealed files and the open ones of some servers and days (both included).

        Of a file that is both, only the sealed one is told.
        """
        # In this order: one that is sealed in between is in both lists, never in none.
        still_open = self.open_files(servers)
        sealed = self.sealed_files(servers)
        done = {file.name for file in sealed}
        still_open = [file for file in still_open if file.name not in done]
        first, last = since or date.min, until or date.max
        within = [[f for f in some if first <= f.name.day <= last] for some in (sealed, still_open)]
        return within[0], within[1]

    def dead_links(self, servers: Collection[str] = ()) -> list[str]:
        """Return the folders of servers and days that are links which lead nowhere."""
        found: list[str] = []
        for root in {self.spool, Path(self.root)} if self.is_local else {self.spool}:
            for folder in _below(root, "server="):
                if servers and unquote(folder.name.removeprefix("server=")) not in servers:
                    continue
                inside = [folder, *_below(folder, "day=")]
                found += [str(one) for one in inside if one.is_symlink() and not one.exists()]
        return sorted(found)

    def put(self, temporary: Path, name: Name) -> None:
        """Move a finished file to its place as the sealed file of this name."""
        self._files.put(temporary, name.path(SEALED))

    def is_sealed(self, name: Name) -> bool:
        """Tell whether there is a sealed file of this name."""
        return self._files.has(name.path(SEALED))

    def remove_before(self, day: date, server: str) -> int:
        """Remove a server's sealed files of the days before, and return how many there were."""
        old = [file for file in self.sealed_files([server]) if file.name.day < day]
        for file in old:
            self._files.remove(file.name.path(SEALED))
        spool = _Local(self.spool)
        for file in _found(spool, str(self.spool), DAMAGED, [server]):
            if file.name.day < day:
                spool.remove(file.name.path(DAMAGED))
        return len(old)


def _found(files: _Files, root: str, ending: str, servers: Collection[str]) -> list[Found]:
    known = [named(path) for path in files.walk()]
    names = sorted(found[0] for found in known if found is not None and found[1] == ending)
    return [
        Found(name, f"{root}/{name.path(ending)}")
        for name in names
        if not servers or name.server in servers
    ]


def _state() -> Path:
    """Return the folder in which this system's programs keep what outlives them."""
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or "~/AppData/Local"
    elif sys.platform == "darwin":
        base = "~/Library/Application Support"
    else:
        base = os.environ.get("XDG_STATE_HOME") or "~/.local/state"
    return Path(base).expanduser() / "ast_notebook" / "spool"


def _text(place: str | os.PathLike[str]) -> str:
    return os.fspath(place).removeprefix("file://")


def _shown(place: str) -> str:
    """Return a place without what may be a secret of its URL: the user's part, and the query."""
    return "::".join(map(_without_user, place.split("::")))


def _without_user(place: str) -> str:
    scheme, mark, rest = place.partition("://")
    if not mark:
        return place
    host, slash, path = rest.partition("/")
    return f"{scheme}://{host.rpartition('@')[2]}{slash}{path}".partition("?")[0]


def _slug(url: str) -> str:
    """Name a URL's spool so that a person recognises it, and no two share one."""
    digest = hashlib.sha256(url.encode()).hexdigest()[:12]
    return f"{quote(_shown(url).split('://', 1)[1].strip('/'), safe='')[:60]}-{digest}"
