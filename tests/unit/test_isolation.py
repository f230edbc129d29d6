"""Whatever one binding raises is that binding's alone: counted, shown, and no other notices."""

import threading
from functools import partial

import pytest

import ast_notebook
from ast_notebook.ami import Event
from ast_notebook.bindings.item import state_of
from ast_notebook.bindings.logic import Logic, Logics
from ast_notebook.bindings.tree import Items
from ast_notebook.callbacks.cell import Cell
from ast_notebook.callbacks.worker import Worker
from ast_notebook.errors import ConfError
from ast_notebook.magics.smarthome import _logics_frame
from tests.support.fake_pbx import Pbx
from tests.support.waiting import eventually

RING = Event({"Event": "UserEvent", "UserEvent": "Ring"}, "UserEvent")


@pytest.fixture
def items():
    items = Items()
    yield items
    items.close()


@pytest.fixture
def pbx(items):
    pbx = Pbx(items)
    yield pbx
    pbx.close()


@pytest.fixture
def logics():
    logics = Logics()
    yield logics
    logics.close()


class Evil:
    """Is neither true nor false."""

    def __bool__(self):
        raise SystemError("evil")


@pytest.mark.parametrize(
    ("attribute", "value"), [("enabled", Evil()), ("wants", None), ("start", None)]
)
def test_a_logic_that_fails_at_being_chosen_holds_up_no_other(logics, attribute, value):
    ran = []
    for name in ("before", "evil", "after"):
        logics.add(Logic(name, partial(ran.append, name), sh=None, userevent="Ring"))
    setattr(logics["evil"], attribute, value)
    for _ in range(2):
        logics.start(RING, "ast", first=True)
    eventually(lambda: sorted(ran) == ["after", "after", "before", "before"])
    row = next(row for row in logics.status() if row.name == "evil")
    assert row.failed == 2
    assert row.last_error.startswith(("SystemError: evil", "TypeError"))
    frame = _logics_frame(logics).set_index("logic")
    assert frame.loc["evil", "failed"] == 2
    assert frame.loc["evil", "last_error"] == row.last_error


def test_what_starts_a_logic_is_names_whenever_it_is_set(logics):
    logic = logics.add(Logic("one", lambda: None, sh=None, userevent="Ring"))
    logic.userevent, logic.dest = "Bell", ["A", "B"]
    assert (logic.userevent, logic.dest) == (("Bell",), ("A", "B"))
    assert logic.wants("bell", "b")
    for wrong in (5, [None], [["A"]]):
        with pytest.raises(ConfError, match="neither a name nor a list of names"):
            logic.dest = wrong
        with pytest.raises(ConfError, match="neither a name nor a list of names"):
            logic.userevent = wrong
    assert logic.wants("bell", "b")


def test_a_thread_that_cannot_be_had_costs_only_its_binding(logics, monkeypatch, caplog):
    start = threading.Thread.start

    def refuse(thread):
        if thread.name == "ast-call-one":
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", refuse)
    ran = []
    for name in ("one", "two"):
        logics.add(Logic(name, partial(ran.append, name), sh=None, userevent="Ring"))
    logics.start(RING, "ast", first=True)
    eventually(lambda: ran == ["two"])
    assert (logics["one"].worker.failed, logics["one"].worker.waiting) == (1, 1)
    assert "can't start new thread" in logics["one"].worker.last_error
    monkeypatch.setattr(threading.Thread, "start", start)
    logics.start(RING, "ast", first=True)
    eventually(lambda: sorted(ran) == ["one", "one", "two", "two"])


def test_a_cell_that_cannot_be_entered_ends_no_worker(caplog):
    class Broken(Cell):
        __slots__ = ()

        def enter(self):
            raise OSError("no such cell")

        def show_error(self, error, name):
            raise SystemExit

    ran = []

    def run(number):
        ran.append(number)
        if number == 1:
            raise ValueError

    worker = Worker("broken", run, cell=Broken())
    for number in range(3):
        worker.put(number)
    eventually(lambda: ran == [0, 1, 2])
    assert worker.failed == 2
    worker.stop()


class Unwritable:
    def __str__(self):
        raise ZeroDivisionError("no text")


def test_a_value_that_cannot_be_written_keeps_nobody_from_hearing_of_it(items, pbx, caplog):
    items.load({"x": {"type": "foo", "ast_db": "a/b"}})
    item, heard = items.return_item("x"), []
    item.on_change(heard.append)
    item(Unwritable())
    eventually(lambda: heard == [item])
    (row,) = pbx.binder.status()
    assert (row.failed, row.last_error) == (1, "ZeroDivisionError: no text")
    item("text")
    eventually(lambda: pbx.session.database == {"a/b": "text"})


def test_an_item_that_cannot_take_what_a_device_says_holds_up_no_other(items, pbx, caplog):
    items.load({name: {"type": "bool", "ast_dev": "22"} for name in ("a", "b")})
    state = state_of(items.return_item("a"))
    del state.lock
    pbx.live.tell("22", True)
    assert items.return_item("b")() is True
    (row,) = pbx.binder.status()
    assert (row.name, row.kind, row.failed) == ("a: 22", "ast_dev", 1)
    assert "lock" in row.last_error
    state.lock = threading.RLock()


def test_an_item_that_cannot_be_tied_keeps_no_other_from_it(items, pbx, caplog, monkeypatch):
    watch = pbx.live.watch_device

    def refuse(device, changed):
        if device == "22":
            raise OSError("not this one")
        return watch(device, changed)

    monkeypatch.setattr(pbx.live, "watch_device", refuse)
    items.load({"a": {"type": "bool", "ast_dev": "22", "ast_db": "a/b"}})
    items.load({"b": {"type": "bool", "ast_dev": "23"}})
    pbx.live.tell("23", True)
    assert items.return_item("b")() is True
    items.return_item("a")(True)
    eventually(lambda: pbx.session.database == {"a/b": "1"})
    kinds = {row.kind: row for row in pbx.binder.status()}
    assert kinds["ast_dev"].last_error == "OSError: not this one"
    items.remove("a")
    assert pbx.binder.status() == []


def test_an_entry_that_cannot_be_resumed_keeps_no_other_from_it(items, pbx, caplog, monkeypatch):
    items.load({name: {"type": "num", "ast_db": f"x/{name}"} for name in ("a", "b")})
    pbx.session.lose()
    for name in ("a", "b"):
        items.return_item(name)(5)
    ask = pbx.session.ask

    def refuse(action, **options):
        if action["Key"] == "a":
            raise OSError("not this one")
        return ask(action, **options)

    monkeypatch.setattr(pbx.session, "ask", refuse)
    pbx.session.restore()
    eventually(lambda: pbx.session.database == {"x/b": "5"})
    assert sum(row.failed for row in pbx.binder.status()) == 1


def test_an_item_that_cannot_be_unbound_keeps_no_other_bound(items, pbx, caplog, monkeypatch):
    items.load({name: {"type": "bool", "ast_dev": name} for name in ("a", "b")})
    first = next(iter(pbx.live.watches))
    monkeypatch.setattr(first, "close", None)
    pbx.binder.close()
    assert list(pbx.live.watches) == [first]
    assert "could not be unbound" in caplog.text


def test_a_pbx_that_cannot_be_closed_keeps_nothing_else_open(monkeypatch):
    sh, closed = ast_notebook.SmartHome(), []

    def disconnect(name):
        closed.append(name)
        if name == "ast":
            raise OSError("not this one")

    sh._pbxs.update(ast=None, berlin=None)  # type: ignore[call-overload]
    object.__setattr__(sh, "disconnect", disconnect)
    monkeypatch.setattr(sh._logics, "close", lambda: closed.append("logics"))
    monkeypatch.setattr(sh._items, "close", lambda: closed.append("items"))
    with pytest.raises(OSError, match="not this one"):
        sh.close()
    assert closed == ["ast", "berlin", "logics", "items"]
