"""Events stand in the order in which they came, also after the clock was set back."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from ast_notebook.recording import Record, read
from tests.support.archives import NOON, numbered, numbers

HOUR = 3_600_000_000
#: When six events came, by a clock that was set back by an hour and a half behind the fourth.
MOMENTS = [NOON, NOON + HOUR // 4, NOON + HOUR // 2, NOON + 3 * HOUR // 4]
MOMENTS += [NOON - HOUR // 2, NOON - HOUR // 4]


def recorded(folder: Path, moments: list[int], first: int, server: str = "ast") -> None:
    record = Record(server)
    record.to(folder)
    for number, moment in enumerate(moments, first):
        record.add(numbered(number, number + 1), moment)
    assert record.archive is not None
    assert record.archive.flush(30)
    record.close()


@pytest.mark.parametrize("others", [(), ("ast",), ("other",)])
def test_rows_of_an_archive_are_in_order_of_arrival(tmp_path: Path, others: tuple[str]) -> None:
    for server in others:
        recorded(tmp_path, [NOON - HOUR], 0, server)
    recorded(tmp_path, MOMENTS, 1)
    assert numbers(read(tmp_path)) == [*([0] if others else []), 1, 2, 3, 4, 5, 6]


def test_events_of_two_recorders_are_put_together_by_their_times(tmp_path: Path) -> None:
    recorded(tmp_path, [NOON, NOON + 2 * HOUR], 0)
    recorded(tmp_path, [NOON + HOUR, NOON + 3 * HOUR], 2)
    assert numbers(read(tmp_path)) == [0, 2, 1, 3]


def test_since_finds_what_came_before_the_clock_was_set_back(record: Record) -> None:
    for number, moment in enumerate(MOMENTS):
        record.add(numbered(number, number + 1), moment)
    since = datetime.fromtimestamp((NOON + HOUR // 3) / 1e6, UTC)
    assert numbers(record.frame(since=since)) == [2, 3]
