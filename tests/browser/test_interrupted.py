"""Long work in JupyterLab: it shows how far it is, and its own button ends it without harm."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support import browser
from tests.support.browser import Server
from tests.support.cdr_lines import record, text
from tests.support.waiting import eventually

PATIENT = 120_000  # milliseconds for what takes longer on a busy machine
SELECT = "at => { window.jupyterapp.shell.currentWidget.content.activeCellIndex = at; }"
RUN = "() => void window.jupyterapp.commands.execute('notebook:run-cell')"
INTERRUPT = ".jp-Toolbar [data-jp-item-name=interrupt] jp-button, "
INTERRUPT += ".jp-Toolbar [data-jp-item-name=interrupt] button"
OUTPUTS = """at => window.jupyterapp.shell.currentWidget.context.model.toJSON()
    .cells[at].outputs"""
COUNT = """at => window.jupyterapp.shell.currentWidget.context.model.toJSON()
    .cells[at].execution_count"""
STATUS = "() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.status"
ONE_LINE = "KeyboardInterrupt: interrupted"

BEGIN = """
import os, tempfile
os.mkdir('temporary')
tempfile.tempdir = os.path.abspath('temporary')
%load_ext ast_notebook
%ast demo --no-calls
"""
HISTORY = "past = %ast history Master.csv.gz --tz UTC"
AFTER_HISTORY = """
past = %ast history small.csv --tz UTC
print(len(past.calls), sh.ast.db_read('dnd/office'))
print(os.listdir('temporary'))
"""
#: The report is computed again and again, so that it cannot end before it is interrupted.
REPORT = """
from unittest import mock
from ast_notebook.calls.history import History
computed = History.report
def endless(past, **wanted):
    while True:
        computed(past, **wanted)
with mock.patch.object(History, 'report', endless):
    get_ipython().run_line_magic('ast', 'report small.csv --tz UTC --html page.html')
"""
AFTER_REPORT = """
print(os.path.exists('page.html'))
page = %ast report small.csv --tz UTC --html page.html
print(len(past.calls), os.path.getsize('page.html') > 1000)
"""
#: Each event of the record is held up by a callback, so that a thousand take a thousand seconds.
REPLAY = """
import time
from tests.support.days import bell, frame
frame(*(bell(second) for second in range(1000))).to_parquet('day.parquet')
%ast replay day.parquet
heard = []
@sh.replay.on('UserEvent')
def slow(event):
    heard.append(event)
    time.sleep(1)
%ast replay run
"""
AFTER_REPLAY = """
sh.replay.off(slow)
stood = len(sh.replay.events)
print(0 < stood < 1000, stood >= len(heard) > 0)
%ast replay run
print(len(sh.replay.events), sh.ast.db_read('dnd/office'))
"""
#: The disk holds the sealing up until it is told to go on, and the archive has time for that.
SEALING = """
import threading
import pyarrow.parquet as pq
from ast_notebook.recording import archive, read
from tests.support.archives import NOON, numbered, numbers
archive.STOP = 3600
goes_on = threading.Event()
written = pq.ParquetWriter.write_table
def held(*given, **more):
    goes_on.wait()
    return written(*given, **more)
pq.ParquetWriter.write_table = held
%ast record to kept
sh.ast.record.add(numbered(0, 3000), NOON)
%ast disconnect
"""
AFTER_SEALING = """
from pathlib import Path
goes_on.set()
while any(one.name.startswith(('ast-seal', 'ast-archive')) for one in threading.enumerate()):
    time.sleep(0.05)
print({one.suffix for one in Path('kept').rglob('*') if one.is_file()})
print(numbers(read('kept')) == list(range(3000)), numbers(sh.ast.events) == list(range(3000)))
%ast demo --no-calls
print(sh.ast.db_read('dnd/office'))
"""
CELLS = (
    *(BEGIN, HISTORY, AFTER_HISTORY, REPORT, AFTER_REPORT),
    *(REPLAY, AFTER_REPLAY, SEALING, AFTER_SEALING),
)


class Lab:
    """A notebook in JupyterLab whose cells are run one by one."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def begin(self, cell: str) -> Any:
        """Run a cell, and return what stands below it on the page, without waiting for its end."""
        number = CELLS.index(cell)
        self.page.evaluate(SELECT, number)
        self.page.evaluate(RUN)
        return self.page.locator(".jp-Notebook .jp-Cell").nth(number).locator(".jp-Cell-outputArea")

    def interrupt(self) -> None:
        """Press JupyterLab's own button."""
        self.page.locator(INTERRUPT).first.click()

    def outputs(self, cell: str) -> list[dict[str, Any]]:
        """Return what is below a cell once it is over."""
        number = CELLS.index(cell)

        def over() -> bool:
            is_counted = bool(self.page.evaluate(COUNT, number))
            return is_counted and self.page.evaluate(STATUS) == "idle"

        eventually(over, PATIENT / 1000)
        found: list[dict[str, Any]] = self.page.evaluate(OUTPUTS, number)
        return found

    def printed(self, cell: str) -> list[str]:
        """Run a cell that goes well, and return the lines that it prints."""
        self.begin(cell)
        found = self.outputs(cell)
        assert not [one for one in found if one["output_type"] == "error"], found
        said = [one["text"] for one in found if one.get("name") == "stdout"]
        return "".join("".join(one) for one in said).splitlines()


@pytest.fixture(scope="module")
def lab(chromium: Browser) -> Iterator[Lab]:
    browser.require()
    with Server("lab", list(CELLS)) as server:
        write_logs(server.folder)
        context = chromium.new_context(viewport={"width": 1280, "height": 6000})
        page = context.new_page()
        server.open(page)
        lab = Lab(page)
        lab.printed(BEGIN)
        yield lab
        context.close()


def write_logs(folder: Path) -> None:
    """Write a Master.csv of some calls, and a packed one that takes many minutes to read."""
    calls = (record(60 * one, 60 * one + 30, begun=60 * one, number=one) for one in range(99))
    small = text(calls)
    (folder / "small.csv").write_text(small, encoding="utf-8")
    block = gzip.compress((small * 20).encode())
    with (folder / "Master.csv.gz").open("wb") as packed:
        for _ in range(10_000):
            packed.write(block)


def interrupted(lab: Lab, cell: str, shown: str) -> None:
    """Run a cell, wait until it shows how far it is, press the button, and see one clean line."""
    area = lab.begin(cell)
    expect(area).to_contain_text(shown, timeout=PATIENT)
    lab.interrupt()
    (error,) = [one for one in lab.outputs(cell) if one["output_type"] == "error"]
    assert len(error["traceback"]) == 1
    assert error["traceback"][0].startswith(ONE_LINE)
    expect(area).to_contain_text(ONE_LINE)
    expect(area).not_to_contain_text("Traceback")
    expect(area).not_to_contain_text(" … ")


def test_a_history(lab: Lab) -> None:
    """Its file is large enough for some minutes on any machine: it has twenty million lines."""
    interrupted(lab, HISTORY, "reading Master.csv.gz … ")
    assert lab.printed(AFTER_HISTORY) == ["99 0", "[]"]


def test_a_report(lab: Lab) -> None:
    interrupted(lab, REPORT, "computing the report of 99 calls … ")
    written = "The page is written to page.html"
    assert lab.printed(AFTER_REPORT) == ["False", written, "99 True"]


def test_a_replay(lab: Lab) -> None:
    interrupted(lab, REPLAY, "replaying, at 2026-11-27 ")
    assert lab.printed(AFTER_REPLAY) == ["True True", "1000 0"]


def test_the_sealing_of_an_archive(lab: Lab) -> None:
    interrupted(lab, SEALING, "closing ast … ")
    assert lab.printed(AFTER_SEALING) == ["{'.parquet'}", "True True", "0"]
