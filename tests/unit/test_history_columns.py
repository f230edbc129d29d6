"""The columns of logs, queue_log as CSV, JSON, and what is refused."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from ast_notebook.calls.history import history
from ast_notebook.errors import ConfError
from tests.support.log_files import RIGHT, told
from tests.support.logs import ENTRIES, ENTRY, NAMES, ROW, csv_of, row, write

# --- columns -------------------------------------------------------------------------------------

UCM = [
    "Account Code", "Caller Number", "Callee Number", "Context", "Caller ID", "Source Channel",
    "Dest Channel", "Last app", "Last data", "Start Time", "Answer Time", "End Time", "Call Time",
    "Talk Time", "Call Status", "AMA Flags", "Unique ID", "Call Type", "Dest Channel Extension",
    "Caller Name", "Answered by", "Session", "Premier Caller", "Action Type", "Source Trunk Name",
    "Destination Trunk Name",
]  # fmt: skip
OF_UCM = [
    "", "6101", "6102", "from-internal", '"Nora" <6101>', "PJSIP/6101-000000c4",
    "PJSIP/6102-000000c5", "Dial", "PJSIP/6102,60", "2026-06-01 10:00:00",
    "2026-06-01 10:00:02", "2026-06-01 10:00:08", "0:00:08", "0:00:06", "ANSWERED",
    "DOCUMENTATION", "1780308000.1", "Internal", "6102", "Nora", "6102", "178030-1", "6101",
    "DIAL", "", "",
]  # fmt: skip


def test_the_columns_of_a_grandstream_are_known(tmp_path: Path) -> None:
    assert told(tmp_path, csv_of([UCM, OF_UCM])) == RIGHT


def test_a_line_of_names_is_no_bad_record_where_columns_are_named_in_their_order(
    tmp_path: Path,
) -> None:
    ours = "accountcode src dst dcontext clid channel dstchannel lastapp lastdata start answer end"
    ours += " duration billsec disposition amaflags uniqueid userfield a b c d e f g h"
    text = csv_of([[f"Column of {name}" for name in UCM], OF_UCM])
    assert told(tmp_path, text, columns=ours.split()) == RIGHT


def test_the_columns_of_a_yeastar_are_known(tmp_path: Path) -> None:
    names = ["ID", "Time", "Call From", "Call To", "Call Duration(s)", "Ring Duration(s)"]
    names += ["Talk Duration(s)", "Status", "Reason", "Source Trunk", "Destination Trunk"]
    values = ["1", "2026-06-01 10:00:00", "Nora<6101>", "6102", "8", "2", "0", "NO ANSWER"]
    text = csv_of([names, [*values, "", "", ""]])
    assert told(tmp_path, text)[:3] == ("6101", "6102", "NO ANSWER")
    values[-1] = "VOICEMAIL"
    text = csv_of([names, [*values, "", "", ""]])
    assert told(tmp_path, text)[:3] == ("6101", "6102", "VOICEMAIL")


def test_columns_are_named_by_the_names_that_they_have(tmp_path: Path) -> None:
    names = ["Quien", "Cuando", "Adonde", "Cuanto", "Hablado", "Canal", "Destino", "Como"]
    values = ["6101", "2026-06-01 10:00:00", "6102", "8", "6", "PJSIP/6101-00000001"]
    text = csv_of([names, [*values, "PJSIP/6102-00000002", "ANSWERED"]], ";")
    ours = ["src", "start", "dst", "duration", "billsec", "channel", "dstchannel", "disposition"]
    known = dict(zip(names, ours, strict=True))
    assert told(tmp_path, text, columns=known) == RIGHT
    with pytest.raises(ConfError, match=r"Quien, Cuando, .* is start, disposition.*columns="):
        history(tmp_path / "Master.csv", tz="UTC")
    with pytest.raises(ConfError, match=r"is disposition: map them"):
        history(tmp_path / "Master.csv", tz="UTC", columns={"Cuando": "start", "Cuanto": "end"})
    with pytest.raises(ConfError, match="has no column Nadie: it has Quien"):
        history(tmp_path / "Master.csv", tz="UTC", columns=known | {"Nadie": "src"})
    with pytest.raises(ConfError, match="list of names, or a mapping"):
        history(tmp_path / "Master.csv", columns="src dst")


@pytest.mark.parametrize(
    ("duration", "billsec", "seconds"),
    [
        ("0:01:08", "00:01:06", 66),
        ("01:08", "1:06", 66),
        ("68s (1m 8s)", "66 s", 66),
        ("68,500000", "66,250000", 66.25),
        ("68.5", "66", 66),
    ],
)
def test_seconds_are_read_as_reports_write_them(
    tmp_path: Path, duration: str, billsec: str, seconds: float
) -> None:
    text = csv_of([NAMES, row(duration=duration, billsec=billsec)], ";")
    assert told(tmp_path, text)[3] == seconds


@pytest.mark.parametrize("word", ["NULL", r"\N", "(NULL)", "[NULL]", "null", "  "])
@pytest.mark.parametrize("separator", [",", "\t"])
def test_words_for_nothing_are_nothing(tmp_path: Path, word: str, separator: str) -> None:
    rows = [
        [*row(n, dstchannel=word, lastapp="AGI", accountcode=word, userfield=word), word]
        for n in (0, 1)
    ]
    past = history(write(tmp_path, csv_of([[*NAMES, "linkedid"], *rows], separator)), tz="UTC")
    assert past.calls["disposition"].tolist() == ["IVR", "IVR"]
    assert past.calls["answered_by"].isna().all()
    entries = [[*entry, word] for entry in ENTRIES]
    entries[0][5] = word
    past = history(write(tmp_path, "\n".join(map("|".join, entries)), "queue_log"))
    assert past.calls["caller"].tolist() == ["6101"]


# --- queue_log as CSV, and JSON ------------------------------------------------------------------


@pytest.mark.parametrize(
    "rows",
    [
        ENTRIES,
        [ENTRY, *ENTRIES],
        [["id", *ENTRY], *(["7", *entry] for entry in ENTRIES)],
        [["7", "2026-06-01 10:00:00.000000", *entry[1:]] for entry in ENTRIES[:1]]
        + [["8", *entry] for entry in ENTRIES[1:]],
        [[*entry[:5], "|".join(entry[5:])] for entry in ENTRIES],
        [[*ENTRY[:5], "data"], *([*entry[:5], "|".join(entry[5:])] for entry in ENTRIES)],
        [
            ["partition", "time_id", "call_id", "queue", "agent", "verb", *ENTRY[5:]],
            *(["P001", *entry] for entry in ENTRIES),
        ],
    ],
)
def test_a_queue_log_is_read_out_of_a_tables_export(tmp_path: Path, rows: Any) -> None:
    for separator in ",;\t":
        for quoting in (csv.QUOTE_MINIMAL, csv.QUOTE_ALL):
            past = history(write(tmp_path, csv_of(rows, separator, quoting)), tz="UTC")
            (call,) = past.calls.to_dict("records")
            assert (past.kind, past.bad_count) == ("queue_log", 0)
            assert (call["caller"], call["queue"], call["talk"]) == ("6101", "orders", 60)
    if rows is ENTRIES:
        named = history(tmp_path / "Master.csv", kind="queue_log", columns=ENTRY)
        pd.testing.assert_frame_equal(named.calls, past.calls)


def test_lines_of_json_are_read_as_asterisk_22_writes_them(tmp_path: Path) -> None:
    record: dict[str, Any] = {name: value for name, value in ROW.items() if name != "calldate"}
    record |= {"My": "Literal", "start": ROW["calldate"], "duration": 8, "billsec": 6}
    text = json.dumps(record | {"accountcode": None, "sequence": 7})
    assert told(tmp_path, text) == RIGHT
    assert told(tmp_path, f"[{text}]") == RIGHT
    assert told(tmp_path, json.dumps([record], indent=2)) == RIGHT
    events = [
        {"eventtype": kind, "eventtime": 1780308000.0 + second, "name": "Nora", "num": "6101",
         "exten": "941", "channame": "PJSIP/6101-00000001", "appname": "Playback",
         "uniqueid": "1780308000.1", "linkedid": "1780308000.1", "eventextra": {"a": 1}}
        for kind, second in {"CHAN_START": 0, "ANSWER": 1, "HANGUP": 3, "CHAN_END": 3}.items()
    ]  # fmt: skip
    lines = [json.dumps(event) for event in events]
    past = history(write(tmp_path, "\n".join([*lines[:2], '{"eventtype": ', "{[", *lines[2:]])))
    assert (past.kind, len(past.calls), past.bad_count) == ("cel", 1, 2)
    assert past.calls["caller"].tolist() == ["6101"]


# --- refused -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("-- MySQL dump 10.13\n\nCREATE TABLE `cdr` (", "dump of SQL: load it into a database"),
        ("INSERT INTO `cdr` VALUES (1,2,3);\n", "dump of SQL"),
        ("PRAGMA foreign_keys=OFF;\nBEGIN TRANSACTION;\n", "dump of SQL"),
        ("<html><table><tr>\n", "page of HTML"),
        (b"PK\x03\x04....", "save its sheet as CSV"),
        (b"\x28\xb5\x2f\xfd....", "decompress it by zstd"),
        (b"\xd4\xc3\xb2\xa1....", "capture of packets"),
        ("[2026-06-01 10:00:00] Event: Hangup\n", "other text before them"),
        ("hello\nworld\n", "not records of calls as PBXs write"),
        (bytes(range(256)) * 99, "not records of calls as PBXs write"),
        ("x\n" * 5000, "not records of calls as PBXs write"),
        ("1,2,3,4\n" * 9, r"name its 4 columns in order by columns="),
    ],
)
def test_what_is_no_log_is_told_what_it_is_and_what_to_do(
    tmp_path: Path, content: str | bytes, words: str
) -> None:
    with pytest.raises(ConfError, match=words) as refused:
        history(write(tmp_path, content), tz="UTC")
    assert "\n" not in str(refused.value)
    assert ("columns=" in str(refused.value)) == ("columns=" in words)


def test_a_table_of_a_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfError, match="no database"):
        history(write(tmp_path, csv_of([NAMES, row()])), table="cdr")


def test_what_phpmyadmin_writes_around_rows_is_no_bad_record(tmp_path: Path) -> None:
    rows = [json.dumps(dict(zip(NAMES, row(n), strict=True))) for n in (0, 1)]
    text = '[\n{"type":"header","version":"5.1"},\n{"type":"database","name":"asteriskcdrdb"},\n'
    text += '{"type":"table","name":"cdr","database":"asteriskcdrdb","data":\n[\n'
    text += ",\n".join(rows) + "\n]\n}\n]\n"
    past = history(write(tmp_path, text), tz="UTC")
    assert (len(past.calls), past.bad_count) == (2, 0)


@pytest.mark.parametrize("around", ["{}", '{{"data": {}}}'])
def test_a_list_of_json_in_one_line_is_refused_with_what_makes_lines_of_it(
    tmp_path: Path, around: str
) -> None:
    rows = [dict(zip(NAMES, row(n), strict=True)) for n in (0, 1)]
    path = write(tmp_path, around.format(json.dumps(rows)))
    with pytest.raises(ConfError, match=r"in a line of its own, as written by jq -c '\.\[\]' FILE"):
        history(path, tz="UTC")
