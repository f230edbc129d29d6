"""The calls of an archive, made a day at a time, are those of the whole."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from ast_notebook.calls import calls
from ast_notebook.calls.history import calls_of_day
from ast_notebook.errors import ConfError
from ast_notebook.recording import Record, read
from tests.scenarios.sources import TRUNKS
from tests.support.archives import record_again
from tests.support.recorded import events

#: Seconds from the beginning of the recordings to midnight: many calls are up then.
UNTIL_MIDNIGHT = (150, 240)


@pytest.fixture(scope="module", params=UNTIL_MIDNIGHT)
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive of two PBXs, over whose recordings a day of UTC and one of Berlin's end."""
    place = tmp_path_factory.mktemp("archive")
    for version, midnight in ((16, "2026-03-02 00:00Z"), (22, "2026-03-01 23:00Z")):
        heard = events(version)
        moved = pd.Timestamp(midnight) - pd.Timedelta(seconds=request.param) - heard["time"].iloc[0]
        later = {name: heard[name] + moved for name in ("time", "received")}
        record_again(place, heard.assign(**later), f"pbx{version}")
    return place


@pytest.fixture(scope="module")
def whole(place: Path) -> pd.DataFrame:
    return calls(read(place), trunks=TRUNKS)


@pytest.mark.parametrize("tz", ["UTC", "Europe/Berlin", "Asia/Kathmandu"])
def test_all_days_together_are_the_calls_of_the_whole(
    place: Path, whole: pd.DataFrame, tz: str
) -> None:
    days = [
        calls_of_day(place, day, tz=tz, trunks=TRUNKS)
        for day in ("2026-02-28", "2026-03-01", "2026-03-02", "2026-03-03")
    ]
    pd.testing.assert_frame_equal(pd.concat(days, ignore_index=True), whole)
    ends = whole["end"].dt.tz_convert(tz).dt.date
    if tz != "Asia/Kathmandu":
        assert (whole["start"].dt.tz_convert(tz).dt.date < ends).any()
        assert min(len(days[1]), len(days[2])) > 0


@pytest.mark.parametrize(
    ("hours", "is_followed"), [(0.5, True), (3, True), (20, True), (30, False)]
)
def test_a_call_is_followed_until_a_day_after_midnight(
    tmp_path: Path, hours: float, is_followed: bool
) -> None:
    start = pd.Timestamp("2026-03-01 23:50Z")
    record = Record("west")
    record.to(tmp_path)
    for event, moment in (("Newchannel", start), ("Hangup", start + pd.Timedelta(hours=hours))):
        ids = "Channel: PJSIP/200-01\r\nUniqueid: 1.1\r\nLinkedid: 1.1"
        second = moment.timestamp()
        record.add([f"Event: {event}\r\nTimestamp: {second:.6f}\r\n{ids}"], round(second * 1e6))
    record.close()
    found = calls_of_day(tmp_path, "2026-03-01")
    assert found["start"].tolist() == [start]
    assert found["end"].notna().tolist() == [is_followed]
    assert len(calls_of_day(tmp_path, "2026-03-02")) == 0


@pytest.mark.filterwarnings("ignore::FutureWarning")  # Dask's own, of this pandas
def test_a_day_is_a_task_of_dask(place: Path, whole: pd.DataFrame) -> None:
    import dask.dataframe

    days = pd.date_range("2026-03-01", "2026-03-02")
    made = dask.dataframe.from_map(lambda day: calls_of_day(place, day, trunks=TRUNKS), days)
    found = made.compute(scheduler="sync").reset_index(drop=True)
    assert found["call"].tolist() == whole["call"].tolist()
    assert found["talk"].sum() == pytest.approx(whole["talk"].sum())


def test_what_is_no_day_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfError):
        calls_of_day(tmp_path, "yesterday's")
    with pytest.raises(ConfError, match="no folder"):
        calls_of_day(tmp_path / "none", "2026-03-01")
