"""What a callback says lands under its cell, in a kernel."""

import collections

import pytest

SETUP = """
import sys, time, threading
from IPython.display import HTML, display
from ast_notebook.callbacks.worker import Worker
from ast_notebook.errors import AstError
"""
BIND = """
def callback(number):
    print("out", number)
    print("err", number, file=sys.stderr)
    display(HTML(f"shown {number}"))
    if number == 1:
        1 / 0
    if number == 2:
        inner = Worker("inner", lambda: print("bound by a callback"))
        inner.put()
    if number == 3:
        raise AstError("one clean line")
worker = Worker("callback", callback)
"""
USE = """
for number in range(4):
    worker.put(number)
    time.sleep(0.1)
    print("mine", number)
    display(HTML(f"mine {number}"))
thread = threading.Thread(target=lambda: print("of no cell"))
thread.start()
thread.join()
time.sleep(0.3)
"""
END = """
worker.stop()
print(worker.failed)
"""


@pytest.fixture
def kernel():
    manager = pytest.importorskip("jupyter_client.manager", reason="jupyter_client is missing")
    pytest.importorskip("ipykernel", reason="ipykernel is missing")
    running, client = manager.start_new_kernel(kernel_name="python3")
    yield client
    client.stop_channels()
    running.shutdown_kernel(now=True)


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
def test_what_a_callback_says_lands_under_the_cell_that_bound_it(kernel):
    cells = [kernel.execute(code) for code in (SETUP, BIND, USE, END)]
    said = collections.defaultdict(str)
    idle = set()
    while len(idle) < len(cells):
        message = kernel.get_iopub_msg(timeout=60)
        cell = message["parent_header"].get("msg_id")
        content = message["content"]
        if content.get("execution_state") == "idle":
            idle.add(cell)
        # One line that was printed may come in two messages, cut anywhere.
        said[cell] += content.get("text", "")
        said[cell] += content.get("data", {}).get("text/html", "")
        said[cell] += "\n".join(content.get("traceback", ()))
    _, bound, used, ended = cells
    for number in range(4):
        for word in ("out", "err", "shown"):
            assert f"{word} {number}" in said[bound]
            assert f"{word} {number}" not in said[used]
        assert said[used].count(f"mine {number}") == 2
    assert "ZeroDivisionError" in said[bound]
    assert "bound by a callback" in said[bound]
    assert "AstError: one clean line" in said[bound]
    assert "mine" not in said[bound]
    assert "of no cell" in said[used]
    assert said[ended].strip() == "2"
