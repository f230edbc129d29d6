"""What would have been sent to Asterisk is held back in a replay, and told."""

import contextlib
import inspect
import socket

import pandas as pd
import pytest

import ast_notebook
from ast_notebook import (
    ActionRefused,
    AstError,
    ChannelGone,
    ConfError,
    KeyMissing,
    NotRecorded,
    UnsafeText,
)
from ast_notebook.asterisk import Asterisk
from ast_notebook.replay import compare
from ast_notebook.replay.session import ReplaySession
from tests.support.days import NOON, bell, channel, event, frame

DAY = (
    channel(0, "Newchannel", "PJSIP/200"),
    event(0.5, "DBGetResponse", Family="dnd", Key="hall", Val="1", ActionID="ast-0-9"),
    bell(1, "first"),
    bell(6, "second"),
    channel(9, "Hangup", "PJSIP/200", Cause=16),
)


@pytest.fixture
def sh():
    with ast_notebook.replay(frame(*DAY)) as sh:
        yield sh


def seconds(orders):
    return [time.timestamp() - NOON for time in orders["time"]]


def test_orders_tell_when_who_and_what(sh):
    sh.load_items({"office": {"type": "bool", "ast_dev": "200", "ast_db": "in/use"}})

    @sh.logic("door", userevent="Bell")
    def ring(trigger):
        sh.ast.call("PJSIP/300", "240", "door", variables={"value": trigger["value"]})

    @sh.ast.on("Hangup")
    def pause(event):
        sh.ast.queue_pause("support", "PJSIP/200", True)

    @sh.office.on_change
    def tell(item):
        sh.ast.db_write("told/office", item())

    orders = sh.run()
    sh.ast.action("Reload", Module="app_queue")
    found = sh.ast.orders
    assert len(found) == len(orders) + 1
    told = set(zip(seconds(found), found["by"], found["action"], strict=True))
    assert told == {
        (0.0, "item office", "DBPut"),
        (0.0, "item office:tell", "DBPut"),
        (1.0, "logic door", "Originate"),
        (6.0, "logic door", "Originate"),
        (9.0, "item office", "DBPut"),
        (9.0, "item office:tell", "DBPut"),
        (9.0, "callback pause", "QueuePause"),
        (9.0, "cell", "Reload"),
    }
    first = found[found["action"] == "Originate"]["fields"].iloc[0]
    assert (first["Channel"], first["Exten"]) == ("PJSIP/300", "240")
    assert "value=first" in first["Variable"]


def test_a_call_says_that_it_was_not_sent(sh):
    sh.replay.seek("2026-11-27 12:00:03Z")
    call = sh.ast.call("200", "240", "door")
    assert (call.wait(), call.wait(dest=True), call.answered) == ("not sent: replay",) * 2 + (
        False,
    )


def test_hanging_up_names_the_channels_that_are_up(sh):
    assert sh.ast.hangup("200") == []
    sh.replay.seek("2026-11-27 12:00:03Z")
    assert sh.ast.hangup("200") == ["PJSIP/200-00000001"]
    assert list(sh.ast.orders["action"]) == ["Hangup"]
    assert len(sh.ast.channels()) == 1
    sh.ast.hangup_channel("PJSIP/200-00000001", f"{NOON}.1")
    with pytest.raises(ChannelGone):
        sh.ast.hangup_channel("PJSIP/300-00000001", "1.1")


def test_the_database_has_what_the_replay_wrote_and_what_the_record_tells(sh):
    with pytest.raises(NotRecorded, match="does not tell the entry dnd/hall"):
        sh.ast.db_read("dnd/hall")
    assert sh.ast.db_read("dnd/hall", "0") == "0"
    sh.replay.seek("2026-11-27 12:00:03Z")
    assert sh.ast.db_read("dnd/hall") == "1", "somebody read it then"
    sh.ast.db_write("dnd/office", 22)
    assert sh.ast.db_read("dnd/office") == "22"
    assert list(sh.ast.db_show("dnd")["key"]) == ["dnd/hall", "dnd/office"]
    sh.ast.db_delete("dnd/office")
    with pytest.raises(KeyMissing):
        sh.ast.db_read("dnd/office")
    sh.replay.seek("2026-11-27 12:00:02Z")
    with pytest.raises(NotRecorded):
        sh.ast.db_read("dnd/office")


def test_a_family_that_a_logic_deletes_is_gone_and_headers_count_in_any_case(sh):
    sh.replay.seek("2026-11-27 12:00:03Z")
    sh.ast.action("DBPut", family="lamps", KEY="door", val="7")
    assert sh.ast.db_read("lamps/door") == "7"
    sh.ast.action("DBDelTree", Family="lamps")
    with pytest.raises(KeyMissing):
        sh.ast.db_read("lamps/door")
    assert sh.ast.db_read("dnd/hall") == "1"
    sh.ast.action("DBDelTree", Family="dnd", Key="hall")
    with pytest.raises(KeyMissing):
        sh.ast.db_read("dnd/hall")


def test_what_no_record_tells_is_an_error_that_says_so(sh):
    with pytest.raises(NotRecorded, match="the record does not tell what Asterisk answered"):
        sh.ast.action("CoreSettings")
    with pytest.raises(NotRecorded, match="the mailbox 22@default at this time"):
        sh.ast.mailbox_count("22")
    assert isinstance(NotRecorded("x"), ActionRefused)
    with pytest.raises(UnsafeText):
        sh.ast.db_write("a/b", "one\r\nAction: Reload")
    assert len(sh.ast.orders) == 0


def test_no_secret_is_in_the_orders(sh):
    sh.ast.action("UpdateSomething", Secret="tree-house")
    assert "tree-house" not in sh.ast.orders.to_string()
    with pytest.raises(ConfError, match="logs in nowhere"):
        sh.ast.session.login("admin", "tree-house")


def test_what_a_change_of_a_logic_would_have_changed_is_told():
    found = []
    for threshold in ("first", "second"):
        with ast_notebook.replay(frame(*DAY)) as sh:

            @sh.logic("door", userevent="Bell")
            def ring(trigger, sh=sh, threshold=threshold):
                sh.ast.db_write("bell/last", trigger["value"])
                if trigger["value"] == threshold:
                    sh.ast.db_write("bell/rang", 1)
                if trigger["value"] == "second":
                    sh.ast.call("PJSIP/200", "240", "door")

            found.append(sh.run())
    changes = sh.compare(*found)
    assert list(changes["change"]) == ["gone", "new"]
    assert seconds(changes) == [1, 6]
    assert changes["fields"].tolist() == [{"Family": "bell", "Key": "rang", "Val": "1"}] * 2
    assert len(sh.compare(found[0], found[0])) == 0
    with pytest.raises(ConfError, match="no frame of orders"):
        compare(pd.DataFrame(), found[0])


#: What each method is given; the others take nothing.
GIVEN = {
    "action": ("QueuePause",),
    "call": ("PJSIP/200", "240", "door"),
    "command": ("core restart now",),
}
SKIPPED = {"run", "play", "connect", "close", "logoff", "wait_closed"}


def refuse(*args, **kwargs):
    raise AssertionError("a replay reached for a socket")


def test_no_method_opens_a_socket(monkeypatch):
    """Every public method of the PBX and of its session, those of pyst2 included, is called."""
    for name in ("socket", "create_connection", "socketpair"):
        monkeypatch.setattr(socket, name, refuse)
    called = 0
    with ast_notebook.replay(frame(*DAY)) as sh:
        sh.replay.seek("2026-11-27 12:00:03Z")
        for owner, cls in ((sh.ast, Asterisk), (sh.ast.session, ReplaySession)):
            for name in dir(cls):
                method = getattr(owner, name, None)
                if name.startswith("_") or name in SKIPPED or not inspect.ismethod(method):
                    continue
                given = GIVEN.get(name) or _some(method)
                try:
                    method(*given)
                except (AstError, NotImplementedError, ValueError, TypeError, LookupError):
                    pass
                except AttributeError as error:
                    assert "socket" not in str(error), name
                called += 1
        session = sh.ast.session
        assert not session.closed
        for function in (session.logoff, sh.ast.close, sh.ast.connect, session.connect):
            with contextlib.suppress(AstError):
                function()
    assert called > 60


def _some(method):
    """Some arguments for a method: texts for all that have no default."""
    wanted = inspect.signature(method).parameters.values()
    return [
        {"Action": "Ping"} if one.name in ("action", "cdict") else "200"
        for one in wanted
        if one.default is one.empty and one.kind is one.POSITIONAL_OR_KEYWORD
    ]
