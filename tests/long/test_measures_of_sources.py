"""What a source cannot know is missing in the report of it, and never 0, all or a guess."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest

from ast_notebook.calls import measures
from ast_notebook.calls.history import history
from ast_notebook.calls.report import Report
from tests.support.measured import moments, some_calls, some_visits
from tests.support.past import line, write

ANSWERED = (0, 60, 10, 50.0, "ANSWERED", "100")
IN_VAIN = (60, 80, None, None, "NO ANSWER", "200")
FAILED = (120, 121, None, None, "FAILED", "300")


def of(source: str, *rows: tuple[object, ...]) -> pd.DataFrame:
    return some_calls(list(rows)).assign(source=source)


def page_of(calls: pd.DataFrame) -> Report:
    return Report(calls, some_visits([("desk", 1.0, "FULL")]).head(0), tz="UTC")


def cells(page: Report) -> list[list[str]]:
    rows = page.html().split("<tr")
    return [re.findall(r'<t(?:d|h scope="row")>([^<]*)<', row) for row in rows]


def queue_log(folder: Path, *entries: str) -> Path:
    """Write entries, each of a second and the rest of it."""
    parts = [entry.partition(" ") for entry in entries]
    text = "".join(f"{1_780_300_000 + int(second)}|{rest}\n" for second, _, rest in parts)
    return write(folder, text, "queue_log")


TIMED_OUT = (
    "0 1780300000.1|desk|NONE|ENTERQUEUE||100|1",
    "5 1780300000.1|desk|Ann|CONNECT|5|1780300003.2|2",
    "65 1780300000.1|desk|Ann|COMPLETECALLER|5|60|1",
    "100 1780300100.3|desk|NONE|ENTERQUEUE||200|1",
    "130 1780300100.3|desk|NONE|EXITWITHTIMEOUT|1|1|30",
)


def test_a_master_csv_tells_no_talk_and_the_report_shows_none(tmp_path):
    later = {"start": "2026-06-01 11:00:00", "end": "2026-06-01 11:00:20", "duration": "20"}
    vain = {
        "answer": "",
        "billsec": "0",
        "disposition": "NO ANSWER",
        "channel": "PJSIP/300-00000009",
    }
    text = line() + line(src="300", dstchannel="PJSIP/200-0000000a", **later, **vain)
    page = history(write(tmp_path, text), tz="UTC").report()
    assert ["100", "1", "1", "1:00"] in cells(page), "what was billed, and not the talk"
    assert ["300", "1", "0", "0.0 s"] in cells(page), "who was not answered was not billed"
    assert '<th scope="col">talk</th>' not in page.html()
    numbers = dict(page.numbers())
    assert numbers["average billed time (ACD)"] == "1:00", "which is more than the talk"
    assert "average talk (ACD)" not in numbers
    assert dict(page_of(of("events", ANSWERED)).numbers())["average talk (ACD)"] == "50.0 s"


def test_a_queue_log_has_no_causes_and_so_no_ner(tmp_path):
    page = history(queue_log(tmp_path, *TIMED_OUT[:3])).report(tz="UTC")
    (row,) = page.summary.to_dict("records")
    assert (row["calls"], row["answered"], row["asr"]) == (1, 1, 1.0)
    assert pd.isna(row["ner"])
    assert dict(page.numbers())["delivered (NER)"] == "-"


def test_a_queue_log_does_not_tell_whether_a_call_was_answered_after_the_queue(tmp_path):
    page = history(queue_log(tmp_path, *TIMED_OUT)).report(tz="UTC")
    (row,) = page.summary.to_dict("records")
    assert (row["calls"], row["answered"], row["no_answer"], row["unknown"]) == (2, 1, 1, 0)
    assert pd.isna(row["asr"])
    assert page.overall["answered"].tolist() == [1], "in the queue it is known"
    assert page.overall["service_level"].tolist() == [0.5]
    assert ["100", "1", "1", "1:00"] in cells(page)
    assert ["200", "1", "-", "-"] in cells(page)
    table = measures.heat_map(of("queue_log", ANSWERED, IN_VAIN), value="answered")
    assert pd.isna(table.loc[0, 9])  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("source", "rows", "ner"),
    [
        ("events", (ANSWERED, IN_VAIN, FAILED), 2 / 3),
        ("cel", (ANSWERED, IN_VAIN, FAILED), 2 / 3),
        # Asterisk writes NO ANSWER for calls that failed before anything was dialled, too.
        ("cdr", (ANSWERED, IN_VAIN, FAILED), None),
        ("cdr", (ANSWERED, FAILED), 1 / 2),
        ("queue_log", (ANSWERED,), None),
    ],
)
def test_the_share_of_delivered_calls_is_missing_where_the_source_hides_who_failed(
    source, rows, ner
):
    calls = of(source, *rows)
    (row,) = measures.summary(calls).to_dict("records")
    assert row["asr"] == 1 / len(rows)
    assert pd.isna(row["ner"]) if ner is None else row["ner"] == ner
    cell = measures.heat_map(calls, value="ner").loc[0, 9]
    assert pd.isna(cell) if ner is None else cell == ner  # type: ignore[arg-type]
    assert dict(page_of(calls).numbers())["delivered (NER)"] == (
        "-" if ner is None else f"{ner:.1%}"
    )


def test_a_sum_of_talk_says_that_some_of_it_is_unknown():
    rows = [ANSWERED, (60, 99, 70, None, "ANSWERED", "100"), IN_VAIN, FAILED]
    calls = of("queue_log", *rows[:2])
    (row,) = measures.summary(calls).to_dict("records")
    assert (row["talk"], row["talk_unknown"], row["acd"]) == (50.0, 1, 50.0)
    assert ["100", "2", "2", "50.0 s or more"] in cells(page_of(calls))
    known = measures.summary(of("events", ANSWERED, IN_VAIN, FAILED))
    assert known[["talk", "talk_unknown"]].values.tolist() == [[50.0, 0]]
    up = of("events", ANSWERED, (70, None, None, None, None, "100"))
    assert measures.summary(up)["talk_unknown"].tolist() == [0], "it has not been said yet"


def test_an_agent_who_talked_longer_than_he_was_there_has_no_occupancy():
    # A member by configuration, of whose time in queues only an evening of 30 s is known.
    talks = some_visits([("desk", 5.0, "ANSWERED")])  # a minute
    session = pd.DataFrame({"login": moments([900.0]), "logout": moments([930.0])})
    (ann,) = measures.agents(talks, sessions=session.assign(agent="Ann")).to_dict("records")
    assert (ann["talk"], ann["logged_in"]) == (60.0, 30.0)
    assert pd.isna(ann["occupancy"])


SHIFT = (
    "0 MANAGER|desk|PJSIP/240|ADDMEMBER|",
    "0 1780300000.8|NONE|81|AGENTLOGIN|PJSIP/30-00000000",
    "900 1780300000.8|NONE|81|AGENTLOGOFF|PJSIP/30-00000000|900",
    "900 MANAGER|desk|PJSIP/240|REMOVEMEMBER|",
)


def test_an_agent_whose_calls_may_have_another_name_has_no_nought_calls(tmp_path):
    # Ann is PJSIP/240 where she logs in, or 81: nothing in the log says which.
    log = [*SHIFT[:2], *TIMED_OUT[:3], *SHIFT[2:]]
    past = history(queue_log(tmp_path, *log))
    found = past.report(tz="UTC").agents.set_index("agent")
    assert found["answered"].isna().to_dict() == {"81": True, "Ann": False, "PJSIP/240": True}
    assert found["talk"].isna()["PJSIP/240"] and found["occupancy"].isna().all()
    assert ["PJSIP/240", "-", "-", "15:00", "-", "-"] in cells(past.report(tz="UTC"))
    named = history(
        queue_log(tmp_path, *log), members={"PJSIP/240": "Ann", "PJSIP/241": "Ben"}
    ).report(tz="UTC")
    ann = named.agents.set_index("agent").loc["Ann"]
    assert (ann["answered"], ann["logged_in"], ann["occupancy"]) == (1, 900.0, 60 / 900)
    assert named.agents.set_index("agent").loc["81", "answered"] == 0, "all calls have an agent"


def test_a_member_without_calls_has_none_where_names_are_the_same_everywhere():
    talks = some_visits([("desk", 5.0, "ANSWERED")]).assign(source="events")
    session = pd.DataFrame({"login": moments([0.0]), "logout": moments([60.0])})
    session = session.assign(agent="PJSIP/240", queue="desk")
    ann, idle = measures.agents(talks, sessions=session).to_dict("records")
    assert (ann["answered"], idle["answered"], idle["occupancy"]) == (1, 0, 0.0)
