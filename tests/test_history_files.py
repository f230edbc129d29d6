"""Files of calls as they are found: whoever wrote them, and whatever has happened to them since."""

from __future__ import annotations

import bz2
import csv
import gzip
import json
import lzma
import random
import zlib
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ast_notebook.calls.history import files as history_files
from ast_notebook.calls.history import history
from ast_notebook.calls.history.columns import KNOWN
from ast_notebook.calls.history.dialect import FORMS, Form, OpenQuote, fields, loosely
from ast_notebook.errors import ConfError
from tests.logs import ENTRIES, ENTRY, NAMES, ROW, csv_of, row, write

CEL_NAMES = [*KNOWN["cel"][:20]]


def cel(kind: str, second: int, name: str = "Nora") -> list[str]:
    """Return an event of somebody who listens to an announcement."""
    return [
        kind, f"{1780308000 + second}.000000", name, "6101", "6101", "", "", "941", "phones",
        "PJSIP/6101-00000001", "Playback", "hello", "3", "", "1780308000.1", "1780308000.1",
        "", "", "", "",
    ]  # fmt: skip


def told(folder: Path, text: str | bytes, **more: Any) -> tuple[Any, ...]:
    """Return who called whom, what became of it, and the seconds, of a file of one call."""
    past = history(write(folder, text), tz="UTC", **more)
    assert past.bad_count == 0, past.bad
    (call,) = past.calls.to_dict("records")
    assert call["start"] == pd.Timestamp("2026-06-01 10:00", tz="UTC")
    return call["caller"], call["dialled"], call["disposition"], call["billsec"]


RIGHT = ("6101", "6102", "ANSWERED", 6.0)


# --- separators, quotes, letters and packing -----------------------------------------------------


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("quoting", [csv.QUOTE_ALL, csv.QUOTE_MINIMAL])
def test_any_separator_and_quote_is_told_from_the_lines(
    tmp_path: Path, form: Form, quoting: int
) -> None:
    text = csv_of([NAMES, row()], form.separator, quoting, quote=form.quote)
    assert told(tmp_path, text) == RIGHT


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\r\r\n"])
def test_lines_may_end_in_any_way(tmp_path: Path, end: str) -> None:
    assert told(tmp_path, csv_of([NAMES, row()], end=end)) == RIGHT


@pytest.mark.parametrize(
    "dressed",
    [
        lambda text: b"\xef\xbb\xbf" + text.encode(),
        lambda text: ("\ufeff" + text).encode("utf-16-le"),
        lambda text: ("\ufeff" + text).encode("utf-16-be"),
        lambda text: b"sep=,\r\n" + text.encode(),
        lambda text: gzip.compress(text.encode()) + b"\0" * 512,
        lambda text: bz2.compress(text.encode()),
        lambda text: lzma.compress(text.encode()),
        lambda text: gzip.compress(text[:50].encode()) + gzip.compress(text[50:].encode()),
    ],
)
def test_what_spreadsheets_and_log_rotation_make_of_a_file_is_read(
    tmp_path: Path, dressed: Any
) -> None:
    assert told(tmp_path, dressed(csv_of([NAMES, row()]))) == RIGHT


def test_lines_of_names_and_empty_fields_at_the_end_are_no_bad_records(tmp_path: Path) -> None:
    named = ["Call Date", " CLID", "Src", "DST", "D Context", *NAMES[5:]]
    rows = [named, [*row(), "", ""], NAMES, [*row(5), ""], NAMES]
    past = history(write(tmp_path, csv_of(rows)), tz="UTC")
    assert (len(past.calls), past.records, past.bad_count) == (2, 2, 0)


@given(st.lists(st.text(st.characters(exclude_characters="\0", codec="utf-8")), min_size=1))
def test_fields_are_read_as_pythons_csv_reads_them(record: list[str]) -> None:
    for form in FORMS:
        text = csv_of([record], form.separator, csv.QUOTE_ALL, "", form.quote)
        assert fields(text, form) == record


# --- quotes that are not as they should be -------------------------------------------------------


def test_a_report_that_quotes_only_fields_with_commas_is_read(tmp_path: Path) -> None:
    lines = [
        '2026-06-01 10:00:00,"Nora" <6101>,6101,6102,phones,PJSIP/6101-000000c4,'
        'PJSIP/6102-000000c5,Dial,"PJSIP/6102,60,r",8,6,ANSWERED,3,,1780308000.1,',
        '2026-06-01 10:05:00,""Quist, Nora" <6101>",6101,6102,phones,PJSIP/6101-000000c6,'
        'PJSIP/6102-000000c7,Dial,"PJSIP/6102,60,r",18,16,ANSWERED,3,,1780308300.2,"a, "b""',
        '2026-06-01 10:10:00,"" <6101>,6101,900,phones,PJSIP/6101-000000c8,'
        ',VoiceMail,"6103@default,u",9,8,ANSWERED,3,,1780308600.3,',
        '2026-06-01 10:15:00,6101,6101,0,phones,Local/0@phones-00000010;2,,,,0,0,NO ANSWER,3,,'
        "1780308900.4,",
    ]  # fmt: skip
    past = history(write(tmp_path, "\n".join([",".join(NAMES), *lines])), tz="UTC")
    assert past.bad_count == 0
    assert past.calls["disposition"].tolist() == ["ANSWERED", "ANSWERED", "VOICEMAIL", "NO ANSWER"]
    assert past.calls["caller_name"].fillna("").tolist()[:2] == ["Nora", "Quist, Nora"]
    assert past.calls["billsec"].sum() == 30


def test_commas_that_nothing_encloses_are_those_of_the_applications_data(tmp_path: Path) -> None:
    text = csv_of([NAMES]) + ",".join(row()) + "\n"
    assert told(tmp_path, text) == RIGHT


def test_quotes_behind_backslashes_are_those_of_a_database(tmp_path: Path) -> None:
    quoted = [f'"{one}"' for one in row(clid=r"\"Quist, Nora\" <6101>", lastdata=r"a\"b,c\\d")]
    text = ",".join(quoted) + "\n"
    assert told(tmp_path, text, columns=NAMES) == RIGHT
    past = history(tmp_path / "Master.csv", tz="UTC", columns=NAMES)
    assert past.calls["caller_name"].tolist() == ["Quist, Nora"]


@pytest.mark.parametrize(
    "damaged",
    [
        lambda line: line.replace('"phones"', '"phones'),
        lambda line: line.replace('"phones"', '"pho"nes"'),
        lambda line: line.replace('"phones"', '"pho"nes""'),
        lambda line: line.replace('"6102"', "61\r02"),
        lambda line: line.replace('"Dial"', f'"{"x" * 140_000}"'),
        lambda line: line.replace('"Dial"', f'"{"x" * 3_000_000}"'),
        lambda line: line.replace("2026-06-01", "0001-01-01"),
        lambda line: line.replace("2026-06-01", "9999-12-31"),
    ],
)
def test_a_damaged_record_costs_itself_and_nothing_around_it(tmp_path: Path, damaged: Any) -> None:
    lines = csv_of((row(number) for number in range(400)), quoting=csv.QUOTE_ALL).splitlines()
    lines[7] = damaged(lines[7])
    text = csv_of([NAMES]) + "\n".join(lines)
    for zone in ("Europe/Berlin", "America/New_York"):
        with pytest.warns(UserWarning, match="does not fit"):
            past = history(write(tmp_path, text), tz=zone)
        assert (len(past.calls), past.bad_count, past.records) == (399, 1, 400)
        assert past.bad["line"].tolist() == [9]


@pytest.mark.parametrize("lines", [1, 3, 250])
def test_a_record_may_take_several_lines(tmp_path: Path, lines: int) -> None:
    note = "one\n" * lines + "\n\nend"
    rows = [row(1), row(2, clid='"Nora\nQuist" <6101>'), row(3, userfield=note), row(4)]
    for quoting in (csv.QUOTE_ALL, csv.QUOTE_MINIMAL):
        for end in ("\n", "\r\n"):
            text = csv_of([NAMES, *rows], quoting=quoting, end=end)
            past = history(write(tmp_path, text), tz="UTC")
            assert (len(past.calls), past.records, past.bad_count) == (4, 4, 0)


def test_events_may_take_several_lines_and_are_told_all_the_same(tmp_path: Path) -> None:
    kinds = {"CHAN_START": 0, "ANSWER": 1, "HANGUP": 3, "CHAN_END": 3}
    events = [cel(kind, second, "Nora\nQuist") for kind, second in kinds.items()]
    past = history(write(tmp_path, csv_of(events, quoting=csv.QUOTE_ALL)))
    assert (past.kind, len(past.calls), past.bad_count) == ("cel", 1, 0)
    past = history(write(tmp_path, csv_of([CEL_NAMES, *events], ";")))
    assert (past.kind, len(past.calls), past.bad_count) == ("cel", 1, 0)


def test_an_open_quote_takes_no_good_records_with_it(tmp_path: Path) -> None:
    lines = csv_of((row(number) for number in range(50)), quoting=csv.QUOTE_ALL).splitlines()
    for place in (3, 4, 9, 49):
        lines[place] = lines[place].replace('"phones"', '"phones')
    past = history(write(tmp_path, csv_of([NAMES]) + "\n".join(lines)), tz="UTC")
    assert (len(past.calls), past.bad_count) == (46, 4)


@given(st.text(st.sampled_from('",\\a \n'), max_size=40))
def test_reading_loosely_ends_whatever_the_quotes_are(text: str) -> None:
    form = FORMS[0]
    found = loosely(text, form, lambda some: len(some) == 3)
    assert found is None or len(found) == 3
    try:
        fields(text, form)
    except OpenQuote:
        assert text.count('"') % 2
    except ValueError:
        pass


# --- damaged on the disk -------------------------------------------------------------------------


def test_what_can_be_unpacked_of_a_damaged_file_is_read(tmp_path: Path) -> None:
    chance = random.Random(7)
    rows = [row(number, userfield=f"{chance.random()}") for number in range(400)]
    packed = gzip.compress(csv_of([NAMES, *rows]).encode())
    most = 0
    for place in range(60, len(packed) - 10, len(packed) // 12):
        damaged = bytearray(packed)
        damaged[place] ^= 16
        past = history(write(tmp_path, bytes(damaged), "cdr.csv.gz"), tz="UTC", kind="cdr")
        assert past.bad_count >= 1
        assert past.bad["reason"].str.contains("ends badly").sum() <= 1
        most = max(most, len(past.calls))
    assert most > 200
    cut = history(write(tmp_path, packed[: len(packed) // 2], "cdr.csv.gz"), tz="UTC")
    assert len(cut.calls) > 150
    assert "ends badly" in cut.bad["reason"].iloc[-1]


def bomb(kind: str, size: int) -> bytes:
    """Pack a good file, and behind it so many bytes in which no line ends."""
    make = {
        "bz2": bz2.BZ2Compressor,
        "xz": lzma.LZMACompressor,
        "gz": lambda: zlib.compressobj(wbits=31),
    }
    machine = make[kind]()
    zeros = bytes(1 << 22)
    parts = [machine.compress(f"{csv_of([NAMES, row()])}".encode())]
    parts += [machine.compress(zeros) for _ in range(size // len(zeros))]
    return b"".join([*parts, machine.flush()])


@pytest.mark.parametrize("kind", ["bz2", "xz", "gz"])
def test_a_small_file_that_is_large_unpacked_takes_no_more_memory(
    tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    packed = bomb(kind, 5 << 25)
    assert len(packed) < 1 << 19
    blocks: list[int] = []
    unpacked = history_files._unpacked

    def measured(*given: Any) -> Any:
        for block in unpacked(*given):
            blocks.append(len(block))
            yield block

    monkeypatch.setattr(history_files, "_unpacked", measured)
    past = history(write(tmp_path, packed, f"cdr.csv.{kind}"), tz="UTC")
    assert len(past.calls) == 1
    assert past.bad_count == 1
    assert "the rest is not read" in past.bad["reason"].iloc[0]
    assert max(blocks) <= 1 << 20
    assert sum(blocks) < 5 << 25  # though it was read twice


@pytest.mark.parametrize("kind", ["bz2", "xz", "gz"])
def test_all_of_a_packed_file_is_read(tmp_path: Path, kind: str) -> None:
    lines = [[*row(number % 60)[:-1], f"{number}"] for number in range(9000)]
    text = csv_of([NAMES, *lines]).encode()
    pack = {"bz2": bz2.compress, "xz": lzma.compress, "gz": gzip.compress}[kind]
    twice = pack(text) + pack(csv_of([row(number) for number in range(10)]).encode())
    assert len(text) > 1 << 20
    past = history(write(tmp_path, twice, f"cdr.csv.{kind}"), tz="UTC")
    assert (past.records, past.bad_count) == (9010, 0)


def test_what_takes_too_much_to_unpack_is_refused_and_told(tmp_path: Path) -> None:
    packed = bytearray(lzma.compress(csv_of([NAMES, row()]).encode()))
    # The size of the dictionary is a byte of the block's header, which has a checksum.
    place = 12 + 4
    packed[place] = 40
    packed[20:24] = zlib.crc32(bytes(packed[12:20])).to_bytes(4, "little")
    with pytest.raises(ConfError, match=r"no line .* can be read.*[Mm]emory"):
        history(write(tmp_path, bytes(packed), "cdr.csv.xz"), tz="UTC")


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


def test_columns_are_named_by_the_names_that_they_have(tmp_path: Path) -> None:
    names = ["Quien", "Cuando", "Adonde", "Cuanto", "Hablado", "Canal", "Destino", "Como"]
    values = ["6101", "2026-06-01 10:00:00", "6102", "8", "6", "PJSIP/6101-00000001"]
    text = csv_of([names, [*values, "PJSIP/6102-00000002", "ANSWERED"]], ";")
    ours = ["src", "start", "dst", "duration", "billsec", "channel", "dstchannel", "disposition"]
    known = dict(zip(names, ours, strict=True))
    assert told(tmp_path, text, columns=known) == RIGHT
    with pytest.raises(ConfError, match=r"Quien, Cuando, .* is start, disposition.*columns="):
        history(tmp_path / "Master.csv", tz="UTC")
    with pytest.raises(ConfError, match=r"is disposition: say so by columns="):
        history(tmp_path / "Master.csv", tz="UTC", columns={"Cuando": "start", "Cuanto": "end"})
    with pytest.raises(ConfError, match="has no column Nadie: it has Quien"):
        history(tmp_path / "Master.csv", tz="UTC", columns=known | {"Nadie": "src"})
    with pytest.raises(ConfError, match="list of names, or a mapping"):
        history(tmp_path / "Master.csv", columns="src dst")


@pytest.mark.parametrize(
    ("duration", "billsec", "seconds"),
    [
        ("0:01:08", "00:01:06", 66),
        ("68s (1m 8s)", "66 s", 66),
        ("1,234", "1,230", 1230),
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
    record = {name: value for name, value in ROW.items() if name != "calldate"}
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
        (b"\x28\xb5\x2f\xfd....", "unpack it by zstd"),
        (b"\xd4\xc3\xb2\xa1....", "capture of packets"),
        ("[2026-06-01 10:00:00] Event: Hangup\n", "something before them"),
        ("hello\nworld\n", "nothing that PBXs write"),
        (bytes(range(256)) * 99, "nothing that PBXs write"),
        ("x\n" * 5000, "nothing that PBXs write"),
        ("1,2,3,4\n" * 9, r"name its 4 columns in their order by columns="),
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
