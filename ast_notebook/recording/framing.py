"""The frames of an open file: each is a packed Arrow stream with its length and its checksum.

Arrow does not check what it reads, and damaged bytes can crash the process. So frames with a wrong
checksum never reach Arrow. Every frame has the schema and the dictionaries of its own block, so
that a damaged frame does not affect others.
"""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa

#: The header: a mark, the packed size, the unpacked size, the block's checksum, and the header's
#: own.
_HEAD = struct.Struct("<4sIII")
_CHECK = struct.Struct("<I")
_MARK = b"ASTB"
_END = b"ASTE"
HEADER = _HEAD.size + _CHECK.size
#: Bytes that are read at once where the next frame is looked for: at first, and at most.
NEAR, FAR = 4096, 1 << 24
#: Unpacked bytes of a block, at most: 10,000 events of a few kilobytes each.
LARGEST = 1 << 30


def packed(stream: bytes | pa.Buffer) -> bytes:
    """Make a frame of a whole Arrow stream."""
    data: bytes = pa.compress(stream, codec="zstd", asbytes=True)
    return _header(_MARK, len(data), len(stream), zlib.crc32(data)) + data


def end() -> bytes:
    """Return the frame that marks a file as complete."""
    return _header(_END, 0, 0, 0)


def _header(mark: bytes, length: int, unpacked: int, checksum: int) -> bytes:
    head = _HEAD.pack(mark, length, unpacked, checksum)
    return head + _CHECK.pack(zlib.crc32(head))


class Frames:
    """The streams of an open file, one by one.

    After the iteration, the attributes tell how many bytes could not be read.

    Parameters
    ----------
    path : pathlib.Path
    place : int
        Where to begin, in bytes: at the beginning, or where an earlier reading of the file ended.

    Attributes
    ----------
    place : int
        The end of the last whole frame, from which another reading can go on.
    torn : int
        Bytes of a last frame that was not written completely.
    damaged : int
        Bytes that are no frame, or that have a wrong checksum.
    complete : bool
        Whether the recorder ended the file.
    """

    def __init__(self, path: Path, place: int = 0) -> None:
        self._path = path
        self._begin = self.place = place
        self.torn = 0
        self.damaged = 0
        self.complete = False

    def __iter__(self) -> Iterator[bytes]:
        self.torn = self.damaged = 0
        self.complete = False
        with self._path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            place = self._begin
            while place < size:
                file.seek(place)
                head = _parsed(file.read(HEADER))
                if head is None:
                    after = self._sought(file, place, size)
                    if after == size and size - place < HEADER:
                        self.torn += size - place
                        return
                    self.damaged += after - place
                    self.place = place = after
                    continue
                mark, length, unpacked, checksum = head
                if place + HEADER + length > size:
                    self.torn += size - place
                    return
                self.place = place = place + HEADER + length
                if mark == _END:
                    self.complete = place == size
                    continue
                stream = _unpacked(file.read(length), unpacked, checksum)
                if stream is None:
                    self.damaged += HEADER + length
                else:
                    yield stream

    @staticmethod
    def _sought(file: BinaryIO, place: int, size: int) -> int:
        """Return the position of the next frame after a position, or the file's end."""
        at, near = place + 1, NEAR
        while at < size:
            file.seek(at)
            # A header that begins in `near` bytes is whole; what a recorder adds now is not read.
            some = file.read(min(near + HEADER - 1, size - at))
            found = -1
            while 0 <= (found := some.find(_MARK[:3], found + 1)) < near:
                if _parsed(some[found : found + HEADER]) is not None:
                    return at + found
            at, near = at + near, min(2 * near, FAR)
        return size


def _parsed(header: bytes) -> tuple[bytes, int, int, int] | None:
    """Return the fields of a frame's header; None if it is not a header."""
    if len(header) < HEADER:
        return None
    head = header[: _HEAD.size]
    mark, length, unpacked, checksum = _HEAD.unpack(head)
    (of_head,) = _CHECK.unpack(header[_HEAD.size :])
    if mark not in (_MARK, _END) or zlib.crc32(head) != of_head or unpacked > LARGEST:
        return None
    return mark, length, unpacked, checksum


def _unpacked(data: bytes, length: int, checksum: int) -> bytes | None:
    """Return the stream of a frame; None if it is damaged."""
    if zlib.crc32(data) != checksum:
        return None
    try:
        stream: bytes = pa.decompress(data, length, codec="zstd", asbytes=True)
    except (pa.ArrowException, OSError):
        return None
    return stream
