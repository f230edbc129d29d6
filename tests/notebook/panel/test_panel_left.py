"""What is left of a panel in the end, and in a notebook that is run without a browser."""

from __future__ import annotations

import html
import re
import time
from pathlib import Path
from typing import Any

import nbconvert
import nbformat
import pytest
from nbclient import NotebookClient

import ast_notebook
from ast_notebook import SmartHome, demo
from ast_notebook.callbacks.cell import Cell
from ast_notebook.errors import ConfError, ConnectionLost
from ast_notebook.panel import Panel, close_all, displays, snapshot, terminal, widget
from ast_notebook.panel.publisher import THREAD
from tests.support.panel_kernel import HOSTILE, Page, hang_up_all, threads
from tests.support.waiting import eventually

# --- what is left in the end ---------------------------------------------------------------------


def test_names_from_the_wire_are_text_in_the_picture(sh: SmartHome, page: Page) -> None:
    channels = sh.ast.live.tables["channels"]
    channels.put(
        "1.1", channel=f"Local/{HOSTILE}", uniqueid="1.1", caller_name=HOSTILE, since=time.time()
    )
    picture = snapshot.to_html(page.panel._feed.state())
    channels.drop("1.1")
    assert "<img" not in picture
    assert html.escape(HOSTILE) in picture
    assert "UTC" in picture


def test_the_picture_says_what_is_not_heard_and_shows_what_is_known(
    sh: SmartHome, page: Page
) -> None:
    queues = sh.ast.live.tables["queues"]
    queues.silent = "add `agent` to `read =`"
    picture = snapshot.to_html(page.panel._feed.state())
    queues.silent = ""
    assert "add `agent`" in picture
    assert "<td>support</td>" in picture


def test_both_legs_of_a_call_have_its_caller_and_callee_in_the_picture(
    sh: SmartHome, page: Page
) -> None:
    channels = sh.ast.live.tables["channels"]
    calling = {"channel": "SIP/1-1", "uniqueid": "1.1", "linkedid": "1.1", "exten": "2"}
    called = {"channel": "SIP/2-2", "uniqueid": "1.2", "linkedid": "1.1", "application": "AppDial"}
    channels.put("1.1", **calling, caller="1", connected="2")
    channels.put("1.2", **called, caller="2", connected="1")
    picture = snapshot.to_html(page.panel._feed.state())
    for key in ("1.1", "1.2"):
        channels.drop(key)
    assert picture.count("<td>1</td><td>2</td>") == 2


def test_who_has_no_number_is_in_the_picture_by_his_channel(sh: SmartHome, page: Page) -> None:
    names = ("callers", "participants", "parked")
    for name in names:
        sh.ast.live.tables[name].put("1.1", channel=f"SIP/{name}-1")
    picture = snapshot.to_html(page.panel._feed.state())
    for name in names:
        sh.ast.live.tables[name].drop("1.1")
        assert f"<td>SIP/{name}-1</td>" in picture


def test_a_long_table_is_cut_in_the_picture(sh: SmartHome, page: Page) -> None:
    devices = sh.ast.live.tables["devices"]
    for number in range(300):
        devices.put(f"SIP/{number}", device=f"SIP/{number}")
    picture = snapshot.to_html(page.panel._feed.state())
    assert "the first 200 of" in picture
    for number in range(300):
        devices.drop(f"SIP/{number}")


WIDGET = "application/vnd.jupyter.widget-view+json"
Shown = list[tuple[dict[str, Any], str, bool]]


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> Shown:
    calls: Shown = []

    def display(data: Any, metadata: Any, name: str, *, update: bool = False) -> None:
        calls.append((data, name, update))

    monkeypatch.setattr(displays, "_display", display)
    monkeypatch.setattr(terminal, "is_one", lambda: False)
    return calls


def test_a_notebook_has_the_picture_in_an_output_of_its_own(page: Page, shown: Shown) -> None:
    page.panel._ipython_display_()
    (live, name, _), (picture, beside, _) = shown
    assert WIDGET in live and "text/html" not in live
    assert set(picture) == {"text/html", "text/plain"} and name != beside
    assert "PJSIP/2222" in picture["text/html"]
    assert f'data-ast-picture="{page.panel.name}"' in picture["text/html"]
    assert page.panel.picture["tables"]["devices"]


def test_freezing_leaves_the_picture_of_the_last_state(page: Page, shown: Shown) -> None:
    page.panel._ipython_display_()
    page.panel._ipython_display_()
    page.panel.freeze()
    page.panel.freeze()
    assert [update for _, _, update in shown] == 4 * [False] + 4 * [True]
    assert [name for _, name, _ in shown[:4]] == [name for _, name, _ in shown[4:]]
    assert [set(data) for data, _, _ in shown[4:]] == 2 * [
        {"text/plain"},
        {"text/html", "text/plain"},
    ]
    assert "closed" in shown[4][0]["text/plain"]
    assert "data-ast-picture" not in shown[5][0]["text/html"]  # no live panel hides it
    last, end = page.messages[-2:]
    assert (last["t"], end["t"]) == ("still", "closed") and page.panel.name in last["html"]


def test_a_picture_is_renewed_only_if_the_state_is_another(
    sh: SmartHome, page: Page, shown: Shown
) -> None:
    eventually(lambda: sh.ast.live.tables["devices"].rows().get("PJSIP/30", {}).get("name"))
    hang_up_all(sh)
    page.panel._ipython_display_()
    page.panel.renew_picture(0.0)
    told = len(shown)
    page.panel.renew_picture(0.0)
    assert len(shown) == told
    sh.ast.live.tables["devices"].put("PJSIP/30", name="Somebody else")
    page.panel.renew_picture(1000.0)  # the last one is not that old
    assert len(shown) == told
    page.panel.renew_picture(0.0)
    ((data, name, update),) = shown[told:]
    assert update and name == shown[1][1] and "Somebody else" in data["text/html"]
    # For a page that was loaded anew, and cannot find the output by its name any more.
    assert page.of("still")[-1]["html"] == data["text/html"]
    sh.ast.live.tables["devices"].put("PJSIP/30", name="Kitchen")


def test_a_picture_is_renewed_while_nobody_looks(
    sh: SmartHome, page: Page, shown: Shown, monkeypatch: pytest.MonkeyPatch
) -> None:
    eventually(lambda: sh.ast.live.tables["devices"].rows().get("PJSIP/30", {}).get("name"))
    page.panel._ipython_display_()
    page.say(t="visible", on=False)
    monkeypatch.setattr(widget, "RENEW_PICTURE", 0.2)
    sh.ast.live.tables["devices"].put("PJSIP/30", name="Somebody else")
    widget._publisher.wake(page.panel)
    eventually(lambda: "Somebody else" in shown[-1][0]["text/html"])
    sh.ast.live.tables["devices"].put("PJSIP/30", name="Kitchen")


def test_a_disconnect_freezes_the_panel(sh: SmartHome, page: Page, shown: Shown) -> None:
    page.panel._ipython_display_()
    sh.disconnect("ast")
    eventually(lambda: any(update for *_, update in shown))
    assert "disconnected" in shown[-1][0]["text/html"]
    eventually(lambda: not threads(THREAD))


def test_closing_leaves_no_thread(sh: SmartHome, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("one", "other"):
        Page(Panel(sh, refresh_hz=50), monkeypatch, name).look()
    assert len(threads(THREAD)) == 1
    close_all()
    assert not threads(THREAD)
    eventually(lambda: not threads("ast-panel"))
    sent = Page(Panel(sh, refresh_hz=50), monkeypatch)
    sent.look()
    assert len(threads(THREAD)) == 1


def test_a_panel_needs_a_pbx(sh: SmartHome) -> None:
    with pytest.raises(ConnectionLost, match="connect first"):
        Panel(sh, "berlin")
    with pytest.raises(ConfError, match="refresh_hz"):
        Panel(sh, refresh_hz=0)
    assert not threads(THREAD)


# --- in a notebook that is run without a browser -------------------------------------------------

CODE = """
import ast_notebook
from ast_notebook.panel import Panel
sh = ast_notebook.connect({host!r}, {port}, username={username!r}, password={password!r})
panel = Panel(sh)
panel
"""


@pytest.mark.parametrize("last", ["panel.close()", "sh.close(); import time; time.sleep(4)"])
def test_what_a_saved_notebook_shows_is_the_last_state(pbx: demo.Demo, last: str) -> None:
    first = CODE.format(host=pbx.host, port=pbx.port, username=pbx.username, password=pbx.password)
    cells = [nbformat.v4.new_code_cell(code) for code in (first, last)]
    notebook = nbformat.v4.new_notebook(cells=cells)
    NotebookClient(notebook, timeout=60, kernel_name="python3").execute()
    text, output = notebook.cells[0].outputs
    assert set(text.data) == {"text/plain"}
    assert set(output.data) == {"text/html", "text/plain"}
    page, _ = nbconvert.HTMLExporter().from_notebook_node(notebook)
    assert "<caption>Devices</caption>" in page
    assert "PJSIP/2222" in page


def test_the_picture_is_of_the_end_of_the_last_cell_that_ran(pbx: demo.Demo) -> None:
    first = CODE.format(host=pbx.host, port=pbx.port, username=pbx.username, password=pbx.password)
    call = """
import time
for _ in range(100):
    time.sleep(0.3)
    if "Milliwatt" in set(sh.ast.live.channels["application"]): break
    if not len(sh.ast.live.channels): sh.ast.call("Local/600@phones/n", "600", "phones")
time.sleep(1)
"""
    cells = [nbformat.v4.new_code_cell(code) for code in (first, call)]
    notebook = nbformat.v4.new_notebook(cells=cells)
    NotebookClient(notebook, timeout=60, kernel_name="python3").execute()
    widget_output, picture = notebook.cells[0].outputs
    assert WIDGET in widget_output.data
    assert "<td>Milliwatt</td>" in picture.data["text/html"]
    page, _ = nbconvert.HTMLExporter().from_notebook_node(notebook)
    assert "<td>Milliwatt</td>" in page  # where there is no widget, the picture is shown


def test_a_saved_notebook_has_nothing_that_runs_when_it_is_opened(pbx: demo.Demo) -> None:
    first = CODE.format(host=pbx.host, port=pbx.port, username=pbx.username, password=pbx.password)
    hostile = "sh.ast.record.add(['Event: X\\r\\nCallerIDName: <script>alert(1)</script>'], 1)"
    cells = [nbformat.v4.new_code_cell(code) for code in (first, f"{hostile}\nPanel(sh)")]
    notebook = nbformat.v4.new_notebook(cells=cells)
    NotebookClient(notebook, timeout=60, kernel_name="python3", store_widget_state=True).execute()
    outputs = [one for cell in notebook.cells for one in cell.outputs if "data" in one]
    assert outputs
    for output in outputs:
        assert set(output.data) <= {"text/html", "text/plain", WIDGET}
        page = output.data.get("text/html", "")
        assert not re.search(r"<script|<iframe|<object|<embed|javascript:|\son\w+\s*=", page, re.I)
    states = notebook.metadata.widgets["application/vnd.jupyter.widget-state+json"]["state"]
    script = (Path(ast_notebook.__file__).parent / "panel" / "static" / "panel.js").read_text(
        "utf-8"
    )
    ours = [one["state"] for one in states.values() if "_esm" in one["state"]]
    assert ours
    # The page's own script is all that a page may run, and it asks no kernel to run anything.
    assert {one["_esm"] for one in ours} == {script}
    assert not re.search(r"requestExecute|execute_request|\beval\(|new Function|innerHTML", script)
    for cell in notebook.cells:
        cell.source = ""
    assert pbx.password not in nbformat.writes(notebook)


def test_a_cell_that_runs_again_leaves_no_picture_to_renew(
    sh: SmartHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    monkeypatch.setattr(
        displays,
        "_publish",
        lambda data, metadata, transient=None, update=False: told.append(transient["display_id"]),
    )
    monkeypatch.setattr(widget, "LEAST_PICTURE", 0.0)

    def run(cell: str, number: int, *shown: Panel) -> None:
        """Run a cell that shows panels, and note what is told after it."""
        parent = {"header": {"msg_id": f"run {number}"}, "metadata": {"cellId": cell}}
        monkeypatch.setattr(Cell, "current", classmethod(lambda cls: cls(None, parent)))
        for one in shown:
            one._ipython_display_()
        told.clear()
        sh.ast.live.tables["devices"].put(f"SIP/{number}", device=f"SIP/{number}")
        widget._renew_pictures()

    there = Panel(sh)
    run("other", 0, there)
    for number in range(1, 6):
        run("same", number, Panel(sh), there)
        assert len(told) == 3  # the new one, and `there` in both cells
    run("same", 6)
    assert len(told) == 1
    run("", 7)  # a front end without ids of cells
    assert len(told) == 1
    for number in range(8):
        sh.ast.live.tables["devices"].drop(f"SIP/{number}")
