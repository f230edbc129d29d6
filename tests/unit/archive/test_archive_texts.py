"""Events are written to an open file as they came, and become columns when they are read."""

from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest
from pandas.testing import assert_frame_equal

from ast_notebook.recording import Record
from ast_notebook.recording.columns import TEXTS, batch_of
from ast_notebook.recording.framing import Frames, packed
from ast_notebook.recording.reading import read
from ast_notebook.recording.segment import Blocks
from tests.support.archives import NOON, files, numbered, numbers

ODD = [
    "Event: A\r\nKey: one\r\nkey: two\r\nBare:value\r\nno header\r\nEmpty: ",
    "Event: UserEvent\r\nChannel: PJSIP/1-1\r\nUserEvent: Call\r\nChannel: mine\r\nCause: x\n1",
    "Event: Hangup\r\nCause: 16\r\nCause: 17\r\nTime: 5\r\nName: \xe4\u20ac: a: b",
    "Event: Hangup\r\nCause: 16\r\nKey: one\r\nA:b: c",
    "Bare:value",
    "",
]


def kinds(path: Path) -> set[str]:
    """Return how the blocks of an open file are written."""
    found = set()
    for stream in Frames(path):
        with pa.ipc.open_stream(stream) as reader:
            found.add("texts" if "text" in reader.schema.names else "columns")
    return found


def alike(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.astype(object).sort_index(axis=1)


def test_an_open_file_has_the_texts_and_gives_the_frame_that_was_live(tmp_path: Path) -> None:
    record = Record()
    archive = record.to(tmp_path)
    record.add(ODD[:4], NOON)
    assert archive.flush()
    live = record.frame()
    (path,) = files(tmp_path, ".arrows")
    assert kinds(path) == {"texts"}
    still_open = read(tmp_path)
    record.close()
    assert not files(tmp_path, ".arrows")
    sealed = read(tmp_path)
    assert_frame_equal(alike(still_open), alike(live))
    assert_frame_equal(alike(sealed), alike(live))


def test_events_that_were_in_columns_already_are_written_as_columns(tmp_path: Path) -> None:
    record = Record()
    record.add(numbered(0, 10_000), NOON)
    block = record._blocks[0]
    block.keep(block.columns())
    archive = record.to(tmp_path, whole=True)
    record.add(numbered(10_000, 10_100), NOON + 10_000)
    assert archive.flush()
    (path,) = files(tmp_path, ".arrows")
    assert kinds(path) == {"texts", "columns"}
    assert numbers(read(tmp_path)) == list(range(10_100))
    record.close()


@pytest.mark.parametrize("which", ["text", "received"])
def test_texts_that_somebody_made_up_cost_their_block_alone(tmp_path: Path, which: str) -> None:
    record = Record()
    archive = record.to(tmp_path)
    record.add(numbered(0, 10), NOON)
    assert archive.flush()
    (path,) = files(tmp_path, ".arrows")
    metadata = next(iter(Blocks(path))).schema.metadata
    made_up = {"received": [NOON], "text": ["Event: Test\r\nNumber: 66"], which: [None]}
    block = pa.RecordBatch.from_pydict(made_up, schema=TEXTS.with_metadata(metadata))
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, block.schema) as stream:
        stream.write_batch(block)
    path.write_bytes(path.read_bytes() + packed(bytes(sink.getvalue())))
    blocks = Blocks(path)
    assert sum(map(len, blocks)) == 10
    assert blocks.damaged
    record.close()


def test_an_event_gives_the_same_columns_whichever_others_are_cut_with_it() -> None:
    together = [*ODD, *numbered(0, 5), *reversed(ODD)]

    def told(texts: list[str]) -> list[dict[str, object]]:
        rows = batch_of(texts, [NOON] * len(texts)).to_pylist()
        return [{name: value for name, value in row.items() if value} for row in rows]

    assert told(together) == [row for text in together for row in told([text])]


def test_bytes_of_a_callers_name_are_whole_after_the_file_was_packed(tmp_path: Path) -> None:
    record = Record()
    archive = record.to(tmp_path)
    record.add(["Event: A\r\nCallerIDName: \ud800 \xfc"], NOON)
    assert archive.flush()
    assert read(tmp_path)["calleridname"].tolist() == ["? \xfc"]
    record.close()
