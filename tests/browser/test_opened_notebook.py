"""A notebook that was saved with a panel in it is opened in JupyterLab, and runs nothing."""

from __future__ import annotations

import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from playwright.sync_api import Browser

from ast_notebook import demo
from tests.support import browser
from tests.support.browser import Server

CELL = """
import pathlib, ast_notebook
pathlib.Path("ran").touch()
sh = ast_notebook.connect({host!r}, {port}, username={username!r}, password={password!r})
panel = ast_notebook.Panel(sh)
panel
"""


def test_opening_a_saved_notebook_runs_nothing(chromium: Browser, tmp_path: Path) -> None:
    with demo.start(calls=False, username="panel") as pbx:
        cell = CELL.format(
            host=pbx.host, port=pbx.port, username=pbx.username, password=pbx.password
        )
        with Server("lab", [cell]) as server:
            saved = nbformat.read(server.notebook, 4)
            resources = {"metadata": {"path": str(tmp_path)}}
            client = NotebookClient(saved, store_widget_state=True, resources=resources)
            client.execute()
            assert (tmp_path / "ran").exists()
            assert saved.metadata.widgets and saved.cells[0].outputs
            nbformat.write(saved, server.notebook)
            context = chromium.new_context()
            page = context.new_page()
            asked: list[str] = []
            page.on(
                "websocket",
                lambda socket: socket.on("framesent", lambda data: asked.append(str(data))),
            )
            page.goto(server.url)
            deadline = time.monotonic() + browser.START_SECONDS
            while not server._is_ready(page):
                assert time.monotonic() < deadline
                page.wait_for_timeout(200)
            page.wait_for_timeout(5_000)
            assert any("kernel_info_request" in one for one in asked)
            assert not any("execute_request" in one for one in asked)
            assert not (server.folder / "ran").exists()
            assert page.locator(".jp-OutputArea table").count() + page.locator(".ast-panel").count()
            context.close()
