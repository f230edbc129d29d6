"""The plan of the house: imports point down, nothing goes in a circle, no file is too long."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from tests.support.paths import ROOT

PACKAGE = ROOT / "ast_notebook"
LONGEST = 400


@cache
def modules() -> dict[str, Path]:
    """Every module of the package by its name, that of a package being its folder's."""
    found = {}
    for path in PACKAGE.rglob("*.py"):
        parts = path.relative_to(ROOT).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imported(name: str) -> Iterator[str]:
    """The modules of the package that a module imports, for types and inside functions too."""
    for node in ast.walk(ast.parse(modules()[name].read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (one.name for one in node.names if one.name in modules())
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{name} imports relatively"
            for one in node.names:
                whole = f"{node.module}.{one.name}"
                found = whole if whole in modules() else str(node.module)
                if found in modules():
                    yield found


@cache
def graph() -> dict[str, set[str]]:
    return {name: set(imported(name)) - {name} for name in modules()}


def room(name: str) -> str:
    return [*name.split("."), "__init__"][1]


@cache
def floors() -> dict[str, int]:
    """The floor of each room, as the documentation has it."""
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    found: dict[str, int] = {}
    for floor, rooms in re.findall(r"^\| (\d+) \| (.+) \|$", text, re.MULTILINE):
        for one in re.findall(r"`(\w+)`", rooms):
            assert one not in found, f"{one} is on two floors"
            found[one] = int(floor)
    return found


def test_the_graph_knows_imports_for_types_and_in_functions():
    assert "ast_notebook.panel" in graph()["ast_notebook"], "for types"
    assert "ast_notebook.magics" in graph()["ast_notebook"], "in a function"
    assert "ast_notebook.ami.session" in graph()["ast_notebook.ami"]


def test_no_modules_know_each_other_in_a_circle():
    try:
        TopologicalSorter(graph()).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


def test_every_room_is_on_a_floor_and_told_of():
    assert {room(name) for name in modules()} == set(floors())
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    told = set(re.findall(r"^\| `(\w+)` \| ", text, re.MULTILINE))
    assert set(floors()) - told <= {"cell_analysis"}


def test_imports_point_down():
    upward = [
        f"{name} imports {other}"
        for name, others in sorted(graph().items())
        for other in sorted(others)
        if room(name) != room(other) and floors()[room(name)] <= floors()[room(other)]
    ]
    assert not upward


def test_no_file_is_too_long():
    lengths = {name: len(path.read_text().splitlines()) for name, path in modules().items()}
    assert {name: length for name, length in lengths.items() if length > LONGEST} == {}


ALONE = """
import importlib, sys
import ast_notebook
for name in sys.argv[1:]:
    room = ".".join(name.split(".")[:2])
    for known in [one for one in sys.modules if one == room or one.startswith(room + ".")]:
        del sys.modules[known]
    try:
        importlib.import_module(name)
    except Exception as error:
        print(f"{name}: {error!r}")
"""


@pytest.mark.timeout(600)
def test_every_module_can_be_imported_first_of_its_room():
    """Between rooms imports point down, so that only a module's own room can be in its way."""
    names = sorted(set(modules()) - {"ast_notebook", "ast_notebook.__main__"})
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", ALONE, *names],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout) == (0, ""), done.stdout + done.stderr


def test_a_name_of_a_class_means_one_class():
    """A leading underscore makes no other name of it."""
    found: dict[str, list[str]] = {}
    for name, path in modules().items():
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef):
                found.setdefault(node.name.lstrip("_"), []).append(name)
    assert len(found) > 200
    assert {name: where for name, where in found.items() if len(where) > 1} == {}
