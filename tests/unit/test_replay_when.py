"""The words of time of a replay are those of everything else; only a day at its end counts less."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest

import ast_notebook
from ast_notebook import use_zone
from ast_notebook.clock import MACHINE
from ast_notebook.errors import ConfError
from ast_notebook.recording import Record
from tests.support.days import event

#: A Wednesday.
NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def is_wednesday(monkeypatch):
    monkeypatch.setattr(MACHINE, "time", NOON.timestamp)
    use_zone("UTC")
    yield
    use_zone(None)


def record(*days: float, of: Record) -> Record:
    """Put an event into a record for each number of days before now."""
    for back in days:
        at = NOON - timedelta(days=back)
        _, text = event(0, "Hangup", Channel=f"PJSIP/{back}", Uniqueid="1.1", Linkedid="1.1")
        of.add([text], round(at.timestamp() * 1_000_000))
    return of


@pytest.fixture
def frame():
    kept = record(9, 2, 1, 0, of=Record())
    yield kept.frame()
    kept.close()


@pytest.fixture
def archive(tmp_path):
    """The same in an archive, but for the oldest one."""
    kept = Record()
    there = kept.to(tmp_path)
    record(2, 1, 0, of=kept)
    assert there.flush()
    kept.close()
    return tmp_path


def replayed(source, **when) -> list[str]:
    """Return how many days before now the events were that a replay has."""
    with ast_notebook.replay(source, **when) as sh:
        sh.run()
        return [name.partition("/")[2] for name in sh.ast.events.get("channel", [])]


@pytest.mark.parametrize(
    ("when", "heard"),
    [
        ({"since": "yesterday", "until": "today"}, ["1"]),
        ({"until": "today"}, ["9", "2", "1"]),
        ({"until": "yesterday"}, ["9", "2"]),
        ({"until": "this-week"}, ["9"]),
        ({"since": "2026-11-23", "until": "2026-11-24"}, ["2"]),
        ({"since": "yesterday 8:00", "until": "today 8:00"}, ["1"]),
        ({"since": "yesterday 8:00", "until": "today 12:01"}, ["1", "0"]),
    ],
)
def test_a_replay_ends_before_a_day(frame, when, heard):
    assert replayed(frame, **when) == heard


@pytest.mark.parametrize(
    ("when", "heard"),
    [
        ({"since": "yesterday", "until": "yesterday"}, ["1"]),
        ({"since": "yesterday 8:00", "until": "yesterday"}, ["1"]),
        ({"since": "yesterday 13:00", "until": "yesterday"}, []),
        ({"since": "2026-11-24", "until": "2026-11-24"}, ["1"]),
        ({"since": "last-week", "until": "last-week"}, ["9"]),
        ({"since": "this-week", "until": "this-week"}, ["2", "1", "0"]),
        ({"until": "last-week"}, ["9"]),
        ({"at": "yesterday", "until": "yesterday"}, ["2", "1"]),
        ({"at": "yesterday 14:05", "until": "yesterday", "since": "2026-11-23"}, ["2", "1"]),
    ],
)
def test_a_replay_that_begins_on_a_day_ends_with_it(frame, when, heard):
    assert replayed(frame, **when) == heard


def test_an_archive_is_replayed_in_the_same_way(archive):
    assert replayed(archive, until="yesterday") == ["2"]
    assert replayed(archive, since="yesterday", until="yesterday") == ["1"]
    assert replayed(archive, until="2026-11-23") == ["2"]


@pytest.mark.parametrize(
    ("when", "why"),
    [
        ({"until": "last-year"}, "there are no events at that time: nothing to replay"),
        ({"until": "2026-11-16 08:00"}, "there are no events at that time: nothing to replay"),
        ({"since": "today", "until": "yesterday"}, "is not after since today: nothing to replay"),
        ({"at": "today", "until": "yesterday"}, "at today is not within until yesterday"),
    ],
)
def test_a_time_without_anything_is_told(frame, archive, when, why):
    for source in (frame, archive):
        with pytest.raises(ConfError, match=why):
            ast_notebook.replay(source, **when)


def test_a_run_ends_before_a_day_or_with_the_day_on_which_the_replay_stands(frame):
    with ast_notebook.replay(frame) as sh:
        sh.run("2026-11-24")
        assert sh.clock.now() == pd.Timestamp("2026-11-24", tz="UTC")
        sh.replay.seek("2026-11-24 08:00")
        sh.run("2026-11-24")
        assert sh.clock.now() == pd.Timestamp("2026-11-25", tz="UTC")
