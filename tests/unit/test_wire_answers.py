"""Answers that end oddly, without an end or never, and what comes behind them."""

import threading
import time

import pytest

from ast_notebook.ami import answer
from ast_notebook.ami.framer import Framer
from ast_notebook.ami.message import parse
from ast_notebook.errors import AnswerTimeout
from tests.support.fake_manager import FakeManager, obliging
from tests.support.sessions import opened
from tests.support.waiting import eventually, stays


def scripted(**answers):
    """Answer the actions named as they say, where %ID% is the ActionID, and all others with yes."""

    def script(client, action):
        text = answers.get(action["Action"])
        if text is None:
            obliging(client, action)
        else:
            client.raw(text.replace("%ID%", action["ActionID"]).encode())

    return FakeManager(script)


RESPONSE = "Response: Success\r\nActionID: %ID%\r\n"
START = f"{RESPONSE}EventList: start\r\nMessage: it will follow\r\n\r\n"
ENTRY = "Event: Entry\r\nActionID: %ID%\r\nX: 1\r\n\r\n"
END = "Event: EntryComplete\r\nActionID: %ID%\r\nEventList: Complete\r\nListItems: 1\r\n"


# --- odd line ends -------------------------------------------------------------------------------


@pytest.mark.parametrize("end", ["\n", "\n\n", "\n\r\n"])
@pytest.mark.parametrize("pieces", [1, 3, 1000])
def test_an_odd_end_of_a_list_loses_nothing_that_follows(end, pieces):
    data = (START + ENTRY + END + "\n" + "Event: Hangup\r\nUniqueid: 1\r\n\r\n").encode()
    data = data.replace(b"ListItems: 1\r\n\n", b"ListItems: 1\r\n" + end.encode())
    framer = Framer()
    size = len(data) // pieces or 1
    texts = [
        text
        for first in range(0, len(data), size)
        for text in framer.feed(data[first : first + size])
    ]
    assert [parse(text).name for text in texts] == ["", "Entry", "EntryComplete", "Hangup"]


def test_a_list_with_an_odd_end_is_answered_at_once_and_the_next_event_is_heard():
    heard = []
    with scripted(List=START + ENTRY + END + "\n") as fake, opened(fake) as session:
        session.register_event("Hangup", lambda event, session: heard.append(event["Uniqueid"]))
        began = time.monotonic()
        assert [one["X"] for one in session.request({"Action": "List"})] == ["1"]
        assert time.monotonic() - began < 3
        fake.clients[-1].send("Event: Hangup", "Uniqueid: 1.2")
        assert eventually(lambda: heard) == ["1.2"]


def test_an_event_with_an_odd_end_is_heard_though_nothing_follows():
    heard = []
    with scripted() as fake, opened(fake) as session:
        session.register_event("Odd", lambda event, session: heard.append(event["X"]))
        fake.clients[-1].raw(b"Event: Odd\r\nX: 1\r\n\n")
        assert eventually(lambda: heard) == ["1"]


def test_a_bare_line_feed_between_two_headers_loses_neither():
    data = (
        b"Event: Agents\r\nAgent: 1001\r\nStatus: AGENT_ONCALL\r\nCallStarted: 1715072400\n"
        b"LoggedInTime: 1715070000\r\n\nUniqueid: 1.2\r\n\r\nEvent: Next\r\n\r\n"
    )
    agent, following = map(parse, Framer().feed(data))
    assert (agent["CallStarted"], agent["LoggedInTime"]) == ("1715072400", "1715070000")
    assert (agent["Uniqueid"], following.name) == ("1.2", "Next")


def test_line_feeds_inside_of_a_value_stay_there():
    (event,) = map(
        parse, Framer().feed(b"Event: Newexten\r\nAppData: X=1\nA: b\n\nEvent: c\r\n\r\n")
    )
    assert event["AppData"] == "X=1\nA: b\n\nEvent: c"
    assert event.name == "Newexten"


# --- answers without an end ----------------------------------------------------------------------

WILL_FOLLOW = f"{RESPONSE}Message: FAXStats event will follow\r\n\r\n"
ONE = "Event: FAXStats\r\nActionID: %ID%\r\nCurrentSessions: 3\r\n\r\n"


@pytest.mark.parametrize("text", [WILL_FOLLOW + ONE, WILL_FOLLOW, WILL_FOLLOW + ONE + ONE])
def test_what_ends_without_a_word_is_over_when_the_next_action_is_answered(text):
    with scripted(FAXStats=text) as fake, opened(fake) as session:
        found = session.request({"Action": "FAXStats"})
        assert [one["CurrentSessions"] for one in found] == ["3"] * text.count("Event: ")


def test_a_server_of_which_every_answer_is_a_list_is_not_asked_without_end():
    lists = f"{RESPONSE}Message: Things will follow\r\n\r\n"
    with scripted(FAXStats=lists, Ping=lists) as fake, opened(fake, keepalive=60) as session:
        for _ in range(3):
            assert not session.request({"Action": "FAXStats"}).events
        assert fake.names().count("Ping") == 3
        assert not len(session._actions)


def test_the_answer_comes_in_its_place_among_the_events():
    order = []
    text = WILL_FOLLOW + ONE + "Event: Later\r\n\r\n"
    with scripted(FAXStats=text) as fake, opened(fake) as session:
        session.register_event("*", lambda event, session: order.append(event.name))
        session.ask({"Action": "FAXStats"}, then=lambda _: order.append("then"))
        eventually(lambda: "then" in order)
    assert order.index("FAXStats") < order.index("then")


# --- answers that nobody waits for any more -------------------------------------------------------


def test_what_nobody_waits_for_is_dropped_and_counted():
    flowing = threading.Event()

    def script(client, action):
        if action["Action"] != "Endless":
            obliging(client, action)
            return
        client.ok(action, "EventList: start")
        flowing.set()

        def flow():
            while flowing.is_set():
                client.send("Event: Entry", f"ActionID: {action['ActionID']}")
                time.sleep(0.005)

        threading.Thread(target=flow, daemon=True).start()

    heard = []
    with FakeManager(script) as fake, opened(fake) as session:
        session.register_event("Entry", lambda event, session: heard.append(event))
        pending = session.ask({"Action": "Endless"}, timeout=0.3)
        with pytest.raises(AnswerTimeout):
            pending.wait()
        eventually(lambda: session.counts["unclaimed"])
        kept, told = len(pending._events), len(heard)
        assert stays(lambda: (len(pending._events), len(heard)) == (kept, told))
        assert session.request({"Action": "Ping"}).response.ok
        flowing.clear()


def test_who_waits_longer_than_the_session_gets_his_answer():
    def script(client, action):
        if action["Action"] != "Slow":
            obliging(client, action)
            return
        client.ok(action, "EventList: start")
        time.sleep(2.5)
        client.raw((ENTRY + END + "\r\n").replace("%ID%", action["ActionID"]).encode())

    with FakeManager(script) as fake, opened(fake) as session:
        assert len(session.ask({"Action": "Slow"}, timeout=0.2).wait(10)) == 1


def test_a_long_list_that_something_comes_of_is_heard_to_its_end():
    def script(client, action):
        client.ok(action, *(["EventList: start"] if action["Action"] == "Slow" else []))
        if action["Action"] == "Slow":
            for _ in range(6):
                time.sleep(0.5)
                client.raw(ENTRY.replace("%ID%", action["ActionID"]).encode())
            client.raw((END + "\r\n").replace("%ID%", action["ActionID"]).encode())

    answers = []
    with FakeManager(script) as fake, opened(fake) as session:
        session.ask({"Action": "Slow"}, timeout=1.5, then=lambda one: answers.append(one.wait(0)))
        eventually(lambda: answers)
    assert len(answers[0]) == 6


def test_a_list_that_grows_without_end_is_given_up_before_the_time_is_over(monkeypatch):
    monkeypatch.setattr(answer, "LARGEST", 1000)
    with scripted(List=START + ENTRY * 100) as fake, opened(fake) as session:
        with pytest.raises(AnswerTimeout, match="no end"):
            session.request({"Action": "List"})
        assert session.request({"Action": "Ping"}).response.ok
        assert session.counts["unclaimed"] > 50
