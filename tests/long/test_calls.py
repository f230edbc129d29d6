"""What calls are made of, told by events that are written here."""

from __future__ import annotations

from typing import Any

import duckdb
import narwhals as nw
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from ast_notebook.calls import calls, flow, from_events, legs, measures, visits
from ast_notebook.calls.engines import Work
from ast_notebook.calls.frames import COLUMNS
from ast_notebook.calls.report import Report
from ast_notebook.calls.talk import BridgeStep, sweep
from ast_notebook.errors import ChannelGone, ConfError
from tests.scenarios.sources import TRUNKS
from tests.support.paths import RECORDINGS

START = 1_700_000_000


def frame(*events: dict[str, Any]) -> pd.DataFrame:
    made = pd.DataFrame(list(events))
    moments = pd.to_datetime(START * 10**6 + (made.pop("at") * 10**6).astype("int64"), unit="us")
    made.insert(0, "time", moments.dt.tz_localize("UTC").astype("datetime64[us, UTC]"))
    return made.assign(received=made["time"])


def channel(at: float, name: str, number: int, linked: int = 1, **more: Any) -> dict[str, Any]:
    return event(at, "Newchannel", name, number, linked, **more)


def event(
    at: float, kind: str, name: str, number: int, linked: int = 1, **more: Any
) -> dict[str, Any]:
    return {
        "at": at,
        "server": "ast",
        "event": kind,
        "channel": name,
        "uniqueid": f"{START}.{number}",
        "linkedid": f"{START}.{linked}",
        **more,
    }


def two_talk(begun: float = 0, first: int = 1, server: str = "ast") -> list[dict[str, Any]]:
    """2222 calls 200, which rings for two seconds; they talk for five."""
    one, two = "PJSIP/2222-1", "PJSIP/200-2"
    steps = [
        channel(0, one, first, first, calleridnum="2222", exten="200"),
        channel(0.1, two, first + 1, first, calleridnum="200", exten="s"),
        event(1, "DialBegin", one, first, first, destuniqueid=f"{START}.{first + 1}"),
        event(
            3,
            "DialEnd",
            one,
            first,
            first,
            destuniqueid=f"{START}.{first + 1}",
            dialstatus="ANSWER",
        ),
        event(3, "Newstate", one, first, first, channelstatedesc="Up"),
        event(3, "Newstate", two, first + 1, first, channelstatedesc="Up"),
        event(3, "BridgeEnter", two, first + 1, first, bridgeuniqueid=f"b{first}"),
        event(3, "BridgeEnter", one, first, first, bridgeuniqueid=f"b{first}"),
        event(8, "HangupRequest", one, first, first, cause=16),
        event(8, "BridgeLeave", one, first, first, bridgeuniqueid=f"b{first}"),
        event(8, "BridgeLeave", two, first + 1, first, bridgeuniqueid=f"b{first}"),
        event(8, "Hangup", two, first + 1, first, cause=16),
        event(8, "Hangup", one, first, first, cause=16),
    ]
    return [{**step, "at": step["at"] + begun, "server": server} for step in steps]


def only(found: pd.DataFrame) -> dict[str, Any]:
    assert len(found) == 1
    row: dict[Any, Any] = found.iloc[0].to_dict()
    return row


def test_a_call_has_all_columns_of_the_contract_and_utc_times() -> None:
    found = from_events(frame(*two_talk()))
    assert tuple(found.columns) == COLUMNS
    assert found["start"].dtype == "datetime64[us, UTC]"
    row = only(found)
    assert (row["ring"], row["talk"], row["billsec"]) == (2, 5, 5)
    assert row["answered"] == pd.Timestamp(START + 3, unit="s", tz="UTC")
    assert (row["caller"], row["dialled"], row["answered_by"]) == ("2222", "200", "200")
    assert (row["disposition"], row["hangup_by"], row["source"]) == ("ANSWERED", "caller", "events")
    assert not row["gap"]


def test_what_events_do_not_tell_is_missing_and_not_nought() -> None:
    row = only(from_events(frame(*two_talk())))
    for name in ("wait", "hold", "queue", "direction", "did", "recording", "pdd", "conference"):
        assert pd.isna(row[name]), name


def test_a_call_that_is_still_up_has_no_end() -> None:
    row = only(from_events(frame(*two_talk()[:8])))
    assert row["disposition"] == "ANSWERED"
    for name in ("end", "talk", "billsec", "hangup_by", "cause"):
        assert pd.isna(row[name]), name
    ringing = only(from_events(frame(*two_talk()[:3])))
    assert pd.isna(ringing["disposition"])


def test_a_call_that_was_up_before_has_no_start() -> None:
    found = from_events(frame(*two_talk()[9:]))
    row = only(found)
    assert pd.isna(row["start"])
    assert pd.isna(row["billsec"])
    assert pd.isna(row["disposition"]), "it was no failure"
    (counted,) = measures.summary(found).to_dict("records")
    assert (counted["calls"], counted["up"], counted["failed"]) == (1, 0, 0)
    assert counted["unknown"] == 1
    assert pd.isna(counted["asr"])
    assert "none began in this time" in repr(Report(found, visits(frame(*two_talk()[9:]))))
    assert row["end"] == pd.Timestamp(START + 8, unit="s", tz="UTC")


def test_a_lost_connection_is_a_gap_in_the_calls_that_it_fell_into() -> None:
    lost = {"at": 5.0, "server": "ast", "event": "SessionLost"}
    found = from_events(frame(*two_talk(), *two_talk(begun=20, first=10), lost))
    assert list(found["gap"]) == [True, False]


def test_a_killed_recorder_is_a_gap_as_a_lost_connection_is() -> None:
    lost = {"at": 22.0, "server": "ast", "event": "RecordingLost"}
    found = from_events(frame(*two_talk(), *two_talk(begun=20, first=10), lost))
    assert list(found["gap"]) == [False, True]


def test_post_dial_delay_is_until_the_first_telephone_rings() -> None:
    rings = event(1.5, "Newstate", "PJSIP/200-2", 2, channelstatedesc="Ringing")
    later = event(2.5, "Newstate", "PJSIP/200-2", 2, channelstatedesc="Ringing")
    events = frame(*two_talk(), later, rings)
    assert only(from_events(events))["pdd"] == 0.5
    caller, callee = legs(events)["pdd"]
    assert (pd.isna(caller), callee) == (True, 0.5)
    early = event(0.99, "Newstate", "PJSIP/200-2", 2, channelstatedesc="Ringing")
    assert only(from_events(frame(*two_talk(), early)))["pdd"] == 0


def test_neither_the_caller_nor_a_local_channel_rings() -> None:
    local = channel(0.2, "Local/200@out-0;1", 7)
    dialled = event(0.5, "DialBegin", "PJSIP/2222-1", 1, destuniqueid=f"{START}.7")
    passes_on = event(0.6, "Newstate", "Local/200@out-0;1", 7, channelstatedesc="Ringing")
    caller = event(0.7, "Newstate", "PJSIP/2222-1", 1, channelstatedesc="Ringing")
    events = [*two_talk(), local, dialled, passes_on, caller]
    assert pd.isna(only(from_events(frame(*events)))["pdd"])
    rings = event(1.5, "Newstate", "PJSIP/200-2", 2, channelstatedesc="Ringing")
    assert only(from_events(frame(*events, rings)))["pdd"] == 1.0


def test_a_call_names_the_conference_that_it_led_to() -> None:
    joined = event(3, "ConfbridgeJoin", "PJSIP/2222-1", 1, conference="room")
    found = from_events(frame(*two_talk(), *two_talk(begun=20, first=10), joined))
    assert found["conference"][0] == "room"
    assert pd.isna(found["conference"][1])


def test_calls_of_two_pbxs_are_kept_apart() -> None:
    found = from_events(frame(*two_talk(server="ast"), *two_talk(server="berlin")))
    assert list(found["server"]) == ["ast", "berlin"]
    assert list(found["talk"]) == [5, 5]


def test_an_attended_transfer_makes_one_call_of_two() -> None:
    joined = {
        "at": 6.0,
        "server": "ast",
        "event": "AttendedTransfer",
        "result": "Success",
        "origtransfererlinkedid": f"{START}.9",
        "secondtransfererlinkedid": f"{START}.10",
    }
    # As text, .10 comes before .9.
    found = from_events(frame(*two_talk(first=9), *two_talk(begun=4, first=20), joined))
    assert len(found) == 2
    joined["secondtransfererlinkedid"] = f"{START}.20"
    row = only(from_events(frame(*two_talk(first=9), *two_talk(begun=4, first=20), joined)))
    assert (row["call"], row["transfers"], row["legs"]) == (f"{START}.9", 1, 4)


def test_the_oldest_id_is_the_calls_by_number_and_not_by_text() -> None:
    later = [
        event(8, "Hangup", "PJSIP/300-3", 10, 10, cause=16),
        channel(1, "PJSIP/300-3", 10, 9),
    ]
    found = from_events(frame(*two_talk(first=9)[:1], *later))
    assert only(found)["call"] == f"{START}.9"


def test_the_direction_is_known_if_the_trunks_are() -> None:
    events = frame(*two_talk())
    assert only(from_events(events, trunks=()))["direction"] == "internal"
    outbound = only(from_events(events, trunks=["200"]))
    assert (outbound["direction"], outbound["trunk"]) == ("outbound", "PJSIP/200")
    inbound = only(from_events(events, trunks=["PJSIP/2222"]))
    assert (inbound["direction"], inbound["did"]) == ("inbound", "200")


def test_no_events_are_no_calls() -> None:
    none = from_events(frame(*two_talk()).head(0))
    assert tuple(none.columns) == COLUMNS
    assert len(none) == 0


def test_channels_that_asterisk_makes_for_itself_are_no_calls() -> None:
    found = from_events(frame(*two_talk(), channel(1, "CBAnn/room-0;1", 30, 30)))
    assert len(found) == 1


def test_two_halves_of_a_local_channel_are_nobody() -> None:
    def step(time: int, enters: bool, bridge: str, name: str) -> BridgeStep:
        pair = name[:-2] if name.startswith("Local") else None
        return BridgeStep(time, enters, bridge, name, "call", pair)

    talk = sweep(
        [
            step(1, True, "a", "SIP/1"),
            step(1, True, "a", "Local/x;1"),
            step(2, True, "b", "SIP/2"),
            step(4, True, "b", "Local/x;2"),
            step(9, False, "a", "SIP/1"),
        ]
    )["call"]
    assert (talk.answered, talk.total, talk.first) == (4, 5, ["SIP/1", "SIP/2"])


@pytest.mark.parametrize("version", [16, 22])
@pytest.mark.parametrize("engine", ["polars", "duckdb"])
def test_every_engine_gives_the_same_calls(version: int, engine: str) -> None:
    events = pd.read_parquet(RECORDINGS / f"asterisk{version}" / "events.parquet")
    here = calls(events, trunks=TRUNKS)
    there = calls(events, trunks=TRUNKS, engine=engine)
    by = ["start", "call"]
    pd.testing.assert_frame_equal(
        there.sort_values(by, ignore_index=True), here.sort_values(by, ignore_index=True)
    )


def test_a_frame_comes_back_as_what_it_was() -> None:
    events = frame(*two_talk())
    assert isinstance(from_events(pl.from_pandas(events)), pl.DataFrame)
    assert isinstance(from_events(pl.from_pandas(events).lazy()), pl.LazyFrame)
    table = pa.Table.from_pandas(events, preserve_index=False)
    assert isinstance(from_events(table), pa.Table)
    with duckdb.connect() as connection:
        found = from_events(connection.from_arrow(table))
        assert found.project("talk").fetchall() == [(5.0,)]


def test_what_arrow_joined_is_kept_in_no_more_memory_than_it_fills() -> None:
    few = nw.from_native(pa.table({"call": ["1"], "talk": [5]})).lazy()
    with Work(few) as work:
        kept = work.keep(few.join(few, on="call")).to_native()
    assert kept.get_total_buffer_size() < 100


def test_words_that_are_too_many_for_one_dictionary_are_kept_in_several() -> None:
    words = [[f"{part}.{number}" for number in range(20_000)] for part in range(2)]
    blocks = [pa.array(some).cast(pa.dictionary(pa.int16(), pa.string())) for some in words]
    many = nw.from_native(pa.table({"uniqueid": pa.chunked_array(blocks)})).lazy()
    with Work(many) as work:
        kept = work.keep(many).collect()["uniqueid"].to_list()
    assert kept == [*words[0], *words[1]]


def test_duckdb_is_left_as_it_was_found() -> None:
    with duckdb.connect() as connection:
        table = pa.Table.from_pandas(frame(*two_talk()), preserve_index=False)
        legs(connection.from_arrow(table))
        from_events(connection.from_arrow(table))
        names = connection.sql("SELECT table_name FROM duckdb_tables()").fetchall()
        assert len(names) == 2  # the two results


def test_an_engine_that_does_not_fit_is_refused_with_what_to_do() -> None:
    with pytest.raises(ConfError, match="take one of pandas"):
        calls(frame(*two_talk()), engine="abacus")
    with pytest.raises(ConfError, match="needs your session"):
        calls(frame(*two_talk()), engine="spark")
    with pytest.raises(ConfError, match="leave engine= out"):
        calls(pl.from_pandas(frame(*two_talk())), engine="duckdb")


def test_a_flow_is_found_by_call_channel_or_number_and_else_says_so() -> None:
    events = frame(*two_talk(), *two_talk(begun=20, first=10))
    assert flow(events, f"{START}.1").call == f"{START}.1"
    assert flow(events, "2222").call == f"{START}.10"
    with pytest.raises(ChannelGone, match="999"):
        flow(events, "999")


def test_what_callers_call_themselves_is_escaped_in_the_drawing() -> None:
    name = "PJSIP/<script>alert(1)</script>-1"
    drawn = flow(frame(channel(0, name, 1, calleridnum="1")), "1")
    assert "<script>" not in drawn._repr_html_()
    assert "&lt;script&gt;" in drawn._repr_html_()


@pytest.mark.filterwarnings("ignore::FutureWarning")  # Dask's own, of this pandas
def test_dask_is_refused_with_what_to_do() -> None:
    import dask.dataframe

    events = dask.dataframe.from_pandas(frame(*two_talk()), npartitions=1)
    with pytest.raises(ConfError, match=r"not computed on Dask.*compute\(\)"):
        calls(events)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda events: events.drop(columns=["time"]), "no column 'time'"),
        (lambda events: events.rename(columns=str.upper), "no column 'event'"),
        (lambda events: events.astype({"time": "str"}), "column 'time' is text"),
        (lambda events: pd.concat([events, events[["channel"]]], axis=1), "'channel' twice"),
        (lambda events: pl.from_pandas(events.astype({"time": "str"})), "column 'time' is text"),
        (lambda events: pa.Table.from_pandas(events.drop(columns="time")), "no column 'time'"),
    ],
)
def test_events_that_somebody_has_changed_are_refused_in_one_line(change, said) -> None:
    events = frame(channel(0, "SIP/1-1", 1), event(5, "Hangup", "SIP/1-1", 1))
    for made in (calls, legs, visits):
        with pytest.raises(ConfError, match=said):
            made(change(events))
