"""Recordings that are anonymized hold no number and no name, and give the same calls."""

from __future__ import annotations

import re

import narwhals as nw
import pandas as pd
import pyarrow as pa
import pytest

from ast_notebook.anonymize import Anonymizer
from ast_notebook.calls.calls import Log, legs, log_of
from ast_notebook.errors import ConfError
from tests.support.anonymized import KEY, quietly
from tests.support.paths import RECORDINGS


@pytest.fixture
def anonymizer() -> Anonymizer:
    return Anonymizer(KEY)


@pytest.fixture(scope="module", params=["asterisk16", "asterisk22"])
def events(request) -> pd.DataFrame:
    return pd.read_parquet(RECORDINGS / request.param / "events.parquet")


@pytest.fixture(scope="module")
def log(events) -> Log:
    return log_of(events)


def test_calls_of_anonymized_events_are_the_calls_anonymized(anonymizer, events, log):
    hidden = quietly(anonymizer, events)
    after = log_of(hidden)
    for name in ("calls", "visits", "sessions", "pauses"):
        one = quietly(anonymizer, getattr(log, name))
        assert len(one)
        by = ["start", "call"] if name == "calls" else one.columns[:3].tolist()
        two = getattr(after, name).sort_values(by, ignore_index=True)
        pd.testing.assert_frame_equal(one.sort_values(by, ignore_index=True), two)
    pd.testing.assert_frame_equal(quietly(anonymizer, legs(events)), legs(hidden))


def personal(events: pd.DataFrame) -> set[str]:
    """Return the numbers and names that the events have, but for those of less than 3 letters."""
    columns = (
        "calleridnum calleridname connectedlinenum membername exten accountcode mailbox source"
    )
    found = {one for name in columns.split() for one in events[name].dropna().astype(str)}
    return {one for one in found if len(one) > 2} - {"failed"}


def test_no_number_and_no_name_is_left(anonymizer, events):
    hidden = quietly(anonymizer, events)
    texts = {
        text
        for name in hidden
        if hidden[name].dtype.kind not in "mM"
        and not name.endswith(("id", "time"))
        and not name.startswith(("report", "sent", "ssrc", "pt", "sequence", "parkingspace"))
        for text in hidden[name].dropna().astype(str).unique()
    }
    words = {word for text in texts for word in re.split(r"[^\w*#+]", text)}
    people = personal(events)
    assert people
    assert not people & words
    assert not [name for name in people if " " in name and any(name in text for text in texts)]


def test_groups_of_a_frame_are_as_large_as_they_were(anonymizer, log):
    calls = log.calls
    hidden = quietly(anonymizer, calls)
    for name in ("caller", "dialled", "answered_by", "caller_device"):
        sizes = [frame[name].value_counts().sort_values().tolist() for frame in (calls, hidden)]
        assert sizes[0] == sizes[1]
    assert (calls["talk"].fillna(-1) == hidden["talk"].fillna(-1)).all()
    assert hidden["recording"].isna().all()


def test_kinds_and_rows_stay(anonymizer, events, log):
    calls = log.calls.copy()
    calls.index = calls.index * 2
    calls.attrs["history"] = {"bad": 1}
    hidden = quietly(anonymizer, calls)
    assert hidden.index.equals(calls.index)
    assert hidden.attrs == calls.attrs
    assert hidden.dtypes.equals(calls.dtypes)
    same = quietly(anonymizer, events)
    assert (
        same.dtypes[list(same)]
        .astype(str)
        .str[:8]
        .equals(events.dtypes[list(same)].astype(str).str[:8])
    )
    assert len(quietly(anonymizer, calls.iloc[:0])) == 0
    assert len(quietly(anonymizer, events.iloc[:0])) == 0


def test_polars_and_arrow_are_given_back_what_they_give(anonymizer, log):
    import duckdb
    import polars as pl

    calls = log.calls
    expected = quietly(anonymizer, calls)
    for kind, given in (
        (pl.DataFrame, pl.from_pandas(calls)),
        (pa.Table, pa.Table.from_pandas(calls, preserve_index=False)),
    ):
        hidden = quietly(anonymizer, given)
        assert isinstance(hidden, kind)
        assert hidden.schema == given.schema
        found = nw.from_native(hidden, eager_only=True).to_pandas()
        for name in ("caller", "caller_device", "disposition", "recording"):
            assert found[name].fillna("-").tolist() == expected[name].fillna("-").tolist()
    with pytest.raises(ConfError, match="convert it to pandas"):
        anonymizer.frame(duckdb.sql("select '6102' as caller"))
