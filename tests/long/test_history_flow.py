"""A call of an archive and of a capture is drawn of its events, as the same call is when heard."""

from __future__ import annotations

import pickle
from pathlib import Path

import pandas as pd
import pytest

from ast_notebook.anonymize import Anonymizer
from ast_notebook.calls import Flow, flow
from ast_notebook.calls.anonymized import anonymized_history
from ast_notebook.calls.history import History, history
from ast_notebook.recording import Record
from tests.support.paths import RECORDINGS
from tests.support.recorded import microseconds, texts_of

EVENTS = 2500


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    return pd.read_parquet(RECORDINGS / "asterisk22" / "events.parquet").head(EVENTS)


@pytest.fixture(scope="module")
def archive(frame: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("flow") / "archive"
    record = Record("ast")
    record.to(place)
    for text, received in zip(texts_of(frame), microseconds(frame["received"]), strict=True):
        record.add([text], received)
    record.close()
    return place


def compared(past: History, frame: pd.DataFrame) -> list[Flow]:
    """Draw every fifth call of a history, and compare it with the same events in one frame."""
    drawn = [past.flow(call, tz="UTC") for call in past.calls["call"].iloc[::5]]
    for one in drawn:
        assert repr(one) == repr(flow(frame, one.call, tz="UTC"))
    return drawn


def test_a_call_of_an_archive_is_drawn_of_its_events(archive: Path, frame: pd.DataFrame) -> None:
    drawn = compared(history(archive, tz="UTC"), frame)
    assert len(drawn) > 4
    assert {"rings", "talks"} <= {phase.kind for one in drawn for phase in one.phases}


def test_beside_other_sources_it_is_drawn_of_events_too(archive: Path, tmp_path: Path) -> None:
    queue_log = tmp_path / "queue_log"
    queue_log.write_text("1795419703|NONE|NONE|NONE|QUEUESTART|\n")
    alone, both = history(archive, tz="UTC"), history(archive, queue_log, tz="UTC")
    call = alone.calls["call"].iloc[0]
    assert repr(both.flow(call)) == repr(alone.flow(call))


def test_a_call_of_a_capture_is_drawn_of_its_events(frame: pd.DataFrame, tmp_path: Path) -> None:
    path = tmp_path / "capture.txt"
    path.write_bytes("\r\n\r\n".join([*texts_of(frame), ""]).encode())
    assert len(compared(history(path, tz="UTC"), frame)) > 4


def test_with_pseudonyms_nothing_is_read_again(archive: Path) -> None:
    past = history(archive, tz="UTC")
    with pytest.warns(UserWarning, match="left out"):
        hidden = anonymized_history(past, Anonymizer(b"k" * 32))
    place = past.calls.dropna(subset=["answered", "caller"]).index[0]
    row = past.calls.loc[place]
    whole = hidden.flow(hidden.calls.loc[place, "call"]).svg()
    assert row["caller_device"] not in whole and f">{row['caller']}" not in whole


def test_a_pickled_history_has_its_calls_and_draws_what_their_rows_tell(archive: Path) -> None:
    past = history(archive, tz="UTC")
    again = pickle.loads(pickle.dumps(past))
    pd.testing.assert_frame_equal(again.calls.frame, past.calls.frame)
    call = past.calls.dropna(subset="answered")["call"].iloc[0]
    assert again.flow(call).call == call
    assert again.flow(call).steps
