"""The lines of a log, compressed or not, in any encoding, and perhaps damaged."""

from __future__ import annotations

import bz2
import codecs
import lzma
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from ast_notebook.ami.framer import decode
from ast_notebook.calls.history.lines import LONGEST, Bad
from ast_notebook.errors import ConfError

_BLOCK = 16 * 1024  # bytes that are read at a time
_UNPACKED = 1 << 20  # the most bytes that are unpacked at a time: one byte may become millions
_HOPELESS = 64 << 20  # the most bytes of a line; a longer one is given up
_DICTIONARY = 256 << 20  # the most memory that xz may take; its strongest level takes 65 MiB
_DAMAGE = (zlib.error, lzma.LZMAError, OSError, EOFError)
_PACKED: dict[bytes, Callable[[], Any]] = {
    b"\x1f\x8b": lambda: zlib.decompressobj(31),
    b"BZh": bz2.BZ2Decompressor,
    b"\xfd7zXZ\x00": lambda: lzma.LZMADecompressor(memlimit=_DICTIONARY),
}
_WIDE = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
#: Files that are no logs, by their first bytes, and what to do with them.
_OTHERS = {
    b"PK\x03\x04": "a zip archive or a workbook: unpack it, or save its sheet as CSV",
    b"\xd0\xcf\x11\xe0": "a workbook of Excel: save its sheet as CSV",
    b"PAR1": "a Parquet file: give the archive's folder, or read it by pandas",
    b"\x28\xb5\x2f\xfd": "compressed by zstd: decompress it by zstd -d",
    b"%PDF": "a PDF: export the calls as CSV",
    b"\xd4\xc3\xb2\xa1": "a capture of packets: save the text of the manager's stream from it",
    b"\xa1\xb2\xc3\xd4": "a capture of packets: save the text of the manager's stream from it",
    b"\n\r\r\n": "a capture of packets: save the text of the manager's stream from it",
}


class _DamageError(Exception):
    """Compressed data is damaged and cannot be decompressed any further."""


def lines(
    path: Path, bad: Bad, heard: Callable[[int], None] | None = None
) -> Iterator[tuple[int, str]]:
    """Yield the lines of a file with their numbers, empty ones as well.

    Lines are decoded as UTF-8, or else as Latin-1; a file that begins as UTF-16 is decoded as that.
    Lines end with LF, CR LF, or CR alone if the file has no others. If compressed data is damaged,
    the lines before the damage are returned, and the rest is one bad record. The same holds if a
    line does not end within 64 MiB, since a small compressed file may expand without end. `heard`
    is called with the number of bytes of the file that were read so far.

    Raises
    ------
    ConfError
        If it is no text, or cannot be opened.
    """
    number = 0
    rest = b""
    over = False  # whether `rest` is the beginning of a line that is too long
    passed = 0  # bytes of the line so far
    end = b""
    try:
        for block in _blocks(path, heard):
            end = end or (b"\r" if b"\r" in block and b"\n" not in block else b"\n")
            *whole, rest = (rest + block).split(end)
            for line in whole:
                number += 1
                if over or len(line) > LONGEST:
                    bad.add(number, f"the line is longer than {LONGEST} bytes", decode(line[:200]))
                    over = False
                else:
                    yield number, _text(line)
            if len(rest) > LONGEST:
                rest, over = rest[:200], True
            passed = passed + len(block) if over else 0
            if passed > _HOPELESS:
                why = f"no line ends within {_HOPELESS} bytes: the rest of the file was not read"
                bad.add(number + 1, why, decode(rest[:200]))
                return
        if over:
            bad.add(number + 1, f"the line is longer than {LONGEST} bytes", decode(rest[:200]))
        elif rest:
            yield number + 1, _text(rest)
    except (_DamageError, OSError) as error:
        bad.add(number + 1, f"the file is damaged from here on: {error}", decode(rest[:200]))


def _text(line: bytes) -> str:
    return decode(line.rstrip(b"\r")).removeprefix("\ufeff")


def _blocks(path: Path, heard: Callable[[int], None] | None) -> Iterator[bytes]:
    """Yield a file's bytes, unpacked and not in UTF-16."""
    try:
        file = path.open("rb")
    except OSError as error:
        raise ConfError(f"{path} cannot be read: {error.strerror}") from None
    with file:
        head = file.read(_BLOCK)
        other = next((what for mark, what in _OTHERS.items() if head.startswith(mark)), None)
        if other is not None:
            raise ConfError(f"{path} is {other}")

        def further() -> bytes:
            if heard is not None:
                heard(file.tell())
            return file.read(_BLOCK)

        blocks = _from(head, further)
        for mark, make in _PACKED.items():
            if head.startswith(mark):
                blocks = _unpacked(blocks, make)
        first = next(blocks, b"")
        for mark, name in _WIDE.items():
            if first.startswith(mark):
                decoder = codecs.getincrementaldecoder(name)("replace")
                yield decoder.decode(first[2:]).encode("utf-8", "replace")
                for block in blocks:
                    yield decoder.decode(block).encode("utf-8", "replace")
                return
        yield first
        yield from blocks


def _from(head: bytes, read: Callable[[], bytes]) -> Iterator[bytes]:
    block = head
    while block:
        yield block
        block = read()


def _unpacked(blocks: Iterator[bytes], make: Callable[[], Any]) -> Iterator[bytes]:
    machine = make()
    begun = False
    for block in blocks:
        rest = block
        held = False  # whether the decompressor has more output for the same input
        while rest or held:
            if not begun and not rest.strip(b"\0"):
                break  # zeros fill the last block of a tape
            begun = True
            before = machine.copy() if hasattr(machine, "copy") else None
            try:
                data = machine.decompress(rest, _UNPACKED)
            except _DAMAGE as error:
                yield _last(before, rest)
                raise _DamageError(error) from None
            if data:
                yield data
            if machine.eof:
                rest, held = machine.unused_data, False
                machine, begun = make(), False
            else:
                rest = getattr(machine, "unconsumed_tail", b"")
                held = not getattr(machine, "needs_input", True)
    if begun:
        raise _DamageError("its compressed data is incomplete")


def _last(machine: Any, block: bytes) -> bytes:
    """Return what can be unpacked from a block, up to the damage in it."""
    found = bytearray()
    try:
        for place in range(len(block) if machine is not None else 0):
            found += machine.decompress(block[place : place + 1], _UNPACKED)
    except _DAMAGE:
        pass
    return bytes(found)
