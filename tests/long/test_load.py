"""Load and days on a clock of their own, for seconds: what does not depend on the speed."""

from __future__ import annotations

import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from ast_notebook.ami import Pending, Session
from tests.bench import twenty, week
from tests.bench.clock import Clock, Wall
from tests.bench.files import look
from tests.support.waiting import eventually


def test_each_pbx_has_its_threads_and_tab_and_status_know_all_of_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    eventually(lambda: not our_threads(), 60)  # those of earlier tests, which end by themselves
    with twenty.a_kernel(rate=50.0) as kernel:
        for _ in range(3):
            kernel.add()
        one = kernel.read(1.0)
        assert one.pbxs == 3 and one.rate > 0
        # None has 10,000 events yet, so there is no recorder; and one publisher of the panel.
        found = our_threads()
        names = sorted(name.rpartition("-")[0] for name in found)
        assert names == sorted(["ast", *["ast-dispatch", "ast-lists", "ast-read"] * 3]), found
        assert "pbx2" in kernel.complete("%ast --pbx ")
        assert [pbx.name for pbx in kernel.status().pbxs] == ["pbx1", "pbx2", "pbx3"]
        assert all(pbx.asterisk for pbx in kernel.status().pbxs)

        done: list[str] = []
        note(monkeypatch, Session, "ask", done)
        note(monkeypatch, Pending, "wait", done)
        kernel.status()
        assert done == ["ask"] * 6 + ["wait"] * 6  # many that are slow are no slower than one
    assert not our_threads()


def note(monkeypatch: pytest.MonkeyPatch, kind: type, name: str, done: list[str]) -> None:
    """Take note of this thread's calls of a method."""
    method, thread = getattr(kind, name), threading.current_thread()

    def noted(self: Any, *args: Any, **more: Any) -> Any:
        if threading.current_thread() is thread:
            done.append(name)
        return method(self, *args, **more)

    monkeypatch.setattr(kind, name, noted)


def our_threads() -> list[str]:
    return [one.name for one in threading.enumerate() if one.name.startswith("ast-")]


def test_a_few_days_are_sealed_by_the_hour_kept_whole_and_removed_when_they_are_old(
    tmp_path: Path,
) -> None:
    readings = week.record_days(tmp_path, 3, 2000, 1, Clock(week.START.timestamp()))
    for number, found in enumerate(readings):
        seen = look(tmp_path)
        assert week.check(found, seen, 1) == []
        today = week.START.date() + timedelta(days=min(number, 2))
        assert seen.days[-1] == today and len(seen.days) == min(number + 1, 2)
        assert seen.sealed >= 24 * len(seen.days) - 1
    assert number == 3


def test_the_recorder_is_watched_by_the_clock_on_the_wall_too(tmp_path: Path) -> None:
    (*_, found) = week.record_days(tmp_path, 3 / week.DAY, 86_400_000, 2, Wall())
    assert found["end"] > 0
    assert week.check(found, look(tmp_path), 2) == []
