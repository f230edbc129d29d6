"""A notebook that was saved with a panel in it is opened in JupyterLab, and runs nothing."""

from __future__ import annotations

import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from playwright.sync_api import Browser, expect

from ast_notebook import demo
from ast_notebook.calls.report import Report
from tests.support import browser
from tests.support.browser import Server
from tests.support.measured import some_calls, some_visits

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


def test_a_report_that_the_page_does_not_trust_has_each_number_below_its_name(
    chromium: Browser,
) -> None:
    calls = some_calls([(0, 60, 5, 55.0, "ANSWERED", "0301")])
    html = Report(calls, some_visits([("desk", 1.0, "FULL")]), tz="UTC")._repr_html_()
    with Server("lab", ["report"]) as server:
        saved = nbformat.read(server.notebook, 4)
        data = {"text/html": html, "text/plain": "report"}
        saved.cells[0].outputs = [nbformat.v4.new_output("display_data", data)]
        nbformat.write(saved, server.notebook)
        page = chromium.new_page()
        page.goto(server.url)
        expect(page.locator(".jp-OutputArea dt").first).to_have_text("calls", timeout=60_000)
        # JupyterLab takes the report's own style away, and its own would put them side by side.
        assert not page.locator(".jp-OutputArea style").count()
        told = page.locator(".jp-OutputArea dl > div").evaluate_all(
            "all => all.map(one => [...one.children].map(part => part.getBoundingClientRect()))"
            ".map(parts => parts.every((part, n) => !n || part.top >= parts[n - 1].bottom - 1))"
        )
        assert len(told) > 5 and all(told)
        page.close()
