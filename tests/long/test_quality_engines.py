"""What reports say of voice is the same on DuckDB and PyArrow as in pandas."""

from __future__ import annotations

import pandas as pd
import pytest

from ast_notebook.calls import from_events, streams
from tests.unit.test_quality import ENGINES, THREE, channel, event, frame_of, in_pandas, report

EVENTS = [
    *channel(),
    *THREE,
    *(
        report(
            at, "RTCPReceived", highest=50 * at, lost=at, stream="0x2", rtt="0.1", sentpackets="9"
        )
        for at in (5, 10, 15)
    ),
    *channel("1.2"),
    report(7, uniqueid="1.2", highest=300, lost=2, fraction=2),
    event(3, "Status", "1.2", nativeformats="(g729)"),
]


@pytest.mark.parametrize("way", ["duckdb", "pyarrow"])
def test_an_engine_tells_what_pandas_tells(way: str):
    events = frame_of(EVENTS)
    for told, keys in ((streams, ["leg", "direction"]), (from_events, ["call"])):
        wanted = told(events).set_index(keys)
        found = in_pandas(told(ENGINES[way](events))).set_index(keys)
        names = ["mos", "loss", "jitter", "rtt"]
        pd.testing.assert_frame_equal(
            found[names].astype(float), wanted[names].astype(float), check_index_type=False
        )
        assert wanted["mos"].notna().all()
