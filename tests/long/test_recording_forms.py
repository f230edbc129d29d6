"""Events change the form in which a record keeps them: nothing is lost, and memory is counted."""

import sys

import pandas as pd
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from ast_notebook.ami.message import parse
from ast_notebook.recording import Record
from ast_notebook.recording.block import Block
from ast_notebook.recording.record import BLOCK, LARGEST
from tests.support.records import NOW, filled, record, text
from tests.support.waiting import eventually

names = st.from_regex(r"[a-z][a-z-]{0,7}", fullmatch=True)
values = st.text(st.characters(exclude_characters="\r\n\0", exclude_categories=["Cs"]), max_size=9)


@given(st.lists(st.lists(st.tuples(names, values), max_size=6), min_size=1, max_size=8))
def test_what_was_heard_is_in_the_frame_whatever_form_it_is_kept_in(events):
    texts = [text("E", *(f"{key}: {value}" for key, value in headers)) for headers in events]
    kept = record(*texts)
    packed = Block(texts, range(len(texts)))
    packed.pack()
    assert packed.columns().equals(Block(texts, range(len(texts))).columns())
    frame = kept.frame()
    assert len(frame) == len(texts)
    for row, one in zip(frame.to_dict("records"), texts, strict=True):
        message = parse(one)
        for key in message.headers:
            name = key.lower()
            if name in ("event", "timestamp"):
                continue
            name = f"header_{name}" if name in ("time", "server", "received", "extra") else name
            expected = message[key]
            if expected in ("", "<unknown>"):
                assert pd.isna(row[name])
            else:
                assert str(row[name]) == expected or int(row[name]) == int(expected)


def test_no_event_goes_only_because_there_was_time_to_put_it_into_columns(monkeypatch):
    monkeypatch.setattr("ast_notebook.recording.record.CALM", 0.01)
    budget = 2 * LARGEST
    kept = Record(budget=budget)
    total = 40 * BLOCK
    try:
        # Hardly two values are the same: columns take several times what packed text takes.
        for first in range(0, total, BLOCK):
            numbers = range(first, first + BLOCK)
            kept.add([text("A", Uniqueid=n, Channel=f"PJSIP/{n}", Exten=n) for n in numbers], NOW)
            eventually(lambda: all(block.form != "text" for block in kept._blocks))
        eventually(lambda: kept._next() is None)
        assert {block.form for block in kept._blocks} == {"packed", "columns"}
        assert len(kept.frame()) == total
        assert kept.dropped == 0
        assert kept.nbytes <= budget
    finally:
        kept.close()


def test_packed_events_take_no_more_memory_than_is_counted(monkeypatch):
    monkeypatch.setattr("ast_notebook.recording.record.CALM", 3600.0)
    before = pa.total_allocated_bytes()
    kept = filled(20 * BLOCK)
    try:
        eventually(lambda: all(block.form == "packed" for block in kept._blocks))
        assert pa.total_allocated_bytes() - before < kept.nbytes
        assert sum(sys.getsizeof(block._packed) for block in kept._blocks) < kept.nbytes
    finally:
        kept.close()
