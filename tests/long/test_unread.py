"""An event that is taken apart at the first look is what it is when it is taken apart at once."""

from __future__ import annotations

import copy
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache
from unittest import mock

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ast_notebook.ami import Event, Message, contents, framer, intake, message, shapes
from ast_notebook.ami.answer import Pending
from ast_notebook.ami.dispatcher import Dispatcher
from ast_notebook.ami.framer import Framer
from ast_notebook.ami.intake import Intake
from ast_notebook.ami.message import parse, parse_later, parse_plain, parse_whole
from ast_notebook.ami.open_actions import OpenActions
from ast_notebook.ami.shapes import OFTEN, Shapes
from tests.bench.sender import events
from tests.fuzz.corpus import kept, seeds

NAMES = st.sampled_from(
    [
        *("Event", "event", "EVENT", "Privilege", "privilege", "PRIVILEGE", "header_Privilege"),
        *("ActionID", "actionid", "Actionid", "UserEvent", "userevent", "Channel", "channel"),
        *("ChanVariable", "ChanVariable(PJSIP/2)", "Timestamp", "Output", "Response", "Variable"),
        *("xPrivilege", "Privilege ", " ActionID", "header_Event", "header_ActionID", "Prİvilege"),
        *("Uniqueid", "UniqueID", "header_Channel", "a:b", "\u212a", "É"),
    ]
)
VALUES = st.sampled_from(
    ["", "UserEvent", "Hangup", "FullyBooted", "call,all", "7", "8", "9", "Follows", "a: b", "\r"]
) | st.text("ab:, \r\n\u2028Ä", max_size=5)
LINES = st.builds(
    "{}{}{}".format, NAMES, st.sampled_from([": ", ": ", ": ", ":", "", " : "]), VALUES
) | st.text("aA:( \r\n", max_size=6)
BEGINNINGS = st.sampled_from(
    [
        *("Event: Hangup\r\nPrivilege: call,all", "Event: Hangup", "Event: UserEvent", "Event:Odd"),
        *("Event: UserEvent\r\nPrivilege: user,all\r\nUserEvent: Call", "Event: \r\nA: 1", "X: 1"),
        *("Event: FullyBooted\r\nPrivilege: system,all", "Response: Success", "Response: Follows"),
        *("event: Hangup", "Event: A: b", "Event: Entry\r\nActionID: 7", "", "Event"),
    ]
)
MESSAGES = st.builds(
    lambda begins, lines: "\r\n".join([begins, *lines]), BEGINNINGS, st.lists(LINES, max_size=5)
)
STREAMS = st.lists(
    MESSAGES.map(str.encode)
    | st.binary(max_size=8)
    | st.just("Event: J\r\nA: J\xf6".encode("latin-1")),
    max_size=6,
).map(b"\r\n\r\n".join)


ASKED = (
    *("ActionID", "actionid", "Privilege", "Event", "header_Event", "CHANNEL", "Nothing", "X"),
    *("channel", "ChanVariable", "UserEvent", "Timestamp", "Variable", "a", "a:b", " X", "É"),
    *("chanvariable(PJSIP/2)", "Prİvilege", "header_Channel", "Uniqueid", "UNIQUEID"),
)


def told(one: Message) -> list[object]:
    """All that a message tells, the headers looked at last."""
    return [
        *(type(one), one.name, one.received, one.is_garbled, repr(one)),
        *([one.has_header(name), one.get_header(name), one.get_all(name)] for name in ASKED),
        *(one.data, list(one.headers.items()), getattr(one, "answer", None)),
    ]


def pieces(data: bytes, cuts: list[int]) -> Iterator[bytes]:
    at = 0
    for cut in sorted(one % (len(data) + 1) for one in cuts):
        yield data[at:cut]
        at = cut
    yield data[at:]


def texts_of(data: bytes, cuts: list[int]) -> list[str]:
    framer = Framer()
    texts = [text for piece in pieces(data, cuts) for text in framer.feed(piece)]
    return [*texts, *framer.part()]


def same(text: str) -> None:
    """Hold each way to look at a message against the whole of it, taken apart line by line."""
    with mock.patch.object(contents, "shapes", mock.Mock(of=lambda text, name: None)):
        whole = parse_whole(text, 7)
    with mock.patch.object(shapes, "OFTEN", 1), mock.patch.object(contents, "shapes", Shapes()):
        _hold_against(whole, text)


def _hold_against(whole: Message, text: str) -> None:
    looks: list[Callable[[Message], object]] = [
        *(lambda one: one.get_header("event"), lambda one: "channel" in one),
        *(lambda one: one.get_header("Uniqueid"), lambda one: one.get_header("Source")),
        *(lambda one: None, lambda one: one.headers, lambda one: one.data, lambda one: "X" in one),
        *(lambda one: one.get_all("Event"), lambda one: one.is_garbled, repr),
    ]
    for look in looks:
        one = parse_later(text, 7, may_answer=False) or parse(text, 7)
        if parse_later(text, 7) is not None:
            assert "ActionID" not in whole.headers and not whole.is_garbled
        look(one)
        if isinstance(one, Event):
            for name in ASKED:  # each of an event of which nothing else is known
                assert one.copy().get_header(name) == whole.get_header(name), name
            another, unseen = one.copy(), one.copy()
            assert told(another) == told(one) == told(whole) == told(unseen.copy())
            another.headers["Added"] = "1"
            another.get_all("Event").append("1")
            assert told(one) == told(unseen) == told(whole)
        assert told(one) == told(whole)


@settings(max_examples=400)
@given(MESSAGES)
@example("Event: A\r\nheader_Privilege: x,all")
@example("Event: A\r\nPrivilege: a\r\nPRIVILEGE: b")
@example("Event: A\r\nPrivilege: a\r\nheader_Privilege: x,all")
@example("Event: UserEvent\r\nUserEvent: B\r\nEvent: C\r\nUserevent: D")
@example("Event: A\r\nActionID:7")
@example("Event: A\r\nActionID 7\r\nactionid: 8")
@example("Event: A\r\nEvent: B\r\nevent: C")
def test_a_message_is_the_same_however_it_is_looked_at(text: str) -> None:
    same(text)


@settings(max_examples=200)
@given(STREAMS, st.lists(st.integers(0, 500), max_size=4))
def test_of_any_bytes_in_any_pieces_come_the_same_messages(data: bytes, cuts: list[int]) -> None:
    for text in texts_of(data, cuts):
        same(text)


ODD = st.lists(st.sampled_from([b"\n", b"\r", b"\r\n", b"CallStarted: 1", b"Event: A", b"X: 1"]))


@settings(max_examples=200)
@given(STREAMS | ODD.map(b"".join), st.lists(st.integers(0, 500), max_size=4))
@example(b"Event: A\r\n\nEvent: B\r\n\r\n", [])
@example(b"Event: A\r\nCallStarted: 1\nX: 1\r\n\r\n", [])
def test_a_stream_without_odd_line_ends_is_known_by_its_bytes(data: bytes, cuts: list[int]) -> None:
    with mock.patch.object(framer, "SHORT", 1 << 30):
        wanted = texts_of(data, cuts)
    with mock.patch.object(framer, "SHORT", 0):
        assert texts_of(data, cuts) == wanted


PLAIN = st.builds(
    lambda name, lines: "\r\n".join([f"Event: {name}\r\nPrivilege: call,all", *lines]),
    st.sampled_from(["Hangup", "UserEvent", "FullyBooted", "SessionLost", "Long" * 20]),
    st.lists(st.sampled_from(["Cause: 16", "PRIVILEGE: b", "xprivilege:", "A\x1a", "", "\r"])),
)
PLAIN_STREAMS = st.lists(PLAIN.map(str.encode), max_size=4).map(b"\r\n\r\n".join)


@cache
def recordings() -> tuple[bytes, ...]:
    return (events(40), *seeds("wire"), *kept("wire"))


@pytest.mark.parametrize("cuts", [[], [7, 100, 101, 350]])
def test_what_was_recorded_is_the_same(cuts: list[int]) -> None:
    unread = 0
    for data in recordings():
        for text in texts_of(data, cuts):
            same(text)
            one = parse(text)
            unread += isinstance(one, Event) and one.is_unread
    assert unread >= 40


class _Heard:
    """What came of a stream: recorded, dispatched, answered and counted."""

    def __init__(self, blocks: list[bytes], *, asked: bool) -> None:
        counts: Counter[str] = Counter()
        actions = OpenActions(counts)
        self.pending = [Pending("List", 9), Pending("Apart", 9, apart=True)]
        if asked:
            for key, one in zip("78", self.pending, strict=True):
                actions.under_way[key] = one
            actions.give_up("9")
        self.recorded: list[tuple[str, int]] = []
        self.taken = []
        self.stream: list[object] = []
        dispatcher = mock.Mock(spec=Dispatcher)
        dispatcher.put_heard.side_effect = self._put
        with mock.patch.object(time, "time_ns", return_value=10**18):
            found = Intake("ast", actions, dispatcher, counts, self._record)
            self.taken = [found.feed(block) for block in blocks]
        self.counts = dict(counts)
        self.events = found.events

    def _record(self, texts: list[str], received: int) -> None:
        self.recorded += [(text, received + number) for number, text in enumerate(texts)]

    def _put(self, stream: list[Event | Pending], events: int) -> None:
        self.stream += [
            self.pending.index(one) if isinstance(one, Pending) else one for one in stream
        ]
        self.stream.append(events)

    def told(self) -> list[object]:
        stream = [told(one) if isinstance(one, Event) else one for one in self.stream]
        # Our own events count as received when they were made.
        stream = [
            one[:2] if isinstance(one, list) and one[1] == "SessionOverflow" else one
            for one in stream
        ]
        answers = [
            (one.done, one.response and told(one.response), [told(event) for event in one._events])
            for one in self.pending
        ]
        return [self.recorded, self.taken, self.counts, self.events, answers, stream]


@settings(max_examples=300)
@given(STREAMS | PLAIN_STREAMS, st.lists(st.integers(0, 500), max_size=4), st.booleans())
def test_nothing_is_lost_or_comes_in_another_order(
    data: bytes, cuts: list[int], asked: bool
) -> None:
    blocks = list(pieces(data + b"\r\n\r\nEvent: Last\r\nX: 1\r\n\r\n", cuts))
    with (
        mock.patch.object(intake, "parse_plain", lambda texts, received: None),
        mock.patch.object(intake, "parse_later", lambda text, received, may_answer: None),
    ):
        wanted = _Heard(blocks, asked=asked).told()
    assert _Heard(blocks, asked=asked).told() == wanted


def test_plain_events_are_told_by_how_often_they_say_privilege() -> None:
    plain, reader = "Event: A\r\nPrivilege: call,all\r\nX: 1", Framer()
    texts = reader.feed(f"{plain}\r\n\r\n{plain}\r\nprIVilege: b\r\n\r\n".encode())
    assert reader.privileges == 3
    found = parse_plain(texts, 7)
    assert found is not None and [one.received for one in found] == [7, 8]
    with mock.patch.object(message, "_unread", wraps=message._unread) as made:
        again = parse_plain(texts, 7)
        assert again is not None and len(again) == 2 and not made.called
        assert [told(one) for one in again] == [told(one) for one in found]
    for other in (
        "Event: A",
        "Event: SessionLost\r\nPrivilege: x",
        "X: 1",
        "Response: Success",
        "",
    ):
        assert parse_plain([plain, other], 7) is None


def test_an_event_is_taken_apart_at_the_first_look_and_once() -> None:
    one = parse("Event: Hangup\r\nPrivilege: call,all\r\nCause: 16", 7)
    assert isinstance(one, Event)
    with mock.patch.object(contents, "parsed", wraps=contents.parsed) as taken_apart:
        assert (one.name, one.received, one.is_garbled, one.copy().name) == (
            "Hangup",
            7,
            False,
            "Hangup",
        )
        assert one.is_unread and not taken_apart.called
        assert one["cause"] == one.headers["Cause"] == "16"
        assert not one.is_unread and taken_apart.call_count == 1
        assert one.copy()["Cause"] == "16" and taken_apart.call_count == 1


def test_what_is_set_stays_whatever_was_looked_at_before() -> None:
    one = parse("Event: A\r\nX: 1\r\nno header")
    one.headers = {"Event": "B"}
    assert (one.headers, one.data) == ({"Event": "B"}, "no header")
    two = parse("Event: A\r\nX: 1\r\nno header")
    two.data = "other"
    assert (two["X"], two.data) == ("1", "other")
    three = parse("Event: A\r\nX: 1")
    assert told(copy.deepcopy(three)) == told(copy.copy(three)) == told(three)


def test_threads_that_look_at_once_see_the_same_headers() -> None:
    text = events(1).decode().strip()
    wanted = list(parse_whole(text).headers.items())
    with mock.patch.object(contents, "shapes", Shapes()):
        for _ in range(2 * OFTEN):
            one, seen, begin = parse(text), [], threading.Barrier(4)

            def look(one: Message, seen: list[object], begin: threading.Barrier) -> None:
                begin.wait()
                seen.append(list(one.headers.items()))

            threads = [threading.Thread(target=look, args=(one, seen, begin)) for _ in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert seen == [wanted] * 4


def test_a_user_event_that_says_privilege_is_read_at_once_and_no_other_is() -> None:
    plain = "Event: UserEvent\r\nPrivilege: user,all\r\nUserEvent: Call\r\nSource: 1"
    assert parse_later(plain, 7) is not None
    for more in ("Privilege: x", "PRIVILEGE: call,all", "ActionID: 7", "header_privilege: 1"):
        assert parse_later(f"{plain}\r\n{more}", 7) is None
