"""Ladders of what real Asterisks sent: they say what the calls frame says, and nothing twice."""

from __future__ import annotations

from functools import cache
from xml.dom import minidom

import pandas as pd
import pytest

from ast_notebook.calls import Flow, flow
from tests.support.recorded import VERSIONS, calls, events

SECOND = 1_000_000
#: Of so many calls, one is drawn.
EACH = 10


@cache
def ladders(version: int) -> list[tuple[pd.Series, Flow]]:
    """Return calls of a recording, each with its ladder made of the events of its time."""
    every, heard = calls(version), events(version)
    around = pd.Timedelta("2s")
    found = []
    for _, call in every.dropna(subset="end").iloc[::EACH].iterrows():
        near = heard["time"].between(call["start"] - around, call["end"] + around)
        found.append((call, flow(heard[near], call["call"], tz="UTC")))
    return found


def talked(one: Flow) -> float:
    """Return the seconds in which anybody in the call talked."""
    total, until = 0, 0
    for phase in one.phases:
        if phase.kind == "talks" and phase.end is not None:
            total += max(0, phase.end - max(phase.begin, until))
            until = max(until, phase.end)
    return total / SECOND


@pytest.mark.parametrize("version", VERSIONS)
def test_ladders_of_recorded_calls_agree_with_the_calls_frame(version):
    drawn = ladders(version)
    assert len(drawn) > 15
    for call, one in drawn:
        expected = 0.0 if pd.isna(call["talk"]) else call["talk"]
        assert talked(one) == pytest.approx(expected, abs=0.25), (call["call"], repr(one))
        assert one.steps, call["call"]
        assert minidom.parseString(one.svg()).documentElement is not None


@pytest.mark.parametrize("version", VERSIONS)
def test_no_ladder_of_a_recorded_call_tells_a_thing_twice(version):
    for call, one in ladders(version):
        lines = [(step.lane, step.to, step.text) for step in one.steps]
        near = zip(lines, one.steps, lines[1:], one.steps[1:], strict=False)
        for line, step, after, later in near:
            again = line == after and later.time - step.time < SECOND // 10
            assert not again, (call["call"], repr(one))
        answers = [line[0] for line in lines if line[2] == "answers"]
        assert len(answers) == len(set(answers)), (call["call"], repr(one))
