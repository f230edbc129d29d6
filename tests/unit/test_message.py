"""Bytes become messages, whatever they are, and no text becomes a header of an action."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ast_notebook.ami import Event, Response, Secret
from ast_notebook.ami.action import encode
from ast_notebook.ami.framer import Framer
from ast_notebook.ami.message import parse
from ast_notebook.errors import ConfError, UnsafeText
from tests.support.secrecy import shown


def messages(data: bytes, size: int = 1 << 20):
    framer = Framer()
    blocks = [data[at : at + size] for at in range(0, len(data), size)]
    return [parse(text, 5) for block in blocks for text in framer.feed(block)]


def test_an_event_is_looked_up_in_any_case():
    (event,) = messages(b"Event: Hangup\r\nUniqueid: 1.2\r\nCause-txt: Normal: all well\r\n\r\n")
    assert isinstance(event, Event)
    assert event.name == "Hangup"
    assert event["uniqueid"] == event["UNIQUEID"] == event.get_header("UniqueID") == "1.2"
    assert event["Cause-txt"] == "Normal: all well"
    assert "cause-TXT" in event
    assert not event.has_header("Channel")
    assert event.get_header("Channel", "none") == "none"
    assert event.received == 5
    with pytest.raises(KeyError):
        event["Channel"]
    assert repr(event) == "<Event Hangup>"


def test_repeated_headers_are_kept_in_order():
    (event,) = messages(
        b"Event: Status\r\nChanVariable: a=1\r\nChanVariable: b=2\r\nchanvariable: c=\r\n\r\n"
    )
    assert event.get_all("ChanVariable") == ["a=1", "b=2", "c="]
    assert event["ChanVariable"] == "a=1\nb=2\nc="
    assert event.get_all("Event") == ["Status"]
    assert event.get_all("Nothing") == []


def test_the_output_of_a_command_is_its_data():
    (new,) = messages(
        b"Response: Success\r\nActionID: 1\r\nMessage: Command output follows\r\n"
        b"Output: one\r\nOutput: \r\nOutput: two: three\r\n\r\n"
    )
    assert isinstance(new, Response)
    assert new.data == "one\n\ntwo: three"
    old, after = messages(
        b"Response: Follows\r\nPrivilege: Command\r\nActionID: 1\r\n"
        b"one: two\n\r\n\r\nthree\n--END COMMAND--\r\n\r\nEvent: Next\r\n\r\n"
    )
    assert old.data == "one: two\n\r\n\r\nthree\n"
    assert old["ActionID"] == "1"
    assert after.name == "Next"


@pytest.mark.parametrize("at", range(70))
def test_what_an_old_command_printed_is_the_same_however_it_arrives(at):
    data = b"\r\nResponse: Follows\r\nPrivilege: Command\r\n\r\n\r\nthree\n--END COMMAND--\r\n\r\n"
    framer = Framer()
    (text,) = framer.feed(data[:at]) + framer.feed(data[at:])
    assert text == "Response: Follows\r\nPrivilege: Command\r\n\r\n\r\nthree\n--END COMMAND--"


@pytest.mark.parametrize("first", ["Response: Follows ", "Response: Follows: all", "response: x"])
def test_only_what_is_parsed_as_a_commands_output_is_held_together(first):
    texts = Framer().feed(
        first.encode() + b"\r\nEvent: X\r\n\r\nC: d\r\n--END COMMAND--\r\n\r\nEvent: Y\r\n\r\n"
    )
    assert texts == [f"{first}\r\nEvent: X", "C: d\r\n--END COMMAND--", "Event: Y"]


@pytest.mark.parametrize("between", ["", "\r\n\r\nC: d"])
def test_a_commands_output_is_no_event_whatever_is_in_it(between):
    data = f"Response: Follows\r\nEvent: X{between}\r\nA: --END COMMAND--\r\n\r\n"
    (found,) = messages(data.encode())
    assert isinstance(found, Response)
    assert found.data == f"Event: X{between}\r\nA: "


def test_words_in_a_value_swallow_nothing():
    found = messages(
        b"Event: UserEvent\r\nText: Channel status will follow\r\n\r\n"
        b"Event: UserEvent\r\nText: Response: Follows\r\n\r\nEvent: Third\r\n\r\n"
    )
    assert [one.name for one in found] == ["UserEvent", "UserEvent", "Third"]


def test_empty_lines_between_messages_belong_to_none():
    framer = Framer()
    blocks = [b"Event: A\r\n\r\n\r\n", b"\r\nEvent: B\r\n\r\n", b"\r\n\r\n\r\nEvent: C\r\n\r\n"]
    assert [framer.feed(block) for block in blocks] == [["Event: A"], ["Event: B"], ["Event: C"]]
    assert not framer.torn


def test_latin_1_and_utf_8_letters_survive_side_by_side():
    (event,) = messages("Event: A\r\nOne: Jörg\r\n".encode() + b"Two: J\xf6rg\r\n\r\n")
    assert event["One"] == event["Two"] == "Jörg"


def test_odd_lines_are_no_reason_to_lose_a_message():
    (event,) = messages(b"\r\nEvent:Odd\r\nEmpty:\r\nNot a header\r\n\r\n")
    assert (event.name, event["Empty"], event.data) == ("Odd", "", "Not a header")


@pytest.mark.parametrize("times", [1, 40])
def test_a_header_ends_at_its_first_colon_whatever_is_in_its_value(times):
    text = b"Event: UserEvent\r\nUserEvent: Bell\r\nSource:Door: front\r\nValue: a: b\r\n\r\n"
    for event in messages(text * times):  # the last ones come after their headers were learned
        assert [event[name] for name in ("Source", "Value")] == ["Door: front", "a: b"]
        assert event.headers["Source"] == "Door: front"


def test_a_channels_name_may_have_a_colon_in_the_name_of_a_header():
    text = b"Event: A\r\nChanVariable(SIP/192.0.2.1:5060-1): X=a: b\r\n\r\n"
    (event,) = messages(text)
    assert event["ChanVariable"] == "X=a: b"


@given(st.binary(), st.integers(1, 9))
def test_any_bytes_are_read_and_what_follows_is_too(noise, size):
    noise = noise.replace(b"Response: Follows", b"")
    data = noise + b"\r\n\r\n" + b"Event: After\r\nX: 1\r\n\r\n"
    assert messages(data, size)[-1].name == "After"


@given(
    st.lists(st.tuples(st.from_regex(r"[A-Za-z-]{1,12}", fullmatch=True), st.text()), min_size=1)
)
def test_what_is_encoded_is_read_back(fields):
    action = {"Event": "Test"} | {
        key: value for key, value in fields if key.lower() not in ("event", "response")
    }
    try:
        data = encode(action)
    except UnsafeText:
        text = "".join(action.values())
        assert any(one in text for one in "\r\n\0") or any(0xD800 <= ord(c) < 0xE000 for c in text)
        return
    (event,) = messages(data)
    lower = {}
    for key, value in action.items():
        lower.setdefault(key.lower(), []).append(value)
    for key, values in lower.items():
        assert event.get_all(key) == values


@pytest.mark.parametrize("bad", ["a\rb", "a\nb", "a\r\n\r\nAction: Originate", "a\0b", "\ud800"])
def test_a_line_break_is_refused_wherever_it_is(bad):
    for action in ({"Action": bad}, {"Action": "x", bad: "y"}, {"Action": "x", "V": ["a", bad]}):
        with pytest.raises(UnsafeText):
            encode(action)
    with pytest.raises(UnsafeText) as caught:
        encode({"Action": "Login", "Secret": Secret(f"hunter2{bad}")})
    assert "hunter2" not in str(caught.value)


def test_a_message_without_end_is_given_up():
    framer = Framer()
    with pytest.raises(ValueError, match="does not speak AMI"):
        for _ in range(70):
            framer.feed(b"x" * (1 << 19))


def test_a_line_that_is_no_header_hides_none_of_those_behind_it():
    (event,) = messages(b"Event: A\r\nno header\r\nUniqueid: 1.2\r\nnor this\r\nX: 1\r\n\r\n")
    assert (event["Uniqueid"], event["X"]) == ("1.2", "1")
    assert event.data == "no header\r\nnor this"


def test_a_user_event_with_a_header_named_event_stays_a_user_event():
    (event,) = messages(b"Event: UserEvent\r\nUserEvent: Call\r\nEvent: Hangup\r\n\r\n")
    assert event.name == event["Event"] == "UserEvent"
    assert event["header_Event"] == "Hangup"


@pytest.mark.parametrize(
    ("value", "word"),
    [(b"text", "bytes"), (None, "None"), ({"a": "b"}, "dict"), ([["a"]], "list"), (1j, "complex")],
)
def test_what_is_no_text_is_refused_in_one_line(value, word):
    with pytest.raises(ConfError, match=rf"Val of the action DBPut is {word}: write text"):
        encode({"Action": "DBPut", "Val": value})


def test_a_number_of_numpy_is_a_number():
    assert b"Val: 5\r\n" in encode({"Action": "DBPut", "Val": np.int64(5)})  # type: ignore[dict-item]


@pytest.mark.parametrize("bad", ["\r\n", "\0", "\ud800"])
def test_a_password_that_cannot_be_sent_is_in_no_error(bad):
    secret = Secret(f"hunter2{bad}")
    with pytest.raises(UnsafeText) as caught:
        encode({"Action": "Login", "Secret": secret, "Events": "on"})
    assert not shown(caught.value, "hunter2")
