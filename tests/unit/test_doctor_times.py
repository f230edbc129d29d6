"""The doctor says that events have no times only once events were received that could have one."""

from types import SimpleNamespace
from typing import cast

import pytest

from ast_notebook.doctor.pbx_info import PbxInfo
from ast_notebook.recording import Record

GREETING = "Event: FullyBooted\r\nPrivilege: system,all\r\nUptime: 5"
HANGUP = "Event: Hangup\r\nPrivilege: call,all\r\nUniqueid: 1.1"
TIMED = f"{HANGUP}\r\nTimestamp: 1763877600.000000"


@pytest.mark.parametrize(
    ("texts", "said"),
    [([], None), ([GREETING], None), ([GREETING, HANGUP], False), ([GREETING, TIMED], True)],
)
def test_times_are_missed_only_where_they_could_be(texts, said):
    record = Record("ast")
    try:
        record.add(texts, 1_763_877_660_000_000)
        info = cast("PbxInfo", SimpleNamespace(pbx=SimpleNamespace(record=record)))
        assert PbxInfo.has_timestamps(info) is said
    finally:
        record.close()
