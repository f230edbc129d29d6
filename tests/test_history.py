"""What PBXs have written already, read into calls; nothing of it dropped in silence."""

from __future__ import annotations

import csv
import gzip
import io
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pandas as pd
import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ast_notebook.calls import agent_pauses, agent_sessions, measures, memory, visits
from ast_notebook.calls.frames import COLUMNS
from ast_notebook.calls.from_events import from_events
from ast_notebook.calls.history import archive_calls, history
from ast_notebook.calls.history.clock import BadTime, Clock
from ast_notebook.calls.history.dialect import fields
from ast_notebook.errors import ConfError
from ast_notebook.recording import Record
from ast_notebook.show import NO_MATH
from tests.waiting import eventually

SAMPLES = Path(__file__).parent / "history"
FIXTURES = Path(__file__).parent / "fixtures"
VERSIONS = (16, 22)
#: What was played for each sample: a talk, somebody busy, an announcement, a caller who gave up.
CALLERS = ["2222", "30", "30", "2222"]
DIALLED = ["200", "240", "601", "200"]

#: More than fits into 50 MB.
MUCH = "CREATE TEMP TABLE much AS SELECT uuid()::TEXT AS word FROM range(3_000_000)"

BASE = {
    "accountcode": "",
    "src": "100",
    "dst": "200",
    "dcontext": "phones",
    "clid": '"Door" <100>',
    "channel": "PJSIP/100-00000001",
    "dstchannel": "PJSIP/200-00000002",
    "lastapp": "Dial",
    "lastdata": "PJSIP/200,30",
    "start": "2026-06-01 10:00:00",
    "answer": "2026-06-01 10:00:05",
    "end": "2026-06-01 10:01:05",
    "duration": "65",
    "billsec": "60",
    "disposition": "ANSWERED",
    "amaflags": "DOCUMENTATION",
}


def line(*more: str, quoting: int = csv.QUOTE_ALL, **changed: str) -> str:
    """Return a line of cdr_csv."""
    text = io.StringIO()
    csv.writer(text, quoting=quoting, lineterminator="\n").writerow(
        [*(BASE | changed).values(), *more]
    )
    return text.getvalue()


def write(folder: Path, text: str | bytes, name: str = "Master.csv") -> Path:
    """Write a log."""
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def moment(text: str) -> pd.Timestamp:
    """Return a moment in UTC."""
    return pd.Timestamp(text, tz="UTC")


# --- samples of real Asterisks -------------------------------------------------------------------


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", ["cdr.csv", "custom.csv"])
def test_a_real_cdr_gives_the_calls_that_were_made(version: int, name: str) -> None:
    past = history(SAMPLES / f"asterisk{version}-{name}", tz="UTC", server="berlin")
    calls = past.calls
    assert calls.columns.tolist() == list(COLUMNS)
    assert calls["caller"].tolist() == CALLERS
    assert calls["dialled"].tolist() == DIALLED
    assert calls["caller_name"].tolist() == ["Office", "Kitchen", "Kitchen", "Office"]
    assert calls["disposition"].tolist() == ["ANSWERED", "BUSY", "IVR", "NO ANSWER"]
    assert calls["billsec"].tolist()[:2] == [1.0, 0.0]
    assert calls["answered_by"].fillna("").tolist() == ["200", "", "", ""]
    assert calls[["talk", "wait", "hold", "ring", "hangup_by"]].isna().all(axis=None)
    assert set(calls["source"]) == {"cdr"}
    assert set(calls["server"]) == {"berlin"}
    assert past.bad_count == past.doubtful == 0


@pytest.mark.parametrize("version", VERSIONS)
def test_a_real_cel_gives_the_calls_that_were_made(version: int) -> None:
    calls = history(SAMPLES / f"asterisk{version}-cel.csv").calls
    assert calls["caller"].tolist() == CALLERS
    assert calls["dialled"].tolist() == DIALLED
    assert calls["disposition"].tolist() == ["ANSWERED", "BUSY", "IVR", "CANCELLED"]
    assert calls["legs"].tolist() == [2, 2, 1, 2]
    assert calls["hangup_by"].tolist() == ["caller", "pbx", "pbx", "caller"]
    assert calls["cause"].tolist()[:2] == [16, 17]
    assert 0.5 <= calls["talk"][0] <= 2.5


@pytest.mark.parametrize("version", VERSIONS)
def test_cel_and_events_of_the_same_hour_agree_call_by_call(version: int) -> None:
    folder = FIXTURES / f"asterisk{version}"
    live = from_events(pd.read_parquet(folder / "events.parquet")).set_index("call")
    past = history(folder / "cel.csv.gz").calls.set_index("call")
    assert sorted(past.index) == sorted(live.index)
    past = past.loc[live.index]
    for column in ("caller", "dialled", "answered_by", "disposition", "cause", "transfers", "legs"):
        same = (past[column] == live[column]) | past[column].isna()
        assert (~same.fillna(False)).sum() <= 2, column
    assert (past["hangup_by"] != live["hangup_by"]).sum() <= 4
    assert ((past["billsec"] - live["billsec"]).abs() > 1.1).sum() == 0
    assert ((past["ring"] - live["ring"]).abs() > 1.1).sum() == 0


def test_columns_of_ones_own_are_named_by_the_user() -> None:
    names = ["start", "src", "dst", "channel", "dstchannel", "duration", "billsec"]
    names += ["disposition", "linkedid", "uniqueid"]
    path = SAMPLES / "asterisk22-bare.csv"
    with pytest.raises(ConfError, match="columns="):
        history(path)
    calls = history(path, columns=names).calls
    assert calls["disposition"].tolist() == ["ANSWERED", "BUSY", "IVR", "NO ANSWER"]
    with pytest.raises(ConfError, match=r"columns= has 9 names, and the lines of .* have 10"):
        history(path, columns=names[:-1], tz="UTC")


# --- lines ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("quoting", [csv.QUOTE_ALL, csv.QUOTE_MINIMAL, csv.QUOTE_NONNUMERIC])
@pytest.mark.parametrize(
    "more",
    [
        (),
        ("1780308000.1",),
        ("a note",),
        ("1780308000.1", "a note"),
        ("", "1780308000.1", "7"),
        ("1780308000.1", "", "1780308000.1", "7"),
        ("1780308000.1", "a note", "", "1780308000.1", "7"),
    ],
)
def test_optional_columns_and_both_quotings_are_understood(
    tmp_path: Path, quoting: int, more: tuple[str, ...]
) -> None:
    past = history(write(tmp_path, line(*more, quoting=quoting)), tz="UTC")
    (call,) = past.calls.to_dict("records")
    assert past.bad_count == 0
    assert call["caller_name"] == "Door"
    assert call["start"] == moment("2026-06-01 10:00:00")
    assert call["answered"] == moment("2026-06-01 10:00:05")
    assert call["end"] == moment("2026-06-01 10:01:05")
    assert call["billsec"] == 60
    expected = "1780308000.1" if "1780308000.1" in more else "PJSIP/100-00000001"
    assert call["call"] == expected


def test_a_line_of_names_names_the_columns(tmp_path: Path) -> None:
    text = "calldate,src,dst,duration,billsec,disposition,linkedid\n"
    text += "2026-06-01 10:00:00,1,2,10,4,ANSWERED,1780308000.9\n"
    (call,) = history(write(tmp_path, text), tz="UTC").calls.to_dict("records")
    assert call["call"] == "1780308000.9"
    assert call["end"] == moment("2026-06-01 10:00:10")


def test_bad_lines_are_counted_shown_and_kept(tmp_path: Path) -> None:
    torn = line().encode()[:60]
    good = line("1780308000.1", "")
    text = b"".join(
        [
            good.encode(),
            torn + b"\n",
            b"\0" * 40 + b"\n",
            b"\n",
            line("1780308000.2", "", start="yesterday").encode(),
            line("1780308000.3", "", disposition="MAYBE").encode(),
            line("1780308000.4", "", duration="-5", end="").encode(),
            line("1780308000.5", "", end="2026-06-01 09:00:00").encode(),
            line("1780308000.6", "", start="").encode(),
            b'"never closed\n',
            good.encode(),
        ]
    )
    with pytest.warns(UserWarning, match="1 records were there before"):
        past = history(write(tmp_path, text), tz="UTC")
    assert len(past.calls) == 1
    assert past.bad["line"].tolist() == [2, 3, 5, 6, 7, 8, 9, 10]
    assert past.bad_count == 8
    assert past.calls.attrs["history"]["bad"] == 8
    assert "8 bad" in repr(past)
    assert "yesterday" in past._repr_html_()
    assert past.bad["text"][0] == torn.decode()


def test_what_a_caller_is_named_does_not_become_markup(tmp_path: Path) -> None:
    past = history(write(tmp_path, line() + line(clid="<script>", disposition="?")), tz="UTC")
    assert "<script>" not in past._repr_html_()


def test_what_a_caller_is_named_is_shown_as_it_is_and_sets_no_formula(tmp_path: Path) -> None:
    name = "$\\href{https://evil.example}{x}$ \u202e"
    path = write(tmp_path, line() + line(clid=name, disposition="?"))
    shown = history(path, tz="UTC")._repr_html_()
    assert "\u202e" not in shown
    assert "\\u202e" in shown
    assert shown.startswith(f'<div class="{NO_MATH}">')
    assert "$\\href{https://evil.example}{x}$" in shown


def test_latin_1_and_utf_8_lines_live_together(tmp_path: Path) -> None:
    text = line("1780308000.1", "", clid='"Jürgen" <1>').encode()
    text += line("1780308000.2", "", clid='"Müller" <2>', channel="SIP/1", dstchannel="").encode(
        "latin-1"
    )
    path = write(tmp_path, b"\xef\xbb\xbf" + text)
    assert history(path, tz="UTC").calls["caller_name"].tolist() == ["Jürgen", "Müller"]
    packed = write(tmp_path, gzip.compress(text), "Master.csv.gz")
    assert history(packed, tz="UTC").calls["caller_name"].tolist() == ["Jürgen", "Müller"]
    cut = write(tmp_path, gzip.compress(text * 100)[:-30], "cut.csv.gz")
    with pytest.warns(UserWarning, match="records were there before"):
        assert "ends badly" in history(cut, tz="UTC").bad["reason"].iloc[-1]


@given(st.lists(st.text(st.characters(exclude_characters="\r\n\0", codec="utf-8")), min_size=2))
def test_whatever_is_quoted_comes_back(record: list[str]) -> None:
    for quoting in (csv.QUOTE_ALL, csv.QUOTE_MINIMAL):
        text = io.StringIO()
        csv.writer(text, quoting=quoting, lineterminator="").writerow(record)
        assert fields(text.getvalue()) == record


def test_a_long_file_takes_little_memory(tmp_path: Path) -> None:
    path = tmp_path / "Master.csv"
    with path.open("w") as file:
        for number in range(60_000):
            start = datetime(2026, 1, 1) + timedelta(seconds=10 * number)
            file.write(
                line(
                    f"{1_767_225_600 + 10 * number}.{number}",
                    "",
                    channel=f"PJSIP/100-{number:08x}",
                    dstchannel="",
                    start=str(start),
                    answer="",
                    end=str(start + timedelta(seconds=5)),
                    duration="5",
                    billsec="0",
                    disposition="NO ANSWER",
                )
            )
    code = (
        "import resource, sys; from ast_notebook.calls.history import history\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "print(len(history(sys.argv[1])))\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)"
    )
    said = subprocess.run(
        [sys.executable, "-c", code, str(path)],
        cwd=Path(__file__).parents[1],
        capture_output=True,
        text=True,
        check=True,
    )
    calls, kilobytes = map(int, said.stdout.split())
    assert calls == 60_000
    assert kilobytes < 200_000


# --- several lines, one call ---------------------------------------------------------------------


def test_lines_with_one_linkedid_are_one_call(tmp_path: Path) -> None:
    text = line("1780308000.1", "", "", "1780308000.1", "1") + line(
        "1780308030.7",
        "",
        "",
        "1780308000.1",
        "2",
        src="200",
        dst="300",
        channel="PJSIP/200-00000009",
        dstchannel="PJSIP/300-0000000a",
        start="2026-06-01 10:00:30",
        answer="2026-06-01 10:00:40",
        end="2026-06-01 10:02:00",
        duration="90",
        billsec="80",
    )
    (call,) = history(write(tmp_path, text), tz="UTC").calls.to_dict("records")
    assert (call["caller"], call["dialled"], call["answered_by"]) == ("100", "200", "200")
    assert call["end"] == moment("2026-06-01 10:02:00")
    assert call["billsec"] == 60


def test_a_ring_all_without_linkedids_is_one_call_by_its_uniqueid(tmp_path: Path) -> None:
    missed = {"answer": "", "billsec": "0", "disposition": "NO ANSWER", "duration": "5"}
    missed["end"] = "2026-06-01 10:00:05"
    text = "".join(
        [
            line("1780308000.1", "", dstchannel="PJSIP/3-0000000a", **missed),
            line("1780308000.1", "", dstchannel="PJSIP/4-0000000b", **missed),
            line("1780308000.1", ""),
        ]
    )  # fmt: skip
    (call,) = history(write(tmp_path, text), tz="UTC").calls.to_dict("records")
    assert (call["disposition"], call["answered_by"], call["billsec"]) == ("ANSWERED", "200", 60)


def test_a_line_that_has_a_channel_of_another_call_joins_it_if_at_the_same_time(
    tmp_path: Path,
) -> None:
    consult = line("1780308040.5", "", channel="PJSIP/200-00000003", dstchannel="PJSIP/3-00000004",
                   start="2026-06-01 10:00:40")  # fmt: skip
    merged = line("1780308000.1", "", dstchannel="PJSIP/3-00000004", start="2026-06-01 10:01:05",
                  answer="2026-06-01 10:01:05", end="2026-06-01 10:02:05")  # fmt: skip
    later = line("1780400000.1", "", start="2026-06-02 10:00:00", answer="2026-06-02 10:00:00",
                 end="2026-06-02 10:01:00")  # fmt: skip
    calls = history(write(tmp_path, line("1780308000.1", "") + consult + merged + later), tz="UTC")
    assert calls.calls["call"].tolist() == ["1780308000.1", "1780400000.1"]


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("ANSWERED", "ANSWERED"), ("NO ANSWER", "NO ANSWER"), ("NOANSWER", "NO ANSWER"),
        ("BUSY", "BUSY"), ("FAILED", "FAILED"), ("CONGESTION", "FAILED"),
        ("CANCEL", "CANCELLED"), ("8", "ANSWERED"), ("0", "NO ANSWER"),
    ],
)  # fmt: skip
def test_dispositions_are_called_alike_everywhere(tmp_path: Path, word: str, expected: str) -> None:
    calls = history(write(tmp_path, line(disposition=word)), tz="UTC").calls
    assert calls["disposition"].tolist() == [expected]


@pytest.mark.parametrize(
    ("application", "expected"),
    [("VoiceMail", "VOICEMAIL"), ("Queue", "ABANDONED"), ("Playback", "IVR")],
)
def test_an_answer_without_a_person_tells_by_whom(
    tmp_path: Path, application: str, expected: str
) -> None:
    text = line(dstchannel="", lastapp=application, lastdata="support,t")
    (call,) = history(write(tmp_path, text), tz="UTC").calls.to_dict("records")
    assert call["disposition"] == expected
    assert pd.isna(call["answered"])
    assert (call["queue"] == "support") == (application == "Queue")


def test_trunks_tell_the_direction(tmp_path: Path) -> None:
    text = line() + line(channel="PJSIP/provider-00000011", dstchannel="", src="030", dst="99")
    text += line(channel="PJSIP/5-00000021", dstchannel="PJSIP/provider-00000022")
    calls = history(write(tmp_path, text), tz="UTC", trunks=["provider"]).calls
    assert sorted(calls["direction"]) == ["inbound", "internal", "outbound"]
    inbound = calls[calls["direction"] == "inbound"].iloc[0]
    assert (inbound["did"], inbound["trunk"]) == ("99", "PJSIP/provider")
    assert history(write(tmp_path, text), tz="UTC").calls["direction"].isna().all()


# --- time ----------------------------------------------------------------------------------------


def test_local_times_need_a_zone_and_the_error_says_how(tmp_path: Path) -> None:
    path = write(tmp_path, line())
    with pytest.raises(ConfError, match=r"tz='UTC' if cdr\.conf says usegmtime=yes"):
        history(path)
    calls = history(path, tz="Europe/Berlin").calls
    assert calls["start"][0] == moment("2026-06-01 08:00:00")
    with pytest.raises(ConfError, match="no time zone 'Berlin'"):
        history(path, tz="Berlin")


def test_uniqueids_tell_that_times_are_utc_or_that_they_are_not(tmp_path: Path) -> None:
    made = int(datetime(2026, 6, 1, 10, tzinfo=UTC).timestamp())
    path = write(tmp_path, line(f"{made}.1", "") + line(f"host-{made}.2", ""))
    assert history(path).calls["start"][0] == moment("2026-06-01 10:00:00")
    path = write(tmp_path, line(f"{made - 7200}.1", ""))
    with pytest.raises(ConfError, match="2:00 ahead of UTC"):
        history(path)
    mixed = [line(f"{made}.{n}", "") for n in range(5)] + [line(f"{made - 3600}.{n}", "")
             for n in range(5)]  # fmt: skip
    with pytest.raises(ConfError, match="1:00 ahead"):
        history(write(tmp_path, "".join(mixed)))


def test_the_hour_that_a_clock_change_repeats_is_doubtful(tmp_path: Path) -> None:
    twice = {
        "start": "2026-10-25 02:30:00",
        "answer": "2026-10-25 02:30:05",
        "end": "2026-10-25 02:31:05",
    }
    second = int(datetime(2026, 10, 25, 1, 30, tzinfo=UTC).timestamp())
    text = line("1.1", "", **twice) + line(f"{second}.7", "", **twice) + line("1.3", "")
    past = history(write(tmp_path, text), tz="Europe/Berlin")
    assert past.doubtful == 2
    assert past.calls.attrs["history"]["doubtful"] == 2
    starts = past.calls.set_index("call")["start"]
    assert starts["1.1"] == moment("2026-10-25 00:30:00")
    assert starts[f"{second}.7"] == moment("2026-10-25 01:30:00")


def test_a_call_over_the_repeated_hour_is_as_long_as_it_was(tmp_path: Path) -> None:
    text = line(start="2026-10-25 02:50:00", answer="2026-10-25 02:50:05",
                end="2026-10-25 02:10:00", duration="1200", billsec="1195")  # fmt: skip
    past = history(write(tmp_path, text), tz="Europe/Berlin")
    call = past.calls.iloc[0]
    assert (call["end"] - call["start"]).total_seconds() == 1200
    assert past.doubtful == 1


def test_a_line_that_bills_more_than_the_call_lasted_is_bad(tmp_path: Path) -> None:
    past = history(write(tmp_path, line() + line(billsec="99999"), "Master.csv"), tz="UTC")
    assert past.bad["reason"].tolist() == ["more is billed than it lasted"]


def test_the_hour_that_a_clock_change_leaves_out_is_bad(tmp_path: Path) -> None:
    past = history(write(tmp_path, line(start="2026-03-29 02:30:00")), tz="Europe/Berlin")
    assert past.bad_count == 1
    assert "never was" in past.bad["reason"][0]
    assert len(past.calls) == 0
    assert past.calls.columns.tolist() == list(COLUMNS)


@given(st.datetimes(datetime(1990, 1, 1), datetime(2037, 1, 1)))
def test_a_moment_read_back_from_local_time_is_itself_or_doubtful(when: datetime) -> None:
    from zoneinfo import ZoneInfo

    exact = when.replace(tzinfo=UTC)
    local = exact.astimezone(ZoneInfo("Europe/Berlin")).replace(tzinfo=None)
    clock = Clock("Europe/Berlin")
    micros = (when - datetime(1970, 1, 1)) // timedelta(microseconds=1)
    found = clock.read(local.isoformat(" "), near=micros)
    assert found == micros
    assert clock.read(exact.isoformat()) == micros


@pytest.mark.parametrize("text", ["", None, "0000-00-00 00:00:00", 0])
def test_no_time_is_none(text: str | int | None) -> None:
    assert Clock("UTC").read(text) is None


@pytest.mark.parametrize("text", ["soon", "2026-13-01 00:00:00", "12"])
def test_what_is_no_time_is_bad(text: str) -> None:
    with pytest.raises(BadTime):
        Clock("UTC").read(text)


# --- tables --------------------------------------------------------------------------------------


def table(folder: Path, name: str, columns: str, rows: list[tuple[object, ...]]) -> str:
    """Make a SQLite database, and return its URL."""
    path = folder / "calls.sqlite"
    with sqlite3.connect(path) as database:
        database.execute(f"create table {name} ({columns})")
        marks = ",".join("?" * len(columns.split(",")))
        database.executemany(f"insert into {name} values ({marks})", rows)
    database.close()
    return f"sqlite:///{path}"


FREEPBX = (
    "calldate datetime, clid, src, dst, dcontext, channel, dstchannel, lastapp, lastdata, "
    "duration integer, billsec integer, disposition, uniqueid, did, recordingfile, cnum, cnam, "
    "linkedid, sequence integer"
)
ROW = (
    "2026-06-01 10:00:00", '"Door" <100>', "100", "200", "phones", "PJSIP/100-00000001",
    "PJSIP/200-00000002", "Dial", "PJSIP/200", 65, 60, "ANSWERED", "1780308000.1", "49301234",
    "call.wav", "100", "Door", "1780308000.1", 3,
)  # fmt: skip


def test_a_cdr_table_is_found_in_a_database(tmp_path: Path) -> None:
    url = table(tmp_path, "cdr", FREEPBX, [ROW])
    past = history(url, tz="UTC")
    (call,) = past.calls.to_dict("records")
    assert (call["did"], call["recording"], call["caller"]) == ("49301234", "call.wav", "100")
    assert call["answered"] == moment("2026-06-01 10:00:05")
    assert call["end"] == moment("2026-06-01 10:01:05")
    by_file = history(tmp_path / "calls.sqlite", tz="UTC")
    pd.testing.assert_frame_equal(past.calls, by_file.calls)


def test_a_row_that_cannot_be_is_bad_not_the_end(tmp_path: Path) -> None:
    url = table(tmp_path, "cdr", FREEPBX, [ROW, ("never", *ROW[1:]), (None, *ROW[1:])])
    past = history(url, tz="UTC")
    assert len(past.calls) == 1
    assert past.bad_count == 2


def test_a_cel_table_and_a_queue_log_table_are_known_by_their_columns(tmp_path: Path) -> None:
    names = "eventtype eventtime cid_name cid_num cid_ani cid_rdnis cid_dnid exten context channame"
    names += " appname appdata amaflags accountcode uniqueid linkedid peer userfield def extra"
    with (SAMPLES / "asterisk16-cel.csv").open() as file:
        rows = [tuple(row) for row in csv.reader(file)]
    url = table(tmp_path, "events_of_channels", names.replace(" ", ","), rows)
    assert history(url).calls["disposition"].tolist() == ["ANSWERED", "BUSY", "IVR", "CANCELLED"]
    numbers = {"CHAN_START": 1, "CHAN_END": 2, "HANGUP": 3, "ANSWER": 4, "APP_START": 5}
    numbers |= {"APP_END": 6, "BRIDGE_ENTER": 7, "BRIDGE_EXIT": 8, "LINKEDID_END": 14}
    (tmp_path / "numbered").mkdir()
    numbered = [(numbers[kind], *others) for kind, *others in rows]
    by_number = table(tmp_path / "numbered", "cel", names.replace(" ", ","), numbered)
    pd.testing.assert_frame_equal(history(by_number).calls, history(url).calls)
    log = (SAMPLES / "asterisk22-queue_log").read_text().splitlines()
    entries = [tuple((one.split("|") + [""] * 10)[:10]) for one in log]
    columns = "time,callid,queuename,agent,event,data1,data2,data3,data4,data5"
    table(tmp_path, "queue_log", columns, entries)
    with pytest.raises(ConfError, match="several such tables"):
        history(url)
    by_table = history(url, kind="queue_log").calls
    by_file = history(SAMPLES / "asterisk22-queue_log").calls
    pd.testing.assert_frame_equal(by_table, by_file)
    assert len(history(url, table="events_of_channels").calls) == 4


def test_a_database_that_is_not_there_is_told_without_its_password(tmp_path: Path) -> None:
    with pytest.raises(ConfError) as refused:
        history(f"sqlite:///{tmp_path}/no/such.db", tz="UTC")
    assert "\n" not in str(refused.value)
    with pytest.raises(ConfError) as missing:
        history("mysql+pymysql://user:hunter2@127.0.0.1:1/cdr", tz="UTC")
    assert "hunter2" not in str(missing.value)
    with pytest.raises(ConfError, match="no table"):
        history(table(tmp_path, "other", "a, b", []), tz="UTC")
    with pytest.raises(ConfError, match="no table cdr"):
        history(f"sqlite:///{tmp_path}/calls.sqlite", tz="UTC", table="cdr")


# --- queue_log and channel events ----------------------------------------------------------------


def test_what_happens_in_queues_becomes_calls(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        """1780308000|1.1|support|NONE|ENTERQUEUE||100|1
1780308010|1.1|support|Anna|CONNECT|10|1.2|4
1780308070|1.1|support|Anna|COMPLETEAGENT|10|60|1
1780308100|1.3|support|NONE|ENTERQUEUE||200|1
1780308130|1.3|support|NONE|ABANDON|1|1|30
1780308200|1.5|support|NONE|ENTERQUEUE||300|1
1780308220|1.5|support|NONE|EXITWITHTIMEOUT|1|1|20
1780308221|1.5|sales|NONE|ENTERQUEUE||300|1
1780308226|1.5|sales|Bert|CONNECT|5|1.6|2
1780308236|1.5|sales|Bert|BLINDTRANSFER|400|phones|5|10|1
1780308300|NONE|NONE|Anna|PAUSE|lunch
1780308400|9.9|support|Anna|COMPLETEAGENT|1|2|3
nonsense
""",
        "queue_log",
    )
    past = history(path)
    first, second, third = past.calls.to_dict("records")
    assert (first["wait"], first["ring"], first["talk"]) == (10, 4, 60)
    assert (first["answered_by"], first["hangup_by"]) == ("Anna", "callee")
    assert (second["disposition"], second["wait"]) == ("ABANDONED", 30)
    assert (third["disposition"], third["wait"], third["transfers"]) == ("ANSWERED", 25, 1)
    assert third["queue"] == "sales"
    assert pd.isna(third["end"])
    assert past.bad["line"].tolist() == [12, 13]


def test_a_call_has_waited_as_long_as_its_visits_whatever_the_clock_says(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        """1780308000|1.1|support|NONE|ENTERQUEUE||100|1
1780308020|1.1|support|NONE|EXITWITHTIMEOUT|1|1|21
1780308100|1.3|support|NONE|ENTERQUEUE||200|1
1780308110|1.3|support|NONE|EXITWITHKEY|1|1|1|11
1780308200|1.5|support|NONE|ENTERQUEUE||300|1
1780308210|1.5|support|NONE|EXITWITHKEY|1|1
""",
        "queue_log",
    )
    past = history(path)
    assert past.visits["wait"].tolist() == past.calls["wait"].tolist() == [21, 11, 10]


def test_what_agents_do_in_a_queue_log_becomes_sessions_pauses_and_occupancy(
    tmp_path: Path,
) -> None:
    path = write(
        tmp_path,
        """1780308000|MANAGER|desk|SIP/30|ADDMEMBER|
1780308000|1.9|sales|SIP/40|ADDMEMBER|PAUSED
1780308100|1.1|desk|NONE|ENTERQUEUE||100|1
1780308110|1.1|desk|Kitchen|CONNECT|10|1.2|4
1780308170|1.1|desk|Kitchen|COMPLETEAGENT|10|60|1
1780308175|NONE|desk|Kitchen|PAUSE|
1780308187|NONE|desk|Kitchen|UNPAUSE|
1780308300|NONE|NONE|SIP/30|PAUSEALL|
1780308300|NONE|desk|Kitchen|PAUSE|
1780308300|NONE|NONE|Kitchen|PAUSEREASON|lunch
1780308400|NONE|desk|Kitchen|UNPAUSE|
1780308500|MANAGER|desk|SIP/30|REMOVEMEMBER|
1780308600|1.7|NONE|1001|AGENTLOGIN|SIP/50-00000001
1780308700|1.7|NONE|1001|AGENTLOGOFF|SIP/50-00000001|100
1780308800|NONE|desk|Cellar|UNPAUSE|
1780308900|NONE|desk||PAUSE|
""",
        "queue_log",
    )
    past = history(path, members={"SIP/30": "Kitchen"})
    known = ["agent", "interface", "queue", "seconds", "pauses", "paused"]
    shifts = past.sessions[known].astype(object).where(past.sessions[known].notna(), None)
    assert sorted(shifts.values.tolist(), key=str) == [
        ["1001", None, None, 100.0, 0, 0.0],
        ["Cellar", None, "desk", None, 0, 0.0],  # there before the log, and after it
        ["Kitchen", "SIP/30", "desk", 500.0, 2, 112.0],
        ["SIP/40", "SIP/40", "sales", None, 1, 0.0],
    ]
    found = measures.pauses_by_reason(past.pauses.dropna(subset="end"))
    assert found["seconds"].tolist() == [100.0, 12.0]
    assert found["reason"].tolist()[0] == "lunch"
    agents = measures.agents(past.visits, sessions=past.sessions, pauses=past.pauses)
    kitchen = agents.set_index("agent").loc["Kitchen"]
    assert (kitchen["wrapup"], kitchen["aht"], kitchen["paused"]) == (12, 72, 100)
    assert kitchen["occupancy"] == pytest.approx(72 / 400)
    assert past.report().agents.equals(agents)
    assert past.bad["reason"].tolist() == ["PAUSE of nobody"]


def test_an_agent_who_comes_to_a_queue_where_he_is_already_stays_there(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        """1780308000|MANAGER|desk|Ann|ADDMEMBER|
1780308100|MANAGER|desk|Ann|ADDMEMBER|
1780308300|MANAGER|desk|Ann|REMOVEMEMBER|
""",
        "queue_log",
    )
    past = history(path)
    assert past.sessions["seconds"].tolist() == [300.0]
    assert past.report().agents["logged_in"].tolist() == [300.0]


def cel(kind: str, at: float, channel: str, uniqueid: str, linkedid: str, **more: str) -> str:
    """Return a line of cel_custom."""
    known = {"exten": "200", "cid_num": "100", "appname": "", "appdata": "", "extra": ""} | more
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n").writerow(
        [kind, f"{1_780_308_000 + at:.6f}", "Door", known["cid_num"], "", "", "", known["exten"],
         "phones", channel, known["appname"], known["appdata"], "3", "", uniqueid, linkedid, "",
         "", "", known["extra"]]
    )  # fmt: skip
    return text.getvalue()


def test_a_talk_through_local_channels_is_seen_and_a_wait_is_known(tmp_path: Path) -> None:
    a, local, b = "PJSIP/1-00000001", "Local/2@x-00000001", "PJSIP/2-00000002"
    one, two = '{"bridge_id":"one"}', '{"bridge_id":"two"}'
    queue = {"appname": "Queue", "appdata": "support,t"}
    path = write(
        tmp_path,
        cel("CHAN_START", 0, a, "1780308000.1", "1780308000.1")
        + cel("APP_START", 1, a, "1780308000.1", "1780308000.1", **queue)
        + cel("CHAN_START", 2, f"{local};1", "1780308002.2", "1780308000.1")
        + cel("CHAN_START", 2, f"{local};2", "1780308002.3", "1780308000.1")
        + cel("CHAN_START", 2, b, "1780308002.4", "1780308000.1", cid_num="2")
        + cel("ANSWER", 6, b, "1780308002.4", "1780308000.1", cid_num="2")
        + cel("BRIDGE_ENTER", 7, b, "1780308002.4", "1780308000.1", extra=two)
        + cel("BRIDGE_ENTER", 7, f"{local};2", "1780308002.3", "1780308000.1", extra=two)
        + cel("BRIDGE_ENTER", 8, f"{local};1", "1780308002.2", "1780308000.1", extra=one)
        + cel("BRIDGE_ENTER", 9, a, "1780308000.1", "1780308000.1", extra=one)
        + cel("BRIDGE_EXIT", 20, a, "1780308000.1", "1780308000.1", extra=one)
        + "".join(
            cel(kind, 20, name, uniqueid, "1780308000.1")
            for name, uniqueid in (
                (a, "1780308000.1"), (f"{local};1", "1780308002.2"),
                (f"{local};2", "1780308002.3"), (b, "1780308002.4"),
            )
            for kind in ("HANGUP", "CHAN_END")
        ),
    )  # fmt: skip
    (call,) = history(path).calls.to_dict("records")
    assert (call["talk"], call["wait"], call["ring"]) == (11, 8, 4)
    assert (call["queue"], call["answered_by"], call["legs"]) == ("support", "2", 2)
    assert pd.isna(call["hangup_by"])


def test_a_call_that_is_still_up_has_no_end(tmp_path: Path) -> None:
    path = write(tmp_path, cel("CHAN_START", 0, "PJSIP/1-00000001", "1780308000.1", "1780308000.1"))
    (call,) = history(path).calls.to_dict("records")
    assert pd.isna(call["end"])
    assert pd.isna(call["billsec"])
    assert pd.isna(call["disposition"])


def test_an_event_of_no_known_kind_is_bad(tmp_path: Path) -> None:
    start = cel("CHAN_START", 0, "PJSIP/1-00000001", "1780308000.1", "1780308000.1")
    past = history(write(tmp_path, start + start.replace("CHAN_START", "TELEPATHY")))
    assert past.bad_count == 1


# --- archives of ours, and what is nothing -------------------------------------------------------


@pytest.mark.parametrize("an_event", [1, 1 << 40], ids=["in memory", "on DuckDB"])
@pytest.mark.parametrize("place", ["{}/archive", "file://{}/archive", "memory://{}/archive"])
def test_an_archive_gives_the_calls_that_its_events_give(
    tmp_path: Path, place: str, an_event: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setattr(memory, "AN_EVENT", an_event)  # so that they fit in memory, or do not
    place = place.format(tmp_path)
    record = Record("ast")
    record.to(place)
    frame = pd.read_parquet(FIXTURES / "asterisk22" / "events.parquet")
    begin = int(frame["event"].eq("QueueCallerJoin").to_numpy().argmax()) - 200
    members = ("QueueMemberAdded", "QueueMemberPause", "QueueMemberRemoved")
    near = frame.index.isin(range(begin, begin + 1500))
    frame = frame[near | frame["event"].isin(members)]
    own = ("received", "time", "server")
    for row in frame.to_dict("records"):
        stamp = row["time"].timestamp()
        headers = "".join(
            f"\r\n{key}: {value}"
            for key, value in row.items()
            if key not in (*own, "event") and not pd.isna(value)
        )
        text = f"Event: {row['event']}\r\nTimestamp: {stamp:.6f}{headers}"
        record.add([text], row["received"].value // 1000)
    live = from_events(record.frame())
    record.close()
    past = history(place)
    assert past.kind == "events"
    assert past.records == len(frame)
    pd.testing.assert_frame_equal(past.calls, live, check_dtype=False)
    assert isinstance(past.frame, pd.DataFrame) == (an_event == 1)
    assert len(past) == len(live)
    pd.testing.assert_frame_equal(past.visits, visits(record.frame()), check_dtype=False)
    pd.testing.assert_frame_equal(past.sessions, agent_sessions(record.frame()))
    pd.testing.assert_frame_equal(past.pauses, agent_pauses(record.frame()))
    assert past.sessions["pauses"].tolist() == [0, 0, 2]
    since = live["start"].dropna().iloc[2].to_pydatetime()
    page = past.report(tz="UTC", since=since)
    late = live[live["start"] >= since]
    pd.testing.assert_frame_equal(page.summary, measures.summary(late))
    apart = archive_calls(place, since=frame["received"].iloc[700])
    assert 0 < len(apart) < len(live)


def test_calls_of_a_url_leave_nothing_else_on_the_connection_that_is_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    place = f"memory://{tmp_path}"
    record = Record("ast")
    record.to(place)
    record.add(["Event: Newchannel\r\nUniqueid: 1.1\r\nLinkedid: 1.1\r\nChannel: SIP/1-1"], 1)
    record.close()
    with duckdb.connect() as connection:
        connection.sql("CREATE TEMP TABLE archived AS SELECT 42 AS mine")
        assert len(archive_calls(place, connection=connection)) == 1
        assert connection.table("archived").fetchall() == [(42,)]
        tables = connection.sql("SELECT table_name FROM duckdb_tables()").fetchall()
        assert sum(len(connection.table(name)) for (name,) in tables) == 2


def test_the_room_is_what_the_system_or_a_container_has_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = memory.available()
    assert memory.fits(free // memory.AN_EVENT // 10)
    assert not memory.fits(free // memory.AN_EVENT * 10)
    for name, number in (("_LIMIT", 3_000_000), ("_TAKEN", 1_000_000)):
        (tmp_path / name).write_text(str(number))
        monkeypatch.setattr(memory, name, tmp_path / name)
    assert memory.available() == 2_000_000
    (tmp_path / "_LIMIT").write_text("max")
    assert memory.available() > 2_000_000


def test_what_a_killed_process_left_on_disk_goes_with_the_next_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(memory, "AT_MOST", 50_000_000)
    fill = "import os, signal; from ast_notebook.calls import memory; memory.AT_MOST = 50_000_000; "
    fill += f"connection = memory.connect(); connection.sql({MUCH!r}); "
    fill += "os.kill(os.getpid(), signal.SIGKILL)"
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    subprocess.run([sys.executable, "-c", fill], env=environment, check=False)
    (left,) = tmp_path.iterdir()
    connection = memory.connect()
    connection.sql(MUCH)
    (mine,) = tmp_path.iterdir()
    assert mine != left
    other = memory.connect()
    assert list(tmp_path.iterdir()) == [mine]
    other.close()
    connection.close()
    assert not list(tmp_path.iterdir())


def test_a_benchmark_that_is_ended_leaves_nothing_on_disk(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.bench.calls", "--events", "50000"]
    with subprocess.Popen(command, env={**os.environ, "TMPDIR": str(tmp_path)}) as running:
        (child,) = eventually(psutil.Process(running.pid).children, 60)
        running.terminate()
    assert running.returncode == 128 + signal.SIGTERM
    assert not child.is_running()
    assert not list(tmp_path.iterdir())


def test_what_is_nothing_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "log" / "cdr-csv").mkdir(parents=True)
    (tmp_path / "log" / "cdr-csv" / "Master.csv").write_text(line())
    for place, words in (
        (tmp_path / "nowhere", "there is no"),
        (tmp_path, "no archive"),
        (tmp_path / "log", "cdr-csv/Master.csv"),
        (write(tmp_path, "", "empty"), "is empty"),
        (write(tmp_path, "a,b,c\n", "other"), "columns="),
    ):
        with pytest.raises(ConfError, match=words):
            history(place)
