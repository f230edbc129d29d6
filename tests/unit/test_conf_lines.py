"""Conf files are read line by line as SmartHome.py reads them; a mistake costs its own line."""

import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ast_notebook.conf import Findings, read_items
from ast_notebook.conf.findings import MOST
from ast_notebook.conf.lines import read_lines
from ast_notebook.errors import ConfError


def read(text, **options):
    """Read a text as a file is read, and return the tree and what was wrong in it."""
    findings = Findings()
    found = read_lines(text, "items.conf", findings, **options)
    return found.tree, [str(error) for _, error in findings.mistakes]


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ('"Door"', "Door"),
        ("'Door' # of the hall", "Door"),
        ("'a # b' # c", "a # b"),
        ('"Door " + str(value)', '"Door " + str(value)'),
        ("'open' if value else 'shut'", "'open' if value else 'shut'"),
        ("'open' if value else \"shut\"", "'open' if value else \"shut\""),
        ('"{0}".format(sh.hall.fon())', '"{0}".format(sh.hall.fon())'),
        ('"House" <house@example.org>', '"House" <house@example.org>'),
        ("Bob's # Ann's", "Bob's"),
        ('"', '"'),
        ("'a'b'", "'a'b'"),
        ('a = "b"', 'a = "b"'),
        ("..fon", "..fon"),
        ("", ""),
        ("# nothing", ""),
        ("1 ; 2", "1 ; 2"),
        ("a | b", ["a", "b"]),
        ("'init' | 0 6 * *", ["init", "0 6 * *"]),
        ("'1/1/1' | \"1/1/2\"", ["1/1/1", "1/1/2"]),
        ("'a | b'", "a | b"),
        ("a |", ["a", ""]),
        ("C:\\temp", "C:\\temp"),
    ],
)
def test_a_value_is_what_is_written(written, value):
    tree, wrong = read(f"[a]\nx = {written}\ny = 1\n")
    assert tree == {"a": {"x": value, "y": "1"}}
    assert wrong == []


def test_sections_and_attributes_named_twice_are_one():
    tree, wrong = read("[a]\n[[b]]\nx = 1\ny = 1\n[c]\n[a]\nz = 1\n[[b]]\ny = 2\ny = 3\nx =\n")
    assert tree == {"a": {"b": {"x": "1", "y": "3"}, "z": "1"}, "c": {}}
    assert wrong == []


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("x = 1 if v \\\n   else 0", "1 if v else 0"),
        ("x = a \\  \n b \\\n c", "a b c"),
        ("x = [1, \\\n[2]]", "[1, [2]]"),
        ("x = a\\\\\nb", "ab"),
        ("x = a \\", "a"),
        ("x = a \\\n\ny = 1", "a"),
    ],
)
def test_a_backslash_joins_lines(text, value):
    tree, wrong = read(f"[a]\n{text}")
    assert tree["a"]["x"] == value
    assert wrong == []


def test_a_backslash_joins_neither_a_section_nor_a_comment():
    tree, wrong = read("[a]\n# a path: C:\\\nx = C:\\\n[b]\ny = 1 # C:\\\nz = 1\n")
    assert tree == {"a": {"x": "C:\\"}, "b": {"y": "1", "z": "1"}}
    assert wrong == []


def test_only_line_ends_end_a_line():
    tree, wrong = read("[a]\nx = 1\N{NEXT LINE}2\N{LINE SEPARATOR}3\f4\n")
    assert tree == {"a": {"x": "1\N{NEXT LINE}2\N{LINE SEPARATOR}3\f4"}}
    assert wrong == []


def test_attributes_of_other_plugins_survive():
    text = "[a]\nknx_dpt@house = 1\nvisu.x = ..up:fon\n*:y = sh...self()\nast_dev@instance = 22\n"
    tree, wrong = read(text)
    assert tree["a"] == {
        "knx_dpt@house": "1",
        "visu.x": "..up:fon",
        "*:y": "sh...self()",
        "ast_dev@instance": "22",
    }
    assert wrong == []


@pytest.mark.parametrize(
    ("text", "place", "tree"),
    [
        ("[a]\nnonsense\nx = 1", "line 2: this is neither", {"a": {"x": "1"}}),
        ("[a]\nx y = 1\nx = 1", "line 2: the name", {"a": {"x": "1"}}),
        ("[a\nx = 1\n[b]\ny = 1", "line 1: the brackets", {"b": {"y": "1"}}),
        ("[a] x = 2\nx = 1\n[b]\ny = 1", "line 1: the brackets", {"b": {"y": "1"}}),
        ("[]\nx = 1\n[b]\ny = 1", "line 1: the brackets", {"b": {"y": "1"}}),
        ("[a]\n[[b]\nx = 1\n[[c]]\ny = 1", "line 2: the brackets", {"a": {"c": {"y": "1"}}}),
        ("[a]\n[[[b]]]\n[[[[c]]]]\nx = 1\n[[d]]", "line 2: the brackets", {"a": {"d": {}}}),
        ("[[b]]\nx = 1\n[a]", "line 1: the brackets", {"a": {}}),
        (
            "[a]\nfon = 1\n[[fon]]\nx = 1\n[[b]]",
            "line 3: the section",
            {"a": {"fon": "1", "b": {}}},
        ),
        ("[a]\n[[fon]]\n[a]\nfon = 1\nx = 1", "line 4: there is", {"a": {"fon": {}, "x": "1"}}),
    ],
)
def test_what_cannot_be_read_costs_itself_and_is_named(text, place, tree):
    found, wrong = read(text)
    assert found == tree
    (error,) = wrong
    assert error.startswith(f"items.conf, {place}")


def test_sections_have_a_depth_and_mistakes_an_end():
    deep = "\n".join(f"{'[' * n}a{']' * n}" for n in range(1, 100)) + "\n[b]"
    tree, wrong = read(deep)
    assert "b" in tree
    assert len(wrong) == 1
    with pytest.raises(ConfError):
        read("x\n" * (MOST + 2))


@pytest.mark.parametrize(
    "text",
    [
        '[a]\nname = """\n[' + " " * 300_000 + 'x\n"""\n',
        "[" * 300_000,
        "[a]" + "]" * 300_000,
        "[a]\nx = " + "\\\n" * 150_000,
        "[a]\nx = 1 \\\n" + " " * 300_000,
        "[a]\nx = \\\n" + "[" * 100_000 + "b" * 100_000,
        "[a]\nx = " + "'" * 300_000,
        "[a]\nx = " + "'#" * 150_000,
        "[a]\nx = " + "|" * 300_000,
        "[a]\n" + "x" * 300_000,
        "[a]\n" + "x=1\n" * 75_000,
    ],
)
def test_any_text_is_read_in_a_time_that_grows_with_its_length(text):
    begun = time.process_time()
    read(text)
    assert time.process_time() - begun < 5


@given(st.text(st.sampled_from("[]='\"|#;\\ \nab1@"), max_size=60))
@example("[a]\n[[b\n[[[c]]]\n[[d]]")
def test_no_text_is_more_than_a_mistake(text):
    read(text)
    read(text, secret=True)
    try:
        read_items(text)
    except ConfError as error:
        assert "\n" not in str(error)
