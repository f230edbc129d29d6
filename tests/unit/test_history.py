"""Calls of CDR and CEL that real PBXs wrote: their lines, and which of them are one call."""

from __future__ import annotations

import csv
import gzip
import io
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ast_notebook.calls.frames import COLUMNS
from ast_notebook.calls.history import history
from ast_notebook.calls.history.dialect import fields
from ast_notebook.errors import ConfError
from ast_notebook.show import NO_MATH
from tests.support.past import line, moment, write
from tests.support.paths import HISTORY

VERSIONS = (16, 22)
#: What was played for each sample: a talk, somebody busy, an announcement, a caller who gave up.
CALLERS = ["2222", "30", "30", "2222"]
DIALLED = ["200", "240", "601", "200"]


# --- samples of real Asterisks -------------------------------------------------------------------


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", ["cdr.csv", "custom.csv"])
def test_a_real_cdr_gives_the_calls_that_were_made(version: int, name: str) -> None:
    past = history(HISTORY / f"asterisk{version}-{name}", tz="UTC", server="berlin")
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
    calls = history(HISTORY / f"asterisk{version}-cel.csv").calls
    assert calls["caller"].tolist() == CALLERS
    assert calls["dialled"].tolist() == DIALLED
    assert calls["disposition"].tolist() == ["ANSWERED", "BUSY", "IVR", "CANCELLED"]
    assert calls["legs"].tolist() == [2, 2, 1, 2]
    assert calls["hangup_by"].tolist() == ["caller", "pbx", "pbx", "caller"]
    assert calls["cause"].tolist()[:2] == [16, 17]
    assert 0.5 <= calls["talk"][0] <= 2.5


def test_columns_of_ones_own_are_named_by_the_user() -> None:
    names = ["start", "src", "dst", "channel", "dstchannel", "duration", "billsec"]
    names += ["disposition", "linkedid", "uniqueid"]
    path = HISTORY / "asterisk22-bare.csv"
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
    with pytest.warns(UserWarning, match="1 record repeats an earlier"):
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
    with pytest.warns(UserWarning, match="records repeat an earlier"):
        assert "is damaged" in history(cut, tz="UTC").bad["reason"].iloc[-1]


@given(st.lists(st.text(st.characters(exclude_characters="\r\n\0", codec="utf-8")), min_size=2))
def test_whatever_is_quoted_comes_back(record: list[str]) -> None:
    for quoting in (csv.QUOTE_ALL, csv.QUOTE_MINIMAL):
        text = io.StringIO()
        csv.writer(text, quoting=quoting, lineterminator="").writerow(record)
        assert fields(text.getvalue()) == record


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
