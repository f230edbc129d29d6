"""What is learned of events' headers changes how fast they are taken apart, and nothing else."""

import pickle
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ast_notebook.ami import Event, contents, shapes
from ast_notebook.ami.message import parse, parse_whole
from ast_notebook.ami.shapes import LONGEST, MOST, OFTEN, Shapes, plain_name

NAMES = st.text("aA:( .+*[]\\\r\n-", min_size=1, max_size=6)
VALUES = st.text("ab:  .\r\n\\\u2028", max_size=6)
LINES = st.lists(st.tuples(NAMES, VALUES), max_size=6)


def text_of(lines: list[tuple[str, str]], name: str = "Odd") -> str:
    return "\r\n".join([f"Event: {name}", *(f"{key}: {value}" for key, value in lines)])


def apart(known: Shapes, text: str) -> dict[str, str]:
    """Return what a shape makes of an event; nothing, if none fits."""
    shape = known.of(text, text.split("\r\n")[0].removeprefix("Event: "))
    return (shape and shape.headers(text)) or {}


def told(text: str) -> tuple[object, ...]:
    found = parse(text, 7)
    return type(found), found.name, list(found.headers.items()), found.data, found.received


@given(st.sampled_from(["Odd", "UserEvent", "a.b"]), LINES, st.lists(LINES, max_size=3))
def test_events_are_what_they_were_before_their_headers_were_learned(name, lines, others):
    texts = [text_of(some, name) for some in (lines, *others)]
    # The same headers with other values, and with one more line that is none.
    texts += [text_of([(key, value + "x: y") for key, value in lines], name), f"{texts[0]}\r\nz"]
    with mock.patch.object(contents, "shapes", mock.Mock(of=lambda text, name: None)):
        wanted = [told(text) for text in texts]
    with mock.patch.object(contents, "shapes", Shapes()):
        for _ in range(OFTEN + 1):
            told(texts[0])
        assert [told(text) for text in texts] == wanted


def test_headers_are_learned_once_they_came_often_in_a_row():
    known, text = Shapes(), text_of([("Channel", "a"), ("Note", "")])
    headers = parse(text).headers
    for _ in range(OFTEN):
        assert not apart(known, text)
        known.learn(text, headers)
    assert apart(known, text) == headers
    assert list(apart(known, text)) == ["Event", "Channel", "Note"]
    assert not apart(known, text.replace("Note", "Nota"))
    assert not apart(known, text_of([("Channel", "a\rb"), ("Note", "")]))


def test_headers_that_change_all_the_time_are_not_learned():
    known = Shapes()
    for number in range(4 * OFTEN):
        text = text_of([("Channel", "a"), (f"Note{number % 2}", "")])
        known.learn(text, parse(text).headers)
        assert not apart(known, text)


def test_what_is_remembered_of_the_wire_has_an_end():
    known = Shapes()
    for number in range(MOST + 50):
        text = text_of([], f"Kind{number}")
        for _ in range(OFTEN):
            known.learn(text, parse(text).headers)
    assert len(known._known) + len(known._seen) <= 2 * MOST
    assert len(known._known) <= MOST
    long = text_of([("Note", "x" * LONGEST)], "Long")
    known = Shapes()
    for _ in range(OFTEN):
        known.learn(long, parse(long).headers)
    assert not apart(known, long) and not known._seen


def test_kinds_that_come_once_each_keep_no_other_from_being_learned():
    known = Shapes()
    for number in range(MOST + 1):
        text = text_of([], f"Once{number}")
        known.learn(text, parse(text).headers)
    for kind in range(MOST + 10):
        text = text_of([("Note", "")], f"Often{kind}")
        for _ in range(OFTEN):
            known.learn(text, parse(text).headers)
        assert apart(known, text), kind


def test_a_flood_of_long_names_is_not_remembered():
    before = shapes._short_name.cache_info().currsize
    assert plain_name("X" * 1000) == "x" * 1000
    assert plain_name(f"ChanVariable({'X' * 1000})") == "chanvariable"
    assert shapes._short_name.cache_info().currsize == before
    assert isinstance(parse("Event: A"), Event)


def test_a_single_header_is_found_without_parsing_the_others():
    text = text_of([("Channel", "a"), ("Cause-txt", "Normal: Clearing"), ("Note", "")], "Hangup")
    one = parse(text)
    assert isinstance(one, Event)
    assert (one["channel"], one["CAUSE-TXT"], one["Note"]) == ("a", "Normal: Clearing", "")
    assert one.get_header("Cause") is None and one.is_unread
    for odd in ("NOTE: 1", "note:1", "Note: 2\r\nNote: 3"):
        one = parse(f"{text}\r\n{odd}")
        assert one["Note"] == parse_whole(f"{text}\r\n{odd}")["Note"]
        assert isinstance(one, Event) and not one.is_unread, odd


@pytest.mark.parametrize("odd", ["Uniqueid:9", "uniqueid:", "UniqueID:9\r\nNote: 1"])
def test_a_header_is_sent_twice_although_the_first_has_no_blank_behind_its_colon(odd: str) -> None:
    text = f"Event: Hangup\r\nPrivilege: call,all\r\n{odd}\r\nUniqueid: 1.1\r\nCause: 16"
    one = parse(text)
    assert isinstance(one, Event)
    assert one["Uniqueid"] == parse_whole(text)["Uniqueid"] and one.repeats_an_id


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["Channel", "channel", "UserEvent"]),
            st.sampled_from([":", ": "]),
            st.sampled_from(["", "a", "a", "a", "\u0130"]),
        ),
        max_size=4,
    ),
    st.sampled_from(["Hangup", "UserEvent"]),
)
def test_a_header_that_is_looked_up_is_the_same_as_in_the_parsed_event(
    headers: list[tuple[str, str, str]], name: str
) -> None:
    text = "\r\n".join([f"Event: {name}", "Privilege: call,all", *map("".join, headers)])
    for header in ("Channel", "USEREVENT", "Missing"):
        assert parse(text).get_header(header) == parse_whole(text).get_header(header)


def test_what_a_caller_writes_into_a_user_event_is_no_header_of_the_dialplan():
    text = "Event: UserEvent\r\nCallerIDNum: 1\r\nSource: 2\r\nUserEvent: Call\r\nValue: 3"
    one = parse(text)
    assert isinstance(one, Event)
    assert (one["CallerIDNum"], one.is_unread) == ("1", True)
    assert (one.get_header("Source"), one["header_Source"], one["Value"]) == (None, "2", "3")


def test_an_event_is_pickled_whether_or_not_it_was_looked_at():
    text = text_of([("Channel", "a")], "Pickled")
    for _ in range(OFTEN + 1):
        assert parse(text).headers
    looked_at = parse(text)
    assert isinstance(looked_at, Event)
    assert (looked_at["channel"], looked_at.is_unread) == ("a", True)
    for event in (looked_at, parse(text)):
        assert pickle.loads(pickle.dumps(event)).headers == event.headers
