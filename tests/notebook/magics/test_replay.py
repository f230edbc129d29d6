"""`%ast replay`: a recorded day again in a notebook."""

import pytest
from IPython.core.error import UsageError

from ast_notebook import ConfError
from tests.support.days import NOON, bell, channel, frame
from tests.support.waiting import eventually

DAY = (
    channel(0, "Newchannel", "PJSIP/200"),
    bell(5),
    channel(600, "Hangup", "PJSIP/200", Cause=16),
)


@pytest.fixture
def day(tmp_path):
    path = tmp_path / "day.parquet"
    frame(*DAY).to_parquet(path)
    return path


def test_a_day_stands_still_at_a_moment_and_can_be_played(shell, day):
    pbx = shell.run(f"%ast replay {day} --at 2026-11-27T12:05Z")
    assert pbx is shell.user_ns["sh"].replay
    assert pbx.live.channels["device"].tolist() == ["PJSIP/200"]
    assert pbx.replay_clock.time() == NOON + 300
    assert "standing still" in repr(pbx)
    assert shell.run("%ast replay seek 2026-11-27T12:00:01Z") is pbx
    assert pbx.replay_clock.time() == NOON + 1
    shell.run("%ast replay play --speed 600")
    assert "at speed 600" in repr(pbx)
    shell.run("%ast replay speed 1")
    shell.run("%ast replay pause")
    assert pbx.speed == 0
    shell.run("%ast replay speed 600")
    eventually(lambda: pbx.live.channels.empty)


def test_what_a_logic_would_send_is_shown(shell, day):
    shell.run(f"%ast replay {day}")
    shell.run("%%ast logic ring --userevent Bell\nsh.replay.call('PJSIP/300', '240', 'door')")
    orders = shell.run("%ast replay run")
    assert orders["by"].tolist() == ["logic ring"]
    assert orders["time"].iloc[0].timestamp() == NOON + 5
    assert len(shell.run("%ast --pbx replay calls")) == 1


def test_ages_on_a_line_count_by_the_clock_of_the_replay(shell, day):
    shell.run(f"%ast replay {day}")
    shell.run("%ast replay run")
    report = shell.run("%ast --pbx replay report --since 20m")
    assert report.since.timestamp() == NOON + 600 - 20 * 60
    assert report.summary["calls"].tolist() == [1]


def test_a_replay_that_is_not_there_is_told(shell, day):
    for line in ("%ast replay pause", "%ast replay seek 12:00"):
        with pytest.raises(UsageError, match="there is no replay: begin one by %ast replay FOLDER"):
            shell.run(line)
    with pytest.raises(ConfError, match="nothing to replay"):
        shell.run(f"%ast replay {day}.gone")
    with pytest.raises(ConfError, match="no moment"):
        shell.run(f"%ast replay {day} --at noonish")


def test_the_panel_shows_the_day_as_it_was(shell, day):
    shell.run(f"%ast replay {day} --at 2026-11-27T12:05Z")
    panel = shell.run("%ast panel --pbx replay")
    state = panel._feed.state()
    assert state["taken"] == NOON + 300
    assert [row["device"] for row in state["tables"]["channels"].values()] == ["PJSIP/200"]
    panel.close()
