"""Items are read and set by calling them, tell of changes, and follow a PBX."""

import datetime
import threading
import time

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ast_notebook.ami.message import Response
from ast_notebook.bindings.conf import read_items
from ast_notebook.bindings.logic import Logic
from ast_notebook.bindings.tree import Items
from ast_notebook.bindings.values import BadValue
from ast_notebook.errors import (
    ActionRefused,
    AnswerTimeout,
    AstError,
    ConfError,
    UnsafeText,
)
from tests.fake_pbx import Pbx


def until(condition, seconds=5):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.002)


@pytest.fixture
def items():
    items = Items()
    yield items
    items.close()


@pytest.fixture
def make(items):
    def make(type_name, **attributes):
        items.load({"x": {"type": type_name, **attributes}})
        return items.return_item("x")

    return make


# --- values -------------------------------------------------------------------------------------

TAKEN = [
    ("bool", [(True, True), (0, False), ("YES", True), ("off", False), ("", False), (" 1 ", True)]),
    ("num", [(1, 1), (1.5, 1.5), ("22", 22), (" 2.5", 2.5), ("", 0), (True, 1), ("1e3", 1000.0)]),
    ("str", [("x", "x"), (5, "5"), ("", ""), ("Öfen", "Öfen")]),
    ("list", [([1], [1]), ((1, 2), [1, 2])]),
    ("dict", [({"a": 1}, {"a": 1})]),
    ("foo", [([1], [1]), ("x", "x"), (0, 0)]),
]
REFUSED = [
    ("bool", [2, "perhaps", [], -1, object()]),
    ("num", ["x", [], float("nan"), "nan", 1j]),
    ("str", [[], {}, object()]),
    ("list", ["abc", 1, {}]),
    ("dict", [[], "x", 1]),
]


@pytest.mark.parametrize(
    ("kind", "given", "held"), [(kind, *pair) for kind, pairs in TAKEN for pair in pairs]
)
def test_setting_casts(make, kind, given, held):
    item = make(kind)
    item(given)
    assert item() == held
    assert type(item()) is type(held)


@pytest.mark.parametrize(
    ("kind", "value"), [(kind, value) for kind, values in REFUSED for value in values]
)
def test_what_does_not_fit_is_refused_and_nothing_changes(make, kind, value):
    item = make(kind)
    before = item(), item.last_change()
    with pytest.raises(BadValue, match=f"x is of type {kind} and does not take"):
        item(value)
    assert (item(), item.last_change()) == before


@settings(deadline=None)
@given(st.integers() | st.floats(allow_nan=False))
def test_numbers_survive_being_written_as_text(value):
    items = Items()
    items.load({"x": {"type": "num"}})
    item = items.return_item("x")
    item(repr(value))
    assert item() == value


@settings(deadline=None)
@given(st.from_type(object) | st.text() | st.floats() | st.lists(st.integers()))
def test_any_value_is_taken_or_refused_cleanly(value):
    items = Items()
    items.load({kind: {"type": kind.strip("_")} for kind in ("bool_", "num_", "str_", "list_")})
    for item in items:
        try:
            item(value)
        except BadValue as error:
            assert "\n" not in str(error)


def test_reading_gives_copies_of_lists_and_dicts(make):
    item = make("list")
    mine = [1, [2]]
    item(mine)
    mine[1].append(3)
    item().append(4)
    item()[1].append(5)
    assert item() == [1, [2]]


def test_values_that_cannot_be_compared_are_held(make):
    item = make("foo")
    frame = pd.DataFrame({"a": [1, 2]})
    item(frame)
    item(frame.copy())
    assert item().equals(frame)


@pytest.mark.parametrize(
    ("kind", "attributes", "value"),
    [
        ("bool", {}, False),
        ("num", {}, 0),
        ("str", {}, ""),
        ("list", {}, []),
        ("foo", {}, None),
        ("num", {"value": "7"}, 7),
        ("list", {"value": "a"}, ["a"]),
        ("dict", {"value": {"a": 1}}, {"a": 1}),
    ],
)
def test_an_item_begins_with_its_value(make, kind, attributes, value):
    item = make(kind, **attributes)
    assert item() == value
    assert item.prev_value() is None
    assert item.changed_by() == "Init:None"


def test_an_item_without_type_holds_none(items):
    items.load({"office": {"fon": {"type": "bool"}}})
    office = items.return_item("office")
    assert office() is None
    assert office
    with pytest.raises(BadValue, match="office has no type"):
        office(True)


# --- history and looks --------------------------------------------------------------------------


def test_an_item_knows_its_history(make):
    item = make("num")
    made = item.last_change()
    assert made.tzinfo is not None
    item(1, source="me")
    first = item.last_change()
    time.sleep(0.01)
    item(2, "Asterisk", "2222")
    assert (item.prev_value(), item.prev_change()) == (1, first)
    assert item.changed_by() == "Asterisk:2222"
    assert 0.01 <= item.prev_age() == (item.last_change() - first).total_seconds()
    assert 0 <= item.age() < 5
    assert datetime.datetime.now(datetime.UTC) >= item.last_change()


def test_setting_the_same_is_no_change_unless_enforced(make):
    item = make("num")
    item(1, source="a")
    item(1, source="b")
    assert item.changed_by() == "Logic:a"
    item = make("num", enforce_updates="yes")
    item(1, source="c")
    assert item.changed_by() == "Logic:c"


def test_items_are_attributes_and_have_paths(items):
    items.load(read_items("[office]\n[[fon]]\ntype = bool\ncolour = red\n[[[box]]]\ntype = num"))
    office = items.child("office")
    box = office.fon.box
    assert (str(box), box.id(), box.type()) == ("office.fon.box", "office.fon.box", "num")
    assert box.return_parent() is office.fon
    assert list(office) == office.return_children() == [office.fon]
    assert "fon" in dir(office)
    assert office.fon.conf["colour"] == "red"
    with pytest.raises(AttributeError, match=r"office has no item fax"):
        _ = office.fax
    with pytest.raises(AttributeError, match="to set an item, call it"):
        office.fon = True
    with pytest.raises(AttributeError, match="office has no item fax"):
        office.fax = True


def test_an_item_is_as_true_as_its_value(make):
    item = make("bool")
    assert not item
    item(True)
    assert item


def test_text_of_callers_is_escaped(make):
    item = make("str")
    item("<script>alert(1)</script>", "Asterisk", "<b>")
    assert "<script>" not in item._repr_html_()
    assert "<b>" not in item._repr_html_()
    item("x" * 100_000)
    assert len(repr(item)) < 300


# --- callbacks ----------------------------------------------------------------------------------


def test_a_decorated_function_is_told_of_changes(make):
    item, heard = make("num"), []

    @item.on_change
    def tell(changed):
        heard.append((changed, threading.current_thread().name))

    item(1)
    item(1)
    item(2)
    until(lambda: len(heard) == 2)
    assert heard[0] == (item, "ast-call-x:tell")


def test_a_method_trigger_is_told_by_whom(make):
    item, heard = make("num"), []
    item.add_method_trigger(lambda *args: heard.append(args))
    item(1, "me", "here", "there")
    until(lambda: heard == [(item, "me", "here", "there")])


def test_a_callback_that_raises_holds_up_nothing(items, make):
    item, heard = make("num"), []
    item.on_change(lambda changed: 1 / 0)
    item.on_change(heard.append)
    for number in range(1, 4):
        item(number)
    until(lambda: len(heard) == 3)
    until(lambda: sum(row.failed for row in items.status()) == 3)
    assert {row.kind for row in items.status()} == {"item"}


def test_running_a_cell_again_binds_once(make):
    item, heard = make("num"), []
    for _ in range(3):

        @item.on_change
        def tell(changed):
            heard.append(changed())

        item.on_change(lambda changed: heard.append(-changed()))
    item(1)
    until(lambda: len(heard) == 2)
    time.sleep(0.02)
    assert sorted(heard) == [-1, 1]
    item.remove_method_trigger(tell)
    item(2)
    until(lambda: -2 in heard)
    assert 2 not in heard
    with pytest.raises(LookupError, match="tell is not bound to x"):
        item.remove_method_trigger(tell)


def test_a_callback_may_set_the_item_it_is_told_of(make):
    item = make("num")

    @item.on_change
    def count(changed):
        if changed() < 10:
            changed(changed() + 1)

    item(1)
    until(lambda: item() == 10)


def test_many_threads_set_and_callbacks_hear_the_last_value_last(make):
    item, heard = make("num"), []
    item.add_method_trigger(lambda changed, caller, source, dest: heard.append(source))

    def work(who):
        for number in range(500):
            item(who * 1000 + number, source=who * 1000 + number)

    threads = [threading.Thread(target=work, args=(who,)) for who in range(1, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    until(lambda: len(heard) == 2000)
    assert heard[-1] == item()


# --- the tree -----------------------------------------------------------------------------------

HOUSE = """
[office]
    [[fon]]
        type = bool
        ast_dev = 2222
        [[[box]]]
            type = num
            ast_box = 22
    [[light]]
        type = bool
        room = a | b
[hall]
    [[fon]]
        type = bool
        ast_dev@berlin = 30
"""


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("*.fon", ["office.fon", "hall.fon"]),
        ("office.fon", ["office.fon"]),
        ("office.*", ["office.fon", "office.fon.box", "office.light"]),
        ("office.f?n", ["office.fon"]),
        ("*:ast_dev", ["office.fon", "hall.fon"]),
        ("*:ast_dev@berlin", ["hall.fon"]),
        ("*.fon:ast_dev[2222]", ["office.fon"]),
        ("*:room[b]", ["office.light"]),
        ("fon", []),
        ("offic[e].fon", []),
    ],
)
def test_patterns_find_items(items, pattern, found):
    items.load(read_items(HOUSE))
    assert [item.id() for item in items.match_items(pattern)] == found


def test_items_are_found_by_path_and_attribute(items):
    items.load(read_items(HOUSE))
    assert items.return_item("office.fon.box").type() == "num"
    assert items.return_item("office.fax.box") is None
    assert [item.id() for item in items.find_items("ast_dev")] == ["office.fon", "hall.fon"]
    assert len(items) == len(items.return_items()) == 6
    assert items.names() == ["office", "hall"]


def test_defining_again_keeps_the_item_its_value_and_its_callbacks(items):
    items.load(read_items(HOUSE))
    fon, heard = items.return_item("office.fon"), []
    fon.on_change(lambda item: heard.append(item()))
    fon(True)
    items.load({"office": {"fon": {"type": "bool", "colour": "red"}}})
    assert items.return_item("office.fon") is fon
    assert fon()
    assert dict(fon.conf) == {"type": "bool", "colour": "red"}
    assert fon.box.type() == "num", "what is not mentioned stays"
    fon(False)
    until(lambda: heard == [True, False])
    items.load({"office": {"fon": {"type": "num", "value": 3}}})
    assert fon() == 3
    items.load({"office": {"fon": {"new": {"type": "bool"}}}})
    assert fon.type() == "num", "mentioned only for what is below"


def test_an_item_can_be_removed_with_all_below(items):
    items.load(read_items(HOUSE))
    items.remove("office.fon")
    assert items.return_item("office.fon.box") is None
    assert items.return_item("office.light") is not None
    with pytest.raises(LookupError, match=r"no item office\.fon"):
        items.remove("office.fon")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[a]\n[[b]]\ntype = boole", r"line 3: type = boole is unknown: write one of bool, num"),
        ("[a]\ntype = num\nvalue = x", "line 3: a is of type num and does not take 'x'"),
        ("[a]\ntype = bool\nenforce_updates = x", "line 3: enforce_updates = 'x' is neither"),
        ("[a]\n[[ast]]", "cannot be called ast"),
        ("[a]\n[[age]]", r"line 2: an item cannot be called age.*write age_"),
        ("[a-b]", "write a_b"),
        ("x = 1", "stands outside of any section"),
        ("[a]\ntype = num\nast_dev = 1", "a has ast_dev and type = num: it needs type = bool"),
        ("[a]\nast_dev = 1", "a has ast_dev and no type"),
        ("[a]\ntype = bool\nast_dev = 1 | 2", "ast_dev takes one value"),
        ("[a]\ntype = bool\nast_dev = ", "ast_dev needs a value"),
        ("[a]\ntype = bool\nast_box = 22", "it needs type = num"),
        ("[a]\ntype = num\nast_box = @default", "names no mailbox"),
        ("[a]\ntype = bool\nast_db = active", "write FAMILY/KEY"),
        ("[a]\ntype = list\nast_db = a/b", "it needs type = bool or num"),
        ("[a]\ntype = bool\nast_dev = 1\nast_dev@b = 1", "ast_dev twice"),
    ],
)
def test_what_cannot_be_is_refused_with_its_line(items, text, message):
    with pytest.raises(ConfError, match=message):
        items.load(read_items(text))


def test_all_items_are_defined_or_none(items):
    with pytest.raises(ConfError, match="cannot be called ast"):
        items.load(read_items("[before]\ntype = bool\n[ast]"))
    assert len(items) == 0


def test_names_of_the_house_are_reserved_on_top_only():
    items = Items(reserved=["berlin"])
    with pytest.raises(ConfError, match="cannot be called berlin"):
        items.load({"berlin": {"type": "bool"}})
    items.load({"office": {"berlin": {"type": "bool"}}})


def test_names_are_what_python_reads(items):
    items.load({"Ku\u0308che": {"type": "bool"}})
    assert items.return_item("K\u00fcche") is not None


# --- a PBX --------------------------------------------------------------------------------------


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
