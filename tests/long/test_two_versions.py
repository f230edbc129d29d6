"""Which columns Asterisk 16 leaves empty that 22 fills, as `docs/ami.md` says."""

import pandas as pd
import pytest

from ast_notebook.calls import agent_pauses, agent_sessions, legs, streams, visits
from tests.support import recorded


def _filled(frame: pd.DataFrame) -> set[str]:
    return {str(name) for name in frame if frame[name].notna().any()}


def test_calls_of_both_have_the_same_columns():
    old, new = (recorded.calls(version) for version in recorded.VERSIONS)
    assert _filled(old) == _filled(new)


@pytest.mark.parametrize("make", [legs, visits, agent_sessions, agent_pauses])
def test_all_else_that_is_made_of_events_has_the_same_columns(make):
    old, new = (_filled(make(recorded.events(version))) for version in recorded.VERSIONS)
    assert old == new


def test_streams_of_16_lack_the_score_that_asterisk_itself_gives():
    old, new = (_filled(streams(recorded.events(version))) for version in recorded.VERSIONS)
    assert new - old == {"mes"}
    assert "mos" in old


@pytest.mark.parametrize(
    ("event", "column"), [("RTCPSent", "mes"), ("Hangup", "techcause"), ("Hold", "musicclass")]
)
def test_columns_of_events_that_16_leaves_empty(event, column):
    old, new = (recorded.events(version) for version in recorded.VERSIONS)
    assert column in _filled(new[new["event"] == event])
    assert column not in _filled(old[old["event"] == event])
