"""Whatever a callback raises is that callback's alone, and a thread that ends says so."""

import logging
import sys
from unittest.mock import Mock

import pytest

import ast_notebook
from ast_notebook.ami import Secret, Session, Settings
from ast_notebook.callbacks.cell import Cell
from ast_notebook.callbacks.worker import Worker
from ast_notebook.errors import ConfError
from ast_notebook.live import Watch
from ast_notebook.panel.publisher import Publisher
from tests.support.fake_manager import FakeManager
from tests.support.waiting import eventually


def settings(fake):
    return Settings(port=fake.port, username="admin", password=Secret("secret"), timeout=5)


def leaves(error):
    def function(*_):
        raise error

    return function


def test_what_a_callback_changes_in_an_event_no_other_sees():
    seen = []
    with (
        FakeManager() as fake,
        ast_notebook.connect("127.0.0.1", fake.port, username="admin", password="secret") as sh,
    ):

        @sh.ast.on("Hangup")
        def spoil(event):
            event.headers.clear()

        @sh.logic("spoil", userevent="Call")
        def spoil_too(trigger):
            trigger["event"].headers.clear()

        @sh.ast.on("*")
        def look(event):
            seen.append((event.name, event.get_header("Cause")))

        for number in range(20):
            fake.clients[-1].raw(f"Event: Hangup\r\nCause: {number}\r\n\r\n".encode())
            fake.clients[-1].raw(
                f"Event: UserEvent\r\nUserEvent: Call\r\nCause: {number}\r\n\r\n".encode()
            )
        eventually(lambda: ("UserEvent", "19") in seen)
    assert [one for one in seen if one[0] in ("Hangup", "UserEvent")] == [
        (name, str(number)) for number in range(20) for name in ("Hangup", "UserEvent")
    ]


ERRORS = [SystemExit(1), KeyboardInterrupt(), GeneratorExit(), ValueError("x")]


@pytest.mark.parametrize("error", ERRORS, ids=repr)
def test_the_next_events_are_handed_out(error, caplog):
    heard = []
    with FakeManager() as fake, Session(settings(fake)).connect() as session:
        session.register_event("One", leaves(error))
        session.register_event("*", lambda event, session: heard.append(event.name))
        session.ask({"Action": "Ping"}, then=leaves(error)).wait()
        fake.clients[-1].raw(b"Event: One\r\n\r\nEvent: Two\r\n\r\n")
        eventually(lambda: "Two" in heard)
        assert session.counts["failed"] == 2
        assert session.connected()
    assert "a function registered for One raised" in caplog.text


@pytest.mark.parametrize("error", ERRORS, ids=repr)
def test_the_reader_survives_what_records_its_events(error):
    heard = []
    with FakeManager() as fake:
        session = Session(settings(fake), recorder=leaves(error))
        session.register_event("One", lambda event, session: heard.append(1))
        with session.connect():
            fake.clients[-1].raw(b"Event: One\r\n\r\n")
            eventually(lambda: heard)
            assert session.counts["unrecorded"] == 1


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_session_whose_dispatcher_ends_is_closed_aloud(caplog, monkeypatch):
    with FakeManager() as fake, Session(settings(fake)).connect() as session:
        monkeypatch.setattr(session._dispatcher, "_callback_failed", leaves(RuntimeError()))
        session.register_event("One", leaves(ValueError()))
        with caplog.at_level(logging.CRITICAL):
            fake.clients[-1].raw(b"Event: One\r\n\r\n")
            eventually(lambda: session.closed)
        eventually(lambda: not session.connected())
        assert "hands events out has ended" in caplog.text


class OddCell(Cell):
    """A cell of a kernel that cannot be entered, and shows no errors."""

    def enter(self):
        raise LookupError("no parent header")

    def show_error(self, error, name):
        sys.exit(1)


def test_a_worker_goes_on_whatever_its_cell_raises(caplog):
    done = []

    def function(number):
        done.append(number)
        raise ValueError(number)

    worker = Worker("odd", function, cell=OddCell())
    for number in range(3):
        worker.put(number)
    eventually(lambda: worker.done == 3)
    worker.stop()
    assert done == [0, 1, 2]
    assert worker.failed == 4  # the cell's own once, and each call's


class Leaving:
    """A panel whose items have values that leave when they are shown."""

    calls = 0

    def publish(self):
        self.calls += 1
        sys.exit(1)


@pytest.mark.parametrize("panels", [1, 2])
def test_the_publisher_goes_on_whatever_a_panel_raises(panels, caplog):
    publisher = Publisher()
    leaving = [Leaving() for _ in range(panels)]
    for one in leaving:
        publisher.add(one)
    eventually(lambda: all(one.calls for one in leaving))
    for one in leaving:
        publisher.wake(one)
    eventually(lambda: all(one.calls > 1 for one in leaving))
    for one in leaving:
        publisher.remove(one)
    assert "could not be brought up to date" in caplog.text


def test_one_who_watches_a_device_and_leaves_harms_no_other():
    watch = Watch("30", leaves(SystemExit()), lambda _: None)
    watch.see(True)
    assert watch.value is True


@pytest.mark.parametrize("names", [(5,), (None,), ("",), (["Hangup", 5],), (b"Hangup",)])
def test_what_names_no_event_is_refused_before_anything_is_bound(names) -> None:
    with FakeManager() as fake:
        connected = ast_notebook.connect("127.0.0.1", fake.port, username="a", password="secret")
        with connected as sh:
            with pytest.raises(ConfError, match="events are named by texts"):
                sh.ast.on(*names)(print)
            with pytest.raises(ConfError, match="events are named by texts"):
                sh.ast.on("Hangup", userevents=names)
            for none in (None, "tell"):
                with pytest.raises(ConfError, match="a function is called at an event"):
                    sh.ast.on("Hangup")(none)
            assert sh.ast.callbacks == {}


def test_a_list_of_names_is_taken_as_the_names_in_it() -> None:
    heard = []
    with FakeManager() as fake:
        connected = ast_notebook.connect("127.0.0.1", fake.port, username="a", password="secret")
        with connected as sh:
            sh.ast.on(["Hangup", "Newchannel"], "Hold")(lambda event: heard.append(event.name))
            for name in ("Newchannel", "Hangup", "Hold", "Unhold", "Newchannel"):
                fake.clients[-1].send(f"Event: {name}", "Channel: SIP/1-1", "Uniqueid: 1.1")
            eventually(lambda: len(heard) == 4)
    assert heard == ["Newchannel", "Hangup", "Hold", "Newchannel"]


def test_what_goes_wrong_while_a_pbx_is_closed_leaves_nothing_open(tmp_path) -> None:
    with FakeManager() as fake:
        connected = ast_notebook.connect("127.0.0.1", fake.port, username="a", password="secret")
        pbx = connected.ast
        archive = pbx.record.to(tmp_path)
        pbx.on("Hangup")(lambda event: None)
        pbx.off = Mock(side_effect=RuntimeError("no"))
        with pytest.raises(RuntimeError, match="no"):
            connected.close()
        assert archive.is_closed
        assert pbx.session.closed
        assert len(pbx.events) >= 0
