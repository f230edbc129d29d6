"""CDR, CEL and queue_log as tables of a database."""

from __future__ import annotations

import csv
import sqlite3
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pytest

from ast_notebook.calls.history import history
from ast_notebook.errors import ConfError
from tests.support.past import moment
from tests.support.paths import HISTORY


def table(folder: Path, name: str, columns: str, rows: Sequence[tuple[object, ...]]) -> str:
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
    with (HISTORY / "asterisk16-cel.csv").open() as file:
        rows = [tuple(row) for row in csv.reader(file)]
    url = table(tmp_path, "events_of_channels", names.replace(" ", ","), rows)
    assert history(url).calls["disposition"].tolist() == ["ANSWERED", "BUSY", "IVR", "CANCELLED"]
    numbers = {"CHAN_START": 1, "CHAN_END": 2, "HANGUP": 3, "ANSWER": 4, "APP_START": 5}
    numbers |= {"APP_END": 6, "BRIDGE_ENTER": 7, "BRIDGE_EXIT": 8, "LINKEDID_END": 14}
    (tmp_path / "numbered").mkdir()
    numbered = [(numbers[kind], *others) for kind, *others in rows]
    by_number = table(tmp_path / "numbered", "cel", names.replace(" ", ","), numbered)
    pd.testing.assert_frame_equal(history(by_number).calls, history(url).calls)
    log = (HISTORY / "asterisk22-queue_log").read_text().splitlines()
    entries = [tuple((one.split("|") + [""] * 10)[:10]) for one in log]
    columns = "time,callid,queuename,agent,event,data1,data2,data3,data4,data5"
    table(tmp_path, "queue_log", columns, entries)
    with pytest.raises(ConfError, match="several tables of calls"):
        history(url)
    by_table = history(url, kind="queue_log").calls
    by_file = history(HISTORY / "asterisk22-queue_log").calls
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
