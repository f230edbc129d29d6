"""The order of arrival can be told from the times, however many events came at once."""

import time

import pytest

from ast_notebook.ami import Secret, Session, Settings
from ast_notebook.calls import calls
from ast_notebook.recording import Record
from ast_notebook.recording.reading import read, scan
from tests.support.fake_manager import FakeManager
from tests.support.waiting import eventually


def opened(fake, record):
    given = {"port": fake.port, "username": "admin", "password": Secret("secret"), "timeout": 5}
    return Session(Settings(**given), recorder=record.add).connect()


def block(first, count, *lines):
    more = "".join(f"{line}\r\n" for line in lines)
    return "".join(
        f"Event: E\r\nNumber: {number}\r\n{more}\r\n" for number in range(first, first + count)
    ).encode()


def test_events_of_one_block_are_received_one_after_the_other():
    record = Record()
    with FakeManager() as fake, opened(fake, record):
        for first in (0, 3000):
            fake.clients[-1].raw(block(first, 3000))
        eventually(lambda: len(record) == 6000)
    frame = record.frame()
    assert frame["received"].is_monotonic_increasing
    assert frame["received"].is_unique
    assert frame["time"].equals(frame["received"])
    assert frame["number"].astype(int).tolist() == list(range(6000))


def test_answers_in_between_and_events_of_the_sessions_own_have_their_moment():
    record = Record()
    with FakeManager() as fake, opened(fake, record) as session:
        answer = b"Response: Success\r\nActionID: none\r\n\r\n"
        fake.clients[-1].raw(block(0, 2) + answer + block(2, 2))
        eventually(lambda: len(record) == 4)
        fake.drop()
        eventually(lambda: session.counts["reconnects"] == 1)
    received = record.frame()["received"]
    assert received.is_monotonic_increasing
    assert received.is_unique


def test_an_event_says_itself_when_it_was_received():
    heard = []
    record = Record()
    with FakeManager() as fake, opened(fake, record) as session:
        session.register_event("E", lambda event, session: heard.append(event.received))
        fake.clients[-1].raw(block(0, 5))
        eventually(lambda: len(heard) == 5)
    assert record.frame()["received"].astype("int64").tolist() == heard


@pytest.mark.parametrize(("step", "follows"), [(-0.5, False), (-3600, True), (3600, True)])
def test_a_clock_that_is_set_does_not_freeze_the_time(monkeypatch, step, follows):
    clock = [time.time_ns()]
    monkeypatch.setattr(time, "time_ns", lambda: clock[0])
    record = Record()
    with FakeManager() as fake, opened(fake, record):
        fake.clients[-1].raw(block(0, 3))
        eventually(lambda: len(record) == 3)
        clock[0] += int(step * 1e9)
        fake.clients[-1].raw(block(3, 3))
        eventually(lambda: len(record) == 6)
    received = record.frame()["received"].astype("int64")
    before, after = received[2], received[3]
    assert bool(abs(after - before - step * 1e6) < 10) is follows
    if not follows:
        assert after == before + 1
    assert received[3:].is_monotonic_increasing


def test_equal_timestamps_keep_their_order_in_every_reader(tmp_path):
    record = Record()
    archive = record.to(tmp_path)
    texts = [f"Event: E\r\nTimestamp: 1700000000.000001\r\nNumber: {n}" for n in range(5000)]
    for first in range(0, 5000, 500):
        record.add(texts[first : first + 500], 1_700_000_000_000_000 + first)
    assert archive.flush()
    numbers = list(range(5000))
    for _ in ("open", "sealed"):
        assert record.frame()["number"].astype(int).tolist() == numbers
        assert read(tmp_path)["number"].astype(int).tolist() == numbers
        received = scan(tmp_path).to_table(["received_us"])["received_us"].to_pylist()
        assert received == sorted(set(received))
        archive.close()
    record.close()


ONE = "1715072400."
A, B = f"Channel: PJSIP/1-1\r\nUniqueid: {ONE}1", f"Channel: PJSIP/2-2\r\nUniqueid: {ONE}4"
X, Y = (
    f"Channel: Local/2@p-1;1\r\nUniqueid: {ONE}2",
    f"Channel: Local/2@p-1;2\r\nUniqueid: {ONE}3",
)


def told(name, channel, *lines):
    return "\r\n".join([f"Event: {name}", channel, f"Linkedid: {ONE}1", *lines])


def test_a_call_whose_events_came_in_one_block_is_the_call_that_it_was():
    def up(channel):
        return told("Newstate", channel, "ChannelStateDesc: Up")

    def answered(channel, callee):
        return told("DialEnd", channel, f"DestUniqueid: {ONE}{callee}", "DialStatus: ANSWER")

    texts = [
        told("Newchannel", A, "ChannelStateDesc: Ring", "CallerIDNum: 1", "Exten: 2"),
        told("Newchannel", X, "ChannelStateDesc: Down", "Exten: 2"),
        told("Newchannel", Y, "ChannelStateDesc: Ring", "Exten: 2"),
        told("DialBegin", A, f"DestUniqueid: {ONE}2"),
        told("Newchannel", B, "ChannelStateDesc: Down", "CallerIDNum: 2"),
        told("DialBegin", Y, f"DestUniqueid: {ONE}4"),
        *(up(B), answered(Y, 4), up(Y), answered(A, 2), up(A)),
        *(told("BridgeEnter", one, "BridgeUniqueid: b1") for one in (B, Y)),
        *(told("BridgeEnter", one, "BridgeUniqueid: b2") for one in (X, A)),
        told("BridgeLeave", A, "BridgeUniqueid: b2"),
        told("BridgeLeave", Y, "BridgeUniqueid: b1"),
        told("BridgeEnter", A, "BridgeUniqueid: b1"),
        told("BridgeLeave", X, "BridgeUniqueid: b2"),
        *(told("Hangup", one, "Cause: 16") for one in (Y, X)),
        *(told("BridgeLeave", one, "BridgeUniqueid: b1") for one in (A, B)),
        *(told("Hangup", one, "Cause: 16") for one in (A, B)),
    ]
    record = Record()
    with FakeManager() as fake, opened(fake, record):
        fake.clients[-1].raw("".join(f"{text}\r\n\r\n" for text in texts).encode())
        eventually(lambda: len(record) == len(texts))
    (call,) = calls(record.frame()).itertuples()
    assert (call.disposition, call.caller, call.answered_by) == ("ANSWERED", "1", "2")
