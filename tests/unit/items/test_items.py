"""An item holds values of its type, and knows its history."""

import datetime
import time
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ast_notebook import SmartHome
from ast_notebook.bindings.tree import Items
from ast_notebook.conf import read_items
from ast_notebook.errors import (
    BadValue,
)
from ast_notebook.panel.items import ShownItems

# --- values -------------------------------------------------------------------------------------

TAKEN: list[tuple[str, list[tuple[Any, Any]]]] = [
    ("bool", [(True, True), (0, False), ("YES", True), ("off", False), ("", False), (" 1 ", True)]),
    ("num", [(1, 1), (1.5, 1.5), ("22", 22), (" 2.5", 2.5), ("", 0), (True, 1), ("1e3", 1000.0)]),
    ("str", [("x", "x"), (5, "5"), ("", ""), ("Öfen", "Öfen")]),
    ("list", [([1], [1]), ((1, 2), [1, 2])]),
    ("dict", [({"a": 1}, {"a": 1})]),
    ("foo", [([1], [1]), ("x", "x"), (0, 0)]),
]
REFUSED: list[tuple[str, list[Any]]] = [
    ("bool", [2, "perhaps", "y", "f", [], -1, object()]),
    ("num", ["x", "0x1F", [], float("nan"), "nan", 1j, float("inf"), "-inf", "1e999"]),
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


@given(st.integers() | st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_survive_being_written_as_text(value):
    items = Items()
    items.load({"x": {"type": "num"}})
    item = items.return_item("x")
    assert item is not None
    item(repr(value))
    assert item() == value


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
    mine: list[Any] = [1, [2]]
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


LONG = 0xF << 20_000  # a whole number of more digits than Python writes


class Shy:
    """A user's object that nobody can write."""

    def __repr__(self) -> str:
        raise RuntimeError("not today")


@pytest.mark.parametrize("kind", ["num", "str"])
def test_a_number_that_cannot_be_written_is_refused(make, kind):
    with pytest.raises(BadValue, match="does not take"):
        make(kind)(LONG)


def test_a_first_value_that_cannot_be_written_stays_text_and_is_told(items, tmp_path):
    path = tmp_path / "items.conf"
    path.write_text(f"[x]\ntype = list\nvalue = [{LONG:#x}]\n[y]\ntype = bool\n")
    with pytest.warns(UserWarning, match=r"line 3: x is of type list and does not take '\[0x"):
        items.load(read_items(path))
    assert items.return_item("x")() == []


@pytest.mark.parametrize("value", [[LONG], {"a": LONG}, Shy(), [Shy()]])
def test_an_item_whose_value_cannot_be_written_is_shown_and_so_are_all_others(value):
    with SmartHome() as sh:
        sh.load_items({"x": {"type": "foo"}, "y": {"type": "str", "value": "here"}})
        sh.x(value)
        assert "cannot be shown" in repr(sh.x)
        assert "cannot be shown" in sh.items._repr_html_()
        rows = ShownItems(sh, "ast").rows()
        assert "cannot be shown" in str(rows["x"]["value"])
        assert rows["y"]["value"] == "here"
        with pytest.raises(BadValue, match=r"does not take .*cannot be shown"):
            sh.y(value)


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
