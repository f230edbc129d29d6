"""`%ast history` and `%ast report` of what PBXs, reports and databases have written."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from IPython.core.error import UsageError

from ast_notebook.errors import ChannelGone, ConfError
from tests.support.logs import NAMES, csv_of, database, row, write
from tests.support.past import line
from tests.support.shell import TestingShell, an_ipython


@pytest.fixture
def shell() -> Iterator[TestingShell]:
    with an_ipython() as shell:
        shell.run("%load_ext ast_notebook")
        yield shell
        shell.run("%unload_ext ast_notebook")


def test_columns_dates_and_tables_are_told_on_the_line(shell: TestingShell, tmp_path: Path) -> None:
    theirs = [f"The {name}" for name in NAMES]
    rows = [row(0, calldate="7/6/2026 9:00", uniqueid="")]
    path = write(tmp_path, csv_of([theirs, *rows], ";"))
    pairs = " ".join(f'"The {name}={name}"' for name in NAMES)
    past = shell.run(f"%ast history {path} --tz UTC --dates dmy --columns {pairs}")
    assert [str(start)[:10] for start in past.calls["start"]] == ["2026-06-07"]
    past = shell.run(f"%ast history {path} --tz UTC --dates mdy --columns {' '.join(NAMES)}")
    assert [str(start)[:10] for start in past.calls["start"]] == ["2026-07-06"]
    with pytest.raises(ConfError, match="dates="):
        shell.run(f"%ast history {path} --tz UTC --columns {' '.join(NAMES)}")
    with pytest.raises(UsageError, match="not both"):
        shell.run(f"%ast history {path} --columns src The=dst")
    base = database(tmp_path, may=(", ".join(NAMES), [row()]), june=(", ".join(NAMES), [row(3)]))
    with pytest.raises(ConfError, match="may"):
        shell.run(f"%ast history {base} --tz UTC")
    past = shell.run(f"%ast history {base} --tz UTC --table june --kind cdr")
    assert len(past.calls) == 1
    assert shell.run(f"%ast report {base} --tz UTC --table may") is not None


def test_the_options_of_history_complete_and_have_help(shell: TestingShell) -> None:
    assert {"--table", "--columns", "--dates", "--kind"} <= set(
        shell.complete_words("%ast history cdr.csv --")
    )
    assert shell.complete_words("%ast history cdr.csv --dates ") == ["dmy", "mdy", "ymd"]
    assert "queue_log" in shell.complete_words("%ast history cdr.csv --kind ")
    assert {"src", "eventtime", "callid"} <= set(
        shell.complete_words("%ast history cdr.csv --columns start ")
    )
    text = str(shell.run("%ast history --help"))
    assert "THEIRS=OURS" in text
    assert "--dates {dmy,mdy,ymd}" in text


def test_since_and_the_heading_are_in_the_zone_of_the_line(
    shell: TestingShell, tmp_path: Path
) -> None:
    """Two calls of June 1st in Berlin, at 01:00 and 10:00; the first is of May in UTC."""
    early = line(start="2026-06-01 01:00:00", answer="", end="2026-06-01 01:00:09", duration="9",
                 billsec="0", disposition="NO ANSWER")  # fmt: skip
    path = write(tmp_path, early + line())
    made = shell.run(f"%ast report {path} --tz Europe/Berlin --since 2026-06-01")
    assert made.summary["calls"][0] == 2
    assert " from 2026-06-01 00:00 to 2026-06-01 10:15 CEST" in repr(made)
    shell.run(f"past = %ast history {path} --tz Europe/Berlin")
    assert shell.run("past.report(since='2026-06-01 01:01')").summary["calls"][0] == 1
    with pytest.raises(UsageError, match="'never' is no moment"):
        shell.run(f"%ast report {path} --tz Europe/Berlin --since never")


def test_flow_draws_a_call_of_files(shell: TestingShell, tmp_path: Path) -> None:
    master, log = tmp_path / "Master.csv", tmp_path / "queue_log"
    master.write_text(line("1780308000.1"))
    log.write_text("1780308500|1780308500.9|support|NONE|ENTERQUEUE||300|1\n")
    files = f"{master} {log} --tz UTC"
    with pytest.raises(ConfError, match=r"there is no .*Nowhere"):
        shell.run("%ast flow 100 Nowhere --tz UTC")
    drawn = shell.run(f"%ast flow 300 {files}")
    assert "comes to support" in repr(drawn)
    assert repr(drawn) == repr(shell.run(f"%ast history {files}").flow("300"))
    with pytest.raises(ChannelGone, match="No call '999' is among the 2 of"):
        shell.run(f"%ast flow 999 {files}")
    hidden = shell.run(f"%ast flow 1780308500.9 {files} --anonymize")
    assert "300" not in "".join(hidden.labels)
    assert repr(hidden) == repr(shell.run(f"%ast flow 300 {files} --anonymize"))
    with pytest.raises(ChannelGone, match="No call '999' is among the 2 of"):
        shell.run(f"%ast flow 999 {files} --anonymize")
    for shown in ("calls", "visits"):
        drawn = shell.run(f"%ast {shown} {master} {log} --tz Asia/Tokyo --anonymize")
        assert "times in Asia/Tokyo" in repr(drawn)
