"""Of a damaged sealed file only the damaged row group is lost, by every engine, and it is said."""

from __future__ import annotations

import shutil
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ast_notebook.calls import memory
from ast_notebook.calls.history import history
from ast_notebook.errors import ConfError
from ast_notebook.recording import Record, read, reading, relation, scan, sealing, verify
from ast_notebook.recording.archive_files import ArchiveFiles
from ast_notebook.recording.sealing import seal_leftovers
from tests.support.archives import NOON, files, frame_starts, leave, numbered, numbers, spoil


@pytest.fixture(autouse=True)
def small_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealing, "ROWS", 1000)


def sealed(folder: Path, texts: list[str], received: int = NOON) -> Path:
    """Seal what a recorder that was killed has left."""
    before = set(files(folder, ".parquet"))
    leave(folder, texts, received)
    seal_leftovers(ArchiveFiles(folder))
    (path,) = set(files(folder, ".parquet")) - before
    return path


def spoil_group(path: Path, group: int, column: str = "event") -> None:
    """Turn a byte of a column of a row group into another one."""
    footer = pq.read_metadata(path).row_group(group)
    columns = [footer.column(n) for n in range(footer.num_columns)]
    (one,) = [each for each in columns if each.path_in_schema == column]
    first = one.dictionary_page_offset or one.data_page_offset
    spoil(path, first + one.total_compressed_size - 1)  # of its last page


def by_read(place: Path) -> tuple[list[Any], list[Any]]:
    frame = read(place)
    return frame["event"].astype("str").tolist(), frame["number"].dropna().tolist()


def by_table(place: Path) -> tuple[list[str | None], list[str]]:
    table = reading.table(place, ["event", "number"])
    return table["event"].to_pylist(), [n for n in table["number"].to_pylist() if n is not None]


def by_scan(place: Path) -> tuple[list[str | None], list[str]]:
    found = scan(place)
    assert found.count_rows() == len(found.to_table())
    rows = found.to_table(columns=["event", "extra"]).to_pylist()
    extra = [dict(row["extra"] or ()) for row in rows]
    return [row["event"] for row in rows], [one["number"] for one in extra if "number" in one]


def by_polars(place: Path) -> tuple[list[str | None], list[str]]:
    rows = pl.scan_pyarrow_dataset(scan(place)).select("event").collect()
    return rows["event"].to_list(), by_scan(place)[1]


def by_relation(place: Path) -> tuple[list[str | None], list[str]]:
    connection = duckdb.connect()
    rows = relation(place, columns=["event", "number"], connection=connection).fetchall()
    return [row[0] for row in rows], [row[1] for row in rows if row[1] is not None]


EVERY_ENGINE = pytest.mark.parametrize("by", [by_read, by_table, by_scan, by_polars, by_relation])
Reader = Callable[[Path], tuple[list[str | None], list[str]]]


@EVERY_ENGINE
@pytest.mark.parametrize("group", [0, 1, 2])
@pytest.mark.parametrize("column", ["event", "time_us", "extra.key_value.value"])
def test_a_damaged_row_group_costs_no_other(
    tmp_path: Path, group: int, column: str, by: Reader
) -> None:
    path = sealed(tmp_path, numbered(0, 3000))
    spoil_group(path, group, column)
    with pytest.warns(UserWarning, match=path.name):
        events, found = by(tmp_path)
    lost = range(group * 1000, group * 1000 + 1000)
    assert sorted(map(int, found)) == [n for n in range(3000) if n not in lost]
    # Of the killed recorder, and of the damage.
    assert events.count("RecordingLost") == 2
    assert len(events) == 2002


def test_the_loss_stands_where_it_is_and_is_counted(tmp_path: Path) -> None:
    path = sealed(tmp_path, numbered(0, 3000))
    spoil_group(path, 1)
    with pytest.warns(UserWarning, match=path.name):
        frame = read(tmp_path)
    row = frame[frame["event"] == "RecordingLost"].iloc[0]
    assert row.name == 1000
    assert (row["events"], row["reason"]) == (
        "1000",
        "the file is damaged: some of its events are lost",
    )
    assert frame.attrs["archive"]["damaged"] == {str(path): int(row["bytes"])}
    assert numbers(frame) == [*range(1000), *range(2000, 3000)]


def test_of_damaged_files_those_of_other_times_are_not_told_as_lost(tmp_path: Path) -> None:
    path = sealed(tmp_path, numbered(0, 3000))
    spoil_group(path, 1)
    with pytest.warns(UserWarning, match=path.name):
        frame = read(tmp_path, until="2026-03-01T11:00:00Z")
    assert len(frame) == 0


@EVERY_ENGINE
@pytest.mark.parametrize("closed", [False, True])
@pytest.mark.parametrize("which", [0, 1])
def test_what_is_damaged_of_one_recorder_another_fills_in(
    tmp_path: Path, which: int, closed: bool, by: Reader
) -> None:
    records = [Record("ast"), Record("ast")]
    now = time.time_ns() // 1000
    for number, record in enumerate(records):
        kept = record.to(tmp_path / "now")
        kept.recorder = f"0000000{number}aa"
        for first in range(0, 3000, 1000):
            record.add(numbered(first, first + 1000), now + first)
            assert kept.flush()
    place = tmp_path / "now" if closed else tmp_path / "then"
    if not closed:
        shutil.copytree(tmp_path / "now", place)
    for record in records:
        record.close()
    if closed:
        seal_leftovers(ArchiveFiles(place))
        path = files(place, ".parquet")[which]
        spoil_group(path, 1)
    else:
        path = files(place, ".arrows")[which]
        spoil(path, frame_starts(path)[1] + 200)
    with pytest.warns(UserWarning, match=path.name):
        events, found = by(place)
    assert sorted(map(int, found)) == list(range(3000))
    assert events.count("RecordingLost") == (1 if closed else 2)


def test_damage_is_found_where_a_file_has_changed_since(tmp_path: Path) -> None:
    path = sealed(tmp_path, numbered(0, 3000))
    assert verify(tmp_path) == []
    assert by_relation(tmp_path)[1] == [str(n) for n in range(3000)]
    spoil_group(path, 2)
    (told,) = verify(tmp_path)
    assert str(path) in told
    assert "checksum" in told


CALL = (
    "Event: {}\r\nPrivilege: call,all\r\nTimestamp: {:.6f}\r\nChannel: PJSIP/20{}-{:08x}\r\n"
    "ChannelState: 6\r\nCallerIDNum: 20{}\r\nExten: 240\r\nContext: c\r\nUniqueid: {}.1\r\n"
    "Linkedid: {}.1"
)


def call_events(number: int) -> list[str]:
    start = NOON / 1e6 + number
    identity = 1_700_000_000 + number
    return [
        CALL.format("Newchannel", start, number % 9, number, number % 9, identity, identity),
        CALL.format("Hangup", start + 5, number % 9, number, number % 9, identity, identity)
        + "\r\nCause: 16\r\nCause-txt: Normal",
    ]


@pytest.mark.parametrize("large", [False, True])
def test_calls_of_a_damaged_archive_are_those_of_what_is_left(
    tmp_path: Path, large: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if large:
        monkeypatch.setattr(memory, "fits", lambda events: False)
    texts = [text for number in range(1500) for text in call_events(number)]
    path = sealed(tmp_path, texts)
    whole = history(tmp_path).calls.set_index("call")
    assert len(whole) == 1500
    spoil_group(path, 1, "uniqueid")
    with pytest.warns(UserWarning, match=path.name):
        past = history(tmp_path)
    assert [note for note in past.notes if path.name in note] == past.notes != []
    assert past.records == 2002
    left = past.calls.set_index("call")
    assert len(left) == 1000
    columns = ["caller", "start", "end", "disposition", "cause", "legs"]
    same = left[columns].astype("str") == whole.loc[left.index, columns].astype("str")
    assert same.all(axis=None)


def test_damage_of_an_open_file_is_in_the_notes_of_a_history(tmp_path: Path) -> None:
    texts = [text for number in range(1500) for text in call_events(number)]
    path = leave(tmp_path, texts)
    spoil(path, frame_starts(path)[1] + 200)
    with pytest.warns(UserWarning, match=path.name):
        past = history(tmp_path)
    assert path.name in past.notes[0]
    assert len(past) == 1000


@EVERY_ENGINE
def test_an_intact_archive_is_not_warned_of(tmp_path: Path, by: Reader) -> None:
    sealed(tmp_path, numbered(0, 3000))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(by(tmp_path)[1]) == 3000


@pytest.mark.parametrize("words", ["", "\n", "\nsaid below"])
def test_an_error_without_words_of_its_own_is_told_by_its_kind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: str
) -> None:
    leave(tmp_path, numbered(0, 50))
    seal_leftovers(ArchiveFiles(tmp_path))
    why = words.strip() or "ArrowInvalid"

    def fails(*_: object, **__: object) -> None:
        raise pa.ArrowInvalid(words)

    with monkeypatch.context() as broken:
        broken.setattr(pq, "read_metadata", fails)
        with pytest.raises(ConfError, match=f"parquet .{why}"):
            read(tmp_path)
    assert verify(tmp_path) == []
    monkeypatch.setattr(pq.ParquetFile, "iter_batches", fails)
    with pytest.raises(ConfError, match=f"was damaged while it was read: {why}"):
        read(tmp_path)
