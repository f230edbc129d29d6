"""A PBX that another process records is watched: what it says, as it comes, and only to be read."""

import json
import time
from functools import partial
from unittest.mock import Mock

import pytest

import ast_notebook
from ast_notebook import ConfError, PermissionMissing
from ast_notebook.panel import actions
from ast_notebook.recording import Record
from ast_notebook.recording.archive_files import ArchiveFiles
from ast_notebook.recording.sealing import seal_leftovers
from ast_notebook.recording.tail import ArchiveTail
from ast_notebook.replay import watcher
from ast_notebook.replay.messages import events_of
from ast_notebook.units import SECOND
from tests.support.days import NOON, bell, channel
from tests.support.waiting import eventually, stays

WHOLE = (
    '{"tables": {"channels": {"fields": ["channel", "uniqueid", "device"], "rows": {}}}, "inner": '
    '{}, "silent": {}, "left_out": {}, "stale": false}'
)


class Recorder:
    """A recorder of events that a test hears, each right now."""

    def __init__(self, folder, server="ast"):
        self.record = Record(server)
        self.archive = self.record.to(folder)

    def hear(self, *events):
        for _, text in events:
            self.record.add([text], time.time_ns() // 1000)
        assert self.archive.flush(30)

    def note(self, name="LiveState", state=WHOLE):
        """Note a whole state, as the live state of a session does after a connect."""
        at = time.time_ns() // 1000
        self.archive.note(f"Event: {name}\r\nAfter: {at}\r\nAt: {at}\r\nSnapshot: {state}", at)

    def close(self):
        self.record.close()


@pytest.fixture
def recorder(tmp_path):
    one = Recorder(tmp_path)
    yield one
    one.close()


def up(sh):
    return sorted(row["device"] for row in sh.ast.live.tables["channels"].rows().values())


def has_alone(sh, device):
    return up(sh) == [device]


def names(sh):
    return [*sh.ast.events["event"].astype(str)]


def test_what_was_recorded_and_what_comes_is_there_once_and_in_order(recorder, tmp_path):
    recorder.hear(*(bell(0, number) for number in range(5)))
    with ast_notebook.watch(tmp_path) as sh:
        heard = []
        sh.ast.on("UserEvent")(lambda event: heard.append(event["Value"]))
        for number in range(5, 40):
            recorder.hear(bell(0, number))
        eventually(lambda: len(heard) == 35)
        assert heard == [str(number) for number in range(5, 40)]
        assert [*sh.ast.events["value"]] == [str(number) for number in range(40)]
        assert sh.ast.session.connected()


def test_the_live_state_is_that_of_the_recorders_session(recorder, tmp_path):
    recorder.note()
    recorder.hear(channel(0, "Newchannel", "PJSIP/200"))
    with ast_notebook.watch(tmp_path) as sh:
        sh.load_items({"office": {"type": "bool", "ast_dev": "200"}})
        eventually(lambda: up(sh) == ["PJSIP/200"])
        assert not sh.ast.live.stale
        eventually(lambda: sh.office())
        recorder.hear(channel(1, "Hangup", "PJSIP/200", Cause=16))
        eventually(lambda: up(sh) == [])
        eventually(lambda: not sh.office())
        assert len(sh.ast.calls()) == 1
        assert "LiveState" not in names(sh)


def test_events_that_cannot_be_handed_out_are_told_and_the_state_is_unknown(
    recorder, tmp_path, monkeypatch, caplog
):
    recorder.note()
    recorder.hear(channel(0, "Newchannel", "PJSIP/200", 1))
    with ast_notebook.watch(tmp_path) as sh:
        eventually(partial(has_alone, sh, "PJSIP/200"))
        heard = []
        sh.ast.on("Hangup")(lambda event: heard.append(event["Channel"]))
        refused = []

        def refuse_bells(batch, is_wanted):
            if "UserEvent" in batch["event"].dictionary.to_pylist():
                refused.append(len(batch))
                raise KeyError("bell\r\nEvent: Bell")
            return events_of(batch, is_wanted)

        monkeypatch.setattr(watcher, "events_of", refuse_bells)
        recorder.hear(bell(1))
        eventually(lambda: sh.ast.live.stale)
        assert sh.ast.session.counts["failed"] == sum(refused) == 1
        assert "RecordingLost" in names(sh)
        assert "Bell" not in names(sh)
        assert "handed to no function" in caplog.text
        recorder.hear(channel(2, "Hangup", "PJSIP/200", 1))
        eventually(lambda: heard == ["PJSIP/200-00000001"])
        recorder.note()
        recorder.hear(channel(3, "Newchannel", "PJSIP/300", 2))
        eventually(partial(has_alone, sh, "PJSIP/300"))
        assert not sh.ast.live.stale


def test_a_mark_that_is_written_late_counts_where_it_was_made(recorder, tmp_path):
    recorder.note()
    recorder.hear(channel(0, "Newchannel", "PJSIP/200"))
    with ast_notebook.watch(tmp_path) as sh:
        eventually(lambda: up(sh) == ["PJSIP/200"])
        between = time.time_ns() // 1000
        recorder.hear(
            channel(1, "Newchannel", "PJSIP/300", 2),
            channel(2, "Hangup", "PJSIP/200", Cause=16),
        )
        eventually(lambda: up(sh) == ["PJSIP/300"])
        rows = {
            f"{NOON}.{number}": [f"PJSIP/{one}-{number:08x}", f"{NOON}.{number}", f"PJSIP/{one}"]
            for number, one in ((1, 200), (7, 700))
        }
        known = {"fields": ["channel", "uniqueid", "device"], "rows": rows}
        state = json.loads(WHOLE) | {"tables": {"channels": known}}
        text = f"After: {between}\r\nAt: {between}\r\nSnapshot: {json.dumps(state)}"
        recorder.archive.note(f"Event: LiveState\r\n{text}", between)
        eventually(lambda: up(sh) == ["PJSIP/300", "PJSIP/700"])


def test_a_watch_that_begins_behind_a_late_mark_has_the_state_of_the_recorder(recorder, tmp_path):
    for number in range(1, 6):
        recorder.note()
        recorder.hear(channel(number, "Newchannel", f"PJSIP/{number}00", number))
        with ast_notebook.watch(tmp_path) as sh:
            eventually(lambda: not sh.ast.live.stale)
            eventually(partial(has_alone, sh, f"PJSIP/{number}00"))


def test_a_mark_that_waited_long_for_the_disk_brings_no_ended_call_back(recorder, tmp_path):
    now = time.time_ns() // 1000
    began = now - 61 * SECOND
    recorder.archive.note(
        f"Event: LiveState\r\nAfter: {began}\r\nAt: {began}\r\nSnapshot: {WHOLE}", began
    )
    for ago, kind, device, number in (
        (60, "Newchannel", 200, 1),
        (30, "Hangup", 200, 1),
        (0, "Newchannel", 300, 2),
    ):
        _, text = channel(0, kind, f"PJSIP/{device}", number)
        recorder.record.add([text], now - ago * SECOND)
    assert recorder.archive.flush(30)
    with ast_notebook.watch(tmp_path) as sh:
        eventually(partial(has_alone, sh, "PJSIP/300"))
        row = [f"PJSIP/200-{1:08x}", f"{NOON}.1", "PJSIP/200"]
        known = {"fields": ["channel", "uniqueid", "device"], "rows": {f"{NOON}.1": row}}
        state = json.loads(WHOLE) | {"tables": {"channels": known}}
        text = f"After: {now - 50 * SECOND}\r\nAt: {now}\r\nSnapshot: {json.dumps(state)}"
        recorder.archive.note(f"Event: LiveState\r\n{text}", now)
        recorder.hear(bell(0))
        eventually(lambda: "UserEvent" in names(sh))
        assert stays(partial(has_alone, sh, "PJSIP/300"), 1.5)
        recorder.hear(channel(1, "Newchannel", "PJSIP/400", 3))
        eventually(lambda: up(sh) == ["PJSIP/300", "PJSIP/400"])


def test_a_mark_of_a_quiet_pbx_counts_however_long_ago_its_last_event_was(recorder, tmp_path):
    now = time.time_ns() // 1000
    _, text = channel(0, "Newchannel", "PJSIP/200", 1)
    recorder.record.add([text], now - 100 * SECOND)
    assert recorder.archive.flush(30)
    told = f"After: {now - 100 * SECOND}\r\nAt: {now}\r\nSnapshot: "
    recorder.archive.note(f"Event: LiveState\r\n{told}{WHOLE}", now)
    with ast_notebook.watch(tmp_path) as sh:
        eventually(lambda: not sh.ast.live.stale and up(sh) == [])
        row = {"channel": "PJSIP/400-1", "uniqueid": "1.4", "device": "PJSIP/400"}
        change = json.dumps({"rows": {"channels": {"1.4": row}}})
        recorder.archive.note(f"Event: LiveChange\r\n{told}{change}", now)
        eventually(partial(has_alone, sh, "PJSIP/400"))


def test_a_button_of_the_panel_says_why_nothing_is_done(recorder, tmp_path):
    recorder.note()
    recorder.hear(channel(0, "Newchannel", "PJSIP/200"))
    with ast_notebook.watch(tmp_path) as sh:
        eventually(lambda: up(sh) == ["PJSIP/200"])
        eventually(sh.ast.session.connected)
        assert "hangup" in actions.allowed(sh.ast)
        (row,) = sh.ast.live.tables["channels"].rows().values()
        with pytest.raises(PermissionMissing, match="Hangup was not sent: this PBX is only wat"):
            actions.run(sh.ast, "hangup", row)


def test_an_empty_archive_with_a_living_recorder_can_be_watched(recorder, tmp_path):
    recorder.note()
    eventually(lambda: [*tmp_path.rglob("*.arrows")])
    with ast_notebook.watch(tmp_path) as sh:
        eventually(lambda: not sh.ast.live.stale)
        recorder.hear(bell(0, 1))
        eventually(lambda: names(sh) == ["UserEvent"])


def test_nothing_can_be_sent_and_the_error_says_why(recorder, tmp_path):
    recorder.note()
    recorder.hear(channel(0, "Newchannel", "PJSIP/200"))
    with ast_notebook.watch(tmp_path) as sh:
        eventually(lambda: not sh.ast.live.stale)
        for order in (
            lambda: sh.ast.call("PJSIP/200", "240", "phones"),
            lambda: sh.ast.hangup("200"),
            lambda: sh.ast.hangup_channel("PJSIP/200-00000001"),
            lambda: sh.ast.db_write("dnd/200", 1),
            lambda: sh.ast.queue_pause("desk", "PJSIP/200", True),
            lambda: sh.ast.action("Reload"),
            lambda: sh.ast.command("core reload"),
        ):
            with pytest.raises(PermissionMissing, match="only watched"):
                order()
        with pytest.raises(ast_notebook.NotRecorded, match="only watched"):
            sh.ast.db_read("dnd/200")
        assert sh.ast.db_read("dnd/200", default="0") == "0"
        assert [*sh.ast.channels()["channel"]] == ["PJSIP/200-00000001"]
        with pytest.raises(ConfError, match="recorded already"):
            sh.ast.record.to(tmp_path)


def test_a_recorder_that_ends_is_told_and_the_next_one_is_followed(tmp_path, caplog):
    first = Recorder(tmp_path)
    first.note()
    first.hear(bell(0, 1))
    with ast_notebook.watch(tmp_path) as sh:
        eventually(sh.ast.session.connected)
        first.close()
        eventually(lambda: "nobody records" in sh.ast.session.last_error)
        eventually(lambda: sh.ast.live.stale)
        assert not sh.ast.session.connected()
        eventually(lambda: "nobody records" in caplog.text)
        second = Recorder(tmp_path)
        second.note()
        second.hear(bell(0, 2))
        eventually(lambda: names(sh)[-2:] == ["SessionRestored", "UserEvent"])
        eventually(lambda: not sh.ast.live.stale)
        assert names(sh) == ["UserEvent", "SessionLost", "SessionRestored", "UserEvent"]
        assert sh.ast.session.last_error == ""
        second.close()


def test_a_disk_that_was_away_for_a_while_is_read_on_where_it_was(tmp_path):
    folder = tmp_path / "calls"
    one = Recorder(folder)
    one.note()
    one.hear(channel(0, "Newchannel", "PJSIP/200", 1))
    with ast_notebook.watch(folder) as sh:
        eventually(partial(has_alone, sh, "PJSIP/200"))
        folder.rename(tmp_path / "away")
        eventually(lambda: "nobody records" in sh.ast.session.last_error)
        eventually(lambda: sh.ast.live.stale)
        (tmp_path / "away").rename(folder)
        eventually(lambda: not sh.ast.live.stale)
        assert has_alone(sh, "PJSIP/200")
        one.hear(channel(1, "Hangup", "PJSIP/200", 1), channel(2, "Newchannel", "PJSIP/300", 2))
        eventually(partial(has_alone, sh, "PJSIP/300"))
        assert sh.ast.session.last_error == ""
        told = ["Newchannel", "SessionLost", "SessionRestored", "Hangup", "Newchannel"]
        assert names(sh) == told
    one.close()


@pytest.mark.parametrize("stray", ["day=2026-11-29.tar.gz", "day=2999-01-01"])
def test_a_file_in_the_place_of_a_day_is_none_of_ours(recorder, tmp_path, stray):
    recorder.hear(bell(0, 1))
    (tmp_path / "server=ast" / stray).write_bytes(b"x")
    tail = ArchiveTail(ArchiveFiles(tmp_path), "ast")
    assert [value for block in tail.poll() for value in told(block)] == ["1"]
    assert tail.is_alive


def test_folders_of_days_to_come_hide_no_recorder(recorder, tmp_path):
    recorder.hear(bell(0, 1))
    for day in ("2999-01-01", "2999-01-02"):
        (tmp_path / "server=ast" / f"day={day}").mkdir()
    tail = ArchiveTail(ArchiveFiles(tmp_path), "ast")
    assert [value for block in tail.poll() for value in told(block)] == ["1"]
    assert tail.is_alive


def test_a_clock_that_was_set_back_hides_no_event_of_the_next_recorder(tmp_path, monkeypatch):
    first = Recorder(tmp_path)
    first.hear(bell(0, 1))
    tail = ArchiveTail(ArchiveFiles(tmp_path), "ast")
    tail.poll()
    first.close()
    tail.poll()
    real, real_ns = time.time, time.time_ns
    monkeypatch.setattr(time, "time", lambda: real() - 7200)
    monkeypatch.setattr(time, "time_ns", lambda: real_ns() - 7200 * 10**9)
    second = Recorder(tmp_path)
    second.hear(bell(0, 2))
    assert [value for block in tail.poll() for value in told(block)] == ["2"]
    second.close()


def test_what_was_read_is_told_before_the_error_of_a_disk(recorder, tmp_path, monkeypatch):
    recorder.hear(bell(0, 1))
    tail = ArchiveTail(ArchiveFiles(tmp_path), "ast")
    tail.poll()
    recorder.hear(bell(1, 2))
    recorder.close()
    monkeypatch.setattr(tail, "_files", Mock(side_effect=PermissionError("no")))
    assert [value for block in tail.poll() for value in told(block)] == ["2"]
    with pytest.raises(PermissionError):
        tail.poll()


def test_a_file_that_is_sealed_in_between_is_read_on_from_where_it_was(tmp_path, monkeypatch):
    monkeypatch.setattr("ast_notebook.recording.writer.FULL", 3)
    one = Recorder(tmp_path)
    one.hear(bell(0, 0))
    tail = ArchiveTail(ArchiveFiles(tmp_path), "ast")
    found = tail.poll()
    for number in range(1, 11):
        one.hear(bell(0, number))
        time.sleep(0.01)
    eventually(lambda: len([*tmp_path.rglob("*.parquet")]) >= 3)
    found += tail.poll()
    assert tail.is_alive
    values = [value for block in found for value in told(block)]
    assert values == [str(number) for number in range(11)]
    one.close()
    seal_leftovers(ArchiveFiles(tmp_path))
    assert not [value for block in tail.poll() for value in told(block)]
    assert not tail.is_alive


def told(block):
    return block["value"].to_pylist()


def test_a_recorder_without_news_lives_on_although_its_file_is_sealed(tmp_path, monkeypatch):
    one = Recorder(tmp_path)
    one.hear(bell(0, 0))
    tail = ArchiveTail(ArchiveFiles(tmp_path), "ast")
    tail.poll()
    monkeypatch.setattr("ast_notebook.recording.writer.FULL", 1)
    eventually(lambda: [*tmp_path.rglob("*.parquet")])
    assert stays(lambda: not tail.poll() and tail.is_alive)
    one.close()
    assert not tail.poll()
    assert not tail.is_alive


def test_what_cannot_be_watched_is_refused_in_one_line(tmp_path):
    with pytest.raises(ConfError, match="nothing is recorded in"):
        ast_notebook.watch(tmp_path / "nowhere")
    with pytest.raises(ConfError, match="cannot be watched"):
        ast_notebook.watch("memory://calls")
    for server in ("berlin", "paris"):
        one = Recorder(tmp_path, server)
        one.hear(bell(0))
        one.close()
    with pytest.raises(ConfError, match="several PBXs"):
        ast_notebook.watch(tmp_path)
