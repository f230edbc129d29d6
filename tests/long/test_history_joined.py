"""The CEL, the CDR and the queue_log that an Asterisk wrote of the same calls are told once."""

from __future__ import annotations

import pandas as pd
import pytest

from ast_notebook.calls.history import History, history
from tests.support.paths import RECORDINGS
from tests.support.recorded import VERSIONS

#: The wait and the queue are those of the queue_log, where the CDR or the CEL has none.
COMPLETED = ["wait", "queue", "billsec", "did", "recording", "caller_name"]
COMPLETED += ["caller_device", "answered_device"]


def read(version: int, *names: str) -> History:
    files = [RECORDINGS / f"asterisk{version}" / f"{name}.gz" for name in names]
    return history(*files, tz="UTC")


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("best", ["cdr.csv", "cdr-linkedid.csv", "cel.csv"])
def test_with_a_queue_log_the_calls_are_those_of_the_other_log(version: int, best: str) -> None:
    alone, queue_log = read(version, best), read(version, "queue_log")
    both = read(version, "queue_log", best)
    assert len(both.calls) == len(alone.calls) == 340
    pd.testing.assert_frame_equal(
        both.calls.frame.drop(columns=COMPLETED), alone.calls.frame.drop(columns=COMPLETED)
    )
    for name in COMPLETED:
        known = alone.calls[name].notna()
        assert (both.calls[name][known] == alone.calls[name][known]).all(), "nothing is replaced"
    assert set(both.calls.loc[both.calls["wait"].notna(), "call"]) >= set(
        queue_log.calls.loc[queue_log.calls["wait"].notna(), "call"]
    )
    pd.testing.assert_frame_equal(both.visits.frame, queue_log.visits.frame)
    assert both.notes == []


@pytest.mark.parametrize("version", VERSIONS)
def test_of_a_folder_each_call_is_told_once(version: int) -> None:
    past = history(RECORDINGS / f"asterisk{version}", tz="UTC")
    assert len(past.calls) == 340
    assert set(past.calls["source"]) == {"cel"}
    assert len(past.visits) == len(read(version, "queue_log").visits)
    unread = [name.rpartition("/")[2] for name in past.unread["file"]]
    assert unread == ["events.parquet", "truth.jsonl"]
