"""The panel in a terminal: its text is shown, renewed, scrolled and ended."""

from __future__ import annotations

import threading

import pytest
from prompt_toolkit.application import create_app_session
from prompt_toolkit.data_structures import Size
from prompt_toolkit.input import PipeInput, create_pipe_input
from prompt_toolkit.output.vt100 import Vt100_Output

from ast_notebook.errors import ConfError
from ast_notebook.panel import snapshot, terminal
from tests.support.waiting import eventually


class Screen:
    """What is written to a terminal of ten lines."""

    encoding = "utf-8"

    def __init__(self) -> None:
        self.text = ""

    def write(self, text: str) -> None:
        self.text += text

    def flush(self) -> None:
        pass

    def isatty(self) -> bool:
        return True

    def fileno(self) -> int:
        return -1


def watched(pipe: PipeInput, screen: Screen, texts: list[str]) -> threading.Thread:
    """Watch the last of the texts on a thread."""

    def run() -> None:
        output = Vt100_Output(screen, lambda: Size(rows=10, columns=60))  # type: ignore[arg-type]
        with create_app_session(input=pipe, output=output):
            terminal._application(lambda: texts[-1], 0.02).run(handle_sigint=False)

    thread = threading.Thread(target=run)
    thread.start()
    return thread


@pytest.mark.parametrize("key", ["\x03", "q"], ids=["^C", "q"])
def test_the_text_is_renewed_until_a_key_ends_it(key: str) -> None:
    texts, screen = ["1 call"], Screen()
    with create_pipe_input() as pipe:
        thread = watched(pipe, screen, texts)
        eventually(lambda: "1 call" in screen.text)
        texts.append("9 calls")
        eventually(lambda: "9" in screen.text)
        pipe.send_text(key)
        thread.join(10)
        assert not thread.is_alive()


def test_what_is_longer_than_the_terminal_is_scrolled() -> None:
    texts, screen = ["\n".join(f"line {number}" for number in range(50))], Screen()
    with create_pipe_input() as pipe:
        thread = watched(pipe, screen, texts)
        eventually(lambda: "line 8" in screen.text)
        assert "line 20" not in screen.text
        pipe.send_text("\x1b[6~")  # page down
        eventually(lambda: "25" in screen.text)
        pipe.send_text("q")
        thread.join(10)


def test_without_a_terminal_it_says_so() -> None:
    with pytest.raises(ConfError, match="no terminal"):
        terminal.watch(lambda: "", 1.0)


def test_the_tables_are_text_that_a_terminal_does_not_obey() -> None:
    name = "\x1b]0;taken\x07Anna\nB \u202e"
    row: dict[str, object] = {
        "channel": "SIP/1-1",
        "device": "SIP/1",
        "state": "Up",
        "caller_name": name,
    }
    row |= {"uniqueid": "1", "linkedid": "1", "exten": "2", "since": 90.0}
    state = {
        "taken": 100.0,
        "tables": {"channels": {"1": row}},
        "silent": {"queues": "add `agent`"},
        "items": {},
        "connection": {"state": "connected", "name": "ast", "address": "x:5038", "calls": 1},
    }
    lines = snapshot.to_text(state).splitlines()
    assert lines[0].startswith("ast x:5038 · 1 call · 1970-01-01")
    assert lines[2] == "Channels"
    assert lines[3].split() == ["Device", "State", "Caller", "Callee", "Application", "For"]
    assert lines[4].split() == ["SIP/1", "up", r"\x1b]0;taken\x07Anna", "B", r"\u202e", "2", "0:10"]
    assert lines[-2:] == ["Queues", "  add `agent`"]
