"""The notebooks and the cells of a user in a real kernel, on the demo PBX and on Asterisk 22."""

from __future__ import annotations

import contextlib
import queue
import re
import time
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import nbformat
import pytest
from jupyter_client.manager import start_new_kernel
from nbclient.exceptions import CellExecutionError

from ast_notebook import demo
from ast_notebook.magics.table import find
from tests.support.notebooks import PATIENCE, QUICKSTART, execute
from tests.support.paths import ROOT


def test_quickstart_runs_on_the_demo(environment, tmp_path):
    began = time.monotonic()
    text = execute(nbformat.read(QUICKSTART, 4), environment, tmp_path)
    assert time.monotonic() - began < PATIENCE
    assert "<Call PJSIP/200 -> 240@door: answered>" in text
    assert "('answered', True, '1')" in text
    assert re.search(r"\b2222 +600\b", text)  # in its table of calls
    assert "<Panel of ast>" in text
    assert "secret" not in text


def test_the_call_log_goes_from_a_week_of_events_to_staffing_advice(environment, tmp_path):
    notebook = nbformat.read(ROOT / "notebooks" / "call-log.ipynb", 4)
    text = execute(notebook, environment, tmp_path)
    assert re.search(r"from \d\d:\d\d: \d+\.\d\d erlangs, \d+ calls", text)
    advice = re.findall(r"(\d+) agents: (\d+)% answered within 20 s", text)
    levels = [int(level) for _, level in advice]
    assert levels == sorted(levels, reverse=True)
    assert levels[1] >= 80 > levels[2]
    pictures = [one for cell in notebook.cells for one in cell.get("outputs", [])]
    assert any("data:image/svg+xml" in one.get("data", {}).get("text/html", "") for one in pictures)


def test_an_office_learns_from_a_week_who_waits_for_a_call(environment, tmp_path):
    notebook = nbformat.read(ROOT / "notebooks" / "office.ipynb", 4)
    text = execute(notebook, environment, tmp_path)
    assert "11 people wait for a call" in text
    assert "1 waiting for a second now" in text
    assert "Ann Able" in text and "different numbers called from it" in text
    pages = [one for cell in notebook.cells for one in cell.get("outputs", [])]
    assert any("Who waits for a call" in one.get("data", {}).get("text/html", "") for one in pages)


def test_a_logic_is_mended_on_yesterdays_calls(environment, tmp_path):
    notebook = nbformat.read(ROOT / "notebooks" / "time-machine.ipynb", 4)
    text = execute(notebook, environment, tmp_path)
    assert "<Replay replay at 2026-11-16 09:30:00: standing still>" in text
    assert "<Panel of replay" in text
    assert "('QueueCallerAbandon', 'sales', '2026-11-16T09:30:14.689936+00:00')" in text
    assert "8 of 17 calls would have come while Eve was on the phone herself" in text
    assert re.search(r"gone +Originate +8\nnew +DBPut +8\n", text)


README = ROOT / "README.md"
PLAIN = [README, ROOT / "docs" / "connecting.md"]
#: `rooms.md` quotes the code, which says `%ast db` of all that begins with it.
PAGES = [README, *sorted(set((ROOT / "docs").glob("*.md")) - {ROOT / "docs" / "rooms.md"})]
PROMPT = re.compile(r"^(?:In \[\d+\]| +\.\.\.): ", re.MULTILINE)


def test_the_transcript_in_the_readme_runs_as_it_is_shown(environment, tmp_path):
    blocks = [one for one in README.read_text(encoding="utf-8").split("```") if "In [" in one]
    parts = [part for block in blocks for part in re.split(r"(?=^In \[)", block, flags=re.M)[1:]]
    cells = [
        "\n".join(PROMPT.sub("", line) for line in part.splitlines() if PROMPT.match(line))
        for part in parts
    ]
    assert len(cells) == 14
    notebook = nbformat.v4.new_notebook(cells=list(map(nbformat.v4.new_code_cell, cells)))
    text = execute(notebook, environment, tmp_path)
    assert "<Call PJSIP/200 -> 240@door: answered>" in "".join(parts)
    assert "<Call PJSIP/200 -> 240@door: answered>" in text
    assert "MailboxCount(" in text
    assert "<Panel of ast>" in text


@pytest.mark.parametrize("page", PLAIN, ids=lambda page: page.stem)
def test_plain_python_runs_as_it_is_shown(page, monkeypatch, capsys):
    code = page.read_text(encoding="utf-8").split("```python\n")[1].split("```")[0]
    with demo.start(calls=False, seed=1, username="admin") as small:
        monkeypatch.setenv("AST_PASSWORD", small.password)
        exec(code.replace('"pbx.example"', f'"127.0.0.1", {small.port}'), {})
    printed = capsys.readouterr().out
    assert "answered" in printed
    assert re.search("Newchannel|dialled", printed)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_names_only_subcommands_that_there_are(page):
    for words in re.findall(r"%ast ([a-z]+(?: [a-z]+)?)", page.read_text(encoding="utf-8")):
        if not words.startswith("help"):
            find(words.split())


def test_an_error_fails_its_cell_with_one_line_and_names_the_variable(environment, tmp_path):
    cells = [
        nbformat.v4.new_code_cell("%load_ext ast_notebook"),
        nbformat.v4.new_code_cell("%ast connect nobody@127.0.0.1:1"),
    ]
    notebook = nbformat.v4.new_notebook(cells=cells)
    no_keyring = {"PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring"}
    with pytest.raises(CellExecutionError):
        execute(notebook, environment | no_keyring, tmp_path)
    (error,) = notebook.cells[1].outputs
    assert error["ename"] == "LoginRefused"
    assert "set AST_PASSWORD" in error["evalue"]
    assert len(error["traceback"]) == 1


class Kernel:
    """A kernel, and what each cell gave: also what came after it was done, which nbclient drops."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.manager, self.client = start_new_kernel(env=dict(environment))
        self.given: dict[str, str] = defaultdict(str)

    def run(self, cell: str) -> str:
        """Run a cell, and return the id by which `given` knows it."""
        key = self.client.execute(cell)
        reply = self.client.get_shell_msg(timeout=PATIENCE)
        assert reply["content"]["status"] == "ok", reply["content"]
        return str(key)

    def eventually(self, key: str, text: str) -> None:
        """Wait until the text is under that cell."""
        deadline = time.monotonic() + 15
        while text not in self.given[key]:
            assert time.monotonic() < deadline, dict(self.given)
            with contextlib.suppress(queue.Empty):
                self._take(self.client.get_iopub_msg(timeout=0.2))

    def _take(self, message: dict[str, Any]) -> None:
        content = message["content"]
        text = content.get("text") or content.get("data", {}).get("text/plain", "")
        text += "\n".join(content.get("traceback", ()))
        self.given[message["parent_header"].get("msg_id", "")] += text


@pytest.fixture
def kernel(environment):
    with demo.start(calls=False, seed=1, username="admin") as small:
        where = {"AST_PORT": str(small.port), "AST_PASSWORD": small.password, "NO_COLOR": "1"}
        kernel = Kernel(environment | where)
        try:
            yield kernel
        finally:
            kernel.client.stop_channels()
            kernel.manager.shutdown_kernel(now=True)
            kernel.manager.cleanup_resources()


def test_what_a_callback_says_lands_under_the_cell_that_bound_it(kernel):
    kernel.run("%load_ext ast_notebook")
    kernel.run("%ast connect")
    kernel.run("%%ast items\n[office]\n    [[fon]]\n        type = bool\n        ast_dev = 2222")
    logic = kernel.run("%%ast logic logic1 --userevent Call\nprint('logic1', trigger['source'])")
    on = kernel.run("%%ast on Hangup\nprint('bye', event['Channel']); 1 / 0")
    item = kernel.run("@sh.office.fon.on_change\ndef lamp(item):\n    print('lamp', item())")
    call = kernel.run('%ast call 2222 240 door --callerid "Door <100>" --wait --dest')
    kernel.run("%ast hangup 2222")
    last = kernel.run("print('done')")
    for key, text in (
        (logic, "logic1 100"),
        (on, "bye PJSIP/2222-"),
        (on, "ZeroDivisionError"),
        (item, "lamp True"),
        (item, "lamp False"),
        (call, "answered>"),
        (last, "done"),
    ):
        kernel.eventually(key, text)
    assert kernel.given[last] == "done\n"
