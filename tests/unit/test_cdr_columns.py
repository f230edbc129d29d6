"""The columns of a CDR, whatever cdr.conf has set; its caller ids; and lines that are odd."""

from __future__ import annotations

import warnings
from pathlib import Path

import pytest

from ast_notebook.calls.history import history
from ast_notebook.calls.history.cdr_record import name_of
from ast_notebook.calls.history.result import History
from tests.support.cdr_lines import NAMES, at, calls, record, rows, text, uniqueid

ONE, OTHER = "PJSIP/200-00000002", "PJSIP/300-00000003"
DAHDI = "DAHDI/i1/100-1"  # a name that other channels get, too
#: Of two attempts for one caller, and of another call.
ATTEMPTS = (
    record(0, 5, "Dial", ONE, channel=DAHDI, said="NO ANSWER"),
    record(5, 30, "Dial", OTHER, channel=DAHDI, answer=7),
    record(60, 90, "Dial", "PJSIP/400-00000005", channel="DAHDI/i1/100-2", number=7, begun=60),
)


def chosen(fields: list[str], unique: bool, user: bool, new: bool) -> list[str]:
    """Return the fields that loguniqueid, loguserfield and newcdrcolumns leave."""
    return [
        *fields[:16],
        *fields[16:17][:unique],
        *fields[17:18][:user],
        *(fields[18:] if new else []),
    ]


def with_ids(ids: tuple[str, str], field: str = "") -> list[list[str]]:
    first, other = ids
    each = ((ATTEMPTS[0], first), (ATTEMPTS[1], first), (ATTEMPTS[2], other))
    return [[*fields[:16], own, field, "", own, "1"] for fields, own in each]


@pytest.mark.parametrize("field", ["", "a note", "vip"])
@pytest.mark.parametrize("unique", [True, False])
@pytest.mark.parametrize("user", [True, False])
@pytest.mark.parametrize("new", [True, False])
@pytest.mark.parametrize("header", [True, False])
def test_every_combination_of_columns_is_understood(
    tmp_path: Path, field: str, unique: bool, user: bool, new: bool, header: bool
) -> None:
    own = (uniqueid(0, 5), uniqueid(60, 9))
    lines = [chosen(fields, unique, user, new) for fields in with_ids(own, field)]
    if header:
        lines.insert(0, chosen(NAMES, unique, user, new))
    found = calls(tmp_path, *lines)
    if unique or new:
        assert rows(found, "call", "answered_by") == [(own[0], "300"), (own[1], "400")]
    else:
        assert len(found) == 3  # nothing ties the first two


@pytest.mark.parametrize(
    "own",
    [
        "1780308000.5", "north1-1780308000.5", "pbx-north-1780308000.5", "north-1780308000.5_x1",
        "door-7fa3c1-20", "door-7fa3c1-20;2", "5d2b7c1e-1111-2222-3333-444455556666", "7",
    ],
)  # fmt: skip
def test_a_uniqueid_may_be_any_text(tmp_path: Path, own: str) -> None:
    path = tmp_path / "Master.csv"
    path.write_text(text(fields[:17] for fields in with_ids((own, "other-1"))))
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        found = history(path, tz="UTC").calls
    assert found["call"].tolist() == [own, "other-1"]
    plain = own.endswith("1780308000.5")
    assert [str(one.message)[:15] for one in said] == ([] if plain else ["the last column"])
    for count in (18, 20, 21):
        kept = [fields[:17] + fields[-(count - 17) :] for fields in with_ids((own, "other-1"))]
        assert calls(tmp_path, *kept)["call"].tolist() == [own, "other-1"]


def test_what_several_channels_have_is_a_userfield(tmp_path: Path) -> None:
    lines = [fields[:17] for fields in with_ids(("vip", "vip"))]
    assert "vip" not in calls(tmp_path, *lines)["call"].tolist()


def test_a_user_who_names_the_columns_is_believed(tmp_path: Path) -> None:
    path = tmp_path / "Master.csv"
    path.write_text(text(fields[:17] for fields in with_ids(("a", "b"))))
    names = [*NAMES[:16], "userfield"]
    assert len(history(path, tz="UTC", columns=names)) == 3


# --- caller ids ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("clid", "name"),
    [
        ('"Door" <200>', "Door"),
        ("Door <200>", "Door"),
        ("<200>", None),
        ("200", None),
        ("+49 (30) 1234", None),
        ('"" <200>', None),
        ("", None),
        ("Door", "Door"),
        ('"Quist, Nora" <6101>', "Quist, Nora"),
        ('""Quist, Nora" <6101>"', "Quist, Nora"),
        ('""Door"" <200>', "Door"),
        (r'"Nora \"Q\" Quist" <6101>', 'Nora "Q" Quist'),
        ('"Nora ""Q"" Quist" <6101>', 'Nora "Q" Quist'),
        ('"Nora "Q" Quist" <6101>', 'Nora "Q" Quist'),
        (r'"O\'Neil" <1>', "O'Neil"),
        ('"a <b> c" <200>', "a <b> c"),
        ("<" * 50_000 + " " * 50_000, "<" * 50_000),
    ],
)
def test_a_name_keeps_neither_backslashes_nor_doubled_quotes(clid: str, name: str | None) -> None:
    assert name_of(clid) == name


def test_the_name_of_a_call_is_that_of_its_caller(tmp_path: Path) -> None:
    found = calls(tmp_path, record(0, 9, "Dial", ONE, clid=r'"Nora \"Q\" Quist" <100>'))
    assert rows(found, "caller", "caller_name") == [("100", 'Nora "Q" Quist')]


def test_freepbx_tells_the_number_that_was_dialled_from_outside(tmp_path: Path) -> None:
    line = record(0, 9, "Dial", ONE, src="", dst="200")
    path = tmp_path / "cdr.csv"
    path.write_text(text([[*NAMES, "did", "cnum", "cnam"], [*line, "493098765", "0301", "Nora"]]))
    found = history(path, tz="UTC").calls
    columns = ("caller", "caller_name", "dialled", "did", "answered_by")
    assert rows(found, *columns) == [("0301", "Nora", "493098765", "493098765", "200")]


# --- odd lines -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("billsec", "-1", "is negative"),
        ("billsec", "nan", "is not a number"),
        ("billsec", "many", "is not a number"),
        ("duration", "90000000", "longer than any call"),
        ("billsec", "100", "billsec is longer"),
        ("end", at(-5), "ends before"),
        ("answer", at(500), "answer is after its end"),
        ("start", "0000-00-00 00:00:00", "no start"),
        ("disposition", "PERHAPS", "disposition 'PERHAPS' is unknown"),
    ],
)
def test_an_odd_line_costs_itself(tmp_path: Path, name: str, value: str, reason: str) -> None:
    odd = record(0, 20, "Dial", ONE, answer=3)
    odd[NAMES.index(name)] = value
    path = tmp_path / "Master.csv"
    path.write_text(text([odd, record(60, 80, "Dial", OTHER, answer=63, number=4, begun=60)]))
    past = history(path, tz="UTC")
    assert rows(past.calls, "answered_by") == [("300",)]
    assert past.bad["line"].tolist() == [1]
    assert reason in past.bad["reason"][0]


def test_parts_of_seconds_are_kept(tmp_path: Path) -> None:
    line = record(0, 20, "Dial", ONE, answer=3)
    line[NAMES.index("billsec")] = "16.75"
    assert calls(tmp_path, line)["billsec"].tolist() == [16.75]


@pytest.mark.parametrize(
    ("app", "expected"), [("Dial", "ANSWERED"), ("VoiceMail", "VOICEMAIL"), (None, None)]
)
def test_without_the_other_channel_nobody_knows_who_talked(
    tmp_path: Path, app: str | None, expected: str | None
) -> None:
    names = ["calldate", "src", "dst", "duration", "billsec", "disposition", "lastapp"]
    path = tmp_path / "cdr.csv"
    fields = [at(0), "100", "200", "20", "16", "ANSWERED", app or ""]
    path.write_text(text([names, fields] if app else [names[:-1], fields[:-1]]))
    found = history(path, tz="UTC").calls
    assert rows(found, "disposition", "caller_device", "billsec") == [(expected, None, 16)]


# --- columns that are not there ------------------------------------------------------------------


def of_table(folder: Path, columns: str, *lines: str) -> History:
    """Return what a report gives that has these columns."""
    path = folder / "report.csv"
    path.write_text("\n".join((columns, *lines)))
    past = history(path, tz="UTC")
    assert past.bad_count == 0, past.bad["reason"].tolist()
    return past


WHO = "src,dst,channel,dstchannel,lastapp"
TWO = "100,200,PJSIP/100-00000001,PJSIP/200-00000002,Dial"


@pytest.mark.parametrize("said", ["ANSWERED", "NO ANSWER"])
def test_without_billsec_nobody_knows_when_it_was_answered(tmp_path: Path, said: str) -> None:
    past = of_table(tmp_path, f"calldate,{WHO},duration,disposition", f"{at(0)},{TWO},70,{said}")
    expected = [(said, None, None, "200" if said == "ANSWERED" else None)]
    assert rows(past.calls, "disposition", "billsec", "answered", "answered_by") == expected
    assert (past.calls["end"] - past.calls["start"]).dt.total_seconds().tolist() == [70]


def test_a_billsec_that_is_null_is_missing_and_the_answer_tells_it(tmp_path: Path) -> None:
    past = of_table(
        tmp_path,
        f"start,answer,end,{WHO},duration,billsec,disposition",
        f"{at(0)},NULL,{at(70)},{TWO},70,NULL,ANSWERED",
        f"{at(100)},{at(110)},{at(170)},{TWO},70,NULL,ANSWERED",
        f"{at(200)},NULL,{at(270)},{TWO},70,60,ANSWERED",
        f"{at(300)},NULL,{at(370)},{TWO},70,NULL,NO ANSWER",
    )
    assert rows(past.calls, "billsec") == [(None,), (60,), (60,), (0,)]
    assert past.calls["answered"].notna().tolist() == [False, True, True, False]


def test_the_reports_of_issabel_have_calls_without_an_end(tmp_path: Path) -> None:
    begin = int(float(uniqueid(0, 1)))
    past = of_table(
        tmp_path,
        '"Date","Source","Ring Group","Destination","Src. Channel","Account Code","Dst. Channel",'
        '"Status","Duration","UniqueID","Recording","Cnum","Cnam","Outbound Cnum","DID",'
        '"User field"',
        f'"{at(0)}","100","","200","SIP/100-00000001","","SIP/200-00000002","ANSWERED",'
        f'"68s (1m 8s)","{begin}.1","","100","Ann","","",""',
        f'"{at(600)}","100","","201","SIP/100-00000003","","SIP/201-00000004","NO ANSWER",'
        f'"0s","{begin + 600}.3","","100","Ann","","",""',
        # Of a call that was sent on nobody knows when it was up.
        f'"{at(900)}","100","","200","SIP/100-00000005","","SIP/200-00000006","ANSWERED",'
        f'"30s","{begin + 900}.5","","100","Ann","","",""',
        f'"{at(940)}","100","","300","SIP/100-00000005","","SIP/300-00000007","ANSWERED",'
        f'"20s","{begin + 900}.5","","100","Ann","","",""',
    )
    columns = ("caller", "dialled", "disposition", "answered_by", "billsec", "answered", "end")
    assert rows(past.calls, *columns) == [
        ("100", "200", "ANSWERED", "200", 68, None, None),
        ("100", "201", "NO ANSWER", None, 0, None, None),
        ("100", "200", "ANSWERED", "200", None, None, None),
    ]


def test_a_queue_without_an_end_may_have_timed_out(tmp_path: Path) -> None:
    line = f'{at(0)},100,600,PJSIP/100-00000001,,Queue,"600,t,,,30",10,ANSWERED'
    past = of_table(tmp_path, f"calldate,{WHO},lastdata,billsec,disposition", line)
    assert rows(past.calls, "disposition", "billsec", "end") == [(None, 10, None)]


@pytest.mark.parametrize("nothing", ["", "NULL"])
def test_nobody_knows_what_an_answered_line_without_channels_was(
    tmp_path: Path, nothing: str
) -> None:
    line = f"{at(0)},100,200,{nothing},{nothing},{nothing},70,60,ANSWERED"
    past = of_table(tmp_path, f"calldate,{WHO},duration,billsec,disposition", line)
    assert rows(past.calls, "disposition", "billsec") == [(None, 60)]


def test_arguments_that_bars_part_are_read_as_asterisk_1_4_writes_them(tmp_path: Path) -> None:
    found = calls(
        tmp_path,
        record(0, 25, "Queue", "Local/55@phones-1234,1", data="sales|t|||30"),
        record(
            0, 25, "Dial", "PJSIP/200-00000002", channel="Local/55@phones-1234,2",
            data="PJSIP/200|20", answer=5, number=3, linked=1,
        ),
    )  # fmt: skip
    assert rows(found, "queue", "disposition", "answered_by") == [("sales", "ANSWERED", "200")]
    late = calls(tmp_path, record(0, 30, "Queue", data="sales|t|||30"))
    assert rows(late, "queue", "disposition") == [("sales", "NO ANSWER")]
