"""Calls made of each scenario alone are those made of all of them."""

from __future__ import annotations

import pytest

from ast_notebook.calls import (
    from_events,
)
from tests.scenarios.sources import TRUNKS, rows
from tests.support.recorded import VERSIONS, calls, during, events, played


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", played(16))
def test_a_scenario_alone_gives_the_same_calls_as_the_whole_day(version: int, name: str) -> None:
    one = played(version)[name]
    alone = from_events(during(events(version), one), trunks=TRUNKS)
    assert rows(alone, one.channels) == rows(calls(version), one.channels)
