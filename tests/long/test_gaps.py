"""What was not heard while a connection was lost is missing of queue visits and of agents."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import polars as pl
import pytest

from ast_notebook.calls import agent_pauses, agent_sessions, calls, from_events, measures, visits
from ast_notebook.calls.history import history
from tests.support.paths import RECORDINGS
from tests.support.queue_events import Channel as Party
from tests.support.queue_events import One, frame

SALES = "sales"


def lost(at: float) -> One:
    return {"event": "SessionLost", "at": at}


def member(event: str, at: float, **more: Any) -> One:
    said = {"queue": SALES, "membername": "Hall", "interface": "PJSIP/300", **more}
    return {"event": event, "at": at, **said}


def joins(party: Party, at: float) -> list[One]:
    came = [party.new(at), party.up(at), party.step("Queue", at, appdata="sales,t")]
    return [*came, party.joins(SALES, at + 0.1)]


def answered(caller: Party, agent: Party, at: float) -> list[One]:
    ring = [agent.new(at - 2), caller.dials(agent, at - 2), agent.up(at)]
    line = [caller.leaves_queue(SALES, at), caller.connects(SALES, "Hall", agent, at + 0.001)]
    bridge = [agent.enters("b", at + 0.002), caller.enters("b", at + 0.003)]
    return [*ring, *line, *bridge]


def row(found: pd.DataFrame, place: int = 0) -> dict[str, Any]:
    plain = found.astype(object).where(found.notna(), None)
    made: dict[Any, Any] = plain.iloc[place].to_dict()
    return made


ONE, TWO, AGENT = Party("PJSIP/200-1", 1), Party("PJSIP/201-1", 2), Party("PJSIP/300-1", 9)
THREE = Party("PJSIP/202-1", 3)


def test_who_left_the_line_in_a_gap_is_left_out_of_the_load() -> None:
    found = visits(frame([*joins(ONE, 0), lost(10), *joins(TWO, 3600), TWO.ends(7200)]))
    assert found["end"].isna().all()
    assert list(found["gap"]) == [True, False]
    load = measures.Load(found)
    assert load.left_out == 1
    # The one who came after the gap still waits, as far as anybody knows.
    assert load.peak().calls == 1
    assert measures.Load(visits(frame([*joins(ONE, 0), *joins(TWO, 3600)]))).peak().calls == 2


def test_who_stays_in_line_beyond_a_gap_counts_for_as_long_as_he_waited() -> None:
    gone = [TWO.leaves_queue(SALES, 100.1), TWO.ends(101)]
    found = visits(frame([*joins(TWO, 0), lost(10), TWO.abandons(SALES, 100), *gone]))
    told = row(found)
    assert (told["gap"], told["wait"], told["outcome"]) == (True, 100.0, "ABANDONED")
    assert measures.Load(found).left_out == 0


def test_who_is_in_a_bridge_after_a_gap_was_not_put_through_by_a_manager() -> None:
    later = [ONE.enters("b", 60), ONE.ends(70, exten="200")]
    assert row(visits(frame([*joins(ONE, 0), *later])))["outcome"] == "TRANSFERRED"
    told = row(visits(frame([*joins(ONE, 0), lost(10), *later])))
    assert (told["outcome"], told["end"], told["wait"]) == (None, None, None)


def test_what_he_left_the_line_for_is_not_known_where_the_connection_was_lost_then() -> None:
    left = [*joins(ONE, 0), ONE.leaves_queue(SALES, 10)]
    assert row(visits(frame([*left, lost(12)])))["outcome"] == "KEY"
    told = row(visits(frame([*left, lost(10.01)])))
    assert (told["outcome"], told["wait"]) == (None, 9.9)


def listed(party: Party, at: float, **more: Any) -> One:
    entry = {"queue": SALES, "position": 1, "wait": 30, **more}
    return {"event": "QueueEntry", "at": at, "uniqueid": party.id, "channel": party.name, **entry}


def test_who_waited_already_when_the_events_begin_counts_once_he_has_left_the_line() -> None:
    talk = [*answered(ONE, AGENT, 10), ONE.completes(SALES, "Hall", AGENT, 40, talktime=30)]
    gave_up = [TWO.asks(50), TWO.abandons(SALES, 50.1), TWO.leaves_queue(SALES, 50.2)]
    found = visits(frame([*talk, *gave_up, TWO.ends(50.3), *joins(THREE, 60)]))
    told = {one["caller"]: one for one in (row(found, place) for place in range(len(found)))}
    assert told.keys() == {"200", "201", "202"}
    assert told["200"]["outcome"] == "ANSWERED" and told["200"]["agent"] == "Hall"
    assert told["200"]["talk"] == 29.999
    assert told["201"]["outcome"] == "ABANDONED"
    for number in ("200", "201"):
        assert told[number]["end"] is not None and told[number]["gap"] is False
        assert {told[number][name] for name in ("start", "wait", "position")} == {None}
    (whole,) = measures.service(found).to_dict("records")
    assert (whole["offered"], whole["answered"], whole["abandoned"]) == (2, 1, 1)
    assert (whole["unknown"], whole["wait_unknown"]) == (0, 2)
    assert measures.Load(found).left_out == 2


def test_what_he_left_for_who_waited_already_is_unknown_unless_something_tells_it() -> None:
    found = visits(frame([ONE.leaves_queue(SALES, 5), ONE.ends(9)]))
    assert row(found)["outcome"] is None
    (whole,) = measures.service(found).to_dict("records")
    assert (whole["offered"], whole["unknown"]) == (1, 1)
    let_go = ONE.tells("VarSet", 5.1, variable="QUEUESTATUS", value="TIMEOUT")
    found = visits(frame([ONE.abandons(SALES, 4.9), ONE.leaves_queue(SALES, 5), let_go]))
    assert row(found)["outcome"] == "TIMEOUT"


def test_who_is_listed_as_waiting_has_a_row_and_only_one() -> None:
    found = visits(frame([listed(ONE, 1), listed(TWO, 1), *joins(THREE, 2), listed(THREE, 60)]))
    assert sorted(found["call"]) == sorted(one.id for one in (ONE, TWO, THREE))
    assert found["end"].isna().all() and found["start"].isna().sum() == 2
    assert measures.Load(found).left_out == 2
    assert measures.service(found).empty
    left = [listed(ONE, 1), ONE.leaves_queue(SALES, 5)]
    assert len(visits(frame(left))) == 1
    # He came in the gap, and waits: the list says so after it.
    found = visits(frame([*joins(THREE, 0), lost(10), listed(THREE, 20), listed(ONE, 20)]))
    told = {one["call"]: one["gap"] for one in (row(found, place) for place in range(2))}
    assert told == {ONE.id: False, THREE.id: True}
    # Whose channel ended in line, or who transferred somebody into it, has left it to another one.
    other = [THREE.leaves_queue(SALES, 30)]
    assert len(visits(frame([listed(ONE, 1), ONE.ends(20), *other]))) == 1
    moved = visits(frame([listed(TWO, 1), ONE.transfers(TWO, THREE, 2), *other]))
    assert moved["call"].tolist() == [THREE.id]


@pytest.mark.parametrize("version", [16, 22])
def test_of_events_that_begin_anywhere_queue_calls_tell_what_the_whole_does_or_nothing(
    version: int,
) -> None:
    events = pd.read_parquet(RECORDINGS / f"asterisk{version}" / "events.parquet")
    whole = {(one["end"], one["queue"], one["caller"]): one for one in rows(visits(events))}
    came = events.index[events["event"] == "QueueCallerJoin"]
    left = events.index[events["event"] == "QueueCallerLeave"]
    undated = 0
    for cut in sorted({*came[::12] + 1, *left[::12]}):
        for one in rows(visits(events.loc[cut:])):
            if one["end"] is None or one["start"] is not None:
                continue
            undated += 1
            right = whole[one["end"], one["queue"], one["caller"]]
            said = {name for name, value in one.items() if value is not None} - {"ring", "call"}
            assert [name for name in said if one[name] != right[name]] == []
    assert undated


def rows(found: pd.DataFrame) -> list[dict[str, Any]]:
    return [row(found, place) for place in range(len(found))]


@pytest.mark.parametrize("gap", [True, False])
def test_a_talk_that_ended_in_a_gap_has_no_length(gap: bool) -> None:
    talk = [*joins(ONE, 0), *answered(ONE, AGENT, 10)]
    # The agent goes, and the caller stays for an hour where the dialplan leads him.
    done = ONE.completes(SALES, "Hall", AGENT, 40, reason="agent", talktime=30)
    over = [ONE.asks(3600), ONE.ends(3600.1)]
    found = visits(frame([*talk, *([lost(20)] if gap else [done]), *over]))
    told = row(found)
    assert (told["outcome"], told["wait"], told["gap"]) == ("ANSWERED", 9.9, gap)
    assert (told["talk"], told["hangup_by"]) == ((None, None) if gap else (29.999, "callee"))
    assert measures.Load(found, of="calls").left_out == 0


def test_where_he_went_who_gave_up_before_a_gap_is_not_known() -> None:
    gone = [ONE.abandons(SALES, 15), ONE.leaves_queue(SALES, 15.001)]
    over = ONE.ends(21, exten="h")
    assert row(visits(frame([*joins(ONE, 0), *gone, over])))["outcome"] == "ABANDONED"
    assert row(visits(frame([*joins(ONE, 0), *gone, lost(16), over])))["outcome"] is None


@pytest.mark.parametrize("gap", [True, False])
def test_a_place_in_line_is_handed_over_by_what_was_heard_alone(gap: bool) -> None:
    # One leaves in the gap, and two comes then; or two takes over the place of one.
    said = [*joins(ONE, 0), ONE.ends(30), TWO.leaves_queue(SALES, 50), TWO.ends(60)]
    found = rows(visits(frame([*said, *([lost(10)] if gap else [])])))
    told = [(one["start"] is None, one["end"] is None, one["wait"]) for one in found]
    assert told == ([(True, False, None), (False, True, None)] if gap else [(False, False, 49.9)])


@pytest.mark.parametrize("gap", [True, False])
def test_a_pause_that_may_have_ended_in_a_gap_has_no_length(gap: bool) -> None:
    def pauses(at: float, paused: str) -> One:
        return member("QueueMemberPause", at, paused=paused, pausedreason="tea")

    steps = [
        member("QueueMemberAdded", 0, paused="0"),
        pauses(60, "1"),
        *([lost(120)] if gap else []),
        pauses(3600, "1"),
        pauses(3660, "0"),
        member("QueueMemberRemoved", 7200),
    ]
    found = agent_pauses(frame(steps))
    first = None if gap else 3540.0
    assert [row(found, n)["seconds"] for n in (0, 1)] == [first, 60.0]
    assert list(found["gap"]) == [gap, False]
    shifts = agent_sessions(frame(steps))
    told = row(shifts)
    assert (told["seconds"], told["pauses"], told["gap"]) == (7200.0, 2, gap)
    numbers = measures.agents(visits(frame(steps)), sessions=shifts, pauses=found)
    assert numbers["occupancy"].isna().tolist() == [gap]


def test_a_pause_that_is_said_to_end_after_a_gap_went_on() -> None:
    begun = [member("QueueMemberAdded", 0, paused="0"), member("QueueMemberPause", 60, paused="1")]
    found = agent_pauses(frame([*begun, lost(90), member("QueueMemberPause", 160, paused="0")]))
    assert (row(found)["seconds"], row(found)["gap"]) == (100.0, True)


def on_pandas(events: pd.DataFrame) -> Any:
    return events


def on_polars(events: pd.DataFrame) -> Any:
    return pl.from_pandas(events)


def on_duckdb(events: pd.DataFrame) -> Any:
    import duckdb

    return duckdb.connect().from_df(events)


@pytest.mark.parametrize("engine", [on_pandas, on_polars, on_duckdb])
def test_a_connection_may_be_lost_many_times(engine: Callable[[pd.DataFrame], Any]) -> None:
    gone = [ONE.abandons(SALES, 2500), ONE.leaves_queue(SALES, 2500.1), ONE.ends(2501)]
    events = frame([*joins(ONE, 0), *(lost(1 + n) for n in range(60)), *gone])
    for made in (visits, from_events):
        found = made(engine(events))
        found = found.df() if hasattr(found, "df") else found
        assert list(found["gap"]) == [True]


def test_of_a_queue_log_nobody_knows_what_gaps_it_has(tmp_path: Any) -> None:
    lines = (
        "1780308000|1780308000.1|desk|NONE|ENTERQUEUE||2222|1",
        "1780308000|NONE|desk|Hall|ADDMEMBER|",
        "1780308001|NONE|desk|Hall|PAUSE|tea",
        "1780308009|1780308000.1|desk|NONE|ABANDON|1|1|9",
    )
    (tmp_path / "queue_log").write_text("\n".join(lines) + "\n")
    past = history(tmp_path / "queue_log")
    for found in (past.visits, past.sessions, past.pauses):
        assert found["gap"].isna().all() and str(found["gap"].dtype) == "boolean"
    assert calls(frame(joins(ONE, 0)))["gap"].dtype == bool
