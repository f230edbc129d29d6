"""`%ast history` and `%ast report` of what PBXs, reports and databases have written."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
from IPython.core.error import UsageError

from ast_notebook.errors import ChannelGone, ConfError
from tests.support.archives import keep_a_call
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


def test_behind_an_option_that_may_stand_alone_other_options_complete(shell: TestingShell) -> None:
    assert {"--html", "--title", "--keep-prefix"} <= set(
        shell.complete_words("%ast report Master.csv --anonymize --")
    )


def of_a_trunk(caller: int) -> str:
    """A call from outside that nobody answers, by a device of many callers."""
    channels = {
        "channel": f"PJSIP/provider-000000{caller}",
        "dstchannel": f"PJSIP/200-000001{caller}",
    }
    vain = {"answer": "", "billsec": "0", "disposition": "NO ANSWER"}
    return line(f"17803080{caller}.1", src=f"03{caller}", **channels, **vain)


def test_missed_calls_of_files_without_trunks_come_with_the_trunk_to_name(
    shell: TestingShell, tmp_path: Path
) -> None:
    path = write(tmp_path, "".join(of_a_trunk(caller) for caller in range(10, 15)))
    for magic in ("missed", "report"):
        with pytest.warns(UserWarning, match=r"add --trunk PJSIP/provider \(5 different numbers"):
            shell.run(f"%ast {magic} {path} --tz UTC")
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            shell.run(f"%ast {magic} {path} --tz UTC --trunk PJSIP/provider")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        shell.run(f"%ast calls {path} --tz UTC")
        shell.run(f"%ast report {write(tmp_path, line())} --tz UTC")


def test_a_path_that_is_not_there_is_told_with_what_may_be_meant(
    shell: TestingShell, tmp_path: Path
) -> None:
    write(tmp_path, line())
    with pytest.raises(ConfError, match=r"did you mean .*/Master\.csv\?$"):
        shell.run(f"%ast report {tmp_path}/Master.cvs --tz UTC")
    with pytest.raises(ConfError, match=r"there is no last-week: .* --since last-week"):
        shell.run("%ast missed last-week --tz UTC")
    with pytest.raises(ConfError, match=r"there is no /none/of/these$"):
        shell.run("%ast missed /none/of/these --tz UTC")


def test_a_report_of_a_time_without_calls_says_of_which_time_calls_are_known(
    shell: TestingShell, tmp_path: Path
) -> None:
    made = shell.run(f"%ast report {write(tmp_path, line())} --tz UTC --month 2026-05")
    known = "calls are known from 2026-06-01 00:00 to 2026-06-01 10:01 UTC"
    assert f"there were none in this time; {known}" in " ".join(repr(made).split())


def test_the_line_that_writes_a_page_says_where_it_is(
    shell: TestingShell, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, page = write(tmp_path, line()), tmp_path / "june.html"
    shell.run(f"%ast report {path} --tz UTC --html {page};")
    assert f"The page is written to {page}" in capsys.readouterr().out
    assert page.exists()


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


@pytest.mark.parametrize("command", ["history", "report", "calls"])
def test_spark_takes_a_session_of_the_notebook(
    shell: TestingShell, tmp_path: Path, command: str
) -> None:
    keep_a_call(tmp_path, "west")
    with pytest.raises(UsageError, match="there is no cluster: make a Spark session"):
        shell.run(f"%ast {command} {tmp_path} --engine spark --session cluster")
