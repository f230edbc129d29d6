"""What the benchmarks of load count."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from ast_notebook.recording import scan
from tests.bench import archive, week
from tests.bench.clock import Clock
from tests.bench.files import look
from tests.bench.flooding import END, EVENT
from tests.bench.tally import Tally
from tests.support.archives import files


def test_a_tally_knows_what_is_missing_comes_again_and_is_late() -> None:
    tally = Tally()
    late = datetime.now(UTC).timestamp() - 5
    for number in (0, 1, 4, 3, 5):
        tally.hear({"UserEvent": EVENT, "Number": str(number), "Timestamp": f"{late:.6f}"})
    assert (tally.heard, tally.missing, tally.again, tally.over.is_set()) == (5, 3, 1, False)
    tally.hear({"UserEvent": END, "Sent": "10"})
    assert (tally.sent, tally.missing, tally.over.is_set()) == (10, 7, True)
    assert tally.lags()["p50"] >= 5000


def test_an_archive_in_files_of_an_hour_has_the_events_of_one_in_files_of_a_day(
    tmp_path: Path,
) -> None:
    days, hours = tmp_path / "days", tmp_path / "hours"
    written = archive.write(days, 40_000)
    assert archive.write(hours, 40_000, hours=1) == written
    assert [len(files(place, ".parquet")) for place in (days, hours)] == [1, 2]
    one, other = (scan(place).to_table().sort_by("received_us") for place in (days, hours))
    assert one["received_us"].equals(other["received_us"])


def test_what_is_missing_on_disk_or_too_much_there_is_seen(tmp_path: Path) -> None:
    (*_, found) = week.record_days(tmp_path, 1, 2000, 2, Clock(week.START.timestamp()))
    seen = look(tmp_path)
    assert week.check(found, seen, 2) == []
    assert week.check(found | {"end": found["end"] + 1}, seen, 2)
    later = found["now"] + 3 * week.DAY
    assert week.check(found | {"now": later, "starts": {str(week.day_of(later)): 0}}, seen, 2)
    removed = sorted(tmp_path.rglob("*.parquet"))[9]
    count = len(seen.numbers)
    removed.unlink()
    fewer = look(tmp_path)
    assert 0 < len(fewer.numbers) < count and (np.diff(fewer.numbers) > 1).any()
    assert week.check(found, fewer, 2)
