"""How calls sounded, by the reports of RTP: each value by hand, on each engine."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from ast_notebook.calls import from_events, legs, streams
from ast_notebook.calls.cache import LogCache
from ast_notebook.voice import emodel

START = 1_700_000_000.0
ENGINES: dict[str, Callable[[pd.DataFrame], Any]] = {
    "pandas": lambda events: events,
    "polars": pl.from_pandas,
    "pyarrow": lambda events: pa.Table.from_pandas(events, preserve_index=False),
    "duckdb": lambda events: duckdb.from_arrow(pa.Table.from_pandas(events, preserve_index=False)),
}


def event(at: float, kind: str, uniqueid: str = "1.1", **headers: Any) -> dict[str, Any]:
    told = {"linkedid": "1.1", "channel": f"PJSIP/{uniqueid[-1]}00-0000000{uniqueid[-1]}"}
    return {
        "time": pd.Timestamp(START + at, unit="s", tz="UTC"),
        "event": kind,
        "uniqueid": uniqueid,
        "server": "ast",
        **told,
        **headers,
    }


def channel(uniqueid: str = "1.1", seconds: float = 30.0) -> list[dict[str, Any]]:
    return [
        event(0, "Newchannel", uniqueid, exten="600"),
        event(seconds, "Hangup", uniqueid, cause="16"),
    ]


def report(
    at: float,
    kind: str = "RTCPSent",
    uniqueid: str = "1.1",
    *,
    highest: int,
    lost: int = 0,
    fraction: int = 0,
    jitter: int = 40,
    stream: str = "0x1",
    **headers: Any,
) -> dict[str, Any]:
    return event(
        at,
        kind,
        uniqueid,
        report0sourcessrc=stream,
        report0fractionlost=str(fraction),
        report0cumulativelost=str(lost),
        report0highestsequence=str(highest % 65536),
        report0sequencenumbercycles=str(highest // 65536),
        report0iajitter=str(jitter),
        **headers,
    )


def one(events: list[dict[str, Any]], direction: str = "received", way: str = "pandas") -> Any:
    found = in_pandas(streams(ENGINES[way](frame_of(events))))
    return found[found["direction"] == direction].squeeze()


def frame_of(events: list[dict[str, Any]]) -> pd.DataFrame:
    made = pd.DataFrame(events)
    return made.astype({name: "str" for name in made if name != "time"})


def in_pandas(found: Any) -> pd.DataFrame:
    if isinstance(found, pd.DataFrame):
        return found
    if isinstance(found, duckdb.DuckDBPyRelation):
        return found.df()
    return found.to_pandas()


#: 250 packets between two reports, so 750 in all; 15 of them lost.
THREE = [
    report(5, highest=65400, lost=5, fraction=5, jitter=40, mes="80.0"),
    report(10, highest=65650, lost=5, fraction=0, jitter=80, mes="88.0"),
    report(15, highest=65900, lost=15, fraction=10, jitter=120, mes="84.0"),
]


@pytest.mark.parametrize("way", ["pandas", "polars"])
def test_loss_jitter_round_trip_and_score_are_told(way: str):
    heard = [
        report(5, "RTCPReceived", highest=100, stream="0x2", rtt="0.0000", sentpackets="250"),
        report(10, "RTCPReceived", highest=350, stream="0x2", rtt="0.1000", sentpackets="500"),
        report(15, "RTCPReceived", highest=600, stream="0x2", rtt="0.0500", sentpackets="750"),
    ]
    events = [*channel(), *THREE, *heard]
    found = one(events, way=way)
    assert (found["reports"], found["packets"]) == (3, 750)
    assert found["loss"] == pytest.approx(2.0), "15 of 750"
    assert found["loss_peak"] == pytest.approx(10 / 2.56)
    assert found["jitter"] == pytest.approx(10.0), "80 of 8000 time stamps a second"
    assert found["rtt"] == pytest.approx(75.0), "the first report knows none"
    assert found["mes"] == pytest.approx(84.0)
    wanted = emodel.mos(emodel.rating(2.0, 75 / 2 + 20 + 2 * 10, 0.0, 25.1))
    assert found["mos"] == pytest.approx(wanted, abs=0.002), "delays are rounded"
    assert (found["codec"], bool(found["assumed"])) == ("ulaw", True)
    sent = one(events, "sent", way)
    assert sent["loss"] == 0 and sent["jitter"] == pytest.approx(5.0)
    assert pd.isna(sent["packets"]) and pd.isna(sent["mes"])
    call: Any = in_pandas(from_events(ENGINES[way](frame_of(events)))).squeeze()
    assert call["mos"] == found["mos"] and call["loss"] == found["loss"]
    assert call["jitter"] == found["jitter"] and call["rtt"] == found["rtt"]
    leg: Any = in_pandas(legs(ENGINES[way](frame_of(events)))).squeeze()
    assert leg[["mos", "loss"]].tolist() == call[["mos", "loss"]].tolist()


def test_a_single_report_tells_the_share_that_it_names():
    found = one([*channel(), report(5, highest=300, lost=25, fraction=25)])
    assert found["loss"] == pytest.approx(25 / 2.56)
    assert pd.isna(found["rtt"]), "nobody has told it"


def test_a_call_without_reports_has_missing_values():
    found = from_events(frame_of(channel()))
    assert found[["mos", "loss", "jitter", "rtt"]].isna().all(axis=None)
    assert (found.dtypes[["mos", "loss", "jitter", "rtt"]] == "float64").all()
    none = streams(frame_of(channel()))
    assert not len(none) and list(none)[-1] == "mos"


def test_a_report_that_nothing_came_is_no_report_of_no_loss():
    found = streams(frame_of([*channel(), report(5, highest=0, lost=1)]))
    assert not len(found)


def test_streams_of_a_leg_count_by_their_reports():
    # After a transfer, another telephone sends: 4 reports of 10 % and 2 without loss.
    first = [report(5 * n, highest=1000 + 200 * n, lost=20 * n, fraction=26) for n in range(1, 5)]
    second = [report(20 + 5 * n, highest=9000 + 200 * n, stream="0x9", fraction=0) for n in (1, 2)]
    found = one([*channel(), *first, *second])
    assert found["loss"] == pytest.approx((4 * 10 + 2 * 0) / 6)


def test_the_worst_leg_is_that_of_the_call():
    events = [*channel("1.1"), *channel("1.2"), *THREE, report(5, uniqueid="1.2", highest=9)]
    found: Any = from_events(frame_of(events)).squeeze()
    assert found["loss"] == pytest.approx(2.0)
    assert legs(frame_of(events))["loss"].tolist() == pytest.approx([2.0, 0.0])


def test_the_codec_is_the_one_that_an_answer_names():
    told = event(3, "Status", nativeformats="(g729)")
    found = one([*channel(), told, *THREE])
    assert (found["codec"], bool(found["assumed"])) == ("g729", False)
    wanted = emodel.mos(emodel.rating(2.0, 20 + 2 * 10, 11.0, 19.0))
    assert found["mos"] == pytest.approx(wanted, abs=0.002), "delays are rounded"


@pytest.mark.parametrize("codec", ["opus", "g722", "ilbc"])
def test_a_codec_without_values_in_the_recommendation_has_no_score(codec: str):
    found = one([*channel(), event(3, "Status", nativeformats=f"({codec})"), *THREE])
    assert pd.isna(found["mos"]) and found["loss"] == pytest.approx(2.0)


def test_several_formats_name_no_codec():
    found = one([*channel(), event(3, "Status", nativeformats="(ulaw|g722)"), *THREE])
    assert bool(found["assumed"])


def test_the_clock_of_wideband_is_known_by_the_time_stamps():
    heard = [
        event(at, "RTCPReceived", sentntp=f"{START + at:.6f}", sentrtp=str(48000 * at))
        for at in (5, 10, 15)
    ]
    found = one([*channel(), *THREE, *heard])
    assert found["jitter"] == pytest.approx(10.0 / 6), "80 of 48000 time stamps a second"
    assert pd.isna(found["mos"])


def test_the_sums_at_the_end_are_taken_where_there_are_no_reports():
    value = (
        "ssrc=1;themssrc=2;lp=60;rxjitter=0.005500;rxcount=940;txjitter=0.004250;"
        "txcount=1000;rlp=20;rtt=0.086364;rxmes=24.0;txmes=39.5"
    )
    events = [*channel(), event(29, "VarSet", variable="RTPAUDIOQOS", value=value)]
    found, sent = one(events), one(events, "sent")
    assert (found["reports"], found["packets"], found["loss"]) == (0, 1000, 6.0)
    assert found["jitter"] == pytest.approx(4.25) and found["rtt"] == pytest.approx(86.364)
    assert (sent["packets"], sent["loss"]) == (1000, 2.0)
    assert sent["jitter"] == pytest.approx(5.5)
    # With reports, these are better.
    assert one([*events, *THREE])["loss"] == pytest.approx(2.0)


def test_the_sums_of_a_call_too_short_for_reports_tell_nothing():
    value = "ssrc=1;lp=0;rxjitter=0.000000;rxcount=90;txjitter=0.001;txcount=90;rlp=0;rtt=0.000000"
    events = [*channel(), event(29, "VarSet", variable="RTPAUDIOQOS", value=value)]
    assert not len(streams(frame_of(events)))
    assert from_events(frame_of(events))["loss"].isna().all()


@pytest.mark.parametrize("value", ["", "many", "-5", "1e9", "9" * 40, "5;DROP", "٣"])
def test_what_is_no_number_is_missing(value: str):
    broken = report(5, highest=300, lost=25, fraction=25)
    names = [name for name in broken if name.startswith("report0")]
    found = streams(frame_of([*channel(), {**broken, **dict.fromkeys(names, value)}]))
    assert not len(found)


@pytest.mark.parametrize("way", ["pandas", "polars", "duckdb"])
@pytest.mark.parametrize(
    "header",
    [
        *("rtt", "mes", "sentntp", "sentrtp", "report0iajitter", "report0cumulativelost"),
        *("report0sequencenumbercycles", "report0highestsequence"),
    ],
)
@pytest.mark.parametrize("value", ["99999999999999", "9999999999", "999999999999999.5"])
def test_a_number_that_no_report_can_hold_costs_no_call(value: str, header: str, way: str):
    events = [*channel(), report(5, highest=1250), {**report(10, highest=1500), header: value}]
    found = one(events, way=way)
    is_whole = header not in ("report0highestsequence", "report0iajitter")
    assert found["reports"] == (2 if is_whole else 1)
    assert pd.isna(found["mes"])
    assert pd.isna(found["rtt"])
    assert found["jitter"] == pytest.approx(5)
    assert len(in_pandas(from_events(ENGINES[way](frame_of(events))))) == 1


def test_a_value_out_of_range_costs_no_other_report():
    reports = [report(5, highest=1250, rtt="99999999999999"), report(10, highest=1500, rtt="0.02")]
    assert one([*channel(), *reports])["rtt"] == pytest.approx(20)


def test_events_that_overlap_count_once():
    found = one([*channel(), *THREE, *THREE])
    assert found["reports"] == 3 and found["jitter"] == pytest.approx(10.0)


def test_two_pbxs_may_have_the_same_uniqueids():
    others = [{**each, "server": "berlin"} for each in channel()]
    found = streams(frame_of([*channel(), *THREE, *others]))
    assert found["server"].tolist() == ["ast"]
    calls = from_events(frame_of([*channel(), *THREE, *others])).set_index("server")
    assert calls["loss"].isna().to_dict() == {"ast": False, "berlin": True}


def test_a_log_that_grows_equals_the_whole_one():
    events = [*channel("1.1")[:1], *THREE, channel("1.1")[1]]
    cache = LogCache()
    for number in range(len(events)):
        grown = cache.add(frame_of(events[number : number + 1])).calls
        whole = from_events(frame_of(events[: number + 1]))
        pd.testing.assert_frame_equal(grown, whole, check_dtype=False)
    assert grown["loss"].item() == pytest.approx(2.0)
