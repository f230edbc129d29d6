"""A record is replayed through the same live state, items, callbacks and call log."""

import threading

import pandas as pd
import pytest

import ast_notebook
from ast_notebook import ConfError, ConnectionLost, calls
from tests.support.days import NOON, bell, capture, channel, event, frame
from tests.support.waiting import eventually

DAY = (
    channel(0, "Newchannel", "PJSIP/200"),
    bell(1, "first"),
    channel(2, "Newchannel", "PJSIP/300", 2),
    channel(5, "Hangup", "PJSIP/200", Cause=16),
    bell(6, "second"),
    channel(9, "Hangup", "PJSIP/300", 2, Cause=16),
)
ITEMS = {
    "office": {"type": "bool", "ast_dev": "200"},
    "hall": {"type": "bool", "ast_dev": "300"},
}


def up(sh):
    return sorted(row["device"] for row in sh.ast.live.tables["channels"].rows().values())


def test_a_run_takes_the_live_state_to_the_end_of_the_record():
    with ast_notebook.replay(frame(*DAY[:-1])) as sh:
        assert up(sh) == []
        sh.run()
        assert up(sh) == ["PJSIP/300"]
        assert sh.clock.time() == NOON + 6


def test_items_follow_their_devices_at_the_times_of_the_record():
    with ast_notebook.replay(frame(*DAY)) as sh:
        sh.load_items(ITEMS)
        told = []

        @sh.hall.on_change
        def tell(item):
            told.append((item(), sh.clock.time() - NOON, item.age(), item.prev_age()))

        sh.run()
        assert [(value, at, age) for value, at, age, _ in told] == [(True, 2, 0), (False, 9, 0)]
        assert told[1][3] == 7
        assert not sh.office()
        assert sh.office.last_change().timestamp() == NOON + 5
        assert sh.office.age() == 4


def test_a_logic_runs_at_the_time_of_its_event_and_sees_the_state_of_then():
    with ast_notebook.replay(frame(*DAY)) as sh:
        seen = []

        @sh.logic("bell", userevent="Bell")
        def ring(trigger):
            seen.append((trigger["value"], trigger["source"], sh.clock.time() - NOON, up(sh)))

        sh.run()
        assert seen == [
            ("first", "door", 1, ["PJSIP/200"]),
            ("second", "door", 6, ["PJSIP/300"]),
        ]


def test_a_callback_is_called_with_each_event_in_the_order_of_arrival():
    with ast_notebook.replay(frame(*DAY)) as sh:
        heard = []
        sh.ast.on("*")(lambda event: heard.append((event.name, sh.clock.time() - NOON)))
        sh.run()
        assert [at for _, at in heard] == [0, 1, 2, 5, 6, 9]
        assert [name for name, _ in heard[:3]] == ["Newchannel", "UserEvent", "Newchannel"]


def test_a_user_event_that_an_action_has_sent_is_no_answer():
    with ast_notebook.replay(frame(bell(0, "dialplan"), bell(1, "action", ActionID="1"))) as sh:
        heard = []
        sh.ast.on("UserEvent")(lambda event: heard.append(event["Value"]))
        sh.run()
        assert heard == ["dialplan", "action"]


def test_headers_of_a_replay_are_found_in_any_case_by_those_events_alone_that_have_them():
    with ast_notebook.replay(frame(bell(0, 1, Door="front"), bell(1, 2))) as sh:
        heard = []
        names = ["door", "DOOR", "value", "event", "calleridnum"]
        sh.ast.on("UserEvent")(lambda e: heard.append([e.get_header(n, "none") for n in names]))
        sh.run()
        none = "none"
        assert heard == [
            ["front", "front", "1", "UserEvent", none],
            [none, none, "2", "UserEvent", none],
        ]


@pytest.mark.parametrize("header", ["Count", "Cause", "Position", "Door"])
def test_a_header_that_came_twice_has_both_values_in_a_replay(header):
    lines = bell(0)[1] + f"\r\n{header}: 1\r\n{header}: 2"
    with ast_notebook.replay(frame((0, lines), bell(1, 5))) as sh:
        heard = []
        sh.ast.on("UserEvent")(lambda event: heard.append(event.get_all(header)))
        sh.run()
        assert heard == [["1", "2"], []]


def test_a_logic_that_sleeps_by_the_clock_wakes_at_that_time_of_the_record():
    with ast_notebook.replay(frame(*DAY)) as sh:
        seen = []

        @sh.logic("bell", userevent="Bell")
        def ring():
            sh.clock.sleep(3)
            seen.append((sh.clock.time() - NOON, up(sh)))

        sh.run()
        assert seen == [(4, ["PJSIP/200", "PJSIP/300"]), (9, [])]


def test_who_still_sleeps_at_the_end_ends_with_the_replay():
    begun = threading.Event()
    with ast_notebook.replay(frame(*DAY)) as sh:

        @sh.logic("bell", userevent="Bell")
        def ring():
            begun.set()
            sh.clock.sleep(3600)

        sh.run()
        assert begun.is_set()
        worker = sh.logics["bell"].worker
    eventually(lambda: worker.failed == 0 and not worker.running_since)


def test_the_events_and_calls_are_those_until_the_present_of_the_replay():
    with ast_notebook.replay(frame(*DAY)) as sh:
        assert len(sh.ast.events) == 0
        sh.run("2026-11-27 12:00:05.5Z")
        assert list(sh.ast.events["event"])[-1] == "Hangup"
        assert len(sh.ast.record) == 4
        assert len(sh.ast.calls()) == 2
        sh.run()
        pd.testing.assert_frame_equal(sh.ast.calls(), calls.from_events(frame(*DAY)))
        assert len(sh.ast.calls(since="5s")) == 0
        assert len(sh.ast.calls(since="9s")) == 2


def test_numbers_of_a_frame_that_were_made_float_are_replayed_as_they_are():
    source = frame(bell(0, RTT=0.05, Number=1), bell(1, Number=2), bell(2, RTT=23.9))
    names = ["rtt", "number"]
    for name in names:
        source[name] = pd.to_numeric(source[name]).astype(float)
    with ast_notebook.replay(source) as sh:
        heard = []
        sh.ast.on("UserEvent")(lambda event: heard.append([event.get_header(n) for n in names]))
        sh.run()
        assert heard == [["0.05", "1"], [None, "2"], ["23.9", None]]


@pytest.mark.parametrize("kind", ["frame", "parquet", "capture"])
def test_a_frame_a_parquet_file_and_a_capture_are_replayed_alike(tmp_path, kind):
    source = frame(*DAY)
    if kind == "parquet":
        source.to_parquet(tmp_path / "day.parquet")
        source = tmp_path / "day.parquet"
    elif kind == "capture":
        path = tmp_path / "day.txt"
        path.write_bytes(b"Asterisk Call Manager/9.0.0\r\n" + capture(*DAY).encode() + b"\r\n")
        source = path
    with ast_notebook.replay(source) as sh:
        seen = []
        sh.ast.on("Hangup")(lambda event: seen.append(dict(event.headers)))
        sh.run()
        assert [one["Cause"] for one in seen] == ["16", "16"]
        assert seen[0]["Channel"] == "PJSIP/200-00000001"
        assert seen[0]["Timestamp"] == f"{NOON + 5}.000000"


def test_a_replay_plays_at_a_speed_and_stands_still_when_it_is_told_to():
    with ast_notebook.replay(frame(*DAY)) as sh:
        sh.replay.play(600)
        eventually(lambda: up(sh) == [] and sh.clock.time() == NOON + 9)
        sh.replay.seek("2026-11-27 12:00:00.5Z")
        sh.replay.play(1).pause()
        at = sh.clock.time()
        assert NOON + 0.5 <= at < NOON + 9
        assert sh.replay.speed == 0
        assert sh.clock.time() == at
        with pytest.raises(ConfError, match="1 to 600"):
            sh.replay.play(0.5)


def test_a_seek_goes_to_any_moment_forward_and_back():
    with ast_notebook.replay(frame(*DAY)) as sh:
        sh.load_items(ITEMS)
        ran = []
        sh.logic("bell", userevent="Bell")(lambda: ran.append(1))
        for second, there in ((3, [200, 300]), (7, [300]), (1, [200]), (9, []), (2, [200, 300])):
            sh.replay.seek(pd.Timestamp(NOON + second, unit="s", tz="UTC"))
            assert up(sh) == [f"PJSIP/{number}" for number in there]
            assert (sh.office(), sh.hall()) == (200 in there, 300 in there)
            assert sh.clock.time() == NOON + second
        assert len(sh.ast.events) == 3
        assert not ran, "a jump runs no logic"
        sh.run()
        assert len(ran) == 1, "and those behind it run"


def test_a_logic_can_pause_the_replay_but_not_move_it():
    with ast_notebook.replay(frame(*DAY)) as sh:
        refused = []

        @sh.logic("bell", userevent="Bell")
        def ring():
            sh.replay.pause()
            for move in (sh.run, lambda: sh.replay.seek("12:00")):
                with pytest.raises(ConfError, match="cannot move the replay that it runs in"):
                    move()
                refused.append(sh.clock.time() - NOON)

        with pytest.warns(UserWarning, match=r"was stopped at 2026-11-27 .*:01: run\(\) goes on"):
            sh.run()
        eventually(lambda: refused == [1, 1])
        assert sh.clock.time() == NOON + 1, "where it was paused"
        with pytest.warns(UserWarning, match="was stopped at"):
            sh.run(speed=600)
        eventually(lambda: len(refused) == 4)


@pytest.mark.parametrize(
    ("column", "values", "said"),
    [
        ("time", lambda times: times.dt.tz_localize(None), "with a time zone in each row"),
        ("time", lambda times: times.where(times.index > 0), "with a time zone in each row"),
        ("received", lambda times: times.astype(str), "with a time zone in each row"),
        ("event", lambda names: names.astype(object).where(names.index > 0), "without an event"),
    ],
)
def test_a_frame_that_cannot_be_replayed_says_what_to_do(column, values, said):
    source = frame(*DAY)
    source["received"] = source["time"]
    source[column] = values(source[column])
    with pytest.raises(ConfError, match=said):
        ast_notebook.replay(source)


def test_a_column_whose_name_is_a_number_is_a_header_like_others():
    source = frame(bell(0), bell(1))
    source[5] = ["one", "two"]
    with ast_notebook.replay(source) as sh:
        heard = []
        sh.ast.on("UserEvent")(lambda event: heard.append(event["5"]))
        sh.run()
        assert heard == ["one", "two"]


def test_a_record_that_cannot_be_read_any_further_is_told(monkeypatch):
    with ast_notebook.replay(frame(*DAY)) as sh:
        parts = sh.ast.record._tape.parts

        def gone(number):
            raise ConfError("it was removed meanwhile")

        monkeypatch.setattr(sh.ast.record._tape, "parts", gone)
        with pytest.raises(ConfError, match="removed meanwhile"):
            sh.run()
        monkeypatch.setattr(sh.ast.record._tape, "parts", parts)
        sh.run()
        assert sh.clock.time() == NOON + 9


def test_a_moment_outside_of_the_record_is_refused():
    with ast_notebook.replay(frame(*DAY)) as sh:
        with pytest.raises(ConfError, match="not in this replay, which goes from 2026-11-27"):
            sh.replay.seek("2026-11-28 12:00Z")
        with pytest.raises(ConfError, match="no moment"):
            sh.replay.seek("the day before")


def test_a_replay_begins_and_ends_where_it_is_told_to():
    since, until = "2026-11-27 12:00:02", "2026-11-27 12:00:06"
    with ast_notebook.replay(frame(*DAY), since, until, tz="UTC") as sh:
        assert up(sh) == ["PJSIP/200"], "which came before"
        sh.run()
        assert list(sh.ast.events["event"]) == ["Newchannel", "Hangup"]


def test_what_cannot_be_replayed_is_told():
    with pytest.raises(ConfError, match="no column 'event'"):
        ast_notebook.replay(pd.DataFrame({"time": []}))
    with pytest.raises(ConfError, match="nothing to replay"):
        ast_notebook.replay(frame())
    with pytest.raises(ConfError, match="nothing to replay"):
        ast_notebook.replay("nowhere.txt")
    two = pd.concat([frame(*DAY), frame(*DAY).assign(server="berlin")])
    with pytest.raises(ConfError, match="give server=, one of ast, berlin"):
        ast_notebook.replay(two)


def test_a_list_that_was_recorded_tells_what_is_gone_after_a_gap():
    key = {"ActionID": "ast-0-1"}
    listed = channel(20, "CoreShowChannel", "PJSIP/400", 4, Duration="00:00:05", **key)
    day = (
        channel(0, "CoreShowChannel", "PJSIP/200", 1, Duration="00:01:00", **key),
        event(0.1, "CoreShowChannelsComplete", EventList="Complete", **key),
        event(8, "SessionLost", Reason="it broke", Missing=0),
        event(19, "SessionRestored", Seconds="11.0"),
        listed,
        event(20.1, "CoreShowChannelsComplete", EventList="Complete", **key),
        bell(30),
    )
    with ast_notebook.replay(frame(*day)) as sh:
        live = sh.ast.live
        for second, there, stale in (
            (5, ["200"], False),
            (10, ["200"], True),
            (21, ["400"], False),
        ):
            sh.replay.seek(pd.Timestamp(NOON + second, unit="s", tz="UTC"))
            assert (up(sh), live.stale) == ([f"PJSIP/{one}" for one in there], stale)
        since = live.tables["channels"].rows()[f"{NOON}.4"]["since"]
        assert since == NOON + 15


def test_lengths_of_time_are_those_of_the_replay():
    caller = {"Channel": "PJSIP/200-00000001", "Uniqueid": f"{NOON}.1", "Linkedid": f"{NOON}.1"}
    day = (
        channel(0, "Newchannel", "PJSIP/200"),
        event(1, "QueueParams", Queue="support", ActionID="ast-0-9"),
        event(2, "QueueCallerJoin", Queue="support", Position=1, Count=1, **caller),
        bell(30),
    )
    with ast_notebook.replay(frame(*day)) as sh:
        sh.load_items({"wait": {"type": "num", "ast_queue": "support longest"}})
        sh.run()
        sh.ast.live.values.look(every=True)
        assert sh.wait() == 28
        for name, length in {"channels": "0:30", "who": "0:30", "queues": "0:28"}.items():
            assert length in repr(getattr(sh.ast, name)())


def test_a_run_of_a_replay_that_is_closed_before_its_end_is_no_whole_one():
    with ast_notebook.replay(frame(*DAY)) as sh:
        sh.add_logic("end", sh.close, userevent="Bell")
        with pytest.raises(ConnectionLost, match="closed before its end"):
            sh.run()


@pytest.mark.parametrize(
    "mark",
    [
        {"Snapshot": "{}", "After": "9" * 30, "At": "9" * 30},
        {"Snapshot": "[" * 200_000, "After": "1", "At": "1"},
        {"Snapshot": '{"left_out": {"channels": 1e999}}', "After": "1", "At": "1"},
    ],
    ids=["late", "deep", "endless"],
)
def test_a_mark_that_is_none_costs_the_state_alone(tmp_path, mark):
    day = (DAY[0], event(1, "LiveState", **mark), *DAY[1:])
    path = tmp_path / "wire.txt"
    path.write_text(capture(*day), newline="")
    with ast_notebook.replay(path) as sh:
        sh.run()
        assert sh.ast.live.stale
        assert len(sh.ast.events) == len(DAY)


def test_a_time_before_that_is_known_in_part_is_not_compared_with():
    calls = [
        one
        for second in range(0, 7200, 600)
        for one in (
            channel(second, "Newchannel", "PJSIP/200", second + 1),
            channel(second + 5, "Hangup", "PJSIP/200", second + 1, Cause=16),
        )
    ]
    with ast_notebook.replay(frame(*calls), tz="UTC") as sh:
        sh.run()
        report = sh.ast.report(since="13:00", against="90m", tz="UTC")
        assert "calls are known only from 2026-11-27 12:00 UTC on" in report.not_compared
