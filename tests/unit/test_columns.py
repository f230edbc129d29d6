"""What functions say of the columns of their frames is so."""

import inspect
import re

import pytest

from ast_notebook.asterisk import Asterisk
from ast_notebook.calls import agent_pauses, agent_sessions, from_events, legs, visits
from ast_notebook.calls.history.result import History
from ast_notebook.recording import Record

NOON = 1_795_435_200_000_000


def said(function):
    """The columns that a docstring names, each with its kind in pandas."""
    text = re.sub(r"\s+", " ", inspect.getdoc(function) or "")
    listed = re.findall(r"- (\w+(?:\[[^\]]+\])?)[^:`]*: ``([\w ]+)``", text)
    return {name: kind for kind, names in listed for name in names.split()}


def explained(function):
    """What a docstring puts into its sentences, beside the list of columns."""
    text = re.sub(r"- \S+[^:`]*: ``[^`]+``", "", inspect.getdoc(function) or "")
    return set(re.findall(r"``(\w+)``", text))


@pytest.fixture(scope="module")
def record():
    record = Record("ast")
    call = "Channel: PJSIP/200-00000001\r\nUniqueid: 1795435200.1\r\nLinkedid: 1795435200.1"
    queue = "Queue: support\r\nInterface: PJSIP/200\r\nMemberName: Office\r\nPaused: 1"
    texts = [
        f"Event: Newchannel\r\n{call}\r\nCallerIDNum: 200",
        f"Event: QueueCallerJoin\r\n{call}\r\nQueue: support\r\nPosition: 1",
        f"Event: QueueMemberPause\r\n{queue}",
        f"Event: Hangup\r\n{call}\r\nCause: 16",
    ]
    for place, text in enumerate(texts):
        record.add([text], NOON + place)
    return record


def kinds(frame):
    return {name: str(kind) for name, kind in frame.dtypes.items()}


@pytest.mark.parametrize("function", [from_events, legs, visits, agent_sessions, agent_pauses])
def test_a_docstring_has_every_column_with_its_kind(function, record):
    frame = function(record.frame())
    assert len(frame) == 1
    assert said(function) == kinds(frame)


def test_the_docstring_of_the_events_has_the_columns_that_are_always_there(record):
    first = record.frame(events=["Nothing"]).columns
    assert said(Record.frame) == {name: kinds(record.frame())[name] for name in first}
    assert list(record.frame().columns[: len(first)]) == list(first)


@pytest.mark.parametrize("function", [from_events, visits])
def test_what_a_column_means_is_told(function):
    plain = {"server", "queue", "source"} if function is visits else set()
    assert set(said(function)) - explained(function) <= plain


@pytest.mark.parametrize(
    ("function", "told_by"),
    [
        (Asterisk.calls, "from_events"),
        (Asterisk.visits, "calls.visits"),
        (Asterisk.events, "Record.frame"),
        (History, "calls frame"),
        (History, "agent_sessions"),
    ],
)
def test_what_gives_the_same_frame_says_where_its_columns_are_told_of(function, told_by):
    assert told_by in (inspect.getdoc(function) or "")


def test_a_column_that_is_not_told_of_is_seen():
    def one():
        """Return.

        - str: ``call
          server``
        - float64, in seconds: ``wait``
        """

    assert said(one) == {"call": "str", "server": "str", "wait": "float64"}
