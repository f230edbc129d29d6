"""Conf files of SmartHome.py and YAML files of SmartHomeNG are read alike, or refused helpfully."""

import os
import warnings

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from ast_notebook.bindings.tree import Items
from ast_notebook.conf import read_items, read_logics
from ast_notebook.errors import ConfError

ITEMS_CONF = """
# the old plugin's
[office]
    [[fon]]
        type = bool
        ast_dev = 2222   # the desk
        ast_db = active/office
        [[[box]]]
            type = num
            ast_box = 22
"""
ITEMS_YAML = """
# the old plugin's
office:
    fon:
        type: bool
        ast_dev: 2222   # the desk
        ast_db: active/office
        box:
            type: num
            ast_box: 22
"""
SEED = {
    "office": {
        "fon": {
            "type": "bool",
            "ast_dev": "2222",
            "ast_db": "active/office",
            "box": {"type": "num", "ast_box": "22"},
        }
    }
}


@pytest.fixture
def write(tmp_path):
    def write(name, text):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    return write


@pytest.mark.parametrize("text", [ITEMS_CONF, ITEMS_YAML])
def test_a_cell_holds_either_format(text):
    assert read_items(text).tree == SEED


@pytest.mark.parametrize(("name", "text"), [("a.conf", ITEMS_CONF), ("a.yaml", ITEMS_YAML)])
def test_a_file_is_read_by_its_type(write, name, text):
    assert read_items(write(name, text)).tree == SEED


def test_nothing_is_no_items():
    assert read_items("").tree == {}
    assert read_items("# nothing yet").tree == {}


@pytest.mark.parametrize("text", ["", "~", "---", "# nothing", "null\n"])
def test_nothing_is_no_yaml_items_either(write, text):
    assert read_items(write("items.yaml", text)).tree == {}


@pytest.mark.parametrize("text", ["[a]\nast_dev = 0049", "a:\n  ast_dev: 0049"])
def test_numbers_keep_their_noughts(text):
    assert read_items(text).tree["a"]["ast_dev"] == "0049"


@pytest.mark.parametrize(
    "text",
    ["[a]\nx = one | two\ny = 'one | two'", "a:\n  x: [one, two]\n  y: one | two"],
)
def test_lists_are_written_with_bars_or_as_yaml(text):
    assert read_items(text).tree["a"] == {"x": ["one", "two"], "y": "one | two"}


def test_letters_commas_and_percent_signs_are_text():
    tree = read_items("[küche]\nname = Müller, Öfen %(x)s ${y}\n").tree
    assert tree == {"küche": {"name": "Müller, Öfen %(x)s ${y}"}}


def test_an_empty_section_of_yaml_is_there():
    assert read_items("a:\n  b:\n  c: ~\n").tree == {"a": {"b": None, "c": None}}


@pytest.mark.parametrize(
    ("text", "line", "advice"),
    [
        ("[a]\nnonsense", 2, "NAME = VALUE"),
        ("[a\nx = 1", 1, "brackets"),
        ("[a]\n[[[b]]]", 2, "brackets do not fit"),
        ("a:\n  x: [", 2, "not YAML"),
        ("a: &a {b: {}, c: *a}", 1, "something that it is part of"),
        ("a:\n  ? [x]\n  : 1", 2, "a word"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_line(text, line, advice):
    with pytest.raises(ConfError) as caught:
        read_items(text)
    assert f"the cell, line {line}:" in str(caught.value)
    assert advice in str(caught.value)


@pytest.mark.parametrize("text", ["a: " + "[" * 50_000, "[a]\nx = " + "1" * 2_000_000])
def test_bombs_are_refused(text):
    with pytest.raises(ConfError):
        read_items(text)


def test_yaml_constructs_nothing():
    assert read_items("a:\n  x: !!python/name:os.system ''").tree == {"a": {"x": ""}}


@pytest.mark.parametrize("text", ["- a\n- b: 1", "\ta: 1", "a: \x07", "a: 1 b: 2"])
def test_yaml_that_is_no_tree_is_refused(write, text):
    with pytest.raises(ConfError, match=r"items\.yaml"):
        read_items(write("items.yaml", text))


def test_a_file_that_is_not_there_or_is_none_is_told(tmp_path):
    with pytest.raises(ConfError, match="No such file"):
        read_items(tmp_path / "none.conf")
    with pytest.raises(ConfError, match="is a folder: name a file in it"):
        read_items(tmp_path)
    with pytest.raises(ConfError, match="there cannot be such a file"):
        read_items(tmp_path / "a\0b.conf")
    os.mkfifo(tmp_path / "pipe.conf")
    with pytest.raises(ConfError, match="it is no file"):
        read_items(tmp_path / "pipe.conf")
    (tmp_path / "large.conf").write_bytes(b"[a]\n" * 300_000)
    with pytest.raises(ConfError, match="more than"):
        read_items(tmp_path / "large.conf")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize(("name", "text"), [("a.conf", ITEMS_CONF), ("a.yaml", ITEMS_YAML)])
def test_files_of_any_system_are_read(tmp_path, name, text, ending, encoding):
    text = text.replace("the desk", "the desk of Müller")
    (tmp_path / name).write_bytes(text.replace("\n", ending).encode(encoding))
    assert read_items(tmp_path / name).tree == SEED


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        ("a.conf", ("[a] # Tür", "b = Küche €", "c = \x81")),
        ("a.yaml", ("a: # Tür", "  b: Küche €")),
    ],
)
def test_what_is_not_utf8_is_read_line_by_line_and_named_once(tmp_path, name, lines):
    first, second, *more = lines
    data = [first.encode(), second.encode("cp1252"), *(line.encode("latin-1") for line in more)]
    (tmp_path / name).write_bytes(b"\n".join(data))
    found = read_items(tmp_path / name)
    with pytest.warns(UserWarning, match=rf"{name}, line 2: this is not UTF-8") as said:
        found.findings.tell()
    assert len(said) == 1
    assert found.tree["a"]["b"] == "Küche €"


NAMES = st.text("abcdefgäöü_", min_size=1, max_size=8)
VALUES = st.text(
    st.characters(exclude_categories=("C", "Z"), exclude_characters="'\"|"), max_size=20
)
TREES = st.recursive(
    st.dictionaries(NAMES, VALUES.map(lambda text: text or "x"), max_size=3),
    lambda below: st.dictionaries(NAMES, below, max_size=3),
    max_leaves=8,
)


def written(tree, level=1):
    """Write a tree as SmartHome.py's users do, each value in quotes."""
    for name, value in tree.items():
        if not isinstance(value, dict):
            yield f'{name} = "{value}"'
    for name, value in tree.items():
        if isinstance(value, dict):
            yield f"{'[' * level}{name}{']' * level}  # {name}"
            yield from written(value, level + 1)


@given(st.dictionaries(NAMES, TREES, min_size=1, max_size=3))
def test_what_is_written_in_quotes_is_read_back(tree):
    assert read_items("\n".join(written(tree))).tree == tree


@given(st.dictionaries(NAMES, TREES, min_size=1, max_size=3))
def test_what_ruamel_writes_is_read_back(tmp_path_factory, tree):
    path = tmp_path_factory.mktemp("yaml") / "items.yaml"
    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = False  # in braces ruamel writes `:0` without the quotes it needs
    yaml.dump(tree, path)
    assert read_items(path).tree == tree


# --- logics -------------------------------------------------------------------------------------


def test_logics_are_read_with_their_scripts(write):
    write("logics/one.py", "")
    write("two.py", "")
    path = write(
        "logic.conf",
        "[logic1]\nfilename = one.py\nast_userevent = Call\ncolour = red\n"
        "[logic2]\nfilename = two.py\nast_userevent = Action | Door\nast_dest = Office\n"
        "enabled = no\n[logic3]\nfilename = two.py\nast_userevent@berlin = Call\n",
    )
    first, second, third = read_logics(path)
    assert (first.name, first.userevent, first.dest, first.pbx) == ("logic1", ("Call",), (), None)
    assert first.filename == path.parent / "logics" / "one.py"
    assert first.conf["colour"] == "red"
    assert first.enabled
    assert second.userevent == ("Action", "Door")
    assert (second.dest, second.enabled) == (("Office",), False)
    assert third.pbx == "berlin"


def test_scripts_may_lie_in_the_folder_where_smarthome_has_them(write):
    write("logics/one.py", "")
    path = write("etc/logic.yaml", "logic1:\n  filename: one.py\n  ast_userevent: [Call]\n")
    (logic,) = read_logics(path)
    assert logic.filename.read_text() == ""
    assert logic.userevent == ("Call",)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[a]\nast_userevent = Call", "line 1: the logic a has no script"),
        ("[a]\nfilename = none.py", "line 2: the logic a: there is no script none.py"),
        ("filename = x.py", "line 1: filename is outside of any section"),
        (
            "[a]\nfilename = here.py\nenabled = perhaps",
            "line 3: the logic a is left out: enabled = 'perhaps' is",
        ),
    ],
)
def test_a_logic_that_cannot_be_is_told(write, text, message):
    write("here.py", "")
    with pytest.raises(ConfError, match=message):
        read_logics(write("logic.conf", text))


def test_what_would_start_a_logic_in_smarthome_only_is_warned_of(write):
    write("here.py", "")
    with pytest.warns(UserWarning, match="crontab does not start the logic a here"):
        read_logics(write("logic.conf", "[a]\nfilename = here.py\ncrontab = init"))


def test_a_mistyped_keyword_of_ours_is_warned_of(write):
    items = Items()
    with pytest.warns(UserWarning, match=r"line 3: a: there is no ast_dve; did you mean ast_dev\?"):
        items.load(read_items("[a]\ntype = bool\nast_dve = 22"))
    with pytest.warns(UserWarning, match=r"a: there is no ast_flag; ast_dev, ast_box, ast_db"):
        items.load({"a": {"type": "bool", "ast_flag@berlin": "22"}})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        more = {"ast_db@berlin": "a/b", "knx_dpt": "1", "asterisk": "x"}
        items.load({"a": {"type": "bool", **more}})
    write("here.py", "")
    text = "[a]\nfilename = here.py\nast_userevnt = Call"
    with pytest.warns(UserWarning, match=r"line 3: .*ast_userevnt; did you mean ast_userevent\?"):
        read_logics(write("logic.conf", text))
