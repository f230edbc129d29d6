"""A capture of the manager's stream, read as the events that it has."""

from __future__ import annotations

import gzip
from pathlib import Path

import pandas as pd
import pytest

from ast_notebook.calls.from_events import from_events
from ast_notebook.calls.history import history
from ast_notebook.errors import ConfError
from ast_notebook.recording.columns import batch_of, frame
from tests.support.paths import RECORDINGS
from tests.support.recorded import texts_of

GREETING = "Asterisk Call Manager/11.0.0\r\nResponse: Success\r\nMessage: Authentication accepted"


def texts(version: int, count: int = 3000) -> list[str]:
    """Return events of a real Asterisk as it sent them."""
    events = pd.read_parquet(RECORDINGS / f"asterisk{version}" / "events.parquet").head(count)
    return texts_of(events)


@pytest.mark.parametrize("version", [16, 22])
def test_a_capture_gives_the_calls_that_its_events_give(tmp_path: Path, version: int) -> None:
    sent = texts(version)
    path = tmp_path / "capture.txt"
    path.write_bytes(
        "\r\n\r\n".join([GREETING, "Action: Login\r\nUsername: me", *sent, ""]).encode()
    )
    past = history(path, server="berlin")
    assert (past.kind, past.records, past.bad_count) == ("events", len(sent), 0)
    live = from_events(frame([batch_of(sent, [0] * len(sent))], "berlin"))
    assert len(past.calls) > 10
    pd.testing.assert_frame_equal(past.calls, live, check_dtype=False, check_categorical=False)
    # A client that writes plain lines, and packs them.
    packed = tmp_path / "capture.log.gz"
    packed.write_bytes(gzip.compress("\n\n".join([GREETING, *sent, ""]).replace("\r", "").encode()))
    pd.testing.assert_frame_equal(history(packed, server="berlin").calls, past.calls)


def test_a_capture_that_tells_no_time_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "capture.txt"
    path.write_text(f"{GREETING}\n\nEvent: Newchannel\nChannel: PJSIP/1-1\nUniqueid: 1.1\n\n")
    with pytest.raises(ConfError, match="timestampevents = yes"):
        history(path)
    path.write_text(GREETING)
    with pytest.raises(ConfError, match="no events"):
        history(path)


def test_an_event_without_an_end_costs_itself(tmp_path: Path) -> None:
    sent = texts(22, 500)
    sent[3] += "\r\n" + "\r\n".join(f"Header{n}: {'x' * 900}" for n in range(2000))
    path = tmp_path / "capture.txt"
    path.write_bytes("\r\n\r\n".join([*sent, ""]).encode())
    past = history(path)
    assert (past.records, past.bad_count) == (len(sent), 1)


def test_an_event_that_the_beginning_or_the_end_of_a_capture_tears_is_bad(tmp_path: Path) -> None:
    sent = texts(22, 200)
    whole = "\r\n\r\n".join([*sent, ""])
    path = tmp_path / "capture.txt"
    path.write_bytes(whole[len(sent[0]) // 2 : -len(sent[-1]) // 2].encode())
    past = history(path, server="ast")
    assert (past.records, past.bad_count) == (len(sent), 2)
    assert [*past.bad["reason"]] == [
        "the beginning of this message is missing",
        "the end of this event is missing",
    ]
    assert past.bad["line"][0] == 1
    pd.testing.assert_frame_equal(
        past.calls,
        from_events(frame([batch_of(sent[1:-1], [0] * (len(sent) - 2))], "ast")),
        check_dtype=False,
        check_categorical=False,
    )
