"""A history of what happened in queues, and of channel events."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pandas as pd
import pytest

from ast_notebook.calls import measures
from ast_notebook.calls.history import history
from tests.support.past import write


def test_what_happens_in_queues_becomes_calls(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        """1780308000|1.1|support|NONE|ENTERQUEUE||100|1
1780308010|1.1|support|Anna|CONNECT|10|1.2|4
1780308070|1.1|support|Anna|COMPLETEAGENT|10|60|1
1780308100|1.3|support|NONE|ENTERQUEUE||200|1
1780308130|1.3|support|NONE|ABANDON|1|1|30
1780308200|1.5|support|NONE|ENTERQUEUE||300|1
1780308220|1.5|support|NONE|EXITWITHTIMEOUT|1|1|20
1780308221|1.5|sales|NONE|ENTERQUEUE||300|1
1780308226|1.5|sales|Bert|CONNECT|5|1.6|2
1780308236|1.5|sales|Bert|BLINDTRANSFER|400|phones|5|10|1
1780308300|NONE|NONE|Anna|PAUSE|lunch
1780308400|9.9|support|Anna|COMPLETEAGENT|1|2|3
nonsense
""",
        "queue_log",
    )
    past = history(path)
    first, second, third = past.calls.to_dict("records")
    assert (first["wait"], first["ring"], first["talk"]) == (10, 4, 60)
    assert first["answered_by"] == "Anna"
    assert (second["disposition"], second["wait"]) == ("ABANDONED", 30)
    assert (third["disposition"], third["wait"], third["transfers"]) == ("ANSWERED", 25, 1)
    assert third["queue"] == "sales"
    assert pd.isna(third["end"])
    assert past.bad["line"].tolist() == [12, 13]


def test_a_call_has_waited_as_long_as_its_visits_whatever_the_clock_says(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        """1780308000|1.1|support|NONE|ENTERQUEUE||100|1
1780308020|1.1|support|NONE|EXITWITHTIMEOUT|1|1|21
1780308100|1.3|support|NONE|ENTERQUEUE||200|1
1780308110|1.3|support|NONE|EXITWITHKEY|1|1|1|11
1780308200|1.5|support|NONE|ENTERQUEUE||300|1
1780308210|1.5|support|NONE|EXITWITHKEY|1|1
""",
        "queue_log",
    )
    past = history(path)
    assert past.visits["wait"].tolist() == past.calls["wait"].tolist() == [21, 11, 10]


def test_what_agents_do_in_a_queue_log_becomes_sessions_pauses_and_occupancy(
    tmp_path: Path,
) -> None:
    path = write(
        tmp_path,
        """1780308000|MANAGER|desk|SIP/30|ADDMEMBER|
1780308000|1.9|sales|SIP/40|ADDMEMBER|PAUSED
1780308100|1.1|desk|NONE|ENTERQUEUE||100|1
1780308110|1.1|desk|Kitchen|CONNECT|10|1.2|4
1780308170|1.1|desk|Kitchen|COMPLETEAGENT|10|60|1
1780308175|NONE|desk|Kitchen|PAUSE|
1780308187|NONE|desk|Kitchen|UNPAUSE|
1780308300|NONE|NONE|SIP/30|PAUSEALL|
1780308300|NONE|desk|Kitchen|PAUSE|
1780308300|NONE|NONE|Kitchen|PAUSEREASON|lunch
1780308400|NONE|desk|Kitchen|UNPAUSE|
1780308500|MANAGER|desk|SIP/30|REMOVEMEMBER|
1780308600|1.7|NONE|1001|AGENTLOGIN|SIP/50-00000001
1780308700|1.7|NONE|1001|AGENTLOGOFF|SIP/50-00000001|100
1780308800|NONE|desk|Cellar|UNPAUSE|
1780308900|NONE|desk||PAUSE|
""",
        "queue_log",
    )
    past = history(path, members={"SIP/30": "Kitchen"})
    known = ["agent", "interface", "queue", "seconds", "pauses", "paused"]
    shifts = past.sessions[known].astype(object).where(past.sessions[known].notna(), None)
    assert sorted(shifts.values.tolist(), key=str) == [
        ["1001", None, None, 100.0, 0, 0.0],
        ["Cellar", None, "desk", None, 0, 0.0],  # there before the log, and after it
        ["Kitchen", "SIP/30", "desk", 500.0, 2, 112.0],
        ["SIP/40", "SIP/40", "sales", None, 1, 0.0],
    ]
    found = measures.pauses_by_reason(past.pauses.dropna(subset="end"))
    assert found["seconds"].tolist() == [100.0, 12.0]
    assert found["reason"].tolist()[0] == "lunch"
    agents = measures.agents(past.visits, sessions=past.sessions, pauses=past.pauses)
    kitchen = agents.set_index("agent").loc["Kitchen"]
    assert (kitchen["wrapup"], kitchen["aht"], kitchen["paused"]) == (12, 72, 100)
    assert kitchen["occupancy"] == pytest.approx(72 / 400)
    assert past.report().agents.equals(agents)
    assert past.bad["reason"].tolist() == ["PAUSE names no agent"]


def test_an_agent_who_comes_to_a_queue_where_he_is_already_stays_there(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        """1780308000|MANAGER|desk|Ann|ADDMEMBER|
1780308100|MANAGER|desk|Ann|ADDMEMBER|
1780308300|MANAGER|desk|Ann|REMOVEMEMBER|
""",
        "queue_log",
    )
    past = history(path)
    assert past.sessions["seconds"].tolist() == [300.0]
    assert past.report().agents["logged_in"].tolist() == [300.0]


def cel(kind: str, at: float, channel: str, uniqueid: str, linkedid: str, **more: str) -> str:
    """Return a line of cel_custom."""
    known = {"exten": "200", "cid_num": "100", "appname": "", "appdata": "", "extra": ""} | more
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n").writerow(
        [kind, f"{1_780_308_000 + at:.6f}", "Door", known["cid_num"], "", "", "", known["exten"],
         "phones", channel, known["appname"], known["appdata"], "3", "", uniqueid, linkedid, "",
         "", "", known["extra"]]
    )  # fmt: skip
    return text.getvalue()


def test_a_talk_through_local_channels_is_seen_and_a_wait_is_known(tmp_path: Path) -> None:
    a, local, b = "PJSIP/1-00000001", "Local/2@x-00000001", "PJSIP/2-00000002"
    one, two = '{"bridge_id":"one"}', '{"bridge_id":"two"}'
    queue = {"appname": "Queue", "appdata": "support,t"}
    path = write(
        tmp_path,
        cel("CHAN_START", 0, a, "1780308000.1", "1780308000.1")
        + cel("APP_START", 1, a, "1780308000.1", "1780308000.1", **queue)
        + cel("CHAN_START", 2, f"{local};1", "1780308002.2", "1780308000.1")
        + cel("CHAN_START", 2, f"{local};2", "1780308002.3", "1780308000.1")
        + cel("CHAN_START", 2, b, "1780308002.4", "1780308000.1", cid_num="2")
        + cel("ANSWER", 6, b, "1780308002.4", "1780308000.1", cid_num="2")
        + cel("BRIDGE_ENTER", 7, b, "1780308002.4", "1780308000.1", extra=two)
        + cel("BRIDGE_ENTER", 7, f"{local};2", "1780308002.3", "1780308000.1", extra=two)
        + cel("BRIDGE_ENTER", 8, f"{local};1", "1780308002.2", "1780308000.1", extra=one)
        + cel("BRIDGE_ENTER", 9, a, "1780308000.1", "1780308000.1", extra=one)
        + cel("BRIDGE_EXIT", 20, a, "1780308000.1", "1780308000.1", extra=one)
        + "".join(
            cel(kind, 20, name, uniqueid, "1780308000.1")
            for name, uniqueid in (
                (a, "1780308000.1"), (f"{local};1", "1780308002.2"),
                (f"{local};2", "1780308002.3"), (b, "1780308002.4"),
            )
            for kind in ("HANGUP", "CHAN_END")
        ),
    )  # fmt: skip
    (call,) = history(path).calls.to_dict("records")
    assert (call["talk"], call["wait"], call["ring"]) == (11, 8, 4)
    assert (call["queue"], call["answered_by"], call["legs"]) == ("support", "2", 2)
    assert pd.isna(call["hangup_by"])


def test_a_call_that_is_still_up_has_no_end(tmp_path: Path) -> None:
    path = write(tmp_path, cel("CHAN_START", 0, "PJSIP/1-00000001", "1780308000.1", "1780308000.1"))
    (call,) = history(path).calls.to_dict("records")
    assert pd.isna(call["end"])
    assert pd.isna(call["billsec"])
    assert pd.isna(call["disposition"])


def test_an_event_of_no_known_kind_is_bad(tmp_path: Path) -> None:
    start = cel("CHAN_START", 0, "PJSIP/1-00000001", "1780308000.1", "1780308000.1")
    past = history(write(tmp_path, start + start.replace("CHAN_START", "TELEPATHY")))
    assert past.bad_count == 1
