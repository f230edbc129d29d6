"""Templates of items, as SmartHomeNG's `struct` has them, in files near that of the items."""

import time

import pytest

from ast_notebook.bindings.tree import Items
from ast_notebook.conf import read_items

STRUCTS = """
phone:
    type: bool
    ast_dev@instance: 22
    name: a telephone
    visu: [a]
    box:
        type: num
        ast_box: 22
busy:
    name: busy
    visu: [b]
    light: {type: bool}
both:
    struct: [phone, busy]
    more: {type: str, eval: ..fon}
"""


@pytest.fixture
def read(tmp_path):
    """Read items of a file in the folder items, with templates beside it, and warn."""

    def read(text, **files):
        for name, struct in files.items():
            path = tmp_path / (name.replace("__", "/") + ".yaml")
            path.parent.mkdir(exist_ok=True)
            path.write_text(struct)
        path = tmp_path / "items" / "house.yaml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        found = read_items(path)
        found.findings.tell()
        return found.tree

    return read


@pytest.mark.parametrize("place", ["items__struct", "items__etc__struct", "etc__struct"])
def test_an_item_has_what_its_template_gives_and_its_own_comes_first(read, tmp_path, place):
    (tmp_path / "items").mkdir()
    text = "hall:\n  fon:\n    struct: phone\n    ast_dev: 30\n    box: {ast_box: 30}\n"
    assert read(text, **{place: STRUCTS})["hall"]["fon"] == {
        "struct": "phone",
        "type": "bool",
        "ast_dev": "30",
        "name": "a telephone",
        "visu": ["a"],
        "box": {"type": "num", "ast_box": "30"},
    }


def test_of_several_templates_the_later_one_counts_and_lists_are_joined(read):
    tree = read("a:\n  struct: both\nb:\n  struct: [phone, busy]\n", etc__struct=STRUCTS)
    assert tree["b"]["name"] == tree["a"]["name"] == "busy"
    assert tree["b"]["visu"] == tree["a"]["visu"] == ["a", "b"]
    assert tree["a"]["more"] == {"type": "str", "eval": "..fon"}
    assert {"box", "light"} <= set(tree["a"])


@pytest.mark.parametrize(
    "text", ["a:\n  struct: phone@berlin\n", "a:\n  struct: phone\n  instance: berlin\n"]
)
def test_an_instance_is_put_where_the_template_says(read, text):
    assert read(text, etc__struct=STRUCTS)["a"]["ast_dev@berlin"] == "22"


def test_templates_of_other_files_have_their_names_before_them(read):
    mine = "a: {x: 1}\nb: {struct: .a, c: {struct: .a}}\n"
    files = {"etc__struct_mine": mine, "structs__other": mine, "structs__global_structs": mine}
    text = "a: {struct: my.mine.b}\nb: {struct: my.other.b.c}\nc: {struct: a}\n"
    tree = read(text, **files)
    assert (tree["a"]["x"], tree["a"]["c"]["x"], tree["b"]["x"], tree["c"]["x"]) == ("1",) * 4


def test_a_template_that_is_not_there_is_named_once(read):
    text = "a:\n  struct: knx.lamp\n  type: bool\nb:\n  struct: [knx.lamp, phone]\n"
    with pytest.warns(UserWarning) as said:
        tree = read(text, etc__struct=STRUCTS)
    (one,) = said
    assert "house.yaml, line 2: there is no struct knx.lamp" in str(one.message)
    assert "a and 1 more lack" in str(one.message)
    assert tree["a"]["type"] == tree["b"]["type"] == "bool"


def test_a_template_of_many_parts_is_not_there(read):
    with pytest.warns(UserWarning, match=r"there is no struct a\.a\.a"):
        tree = read(f"a:\n  struct: {'.'.join('a' * 3000)}\nlast: {{type: bool}}\n")
    assert tree["last"] == {"type": "bool"}


@pytest.mark.parametrize("parts", [1, 2, 3])
def test_a_part_of_a_template_is_one_itself(read, parts):
    name = ".".join(["a", "b", "c"][:parts])
    tree = read(f"x: {{struct: {name}}}\n", etc__struct="a: {b: {c: {x: 1}}}\n")
    assert ("c" in tree["x"], "x" in tree["x"]) == (parts == 2, parts == 3)


@pytest.mark.parametrize(
    "structs",
    [
        "a: {struct: a}",
        "a: {struct: b}\nb: {struct: a}",
        "a: {x: {struct: a}}",
        "a: {x: {struct: a}, y: {struct: a}}",
        "\n".join(f"a{n}: {{struct: [a{n + 1}, a{n + 1}], x{n}: 1}}" for n in range(40))
        + "\na40: {x: 1}\na: {struct: a0}",
    ],
)
def test_templates_without_end_cost_themselves_and_not_the_file(read, structs):
    begun = time.process_time()
    with pytest.warns(UserWarning, match=r"line 1: .*(made of itself|deep|attributes)"):
        tree = read("first: {struct: a}\nlast: {type: bool}\n", etc__struct=structs)
    assert tree["last"] == {"type": "bool"}
    assert time.process_time() - begun < 10


@pytest.mark.parametrize(
    "loops",
    [
        "loop: {struct: loop}",
        "loop: {struct: other}\nother: {struct: loop}",
        "loop: {x: {struct: loop}, y: {struct: loop}}",
    ],
)
def test_a_template_of_itself_costs_no_other_and_is_named(read, loops):
    text = "a: {struct: phone}\nb: {struct: [phone, loop]}\nc: {struct: loop}\nd: {struct: phone}"
    with pytest.warns(UserWarning) as said:
        tree = read(text, etc__struct=f"{STRUCTS}{loops}\n")
    assert [tree[name].get("name") for name in "abd"] == ["a telephone"] * 3
    (one,) = said
    assert "struct loop was left out: " in str(one.message)


def test_a_struct_that_is_no_name_and_a_file_that_cannot_be_read_are_named(read):
    with pytest.warns(UserWarning) as said:
        tree = read("a:\n  struct: [{b: 1}]\n  x: 1\n", etc__struct="- a", items__struct=STRUCTS)
    texts = " ".join(str(one.message) for one in said)
    assert "struct.yaml: this is not a tree" in texts
    assert "line 2: struct: " in texts
    assert tree["a"]["x"] == "1"


def test_items_of_templates_are_tied(read, tmp_path):
    read("hall:\n  fon:\n    struct: phone\n", etc__struct=STRUCTS)
    items = Items()
    items.load(read_items(tmp_path / "items" / "house.yaml"))
    fon = items.return_item("hall.fon")
    assert fon is not None and fon.box is not None
    assert fon.type() == "bool"
    assert fon.conf["ast_dev"] == "22"
    assert fon.box.conf["ast_box"] == "22"


def test_lists_that_templates_join_are_counted_and_grow_no_faster_than_their_file(read):
    began = time.process_time()
    with pytest.warns(UserWarning, match="templates give more than 100000 attributes"):
        found = read(
            f"i:\n  struct: [{','.join(['a'] * 4000)}]\nk:\n  type: bool\n",
            items__struct=f"a:\n  x: [{','.join('v' * 4000)}]\n",
        )
    assert time.process_time() - began < 5
    assert len(found["i"]["x"]) <= 100_000
    assert found["k"] == {"type": "bool"}


def test_values_in_pythons_form_that_templates_give_are_counted(read):
    value = "[[1, 2, 3, 4], {a: [5, 6]}]"
    with pytest.warns(UserWarning, match="templates give more than 100000 attributes"):
        read(
            f"i:\n  struct: [{','.join(['a'] * 20_000)}]\n", items__struct=f"a:\n  value: {value}\n"
        )


def test_a_template_whose_lists_were_joined_is_as_it_was_for_the_next_item(read):
    found = read(
        "i:\n  struct: [a, b]\nk:\n  struct: [a, b]\nl:\n  struct: a\n",
        items__struct="a:\n  x: [1]\n  in: {y: [1]}\nb:\n  x: [2]\n  in: {y: [2]}\n",
    )
    assert found["i"]["x"] == found["k"]["x"] == ["1", "2"]
    assert found["i"]["in"]["y"] == found["k"]["in"]["y"] == ["1", "2"]
    assert found["l"]["x"] == found["l"]["in"]["y"] == ["1"]
