"""A notebook can be stripped of all that it shows, or of what seems to be of calls."""

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
from tests.support.paths import ROOT

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


def test_every_output_goes_and_every_source_stays(write):
    path = write("%load_ext ast_notebook", "calls = %ast calls", "1 + 1", "x = 2")
    before = [cell.source for cell in nbformat.read(path, 4).cells]
    (done,) = strip(path)
    assert left(path) == []
    assert [cell.source for cell in nbformat.read(path, 4).cells] == before
    assert (done.outputs, done.cells, done.widgets) == (4, 4, 0)
    assert SHOWN not in str(done)
    stripped = path.read_bytes()
    (done,) = strip(path)
    assert path.read_bytes() == stripped
    assert "nothing to remove" in str(done)


PRICES = "import decimal as d\nprices = [d.Decimal(3)]\nprint(len(prices))"


def test_a_guess_leaves_what_seems_to_have_nothing_to_do_with_it(write):
    unrelated = (
        PRICES,
        "for price in prices:\n    print(price)",
        "def dear(price):\n    # calls\n    return price > 3\n[dear(one) for one in prices]",
        "1 + 1",
        "re = 'a pattern: \\d'",
    )
    path = write("%load_ext ast_notebook", "calls = %ast calls\nprint(len(calls))", *unrelated)
    (done,) = strip(path, guess=True)
    assert left(path) == list(unrelated)
    assert (done.outputs, done.cells) == (2, 2)


@pytest.mark.parametrize(
    "source",
    [
        "calls",
        "calls.groupby('caller').size()",
        "%timeit calls.talk.sum()",
        "%%sql\nselect caller from calls",
        "print(f'{calls.caller[0]}')",
        "for row in calls.itertuples(): print(row)",
        "\uff43alls",
        "sh.ast.events",
        "from ast_notebook.calls.history import history",
        "get_ipython().run_line_magic('ast', 'calls')",
        "later",
        "show(3)",
        "rows",
        "_",
        "_3",
        "Out[2]",
        "_oh",
        "globals()['rows']",
        "locals()",
        "print(vars())",
        "[one() for one in [globals]]",
        "exec('print(sh)')",
        "import sys\nsys.modules",
        "%whos",
        "whos",
        "ast channels",
        "ast",
        "ast -h",
        "!ast-notebook doctor",
        "help('modules')",
        "print(1)\n%store -r",
        "deleted",
        "%run -i report.py",
        "open('calls.csv').read()",
        "import pathlib\npathlib.Path('made.csv').read_text()",
        "calls ??? not Python",
        "print(1)\x00",
    ],
)
def test_a_guess_leaves_nothing_that_may_come_of_it(write, source):
    made = (
        "later = calls.merge(prices)\nrows.append(calls)\ndef show(n): return calls.head(n)\n"
        "calls.to_csv('made.csv')"
    )
    path = write(source, "calls = %ast calls", made, "1 + 1")
    strip(path, guess=True)
    assert left(path) == ["1 + 1"]


@pytest.mark.parametrize(
    ("cells", "shown"),
    [
        (["%%time\ncalls = %ast calls"], "calls.head()"),
        (["%time calls = sh.ast.calls()"], "calls.head()"),
        (["%%capture cap\n%ast calls"], "cap.show()"),
        (["%%bash --out numbers\nast-notebook doctor"], "numbers"),
        (["told = !ast-notebook doctor"], "told"),
        (["filter = %ast calls"], "filter"),
        (["def  print(x): return sh.ast.calls()"], "print(1)"),
        (["len = sh.ast.calls\nlen(3)"], "len(3)"),
        (["import math as m", "m.last = sh.ast.calls()"], "m.last"),
        (["import math as m", "import math\nmath.last = sh.ast.calls()"], "m.last"),
        (["from mymodule import calls", "calls = %ast calls"], "calls"),
        (["a = []\nb = a", "b.append(sh.ast.calls())"], "print(a)"),
        (["def f():\n    global zz\n    zz = sh.ast.calls()\nf()"], "zz"),
        (["globals()['qq'] = sh.ast.calls()"], "qq"),
        (["match sh.ast.calls():\n    case found: pass"], "found"),
        (["for i, row in sh.ast.calls().iterrows(): pass"], "row"),
        (["class A: pass", "A.x = sh.ast.calls()"], "A.x"),
        (["hits = []", "%%ast on Call\nhits.append(event)"], "hits"),
        (["%macro m 1-3"], "m"),
        (["%store -r"], "kept"),
        (["%run -i report.py"], "report"),
        (["from mymodule import *"], "calls"),
    ],
)
def test_a_guess_knows_what_cells_of_ours_may_have_made(write, cells, shown):
    path = write("%load_ext ast_notebook", *cells, shown, "1 + 1")
    strip(path, guess=True)
    assert shown not in left(path)
    assert "1 + 1" in left(path)


def test_a_guess_leaves_no_error_and_no_warning(write):
    path = write("1 + 1")
    notebook = nbformat.read(path, 4)
    error = nbformat.v4.new_output("error", ename="KeyError", evalue=SHOWN, traceback=[SHOWN])
    shown = nbformat.v4.new_output("execute_result", {"text/plain": "2"}, execution_count=1)
    warning = nbformat.v4.new_output("stream", name="stderr", text=SHOWN)
    notebook.cells[0].outputs = [error, shown, warning]
    nbformat.write(notebook, path)
    (done,) = strip(path, guess=True)
    assert nbformat.read(path, 4).cells[0].outputs == [shown]
    assert (done.outputs, done.cells) == (2, 1)


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
        ("", "not JSON"),
        ("[" * 100_000, "not JSON"),
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
    one, two = write("%ast calls", "1 + 1"), write("1", name="other.ipynb")
    assert main(["strip", "--guess", str(one), str(two)]) == 0
    told = capsys.readouterr()
    assert told.out == (
        f"{one}: 1 outputs of 1 cells removed\n{two}: there was nothing to remove\n"
    )
    assert main(["strip", str(one) + ".missing"]) == 2
    assert "No such file" in capsys.readouterr().err
    assert main(["strip", str(two)]) == 0
    assert json.loads(two.read_text())["cells"][0]["outputs"] == []
    with pytest.raises(SystemExit):
        main(["strip", "--help"])
    assert "numbers and names may be left" in " ".join(capsys.readouterr().out.split())


def test_it_is_a_command_of_its_own(write):
    path = write("%ast calls")
    line = [sys.executable, "-m", "ast_notebook", "strip", str(path)]
    done = subprocess.run(
        line, env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=True
    )
    assert "1 outputs" in done.stdout
    assert left(path) == []


# --- notebooks that no Jupyter wrote --------------------------------------------------------------

SHOWS = {"output_type": "stream", "name": "stdout", "text": SHOWN}


def written(path: Path, *cells: object, **more: object) -> Path:
    notebook = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5, **more}
    path.write_text(json.dumps(notebook))
    return path


@pytest.mark.parametrize("kind", [{}, *({"cell_type": one} for one in ("raw", "Code", None, []))])
@pytest.mark.parametrize("outputs", [[SHOWS], SHOWS, SHOWN])
@pytest.mark.parametrize("guess", [False, True])
def test_outputs_go_from_cells_of_every_kind(tmp_path, kind, outputs, guess):
    path = written(tmp_path / "odd.ipynb", {**kind, "source": "1 + 1", "outputs": outputs})
    (done,) = strip(path, guess=guess)
    assert (done.outputs, done.cells) == (1, 1)
    assert SHOWN not in path.read_text()
    assert json.loads(path.read_text())["cells"][0]["source"] == "1 + 1"


def test_half_a_character_in_a_source_stays_and_outputs_go(tmp_path):
    half = "a = '\ud83d' # \U0001f600 \xe9"
    cell = {"cell_type": "code", "source": half, "outputs": [SHOWS], "execution_count": 1}
    path = written(tmp_path / "half.ipynb", cell)
    (done,) = strip(path)
    assert done.outputs == 1
    (cell,) = json.loads(path.read_text(encoding="utf-8"))["cells"]
    assert (cell["source"], cell["outputs"]) == (half, [])
    assert "\U0001f600" in path.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "text",
    [
        '{"cells": [{"cell_type": "code", "outputs": ["secret"]}], "cells": []}',
        '{"cells": [{"cell_type": "code", "outputs": ["secret"], "outputs": []}]}',
        '{"cells": [], "worksheets": [{"cells": [{"outputs": ["secret"]}]}]}',
        "5",
        "[]",
    ],
)
def test_what_would_be_passed_over_is_refused(tmp_path, text):
    path = tmp_path / "odd.ipynb"
    path.write_text(text)
    with pytest.raises(ConfError, match="is no notebook as Jupyter writes them"):
        strip(path)
    assert path.read_text() == text
