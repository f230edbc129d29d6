"""The benchmarks of speed, for a moment: that all is heard, not how fast."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bench import flood, running, share

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", [name for name in flood.RUNS if name != "panoramisk"])
def test_a_flood_is_heard_to_its_end(name: str) -> None:
    found = running.medians({name: flood.RUNS[name]}, 1, 300)
    assert found[name]["heard"] == 300
    assert found[name]["peak"] > 0


def test_events_that_come_one_by_one_are_heard_and_told_when() -> None:
    pytest.importorskip("panoramisk")
    found = running.medians(share.RUNS, 1, 100, rate=1000.0)
    assert {one["heard"] for one in found.values()} == {100}
    assert all(0 < one["p50"] <= one["p99"] for one in found.values())
    assert len(share.table(found, found)) == 1 + len(found)


def test_another_checkout_is_measured_beside_this_one(tmp_path: Path) -> None:
    runs = running.with_base(share.RUNS, str(ROOT), share.OURS)
    last = [*share.RUNS][-1]
    assert list(runs)[-2:] == [last, f"{last} (base)"]
    assert not any("--base" in runs[name] for name in share.RUNS)
    who = runs[f"{last} (base)"]
    assert running.run(who, 50)["heard"] == 50
    (tmp_path / "empty").mkdir()
    elsewhere = [*who[:-1], str(tmp_path / "empty")]
    with pytest.raises(running.subprocess.CalledProcessError):
        running.run(elsewhere, 50)


def test_a_table_has_ratios_of_what_was_measured() -> None:
    one = {"heard": 100.0, "seconds": 1.0, "cpu": 1.0, "peak": 50.0}
    fast = one | {"seconds": 0.25, "cpu": 0.5}
    lines = flood.table({"ours": fast, "panoramisk": one, "the bare recv-split-dict": one})
    assert lines[1].split() == ["ours", "400", "4.00", "4.00", "5000.0", "2.00", "2.00", "50"]
