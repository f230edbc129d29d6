"""Lists, stores and removes an archive's files: sealed ones in a folder or at a URL, open ones."""

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
import pyarrow.parquet as pq

from ast_notebook.errors import ConfError
from ast_notebook.recording import private
from ast_notebook.recording.archive_place import ArchivePlace
from ast_notebook.recording.layout import DAMAGED, OPEN, SEALED, Name, named
from ast_notebook.recording.troubles import is_of_the_system


@dataclass(frozen=True)
class ArchiveFile:
    """A file of an archive and its path: below `open_folder` if it is open, else below `root`."""

    name: Name
    path: str


class _Files(Protocol):
    """Where files of an archive are; paths are those below its root."""

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
        self.root.stat()  # raises if the disk was removed, so that no folder replaces it
        target = self.root / path
        private.folder(target.parent)
        is_near = temporary.stat().st_dev == target.parent.stat().st_dev
        if not is_near or not private.are_alike(temporary.parent, target.parent):
            near = target.with_name(f".{target.name}.part")
            near.unlink(missing_ok=True)
            os.close(private.create(near, os.O_WRONLY | os.O_EXCL))
            shutil.copyfile(temporary, near)
            with near.open("rb+") as file:
                os.fsync(file.fileno())
            temporary.unlink()
            temporary = near
        temporary.replace(target)

    def remove(self, path: str) -> None:
        whole = self.root / path
        if whole.is_dir() and not whole.is_symlink():
            return  # not a file of ours, whatever its name
        whole.unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            whole.parent.rmdir()  # it was the day's last file


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
    def __init__(self, place: ArchivePlace) -> None:
        try:
            import fsspec  # type: ignore[import-untyped]
        except ImportError:
            raise ConfError(f"to reach {place.name}: pip install fsspec") from None
        failed = ""
        try:
            self.system, self.root = fsspec.core.url_to_fs(place.reveal(), **place.options())
        except Exception as error:  # each store has errors of its own
            failed = place.plain(error) or type(error).__name__
        # It is raised only here, since the frames of that error hold the password.
        if failed:
            raise ConfError(f"{place.name} cannot be reached: {failed}")

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
        # Some stores show a file while it is being sent, under the name of the upload.
        hidden = f"{folder}/.{name}.part"
        self.system.makedirs(folder, exist_ok=True)
        self.system.put_file(str(temporary), hidden)
        self._rename(hidden, f"{folder}/{name}")
        temporary.unlink()

    def _rename(self, old: str, new: str) -> None:
        from fsspec import AbstractFileSystem

        if type(self.system).mv is AbstractFileSystem.mv:
            # The `mv` of fsspec itself takes ?, * and [ in a path for a pattern.
            self.system.cp_file(old, new)
            self.system.rm_file(old)
        else:
            self.system.mv(old, new)

    def remove(self, path: str) -> None:
        with contextlib.suppress(FileNotFoundError):
            self.system.rm_file(f"{self.root.rstrip('/')}/{path}")


class ArchiveFiles:
    """The folders of an archive, and the files in them.

    Parameters
    ----------
    place : str, path or ArchivePlace
        A folder, or a URL that fsspec knows (``s3://bucket/calls``).
    open_folder : path, optional
        A local folder for the open files. By default, it is the archive's own folder if that is
        local, else one below the user's folder for the state of programs.
    options : dict, optional
        Options for fsspec besides the URL, such as credentials.

    Attributes
    ----------
    at : ArchivePlace
        As given.
    open_folder : pathlib.Path
        The folder of the open files.
    filesystem : pyarrow.fs.FileSystem
        The file system by which sealed files are read.
    root : str
        The archive's folder, as its file system names it.
    """

    def __init__(
        self,
        place: str | os.PathLike[str] | ArchivePlace,
        open_folder: str | os.PathLike[str] | None = None,
        options: dict[str, Any] | None = None,
    ) -> None:
        self.at = at = ArchivePlace(place, options)
        del place, options  # a URL may hold a password, and a traceback shows what is in sight
        if not at.name.strip():
            raise ConfError("an archive needs a folder, or a URL")
        self.filesystem = pa.fs.LocalFileSystem()
        self._files: _Files
        if at.is_remote:
            remote = _Remote(at)
            self._files = remote
            self.filesystem = pa.fs.PyFileSystem(pa.fs.FSSpecHandler(remote.system))
            self.root = remote.root.rstrip("/")
            self.open_folder = (
                Path(open_folder).expanduser() if open_folder else _state() / _slug(at)
            )
        else:
            root = Path(at.name).expanduser().absolute()
            self._files = _Local(root)
            self.root = str(root)
            self.open_folder = Path(open_folder).expanduser().absolute() if open_folder else root

    @property
    def place(self) -> str:
        """The folder or URL as it was given, without a password."""
        return self.at.name

    def is_at(self, place: str | os.PathLike[str] | ArchivePlace) -> bool:
        """Tell whether a place is this one, without access to it."""
        other = ArchivePlace(place)
        if self.at.is_remote or other.is_remote:
            return other.reveal().rstrip("/") == self.at.reveal().rstrip("/")
        return bool(other.name.strip()) and str(Path(other.name).expanduser().absolute()) == (
            self.root
        )

    @property
    def is_local(self) -> bool:
        """Whether the sealed files are in a folder of this machine."""
        return not self.at.is_remote

    @property
    def exists(self) -> bool:
        """Whether the folder exists; True for a URL, which need not have folders."""
        return self.at.is_remote or Path(self.root).is_dir()

    def create(self) -> None:
        """Make the folders.

        Raises
        ------
        ConfError
            If they cannot be made.
        """
        try:
            private.folder(self.open_folder)
            if self.is_local:
                private.folder(Path(self.root))
        except OSError as error:
            raise ConfError(f"{self.place} cannot be recorded to: {error}") from None

    def open_files(self, servers: Collection[str] = ()) -> list[ArchiveFile]:
        """Return the open files, oldest first."""
        return _found(_Local(self.open_folder), str(self.open_folder), OPEN, servers)

    def sealed_files(self, servers: Collection[str] = ()) -> list[ArchiveFile]:
        """Return the sealed files, oldest first."""
        return _found(self._files, self.root, SEALED, servers)

    def files(
        self, servers: Collection[str] = (), since: date | None = None, until: date | None = None
    ) -> tuple[list[ArchiveFile], list[ArchiveFile]]:
        """Return the sealed files, and the open ones, of some servers and a range of days.

        Both `since` and `until` belong to the range. If a file is both sealed and open, only the
        sealed one is returned, unless that cannot be read.
        """
        # The order matters: a file that is sealed in between is in both lists, never in none.
        still_open = self.open_files(servers)
        sealed = self.sealed_files(servers)
        names = {file.name for file in sealed}
        done = {file.name for file in still_open if file.name in names and self.rows(file.name)}
        still_open = [file for file in still_open if file.name not in done]
        first, last = since or date.min, until or date.max
        within = [[f for f in some if first <= f.name.day <= last] for some in (sealed, still_open)]
        return within[0], within[1]

    def dead_links(self, servers: Collection[str] = ()) -> list[str]:
        """Return the folders of servers and days that are links which lead nowhere."""
        found: list[str] = []
        for root in {self.open_folder, Path(self.root)} if self.is_local else {self.open_folder}:
            for folder in _below(root, "server="):
                if servers and unquote(folder.name.removeprefix("server=")) not in servers:
                    continue
                inside = [folder, *_below(folder, "day=")]
                found += [str(one) for one in inside if one.is_symlink() and not one.exists()]
        return sorted(found)

    def put(self, temporary: Path, name: Name) -> None:
        """Move a finished file to its place as the sealed file of this name."""
        self._files.put(temporary, name.path(SEALED))

    def rows(self, name: Name) -> int:
        """Return how many events the sealed file of this name has; 0 if it cannot be read.

        Raises
        ------
        OSError
            If the system cannot read it.
        """
        path = f"{self.root}/{name.path(SEALED)}"
        if not self._files.has(name.path(SEALED)):
            return 0
        try:
            return int(pq.read_metadata(path, filesystem=self.filesystem).num_rows)
        except (OSError, pa.ArrowException) as error:
            is_there = getattr(error, "errno", None) not in (errno.EISDIR, errno.ENOENT)
            if is_there and is_of_the_system(error):
                raise
            return 0

    def remove_before(self, day: date, server: str) -> int:
        """Remove a server's sealed files of the days before `day`; return how many there were."""
        old = [file for file in self.sealed_files([server]) if file.name.day < day]
        for file in old:
            self._files.remove(file.name.path(SEALED))
        local = _Local(self.open_folder)
        for file in _found(local, str(self.open_folder), DAMAGED, [server]):
            if file.name.day < day:
                local.remove(file.name.path(DAMAGED))
        return len(old)


def _found(files: _Files, root: str, ending: str, servers: Collection[str]) -> list[ArchiveFile]:
    found: dict[Name, str] = {}
    for path in files.walk():
        known = named(path)
        if known is None or known[1] != ending:
            continue
        # Somebody may have spelled a name in another way. If two files have one name, the file
        # that is spelled in our way counts.
        if known[0] not in found or path == known[0].path(ending):
            found[known[0]] = path
    return [
        ArchiveFile(name, f"{root}/{path}")
        for name, path in sorted(found.items())
        if not servers or name.server in servers
    ]


def _state() -> Path:
    """Return the folder in which programs of this system keep their state."""
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or "~/AppData/Local"
    elif sys.platform == "darwin":
        base = "~/Library/Application Support"
    else:
        base = os.environ.get("XDG_STATE_HOME") or "~/.local/state"
    return Path(base).expanduser() / "ast_notebook" / "spool"


def _slug(url: ArchivePlace) -> str:
    """Name a URL's folder of open files so that a person recognises it, and no two share one."""
    digest = hashlib.sha256(url.reveal().encode()).hexdigest()[:12]
    return f"{quote(url.name.split('://', 1)[1].strip('/'), safe='')[:60]}-{digest}"
