"""Items call functions back, and stand in a tree."""

import threading
import time

import pytest

from ast_notebook.bindings.tree import Items
from ast_notebook.conf import read_items
from ast_notebook.errors import (
    ConfError,
)
from tests.support.items import until

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
        ("x = 1", "is outside of any section"),
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
    with pytest.raises(ConfError, match=r"cannot be called berlin, .*sh\.berlin.*write berlin_"):
        items.load({"berlin": {"type": "bool"}})
    items.load({"office": {"berlin": {"type": "bool"}}})


def test_names_are_what_python_reads(items):
    items.load({"Ku\u0308che": {"type": "bool"}})
    assert items.return_item("K\u00fcche") is not None
