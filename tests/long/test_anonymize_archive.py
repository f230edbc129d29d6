"""An archive can have pseudonyms alone, and every way of showing calls can show pseudonyms."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ast_notebook.anonymize import Anonymizer
from ast_notebook.calls.calls import log_of
from ast_notebook.calls.history import history
from ast_notebook.calls.source import KINDS
from ast_notebook.recording import Record
from ast_notebook.recording.columns import batch_of
from ast_notebook.recording.layout import pseudonyms_of
from ast_notebook.recording.segment import Blocks
from tests.support.paths import RECORDINGS
from tests.support.recorded import microseconds, texts_of
from tests.support.waiting import eventually

KEY = "a key of more than sixteen letters"


PERSONAL = re.compile(r"\b(2222|200|240|0301234567|00897654321)\b|Office|Kitchen|Door")


@pytest.fixture(scope="module")
def texts() -> tuple[list[str], list[int]]:
    """Events of a real Asterisk as it sent them, and when they were received."""
    frame = pd.read_parquet(RECORDINGS / "asterisk22" / "events.parquet")
    frame = frame[frame["event"].isin(KINDS)]
    return texts_of(frame), microseconds(frame["received"])


@pytest.fixture
def record() -> Iterator[Record]:
    record = Record("ast")
    yield record
    record.close()


def strings(table: pa.Table) -> str:
    """Return all text of a table, but for ids and counts, which may look like a number."""
    counts = re.compile(
        r".*(id|_us)|received|time|recorder|server|day|sequence|report.*|sent.*|pt|ssrc"
    )
    found: set[str] = set()
    for name in table.column_names:
        values = table[name].to_pylist()
        if name == "extra":
            pairs = [pair for row in values for pair in row or ()]
            found |= {text for key, text in pairs if not counts.fullmatch(key)}
            found |= {key for key, _ in pairs}
        elif not counts.fullmatch(name):
            found |= {text for text in values if text is not None}
    return "\n".join(found)


def test_only_pseudonyms_reach_the_disk_and_the_calls_are_the_same(record, texts, tmp_path):
    anonymizer = Anonymizer(KEY)
    kept = record.to(tmp_path, anonymizer=anonymizer)
    for text, moment in zip(*texts, strict=True):
        record.add([text], moment)
    assert kept.flush(30)
    assert "anonymized" in repr(kept)
    (path,) = tmp_path.rglob("*.arrows")
    blocks = Blocks(path)
    still_open = pa.Table.from_batches(blocks)
    assert blocks.pseudonyms == anonymizer.mark
    record.close()
    assert not list(tmp_path.rglob("*.arrows"))
    (path,) = tmp_path.rglob("*.parquet")
    assert pseudonyms_of(pq.read_metadata(path).metadata) == anonymizer.mark
    sealed = pq.read_table(path)
    plain = "\n".join(texts[0])
    assert PERSONAL.search(plain)
    for table in (still_open, sealed):
        assert not PERSONAL.search(strings(table))

    past = history(tmp_path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        before = log_of(record.frame())
        for name, found in (("calls", past.calls), ("visits", past.visits)):
            expected = anonymizer.frame(getattr(before, name))
            pd.testing.assert_frame_equal(found, expected)
        assert len(past.calls) > 100


def test_an_archive_that_was_not_anonymized_does_not_say_so(record, tmp_path):
    record.to(tmp_path)
    record.add(["Event: Test"], 1_795_000_000_000_000)
    record.close()
    (path,) = tmp_path.rglob("*.parquet")
    assert not pseudonyms_of(pq.read_metadata(path).metadata)


def test_what_a_killed_recorder_left_is_sealed_as_anonymized(record, tmp_path):
    kept = record.to(tmp_path, anonymizer=Anonymizer(KEY))
    record.add(["Event: Test\r\nCallerIDNum: 6102"], 1_795_000_000_000_000)
    assert kept.flush()
    (path,) = tmp_path.rglob("*.arrows")
    data = path.read_bytes()
    record.close()
    for sealed in tmp_path.rglob("*.parquet"):
        sealed.unlink()
    path.write_bytes(data)  # as if its recorder had been killed
    other = Record("ast")
    try:
        other.to(tmp_path)
        eventually(lambda: not path.exists())
    finally:
        other.close()
    told = [pq.read_metadata(sealed).metadata for sealed in tmp_path.rglob("*.parquet")]
    assert [pseudonyms_of(one) for one in told] == [Anonymizer(KEY).mark]


def test_once_told_to_anonymize_a_folder_stays_so(record, tmp_path):
    plain = record.to(tmp_path)
    hidden = record.to(tmp_path, 9, anonymizer=Anonymizer(KEY))
    assert hidden is not plain
    assert plain.anonymizer is None
    assert record.to(tmp_path) is hidden
    assert record.archive is hidden
    assert hidden.retention_days == 9
    other = record.to(tmp_path, anonymizer=Anonymizer(KEY))
    assert other is not hidden
    assert other.retention_days == 9


def test_a_block_of_anything_is_anonymized_without_an_error():
    anonymizer = Anonymizer(KEY)
    odd = ["Event: X", "Nothing", "", "Event: UserEvent\r\nChannel: a\r\nChannel: Anna\r\nX: Anna"]
    odd += ["Event: Y\r\nCallerIDNum: \r\nCallerIDNum: <unknown>\r\nExtra: 1\r\nEvent: Anna"]
    odd += ["Event: Z\r\nChannel: " + "/-@;" * 2000 + "\r\nHint: &&\r\nMailbox: ,,@"]
    block = anonymizer.block(batch_of(odd, list(range(len(odd)))))
    assert len(block) == len(odd)
    assert "Anna" not in str(block.to_pylist())
    assert len(anonymizer.block(batch_of([], []))) == 0


def test_a_bad_line_is_not_repeated(tmp_path):
    path = tmp_path / "Master.csv"
    good = (RECORDINGS.parent / "history" / "asterisk22-cdr.csv").read_text().splitlines()[0]
    path.write_text(f"{good}\nAnna,0301234567,nothing of a record\n")
    past = history(path, tz="UTC")
    assert past.bad_count
    from ast_notebook.calls.anonymized import anonymized_history

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        hidden = anonymized_history(past, Anonymizer(KEY))
    assert hidden.bad["line"].tolist() == past.bad["line"].tolist()
    assert hidden.bad[["reason", "text"]].isna().all(axis=None)
    assert past.bad["text"].notna().all()
    assert (hidden.calls["caller"] != past.calls["caller"]).all()


def in_one_another(depth: int) -> list[str]:
    """Return an event with technologies within technologies, and one before and behind it."""
    return [
        "Event: Newchannel\r\nChannel: PJSIP/1-00000001\r\nUniqueid: 1.1",
        f"Event: PeerStatus\r\nPeer: {'SIP/' * depth}1\r\nChannel: {'SIP/' * depth}1",
        f"Event: UserEvent\r\nUserEvent: Door\r\nInterface: {'SIP/' * depth}",
        f"Event: DeviceStateChange\r\nDevice: {'queue:a_pause_' * depth}SIP/1",
        "Event: Hangup\r\nChannel: PJSIP/1-00000001\r\nUniqueid: 1.1",
    ]


def test_names_within_names_hold_no_other_event_up(record: Record, tmp_path: Path) -> None:
    archive = record.to(tmp_path, anonymizer=Anonymizer(KEY))
    record.add(in_one_another(5000), 1_795_000_000_000_000)
    assert archive.flush(30)
    assert (archive.written, archive.lost, archive.error) == (5, 0, "")


def test_an_event_that_cannot_be_written_costs_itself(
    record: Record,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    anonymizer = Anonymizer(KEY)
    block = anonymizer.block

    def picky(events: pa.RecordBatch) -> pa.RecordBatch:
        if "1.7" in events["uniqueid"].to_pylist():
            raise ZeroDivisionError("0301234567")
        return block(events)

    monkeypatch.setattr(anonymizer, "block", picky)
    archive = record.to(tmp_path, anonymizer=anonymizer)
    record.add([f"Event: Hangup\r\nUniqueid: 1.{number}" for number in range(3000)], 10**15)
    assert archive.flush(30)
    assert (archive.written, archive.lost, archive.error) == (2999, 1, "")
    assert "an event cannot be written (ZeroDivisionError)" in caplog.text
    assert "0301234567" not in caplog.text
