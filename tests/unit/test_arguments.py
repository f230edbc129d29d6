"""What is sent as one argument of the dialplan."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ast_notebook.ami.arguments import argument, ordered, variable
from ast_notebook.demo.dialplan import arguments
from ast_notebook.errors import AstError, UnsafeText


@given(st.lists(st.text(), min_size=1))
def test_any_text_is_one_argument(texts: list[str]) -> None:
    assert arguments(",".join(map(argument, texts))) == texts


def test_a_raw_action_is_sent_as_it_is() -> None:
    sent = ordered({"Action": "UserEvent", "Value": "a, ${b}|c"})
    assert sent == {"Action": "UserEvent", "Value": "a, ${b}|c"}


REFUSED = [
    ("Hangup", "Channel", "/.*/"),
    ("MixMonitor", "File", "x.wav,,reboot"),
    ("Redirect", "Exten", "1,2"),
    ("Atxfer", "Context", 'a"b'),
    ("Originate", "CallerID", "${SHELL(reboot)}"),
    ("QueueAdd", "Interface", "PJSIP/1|2"),
    ("QueuePause", "Queue", ""),  # every queue
    ("ConfbridgeKick", "Channel", "all"),
    ("ConfbridgeMute", "Channel", "Participants"),
    ("ConfbridgeUnmute", "Channel", "ALL"),
]


@pytest.mark.parametrize(("name", "header", "text"), REFUSED)
def test_what_is_refused_is_refused_however_the_action_is_written(
    name: str, header: str, text: str
) -> None:
    for value in (text, [text], ["1", text], ("1", text), {text}):
        for one in (name, name.lower(), name.upper()):
            for two in (header, header.lower(), header.upper()):
                with pytest.raises(UnsafeText):
                    ordered({"Action": one, two: value})
    with pytest.raises(UnsafeText):
        ordered({"action": name, header: text})


#: Asterisk reads a value from its first letter on, and takes none of these for a letter.
DROPPED = [" ", "\t", "\x01", "\x1f", " \x01 "]
ASKED = [
    ("Hangup", "Channel", "/.*/"),
    ("QueuePause", "Queue", ""),  # each queue
    ("ConfbridgeKick", "Channel", "all"),
    ("ConfbridgeMute", "Channel", "all"),
    ("MixMonitor", "Channel", "PJSIP/1"),
    ("Originate", "Channel", "PJSIP/1"),
    ("Redirect", "Exten", "1"),
    ("Park", "Parkinglot", "x"),
]


@pytest.mark.parametrize(("name", "header", "text"), ASKED)
@pytest.mark.parametrize("before", DROPPED)
def test_what_asterisk_would_drop_before_a_value_is_refused(
    name: str, header: str, text: str, before: str
) -> None:
    with pytest.raises(UnsafeText, match="begins with"):
        ordered({"Action": name, header: before + text})


def test_a_name_for_people_may_begin_with_a_space() -> None:
    sent = {"Action": "QueueAdd", "Queue": "s", "Interface": "PJSIP/1", "MemberName": " Anna"}
    assert ordered(sent) == sent
    sent = {"Action": "Originate", "Channel": "PJSIP/1", "CallerID": " <30>", "Data": " x"}
    assert ordered(sent) == sent


def test_a_list_of_texts_is_written_safely_one_by_one() -> None:
    sent = ordered({"Action": "MixMonitor", "File": ["a(1).wav", "b.wav"]})
    assert sent["File"] == ["a\\(1\\).wav", "b.wav"]


def test_a_function_may_be_set_as_a_variable() -> None:
    assert variable("CALLERID(name)", "Smith, J") == "CALLERID(name)=Smith\\, J"


def test_refusals_are_of_our_own_tree() -> None:
    assert issubclass(UnsafeText, AstError)
