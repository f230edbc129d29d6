"""Notebooks that are run in a kernel of their own."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from tests.support.paths import ROOT

NOTEBOOKS = ROOT / "notebooks"
QUICKSTART = NOTEBOOKS / "quickstart.ipynb"
PATIENCE = 60


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """What a kernel gets: this checkout, and nothing of the user's settings."""
    kept = {name: text for name, text in os.environ.items() if not name.startswith("AST_")}
    own = {"PYTHONPATH": str(ROOT), "IPYTHONDIR": str(tmp_path), "PYTHONWARNINGS": "default"}
    return kept | own


def execute(notebook: nbformat.NotebookNode, environment: Mapping[str, str], folder: Path) -> str:
    """Run a notebook as nbclient does, and return what its cells gave, as text; none may warn."""
    resources = {"metadata": {"path": str(folder)}}
    NotebookClient(notebook, timeout=PATIENCE, resources=resources).execute(env=dict(environment))
    outputs = [one for cell in notebook.cells if cell.cell_type == "code" for one in cell.outputs]
    assert not [one.text for one in outputs if one.get("name") == "stderr"]
    return "\n".join(one.get("text") or one["data"]["text/plain"] for one in outputs)
