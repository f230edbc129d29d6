"""The shorter notebooks run on the demo, and all are saved with what their cells show."""

from __future__ import annotations

import re

import nbformat
import pytest

from tests.support.notebooks import NOTEBOOKS, execute
from tests.support.paths import ROOT
from tools.notebooks import KEY, WIDGET, digest

#: What each shows of itself when it is run; others have a test of their own.
SHOWN = {
    "smart-home": r"'answered'(?s:.*)\(True, '1'\)(?s:.*)MailboxCount\((?s:.*)\['SIP/30-\w+'\]",
    "live-panel": r"<Panel of ast>(?s:.*)<Call PJSIP/200 -> 240@door: answered>(?s:.*)support +1",
    "own-asterisk": r"Asterisk Call Manager(?s:.*)thing",
    "many-pbxs": r"<Panel of hamburg, berlin>(?s:.*)berlin +\w+(?s:.*)hamburg +\w+",
    "wallboard": r"<Panel of ast>",
}
PATHS = sorted(NOTEBOOKS.glob("*.ipynb"))
each = pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)


def code(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


@pytest.mark.parametrize("name", SHOWN)
def test_a_notebook_runs_on_the_demo(name, environment, tmp_path):
    notebook = nbformat.read(NOTEBOOKS / f"{name}.ipynb", 4)
    assert re.search(SHOWN[name], execute(notebook, environment, tmp_path))


@each
def test_a_notebook_was_run_after_its_last_change(path):
    notebook = nbformat.read(path, 4)
    nbformat.validate(notebook)
    assert notebook.metadata[KEY]["outputs_of"] == digest(notebook), "python -m tools.notebooks"
    cells = code(notebook)
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))


@each
def test_what_is_saved_needs_no_kernel(path):
    notebook = nbformat.read(path, 4)
    assert "widgets" not in notebook.metadata
    outputs = [one for cell in code(notebook) for one in cell.outputs]
    assert outputs
    assert not [one for one in outputs if one.output_type == "error" or one.get("name") == "stderr"]
    assert not [one for one in outputs if WIDGET in one.get("data", {})]
    for cell in code(notebook):
        if re.search(r"%ast panel|Panel\(", cell.source):
            assert "<table" in cell.outputs[-1].data["text/html"]


@each
def test_what_is_saved_tells_nothing_of_where_it_was_made(path):
    text = path.read_text(encoding="utf-8")
    assert str(ROOT) not in text
    assert not re.search(r"/(?:home|root|tmp|work)/|File \"|Traceback", text)


@each
def test_a_link_of_a_notebook_leads_somewhere(path):
    cells = [cell for cell in nbformat.read(path, 4).cells if cell.cell_type == "markdown"]
    links = [link for cell in cells for link in re.findall(r"\]\(([^)#:]+)[^):]*\)", cell.source)]
    assert [link for link in links if not (path.parent / link).exists()] == []
