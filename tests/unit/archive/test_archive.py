"""What is kept on disk is read back as it was heard."""

from __future__ import annotations

import time
from datetime import date, datetime, timedelta
from pathlib import Path
from unittest.mock import Mock

import duckdb
import pandas as pd
import polars as pl
import pyarrow.compute as pc
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ast_notebook.recording import Record, read, reading, relation, scan, writer
from ast_notebook.recording.columns import batch_of
from ast_notebook.recording.layout import DAY, Name, by_day, named
from ast_notebook.recording.sealer import Sealer
from ast_notebook.recording.segment import Blocks
from tests.support.archives import NOON, TEXTS, files, leave, numbered, numbers
from tests.support.waiting import eventually

# --- what is read is what was heard --------------------------------------------------------------


def test_an_archive_gives_the_frame_that_was_live(
    record: Record, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "FULL", 1500)
    kept = record.to(tmp_path)
    for first in range(0, 4000, 250):
        record.add(TEXTS[first : first + 250], NOON + first)
        kept.flush()
    record.add(["Event: Odd\r\nRecorder: me\r\nReceived: then\r\nday: 1\r\nextra: 2"], NOON)
    assert kept.flush()
    live = record.frame()
    pd.testing.assert_frame_equal(read(tmp_path), live)
    record.close()
    pd.testing.assert_frame_equal(read(tmp_path), live)
    assert live["header_received"].dropna().tolist() == ["then"]
    assert kept.written == 4001
    assert kept.lost == kept.waiting == 0


def test_only_what_comes_after_the_command_is_kept(record: Record, tmp_path: Path) -> None:
    record.add(numbered(0, 10), NOON)
    kept = record.to(tmp_path)
    record.add(numbered(10, 30), NOON)
    assert kept.flush()
    assert numbers(read(tmp_path)) == list(range(10, 30))


def test_a_recorder_that_seals_no_more_writes_all_the_same(record: Record, tmp_path: Path) -> None:
    kept = record.to(tmp_path)
    for first in range(0, 30_000, 1000):
        record.add(numbered(first, first + 1000), NOON + first)
    kept.leave_open()
    kept.close(90)
    assert (kept.written, kept.waiting, kept.lost) == (30_000, 0, 0)
    assert files(tmp_path, ".arrows")
    assert not files(tmp_path, ".parquet")
    assert numbers(read(tmp_path)) == list(range(30_000))


def test_what_a_closed_archive_did_not_write_is_lost_and_not_waited_for(
    record: Record, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = record.to(tmp_path)
    monkeypatch.setattr(kept._writer, "write", Mock(side_effect=OSError("no room")))
    record.add(numbered(0, 7), NOON)
    kept.close(90)
    assert (kept.written, kept.waiting, kept.lost) == (0, 0, 7)


def test_an_event_is_on_disk_after_a_second(record: Record, tmp_path: Path) -> None:
    record.to(tmp_path)
    record.add(numbered(0, 3), NOON)
    eventually(lambda: numbers(read(tmp_path)) == [0, 1, 2])


def test_columns_moments_and_servers_are_chosen(tmp_path: Path) -> None:
    for server in ("berlin", "a/b ü"):
        record = Record(server)
        record.to(tmp_path)
        for minute in range(3):
            record.add(numbered(minute, minute + 1), NOON + minute * 60_000_000)
        record.close()
    middle = pd.Timestamp(NOON + 60_000_000, unit="us", tz="UTC")
    assert numbers(read(tmp_path, since=middle, servers="berlin")) == [1, 2]
    assert numbers(read(tmp_path, until=middle, servers=["a/b ü"])) == [0]
    day = middle.tz_convert(None).normalize()
    assert numbers(read(tmp_path, until=f"{day:%Y-%m-%d}", servers="berlin")) == [0, 1, 2]
    before = day - pd.Timedelta(days=1)
    assert read(tmp_path, until=f"{before:%Y-%m-%d}").empty
    both = read(tmp_path, columns=["number", "server", "never"])
    assert both.columns.tolist() == ["number", "server", "never"]
    assert sorted(both["server"].unique()) == ["a/b ü", "berlin"]
    assert both["never"].isna().all()
    assert read(tmp_path, servers="nobody").empty
    assert read(tmp_path, since="2030-01-01").columns[:4].tolist() == [
        "received", "time", "server", "event",
    ]  # fmt: skip


def test_a_moment_without_a_zone_is_local_time(
    record: Record, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record.to(tmp_path)
    record.add(numbered(0, 1), NOON)
    record.close()
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        assert numbers(read(tmp_path, since="2026-03-01 21:00")) == [0]
        assert numbers(read(tmp_path, since="2026-03-01 21:01")) == []
    finally:
        monkeypatch.undo()
        time.tzset()


def test_a_lazy_archive_is_counted_by_pyarrow_duckdb_and_polars(
    record: Record, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "FULL", 1500)
    kept = record.to(tmp_path)
    for first in range(0, 4000, 500):
        record.add(numbered(first, first + 500), NOON + first * 1_000_000)
        kept.flush()
    eventually(lambda: bool(files(tmp_path, ".parquet")) and not kept.unsealed)
    assert files(tmp_path, ".arrows")  # so there is both
    since = pd.Timestamp(NOON + 1_000_000_000, unit="us", tz="UTC")
    assert scan(tmp_path).count_rows() == 4000
    assert scan(tmp_path, since=since).count_rows() == 3000
    query = "server, sum(extra['number']::int) s, count(distinct channel) c"
    found = relation(tmp_path, connection=duckdb.connect()).aggregate(query, "server").fetchall()
    assert found == [("ast", 4000 * 3999 // 2, 7)]
    lazy = pl.scan_pyarrow_dataset(scan(tmp_path)).select(pl.len()).collect()
    assert lazy.item() == 4000


def test_duckdb_reads_what_is_sealed_and_what_is_open(tmp_path: Path) -> None:
    record = Record("west/1 %")  # a name that a folder's cannot be
    record.to(tmp_path)
    record.add(numbered(0, 100), NOON)
    record.close()
    record = Record("west/1 %")
    record.to(tmp_path)
    record.add(["Event: Test\r\nNumber: 100\r\nChannel: <unknown>"], NOON + 500)
    eventually(lambda: len(read(tmp_path)) == 101)
    found = relation(tmp_path, columns=["server", "number", "channel"], since="2026-03-01")
    query = "server, count(*), max(number::int), count(channel)"
    assert found.aggregate(query, "server").fetchall() == [("west/1 %", 101, 100, 100)]
    late = pd.Timestamp(NOON + 200, unit="us", tz="UTC")
    assert len(relation(tmp_path, since=late)) == 1
    assert len(relation(tmp_path, until=late)) == 100
    record.close()


def test_a_table_has_only_the_events_and_columns_wanted(record: Record, tmp_path: Path) -> None:
    record.to(tmp_path)
    record.add(numbered(0, 100), NOON)
    record.add(["Event: Other\r\nNumber: <unknown>"], NOON)
    record.close()
    columns = ("server", "event", "channel", "number", "unheard")
    others = reading.table(tmp_path, columns, where=pc.field("event") == "Other")
    assert others.to_pylist() == [
        {"server": "ast", "event": "Other", "channel": None, "number": None, "unheard": None}
    ]
    assert len(read(tmp_path, columns=columns, where=pc.field("event") == "Test")) == 100
    whole = reading.table(tmp_path, columns).to_pandas()
    assert sorted(whole["number"].dropna().astype(int)) == list(range(100))
    assert whole["channel"].nunique() == 7


def test_sealed_files_are_a_dataset_for_everybody(
    record: Record, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Nobody is to seal the file that is left behind here, however late a thread comes to it.
    monkeypatch.setattr(Sealer, "tidy", lambda self: None)
    record.to(tmp_path)
    record.add(TEXTS, NOON)
    record.close()
    record.to(tmp_path)
    leave(tmp_path, numbered(0, 5))  # which they pass over
    frame = pd.read_parquet(tmp_path)
    assert len(frame) == 4000
    assert set(frame["server"]) == {"ast"}
    assert set(frame["day"].astype(str)) == {"2026-03-01"}
    assert str(frame["received"].dtype) == "datetime64[us, UTC]"
    assert frame["received_us"].tolist() == list(range(NOON, NOON + 4000))
    lazily = pl.scan_parquet(f"{tmp_path}/**/*.parquet", hive_partitioning=True)
    assert lazily.select("event").collect()["event"].n_unique() == 8
    found = duckdb.connect().sql(
        f"select day, count(*), max(extra['dialstring']), min(cause) "
        f"from read_parquet('{tmp_path}/**/*.parquet', hive_partitioning=true) group by day"
    )
    assert found.fetchall() == [(date(2026, 3, 1), 4000, "240", "16")]


def test_the_day_of_a_file_is_the_utc_day_of_receiving(record: Record, tmp_path: Path) -> None:
    midnight = NOON // DAY * DAY + DAY
    kept = record.to(tmp_path)
    for moment in (midnight - 1, midnight, midnight - 5, midnight + 9):  # a clock put back, too
        record.add(numbered(0, 2), moment)
    assert kept.flush()
    live = record.frame()
    pd.testing.assert_frame_equal(read(tmp_path), live)
    record.close()
    pd.testing.assert_frame_equal(read(tmp_path), live)
    days = {path.parent.name for path in files(tmp_path, ".parquet")}
    assert days == {"day=2026-03-01", "day=2026-03-02"}


@given(st.lists(st.integers(0, 5 * DAY), max_size=30))
def test_parting_by_day_keeps_every_event_in_its_order(moments: list[int]) -> None:
    parts = list(by_day(batch_of(["Event: E"] * len(moments), moments)))
    assert [m for _, part in parts for m in part["received"].to_pylist()] == moments
    for day, part in parts:
        assert {(datetime(1970, 1, 1) + timedelta(microseconds=m)).date()
                for m in part["received"].to_pylist()} == {day}  # fmt: skip


@given(st.text(min_size=1), st.integers(0, 10**7), st.dates())
def test_a_file_is_known_by_its_name(server: str, number: int, day: date) -> None:
    name = Name("00ab", number, server.encode("utf-8", "ignore").decode() or "x", day)
    for ending in (".arrows", ".parquet"):
        assert named("/some/where/" + name.path(ending)) == (name, ending)


# --- what it costs -------------------------------------------------------------------------------


def test_a_block_is_small_on_disk(record: Record, tmp_path: Path) -> None:
    kept = record.to(tmp_path)
    record.add(TEXTS, NOON)
    assert kept.flush()
    (path,) = files(tmp_path, ".arrows")
    assert path.stat().st_size / 4000 < 40
    assert sum(map(len, Blocks(path))) == 4000
