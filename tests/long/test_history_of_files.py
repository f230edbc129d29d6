"""Several sources of the same calls: each call is told once, and what is not joined is said."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path

import pandas as pd
import pytest

from ast_notebook import history
from ast_notebook.errors import ConfError
from tests.support.shell import an_ipython

#: Noon of 1 November 2026, UTC, and ids of channels made then.
NOON = 1793534400
ONE, TWO, THREE = f"{NOON}.1", f"{NOON + 60}.3", f"{NOON + 120}.5"


def moment(seconds: float) -> str:
    return pd.Timestamp(NOON + seconds, unit="s").strftime("%Y-%m-%d %H:%M:%S")


def cdr(
    at: int, caller: str, dialled: str, callee: str | None, *, bill: int, ids: Sequence[str] = ()
) -> str:
    """A line of Master.csv: answered after two seconds, and ended `bill` seconds later."""
    other = f"PJSIP/{callee}-0000000{at % 10}" if callee else ""
    app = ("Queue", "support,t") if dialled == "600" else ("Dial", f"PJSIP/{dialled}")
    fields = [
        *("", caller, dialled, "home", f'""{caller}"" <{caller}>', f"PJSIP/{caller}-000000{at:02}"),
        *(other, *app, moment(at), moment(at + 2), moment(at + 2 + bill), str(bill + 2)),
        *(str(bill), "ANSWERED", "DOCUMENTATION", *ids),
    ]
    return ",".join(f'"{field}"' for field in fields)


def queued(at: float, call: str, event: str, *data: object, agent: str = "NONE") -> str:
    return "|".join([f"{NOON + at:.6f}", call, "support", agent, event, *map(str, data)])


#: 100 calls 200 directly; 101 is answered by Anna in the queue after 5 s, and talks for 20 s; 102
#: gives up there after 9 s.
CDR = [(0, "100", "200", "200", 10), (60, "101", "600", "201", 25), (120, "102", "600", None, 9)]
QUEUE = [
    f"{NOON - 60}|NONE|NONE|NONE|QUEUESTART|",
    queued(62, TWO, "ENTERQUEUE", "", "101", 1),
    queued(67, TWO, "CONNECT", 5, f"{NOON + 63}.4", 3, agent="Anna"),
    queued(87, TWO, "COMPLETECALLER", 5, 20, 1, agent="Anna"),
    queued(122, THREE, "ENTERQUEUE", "", "102", 1),
    queued(131, THREE, "ABANDON", 1, 1, 9),
]

Write = Callable[[str, Sequence[str]], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def written(name: str, lines: Sequence[str]) -> Path:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("\n".join(lines) + "\n")
        return path

    return written


def master(*, with_ids: bool) -> list[str]:
    ids = [(one, "") if with_ids else () for one in (ONE, TWO, THREE)]
    return [
        cdr(at, caller, dialled, callee, bill=bill, ids=own)
        for (at, caller, dialled, callee, bill), own in zip(CDR, ids, strict=True)
    ]


def test_a_call_in_a_cdr_and_in_a_queue_log_is_told_once(write: Write) -> None:
    files = write("Master.csv", master(with_ids=True)), write("queue_log", QUEUE)
    past = history(*files, tz="UTC")
    calls = past.calls.set_index("call")
    assert calls.index.tolist() == [ONE, TWO, THREE]
    assert calls["caller"].tolist() == ["100", "101", "102"]
    assert calls["disposition"].tolist() == ["ANSWERED", "ANSWERED", "ABANDONED"]
    assert calls["billsec"].tolist() == [10.0, 25.0, 9.0], "of the CDR"
    assert calls["wait"].tolist()[1:] == [5.0, 9.0], "of the queue_log"
    assert calls["talk"].isna().all(), "a CDR knows no talk, and a queue_log not all of it"
    assert past.visits[["call", "outcome"]].to_numpy().tolist() == [
        [TWO, "ANSWERED"],
        [THREE, "ABANDONED"],
    ]
    assert past.kind == "cdr, queue_log"
    assert past.records == 9
    assert [part.kind for part in past.parts] == ["cdr", "queue_log"]
    assert past.notes == []
    assert [text.split(", ", 1)[1] for text in past.joins] == [
        "2 are in another source, too, and 1 are not",
        "2 are in another source, too, and 0 are not",
    ]


def test_a_report_of_both_counts_each_call_and_each_queue_call_once(write: Write) -> None:
    files = write("Master.csv", master(with_ids=True)), write("queue_log", QUEUE)
    report = history(*files, tz="UTC").report(title="The first of November", within=6)
    assert report.summary["calls"].tolist() == [3]
    assert report.overall[["offered", "answered", "abandoned"]].to_numpy().tolist() == [[2, 1, 1]]
    assert report.title == "The first of November"
    assert report.numbers()[0] == ("calls", "3")


def test_the_order_of_the_files_changes_nothing(write: Write) -> None:
    files = write("Master.csv", master(with_ids=True)), write("queue_log", QUEUE)
    one, other = history(*files, tz="UTC"), history(*reversed(files), tz="UTC")
    pd.testing.assert_frame_equal(one.calls.frame, other.calls.frame)


def test_without_common_ids_the_same_time_is_counted_once_and_that_is_said(write: Write) -> None:
    files = write("Master.csv", master(with_ids=False)), write("queue_log", QUEUE)
    with pytest.warns(
        UserWarning,
        match="queue_log that cannot be joined .* left out: 2; .* no uniqueids",
    ):
        past = history(*files, tz="UTC")
    assert past.calls["source"].tolist() == ["cdr", "cdr", "cdr"]
    assert past.visits["outcome"].tolist() == ["ANSWERED", "ABANDONED"], "queue calls are all there"


def test_without_common_ids_calls_of_another_time_are_counted(write: Write) -> None:
    late = [re.sub(r"17935\d{5}", lambda at: str(int(at[0]) + 100_000), line) for line in QUEUE]
    files = write("Master.csv", master(with_ids=False)), write("queue_log", late)
    past = history(*files, tz="UTC")
    assert past.calls["source"].tolist() == ["cdr"] * 3 + ["queue_log"] * 2


def test_a_call_that_another_source_should_have_counts_and_is_told(write: Write) -> None:
    other = queued(100, f"{NOON + 100}.9", "ENTERQUEUE", "", "103", 1)
    gone = queued(104, f"{NOON + 100}.9", "ABANDON", 1, 1, 4)
    lines = sorted([*QUEUE, other, gone])
    files = write("Master.csv", master(with_ids=True)), write("queue_log", lines)
    with pytest.warns(UserWarning, match="queue_log whose ids .*Master.csv does not have, .*: 1$"):
        past = history(*files, tz="UTC")
    assert past.calls["caller"].tolist() == ["100", "101", "103", "102"]


def test_a_log_that_was_rotated_in_a_call_is_read_as_one(write: Write) -> None:
    files = write("queue_log", QUEUE[3:]), write("queue_log.1", QUEUE[:3])
    past = history(*files)
    assert past.visits[["outcome", "wait", "talk"]].to_numpy().tolist() == [
        ["ANSWERED", 5.0, 20.0],
        ["ABANDONED", 9.0, pytest.approx(float("nan"), nan_ok=True)],
    ]
    assert past.records == 6


def test_a_copy_of_a_file_counts_once(write: Write) -> None:
    files = [write(name, master(with_ids=True)) for name in ("Master.csv", "copy.csv")]
    with pytest.warns(UserWarning, match="3 "):
        assert len(history(*files, tz="UTC").calls) == 3


def test_bad_lines_have_the_file_that_they_are_in(write: Write) -> None:
    files = write("queue_log.1", QUEUE[:3]), write("queue_log", ["no entry", *QUEUE[3:], "x|y"])
    past = history(*files)
    assert past.bad[["file", "line"]].to_numpy().tolist() == [
        [str(files[1]), 1],
        [str(files[1]), 5],
    ]


def test_a_folder_names_what_was_read_and_what_was_not(write: Write, tmp_path: Path) -> None:
    write("cdr-csv/Master.csv", master(with_ids=True))
    write("queue_log", QUEUE[3:])
    write("queue_log.1", QUEUE[:3])
    write("messages", ["[Nov 1 12:00:00] NOTICE[1]: nothing of calls"] * 3)
    past = history(tmp_path, tz="UTC")
    assert len(past.calls) == 3
    assert past.unread["file"].tolist() == [str(tmp_path / "messages")]
    shown = repr(past)
    assert f"read: History of {tmp_path / 'cdr-csv/Master.csv'} (cdr): 3 calls of 3" in shown
    assert f"{tmp_path / 'queue_log.1'} and {tmp_path / 'queue_log'} (queue_log): 2" in shown
    assert f"not read: {tmp_path / 'messages'}: " in shown


def test_a_folder_and_a_file_are_joined(write: Write, tmp_path: Path) -> None:
    write("logs/queue_log", QUEUE)
    write("logs/messages", ["nothing of calls"])
    write("logs/cel", ["nothing either"])
    past = history(tmp_path / "logs", write("Master.csv", master(with_ids=True)), tz="UTC")
    assert past.calls["source"].tolist() == ["cdr"] * 3
    assert sorted(past.unread["file"]) == [
        str(tmp_path / f"logs/{name}") for name in ("cel", "messages")
    ]
    with pytest.raises(ConfError, match="engine= is only for archives"):
        history(tmp_path / "logs", tmp_path / "Master.csv", tz="UTC", engine="pandas")


def test_a_folder_without_a_log_is_refused(write: Write, tmp_path: Path) -> None:
    write("messages", ["nothing of calls"])
    with pytest.raises(ConfError, match=r"no file in .* can be read as a log of calls: .*messages"):
        history(tmp_path)


def test_a_file_that_is_not_there_is_noticed_before_the_others_are_read(write: Write) -> None:
    seen: list[str] = []
    with pytest.raises(ConfError, match=r"there is no .*queue_log"):
        history(
            write("Master.csv", master(with_ids=True)),
            "/nowhere/queue_log",
            progress=lambda name, _: seen.append(name),
        )
    assert seen == []


def test_the_progress_tells_which_part_was_read(write: Write) -> None:
    lines = [queued(at, f"{NOON + at}.{at}", "DID", "30") for at in range(2000)]
    told: list[float] = []
    history(write("queue_log", lines), progress=lambda _, part: told.append(part or 0.0))
    assert told == sorted(told)
    assert 0 < told[0] < 0.5
    assert told[-1] == 1


def test_a_report_of_several_files_in_a_line(write: Write, tmp_path: Path) -> None:
    write("Master.csv", master(with_ids=True))
    write("queue_log", QUEUE)
    with an_ipython() as shell:
        shell.run("%load_ext ast_notebook")
        line = f"report {tmp_path}/Master.csv {tmp_path}/queue_log --tz UTC --month 2026-11"
        made = shell.run(f'%ast {line} --title "November" --html {tmp_path}/page.html')
        none = shell.run(f"%ast {line.replace('2026-11', '2026-10')}")
        shell.run("%unload_ext ast_notebook")
    assert made.numbers()[0] == ("calls", "3")
    assert "<title>November</title>" in (tmp_path / "page.html").read_text()
    assert none.numbers()[0] == ("calls", "0")
