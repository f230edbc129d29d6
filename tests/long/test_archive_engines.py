"""Calls of an archive's own files on an engine are those of `read`, or it is said why not."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pandas as pd
import polars as pl
import pytest

from ast_notebook.calls import agent_pauses, agents, calls, flow, frames, log_of, queues, visits
from ast_notebook.calls.cache import LogCache
from ast_notebook.calls.calls import Log
from ast_notebook.calls.source import OF_CALLS
from ast_notebook.errors import ConfError
from ast_notebook.recording import Record, read, relation, scan
from tests.scenarios.sources import TRUNKS
from tests.support.archive_ways import OURS, THEIRS, UNTOLD, in_pandas
from tests.support.archives import NOON, record_again
from tests.support.recorded import events


def told(name: str, second: int, **headers: object) -> str:
    lines = [f"{header}: {value}" for header, value in headers.items()]
    return "\r\n".join([f"Event: {name}", f"Timestamp: {NOON // 1_000_000 + second}.5", *lines])


def shift(start: int = 0) -> dict[int, str]:
    """A channel in a conference and a pause, both told of by headers that have no column."""
    uniqueid = f"{NOON // 1_000_000 + start}.1"
    who: dict[str, object] = {
        "Channel": "PJSIP/6101-01",
        "Uniqueid": uniqueid,
        "Linkedid": uniqueid,
    }
    caller = {"CallerIDNum": "6101", "CallerIDName": "<unknown>", "Exten": "501"}
    member: dict[str, object] = {"Queue": "orders", "MemberName": "Nora", "Interface": "PJSIP/6104"}
    steps = {
        0: ("Newchannel", who | caller),
        1: ("ConfbridgeJoin", who | {"Conference": "room"}),
        2: ("QueueMemberPause", member | {"Paused": 1, "PausedReason": "lunch"}),
        9: ("Hangup", who | {"Cause": 16}),
        62: ("QueueMemberPause", member | {"Paused": 0, "PausedReason": ""}),
    }
    return {
        start + at: told(event, start + at, **headers) for at, (event, headers) in steps.items()
    }


def keep(
    place: Path, server: str, *, start: int = 0, late: int = 0, has_timestamps: bool = True
) -> None:
    record = Record(server)
    record.to(place)
    for second, text in shift(start).items():
        lines = [line for line in text.split("\r\n") if has_timestamps or "Timestamp" not in line]
        record.add(["\r\n".join(lines)], NOON + second * 1_000_000 + late)
    record.close()


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What an Asterisk 16 and a 22 told, as PBXs that look like a number and a date."""
    place = tmp_path_factory.mktemp("recordings")
    for version, server in ((16, "007"), (22, "2026-01-01")):
        record_again(place, events(version), server)
    return place


@pytest.fixture(scope="module")
def right(recordings: Path) -> Log:
    return log_of(read(recordings), trunks=TRUNKS)


@pytest.fixture(scope="module")
def ladder(recordings: Path, right: Log) -> tuple[str, str]:
    """A call with a transfer, and its ladder."""
    call = right.calls["call"][right.calls["transfers"].argmax()]
    return call, repr(flow(read(recordings), call))


def test_recordings_in_an_archive_have_what_rare_headers_tell(right: Log) -> None:
    assert right.calls["transfers"].sum() > 10
    assert right.calls["conference"].notna().sum() > 2
    assert right.pauses["reason"].notna().any()
    assert set(right.visits["outcome"]) > {"ANSWERED", "ABANDONED", "TIMEOUT"}


@pytest.mark.parametrize("way", [way for way in OURS | THEIRS if way != "in pandas"])
def test_the_call_log_and_a_ladder_are_those_of_reading(
    recordings: Path, right: Log, ladder: tuple[str, str], way: str
) -> None:
    given = (OURS | THEIRS)[way](recordings)
    log = log_of(given, trunks=TRUNKS)
    found = Log(
        frames.pandas(in_pandas(log.calls), frames.TIMES, frames.WHOLE),
        frames.pandas(in_pandas(log.visits), queues.TIMES, queues.WHOLE),
        frames.pandas(in_pandas(log.sessions), agents.SESSION_TIMES, ("pauses",)),
        frames.pandas(in_pandas(log.pauses), agents.PAUSE_TIMES, ()),
    )
    for one, other in zip(found, right, strict=True):
        pd.testing.assert_frame_equal(one, other)
    call, drawn = ladder
    assert repr(flow(given, call)) == drawn


@pytest.fixture
def place(tmp_path: Path) -> Path:
    keep(tmp_path, "007")
    return tmp_path


@pytest.mark.parametrize("way", OURS | THEIRS)
def test_headers_without_a_column_are_heard_on_each_engine(place: Path, way: str) -> None:
    whole = read(place)
    given = (OURS | THEIRS)[way](place)
    found = in_pandas(calls(given))
    assert found["conference"].tolist() == ["room"]
    assert found["server"].tolist() == ["007"]
    assert found["caller_name"].isna().all()
    pauses = in_pandas(agent_pauses(given))
    assert pauses["reason"].tolist() == ["lunch"]
    assert pauses["seconds"].tolist() == agent_pauses(whole)["seconds"].tolist() == [60]
    assert len(in_pandas(visits(given))) == 0


@pytest.mark.parametrize("server", ["west", "42", "2026-01-01", "true", "1e5"])
@pytest.mark.parametrize("way", UNTOLD)
def test_a_pbx_of_an_odd_name_has_its_own_name_or_it_is_said_how(
    tmp_path: Path, way: str, server: str
) -> None:
    keep(tmp_path, server)
    try:
        found = in_pandas(calls(UNTOLD[way](tmp_path)))
    except ConfError as error:
        assert server != "west"
        assert "column server" in str(error)
        assert any(hint in str(error) for hint in ("hive_types", "hive_schema", "partitioning="))
    else:
        assert found["server"].tolist() == [server]
        assert found["conference"].tolist() == ["room"]


def test_files_that_were_read_without_their_folders_are_refused(place: Path) -> None:
    given = duckdb.connect().read_parquet(f"{place}/**/*.parquet", hive_partitioning=False)
    with pytest.raises(ConfError, match=r"server is missing.*hive_partitioning"):
        calls(given)


def test_rare_headers_that_are_no_longer_a_map_are_refused(place: Path) -> None:
    text = duckdb.connect().from_arrow(scan(place)).project("* REPLACE (extra::VARCHAR AS extra)")
    for given in (text, text.pl(), text.df(), text.to_arrow_table()):
        with pytest.raises(ConfError, match=r"column extra is .* map of texts"):
            calls(given)


def test_files_without_their_rare_headers_are_refused(place: Path) -> None:
    frequent = [name for name in scan(place).schema.names if name != "extra"]
    for given in (
        pd.read_parquet(place, columns=frequent),
        pl.scan_parquet(place).drop("extra"),
        relation(place, connection=duckdb.connect()).select(*frequent),
        scan(place).to_table(columns=frequent),
    ):
        with pytest.raises(ConfError, match="column extra is missing"):
            calls(given)
    some = relation(place, columns=["received_us", *OF_CALLS], connection=duckdb.connect())
    assert in_pandas(calls(some))["conference"].tolist() == ["room"]


def test_what_is_no_frame_is_refused_with_what_to_do(place: Path) -> None:
    for given in (str(place), [{"event": "Hangup"}]):
        with pytest.raises(ConfError, match=r"not a frame of events.*history\(path\)"):
            calls(given)


def test_events_of_files_go_to_another_engine(place: Path) -> None:
    given = THEIRS["pandas"](place)
    for engine in ("polars", "duckdb"):
        pd.testing.assert_frame_equal(calls(given, engine=engine), calls(read(place)))
    with pytest.raises(ConfError, match="not a frame of duckdb"):
        calls(scan(place), engine="duckdb")


# --- several recorders ---------------------------------------------------------------------------


@pytest.mark.parametrize("way", THEIRS)
@pytest.mark.parametrize("late", [0, 90_000])
def test_files_of_two_recorders_of_one_pbx_are_refused(place: Path, way: str, late: int) -> None:
    keep(place, "007", late=late)
    with pytest.raises(ConfError, match=r"two recorders.*there twice.*scan"):
        calls(THEIRS[way](place))


def test_files_of_two_recorders_without_times_of_asterisk_are_refused(tmp_path: Path) -> None:
    for late in (0, 90_000):
        keep(tmp_path, "west", late=late, has_timestamps=False)
    for way in ("DuckDB", "Polars", "a dataset of PyArrow"):
        with pytest.raises(ConfError, match="there twice"):
            calls(THEIRS[way](tmp_path))


@pytest.mark.parametrize("way", OURS)
def test_our_ways_give_once_what_two_recorders_heard(place: Path, way: str) -> None:
    keep(place, "007", late=90_000)
    given = OURS[way](place)
    assert len(in_pandas(calls(given))) == 1
    assert in_pandas(agent_pauses(given))["seconds"].tolist() == [60]


@pytest.mark.parametrize("way", THEIRS)
def test_a_recorder_after_the_other_and_one_of_another_pbx_are_no_repetition(
    place: Path, way: str
) -> None:
    keep(place, "007", start=600)
    keep(place, "west")
    found = in_pandas(calls(THEIRS[way](place)))
    assert sorted(found["server"]) == ["007", "007", "west"]
    assert len(in_pandas(agent_pauses(THEIRS[way](place)))) == 3


def test_frames_with_more_headers_than_columns_lose_none(tmp_path: Path) -> None:
    record = Record("west")
    more = "\r\n".join(f"Other{number}: x" for number in range(600))
    record.add([told("UserEvent", -1, UserEvent="Many") + "\r\n" + more] * 2, NOON - 1_000_000)
    record.add(list(shift().values()), NOON)
    with pytest.warns(UserWarning, match="different headers"):
        events = record.frame()
    record.close()
    assert "conference" not in events and "extra" in events
    assert calls(events)["conference"].dropna().tolist() == ["room"]
    assert LogCache().add(events).calls["conference"].dropna().tolist() == ["room"]
    assert calls(pl.from_pandas(events.drop(columns="extra")).head(0)).height == 0


def test_events_of_no_named_pbx_beside_others_are_not_lost() -> None:
    record = Record("west")
    record.add(list(shift().values()), NOON)
    one = record.frame()
    record.close()
    other = one.drop(columns="server")
    both = pd.concat([one, other.assign(server=None)], ignore_index=True)
    assert len(calls(both)) == 2
