"""The reference of the site has every public name, column, magic and message."""

import ast
import importlib
import inspect
import re

import pytest

from ast_notebook import calls, connect, errors
from ast_notebook.demo.week import week
from ast_notebook.magics.line import expand
from ast_notebook.magics.table import COMMANDS, find
from tests.support.paths import ROOT
from tools.site import api, frames, magics, messages


def test_each_public_name_is_in_the_reference():
    source = {name: api.page(name) for name in api.PAGES}
    listed = [module for _, modules in api.PAGES.values() for module in modules]
    assert "ast_notebook.asterisk" in listed
    for module in listed:
        for name in importlib.import_module(module).__all__:
            thing = getattr(importlib.import_module(module), name)
            if not inspect.ismodule(thing):
                found = re.findall(
                    rf"^\.\. (?:auto|py:)\w+:: \S+\.{name}$", "".join(source.values()), re.M
                )
                assert found, f"{module}.{name}"


def test_each_room_with_public_names_is_in_the_reference_or_needs_no_page():
    """What users import is told of; a room beside them is the inside of the house."""
    listed = {module for _, modules in api.PAGES.values() for module in modules}
    text = "".join(path.read_text() for path in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")])
    named = set(re.findall(r"from (ast_notebook[\w.]*) import", text))
    assert named
    inside = {"ast_notebook.ami.arguments", "ast_notebook.demo.week", "ast_notebook.demo.returned"}
    assert named - inside <= listed


def test_each_magic_and_each_of_its_options_is_in_the_reference():
    page = magics.page()
    for one in COMMANDS.values():
        section = page.partition(f"({magics.anchor(one)})=\n")[2].partition("\n(ast-")[0]
        assert one.magic in section
        for argument in one.arguments:
            assert argument.flags[0] in section or not argument.is_option


def test_each_column_of_each_frame_has_a_kind_and_a_meaning():
    page = frames.page()
    rows = re.findall(r"^\| `(\w+)` \| `([^`]+)` \| (.*) \|$", page, re.MULTILINE)
    assert len(rows) > 200
    assert [name for name, _, meaning in rows if len(meaning) < 5] == []
    made = calls.calls(week())
    section = page.partition("## Calls\n")[2].partition("\n## ")[0]
    assert re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE) == list(made.columns)


def test_a_meaning_is_that_of_a_column():
    used = {name for frame in frames.live().values() for name in frame.columns}
    assert set(frames.MEANINGS) == used


def refusals():
    """Mistakes, and who makes them."""
    yield lambda: connect("127.0.0.1", 1, username="u", password="p")
    yield lambda: calls.calls(week(), engine="excel")
    yield lambda: calls.flow(week(), "nobody")
    yield lambda: expand("$nothing", {})
    yield lambda: find(["conect"])
    yield lambda: find(["voicemail"])
    yield lambda: COMMANDS["call"].parse(["a", "b", "c", "d"])


@pytest.mark.parametrize("refused", list(refusals()))
def test_a_message_that_somebody_sees_is_found_on_the_page(refused):
    with pytest.raises(Exception) as error:
        refused()
    found = messages.matching(str(error.value))
    assert found and len(found[0].text.replace(messages.GAP, "")) > 8, error.value


def test_each_error_class_is_on_the_page_with_its_messages():
    page = messages.page()
    kinds = set(re.findall(r"^## (\w+)", page, re.MULTILINE))
    raised = set(errors.__all__) - {"AstError"}
    assert raised <= kinds


def test_each_text_that_is_raised_is_on_the_page():
    """An independent look: every longer text within a `raise`, in whichever form it is put."""
    page = re.sub(r"\\(.)", r"\1", messages.page())
    missing = []
    for path in sorted((ROOT / "ast_notebook").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not (isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call)):
                continue
            if ast.unparse(node.exc.func).rpartition(".")[2] not in errors.__all__:
                continue
            for part in ast.walk(node.exc.args[0]):
                if isinstance(part, ast.Constant) and isinstance(part.value, str):
                    words = " ".join(part.value.split()).strip()
                    if len(words) > 12 and "%" not in words and words not in page:
                        missing.append((path.name, node.lineno, words))
    assert missing == []


#: Messages of IPython and of front ends.
OF_OTHERS = {"Line magic function %ast not found", "Error displaying widget"}


def test_a_message_among_the_symptoms_is_one_of_the_code():
    text = (ROOT / "docs" / "troubleshooting.md").read_text(encoding="utf-8")
    seen = re.findall(r"^\| ([^|]+) \|", text, re.MULTILINE)
    spans = {one for cell in seen for one in re.findall(r"`([^`]*)`", cell)}
    quoted = {one for one in spans if " " in one} - OF_OTHERS
    page = re.sub(r"\\(.)", r"\1", messages.page())
    assert len(quoted) > 3
    assert [one for one in quoted if one not in page] == []


def test_each_error_class_is_among_the_symptoms_or_says_all_by_itself():
    text = (ROOT / "docs" / "troubleshooting.md").read_text(encoding="utf-8")
    by_itself = {"AstError", "ActionRefused", "AnswerTimeout", "BadAnswer", "BadValue", "ConfError"}
    assert [one for one in errors.__all__ if one not in text and one not in by_itself] == []


def test_the_pages_name_only_magics_that_there_are():
    groups = {name.partition(" ")[0] for name in COMMANDS if " " in name} | {"help"}
    named = {
        words
        for page in (ROOT / "docs").rglob("*.md")
        for found in re.finditer(
            r"(?:^|`)%ast ([a-z]+(?: [a-z]+)?)", page.read_text(encoding="utf-8"), re.MULTILINE
        )
        if (words := found[1]) not in groups
    }
    assert len(named) > 40
    for words in named:
        if not words.startswith("help"):
            find(words.split())
