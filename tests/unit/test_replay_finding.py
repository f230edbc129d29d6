"""A replay goes to the next call and the next alarm, and tells where nothing was recorded."""

import pytest

import ast_notebook
from ast_notebook import ConfError
from tests.support.days import NOON, bell, channel, event, frame, record, whole

ASKED = {"ActionID": "ast-0-1"}
DAY = (
    channel(0, "Newchannel", "PJSIP/200"),
    channel(10, "Newchannel", "PJSIP/300", 2, Linkedid=f"{NOON}.1"),
    event(15, "ContactStatus", URI="sip:200@192.0.2.1", ContactStatus="Reachable"),
    event(20, "ContactStatus", URI="sip:200@192.0.2.1", ContactStatus="Unreachable"),
    channel(30, "Newchannel", "PJSIP/400", 3),
    event(35, "QueueCallerAbandon", Queue="support", Uniqueid=f"{NOON}.3"),
    event(50, "SessionLost", Reason="it was cut"),
    event(90, "SessionRestored"),
    event(91, "CoreShowChannelsComplete", **ASKED),
    bell(100),
)


def spans(sh):
    """The gaps of a replay, in whole seconds after noon."""
    times = sh.replay.gaps.map(lambda moment: round(moment.timestamp() - NOON))
    return list(zip(times["since"], times["until"], strict=True))


def test_the_next_call_is_where_a_channel_of_its_own_call_comes_up():
    with ast_notebook.replay(frame(*DAY)) as sh:
        begun = [sh.replay.next_call() for _ in range(2)]
        assert [one["Channel"] for one in begun] == ["PJSIP/200-00000001", "PJSIP/400-00000003"]
        assert sh.clock.time() == NOON + 30
        assert "PJSIP/400" in {
            row["device"] for row in sh.ast.live.tables["channels"].rows().values()
        }
        with pytest.raises(ConfError, match="no further call"):
            sh.replay.next_call()
        assert sh.clock.time() == NOON + 30


def test_an_alarm_is_what_went_wrong_and_no_other_event_of_that_name():
    with ast_notebook.replay(frame(*DAY)) as sh:
        found = []
        with pytest.raises(ConfError, match="no further alarm"):
            while True:
                found.append((sh.replay.next_alarm().name, sh.clock.time() - NOON))
        assert found == [("ContactStatus", 20), ("QueueCallerAbandon", 35), ("SessionLost", 50)]


def test_what_is_sought_is_within_the_replay():
    with ast_notebook.replay(frame(*DAY), until="2026-11-27 12:00:25Z") as sh:
        sh.replay.next_alarm()
        with pytest.raises(ConfError, match="no further alarm"):
            sh.replay.next_alarm()


def test_a_lost_connection_is_a_gap_until_the_next_list_of_all_channels():
    with ast_notebook.replay(frame(*DAY)) as sh:
        assert spans(sh) == [(0, 91)], "nothing is known before the first list"
    first = (event(0, "CoreShowChannelsComplete", **ASKED), *DAY)
    with ast_notebook.replay(frame(*first)) as sh:
        assert spans(sh) == [(50, 91)]
    with ast_notebook.replay(frame(*DAY[:-3])) as sh:
        assert spans(sh) == [], "it ends where the connection was lost"
    with ast_notebook.replay(frame(*first[:-3]), until="2026-11-27 12:05:00Z") as sh:
        assert spans(sh) == [(50, 300)], "nothing is known any more"


def test_where_there_is_no_record_is_a_gap_too(tmp_path):
    record(tmp_path, *DAY[:2], marks=[(1, "LiveState", whole((1, "PJSIP/200")))])
    record(tmp_path, *DAY[4:6], marks=[(1, "LiveState", whole((3, "PJSIP/400")))])
    since, until = "2026-11-27 11:50:00Z", "2026-11-27 12:10:00Z"
    with ast_notebook.replay(tmp_path, since, until) as sh:
        assert spans(sh) == [(-600, 10), (10, 35), (35, 600)]
    with ast_notebook.replay(tmp_path) as sh:
        assert spans(sh) == [(0, 10), (10, 35)]
