"""Who waited in a queue, by a channel event log that has the application Queue."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.cel_rows import A, B, call, ends, gone, line

DIALPLAN = "dialplan/builtin"


@pytest.mark.parametrize("last, disposition", [("Queue", "ABANDONED"), ("Playback", "NO ANSWER")])
def test_a_log_with_applications_knows_whether_he_still_waited(
    tmp_path: Path, last: str, disposition: str
) -> None:
    queue = {"app": "Queue", "data": "support,t", "exten": "500"}
    lines = [
        line("CHAN_START", 0, A, exten="500"),
        line("ANSWER", 0, A, app="Answer", exten="500"),
        line("APP_START", 1, A, **queue),
        line("APP_END", 20 if last == "Queue" else 9, A, **queue),
        *([] if last == "Queue" else [line("APP_START", 9, A, app=last, exten="500")]),
        *ends(20, A, gone(16, A), exten="500"),
    ]
    found = call(tmp_path, lines)
    assert (found["disposition"], found["queue"]) == (disposition, "support")
    assert found["wait"] == (19 if last == "Queue" else 8)


@pytest.mark.parametrize(
    ("leaves", "exten", "disposition"),
    [
        (20.3, "500", "ABANDONED"),
        (20.3, "961", "NO ANSWER"),  # moved elsewhere as he left
        (12.3, "500", "NO ANSWER"),  # its timeout was over, and he heard an announcement
        (12.3, "h", "ABANDONED"),  # he left, and the extension h took its time
        (20, "500", "ABANDONED"),
        (19, "500", None),  # whole seconds do not tell
        (18, "500", "NO ANSWER"),
    ],
)
def test_who_left_the_queue_before_his_call_ended_was_let_go(
    tmp_path: Path, leaves: float, exten: str, disposition: str | None
) -> None:
    """The log has the application Queue alone, and not what followed it."""
    queue = {"app": "Queue", "data": "support,t"}
    over = 20 + leaves % 1
    lines = [
        line("CHAN_START", 0, A, exten="500"),
        line("ANSWER", 0, A, app="Answer", exten="500"),
        line("APP_START", 1, A, **queue, exten="500"),
        line("APP_END", leaves, A, **queue, exten=exten),
        *ends(over, A, gone(16, A), exten=exten),
    ]
    found = call(tmp_path, lines)
    assert (found["disposition"], found["queue"]) == (disposition, "support")


@pytest.mark.parametrize("stays", [0.0004, 0])
def test_a_queue_that_lets_go_at_once_may_not_have_let_in(tmp_path: Path, stays: float) -> None:
    queue = {"app": "Queue", "data": "support,t", "exten": "500"}
    begins = [
        line("CHAN_START", 0, A, exten="500"),
        line("ANSWER", 0, A, app="Answer", exten="500"),
        line("APP_START", 1, A, **queue),
    ]
    lines = [
        *begins,
        line("APP_END", 1 + stays, A, **queue),
        *ends(5, A, gone(16, DIALPLAN), exten="500"),
    ]
    found = call(tmp_path, lines)
    assert (found["disposition"], found["queue"], found["wait"]) == (None, None, None)
    # Somebody rang for him, so he was in.
    rung = [
        *begins,
        line("CHAN_START", 1, B, exten="s"),
        line("APP_END", 1 + stays, A, **queue),
        *ends(1 + stays, B, gone(0), app="AppQueue", exten="500"),
        *ends(5, A, gone(16, DIALPLAN), exten="500"),
    ]
    found = call(tmp_path, rung)
    assert (found["disposition"], found["queue"]) == ("NO ANSWER", "support")
