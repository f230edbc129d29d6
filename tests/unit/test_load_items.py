"""Files of items: a mistake costs what it stands in, and attributes of several files add up."""

import warnings
from typing import Any

import pytest

import ast_notebook
from ast_notebook.bindings.item import bindings_of
from ast_notebook.errors import ConfError

FON = "  [[fon]]\n    type = bool\n    ast_dev = 6121\n"


@pytest.fixture
def sh():
    with ast_notebook.SmartHome() as sh:
        yield sh


@pytest.fixture
def load(sh, tmp_path):
    """Load a file of that text, and return what was warned of."""

    def load(text, name="items.conf"):
        (tmp_path / name).write_text(text)
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            sh.load_items(tmp_path / name)
        assert all(one.filename == __file__ for one in said), "it is the user's line that is shown"
        return [str(one.message) for one in said]

    return load


@pytest.mark.parametrize(
    ("line", "said", "conf"),
    [
        ('ast_dev = "1" | "2"', "ast_dev takes one value", ["1", "2"]),
        ("ast_dev =", "ast_dev needs a value", ""),
        ("ast_box = 22", "it needs type = num", "22"),
        ("ast_db = x", "write FAMILY/KEY", "x"),
        ("ast_db_values = 1", "ast_db_values", "1"),
        ("enforce_updates = maybe", "is neither yes nor no", "maybe"),
        ("value = x", "does not take 'x'", "x"),
    ],
)
def test_an_attribute_that_cannot_be_used_costs_itself(sh, load, line, said, conf):
    (told,) = load(f"[hall]\n{FON}  [[x]]\n    type = bool\n    {line}\n")
    assert told.startswith("items.conf, line 7: ")
    assert said in told
    assert sh.hall.x.type() == "bool"
    assert sh.hall.x() is False
    assert sh.hall.x.conf[line.partition(" ")[0]] == conf
    assert sh.hall.fon.conf["ast_dev"] == "6121"


def test_one_tie_that_cannot_be_costs_no_other(sh, load):
    load("[x]\ntype = bool\nast_dev = 1\nast_box = 2\nast_db = a/b\nast_dev@berlin = 3\n")
    assert [one.kind for one in bindings_of(sh.x)] == ["ast_dev", "ast_db"]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("items.conf", f"[hall]\n  [[m]]\n    type = scene\n  [[n]]\n    type = scene\n{FON}"),
        (
            "items.yaml",
            "hall:\n  m:\n    type: scene\n  n: {type: scene}\n"
            "  fon: {type: bool, ast_dev: 6121}\n",
        ),
    ],
)
def test_a_type_of_smarthome_that_does_nothing_here_is_kept_and_named_once(sh, load, name, text):
    (told,) = load(text, name)
    assert told.startswith(f"{name}, line 3: type = scene has no effect here: hall.m and 1 more")
    assert sh.hall.m.type() == "scene"
    sh.hall.m(2)
    assert sh.hall.m() == 2
    assert sh.hall.fon.type() == "bool"


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("a.conf", "[x]\ntype = num | str\n[[y]]\ntype = num", "line 2: x has a type of several"),
        ("a.yaml", "x:\n  type: [num]\n  y: {type: num}", "line 2: x has a type of several"),
        ("a.conf", "[x]\ntype = boole\n[[y]]\ntype = num", "line 2: type = boole is unknown"),
        ("a.conf", "[x]\n[[type]]\ntype = num\n[[y]]\ntype = num", "line 2: an item cannot be"),
        ("a.yaml", "x:\n  type: {type: str}\n  y: {type: num}", "line 2: an item cannot be called"),
        (
            "a.yaml",
            "x:\n  value: {type: str}\n  y: {type: num}",
            "line 2: an item cannot be called",
        ),
        ("a.yaml", "x:\n  ast_dev: {a: b}\n  y: {type: num}", "line 2: an item cannot be called"),
        ("a.conf", "[x]\n[[age]]\n[[[z]]]\n[[y]]\ntype = num", "line 2: an item cannot be called"),
        ("a.conf", "[ast]\n[[z]]\n[x]\n[[y]]\ntype = num", "line 1: an item cannot be called ast"),
        ("a.conf", "[load_items]\n[x]\n[[y]]\ntype = num", "line 1: an item cannot be called"),
        ("a.conf", "[x]\n[[a-b]]\n[[y]]\ntype = num", "line 2: .* write a_b"),
        ("a.conf", "y = 1\n[x]\n[[y]]\ntype = num", "line 1: y is outside of any section"),
    ],
)
def test_an_item_that_cannot_be_costs_no_other(sh, load, name, text, told):
    (one,) = load(text, name)
    with pytest.raises(ConfError, match=told):
        raise ConfError(one)
    assert one.startswith(name)
    assert sh.x.y.type() == "num"


@pytest.mark.parametrize("name", ["1wire", "global", "0", "_a", "class", "Küche", "name"])
def test_names_that_python_cannot_say_are_had_by_their_path(sh, load, name):
    assert load(f"[house]\n[[{name}]]\ntype = num\n[{name}x]\n[[y]]\ntype = num\n") == []
    item = sh.return_item(f"house.{name}")
    item(5)
    assert (item.id(), item()) == (f"house.{name}", 5)
    assert sh.return_item(f"{name}x.y").type() == "num"
    assert sh.match_items(f"house.{name}") == [item]


def test_attributes_of_several_files_add_up_and_the_last_one_counts(sh, load):
    load("[hall]\n" + FON, "phones.conf")
    fon = sh.hall.fon
    fon(True)
    assert load("hall:\n  fon:\n    name: Telephone\n    visu: a\n", "names.yaml") == []
    assert sh.hall.fon is fon
    assert fon() is True
    assert dict(fon.conf) == {"type": "bool", "ast_dev": "6121", "name": "Telephone", "visu": "a"}
    load("[hall]\n[[fon]]\nvisu = b\nast_dev = 30\n", "more.conf")
    assert (fon.conf["visu"], fon.conf["ast_dev"], fon.type()) == ("b", "30", "bool")
    assert [one.target for one in bindings_of(fon)] == ["30"]


def test_a_file_loaded_again_takes_the_place_of_what_it_said(sh, load):
    load("[hall]\n" + FON, "phones.conf")
    load("[hall]\n[[fon]]\nname = Telephone\n", "names.conf")
    load("[hall]\n[[fon]]\ntype = bool\n", "phones.conf")
    assert dict(sh.hall.fon.conf) == {"type": "bool", "name": "Telephone"}
    assert bindings_of(sh.hall.fon) == ()
    sh.load_items({"hall": {"fon": {"type": "bool", "visu": "a"}}})
    assert dict(sh.hall.fon.conf) == {"type": "bool", "visu": "a"}


def test_a_first_value_from_another_file_counts_until_somebody_sets_it(sh, load):
    load("[x]\ntype = num\n", "types.conf")
    load("[x]\nvalue = 5\n", "values.conf")
    assert sh.x() == 5
    sh.x(6)
    load("[x]\nvalue = 7\n", "values.conf")
    assert sh.x() == 6


@pytest.mark.parametrize(
    ("kind", "written", "value"),
    [
        ("list", "[1, 'a', [2.5, None]]", [1, "a", [2.5, None]]),
        ("dict", "{'a': 'x | y'}", {"a": "x | y"}),
        ("list", "(1, 2)", [1, 2]),
        ("list", "a | b", ["a", "b"]),
        ("list", "a", ["a"]),
        ("list", "", []),
        ("dict", "{'a': 1, 2: [True]}", {"a": 1, 2: [True]}),
        ("dict", "", {}),
        ("str", "[1, 2]", "[1, 2]"),
        ("num", "0x", 0),
    ],
)
def test_lists_and_dicts_are_read_as_python_writes_them(sh, load, kind, written, value):
    said = load(f"[x]\ntype = {kind}\nvalue = {written}\n[y]\ntype = {kind}\ninitial_value = \n")
    assert sh.x() == value
    assert bool(said) is (kind == "num")


@pytest.mark.parametrize(
    ("kind", "written"),
    [
        ("list", "[1, 2"),
        ("list", "[open]"),
        ("list", "[" * 5000),
        ("list", "[" + "-" * 9000 + "1]"),
        ("list", "[" + "1+" * 4000 + "1]"),
        ("list", "[" + "1," * 9000 + "]"),
        ("dict", "[1]"),
        ("dict", "{[]: 1}"),
        ("dict", "a"),
        ("dict", "__import__('os')"),
        ("num", "nan"),
        ("num", "x"),
    ],
)
def test_a_value_that_does_not_fit_is_named_and_the_item_begins_with_its_own(
    sh, load, kind, written
):
    (told,) = load(f"[x]\ntype = {kind}\nvalue = {written}\n[y]\ntype = num")
    assert told.startswith(f"items.conf, line 3: x is of type {kind} and does not take ")
    assert len(told) < 400
    assert sh.x() == {"list": [], "dict": {}, "num": 0}[kind]
    assert sh.y() == 0


@pytest.mark.parametrize("name", ["a\x1b[31mb", "a" * 100_000 + "-", "a\u202eb"])
def test_a_name_that_should_not_be_shown_as_it_is_is_shown_safely(sh, load, name):
    (told,) = load(f"[x]\n['{name}']\n", "items.conf")
    assert told.isprintable()
    assert len(told) <= 400


def test_many_mistakes_are_named_in_few_warnings(sh, load):
    said = load("[x]\ntype = bool\n" + "nonsense\n" * 500)
    assert len(said) == 21
    assert said[-1] == "480 more lines could not be read, or have no effect here"
    assert sh.x.type() == "bool"


def test_everything_is_loaded_even_where_warnings_are_errors(sh, tmp_path):
    (tmp_path / "items.conf").write_text("[x]\ntype = num\nvalue = x\n[y]\ntype = num\n")
    with warnings.catch_warnings(), pytest.raises(UserWarning, match="line 3"):
        warnings.simplefilter("error")
        sh.load_items(tmp_path / "items.conf")
    assert sh.y() == 0


def test_a_file_of_which_nothing_can_be_used_is_an_error(sh, tmp_path):
    (tmp_path / "items.conf").write_text("x = 1\ny = 1\n")
    with pytest.raises(ConfError, match=r"items\.conf, line 1: x is outside"):
        sh.load_items(tmp_path / "items.conf")


def test_empty_sections_are_nothing(sh, load):
    assert load("hall:\n  fon: {type: bool}\n  gone:\n  visu: ~\nattic:\n", "items.yaml") == []
    assert [item.id() for item in sh.return_items()] == ["hall", "hall.fon"]


@pytest.mark.parametrize(
    "tree",
    [
        {5: {"type": "bool"}},
        {"a": {5: {"type": "bool"}}},
        {"a": {"type": "bool", 5: "x"}},
        {"a": {"type": ["bool"]}},
        {"a": 1},
        {"a.b": {"type": "bool"}},
        {"": {}},
    ],
)
def test_dicts_are_refused_as_a_whole(sh, tree):
    with pytest.raises(ConfError):
        sh.load_items({"before": {"type": "bool"}, **tree})
    assert sh.return_items() == []


def test_dicts_without_end_are_refused(sh):
    tree: dict[str, Any] = {"type": "bool"}
    tree["a"] = tree
    with pytest.raises(ConfError, match="64 deep"):
        sh.load_items({"a": tree})
