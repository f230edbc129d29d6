"""A notebook can be stripped of what it shows of calls, and of nothing else."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from ast_notebook.__main__ import main
from ast_notebook.errors import ConfError
from ast_notebook.strip import strip

ROOT = Path(__file__).parents[1]
SHOWN = "6102 called Anna"


def output(text: str = SHOWN) -> nbformat.NotebookNode:
    return nbformat.v4.new_output("stream", text=text)


@pytest.fixture
def write(tmp_path: Path):
    def write(*sources: str, name: str = "calls.ipynb", **metadata) -> Path:
        cells = [nbformat.v4.new_code_cell(one, outputs=[output()]) for one in sources]
        cells.insert(1, nbformat.v4.new_markdown_cell("about %ast and sh"))
        notebook = nbformat.v4.new_notebook(cells=cells, metadata=metadata)
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        nbformat.write(notebook, path)
        return path

    return write


def left(path: Path) -> list[str]:
    """Return the sources of the cells that still show something, and see that it is a notebook."""
    notebook = nbformat.read(path, 4)
    nbformat.validate(notebook)
    return [cell.source for cell in notebook.cells if cell.get("outputs")]


def test_what_uses_ast_notebook_is_stripped_and_the_rest_stays(write):
    path = write("%load_ext ast_notebook", "%ast status", "calls = %ast calls", "1 + 1", "x = 2")
    before = [cell.source for cell in nbformat.read(path, 4).cells]
    (done,) = strip(path)
    assert left(path) == ["1 + 1", "x = 2"]
    assert [cell.source for cell in nbformat.read(path, 4).cells] == before
    assert (done.outputs, done.cells, done.widgets) == (3, 3, 0)
    assert SHOWN not in str(done)


@pytest.mark.parametrize(
    "source",
    [
        "calls",
        "calls.groupby('caller').size()",
        "%timeit calls.talk.sum()",
        "%%time\ncalls",
        "%%sql\nselect caller from calls",
        "print(f'{calls.caller[0]}')",
        "mine = calls[calls.talk > 3]",
        "for row in calls.itertuples(): print(row)",
        "sh.ast.events",
        "get_ipython().run_line_magic('ast', 'calls')",
        "later",
        "show(3)",
        "rows",
        "_",
        "_3",
        "Out[2]",
        "calls ??? not Python",
    ],
)
def test_what_comes_of_it_is_stripped_wherever_it_stands(write, source):
    made = "later = calls.merge(prices)\nrows.append(calls)\ndef show(n): return calls.head(n)"
    path = write(source, "import pandas as pd, os", "calls = %ast calls", made, "pd.DataFrame([1])")
    strip(path)
    assert left(path) == ["import pandas as pd, os", "pd.DataFrame([1])"]


def test_python_without_magics_is_known_too(write):
    path = write(
        "from ast_notebook.calls.history import history as read\nimport matplotlib.pyplot as plt",
        "past = read('Master.csv')",
        "past.report()",
        "plt.plot([1])",
    )
    strip(path)
    assert left(path) == ["plt.plot([1])"]


def test_a_notebook_that_is_none_of_ours_stays_as_it_is(write):
    path = write("sh = 1", "sh", widgets={"x": {"state": {"a": {}}}})
    before = path.read_bytes()
    (done,) = strip(path)
    assert path.read_bytes() == before
    assert "nothing to remove" in str(done)
    (done,) = strip(path, everything=True)
    assert left(path) == []
    assert (done.outputs, done.widgets) == (2, 1)


def test_the_state_of_widgets_goes(write):
    state = {"one": {"state": {"rows": SHOWN}}, "two": {}}
    widgets = {"application/vnd.jupyter.widget-state+json": {"state": state}}
    path = write("%ast panel", widgets=widgets, kernelspec={"name": "python3", "display_name": "x"})
    (done,) = strip(path)
    assert "the state of 2 widgets removed" in str(done)
    assert SHOWN not in path.read_text()
    assert nbformat.read(path, 4).metadata.kernelspec.name == "python3"


def test_its_checkpoint_is_stripped_too(write):
    path = write("%ast calls")
    checkpoint = write("%ast calls", name=".ipynb_checkpoints/calls-checkpoint.ipynb")
    done = strip(path)
    assert [one.path for one in done] == [path, checkpoint]
    assert not left(path) + left(checkpoint)


def test_a_link_and_a_mode_stay(write, tmp_path):
    path = write("%ast calls")
    path.chmod(0o640)
    link = tmp_path / "link.ipynb"
    link.symlink_to(path)
    strip(link)
    assert link.is_symlink()
    assert left(path) == []
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert sorted(one.name for one in tmp_path.iterdir()) == ["calls.ipynb", "link.ipynb"]


def test_a_file_that_cannot_be_replaced_is_as_it_was(write, monkeypatch):
    path = write("%ast calls")
    before = path.read_bytes()

    def full(handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ConfError, match="is as it was: No space left"):
        strip(path)
    assert path.read_bytes() == before
    assert [one.name for one in path.parent.iterdir()] == ["calls.ipynb"]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "no JSON"),
        ("[" * 100_000, "no JSON"),
        ("[]", "no notebook"),
        ('{"cells": {}}', "no notebook"),
        ('{"cells": [1]}', "no notebook"),
        ('{"worksheets": []}', "open and save it with Jupyter"),
    ],
)
def test_what_is_no_notebook_is_told_so(tmp_path, text, why):
    path = tmp_path / "calls.ipynb"
    path.write_text(text)
    with pytest.raises(ConfError, match=why):
        strip(path)
    assert path.read_text() == text


def test_the_command_says_what_it_removed(write, capsys):
    one, two = write("%ast calls"), write("1", name="other.ipynb")
    assert main(["strip", str(one), str(two)]) == 0
    told = capsys.readouterr()
    assert told.out == (
        f"{one}: 1 outputs of 1 cells removed\n{two}: there was nothing to remove\n"
    )
    assert main(["strip", str(one) + ".missing"]) == 2
    assert "No such file" in capsys.readouterr().err
    assert main(["strip", "--all", str(two)]) == 0
    assert json.loads(two.read_text())["cells"][0]["outputs"] == []


def test_it_is_a_command_of_its_own(write):
    path = write("%ast calls")
    line = [sys.executable, "-m", "ast_notebook", "strip", str(path)]
    done = subprocess.run(
        line, env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=True
    )
    assert "1 outputs" in done.stdout
    assert left(path) == []
