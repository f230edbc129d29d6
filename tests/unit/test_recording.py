"""The record keeps every event in order, within its budget, and gives a frame to be trusted."""

import math
import threading
import tracemalloc

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ast_notebook.ami.framer import Framer
from ast_notebook.ami.message import Event, parse
from ast_notebook.errors import ConfError
from ast_notebook.recording import Record
from ast_notebook.recording.block import Block
from ast_notebook.recording.record import BLOCK, LARGEST
from tests.support.records import NOW, filled, record, text
from tests.support.waiting import eventually


def test_the_frame_has_the_columns_and_types_agreed_on():
    frame = record(
        text("Newchannel", Timestamp="1763877599.250000", Channel="PJSIP/30-1", UniqueID="1.1"),
        text("Hangup", Uniqueid="1.1", Cause="16", CallerIDNum="<unknown>", AccountCode=""),
        server="berlin",
    ).frame()
    assert list(frame.columns[:7]) == [
        "received",
        "time",
        "server",
        "event",
        "channel",
        "uniqueid",
        "linkedid",
    ]
    for name in ("received", "time"):
        assert frame[name].dtype == pd.DatetimeTZDtype("us", "UTC")
    assert frame["time"][0] == pd.Timestamp("2025-11-23 05:59:59.25", tz="UTC")
    assert frame["time"][1] == frame["received"][1] == pd.Timestamp(NOW + 1, unit="us", tz="UTC")
    assert frame["server"].tolist() == ["berlin", "berlin"]
    assert frame["event"].tolist() == ["Newchannel", "Hangup"]
    assert frame["uniqueid"].tolist() == ["1.1", "1.1"]
    assert frame["uniqueid"].dtype == "str"
    assert frame["cause"].dtype == "Int64"
    assert frame["cause"][1] == 16
    assert frame[["calleridnum", "accountcode", "linkedid"]].isna().all(axis=None)


def test_what_holds_an_empty_line_is_one_event_and_changes_no_other():
    kept = Record()
    texts = [text("Foo", N=str(number)) for number in range(BLOCK)]
    kept.add([*texts[:1], text("X") + "\r\n\r\nC: Jörg €", *texts[1:]], 5)
    eventually(lambda: kept._blocks[0].form != "text")
    frame = kept.frame()
    assert len(kept) == len(frame) == BLOCK + 1 and not kept.dropped
    assert list(frame["n"].drop(index=1).astype(int)) == list(range(BLOCK))
    assert (frame["event"][1], frame["c"][1]) == ("X", "Jörg €")
    assert kept.moments(BLOCK + 1) == [*range(5, BLOCK + 6)]
    kept.close()


def test_an_empty_record_has_a_frame_too():
    frame = Record().frame()
    assert frame.empty
    assert list(frame.columns[:4]) == ["received", "time", "server", "event"]
    assert frame["time"].dtype == pd.DatetimeTZDtype("us", "UTC")


def test_repeated_headers_are_joined_in_order_and_odd_lines_harm_nothing():
    frame = record(
        text("Status", "ChanVariable: a=1", "ChanVariable: b=2", "Channel: x"),
        text("Status", "NoSpace:1", "Channel:", "no header at all", "Value: x: y"),
    ).frame()
    assert frame["chanvariable"].tolist()[0] == "a=1\nb=2"
    assert frame["channel"].tolist()[0] == "x"
    assert pd.isna(frame["channel"][1])
    assert frame["nospace"].tolist()[1] == "1"
    assert frame["value"].tolist()[1] == "x: y"


def test_headers_that_are_named_like_our_columns_do_not_replace_them():
    frame = record(text("X", Time="noon", Server="s", Received="r", Extra="e")).frame()
    assert frame["server"].tolist() == ["ast"]
    named = ["header_time", "header_server", "header_received", "header_extra"]
    assert frame[named].iloc[0].tolist() == ["noon", "s", "r", "e"]


def test_text_where_a_number_is_expected_is_beside_the_numbers():
    frame = record(text("A", Count="1"), text("UserEvent", Count="many")).frame()
    assert frame["count"].tolist() == [1, pd.NA]
    assert frame["header_count"].tolist()[1] == "many"
    assert record(text("A", Count="1"), text("B", Count="")).frame()["count"].dtype == "Int64"


def test_a_broken_timestamp_falls_back_to_when_it_was_read():
    frame = record(text("A", Timestamp="soon"), text("B", Timestamp="1763877599.000001")).frame()
    assert frame["time"][0] == frame["received"][0]
    assert frame["time"][1] == pd.Timestamp("2025-11-23 05:59:59.000001", tz="UTC")


def test_thousands_of_different_headers_stay_in_bounds():
    kept = record(*(text("UserEvent", **{f"H{number}": number}) for number in range(3000)))
    with pytest.warns(UserWarning, match="3000 different headers"):
        frame = kept.frame()
    assert len(frame.columns) < 600
    rest = frame["extra"].dropna()
    assert len(rest) == 2500
    assert all(len(one) == 1 for one in rest)


def test_events_are_found_by_name_by_time_and_from_the_end():
    kept = record(*(text("Even" if n % 2 == 0 else "Odd", Number=n) for n in range(100)))
    assert kept.frame(last=3)["number"].tolist() == ["97", "98", "99"]
    assert kept.frame(events=["Odd"], last=2)["number"].tolist() == ["97", "99"]
    since = pd.Timestamp(NOW + 90, unit="us", tz="UTC")
    assert len(kept.frame(since=since)) == 10
    assert len(kept.frame(since=since.tz_convert("Asia/Tokyo"), events=["Even"])) == 5
    assert len(kept.frame(last=0)) == 0


def test_beyond_the_budget_the_oldest_are_dropped_and_counted():
    kept = filled(12 * BLOCK, budget=14_000_000)
    try:
        eventually(lambda: all(block.form != "text" for block in kept._blocks))
        assert len(kept) + kept.dropped == 12 * BLOCK
        kept.budget = 13_000_000
        assert kept.nbytes <= 13_000_000
        frame = kept.frame()
        assert len(frame) == len(kept)
        assert frame["time"].max() == frame["time"].iloc[-1]
        for odd, what in (
            (1000, "small"),
            (math.nan, "small"),
            (math.inf, "large"),
            (1e30, "large"),
        ):
            with pytest.raises(ConfError, match=f"too {what}"):
                kept.budget = odd
        assert "dropped" in repr(kept)
        assert kept.clear() == len(frame)
        assert len(kept) == 0
    finally:
        kept.close()


def test_blocks_are_packed_at_once_and_put_into_columns_when_it_is_calm(monkeypatch):
    monkeypatch.setattr("ast_notebook.recording.record.CALM", 0.5)
    kept = filled(2 * BLOCK + 10)
    try:
        before = kept.nbytes
        eventually(lambda: all(block.form == "columns" for block in kept._blocks))
        assert kept.nbytes < before / 2
        assert len(kept.frame()) == 2 * BLOCK + 10
    finally:
        kept.close()


def test_reading_while_events_pour_in_loses_none_and_keeps_their_order():
    kept = Record()
    stop = threading.Event()
    seen = []

    def read():
        while not stop.is_set():
            numbers = kept.frame()["number"].astype(int).to_numpy() if len(kept) else np.zeros(0)
            seen.append(bool((np.diff(numbers) == 1).all()))

    reader = threading.Thread(target=read)
    reader.start()
    for start in range(0, 3 * BLOCK, 50):
        kept.add([text("E", Number=n) for n in range(start, start + 50)], NOW)
    stop.set()
    reader.join()
    kept.close()
    assert seen
    assert all(seen)
    assert kept.frame()["number"].astype(int).tolist() == list(range(3 * BLOCK))
    assert kept.dropped == 0


@pytest.mark.parametrize("header", ["Variable", "ChanVariable", "Output", "Channel"])
def test_repeated_headers_are_joined_however_each_is_spelled(header):
    lines = [f"{header}: a=1", f"{header}: b=2", f"{header.lower()}: c=3"]
    frame = record(text("A", *lines), text("B"), text("C", f"{header}: d")).frame()
    assert frame[header.lower()].tolist()[::2] == ["a=1\nb=2\nc=3", "d"]
    assert frame[header.lower()].isna().tolist() == [False, True, False]


def test_a_user_event_cannot_pose_as_another_event_nor_as_another_time():
    odd = text("UserEvent", "Event: Hangup", "Timestamp: 1", "Timestamp: soon", "Time: noon")
    assert parse(odd).name == "UserEvent"
    frame = record(odd, text("Hangup", "Header_time: late")).frame()
    assert frame["event"].tolist() == ["UserEvent", "Hangup"]
    assert frame["time"][0] == pd.Timestamp("1970-01-01 00:00:01", tz="UTC")
    assert frame["header_event"][0] == "Hangup"
    assert frame["header_timestamp"][0] == "soon"
    assert frame["header_time"].tolist() == ["noon", "late"]


@pytest.mark.parametrize("odd", ["nan", "inf", "-inf", "1e300", "-5", "", "99999999999999"])
def test_a_time_that_is_none_falls_back_to_when_it_was_read(odd):
    frame = record(text("A", Timestamp=odd)).frame()
    assert frame["time"].tolist() == frame["received"].tolist()


def test_a_frame_of_some_events_knows_nothing_of_the_others():
    kept = record(
        text("A", Position=1, Mood="good", Channel="a", CallerIDName="Ann"),
        text("B", Position="first", Queue="support", CallerIDName="Bob"),
        text("C", Priority=10**30),
    )
    assert list(kept.frame(events=["B"]).columns)[4:] == [
        *("channel", "uniqueid", "linkedid"),
        *("calleridname", "queue", "header_position"),
    ]
    assert kept.frame(events=["A"])["position"].tolist() == [1]
    assert kept.frame(events="B")["calleridname"].cat.categories.tolist() == ["Bob"]
    assert kept.frame(last=1)["header_priority"].tolist() == [str(10**30)]


def test_to_see_the_newest_no_more_is_made_than_they_need(monkeypatch):
    kept = filled(3 * BLOCK + 10)
    kept.close()
    made = []
    columns = Block.columns
    monkeypatch.setattr(Block, "columns", lambda self: made.append(len(self)) or columns(self))
    assert len(kept.frame(last=5)) == 5
    assert made == [10]
    assert len(kept.frame(last=BLOCK)) == BLOCK
    assert made == [10, 10, BLOCK]
    assert len(kept.frame(since=pd.Timestamp(NOW + 3 * BLOCK, unit="us", tz="UTC"))) == 10
    assert made == [10, 10, BLOCK, 10]


def test_large_events_count_by_their_size():
    budget = 2 * LARGEST
    kept = Record(budget=budget)
    kept.close()
    for number in range(100):
        kept.add([text("A", Uniqueid=number, Noise="é" * 1_000_000)], NOW)
        assert kept.nbytes <= budget + LARGEST
    assert 0 < len(kept) < 20
    assert kept.dropped + len(kept) == 100
    assert kept.frame()["uniqueid"].tolist()[-1] == "99"


def test_what_it_says_of_its_memory_is_so():
    kept = Record()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        for first in range(0, BLOCK - 1000, 100):
            kept.add([text("A", Uniqueid=first + n, Mood="x" * 400) for n in range(100)], NOW)
        taken = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert 0.7 < kept.nbytes / taken < 1.3


def test_many_events_at_once_are_no_matter():
    kept = Record()
    kept.add([text("A", Uniqueid=n, Context=n) for n in range(70_000)], NOW)
    frame = kept.frame()
    kept.close()
    assert frame["uniqueid"].tolist() == [str(n) for n in range(70_000)]
    assert frame["context"].nunique() == 70_000


def test_a_different_header_in_every_line_breaks_nothing():
    wide = [text("A", **{f"Odd{n}-{m}": m for m in range(40)}, Uniqueid=n) for n in range(2000)]
    kept = record(*wide)
    with pytest.warns(UserWarning, match="80000 different headers"):
        frame = kept.frame()
    assert frame["uniqueid"].tolist() == [str(n) for n in range(2000)]
    assert frame["extra"][1999]["odd1999-39"] == "39"
    assert frame["odd0-0"][0] == "0"


@settings(max_examples=100)
@given(st.binary(max_size=300))
def test_any_bytes_can_be_recorded(noise):
    stream = b"Event: A\r\n" + noise + b"\r\n\r\nEvent: B\r\n\r\n"
    texts = [one for one in Framer().feed(stream) if isinstance(parse(one), Event)]
    kept = record(*texts)
    assert len(kept.frame()) == len(texts)
    packed = Block(texts, range(len(texts)))
    packed.pack()
    assert packed.columns().num_rows == len(texts)
    names = kept.frame()["event"].astype("str").fillna("")
    assert names.tolist() == [parse(one).name.replace("<unknown>", "") for one in texts]


def test_its_repr_makes_no_frame(monkeypatch):
    kept = record(*[text("A")] * 1234)
    monkeypatch.setattr("ast_notebook.recording.record.frame", None)
    assert repr(kept).startswith("<Record of ast: 1,234 events in 0.")
    assert repr(kept).endswith(" MB, 0 dropped>")


def test_a_closed_record_can_be_read_and_added_to():
    kept = filled(2 * BLOCK)
    kept.close()
    kept.close()
    kept.add([text("B")] * (2 * BLOCK), NOW)
    assert len(kept.frame()) == 4 * BLOCK


def test_the_moments_of_the_newest_are_those_of_the_frame():
    kept = filled(2 * BLOCK + 10)
    try:
        eventually(lambda: all(block.form != "text" for block in kept._blocks))
        kept._columns(kept._blocks[0])
        received = (kept.frame()["received"].astype("int64")).tolist()
        for last in (0, 1, 10, 11, BLOCK + 10, BLOCK + 11, 3 * BLOCK):
            assert kept.moments(last) == received[max(0, len(received) - last) :]
        assert all(type(one) is int for one in kept.moments(BLOCK + 11))
    finally:
        kept.close()
