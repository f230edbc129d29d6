"""Words for people: queues, agents, missed, who, periods; and what a mistake in them says."""

from __future__ import annotations

import sys
import warnings
from pathlib import Path

import pandas as pd
import pytest
from IPython.core.error import UsageError

from ast_notebook import use_zone
from ast_notebook.magics import values
from ast_notebook.magics.endings import Interrupted, warnings_in_one_line
from ast_notebook.magics.progress import Progress
from ast_notebook.magics.typed import has_secret
from ast_notebook.views import ShownFrame
from tests.support.shell import TestingShell
from tests.support.waiting import eventually


@pytest.fixture
def called(connected):
    """A call from 200 to 240 that is up."""
    connected.run("%ast call 200 240 phones --wait --dest;")
    yield connected
    connected.run("%ast hangup 200;")


def test_who_is_on_the_phone(called):
    found = eventually(lambda: (up := called.run("%ast who"))["what"].eq("talking").all() and [up])
    who = found[0].set_index("device")
    assert who.loc["PJSIP/200", "connected"] == "240"
    assert who.loc["PJSIP/240", "connected"] == "200"
    assert repr(found[0]).splitlines()[0].split() == [
        *("who", "with", "what", "since", "for", "telephone"),
    ]


def test_nobody_is_on_the_phone(connected):
    connected.run("%ast hangup 200;")
    eventually(lambda: connected.run("%ast channels").empty)
    assert repr(connected.run("%ast who")) == "nobody is on the phone"
    assert repr(connected.run("%ast channels")) == "no channels are up"


def test_who_asks_for_a_time_before_all_that_was_received_is_sent_to_the_files(called):
    for line in ("missed --since last-week --until last-week", "missed --since last-week"):
        told = " ".join(repr(called.run(f"%ast {line}")).split())
        assert "nothing was received before" in told, line
        assert "%ast missed Master.csv" in told and "longer time" not in told
    told = " ".join(repr(called.run("%ast calls --number 7777")).split())
    assert told.endswith("fits: leave out a condition, or take a longer time.")


def test_queues_and_agents_as_they_are_now(connected):
    queues = connected.run("%ast queues").set_index("queue")
    assert queues.loc["support", ["waiting", "agents", "paused"]].tolist() == [0, 2, 0]
    agents = connected.run("%ast agents")
    assert agents["agent"].tolist() == ["Door", "Hall"]
    connected.run("sh.ast.queue_pause('support', 'PJSIP/240', True, 'lunch')")
    eventually(lambda: connected.run("%ast queues")["paused"].tolist() == [1])
    assert "paused (lunch)" in repr(connected.run("%ast agents"))
    assert connected.run("%ast queues")["free"].tolist() == [1]
    connected.run("sh.ast.queue_pause('support', 'PJSIP/240', False)")
    eventually(lambda: connected.run("%ast queues")["paused"].tolist() == [0])


def test_calls_are_asked_for_in_words(called):
    for line in (
        "calls --number 200",
        "calls --number PJSIP/240 --since today",
        "calls --since 1w",
    ):
        assert isinstance(called.run(f"%ast {line}"), ShownFrame)
        assert len(called.run(f"%ast {line}")) >= 1
    same = called.run("sh.ast.calls(number=200, since='today')")
    pd.testing.assert_frame_equal(same, called.run("%ast calls --number 200 --since today"))
    assert called.run("%ast calls --until yesterday").empty
    assert called.run("%ast calls --month last-month").empty
    assert called.run("%ast calls --answered-by 999").empty
    assert called.run("%ast missed --month 2020-01").empty
    assert called.run("%ast queue calls") is not None


def test_an_empty_result_says_what_to_do(called):
    assert "%ast call" in repr(called.run("%ast visits"))
    assert "None of the calls so far" in repr(called.run("%ast calls --number 999"))
    assert "None of the events so far" in repr(called.run("%ast events --event Nothing"))


def test_a_call_is_found_by_a_device(called):
    for which in ("200", "PJSIP/200", "PJSIP/240"):
        drawn = called.run(f"%ast flow {which}")
        assert drawn.channels[0].startswith("PJSIP/200-")


def test_an_anonymized_frame_shows_pseudonyms(called):
    shown = called.run("%ast calls --anonymize")
    assert isinstance(shown, ShownFrame)
    assert "200 Door" not in repr(shown)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("cdr", "%ast calls has the calls so far, and %ast history FILE"),
        ("queue_log", "%ast history FILE"),
        ("peers", "sh.ast.live.devices"),
        ("calls --month 2026-13", "is no moment"),
        ("calls --month soon", "'soon' is no month: write 2026-10 or last-month"),
        ("calls --until later", "'later' is no moment: write 10m"),
        ("report --html page.pdf", r"a page of HTML: name it page\.html .*print it"),
        ("report --html nowhere/at/all.html", "there is no folder nowhere/at: make it before"),
        ("report --html page", "a page of HTML: name it page.html"),
        ("connect --password hunter2", "takes no password: .*ipython history clear"),
        ("db read --secret=hunter2 a/b", "takes no password: .*history"),
        ("connect admin:hunter2@pbx", "takes no password: .*ipython history clear"),
    ],
)
def test_a_wrong_word_is_told_in_one_line(connected, line, why):
    with pytest.raises(UsageError, match=why) as raised:
        connected.run(f"%ast {line}")
    assert "\n" not in str(raised.value)
    assert "hunter2" not in str(raised.value)


def test_a_page_is_refused_before_anything_is_read(shell, tmp_path):
    with pytest.raises(UsageError, match="there is no folder"):
        shell.run(f"%ast report {tmp_path}/nothing.csv --html {tmp_path}/no/page.html")


def test_files_are_read_wherever_they_stand_in_the_line(shell, tmp_path):
    path = tmp_path / "queue_log"
    path.write_text("1793534400|1793534400.1|support|NONE|ENTERQUEUE||100|1\n")
    past = shell.run(f"%ast history {path} --tz UTC {tmp_path}/queue_log")
    assert len(past.visits) == 1


def test_a_password_in_a_url_is_warned_of(shell):
    assert has_secret(["history", "mysql://cdr:hunter2@db/asterisk"])
    assert has_secret(["record", "to", "s3://key:secret@bucket/x"])
    for word in ("{url}", "mysql://cdr@db/x", "s3://bucket/x", "mysql://cdr:{word}@db", "a:b@c"):
        assert not has_secret([word])
    with (
        pytest.warns(UserWarning, match=r"stays in the notebook and in IPython's history") as told,
        pytest.raises(Exception, match=r"cannot be read|driver|sqlalchemy"),
    ):
        shell.run("%ast history mysql+pymysql://cdr:hunter2@127.0.0.1:1/asterisk")
    assert not any("hunter2" in str(one.message) for one in told)


# --- TAB ------------------------------------------------------------------------------------------


def test_tab_offers_files_and_folders(shell, tmp_path, monkeypatch):
    (tmp_path / "cdr-csv").mkdir()
    (tmp_path / "cdr-csv" / "Master.csv").touch()
    for name in ("queue_log", "two words.csv", ".hidden"):
        (tmp_path / name).touch()
    monkeypatch.chdir(tmp_path)
    found = shell.complete_words("%ast history ")
    assert {"cdr-csv/", "queue_log", '"two words.csv"', "--tz"} <= set(found)
    assert ".hidden" not in found
    assert shell.complete_words("%ast history cdr-csv/") == ["cdr-csv/Master.csv"]
    assert shell.complete_words(f"%ast history {tmp_path}/cdr-csv/M") == [
        f"{tmp_path}/cdr-csv/Master.csv"
    ]
    assert "queue_log" in shell.complete_words("%ast report cdr-csv/Master.csv q")
    assert ".hidden" in shell.complete_words("%ast load .h")
    assert values.files("nowhere/at/") == []
    assert "queue_log" in shell.complete_words("%ast connect --conf q")


def test_tab_offers_zones_periods_and_calls(called):
    assert "Europe/Berlin" in called.complete_words("%ast report --tz Europe/B")
    assert called.complete_words("%ast calls --since last-w") == ["last-week"]
    assert "last-month" in called.complete_words("%ast calls --month ")
    ids = set(called.run("%ast calls")["call"])
    assert ids & set(called.complete_words("%ast flow "))
    assert "support" in called.complete_words("%ast calls --queue ")
    assert "Hall" in called.complete_words("%ast calls --agent H")
    assert "PJSIP/240" in called.complete_words("%ast calls --answered-by PJSIP/24")


# --- one zone -------------------------------------------------------------------------------------


def test_the_zone_of_people_is_a_setting(called):
    try:
        called.run("%config AstMagics.tz = 'Asia/Tokyo'")
        assert "times in Asia/Tokyo" in repr(called.run("%ast calls"))
        start = called.run("%ast calls")["start"].iloc[-1].tz_convert("Asia/Tokyo")
        clock = f"{start + pd.Timedelta(minutes=1):%Y-%m-%dT%H:%M}"
        assert called.run(f"%ast calls --since {clock}").empty
    finally:
        use_zone(None)


# --- how it ends ----------------------------------------------------------------------------------


def test_an_interruption_is_one_line(connected, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(type(connected.user_ns["sh"].ast), "db_read", interrupted)
    with pytest.raises(KeyboardInterrupt) as raised:
        connected.run("%ast db read dnd/office")
    assert isinstance(raised.value, Interrupted)
    assert raised.value._render_traceback_() == [
        "KeyboardInterrupt: interrupted; the PBX may still do what it was asked before"
    ]


def test_a_warning_shows_no_file(capsys):
    with warnings_in_one_line():
        text = warnings.formatwarning("told\nso", UserWarning, "/usr/lib/site-packages/x.py", 3)
    assert text == "Warning: told so\n"
    after = warnings.formatwarning("told", UserWarning, "x.py", 3)
    assert "x.py:3" in after


def _as_python_shows_it(message, category, filename, lineno, file=None, line=None):
    sys.stderr.write(warnings.formatwarning(message, category, filename, lineno, line))


def test_a_warning_of_a_subcommand_shows_no_file(shell, tmp_path, capsys):
    path = tmp_path / "items.conf"
    path.write_text("[a]\n    type = bool\n    eval = sh.b()\n    crontab = init\n")
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.showwarning = _as_python_shows_it
        shell.run(f"%ast load {path}")
    told = capsys.readouterr().err
    assert "Warning: " in told
    assert "eval has no effect here: write a logic" in told
    assert "site-packages" not in told.replace(str(tmp_path), "")
    assert ".py" not in told


def test_progress_leaves_nothing_behind(capsys, monkeypatch):
    monkeypatch.setattr("ast_notebook.magics.progress.DELAY", 0)
    shown = Progress("reading")
    shown.tell("Master.csv", 0.4)
    with shown:
        first = eventually(lambda: capsys.readouterr().out)
    assert first == "\rreading Master.csv … 40 %, 0 s"
    last = capsys.readouterr().out
    assert last.endswith("\r" + " " * (len(first) - 1 + len("^C")) + "\r")
    assert "\n" not in first + last


def test_a_warning_begins_in_a_line_of_its_own_while_progress_is_shown(capsys, monkeypatch):
    monkeypatch.setattr("ast_notebook.magics.progress.DELAY", 0)
    shown = Progress("reading")
    with shown, warnings_in_one_line():
        eventually(lambda: capsys.readouterr().out)
        text = warnings.formatwarning("careful", UserWarning, "x.py", 1)
        before = capsys.readouterr().out
    assert text == "Warning: careful\n"
    assert before.endswith(" \r"), "the line is cleared, and the next text begins at the margin"


# --- items and logics -----------------------------------------------------------------------------


def test_attributes_that_do_nothing_are_named_once(tmp_path: Path, shell: TestingShell):
    path = tmp_path / "items.conf"
    path.write_text(
        "[a]\n    type = bool\n    eval = sh.b()\n    eval_trigger = b\n[b]\n    type = bool\n"
        "    eval = 1\n    crontab = init\n"
    )
    with pytest.warns(UserWarning) as told:
        shell.run(f"%ast load {path}")
    said = [str(one.message).partition(": ")[2] for one in told]
    assert said == [
        "eval has no effect here: write a logic with watch_item that sets the item. It is set at "
        "a, b",
        "eval_trigger has no effect here: write a logic with watch_item that sets the item. It is "
        "set at a",
        "crontab has no effect here: set the item from a cell or a script. It is set at b",
    ]


def test_a_logic_that_nothing_starts_says_so(tmp_path: Path, shell: TestingShell):
    (tmp_path / "one.py").write_text("pass\n")
    path = tmp_path / "logic.conf"
    path.write_text(
        "[idle]\n    filename = one.py\n    crontab = init\n"
        "[bound]\n    filename = one.py\n    ast_userevent = Call\n"
        "[off]\n    filename = one.py\n    ast_userevent = Call\n    enabled = False\n"
        "[watching]\n    filename = one.py\n    watch_item = a.fon\n"
        "[bare]\n    filename = one.py\n"
    )
    with pytest.warns(UserWarning, match="crontab does not start the logic idle"):
        shell.run(f"%ast load {path}")
    logics = shell.run("%ast logics")
    shown = repr(logics).splitlines()
    assert " ".join(shown[0].split()) == "logic started by enabled runs failed last error"
    assert max(map(len, shown)) <= 80
    starts = logics.set_index("logic")["started_by"]
    assert starts["idle"] == "nothing: crontab does not count here"
    assert starts["bare"] == "nothing: it has no userevent and no watch_item"
    assert starts["watching"] == "changes of a.fon"
    assert starts.str.len().max() < 50  # of longer texts, pandas shows a part
    assert starts["bound"] == "UserEvent Call"
    assert starts["off"] == "nothing, as it is disabled"
