"""`ast-notebook record` before a real Asterisk, for seconds: what does not depend on the speed."""

from __future__ import annotations

import pytest

from tests.bench import recorder
from tests.bench.recorder import Measure
from tests.bench.speaker import an_asterisk
from tests.lab.fixtures import require

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def speaking():
    require(22)
    with an_asterisk() as pbx:
        yield pbx


def bad(measures: list[Measure], but: str = "") -> list[Measure]:
    return [one for one in measures if not one.is_good and one.what != but]


def test_a_killed_recorder_loses_a_block_at_most_and_the_next_one_goes_on(speaking, tmp_path):
    assert not bad(recorder.kill(speaking, tmp_path, 2, 0.5))


def test_a_pbx_that_is_started_again_is_recorded_again(speaking, tmp_path):
    assert not bad(recorder.restart(speaking, tmp_path, 1))


def test_a_full_disk_is_told_and_it_goes_on_when_there_is_room(speaking, tmp_path):
    assert not bad(recorder.fill(speaking, tmp_path / "calls", 1.0, is_real=False))


def test_all_is_recorded_under_load_and_a_watch_hears_it(speaking, tmp_path):
    found = recorder.load(speaking, tmp_path, 0.1, recorder.RATE)
    assert not bad(found, but="the watch is behind")
