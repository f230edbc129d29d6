"""The report, of a week that is made up, and `%ast`'s way to the call log."""

from __future__ import annotations

import re
import sys
from copy import copy
from pathlib import Path

import pandas as pd
import pytest
from IPython.core.error import UsageError

from ast_notebook import demo
from ast_notebook.calls import (
    Flow,
    agent_pauses,
    agent_sessions,
    calls,
    charts,
    measures,
    visits,
)
from ast_notebook.calls.history import History
from ast_notebook.calls.report import Report
from ast_notebook.demo.week import week
from ast_notebook.errors import ConfError
from ast_notebook.recording.archive import Archive
from tests.support.paths import RECORDINGS
from tests.support.shell import an_ipython
from tests.support.waiting import eventually

TZ = "Europe/Berlin"


@pytest.fixture(scope="module")
def events() -> pd.DataFrame:
    return week()


@pytest.fixture(scope="module")
def report(events: pd.DataFrame) -> Report:
    return Report(
        calls(events, trunks=["provider"]),
        visits(events),
        sessions=agent_sessions(events),
        pauses=agent_pauses(events),
        tz=TZ,
    )


def test_a_week_is_the_same_for_the_same_seed_and_has_calls_of_every_kind(events):
    pd.testing.assert_frame_equal(week(), events)
    assert not week(seed=2)["uniqueid"].equals(events["uniqueid"])
    made, stays = calls(events, trunks=["provider"]), visits(events)
    assert set(made["disposition"]) == {"ANSWERED", "ABANDONED", "IVR"}
    assert set(stays["outcome"]) == {"ANSWERED", "ABANDONED", "JOIN EMPTY"}
    assert (made["direction"] == "inbound").all()
    assert len(made) == len(stays) == events.query("event == 'Newexten'")["uniqueid"].nunique()
    # Nobody talks with two callers at once.
    talks = stays.dropna(subset="talk").sort_values(["agent", "end"])
    over = talks["end"] + pd.to_timedelta(talks["talk"], unit="s")
    same = talks["agent"] == talks["agent"].shift(-1)
    assert (over[same] <= talks["end"].shift(-1)[same]).all()


def test_the_report_puts_the_numbers_that_matter_first(report):
    numbers = dict(report.numbers())
    made = report.summary.iloc[0]
    assert numbers["calls"] == f"{made['calls']:,.0f}"
    assert numbers["answered (ASR)"] == f"{made['answered'] / made['calls']:.1%}"
    assert numbers["within 20 s"] == f"{report.overall['service_level'][0]:.1%}"
    assert repr(report).startswith("Calls from 2026-11-16")
    assert "CET" in repr(report)


def test_the_report_as_a_page_stands_alone_and_is_small(report, tmp_path):
    path = report.save(tmp_path / "page.html")
    page = path.read_text(encoding="utf-8")
    assert page.startswith("<!doctype html>")
    assert page.count("data:image/svg+xml;base64,") == 5
    assert page.count("<img alt=") == 5
    assert not re.search(r"src=\"(?!data:)|<link|@import|url\(", page)
    assert len(page) < 300_000


def test_pictures_with_hover_and_zoom_stand_alone_too(report, tmp_path):
    pytest.importorskip("plotly", reason="plotly is missing")
    page = copy(report).hovering().save(tmp_path / "page.html").read_text(encoding="utf-8")
    _, *pictures = page.split('<div role="img"')
    assert ["Plotly.newPlot(" in picture for picture in pictures] == [True] * 5
    assert "data:image/" not in "".join(pictures)
    assert not re.search(r"<(script|link|img)[^>]* (src|href)=", "".join(pictures))
    from ast_notebook.calls import hover

    alike = ["<b>" + 50 * "x" + end for end in "ab"]
    drawn = hover.bars(pd.Series(alike), pd.Series([2, 1]), title="t")
    (bars,) = drawn.data
    assert bars.y == (0, 1), "two bars, however alike their labels are"
    assert list(bars.text) == [f"&lt;b&gt;{50 * 'x'}{end}" for end in "ab"]
    assert drawn.layout.yaxis.ticktext == (f"&lt;b&gt;{37 * 'x'}",) * 2
    assert report.html().count("data:image/svg+xml;base64,") == 5


def test_what_pictures_with_hover_need_is_said_in_one_line(report, monkeypatch):
    monkeypatch.setitem(sys.modules, "plotly", None)
    monkeypatch.delitem(sys.modules, "ast_notebook.calls.hover", raising=False)
    monkeypatch.delattr("ast_notebook.calls.hover", raising=False)
    with pytest.raises(ConfError, match=r'pip install "ast_notebook\[hover\]"'):
        copy(report).hovering()


def test_names_of_callers_are_text_on_the_page(events):
    evil = "<img src=x onerror=alert(1)>"
    made = calls(events).assign(caller=evil, dialled="$x^2$ <b>")
    page = Report(made, visits(events), tz=TZ, title=evil).html()
    assert evil not in page
    assert "&lt;img src=x" in page
    assert "<b>" not in page
    charts.image(charts.bars(pd.Series(["$x^2$", "a$"]), pd.Series([1, 2]), title="t"), "t")


def test_a_report_of_nothing_says_so(events):
    empty = Report(calls(events.head(0)), visits(events.head(0)), tz=TZ)
    assert repr(empty).startswith("Calls: there were none")
    assert "<img" not in empty.html()


def test_staffing_for_the_week_meets_its_target(events, report):
    plan = measures.staffing(visits(events), aht=240, tz=TZ, target=0.8)
    assert (plan["service_level"] >= 0.8).all()
    assert plan["calls"].sum() == report.summary["calls"][0]


# --- %ast ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def pbx():
    with demo.start(calls=False) as pbx:  # else its own calls keep 200 busy now and then
        yield pbx


@pytest.fixture
def shell(pbx: demo.Demo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("AST_PASSWORD", pbx.password)
    with an_ipython() as shell:
        shell.run("%load_ext ast_notebook")
        shell.run(f"%ast connect {pbx.username}@{pbx.host}:{pbx.port}")
        shell.run(f"%ast record to {tmp_path / 'archive'}")
        shell.run("call = %ast call PJSIP/200 240 door")
        shell.run("call.wait(dest=True)")
        shell.run("%ast hangup 240")
        eventually(lambda: shell.run("sh.ast.calls()['end'].notna().any()"))
        yield shell
        shell.run("%unload_ext ast_notebook")


def test_calls_and_visits_are_frames_of_what_was_heard(shell):
    made = shell.run("%ast calls --since 1h --trunk provider")
    assert "ANSWERED" in set(made["disposition"].dropna())
    assert set(made["direction"]) == {"internal"}
    for engine in ("polars", "duckdb"):
        there = shell.run(f"%ast calls --engine {engine}")
        over = there.dropna(subset="end").set_index("call")
        here = made.drop(columns=["direction", "trunk", "did"]).set_index("call")
        both = over.index.intersection(here.dropna(subset="end").index)
        columns = ["start", "end", "disposition", "caller", "dialled"]
        pd.testing.assert_frame_equal(over.loc[both, columns], here.loc[both, columns])
    assert shell.run("%ast calls --since 2999-01-01").empty
    with pytest.raises(UsageError, match=r"^%ast calls: .*'never' is no moment"):
        shell.run("%ast calls --since never")
    assert "outcome" in shell.run("%ast visits")
    with pytest.raises(UsageError, match="choice"):
        shell.run("%ast calls --engine abacus")


def test_flow_draws_a_call_by_its_number(shell):
    flow = shell.run("%ast flow 240")
    assert isinstance(flow, Flow)
    assert "<svg" in flow._repr_html_()
    assert {"dials", "answers"} < {step.text for step in flow.steps}
    assert "times in JST" in repr(shell.run("%ast flow 240 --tz Asia/Tokyo"))
    with pytest.raises(UsageError, match="no time zone 'Nowhere'"):
        shell.run("%ast flow 240 --tz Nowhere")


def test_report_of_what_was_heard_and_of_what_was_written(shell, tmp_path):
    page = tmp_path / "today.html"
    made = shell.run(f"%ast report --html {page} --tz Europe/Berlin")
    assert isinstance(made, Report)
    assert "Calls of ast" in page.read_text(encoding="utf-8")
    log = RECORDINGS / "asterisk22" / "queue_log.gz"
    past = shell.run(f"%ast report {log} --within 1")
    assert past.overall["offered"][0] > 10
    with pytest.raises(UsageError, match="no time zone 'Nowhere'"):
        shell.run("%ast report --tz Nowhere")
    today = shell.run("%ast report --since 1h --against 1d")
    assert today.comparison["value"][0] >= 1
    assert today.comparison["before"].isna().all(), "nobody was connected a day ago"
    assert "calls are known only from" in repr(today)
    none = shell.run("%ast report --until 2020-01-01")
    assert repr(none).startswith("Calls of ast: there were none")
    with pytest.raises(ConfError, match="the report needs a beginning"):
        shell.run("%ast report --against 7d")
    with pytest.raises(UsageError, match="there is no folder"):
        shell.run(f"%ast report --html {tmp_path}/no/such.html")


def test_history_reads_what_a_pbx_has_written_and_what_was_recorded(shell):
    past = shell.run(f"%ast history {RECORDINGS / 'asterisk16' / 'cdr.csv.gz'} --tz UTC")
    assert isinstance(past, History)
    assert len(past.calls) > 50
    archive = shell.run("sh.ast.record.archive")
    assert isinstance(archive, Archive)
    archive.flush()
    recorded = shell.run(f"%ast history {archive.place}")
    live = shell.run("%ast calls").set_index("call")
    kept = recorded.calls.dropna(subset="end").set_index("call")
    both = kept.index.intersection(live.dropna(subset="end").index)
    assert len(both)
    columns = ["start", "answered", "end", "talk", "caller", "dialled", "disposition"]
    pd.testing.assert_frame_equal(kept.loc[both, columns], live.loc[both, columns])
