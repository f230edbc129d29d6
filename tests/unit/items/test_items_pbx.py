"""Items that are tied to a PBX."""

import threading
import time

import pytest

from ast_notebook.ami.message import Response
from ast_notebook.bindings.logic import Logic
from ast_notebook.conf import read_items
from ast_notebook.errors import (
    ActionRefused,
    AnswerTimeout,
    AstError,
    ConfError,
    UnsafeText,
)
from tests.support.fake_pbx import Pbx
from tests.support.items import until


@pytest.fixture
def connect(items):
    pbxs = []

    def connect(**options):
        pbxs.append(Pbx(items, **options))
        return pbxs[-1]

    yield connect
    for pbx in pbxs:
        pbx.close()


SEED = """
[office]
    [[fon]]
        type = bool
        ast_dev = 2222
        ast_db = active/office
        [[[box]]]
            type = num
            ast_box = 22
"""


@pytest.fixture
def office(items):
    items.load(read_items(SEED))
    return items.return_item("office")


def test_the_seeds_item_follows_its_device_and_is_written(connect, office):
    pbx = connect()
    pbx.live.tell("2222", True)
    assert office.fon() is True
    assert office.fon.changed_by() == "Asterisk:2222"
    until(lambda: pbx.session.database == {"active/office": "1"})
    pbx.live.tell("2222", False)
    assert office.fon() is False
    assert pbx.session.written == [("active/office", "1"), ("active/office", "0")]
    pbx.live.tell("22@default", 3)
    assert (office.fon.box(), office.fon.box.changed_by()) == (3, "Asterisk:22")


def test_items_defined_after_connecting_are_tied_too(connect, items):
    pbx = connect()
    items.load(read_items(SEED))
    pbx.live.tell("2222", True)
    assert items.return_item("office.fon")()


def test_defining_again_and_removing_untie(connect, items, office):
    pbx = connect()
    items.load({"office": {"fon": {"type": "bool", "ast_dev": "30"}}})
    assert sorted(name for name, _ in pbx.live.watches.values()) == ["22@default", "30"]
    office.fon(True)
    assert pbx.session.written == []
    items.remove("office")
    assert pbx.live.watches == {}
    assert pbx.binder.status() == []


def test_closing_a_binder_leaves_nothing_behind(connect, office):
    pbx = connect()
    (_, changed), *_ = pbx.live.watches.values()
    pbx.binder.close()
    assert pbx.live.watches == {}
    assert not any(pbx.session._callbacks.values())
    changed(True)
    office.fon.box(5)
    assert not office.fon(), "a late word is not heard"
    assert pbx.session.written == []


def test_attributes_may_name_their_pbx(connect, items):
    items.load(
        {
            "a": {"type": "bool", "ast_dev": 1},
            "b": {"type": "bool", "ast_dev@berlin": 1, "ast_db": "x/b"},
        }
    )
    berlin, first = connect(name="berlin", first=False), connect()
    first.live.tell("1", True)
    assert [item() for item in items] == [True, False]
    berlin.live.tell("1", True)
    assert [item() for item in items] == [True, True]
    until(lambda: first.session.written == [("x/b", "1")])
    assert berlin.session.written == []


def test_an_item_says_that_it_is_stale(connect, office):
    pbx = connect()
    pbx.live.tell("2222", True)
    pbx.live.stale = True
    assert office.fon.stale
    assert office.fon()
    assert "(stale)" in repr(office.fon)
    assert "(stale)" in office.fon._repr_html_()
    pbx.binder.close()
    assert not office.fon.stale


@pytest.mark.parametrize(
    ("kind", "value", "text"),
    [("bool", True, "1"), ("num", 2.5, "2.5"), ("str", "Öfen", "Öfen"), ("foo", 1, "1")],
)
def test_values_are_written_as_text(connect, items, kind, value, text):
    pbx = connect()
    items.load({"x": {"type": kind, "ast_db": "/a/b/c"}})
    items.return_item("x")(value)
    assert pbx.session.written == [("a/b/c", text)]


@pytest.mark.parametrize("values", ["YES,delete", ["YES", "delete"], "YES, delete"])
def test_an_item_can_stand_for_an_entry_that_is_not_there_when_it_is_off(connect, items, values):
    pbx = connect()
    items.load({"dnd": {"type": "bool", "ast_db": "DND/200", "ast_db_values": values}})
    dnd = items.return_item("dnd")
    dnd(True)
    assert pbx.session.database == {"DND/200": "YES"}
    dnd(False)
    assert pbx.session.database == {}
    assert pbx.session.written == [("DND/200", "YES"), ("DND/200", None)]


def test_an_entry_that_is_gone_already_is_no_failure(connect, items):
    pbx = connect()
    conf = {"type": "bool", "value": True, "ast_db": "DND/200", "ast_db_values": "YES,delete"}
    items.load({"dnd": conf})
    items.return_item("dnd")(False)
    pbx.session.settle()
    assert pbx.binder.write_failures == 0


def test_an_entry_to_be_deleted_is_deleted_when_the_connection_is_back(connect, items):
    pbx = connect()
    items.load({"dnd": {"type": "bool", "ast_db": "DND/200", "ast_db_values": "YES,delete"}})
    dnd = items.return_item("dnd")
    dnd(True)
    pbx.session.lose()
    dnd(False)
    assert pbx.binder.status()[0].waiting == 1
    pbx.session.restore()
    until(lambda: pbx.session.database == {})


@pytest.mark.parametrize(
    ("kind", "values"),
    [("bool", "YES"), ("bool", "a,a"), ("bool", "a,b,c"), ("bool", ",b"), ("num", "1,0")],
)
def test_values_of_an_entry_that_cannot_be_are_refused(items, kind, values):
    with pytest.raises(ConfError, match="ast_db_values"):
        items.load({"x": {"type": kind, "ast_db": "DND/200", "ast_db_values": values}})


def test_who_sets_an_item_hears_what_asterisk_refuses(connect, office, caplog):
    pbx = connect()
    pbx.session.refusal = "no room"
    with pytest.raises(ActionRefused, match="no room"):
        office.fon(True)
    assert office.fon() is True
    pbx.live.tell("2222", False)
    pbx.session.settle()
    assert pbx.binder.write_failures == 2
    assert "no room" in caplog.text
    (row,) = pbx.binder.status()
    assert (row.name, row.kind) == ("office.fon: active/office", "ast_db")
    assert (row.failed, row.last_error) == (2, "ActionRefused: Asterisk refused DBPut: no room")


def test_what_asterisk_refused_is_written_when_the_same_is_set_again(connect, office):
    pbx = connect()
    pbx.session.refusal = "no room"
    with pytest.raises(ActionRefused):
        office.fon(True)
    told = []
    office.fon.on_change(told.append)
    with pytest.raises(ActionRefused):
        office.fon(True)
    pbx.session.refusal = ""
    office.fon(True)
    assert pbx.session.database == {"active/office": "1"}
    office.fon(True)
    assert pbx.session.written == [("active/office", "1")] * 3
    assert told == [], "nothing changed but the entry"


def test_what_asterisk_refused_never_overwrites_what_others_wrote_since(connect, office):
    pbx = connect()
    pbx.session.refusal = "no room"
    pbx.live.tell("2222", True)
    until(lambda: pbx.binder.write_failures == 1)
    pbx.session.refusal = ""
    pbx.session.database["active/office"] = "theirs"
    pbx.session.emit("SessionReady")
    pbx.session.settle()
    assert pbx.session.database == {"active/office": "theirs"}
    assert pbx.binder.status()[0].waiting == 1


def test_a_write_without_an_answer_is_told_counted_and_made_again(connect, office):
    pbx = connect()
    pbx.session.silent, pbx.session.patience = True, 0.05
    with pytest.raises(AnswerTimeout):
        office.fon(True)
    assert pbx.binder.status()[0].waiting == 1
    (late,) = pbx.session.unanswered
    pbx.session.finish(late, AnswerTimeout("nothing of DBPut"))
    pbx.session.settle()
    (row,) = pbx.binder.status()
    assert (row.waiting, row.failed) == (1, 1)
    assert "DBPut" in row.last_error
    pbx.session.silent, pbx.session.patience = False, 5.0
    office.fon(True)
    assert pbx.session.written == [("active/office", "1")] * 2
    assert pbx.binder.status()[0].waiting == 0


def test_an_answer_that_comes_late_settles_the_write(connect, office):
    pbx = connect()
    pbx.session.silent, pbx.session.patience = True, 0.05
    with pytest.raises(AnswerTimeout):
        office.fon(True)
    (late,) = pbx.session.unanswered
    late.respond(Response({"Response": "Success"}, ""))
    pbx.session.finish(late)
    pbx.session.settle()
    (row,) = pbx.binder.status()
    assert (row.waiting, row.failed) == (0, 0)


def test_a_line_break_is_refused_before_it_is_sent(connect, items):
    pbx = connect()
    items.load({"x": {"type": "str", "ast_db": "a/b"}})
    with pytest.raises(UnsafeText):
        items.return_item("x")("a\nAction: Originate")
    assert pbx.session.written == []


def test_the_dispatcher_never_waits_for_a_write(connect, office):
    pbx = connect()
    pbx.session.silent = True
    began = time.monotonic()
    pbx.live.tell("2222", True)
    assert time.monotonic() - began < 1
    assert office.fon()


def test_the_latest_value_is_written_when_the_connection_is_back(connect, office):
    pbx = connect()
    pbx.session.lose()
    for value in (True, False, True):
        office.fon(value)
    assert pbx.session.written == []
    assert pbx.binder.status()[0].waiting == 1
    pbx.session.restore()
    until(lambda: pbx.session.written == [("active/office", "1")])
    pbx.session.settle()
    pbx.session.emit("SessionReady")
    pbx.session.settle()
    assert pbx.session.written == [("active/office", "1")], "once is enough"


def test_a_write_under_way_when_the_connection_breaks_is_made_again(connect, office):
    pbx = connect()
    pbx.session.silent = True
    setting = threading.Thread(target=office.fon, args=(True,))
    setting.start()
    until(lambda: pbx.session.unanswered)
    pbx.session.lose()
    setting.join(5)
    assert not setting.is_alive()
    pbx.session.settle()
    pbx.session.restore()
    until(lambda: pbx.session.database == {"active/office": "1"})


def test_a_newer_value_is_not_overwritten_by_one_that_waited(connect, office):
    pbx = connect()
    pbx.session.lose()
    office.fon(True)
    pbx.session.up = True
    office.fon(False)
    pbx.session.restore()
    pbx.session.settle()
    assert pbx.session.database == {"active/office": "0"}
    assert pbx.session.written[-1] == ("active/office", "0")


def test_writes_of_a_key_keep_their_order(connect, items):
    pbx = connect()
    items.load({"x": {"type": "num", "ast_db": "a/b"}})
    item, order = items.return_item("x"), []
    item.add_method_trigger(lambda changed, caller, source, dest: order.append(source))

    def work(who):
        for number in range(200):
            item(who * 1000 + number, source=str(who * 1000 + number))

    threads = [threading.Thread(target=work, args=(who,)) for who in range(1, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    until(lambda: len(order) == 800)
    assert [text for _, text in pbx.session.written] == order
    assert pbx.session.database == {"a/b": str(item())}


def test_user_events_start_logics(connect):
    pbx = connect()
    heard = []
    pbx.logics.add(Logic("logic1", heard.append, sh=None, userevent="Call"))
    pbx.session.emit("UserEvent", UserEvent="Call", Source="2222", Value="Ann")
    until(lambda: len(heard) == 1)
    assert (heard[0].by, heard[0].source, heard[0].value) == ("Asterisk", "2222", "Ann")


def test_closing_ends_the_threads_of_callbacks(items, make):
    item = make("num")
    item.on_change(lambda changed: time.sleep(0.05))
    item(1)
    item(2)
    items.close()
    assert not [one for one in threading.enumerate() if one.name.startswith("ast-call-x")]


def test_every_error_of_an_item_is_one_of_ours(items):
    with pytest.raises(AstError):
        items.load({"a": 1})


def test_a_value_that_waits_is_written_although_its_items_were_loaded_again(connect, office, items):
    pbx = connect()
    pbx.session.lose()
    office.fon(True)
    items.load(read_items(SEED))
    assert pbx.binder.status()[0].waiting == 1
    pbx.session.restore()
    until(lambda: pbx.session.database == {"active/office": "1"})


def test_a_change_while_its_items_are_loaded_again_is_written(connect, office, items):
    pbx = connect()
    bind = pbx.binder.bind_item

    def late(item):
        if item is office.fon:
            item(True)  # a logic sets it at the worst of all moments
        bind(item)

    pbx.binder.bind_item = late
    items.load(read_items(SEED))
    assert office.fon() is True
    until(lambda: pbx.session.database == {"active/office": "1"})


def test_an_item_that_loses_its_entry_is_written_no_more(connect, office, items):
    pbx = connect()
    pbx.session.lose()
    office.fon(True)
    items.load({"office": {"fon": {"type": "bool", "ast_db": "active/other"}}})
    pbx.session.restore()
    office.fon(False)
    until(lambda: pbx.session.database == {"active/other": "0"})
    pbx.session.settle()
    assert pbx.session.database == {"active/other": "0"}
