"""Made-up lines of a CDR, in any order: every call is whole, and none is lost."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.cdr_lines import calls, record

CHANNELS = [
    "PJSIP/1-00000001",
    "PJSIP/2-00000002",
    *(f"Local/{n}@x-0000000{n};{h}" for n in "34" for h in "12"),
]
APPS = [
    "Dial",
    "Queue",
    "AppDial",
    "VoiceMail",
    "ConfBridge",
    "AgentLogin",
    "AgentRequest",
    "Park",
    "",
]
DATA = ["", "(Outgoing Line)", "desk,c,,,5", "PJSIP/2,10,tU(ask", "room"]


@st.composite
def odd(draw: st.DrawFn) -> list[str]:
    start = draw(st.integers(0, 30))
    end = start + draw(st.integers(0, 30))
    answer = draw(st.none() | st.integers(start, end))
    pick: Any = lambda values: draw(st.sampled_from(values))  # noqa: E731
    channel = pick(CHANNELS)
    return record(
        start, end, pick(APPS), pick(["", *CHANNELS]), channel=channel, answer=answer,
        said=pick(["ANSWERED", "NO ANSWER", "BUSY", "FAILED"]), data=pick(DATA),
        dst=pick(["200", "h", "s", ""]), number=1 + CHANNELS.index(channel),
        linked=pick([None, 1, 9]),
    )  # fmt: skip


@pytest.mark.filterwarnings("ignore:the newest records come first")
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(odd(), min_size=1, max_size=12, unique_by=tuple))
def test_whatever_lines_say_every_call_is_whole(tmp_path: Path, lines: list[list[str]]) -> None:
    found = calls(tmp_path, *lines)
    assert 1 <= len(found) <= len(lines)
    assert (found["end"] >= found["start"]).all()
    assert (found["billsec"] >= 0).all()
    assert (found["billsec"] <= (found["end"] - found["start"]).dt.total_seconds() + 1).all()
    assert (found["answered_by"].isna() | (found["disposition"] == "ANSWERED")).all()
    orders = itertools.islice(itertools.permutations(lines), 5)
    assert all(len(calls(tmp_path, *order)) == len(found) for order in orders)
