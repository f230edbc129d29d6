"""What is up on a scripted PBX."""

import contextlib
import itertools
import threading

from ast_notebook.ami import Secret, Session, Settings
from ast_notebook.live import Live
from tests.support.waiting import eventually


def connected(pbx, archive=lambda: None, **more):
    session = Session(
        Settings(port=pbx.port, username="admin", password=Secret("secret"), timeout=10, **more)
    )
    live = Live(session, archive=archive)
    session.connect()
    return session, live


@contextlib.contextmanager
def living(pbx, **more):
    session, live = connected(pbx, **more)
    with session:
        eventually(live.primed.is_set)
        yield session, live


@contextlib.contextmanager
def dispatching_later(pbx, session):
    """Dispatch the events that come meanwhile only afterwards."""
    waits, goes_on = threading.Event(), threading.Event()

    def hold(*_):
        waits.set()
        goes_on.wait(30)

    session.register_event("Hold", hold)
    pbx.clients[-1].send("Event: Hold", "Privilege: user,all")
    eventually(waits.is_set)
    try:
        yield
    finally:
        goes_on.set()


def names(live):
    return sorted(row["channel"] for row in live.tables["channels"].rows().values())


class Channels:
    """A manager's script: lists channels, and tells of what becomes of them."""

    def __init__(self):
        self.up = {}
        self.ids = itertools.count(2)
        self.questions = []
        self.hold = threading.Event()
        self.hold.set()
        self.amid = lambda client: None

    def __call__(self, client, action):
        if action["Action"] == "CoreShowChannels":
            self.questions.append(action)
            self.hold.wait(10)
            client.ok(action, "EventList: start")
            for uniqueid, more in list(self.up.items()):
                client.send("Event: CoreShowChannel", self.key(action), *self.lines(uniqueid, more))
            self.amid(client)
            client.send("Event: CoreShowChannelsComplete", self.key(action), "EventList: Complete")
        elif action["Action"] == "MailboxCount":
            client.ok(action, "NewMessages: 2", "UrgMessages: 1", "OldMessages: 4")
        elif action["Action"] in ("Login", "Ping"):
            client.ok(action)
        elif action["Action"] != "Logoff":
            client.send("Response: Error", self.key(action), "Message: no such thing here")

    def key(self, action):
        return f"ActionID: {action['ActionID']}"

    def lines(self, uniqueid, more):
        return [f"{key}: {value}" for key, value in {"Uniqueid": uniqueid, **more}.items()]

    def start(self, client, device, linkedid=None):
        uniqueid = f"1.{next(self.ids)}"
        more = {"Channel": f"{device}-{uniqueid}", "Linkedid": linkedid or uniqueid}
        self.up[uniqueid] = more
        client.send("Event: Newchannel", *self.lines(uniqueid, more))
        return uniqueid

    def end(self, client, uniqueid):
        more = self.up.pop(uniqueid)
        client.send("Event: Hangup", *self.lines(uniqueid, more))
