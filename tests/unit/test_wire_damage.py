"""What came twice or without its end is counted; what a dialplan sends is not taken for it."""

import logging
from collections import Counter

import pytest

from ast_notebook.ami import Secret, Session, Settings, pauses
from ast_notebook.ami.message import OWN
from ast_notebook.errors import AnswerTimeout, LoginRefused
from ast_notebook.magics.status import ODD
from tests.support.fake_manager import FakeManager, obliging
from tests.support.waiting import eventually

NEWS = "Event: News\r\nPrivilege: call,all\r\nTimestamp: 1795901935.123456\r\nNumber: 1\r\n\r\n"
USER = "Event: UserEvent\r\nPrivilege: user,all\r\nUserEvent: Call\r\nNumber: 1\r\n\r\n"


def hearing(fake, **more):
    texts, names = [], []
    settings = Settings(port=fake.port, username="admin", password=Secret("x"), timeout=5, **more)
    session = Session(settings, recorder=lambda some, received: texts.extend(some))
    session.register_event("*", lambda event, session: names.append(event.name))
    session.connect()
    return session, texts, names


def told(*messages):
    """Return what a session makes of messages: their texts, its counts, and the events heard."""
    with FakeManager() as fake:
        session, texts, names = hearing(fake)
        with session:
            for message in (*messages, "Event: Last\r\n\r\n"):
                fake.clients[-1].raw(message.encode())
            eventually(lambda: "Last" in names)
            return texts[:-1], Counter(session.counts), names


@pytest.mark.parametrize("way", ["at once", "apart"])
def test_an_event_that_came_twice_counts_once_where_asterisk_says_when_it_was(way, caplog):
    texts, counts, names = told(*([NEWS * 3] if way == "at once" else [NEWS] * 3))
    assert len(texts) == 1
    assert counts["repeated"] == 2
    assert names.count("News") == 1
    assert caplog.text.count("an event came twice, and counts once") == 1


@pytest.mark.parametrize("between", ["", NEWS.replace("Number: 1", "Number: 2")])
def test_what_may_have_happened_twice_is_kept_twice(between):
    event = NEWS if between else NEWS.replace("Timestamp: 1795901935.123456\r\n", "")
    texts, counts, _ = told(event + between + event)
    assert len(texts) == 2 + bool(between)
    assert counts["repeated"] == 0


def test_a_timestamp_of_the_dialplans_own_tells_nobody_that_an_event_came_twice():
    sent = USER[:-2] + "Timestamp: 1795901935.123456\r\n\r\n"
    texts, counts, names = told(sent * 5)
    assert (len(texts), names.count("UserEvent"), counts["repeated"]) == (5, 5, 0)


@pytest.mark.parametrize(
    "messages",
    [
        NEWS[:-4] + "\r\n" + NEWS.replace("1\r\n", "2\r\n"),
        NEWS[:-12] + NEWS,
        NEWS[:30] + USER,
        USER[:-12] + USER,
        USER[:-4] + "\r\n" + NEWS,
        "Response: Success\r\nActionID: 1\r\nMess" + NEWS,
    ],
    ids=["line end", "value", "privilege", "user event", "event behind one", "answer"],
)
def test_a_message_that_another_one_is_stuck_to_is_counted_and_all_is_asked_anew(messages, caplog):
    _, counts, names = told(messages)
    assert counts["garbled"] == 1
    assert "SessionOverflow" in names
    assert "not as Asterisk sends it" in caplog.text


@pytest.mark.parametrize(
    "message",
    [
        USER,
        NEWS,
        USER[:-2] + "Privilege: mine\r\nEvent: mine\r\n\r\n",
        NEWS[:-2] + "ChanVariable: a=1\r\nChanVariable: b=2\r\n\r\n",
        "Response: Follows\r\nPrivilege: Command\r\nsaid\r\n--END COMMAND--\r\n\r\n",
    ],
)
def test_what_is_only_odd_is_not_garbled(message):
    assert told(message)[1]["garbled"] == 0


@pytest.mark.parametrize("name", sorted(OWN))
def test_an_event_of_our_own_name_is_not_taken_from_the_wire(name):
    texts, counts, names = told(f"Event: {name}\r\nSeconds: 1\r\n\r\n{NEWS}")
    assert counts["garbled"] == 1
    assert len(texts) == 1
    assert names.count(name) <= (name in ("SessionReady", "SessionOverflow"))
    assert {"News", "SessionOverflow"} < set(names)


def test_what_is_neither_event_nor_answer_is_counted_and_all_is_asked_anew():
    _, counts, names = told(f"{NEWS}Priority: 1\r\nUniqueid: 1.1\r\n\r\n")
    assert (counts["garbled"], counts["unmatched"]) == (1, 0)
    assert "SessionOverflow" in names


def test_an_event_called_like_all_events_is_told_once():
    _, _, names = told("Event: *\r\nNumber: 1\r\n\r\n")
    assert names.count("*") == 1


def test_an_answer_stuck_to_an_event_is_not_waited_for_without_end():
    def stuck(client, action):
        if action["Action"] == "Status":
            client.raw(f"{NEWS[:-4]}Response: Success\r\nActionID: x\r\n\r\n".encode())
        else:
            obliging(client, action)

    with FakeManager(stuck) as fake, hearing(fake)[0] as session, pytest.raises(AnswerTimeout):
        session.request({"Action": "Status"}, timeout=0.2)


class InUse:
    """A manager that lets nobody in twice, and does not notice that a connection is gone."""

    def __init__(self):
        self.is_in_use = False

    def __call__(self, client, action):
        if action["Action"] == "Login" and self.is_in_use:
            answer = ["Response: Error", "Message: Login Already In Use"]
            client.send(*answer, ActionID=action["ActionID"])
        else:
            obliging(client, action)


def test_a_login_in_its_own_way_is_tried_soon_and_told_once(caplog, monkeypatch):
    monkeypatch.setattr(pauses, "FIRST", 0.1)
    monkeypatch.setattr(pauses, "SPREAD", 0.1)
    script = InUse()
    with FakeManager(script) as fake, hearing(fake)[0] as session:
        script.is_in_use = True
        with caplog.at_level(logging.WARNING):
            fake.drop()
            eventually(lambda: session.counts["tries"] >= 3)
        assert caplog.text.count("logged in already") == 1
        assert "sh.ast.reconnect() tries at once" in session.last_error
        script.is_in_use = False
        eventually(session.connected)
        script.is_in_use = True
        with pytest.raises(LoginRefused) as caught:
            hearing(fake)
        assert caught.value.is_in_use


def test_whatever_is_odd_has_words_in_the_status():
    assert {"repeated", "garbled", "torn", "unrecorded", "unmatched"} <= set(ODD)


@pytest.mark.parametrize("more", [NEWS.replace("Number: 1", "Number: 2"), ""])
def test_what_follows_a_commands_output_without_its_end_is_heard(more, caplog):
    begun = "Response: Follows\r\nPrivilege: Command\r\nActionID: 9\r\nsome output\r\n\r\n"
    names = []
    with FakeManager() as fake:
        settings = Settings(port=fake.port, username="admin", password=Secret("x"), timeout=1)
        with Session(settings).connect() as session:
            session.register_event("News", lambda event, session: names.append(event["Number"]))
            fake.clients[-1].raw((begun + NEWS).encode())
            eventually(lambda: session.counts["endless"] or fake.clients[-1].raw(more.encode()))
            eventually(lambda: "1" in names)
            assert session.connected()
            assert session.counts["endless"] == 1
    assert "the end of a command's output did not come" in caplog.text
