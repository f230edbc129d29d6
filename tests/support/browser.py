"""A real browser before a real JupyterLab or Voila, for the tests of what is seen there."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Self

import nbformat
import pytest
from playwright.sync_api import Browser, Error, Page, sync_playwright

from tests.lab.ports import free_port
from tests.support.paths import ROOT

START_SECONDS = 60.0
CHROMIUM = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
READY = """async () => {
    const panel = window.jupyterapp?.shell.currentWidget;
    if (!panel?.context) return false;
    await panel.context.ready;
    await panel.sessionContext.ready;
    await panel.sessionContext.session.kernel.info;
    return true;
}"""
# The command's promise holds until the last cell is done: nobody waits for that here.
RUN_ALL = "() => void window.jupyterapp.commands.execute('notebook:run-all-cells')"
THEME = "theme => window.jupyterapp.commands.execute('apputils:change-theme', {theme})"


def require() -> None:
    """Skip the test, and say what is missing, where no browser can be run."""
    if chromium() is None:
        pytest.skip("chromium is not installed: it is in Debian's package chromium")
    if importlib.util.find_spec("jupyterlab") is None:
        pytest.skip("jupyterlab is not installed: pip install ast_notebook[test]")


def require_voila() -> None:
    """Skip the test where there is no Voila."""
    require()
    if importlib.util.find_spec("voila") is None:
        pytest.skip("voila is not installed: pip install voila")


def require_notebook() -> None:
    """Skip the test where there is no Notebook 7."""
    require()
    if importlib.util.find_spec("notebook") is None:
        pytest.skip("notebook is not installed: pip install ast_notebook[test]")


def chromium() -> str | None:
    """The browser's program."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


def axe() -> str:
    """The source of axe-core, which `npm ci` brings."""
    script = ROOT / "node_modules" / "axe-core" / "axe.min.js"
    if not script.exists():
        pytest.skip("axe-core is not installed: npm ci")
    return script.read_text(encoding="utf-8")


@contextlib.contextmanager
def browser() -> Iterator[Browser]:
    """Debian's chromium, headless."""
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium(), args=list(CHROMIUM))
        try:
            yield started
        finally:
            started.close()


class Server:
    """JupyterLab, Notebook 7 or Voila with settings of its own, in a process group of its own.

    Parameters
    ----------
    kind : {"lab", "notebook", "voila"}
    cells : list of str
        The code of the notebook that it serves.
    arguments : list of str
        More arguments for Voila.
    """

    def __init__(self, kind: str, cells: list[str], *arguments: str) -> None:
        self.kind = kind
        self.folder = Path(tempfile.mkdtemp(prefix=f"ast-{kind}-"))
        self.notebook = self.folder / "panel.ipynb"
        self.write(cells)
        self.port = free_port(socket.SOCK_STREAM)
        self._arguments = arguments
        self._process: subprocess.Popen[bytes] | None = None

    def write(self, cells: list[str]) -> None:
        """Put a notebook of these cells in the place of the one that is there."""
        notebook = nbformat.v4.new_notebook(
            cells=[nbformat.v4.new_code_cell(code) for code in cells],
            metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}},
        )
        nbformat.write(notebook, self.notebook)

    def __enter__(self) -> Self:
        with (self.folder / "server.log").open("wb") as log:
            self._process = subprocess.Popen(
                self._command(),
                cwd=self.folder,
                env=self._environment(),
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            if time.monotonic() > deadline or self._process.poll() is not None:
                told = (self.folder / "server.log").read_text()[-2000:]
                self.__exit__()
                raise RuntimeError(f"{self.kind} does not answer:\n{told}")
            time.sleep(0.2)
        return self

    def __exit__(self, *_: object) -> None:
        process = self._process
        if process is not None and process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def url(self) -> str:
        """Where the notebook is."""
        address = f"http://127.0.0.1:{self.port}"
        path = {"lab": "/doc/tree/{}?reset", "notebook": "/notebooks/{}", "voila": ""}[self.kind]
        return address + path.format(self.notebook.name)

    def show(self, page: Page, *, theme: str = "light") -> None:
        """Open the notebook and run it."""
        self.open(page)
        if self.kind == "voila":
            return
        if theme == "dark":
            page.evaluate(THEME, "JupyterLab Dark")
        page.evaluate(RUN_ALL)

    def open(self, page: Page) -> None:
        """Open the notebook, and wait until its cells can be run."""
        page.goto(self.url)
        if self.kind == "voila":
            return
        deadline = time.monotonic() + START_SECONDS
        while not self._is_ready(page):
            if time.monotonic() > deadline:
                raise RuntimeError("the notebook does not open")
            time.sleep(0.2)

    @staticmethod
    def _is_ready(page: Page) -> bool:
        try:
            return bool(page.evaluate(READY))
        except Error:  # the page is loaded anew
            return False

    def _command(self) -> list[str]:
        if self.kind == "voila":
            more = ["--no-browser", f"--port={self.port}", "--show_tracebacks=True"]
            return [sys.executable, "-m", "voila", self.notebook.name, *more, *self._arguments]
        module, app = {
            "lab": ("jupyterlab", "LabApp"),
            "notebook": ("notebook", "JupyterNotebookApp"),
        }[self.kind]
        return [
            *(sys.executable, "-m", module, "--no-browser", "--allow-root"),
            f"--ServerApp.port={self.port}",
            "--ServerApp.port_retries=0",
            "--IdentityProvider.token=",
            "--ServerApp.disable_check_xsrf=True",
            f"--{app}.expose_app_in_browser=True",
            f"--{app}.user_settings_dir={self.folder / 'settings'}",
        ]

    def _environment(self) -> dict[str, str]:
        news = self.folder / "settings" / "@jupyterlab" / "apputils-extension"
        news.mkdir(parents=True, exist_ok=True)
        quiet = {"fetchNews": "false", "checkForUpdates": False, "doNotDisturbMode": True}
        (news / "notification.jupyterlab-settings").write_text(json.dumps(quiet))
        own = {
            name: str(self.folder / name.lower())
            for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR")
        }
        path = os.pathsep.join(filter(None, [os.environ.get("PYTHONPATH"), str(ROOT)]))
        ipython = {"IPYTHONDIR": str(self.folder / "ipython"), "PYTHONPATH": path}
        return {**os.environ, **own, **ipython, "PYDEVD_DISABLE_FILE_VALIDATION": "1"}

    def _answers(self) -> bool:
        try:
            path = "/" if self.kind == "voila" else "/api"
            address = f"http://127.0.0.1:{self.port}{path}"
            if self.kind == "voila":
                with socket.create_connection(("127.0.0.1", self.port), timeout=1):
                    return True
            with urllib.request.urlopen(address, timeout=2) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False


class Meter:
    """What the browser says of itself: seconds its main thread was busy, bytes of memory.

    Parameters
    ----------
    page : Page
    processor : bool
        Count the seconds that the thread had a processor, not those that passed.
    """

    def __init__(self, page: Page, *, processor: bool = False) -> None:
        self._session = page.context.new_cdp_session(page)
        domain = "threadTicks" if processor else "timeTicks"
        self._session.send("Performance.enable", {"timeDomain": domain})

    def read(self) -> dict[str, float]:
        """The numbers as they are now, by the names that Chromium gives them."""
        metrics = self._session.send("Performance.getMetrics")["metrics"]
        return {one["name"]: one["value"] for one in metrics}

    def memory(self) -> float:
        """Bytes of the page's heap that are in use, once what is not used was collected."""
        self._session.send("HeapProfiler.enable")
        self._session.send("HeapProfiler.collectGarbage")
        return self.read()["JSHeapUsedSize"]
