"""A call log that is kept equals one that is made of all events at once."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from unittest import mock

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ast_notebook.asterisk.call_log import CallLog
from ast_notebook.calls import cache as caching
from ast_notebook.calls import calls, visits
from ast_notebook.calls.cache import LogCache
from ast_notebook.calls.calls import Log, log_of
from ast_notebook.recording import Record
from tests.support.paths import RECORDINGS

TRUNKS = ["SIP/provider", "PJSIP/provider"]
NAMES = ("asterisk16", "asterisk22", "asterisk16-goes_on", "asterisk22-in_vain")


def events_of(name: str, count: int) -> pd.DataFrame:
    frame = pd.read_parquet(Path(RECORDINGS) / name / "events.parquet")
    return frame.head(count) if count else frame


def same(found: Log, events: pd.DataFrame) -> None:
    for one, right in zip(found, log_of(events, trunks=TRUNKS), strict=True):
        columns = list(right.columns)
        pd.testing.assert_frame_equal(
            one.sort_values(columns, ignore_index=True),
            right.sort_values(columns, ignore_index=True),
        )


def hold(events: pd.DataFrame, cuts: Sequence[int]) -> None:
    """Hold the kept log against a new one at each cut."""
    cache, before = LogCache(TRUNKS), 0
    for cut in sorted({*cuts, len(events)}):
        found = cache.add(events.iloc[before:cut])
        same(found, events.iloc[:cut])
        before = cut


@pytest.mark.parametrize("name", NAMES)
def test_calls_heard_bit_by_bit_are_those_heard_at_once(name: str) -> None:
    events = events_of(name, 0)
    hold(events, np.linspace(0, len(events), 6).astype(int).tolist())


@settings(max_examples=6)
@given(st.data())
def test_wherever_one_asks_meanwhile_the_log_is_the_same(data: st.DataObject) -> None:
    events = events_of(data.draw(st.sampled_from(NAMES)), 3000)
    hold(events, data.draw(st.lists(st.integers(0, len(events)), max_size=5)))


def texts_of(events: pd.DataFrame) -> list[str]:
    """Return events as Asterisk sent them, but for the spelling of their headers."""
    columns = [name for name in events if name not in ("received", "time", "server")]
    texts = []
    for row in events[columns].astype("object").itertuples(index=False):
        known = [(name, one) for name, one in zip(columns, row, strict=True) if not pd.isna(one)]
        texts.append("\r\n".join(f"{name}: {one}" for name, one in known))
    return texts


def test_only_calls_are_made_anew_that_events_have_come_for() -> None:
    events = events_of("asterisk22", 6000)
    texts, record = texts_of(events), Record("ast")
    record.add(texts[:5000], 1_000_000)
    log = CallLog("ast", record)
    before = log.calls()
    made: list[int] = []

    def counted(some: pa.Table, trunks: Collection[str] | None) -> Log:
        made.append(len(some))
        return made_anew(some, trunks)

    made_anew = caching._log
    with mock.patch.object(caching, "_log", counted):
        assert log.calls().equals(before) and not made
        before.loc[:, "caller"] = "who asks may change what he got"
        record.add(texts[5000:5100], 2_000_000)
        found = log.calls()
        assert made and max(made) < 1000
        assert log.visits().equals(visits(record.frame())) and len(made) == 1
    pd.testing.assert_frame_equal(found, calls(record.frame()))


def test_what_the_record_no_longer_has_is_not_in_the_log() -> None:
    texts, record = texts_of(events_of("asterisk22", 3000)), Record("ast")
    record.add(texts[:2000], 1_000_000)
    log = CallLog("ast", record)
    assert len(log.calls())
    record.clear()
    assert not len(log.calls())
    record.add(texts[2000:], 2_000_000)
    pd.testing.assert_frame_equal(log.calls(), calls(record.frame()))
    pd.testing.assert_frame_equal(
        log.calls(trunks="provider"), calls(record.frame(), trunks=["provider"])
    )


def test_an_interruption_leaves_no_half_of_a_log() -> None:
    texts, record = texts_of(events_of("asterisk22", 2000)), Record("ast")
    record.add(texts[:1500], 1_000_000)
    log = CallLog("ast", record)
    log.calls()
    record.add(texts[1500:], 2_000_000)
    with (
        mock.patch.object(LogCache, "_regroup", side_effect=KeyboardInterrupt),
        pytest.raises(KeyboardInterrupt),
    ):
        log.calls()
    pd.testing.assert_frame_equal(log.calls(), calls(record.frame()))


def test_a_log_that_takes_more_memory_than_the_record_may_is_not_kept() -> None:
    texts, record = texts_of(events_of("asterisk22", 2000)), Record("ast")
    record.add(texts, 1_000_000)
    log = CallLog("ast", record)
    log.calls()
    assert log._cache is not None
    assert 100_000 < log._cache.nbytes < 10_000_000
    with mock.patch.object(LogCache, "nbytes", record.budget + 1):
        log.calls()
        assert log._cache is None
    pd.testing.assert_frame_equal(log.calls(), calls(record.frame()))
