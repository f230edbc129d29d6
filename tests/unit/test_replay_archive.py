"""An archive is replayed whatever its recorders were, and what none recorded is not made up."""

import warnings

import pandas as pd
import pytest

import ast_notebook
from ast_notebook import ConfError, calls
from ast_notebook.anonymize import Anonymizer
from ast_notebook.recording import read
from tests.support.beside import at
from tests.support.days import NOON, bell, channel, event, microseconds, record, whole


def up(sh, second=None):
    if second is not None:
        sh.replay.seek(at(microseconds(second)))
    rows = sh.ast.live.tables["channels"].rows().values()
    return sorted(row["device"].partition("/")[2] for row in rows)


DAY = (
    channel(0, "Newchannel", "PJSIP/200"),
    channel(10, "Newchannel", "PJSIP/300", 2),
    bell(20),
    channel(30, "Hangup", "PJSIP/300", 2, Cause=16),
    bell(40),
)


def test_the_state_is_the_last_one_that_was_noted_and_what_events_told_since(tmp_path):
    known = whole((7, "PJSIP/700"))
    gone = {"rows": {"channels": {f"{NOON}.7": None}}}
    record(tmp_path, *DAY, marks=[(1, "LiveState", known), (3, "LiveChange", gone)])
    with ast_notebook.replay(tmp_path) as sh:
        assert up(sh, 5) == ["200"], "of before the first whole state, only events tell"
        assert sh.ast.live.stale
        assert up(sh, 11) == ["700"]
        assert not sh.ast.live.stale
        assert up(sh, 29) == ["700"]
        assert up(sh, 30.5) == []
        sh.replay.seek(at(microseconds(0)))
        sh.run()
        assert up(sh) == []
        assert sh.ast.live.calls == 0


def test_a_mark_is_neither_an_event_nor_part_of_a_call(tmp_path):
    record(tmp_path, *DAY, marks=[(1, "LiveState", whole((1, "PJSIP/200"), (2, "PJSIP/300")))])
    with ast_notebook.replay(tmp_path) as sh:
        sh.run()
        assert len(sh.ast.events) == len(DAY)
        assert "LiveState" not in set(sh.ast.events["event"])
        found = ast_notebook.history(tmp_path)
        pd.testing.assert_frame_equal(sh.ast.calls(), calls.from_events(sh.ast.events))
        assert len(found.calls) == len(sh.ast.calls()) == 2


def test_what_two_recorders_heard_is_replayed_once(tmp_path):
    record(tmp_path, *DAY[:4])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        record(tmp_path, *DAY[1:])
        with ast_notebook.replay(tmp_path) as sh:
            heard = []
            sh.ast.on("*")(lambda one: heard.append(sh.clock.time() - NOON))
            sh.run()
            assert heard == [0, 10, 20, 30, 40]


def test_between_two_recorders_nothing_is_known(tmp_path):
    record(tmp_path, *DAY[:2], marks=[(0, "LiveState", whole((1, "PJSIP/200")))])
    record(tmp_path, *DAY[2:], marks=[(0, "LiveState", whole((2, "PJSIP/300")))])
    with ast_notebook.replay(tmp_path) as sh:
        stale = {}
        for second in (9, 15, 25):
            sh.replay.seek(at(microseconds(second)))
            stale[second] = sh.ast.live.stale
        assert stale == {9: False, 15: True, 25: False}
        assert up(sh) == ["300"]


def test_a_replay_from_a_moment_on_knows_what_was_up_before(tmp_path):
    record(tmp_path, *DAY, marks=[(0, "LiveState", whole((1, "PJSIP/200")))])
    since, until = at(microseconds(15)), at(microseconds(35))
    with ast_notebook.replay(tmp_path, since, until) as sh:
        assert up(sh) == ["200", "300"]
        assert len(sh.ast.events) == 0
        sh.run()
        assert len(sh.ast.events) == 2
        assert up(sh) == ["200"]
        with pytest.raises(ConfError, match="not in this replay"):
            up(sh, 5)


def test_an_archive_with_pseudonyms_has_no_marks_and_is_replayed_by_its_lists(tmp_path):
    key = {"ActionID": "ast-0-1"}
    listed = channel(1, "CoreShowChannel", "PJSIP/200", 1, Duration="00:01:00", **key)
    over = event(2, "CoreShowChannelsComplete", EventList="Complete", **key)
    anonymizer = Anonymizer("a key that nobody guesses")
    state = whole((1, "PJSIP/200"))
    record(tmp_path, listed, over, *DAY[1:], marks=[(1, "LiveState", state)], anonymizer=anonymizer)
    assert "LiveState" not in set(read(tmp_path)["event"])
    with ast_notebook.replay(tmp_path) as sh:
        assert len(up(sh, 15)) == 2
        assert not sh.ast.live.stale
        assert "200" not in up(sh), "a pseudonym stands for it"


def test_one_of_several_pbxs_is_replayed(tmp_path):
    record(tmp_path, *DAY)
    record(tmp_path, bell(3), server="berlin")
    with pytest.raises(ConfError, match="give server=, one of ast, berlin"):
        ast_notebook.replay(tmp_path)
    with ast_notebook.replay(tmp_path, server="berlin") as sh:
        sh.run()
        assert list(sh.ast.events["event"]) == ["UserEvent"]
    with pytest.raises(ConfError, match="no PBX 'bonn'"):
        ast_notebook.replay(tmp_path, server="bonn")


def test_pseudonyms_leave_nothing_of_a_mark(tmp_path):
    record(tmp_path, *DAY, marks=[(1, "LiveState", whole((1, "PJSIP/300999")))])
    events = read(tmp_path)
    assert "300999" in events.to_csv()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        hidden = Anonymizer("a key that nobody guesses").frame(events)
    assert "LiveState" in set(hidden["event"])
    assert "300999" not in hidden.to_csv()


@pytest.mark.parametrize("spoiled", [[], {"tables": 5}, {"rows": {"channels": {"1.1": 7}}}, "x"])
def test_a_mark_that_is_none_costs_the_state_and_nothing_else(tmp_path, spoiled, caplog):
    known = whole((1, "PJSIP/200"))
    record(tmp_path, *DAY, marks=[(0, "LiveState", known), (2, "LiveState", spoiled)])
    with ast_notebook.replay(tmp_path) as sh:
        assert up(sh, 15) == ["200", "300"]
        up(sh, 25)
        assert sh.ast.live.stale
        sh.run()
        assert len(sh.ast.events) == len(DAY)
    assert "a mark of the record cannot be read" in caplog.text
