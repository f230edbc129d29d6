"""What pyst2's `Manager` has, a session has, too, or says clearly that it has not."""

import inspect
import re
import threading
from pathlib import Path

import pytest

import ast_notebook
from ast_notebook.ami import Session, Settings
from ast_notebook.pyst2 import Manager
from tests.support.fake_manager import FakeManager

BY_ITSELF = {"message_loop", "event_dispatch"}
AT_THE_ENDS = {"connect", "login", "logoff", "close"}
ACTIONS = sorted(
    name for name in dir(Manager) if name[0] != "_" and name not in BY_ITSELF | AT_THE_ENDS
)
GIVEN = {
    "send_action": ({"Action": "Ping"},),
    "register_event": ("Hangup", print),
    "unregister_event": ("Hangup", print),
}


def needed(name):
    """What pyst2's method has to be given, as texts."""
    _, *parameters = inspect.signature(getattr(Manager, name)).parameters.values()
    return ["1" for one in parameters if one.default is inspect.Parameter.empty]


@pytest.fixture
def session():
    with FakeManager() as fake, Session(Settings(port=fake.port, username="")) as session:
        assert session.login("admin", "secret").ok
        yield session


@pytest.mark.parametrize("name", ACTIONS)
def test_a_method_of_pyst2s_manager_works(session, name):
    found = getattr(session, name)(*GIVEN.get(name, needed(name)))
    if name == "next_seq":
        assert found != session.next_seq()
    elif name == "connected":
        assert found is True
    elif not name.endswith("_event"):
        assert found["Response"] == "Success"


@pytest.mark.parametrize("name", sorted(BY_ITSELF))
def test_a_loop_that_pyst2_runs_is_refused_in_words(session, name):
    with pytest.raises(NotImplementedError, match="on a thread of its own"):
        getattr(session, name)()


@pytest.mark.parametrize("name", ["logoff", "close"])
def test_who_logs_off_stays_logged_off(session, name):
    getattr(session, name)()
    assert session.closed
    assert not session.connected()
    session.close()


def test_what_pyst2s_manager_has_besides_methods_a_session_has(session):
    attributes = re.findall(r"self\.([a-z]\w*) = ", inspect.getsource(Manager.__init__))
    assert "title" in attributes
    for name in attributes:
        assert getattr(session, name), name
    assert isinstance(session.message_thread, threading.Thread)


def test_one_file_alone_imports_pyst2():
    package = Path(ast_notebook.__file__).parent
    importing = re.compile(r"(^|\W)(import|from) asterisk\b|[\"']asterisk\.manager[\"']", re.M)
    found = [file.name for file in package.rglob("*.py") if importing.search(file.read_text())]
    assert found == ["pyst2.py"]
