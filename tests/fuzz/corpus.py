"""What fuzzing begins with, and what it came upon before."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from tests.support.paths import HISTORY

_HERE = Path(__file__).parent

_EVENT = b"""\
Event: Newchannel
Privilege: call,all
Timestamp: 1795000000.5
Uniqueid: 1.1

"""
_ANSWER = b"""\
Response: Success
ActionID: 1
EventList: start
Message: will follow

"""
_USER = b"""\
Event: UserEvent
Channel: SIP/1-1
UserEvent: Bell
Channel: mine
A: 1
a: 2

"""
_COMMAND = b"""\
Response: Follows
Privilege: Command
line: one

two
--END COMMAND--

"""
_MESSAGES = [text.replace(b"\n", b"\r\n") for text in (_EVENT, _ANSWER, _USER, _COMMAND)]
_AGENTS = b"Event: Agents\r\nCallStarted: 1795000000\nTalkingTo: 1\r\n\r\n"
_ODD_END = b"Event: A\r\nB: c\r\n\nEvent: D\r\n\r\n"
_ITEMS = b"""\
[door]
  type = bool
  ast_dev = 2222 | SIP/30
  [[bell]]
    type = num
    ast_box = 22
"""
_LOGICS = b"""\
[ring]
  filename = ring.py
  ast_userevent = 'Bell' | Door
# a comment
name = "a\\"b"
"""
_TREE = b"""\
door:
  type: bool
  ast_dev: [2222, SIP/30]
  bell: {type: num, ast_box: 22@default}
"""
_PLUGIN = b"""\
ast:
  class_name: Asterisk
  host: 127.0.0.1
  username: admin
  password: x
"""
_LINES = (
    b'call PJSIP/200 240 door --callerid "Door <100>"  # the door',
    b"--pbx two db write house/mode {'a' + name};",
    b"connect admin@pbx:5038 --tls --timeout 5",
    b"on --logic ring --help",
    b"history 'a file' --tz UTC --columns {dict(a=1)} --table $name",
)
_WHERE = (b"\x00\x00\x00\x01", b"\x40\x00\x00\x10", b"\x80\x00\x0f\xff", b"\xf0\x00\x00\x00ASTB")

_SEEDS: dict[str, Iterable[bytes]] = {
    "wire": (*_MESSAGES, _AGENTS, _ODD_END),
    "columns": (*_MESSAGES, _AGENTS, _ODD_END),
    "conf": (_ITEMS, _LOGICS),
    "yaml": (_TREE, _PLUGIN),
    "line": _LINES,
    "opened": _WHERE,
    "sealed": _WHERE,
    "foreign": (b"PAR1\x15\x04\x00\x00\x00\x00PAR1", b"ASTB", b"ARROW1\x00\x00\xff\xff\xff\xff"),
}


def seeds(target: str) -> list[bytes]:
    """Return valid input of a target."""
    if target == "past":
        return [b"\0" + data for data in (b"".join(_MESSAGES), *_beginnings())]
    return list(_SEEDS[target])


def _beginnings() -> Iterator[bytes]:
    """Return the first lines of what real PBXs wrote."""
    for path in sorted(HISTORY.iterdir()):
        if path.suffix != ".gz":
            yield b"".join(path.read_bytes().splitlines(keepends=True)[:6])


def kept(target: str) -> list[bytes]:
    """Return what earlier runs came upon."""
    path = _path(target)
    if not path.exists():
        return []
    with zipfile.ZipFile(path) as file:
        return [file.read(name) for name in file.namelist()]


def keep(target: str, found: Iterable[bytes]) -> None:
    """Keep what a run came upon, in place of what earlier ones did."""
    named = sorted((hashlib.sha256(data).hexdigest()[:16], data) for data in set(found))
    with zipfile.ZipFile(_path(target), "w", zipfile.ZIP_LZMA) as file:
        for name, data in named:
            file.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_LZMA)


def _path(target: str) -> Path:
    return _HERE / f"{target}.zip"
