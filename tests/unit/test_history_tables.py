"""Tables of calls as they are found: several of them, with columns that somebody else named."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from ast_notebook.calls.history import History, history, table
from ast_notebook.errors import ConfError
from tests.support.logs import ENTRIES, NAMES, csv_of, database, row, write

COLUMNS = ", ".join(NAMES)
#: The columns of cdr_sqlite3_custom.conf.sample and cel_sqlite3_custom.conf.sample.
CDR_SQLITE = (
    "calldate, clid, dcontext, channel, dstchannel, lastapp, lastdata, duration, billsec, "
    "disposition, amaflags, accountcode, uniqueid, userfield, test"
)
CEL_SQLITE = (
    "eventtype, eventtime, cidname, cidnum, cidani, cidrdnis, ciddnid, context, exten, channame, "
    "appname, appdata, amaflags, accountcode, uniqueid, userfield, peer, userdeftype, eventextra"
)


def only(past: Any) -> dict[str, Any]:
    assert past.bad_count == 0, past.bad
    (call,) = past.calls.to_dict("records")
    return call


def test_of_several_columns_for_one_thing_that_counts_which_has_a_value(tmp_path: Path) -> None:
    columns = f"start datetime, answer datetime, end datetime, {COLUMNS}"
    rows: list[list[object]] = [
        [None, None, None, *row()],
        ["2026-06-02 10:00:00", "", "NULL", *row(3, calldate="")],
    ]
    past = history(database(tmp_path, cdr=(columns, rows)), tz="UTC")
    assert [str(start)[:16] for start in past.calls["start"]] == [
        "2026-06-01 10:00",
        "2026-06-02 10:00",
    ]


def test_columns_of_a_table_are_named_in_their_order_or_by_their_names(tmp_path: Path) -> None:
    theirs = [f"x_{name}" for name in NAMES]
    path = database(tmp_path, phone_calls=(", ".join(theirs), [row()]), people=("id, name", []))
    given: tuple[dict[str, Any], ...] = ({}, {"table": "phone_calls"}, {"kind": "cdr"})
    for ours in (NAMES, dict(zip(theirs, NAMES, strict=True))):
        for more in given:
            call = only(history(path, tz="UTC", columns=ours, **more))
            assert (call["caller"], call["dialled"], call["billsec"]) == ("6101", "6102", 6)
    with pytest.raises(ConfError, match=r"no table of calls: it has people, phone_calls: .*table="):
        history(path, tz="UTC")
    with pytest.raises(ConfError, match=r"x_calldate, .* of the table phone_calls is start, "):
        history(path, tz="UTC", table="phone_calls")
    with pytest.raises(ConfError, match=r"columns= has 2 names, and the table .* 16 columns"):
        history(path, tz="UTC", table="phone_calls", columns=["src", "dst"])
    with pytest.raises(
        ConfError, match=r"the table phone_calls has no column nobody: it has x_calldate"
    ):
        history(path, tz="UTC", table="phone_calls", columns={"nobody": "src"})


def test_an_empty_table_is_not_taken_beside_filled_ones(tmp_path: Path) -> None:
    path = database(
        tmp_path,
        cdr=(COLUMNS, []),
        cdr_202604=(COLUMNS, [row()]),
        cdr_202605=(COLUMNS, [row(9)]),
    )
    with pytest.raises(ConfError, match=r"cdr_202604, cdr_202605: give table=.* columns="):
        history(path, tz="UTC")
    assert only(history(path, tz="UTC", table="cdr_202605"))["caller"] == "6101"
    (tmp_path / "one").mkdir()
    path = database(tmp_path / "one", cdr=(COLUMNS, []), calls=(COLUMNS, [row()]))
    assert only(history(path, tz="UTC"))["caller"] == "6101"
    (tmp_path / "none").mkdir()
    empty = history(database(tmp_path / "none", cdr=(COLUMNS, []), old=(COLUMNS, [])), tz="UTC")
    assert (empty.origin.endswith(" cdr"), len(empty.calls)) == (True, 0)


def test_the_usual_table_is_taken_and_the_others_are_named(tmp_path: Path) -> None:
    path = database(tmp_path, cdr=(COLUMNS, [row()]), cdr_2025=(COLUMNS, [row(9)]))
    with pytest.warns(UserWarning, match="cdr was read, and not cdr_2025"):
        past = history(path, tz="UTC")
    assert past.notes == ["the table cdr was read, and not cdr_2025: table=… names another one"]


def test_names_of_a_vendors_tables_are_known(tmp_path: Path) -> None:
    columns = "id, datetime, clid, src, dst, duration, billable, disposition, uniqueid"
    values = [1, "2026-06-01 10:00:00", "6101", "6101", "6102", 8, 0, "NO ANSWER", "1780308000.1"]
    call = only(history(database(tmp_path, calls=(columns, [values])), tz="UTC"))
    assert (call["caller"], call["disposition"]) == ("6101", "NO ANSWER")


def test_asterisks_own_tables_of_sqlite_are_read(tmp_path: Path) -> None:
    values = [row()[NAMES.index(name)] for name in CDR_SQLITE.split(", ")[:-1]]
    call = only(history(database(tmp_path, cdr=(CDR_SQLITE, [[*values, ""]])), tz="UTC"))
    assert (call["caller"], call["disposition"], call["answered_by"]) == (
        "6101",
        "ANSWERED",
        "6102",
    )
    (tmp_path / "cel").mkdir()
    kinds = {"CHAN_START": 0, "ANSWER": 1, "HANGUP": 3, "CHAN_END": 3}
    events = [
        [kind, f"2026-06-01 10:00:0{second}", "Nora", "6101", "", "", "", "phones", "941",
         "PJSIP/6101-00000001", "Playback", "hello", "3", "", "1780308000.1", "", "", "", ""]
        for kind, second in kinds.items()
    ]  # fmt: skip
    past = history(database(tmp_path / "cel", cel=(CEL_SQLITE, events)), tz="UTC")
    assert (past.kind, only(past)["caller"]) == ("cel", "6101")


@pytest.mark.parametrize(
    ("columns", "unused"),
    [
        ("time, callid, queuename, agent, event, data", 0),
        ("time, callid, queuename, agent, event, data, data1, data2, data3, data4, data5", 5),
        ("id, time, call_id, queue, agent, verb, data", 0),
        ("time, callid, qname, qagent, qevent, data", 0),
    ],
)
def test_a_realtime_queue_log_has_its_data_in_one_column(
    tmp_path: Path, columns: str, unused: int
) -> None:
    rows = [
        [*(["1"] if columns.startswith("id") else []), *entry[:5], "|".join(entry[5:])]
        + [None] * unused
        for entry in ENTRIES
    ]
    path = database(tmp_path, log_of_queues=(columns, rows))
    given: tuple[dict[str, Any], ...] = ({}, {"kind": "queue_log"}, {"table": "log_of_queues"})
    for more in given:
        call = only(history(path, tz="UTC", **more))
        assert (call["caller"], call["ring"], call["talk"]) == ("6101", 4, 60)


def test_words_and_bytes_of_a_table_are_what_they_stand_for(tmp_path: Path) -> None:
    rows: list[list[object]] = [
        [*row(n, dstchannel="NULL", lastapp="AGI", accountcode=r"\N"), None, "NULL"] for n in (0, 1)
    ]
    rows[0][NAMES.index("clid")] = b'"Nora" <6101>'
    path = database(tmp_path, cdr=(f"{COLUMNS}, note, linkedid", rows))
    past = history(path, tz="UTC")
    assert past.calls["disposition"].tolist() == ["IVR", "IVR"]
    assert past.calls["caller_name"].tolist() == ["Nora", "Nora"]


def test_texts_that_are_not_utf_8_and_odd_dates_cost_nothing_else(tmp_path: Path) -> None:
    odd = [row(n, calldate=when) for n, when in enumerate(("0001-01-01 00:00:00", "9999-12-31 1"))]
    path = database(tmp_path, cdr=(f"calldate datetime, {COLUMNS[10:]}", [*odd, row(2), row(3)]))
    with closing(sqlite3.connect(path)) as base, base:
        base.execute(
            "update cdr set clid = cast(x'224dfc6c6c65722220' || '<1>' as text) where uniqueid = ?",
            (row(3)[NAMES.index("uniqueid")],),
        )
    past = history(path, tz="UTC")
    assert (len(past.calls), past.bad_count) == (2, 2)
    assert past.calls["caller_name"].tolist() == ["Nora", "Müller"]


def test_a_database_whose_name_a_url_could_not_hold_is_read(tmp_path: Path) -> None:
    path = database(tmp_path, cdr=(COLUMNS, [row()]))
    odd = path.rename(tmp_path / "calls #1?x=%20.db")
    assert only(history(odd, tz="UTC"))["caller"] == "6101"
    with pytest.raises(ConfError, match="is a database"):
        history(odd, kind="events")


def test_a_table_is_read_as_the_file_that_was_exported_from_it(tmp_path: Path) -> None:
    rows = [row(n) for n in range(5)]
    table = history(database(tmp_path, cdr=(COLUMNS, rows)), tz="UTC")
    file = history(write(tmp_path, csv_of([NAMES, *rows], ";")), tz="UTC")
    pd.testing.assert_frame_equal(table.calls, file.calls)


ENDLESS = (
    "CREATE VIEW {} AS WITH RECURSIVE x(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM x) "
    "SELECT '2026-06-01 10:00:00' AS calldate, '1' AS src, '2' AS dst, 1 AS duration, "
    "1 AS billsec, 'ANSWERED' AS disposition, 'c' AS channel, {} AS uniqueid FROM x"
)


@pytest.mark.parametrize("what", ["n", "count(n)"])
@pytest.mark.parametrize("other", [False, True])
def test_a_view_without_an_end_is_refused(
    tmp_path: Path, what: str, other: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table, "_STEPS", 100_000)
    path = tmp_path / "cdr.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(ENDLESS.format("cdr", what))
        if other:
            connection.execute(ENDLESS.format("cdrs", what))
    with pytest.raises(ConfError, match=r"no end|several"):
        history(path, tz="UTC")


def test_a_view_with_an_end_is_read_like_a_table(tmp_path: Path) -> None:
    path = tmp_path / "cdr.db"
    ending = ENDLESS.format("cdr", "n").replace("FROM x)", "FROM x LIMIT 5000)")
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(ending)
    assert history(path, tz="UTC").records == 5000


# --- the hour that a clock change repeats --------------------------------------------------------

LOG = "id, time, callid, queuename, agent, event, data1, data2, data3"
#: As they came: Ann's pause of 65 minutes, and a talk as long, both over the change at 3 o'clock.
OVER_THE_CHANGE = [
    (1, "2024-10-27 02:05:00", "NONE", "600", "Ann", "PAUSE", "lunch", "", ""),
    (2, "2024-10-27 02:40:00", "1729989600.1", "600", "NONE", "ENTERQUEUE", "", "0170", "1"),
    (3, "2024-10-27 02:40:10", "1729989600.1", "600", "Bob", "CONNECT", "10", "1729989605.2", "5"),
    (4, "2024-10-27 02:10:00", "NONE", "600", "Ann", "UNPAUSE", "", "", ""),
    (5, "2024-10-27 02:20:00", "1729992000.3", "600", "NONE", "ENTERQUEUE", "", "0171", "1"),
    (6, "2024-10-27 02:20:05", "1729992000.3", "600", "Ann", "CONNECT", "5", "1729992001.4", "4"),
    (7, "2024-10-27 02:45:10", "1729989600.1", "600", "Bob", "COMPLETECALLER", "10", "3900", "1"),
    (8, "2024-10-27 02:50:05", "1729992000.3", "600", "Ann", "COMPLETECALLER", "5", "1800", "1"),
]
BEFORE = (0, "2024-10-27 01:30:00", "NONE", "600", "Ann", "ADDMEMBER", "", "", "")
AFTER = (9, "2024-10-27 03:10:00", "NONE", "600", "Ann", "REMOVEMEMBER", "", "", "")


def told_over_the_change(past: History) -> list[list[float]]:
    calls = past.calls
    return [
        past.pauses["seconds"].tolist(),
        (calls["end"] - calls["start"]).dt.total_seconds().tolist(),
        calls["start"].astype("int64").floordiv(10**6).tolist(),
        past.sessions["seconds"].dropna().tolist(),
    ]


TOLD = [[3900.0], [3910.0, 1805.0], [1729989600, 1729992000], [9600.0]]


@pytest.mark.parametrize("kind", ["text", "datetime"])
@pytest.mark.parametrize("by", ["its id", "its key", "the order of the table"])
def test_rows_of_the_hour_that_is_repeated_are_taken_as_they_came(
    tmp_path: Path, kind: str, by: str
) -> None:
    rows: list[tuple[object, ...]] = [BEFORE, *OVER_THE_CHANGE, AFTER]
    columns = LOG.replace("time", f"time {kind}")
    if by == "the order of the table":
        columns, rows = columns.removeprefix("id, "), [row[1:] for row in rows]
    elif by == "its key":
        columns = columns.replace("id", "entry integer primary key", 1)
    else:
        rows = rows[::-1]
    past = history(database(tmp_path, queue_log=(columns, rows)), tz="Europe/Berlin")
    assert (past.bad_count, past.doubtful, past.notes) == (0, 0, [])
    assert told_over_the_change(past) == TOLD


def unnumbered(folder: Path, rows: Sequence[Sequence[object]]) -> Path:
    """Make a view, whose rows nothing numbers."""
    path = database(folder, kept=(LOG, rows))
    with closing(sqlite3.connect(path)) as base, base:
        names = LOG.removeprefix("id, ")
        base.execute(f"create view queue_log as select {names} from kept order by time")
    return path


def test_where_nothing_tells_the_hour_that_is_said_and_nothing_made_up(tmp_path: Path) -> None:
    path = unnumbered(tmp_path, [BEFORE, *OVER_THE_CHANGE, AFTER])
    with pytest.warns(UserWarning, match=r"8 rows have no numbers .* 2 rows without a uniqueid"):
        past = history(path, tz="Europe/Berlin", table="queue_log")
    assert past.bad["reason"].str.contains("nothing shows whether").tolist() == [True] * 2
    assert past.bad["text"].str.contains("PAUSE").tolist() == [True] * 2
    assert past.pauses.empty
    assert past.doubtful == 6
    assert told_over_the_change(past)[2:] == TOLD[2:]


def test_numbers_that_were_given_later_do_not_order_the_rows(tmp_path: Path) -> None:
    sorted_by_time = sorted(OVER_THE_CHANGE, key=lambda row: row[1])
    rows = [(number, *row[1:]) for number, row in enumerate(sorted_by_time)]
    path = database(tmp_path, queue_log=(LOG, rows))
    with pytest.warns(UserWarning, match="8 rows have no numbers"):
        past = history(path, tz="Europe/Berlin")
    assert past.pauses.empty
    assert told_over_the_change(past)[2] == TOLD[2]


def test_after_a_quiet_while_the_calls_tell_the_hour_of_the_others(tmp_path: Path) -> None:
    """No time falls, and Ann's pause is behind an entry of the second hour."""
    rows = [
        (1, "2024-10-27 02:20:00", "1729992000.3", "600", "NONE", "ENTERQUEUE", "", "0171", "1"),
        (2, "2024-10-27 02:30:00", "NONE", "600", "Ann", "PAUSE", "", "", ""),
        (3, "2024-10-27 02:40:00", "1729992000.3", "600", "NONE", "ABANDON", "1", "1", "1200"),
        (4, "2024-10-27 03:00:00", "NONE", "600", "Ann", "UNPAUSE", "", "", ""),
    ]
    past = history(database(tmp_path, queue_log=(LOG, rows)), tz="Europe/Berlin")
    assert (past.bad_count, past.pauses["seconds"].tolist()) == (0, [1800.0])
    alone = [row for row in rows if row[2] == "NONE"]
    (tmp_path / "alone").mkdir()
    past = history(database(tmp_path / "alone", queue_log=(LOG, alone)), tz="Europe/Berlin")
    assert past.bad["reason"].str.contains("nothing shows whether").tolist() == [True]
    assert past.pauses["seconds"].isna().all()


def test_a_cel_over_the_hour_that_is_repeated_is_taken_as_it_came(tmp_path: Path) -> None:
    def event(number: int, kind: str, at: str) -> list[object]:
        known = {
            "eventtype": kind,
            "eventtime": f"2024-10-27 {at}",
            "channame": "PJSIP/6101-00000001",
            "uniqueid": "1729989600.1",
            "cidnum": "6101",
        }
        return [number, *(known.get(name, "") for name in CEL_SQLITE.split(", "))]

    steps = [("CHAN_START", "02:40:00"), ("ANSWER", "02:40:05"), ("HANGUP", "02:30:05"),
             ("CHAN_END", "02:30:05")]  # fmt: skip
    rows = [event(number, *step) for number, step in enumerate(steps)]
    path = database(tmp_path, cel=(f"id, {CEL_SQLITE}", rows))
    call = only(history(path, tz="Europe/Berlin"))
    assert (call["end"] - call["start"]).total_seconds() == 3005
    assert call["billsec"] == 3000


@pytest.mark.parametrize(
    "url",
    [
        "sqlite:///{}",
        "sqlite+pysqlite:///{}",
        "sqlite:///file:{}?uri=true",
        "sqlite:///file:{}?mode=rwc&uri=true",
    ],
)
def test_a_file_that_is_not_there_is_said_to_be_missing_and_not_made(
    tmp_path: Path, url: str
) -> None:
    path = tmp_path / "a typo.db"
    with pytest.raises(ConfError) as refused:
        history(url.format(path), tz="UTC")
    assert str(refused.value) == f"there is no file {path}"
    assert not path.exists()


@pytest.mark.parametrize("url", ["sqlite:///{}", "sqlite:///file:{}?mode=ro&uri=true"])
def test_a_file_that_is_there_is_read_by_its_url(tmp_path: Path, url: str) -> None:
    path = database(tmp_path, cdr=(",".join(NAMES), [row(1), row(2)]))
    assert len(history(url.format(path), tz="UTC").calls) == 2


@pytest.mark.parametrize(
    "url", ["sqlite://", "sqlite:///:memory:", "sqlite:///file::memory:?uri=true"]
)
def test_a_database_in_memory_has_no_file(tmp_path: Path, url: str) -> None:
    with pytest.raises(ConfError, match="has no table of calls"):
        history(url, tz="UTC")
