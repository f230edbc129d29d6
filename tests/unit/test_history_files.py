"""Files of calls as they are found: whoever wrote them, and whatever has happened to them since."""

from __future__ import annotations

import bz2
import csv
import gzip
import json
import lzma
import os
import zlib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ast_notebook.calls.history import columns, history, records
from ast_notebook.calls.history.columns import KNOWN
from ast_notebook.calls.history.dialect import FORMS, Form, OpenQuote, fields, loosely
from ast_notebook.errors import ConfError
from tests.support.log_files import RIGHT, told
from tests.support.logs import NAMES, csv_of, row, write

CEL_NAMES = [*KNOWN["cel"][:20]]


def cel(kind: str, second: int, name: str = "Nora") -> list[str]:
    """Return an event of somebody who listens to an announcement."""
    return [
        kind, f"{1780308000 + second}.000000", name, "6101", "6101", "", "", "941", "phones",
        "PJSIP/6101-00000001", "Playback", "hello", "3", "", "1780308000.1", "1780308000.1",
        "", "", "", "",
    ]  # fmt: skip


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
    "name", [r"\"Nora\nQuist\"", r"\"\nNora", r"Nora\n\"Q", r"No\"\n\"\n\"\n\"ra"]
)
def test_a_name_may_have_quotes_behind_backslashes_and_line_feeds(
    tmp_path: Path, name: str
) -> None:
    name = name.replace(r"\n", "\n")
    rows = [
        row(number, clid=f"{name} <6101>" if number == 3 else "Nora <6101>") for number in range(8)
    ]
    text = "\n".join(",".join(f'"{one}"' for one in each) for each in rows)
    past = history(write(tmp_path, text + "\n"), tz="UTC", columns=NAMES)
    assert (len(past.calls), past.records, past.bad_count) == (8, 8, 0)
    assert past.calls["caller_name"].str.contains("Nora|No").all()


def test_quotes_behind_backslashes_that_are_never_closed_cost_their_line_alone(
    tmp_path: Path,
) -> None:
    rows = [row(number, clid="Nora <6101>") for number in range(400)]
    lines = [",".join(f'"{one}"' for one in each) for each in rows]
    lines[7] = lines[7].replace('"Nora', r'"\"Nora\"').replace('<6101>"', "")
    past = history(write(tmp_path, "\n".join(lines) + "\n"), tz="UTC", columns=NAMES)
    assert (len(past.calls), past.bad["line"].tolist()) == (399, [8])


def test_lines_that_each_leave_a_quote_open_are_tried_together_twice_at_most(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tried = []
    parser = records.Separated("cdr", Form(), NAMES)
    parse = records.Separated.__call__
    monkeypatch.setattr(records.Separated, "__call__",
                        lambda own, text: tried.append(text) or parse(own, text))  # fmt: skip
    lines = [(number, r'"\"' if number % 2 else r'\""') for number in range(1, 61)]
    assert all(isinstance(one[2], ValueError) for one in records.records(lines, parser))
    assert len(tried) <= 3 * len(lines)


# --- more fields than a record has ---------------------------------------------------------------


@pytest.mark.parametrize("line", ["," * 100_000, "a;" * 100_000])
def test_a_line_of_very_many_fields_is_refused_without_looking_at_each(
    tmp_path: Path, line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[str] = []
    monkeypatch.setattr(columns, "plain", lambda name: looked.append(name) or name)
    monkeypatch.setattr(records, "plain", columns.plain)
    with pytest.raises(ConfError, match="more than 256 fields, which no record of a call has"):
        history(write(tmp_path, line + "\n"), tz="UTC")
    assert len(looked) < 10_000


@pytest.mark.parametrize("separator", [",", ";"])
def test_a_line_of_very_many_fields_is_one_bad_line(tmp_path: Path, separator: str) -> None:
    text = (
        csv_of([NAMES, row(1)], separator)
        + separator * 100_000
        + "\n"
        + csv_of([row(2)], separator)
    )
    past = history(write(tmp_path, text), tz="UTC")
    assert (len(past.calls), past.bad["line"].tolist()) == (2, [3])
    assert "more than 256 fields" in past.bad["reason"].iloc[0]


def test_an_object_of_very_many_names_is_one_bad_line(tmp_path: Path) -> None:
    wide = json.dumps({f"name{number}": number for number in range(1000)})
    good = [json.dumps(dict(zip(NAMES, row(number), strict=True))) for number in (1, 2)]
    past = history(write(tmp_path, "\n".join([good[0], wide, good[1]])), tz="UTC")
    assert (len(past.calls), past.bad["line"].tolist()) == (2, [2])
    assert "more than 256 fields" in past.bad["reason"].iloc[0]


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


# --- packed -------------------------------------------------------------------------------------


def test_what_takes_too_much_to_unpack_is_refused_and_told(tmp_path: Path) -> None:
    packed = bytearray(lzma.compress(csv_of([NAMES, row()]).encode()))
    # The size of the dictionary is a byte of the block's header, which has a checksum.
    place = 12 + 4
    packed[place] = 40
    packed[20:24] = zlib.crc32(bytes(packed[12:20])).to_bytes(4, "little")
    with pytest.raises(ConfError, match=r"no line .* can be read.*[Mm]emory"):
        history(write(tmp_path, bytes(packed), "cdr.csv.xz"), tz="UTC")


@pytest.mark.parametrize("content", ["no log of calls\n", csv_of([NAMES, row(9), ["bad"] * 5])])
def test_a_file_whose_name_is_no_text_keeps_no_other_from_being_read(
    tmp_path: Path, content: str
) -> None:
    (tmp_path / "Master.csv").write_text(csv_of([NAMES, row()]), encoding="utf-8")
    name = os.fsdecode(b"\xdcbersicht.csv")
    (tmp_path / name).write_text(content, encoding="utf-8")
    past = history(tmp_path, tz="UTC")
    assert len(past.calls) == 1 + content.count("ANSWERED")
    told = [*past.unread["file"], *past.bad.get("file", [])]
    assert any("\\udcdcbersicht.csv" in one for one in told)
    assert "\\udcdcbersicht.csv" in repr(past) or not len(past.unread)
    assert past._repr_html_().encode()


def test_a_kind_that_there_is_not_is_refused_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "Master.csv").write_text(csv_of([NAMES, row()]), encoding="utf-8")
    with pytest.raises(ConfError, match=r"no kind of log 'x': take cdr, cel, queue_log, events$"):
        history(tmp_path / "Master.csv", tz="UTC", kind="x")  # type: ignore[arg-type]
