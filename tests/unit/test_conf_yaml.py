"""SmartHomeNG's YAML files: types are kept, repeats are bounded, a slip costs its own lines."""

import time

import pytest

from ast_notebook.conf import Findings
from ast_notebook.conf.yamltree import read_yaml


def read(text):
    """Read a text as a file is read, and return the tree and what was wrong in it."""
    findings = Findings()
    found = read_yaml(text, "items.yaml", findings)
    return found.tree, [str(error) for _, error in findings.mistakes]


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("[1, 2.5, a, '3', true, ~, 0x1F, 017, -3]", [1, 2.5, "a", "3", True, None, 31, 17, -3]),
        ("{a: 1, 2: [b, {c: false}]}", {"a": 1, 2: ["b", {"c": False}]}),
        ("[.inf, !!str 5, !foo x]", [float("inf"), "5", "x"]),
        ("[]", []),
        ("0049", "0049"),
        ("yes", "yes"),
    ],
)
def test_lists_and_dicts_of_a_value_keep_the_types_in_them(written, value):
    tree, wrong = read(f"a:\n  type: list\n  value: {written}\n  initial_value: {written}\n")
    assert tree == {"a": {"type": "list", "value": value, "initial_value": value}}
    assert wrong == []


def test_all_other_attributes_are_text_as_written():
    tree, _ = read("a:\n  x: [0049, on, 1]\n  y: 007\n  z: ..fon\n  knx@inst: 1_0\n")
    assert tree == {"a": {"x": ["0049", "on", "1"], "y": "007", "z": "..fon", "knx@inst": "1_0"}}


def test_an_attribute_of_several_lines_is_one():
    tree, _ = read("a:\n  x: |\n    Ring\n  y: >\n    1 +\n    2\n  z: 'a\n\n    b'\n")
    assert tree == {"a": {"x": "Ring", "y": "1 + 2", "z": "ab"}}


def test_names_given_twice_are_one_and_are_named():
    findings = Findings()
    found = read_yaml("a:\n  x: 1\n  b: {y: 1}\na:\n  x: 2\n  b: {z: 1}\n", "a.yaml", findings)
    assert found.tree == {"a": {"x": "2", "b": {"y": "1", "z": "1"}}}
    with pytest.warns(UserWarning, match=r"a\.yaml, line 4: a was given before"):
        findings.tell()


def test_what_is_repeated_by_reference_is_read():
    tree, wrong = read("a: &a {x: 1, b: &b {y: 1}}\nc: *a\nd:\n  <<: [*b, *a]\n  x: 2\n  z: *b\n")
    assert tree["c"] == tree["a"] == {"x": "1", "b": {"y": "1"}}
    assert tree["d"] == {"y": "1", "x": "2", "b": {"y": "1"}, "z": {"y": "1"}}
    assert wrong == []


def test_what_is_merged_may_have_been_merged_itself():
    tree, _ = read("a: &a {x: 1}\nb: &b {<<: *a, y: 1}\nc: {<<: *b}\n")
    assert tree["c"] == {"x": "1", "y": "1"}


BOMBS = [
    "\n".join(
        ["a0: &a0 {x: 1, y: 2}"]
        + [f"a{n}: &a{n} {{l: *a{n - 1}, r: *a{n - 1}}}" for n in range(1, 60)]
    ),
    "\n".join(
        ["a0: &a0 {x: 1, y: 2}"]
        + [f"a{n}: &a{n} {{v: [*a{n - 1}, *a{n - 1}]}}" for n in range(1, 60)]
    ),
    "\n".join(
        ["a0: &a0 {x: 1}"]
        + [f"a{n}: &a{n} {{<<: [*a{n - 1}, *a{n - 1}], y{n}: 1}}" for n in range(1, 60)]
    ),
    "a: &a {"
    + ", ".join(f"x{n}: 1" for n in range(2000))
    + "}\n"
    + "\n".join(f"b{n}: {{<<: *a}}" for n in range(2000)),
    "a: {value: &v [1, *v]}",
    "a: &a\n  b: *a",
    "a: &a {<<: *a}",
    "a:\n  value: " + "[" * 100 + "]" * 100,
]


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_bomb_costs_itself_and_not_the_file(bomb):
    begun = time.process_time()
    tree, wrong = read(bomb + "\nlast: {x: 1}\n")
    assert time.process_time() - begun < 10
    assert wrong or "<<: *a}" in bomb
    assert tree["last"] == {"x": "1"}
    assert nodes(tree) < 200_000


def nodes(value):
    if isinstance(value, dict):
        return 1 + sum(map(nodes, value.values()))
    return 1 + sum(map(nodes, value)) if isinstance(value, list) else 1


def test_a_file_that_is_nested_without_end_is_read_as_far_as_it_goes():
    deep = "".join(" " * n + "a:\n" for n in range(400))
    tree, wrong = read(deep + "b:\n  x: 1\n")
    assert tree["b"] == {"x": "1"}
    assert len(wrong) == 1


def test_a_line_of_spaces_costs_no_more_than_its_length():
    tree, wrong = read("b\n: : [\na" + " " * 500_000 + "'\n  x: y\nlast: {x: 1}\n")
    assert tree["last"] == {"x": "1"}
    assert wrong


def test_spaces_before_a_colon_belong_to_no_name():
    tree, _ = read("a  :  # the hall\n  x: 1\n  y: [\n")
    assert tree == {"a": {"x": "1"}}


FON = "  fon:\n    type: bool\n    ast_dev: 6121\n"


@pytest.mark.parametrize(
    ("slip", "line"),
    [
        ('    eval: "Door " + str(value)\n', 4),
        ("\ttype: num\n", 4),
        ("    name: a: b\n", 4),
        ("    name: 'open\n", 4),
        ("    name: [1, 2\n", 4),
        ("    name: *none\n", 4),
        ("    name: @home\n", 4),
        ("    name: \x07\n", 4),
        ("    nonsense\n", 4),
        ("   type: num\n", 4),
        ("     type: num\n", 4),
        ("    - one\n", 4),
    ],
)
def test_a_slip_costs_its_own_lines(slip, line):
    tree, wrong = read("hall:\n  door:\n    type: str\n" + slip + FON + "attic:\n  x:\n    y: 1\n")
    assert tree["hall"]["fon"] == {"type": "bool", "ast_dev": "6121"}
    assert tree["hall"]["door"]["type"] == "str"
    assert tree["attic"] == {"x": {"y": "1"}}
    assert wrong
    assert all(one.startswith(f"items.yaml, line {line}: this is") for one in wrong)


@pytest.mark.parametrize(
    "text", ["a: 1\n---\nb: 2\n", "a: 1\n...\nb: 2\n", "a: 1\n%YAML 9\nb: 2\n"]
)
def test_what_does_not_belong_between_sections_costs_no_section(text):
    tree, _ = read(text)
    assert tree == {"a": "1", "b": "2"}


def test_a_long_file_that_is_no_yaml_anywhere_has_an_end():
    text = "".join(f"a{n}:\n" + "  b:\n   c:\n    d:\n     'x\n" for n in range(5_000))
    begun = time.process_time()
    read(text)
    assert time.process_time() - begun < 60
