"""A PBX that items and logics are tied to: it keeps a database, and says what a test tells it."""

import queue
import threading
from typing import Any, cast

from ast_notebook.ami import Event
from ast_notebook.ami.answer import Pending
from ast_notebook.ami.message import Response
from ast_notebook.bindings.binder import Binder
from ast_notebook.bindings.logic import Logics
from ast_notebook.clock import MACHINE
from ast_notebook.errors import ConnectionLost, UnsafeText


class FakeSession:
    """A session whose Asterisk keeps a database, and whose dispatcher is a real thread."""

    def __init__(self, name="ast"):
        self.name = name
        self.clock = MACHINE
        self.database = {}
        self.written = []
        self.refusal = ""
        self.silent = False
        self.patience = 5.0
        self.up = True
        self.unanswered = []
        self._callbacks = {}
        self._stream = queue.SimpleQueue()
        self._thread = threading.Thread(
            target=self._dispatch, name=f"ast-dispatch-{name}", daemon=True
        )
        self._thread.start()

    def connected(self):
        return self.up

    def register_event(self, event, function):
        self._callbacks.setdefault(event, []).append(function)

    def unregister_event(self, event, function):
        if function in self._callbacks[event]:
            self._callbacks[event].remove(function)

    def ask(self, action, *, then=None, timeout=None):
        if not self.up:
            raise ConnectionLost("no connection")
        key, text = f"{action['Family']}/{action['Key']}", action.get("Val")
        assert (text is None) == (action["Action"] == "DBDel")
        if text and "\n" in text:
            raise UnsafeText("a line break")
        pending = Pending(action["Action"], self.patience, then)
        self.written.append((key, text))
        if self.silent:
            self.unanswered.append(pending)
            return pending
        refusal = self.refusal
        if text is None and self.database.pop(key, None) is None:
            refusal = "Database entry could not be deleted"
        if refusal:
            pending.respond(Response({"Response": "Error", "Message": refusal}, ""))
        else:
            if text is not None:
                self.database[key] = text
            pending.respond(Response({"Response": "Success"}, ""))
        self.finish(pending)
        return pending

    def finish(self, pending, error=None):
        pending.finish(error)
        if pending.then is not None:
            self.on_dispatcher(pending.then, pending)

    def lose(self):
        self.up = False
        for pending in self.unanswered:
            self.finish(pending, ConnectionLost("broke"))
        self.unanswered.clear()

    def restore(self):
        self.up, self.silent = True, False
        self.emit("SessionReady")

    def emit(self, name, **headers):
        for function in list(self._callbacks.get(name, [])):
            self.on_dispatcher(function, Event({"Event": name, **headers}, name), self)

    def on_dispatcher(self, function, *args):
        self._stream.put((function, args))

    def settle(self):
        done = threading.Event()
        self.on_dispatcher(done.set)
        assert done.wait(5)

    def close(self):
        self._stream.put(None)
        self._thread.join()

    def _dispatch(self):
        while (work := self._stream.get()) is not None:
            work[0](*work[1])


class FakeWatch:
    def __init__(self, watches):
        self._watches = watches

    def close(self):
        self._watches.pop(self)


class FakeLive:
    """Tells those who watch a device or mailbox what the test says."""

    def __init__(self, session):
        self.stale = False
        self.watches = {}
        self._session = session

    def watch_device(self, device, changed):
        watch = FakeWatch(self.watches)
        self.watches[watch] = (device, changed)
        return watch

    watch_mailbox = watch_device

    def tell(self, name, value):
        for watched, changed in list(self.watches.values()):
            if watched == name:
                self._session.on_dispatcher(changed, value)
        self._session.settle()


class Pbx:
    def __init__(self, items, name="ast", first=True):
        self.session = FakeSession(name)
        self.live = FakeLive(self.session)
        self.logics = Logics()
        session, live = cast(Any, self.session), cast(Any, self.live)  # which they stand in for
        self.binder = Binder(session, live, items, self.logics, name=name, first=first)

    def close(self):
        self.binder.close()
        self.logics.close()
        self.session.close()
