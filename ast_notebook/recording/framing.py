"""Frames of an open file: each a whole Arrow stream, packed, with its length and its checksum.

Arrow does not check what it reads, and damaged bytes can end the process. So nothing reaches Arrow
whose checksum does not hold; and since every frame has the schema and the dictionaries of its own
block, one that is damaged costs no other.
"""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa

#: Mark, bytes of the packed block, bytes of it unpacked, its checksum, and that of these four.
_HEAD = struct.Struct("<4sIII")
_CHECK = struct.Struct("<I")
_MARK = b"ASTB"
_END = b"ASTE"
HEADER = _HEAD.size + _CHECK.size
#: Bytes of a block unpacked: 10,000 events at most, of a few kilobytes each at most.
LARGEST = 1 << 30


def packed(stream: bytes) -> bytes:
    """Make a frame of a whole Arrow stream."""
    data: bytes = pa.compress(stream, codec="zstd", asbytes=True)
    return _header(_MARK, len(data), len(stream), zlib.crc32(data)) + data


def end() -> bytes:
    """Return what says that a file is complete."""
    return _header(_END, 0, 0, 0)


def _header(mark: bytes, length: int, unpacked: int, checksum: int) -> bytes:
    head = _HEAD.pack(mark, length, unpacked, checksum)
    return head + _CHECK.pack(zlib.crc32(head))


class Frames:
    """The streams of an open file, one by one.

    After they were iterated over, the attributes tell what could not be read.

    Attributes
    ----------
    torn : int
        Bytes of a last frame that was not written to its end.
    damaged : int
        Bytes that are no frame, or one whose checksum does not hold.
    complete : bool
        Whether the recorder ended the file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.torn = 0
        self.damaged = 0
        self.complete = False

    def __iter__(self) -> Iterator[bytes]:
        self.torn = self.damaged = 0
        self.complete = False
        with self._path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            place = 0
            while place < size:
                file.seek(place)
                head = _parsed(file.read(HEADER))
                if head is None:
                    after = self._sought(file, place, size)
                    if after == size and size - place < HEADER:
                        self.torn += size - place
                    else:
                        self.damaged += after - place
                    place = after
                    continue
                mark, length, unpacked, checksum = head
                if place + HEADER + length > size:
                    self.torn += size - place
                    return
                place += HEADER + length
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
        """Return where the next frame begins behind a place; the file's end if there is none."""
        file.seek(place)
        rest = file.read(size - place)
        at = 0
        while (at := rest.find(_MARK[:3], at + 1)) >= 0:
            if _parsed(rest[at : at + HEADER]) is not None:
                return place + at
        return size


def _parsed(header: bytes) -> tuple[bytes, int, int, int] | None:
    """Return what a frame's header says; None if it is none."""
    if len(header) < HEADER:
        return None
    head = header[: _HEAD.size]
    mark, length, unpacked, checksum = _HEAD.unpack(head)
    (of_head,) = _CHECK.unpack(header[_HEAD.size :])
    if mark not in (_MARK, _END) or zlib.crc32(head) != of_head or unpacked > LARGEST:
        return None
    return mark, length, unpacked, checksum


def _unpacked(data: bytes, length: int, checksum: int) -> bytes | None:
    """Return the stream of a frame; None if it is not what was written."""
    if zlib.crc32(data) != checksum:
        return None
    try:
        stream: bytes = pa.decompress(data, length, codec="zstd", asbytes=True)
    except (pa.ArrowException, OSError):
        return None
    return stream
