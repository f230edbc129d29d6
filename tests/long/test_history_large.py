"""Large files of calls, and packed ones that are damaged: all of them is read, in little memory."""

from __future__ import annotations

import bz2
import gzip
import lzma
import random
import subprocess
import sys
import zlib
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ast_notebook.calls.history import files as history_files
from ast_notebook.calls.history import history
from tests.support.logs import NAMES, csv_of, row, write
from tests.support.past import line
from tests.support.paths import ROOT


def test_a_long_file_takes_little_memory(tmp_path: Path) -> None:
    path = tmp_path / "Master.csv"
    with path.open("w") as file:
        for number in range(60_000):
            start = datetime(2026, 1, 1) + timedelta(seconds=10 * number)
            file.write(
                line(
                    f"{1_767_225_600 + 10 * number}.{number}",
                    "",
                    channel=f"PJSIP/100-{number:08x}",
                    dstchannel="",
                    start=str(start),
                    answer="",
                    end=str(start + timedelta(seconds=5)),
                    duration="5",
                    billsec="0",
                    disposition="NO ANSWER",
                )
            )
    code = (
        "import resource, sys; from ast_notebook.calls.history import history\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "print(len(history(sys.argv[1])))\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)"
    )
    said = subprocess.run(
        [sys.executable, "-c", code, str(path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    calls, kilobytes = map(int, said.stdout.split())
    assert calls == 60_000
    assert kilobytes < 200_000


def test_what_can_be_unpacked_of_a_damaged_file_is_read(tmp_path: Path) -> None:
    chance = random.Random(7)
    rows = [row(number, userfield=f"{chance.random()}") for number in range(400)]
    packed = gzip.compress(csv_of([NAMES, *rows]).encode())
    most = 0
    for place in range(60, len(packed) - 10, len(packed) // 12):
        damaged = bytearray(packed)
        damaged[place] ^= 16
        past = history(write(tmp_path, bytes(damaged), "cdr.csv.gz"), tz="UTC", kind="cdr")
        assert past.bad_count >= 1
        assert past.bad["reason"].str.contains("is damaged").sum() <= 1
        most = max(most, len(past.calls))
    assert most > 200
    cut = history(write(tmp_path, packed[: len(packed) // 2], "cdr.csv.gz"), tz="UTC")
    assert len(cut.calls) > 150
    assert "is damaged" in cut.bad["reason"].iloc[-1]


def bomb(kind: str, size: int) -> bytes:
    """Pack a good file, and behind it so many bytes in which no line ends."""
    make: dict[str, Any] = {
        "bz2": bz2.BZ2Compressor,
        "xz": lzma.LZMACompressor,
        "gz": lambda: zlib.compressobj(wbits=31),
    }
    machine = make[kind]()
    zeros = bytes(1 << 22)
    parts = [machine.compress(f"{csv_of([NAMES, row()])}".encode())]
    parts += [machine.compress(zeros) for _ in range(size // len(zeros))]
    return b"".join([*parts, machine.flush()])


@pytest.mark.parametrize("kind", ["bz2", "xz", "gz"])
def test_a_small_file_that_is_large_unpacked_takes_no_more_memory(
    tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    packed = bomb(kind, 5 << 25)
    assert len(packed) < 1 << 19
    blocks: list[int] = []
    unpacked = history_files._unpacked

    def measured(*given: Any) -> Any:
        for block in unpacked(*given):
            blocks.append(len(block))
            yield block

    monkeypatch.setattr(history_files, "_unpacked", measured)
    past = history(write(tmp_path, packed, f"cdr.csv.{kind}"), tz="UTC")
    assert len(past.calls) == 1
    assert past.bad_count == 1
    assert "the rest of the file was not read" in past.bad["reason"].iloc[0]
    assert max(blocks) <= 1 << 20
    assert sum(blocks) < 5 << 25  # though it was read twice


@pytest.mark.parametrize("kind", ["bz2", "xz", "gz"])
def test_all_of_a_packed_file_is_read(tmp_path: Path, kind: str) -> None:
    lines = [[*row(number % 60)[:-1], f"{number}"] for number in range(9000)]
    text = csv_of([NAMES, *lines]).encode()
    packers: dict[str, Any] = {"bz2": bz2.compress, "xz": lzma.compress, "gz": gzip.compress}
    pack = packers[kind]
    twice = pack(text) + pack(csv_of([row(number) for number in range(10)]).encode())
    assert len(text) > 1 << 20
    past = history(write(tmp_path, twice, f"cdr.csv.{kind}"), tz="UTC")
    assert (past.records, past.bad_count) == (9010, 0)
