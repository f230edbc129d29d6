"""What reads foreign bytes, as functions that raise only where something is wrong with us.

Each takes bytes and reads them as a file, a stream or a line would be read. What our own errors say
is swallowed, since that is how bad input is to end; all else is a finding.
"""

from __future__ import annotations

import contextlib
import tempfile
import warnings
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

from IPython.core.error import UsageError

from ast_notebook.ami.action import encode
from ast_notebook.ami.framer import Framer
from ast_notebook.ami.message import Event, Message, parse
from ast_notebook.ami.shapes import plain_name
from ast_notebook.calls.history.history import Kind, history
from ast_notebook.conf import read_items, read_logics
from ast_notebook.errors import AstError
from ast_notebook.login import read_plugins
from ast_notebook.magics.line import expand, without_semicolon, words
from ast_notebook.magics.table import find
from ast_notebook.recording import read
from ast_notebook.recording.archive_files import ArchiveFiles
from ast_notebook.recording.block import Block
from ast_notebook.recording.sealing import seal_leftovers
from tests.support.archives import leave, numbered, numbers

Target = Callable[[bytes], None]

KINDS: tuple[Kind | None, ...] = (None, "cdr", "cel", "queue_log", "events")
#: Events of the archives that are damaged.
EVENTS = 200


def wire(data: bytes) -> None:
    """Cut a stream into messages: whole, in two and byte by byte, it is the same ones."""
    if b"Response: Follows" in data and b"\r\n\n" in data:
        return  # what a command prints has no odd ends, and the Asterisks of these no such answers
    with contextlib.suppress(ValueError):  # longer than any message may be
        whole = _framed([data])
        half = len(data) // 2
        assert _framed([data[:half], data[half:]]) == whole
        assert _framed([data[n : n + 1] for n in range(len(data))]) == whole
        for text in whole:
            _looked_at(parse(text))


def _framed(pieces: list[bytes]) -> list[str]:
    framer = Framer()
    texts = [text for piece in pieces for text in framer.feed(piece)]
    return texts + (framer.end() if framer.ends_oddly else [])


def _looked_at(message: Message) -> None:
    """Ask a message for all that it has, by every way there is."""
    repr(message)
    for name, value in message.headers.items():
        assert message[name] == value
        assert message.get_header(plain_name(name)) is not None
        assert message.get_all(name)
    with contextlib.suppress(AstError):
        again = encode({"Action": "Test", **message.headers})
        assert again.count(b"\r\n\r\n") == 1


def columns(data: bytes) -> None:
    """Put events into columns: those that were packed meanwhile are the same ones."""
    texts = [text for text in _events(data) if isinstance(parse(text), Event)]
    if not texts:
        return
    kept = Block(texts, range(len(texts)))
    kept.pack()
    made = kept.columns()
    assert made.num_rows == len(texts)
    assert made.equals(Block(texts, range(len(texts))).columns())


def _events(data: bytes) -> list[str]:
    with contextlib.suppress(ValueError):
        return _framed([data + b"\r\n\r\n"])
    return []


def conf(data: bytes) -> None:
    """Read items, logics and settings in sections."""
    for reader in (read_items, read_logics, read_plugins):
        _read(reader, data, ".conf")


def yaml(data: bytes) -> None:
    """Read items, logics and settings in YAML."""
    for reader in (read_items, read_logics, read_plugins):
        _read(reader, data, ".yaml")


def _read(reader: Callable[[Path], object], data: bytes, ending: str) -> None:
    with _file(data, f"things{ending}") as path, contextlib.suppress(AstError):
        reader(path)


def line(data: bytes) -> None:
    """Read the line behind `%ast` as far as it goes without a PBX."""
    text = data.decode("utf-8", "replace")
    without_semicolon(text)
    with contextlib.suppress(UsageError, AstError):
        said = words(text)
        if said:
            command, count = find(said)
            command.parse([expand(word, {"name": "Anna", "n": 7}) for word in said[count:]])


def past(data: bytes) -> None:
    """Read a file of history: as the kind that the first byte names, or as what it looks like."""
    kind = KINDS[data[0] % len(KINDS)] if data else None
    with _file(data[1:], "past") as path, contextlib.suppress(AstError):
        found = history(path, tz="UTC", kind=kind, dates="dmy")
        assert found.calls["call"].is_unique
        repr(found)


def opened(data: bytes) -> None:
    """Read an archive whose open file was damaged: no event is made up, and none is moved."""
    _damaged(".arrows", data)


def sealed(data: bytes) -> None:
    """Read an archive whose sealed file was damaged: no event is made up, and none is moved."""
    _damaged(".parquet", data)


def _damaged(ending: str, data: bytes) -> None:
    """Put bytes in the place of others.

    The first two bytes say where, the next two how many bytes go, and the rest takes their place.
    """
    where, good = _good(ending)
    start = int.from_bytes(data[:2]) * len(good) // 65_536
    gone = int.from_bytes(data[2:4]) % 4_096
    _read_back(where, good[:start] + data[4:] + good[start + gone :], range(EVENTS))


@cache
def _good(ending: str) -> tuple[str, bytes]:
    """Return the file that an archive of some events has, and where in the archive it stands."""
    with tempfile.TemporaryDirectory() as folder:
        leave(Path(folder), numbered(0, EVENTS), at_once=20)
        if ending == ".parquet":
            seal_leftovers(ArchiveFiles(folder))
        (path,) = Path(folder).rglob(f"*{ending}")
        return path.relative_to(folder).as_posix(), path.read_bytes()


def foreign(data: bytes) -> None:
    """Read an archive in which somebody left a file of a fitting name."""
    for ending in (".arrows", ".parquet"):
        _read_back(_good(ending)[0], data, range(0))


def _read_back(where: str, data: bytes, there: range) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, where)
        path.parent.mkdir(parents=True)
        path.write_bytes(data)
        found: list[int] = []
        with contextlib.suppress(AstError):  # it is none of ours, and nothing else is there
            found = numbers(read(folder))
    assert found == sorted(set(found))
    assert set(found) <= set(there)


@contextlib.contextmanager
def _file(data: bytes, name: str) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, name)
        path.write_bytes(data)
        yield path


def quietly(target: Target) -> Target:
    """Return a target that keeps warnings to itself."""

    def run(data: bytes) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            target(data)

    return run


TARGETS: dict[str, Target] = {
    one.__name__: quietly(one)
    for one in (wire, columns, conf, yaml, line, past, opened, sealed, foreign)
}
