"""Runs the notebooks, and saves them with what their cells show.

Run it by ``python -m tools.notebooks``, or with the names of some: ``python -m tools.notebooks
quickstart``. Whoever reads a notebook where there is no kernel, as on GitHub, sees the outputs that
were saved. A test tells when a notebook was changed and not run again.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionComplete
from nbformat import NotebookNode

from tests.lab.asterisk import Asterisk

ROOT = Path(__file__).parents[1]
NOTEBOOKS = ROOT / "notebooks"
#: Where a notebook says of which cells its outputs are.
KEY = "ast_notebook"
WIDGET = "application/vnd.jupyter.widget-view+json"
#: What runs behind the last cell, below which nothing is seen.
LAST = "import time\n\ntime.sleep(6)"
#: Seconds that a cell may be silent.
PATIENCE = 120.0


def digest(notebook: NotebookNode) -> str:
    """Return a short text that is another one when any cell of code is."""
    sources = "\0".join(cell.source for cell in notebook.cells if cell.cell_type == "code")
    return hashlib.sha256(sources.encode()).hexdigest()[:16]


def run(notebook: NotebookNode, more: Mapping[str, str]) -> None:
    """Run all cells, and put what they show, and what came below them later, into the notebook.

    Parameters
    ----------
    notebook : NotebookNode
    more : mapping
        Variables of the environment that the kernel gets besides.

    Raises
    ------
    RuntimeError
        If a cell fails.
    """
    with tempfile.TemporaryDirectory(prefix="notebook-") as folder:
        environment = {name: text for name, text in os.environ.items() if "AST_" not in name}
        environment |= {"PYTHONPATH": str(ROOT), "IPYTHONDIR": folder, "NO_COLOR": "1", **more}
        resources = {"metadata": {"path": folder}}
        client = NotebookClient(notebook, resources=resources, record_timing=False)
        client.clear_before_next_output = False  # which `async_execute_cell` alone would set
        asyncio.run(_run(client, environment))
    _tidy(notebook)
    notebook.metadata[KEY] = {"outputs_of": digest(notebook)}


async def _run(client: NotebookClient, environment: dict[str, str]) -> None:
    cells: dict[str, tuple[NotebookNode, int]] = {}
    async with client.async_setup_kernel(env=environment):
        kernel: Any = client.kc
        for index, cell in enumerate(client.nb.cells):
            if cell.cell_type == "code":
                cell.outputs = []
                key = kernel.execute(cell.source)
                cells[key] = cell, index
                await _take(client, cells, key)
        # Meanwhile callbacks say more below the cells that bound them, and panels are saved anew.
        nowhere = nbformat.v4.new_code_cell(LAST)
        key = kernel.execute(LAST, store_history=False)
        cells[key] = nowhere, len(client.nb.cells)
        await _take(client, cells, key)


async def _take(
    client: NotebookClient, cells: dict[str, tuple[NotebookNode, int]], key: str
) -> None:
    """Put each message below its cell until that of `key` is done."""
    while True:
        kernel: Any = client.kc
        message = await kernel.get_iopub_msg(timeout=PATIENCE)
        parent = message["parent_header"].get("msg_id")
        if message["msg_type"] == "error":
            raise RuntimeError("\n".join(message["content"]["traceback"]))
        if parent in cells:
            try:
                client.process_message(message, *cells[parent])
            except CellExecutionComplete:
                if parent == key:
                    return


@contextlib.contextmanager
def _pbx(name: str) -> Iterator[dict[str, str]]:
    """Give the notebook about one's own Asterisk a real one, on which somebody talks."""
    if name != "own-asterisk":
        yield {}
        return
    with Asterisk(22) as pbx, pbx.telephone("200").answers():
        pbx.originate("PJSIP/200", "600@phones")
        yield {"AST_HOST": pbx.host, "AST_PORT": str(pbx.port), "AST_PASSWORD": pbx.password}


def _tidy(notebook: NotebookNode) -> None:
    """Leave out what needs a kernel: a panel's tables are an output of their own."""
    notebook.metadata.pop("widgets", None)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = [one for one in cell.outputs if not _is_widget(one)]


def _is_widget(output: NotebookNode) -> bool:
    """Whether this is a panel itself, also one that is closed and a text alone."""
    data = output.get("data", {})
    return WIDGET in data or data.get("text/plain", "").startswith("<Panel of ")


def main(names: list[str]) -> None:
    """Run the notebooks of these names, or all of them."""
    for path in sorted(NOTEBOOKS.glob("*.ipynb")):
        if not names or path.stem in names:
            notebook = nbformat.read(path, 4)
            with _pbx(path.stem) as where:
                run(notebook, where)
            nbformat.validate(notebook)
            nbformat.write(notebook, path)
            print(f"{path.relative_to(ROOT)}: {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main(sys.argv[1:])
