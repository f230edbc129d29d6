"""One call of a history as a ladder: what its rows tell, by the clock, and nothing else."""

from __future__ import annotations

from pathlib import Path
from xml.dom import minidom

import pytest

from ast_notebook.anonymize import Anonymizer
from ast_notebook.calls import Flow
from ast_notebook.calls.anonymized import anonymized_history
from ast_notebook.calls.history import History, history
from ast_notebook.errors import AstError, ChannelGone
from tests.support.past import line, write
from tests.support.paths import HISTORY


def lines(drawn: Flow) -> list[str]:
    """Return the ladder as text, without its heading and with single blanks."""
    return [" ".join(one.split()) for one in repr(drawn).splitlines()[1:]]


def bars(drawn: Flow) -> list[tuple[str, str, float]]:
    return [
        (drawn.labels[one.lane], one.kind, ((one.end or 0) - one.begin) / 1_000_000)
        for one in drawn.phases
    ]


def of_cdr(folder: Path, *more: str, **changed: str) -> History:
    return history(write(folder, line(*more, **changed)), tz="UTC")


def test_a_cdr_tells_no_ring_and_no_talk_so_its_ladder_has_none(tmp_path: Path) -> None:
    drawn = of_cdr(tmp_path, "1780308000.1").flow("1780308000.1")
    assert lines(drawn) == [
        "10:00:00 100 Door calls 200",
        "10:00:05 100 Door -- 200 are connected then or later",
        "10:01:05 100 Door ends: 1:00 billed",
    ]
    assert drawn.phases == ()
    assert drawn.labels == ("100 Door", "200")
    assert drawn.channels == ("PJSIP/100", "PJSIP/200")


def test_a_missed_call_of_a_cdr_has_its_begin_its_end_and_what_became_of_it(
    tmp_path: Path,
) -> None:
    missed = {"answer": "", "end": "2026-06-01 10:00:30", "billsec": "0", "duration": "30"}
    drawn = of_cdr(tmp_path, "1780308000.1", **missed, disposition="NO ANSWER").flow("100")
    assert lines(drawn) == ["10:00:00 100 Door calls 200", "10:00:30 100 Door ends: no answer"]
    assert drawn.labels == ("100 Door",) and drawn.phases == ()


QUEUES = """1780308000|1.1|support|NONE|ENTERQUEUE||100|1
1780308010|1.1|support|Anna|CONNECT|10|1.2|4
1780308070|1.1|support|Anna|COMPLETEAGENT|10|60|1
1780308100|1.3|support|NONE|ENTERQUEUE||200|1
1780308130|1.3|support|NONE|ABANDON|1|1|30
1780308200|1.5|support|NONE|ENTERQUEUE||300|1
1780308220|1.5|support|NONE|EXITWITHTIMEOUT|1|1|20
1780308221|1.5|sales|NONE|ENTERQUEUE||300|1
1780308226|1.5|sales|Bert|CONNECT|5|1.6|2
1780308236|1.5|sales|Bert|COMPLETECALLER|5|10|1
"""


def test_a_queue_log_tells_waits_rings_and_talks_in_queues(tmp_path: Path) -> None:
    past = history(write(tmp_path, QUEUES, "queue_log"), tz="UTC")
    agent = past.flow("1.1")
    assert lines(agent) == [
        "10:00:00 100 begins",
        "10:00:00 100 comes to support",
        "10:00:00 100 waits for 10 s",
        "10:00:06 Anna rings for 4 s",
        "10:00:10 Anna answers",
        "10:00:10 100 -- Anna talk for 1:00",
        "10:01:10 Anna hangs up",
    ]
    talk = [("100", "talks", 60), ("Anna", "talks", 60)]
    assert bars(agent) == [("100", "waits", 10), ("Anna", "rings", 4), *talk]
    assert lines(past.flow("200")) == [
        "10:01:40 200 begins",
        "10:01:40 200 comes to support",
        "10:01:40 200 waits for 30 s",
        "10:02:10 200 leaves support without an answer",
        "10:02:10 200 ends: gave up waiting",
    ]
    assert lines(past.flow("300")) == [
        "10:03:20 300 begins",
        "10:03:20 300 comes to support",
        "10:03:20 300 waits for 20 s",
        "10:03:40 300 leaves support: waited in vain",
        "10:03:41 300 comes to sales",
        "10:03:41 300 waits for 5 s",
        "10:03:44 Bert rings for 2 s",
        "10:03:46 Bert answers",
        "10:03:46 300 -- Bert talk for 10 s",
        "10:03:56 300 hangs up",
    ]


def test_a_cdr_and_a_queue_log_tell_one_call_together(tmp_path: Path) -> None:
    record = line(
        "1780308000.1",
        dst="600",
        dstchannel="PJSIP/6101-00000002",
        lastapp="Queue",
        lastdata="support",
        answer="2026-06-01 10:00:00",
        end="2026-06-01 10:01:10",
        billsec="70",
    )
    files = (
        write(tmp_path, record),
        write(tmp_path, QUEUES.replace("|1.1|", "|1780308000.1|"), "queue_log"),
    )
    assert lines(history(*files, tz="UTC").flow("100")) == [
        "10:00:00 100 Door calls 600",
        "10:00:00 100 Door comes to support",
        "10:00:00 100 Door is answered; 6101 talks then or later",
        "10:00:00 100 Door waits for 10 s",
        "10:00:06 Anna rings for 4 s",
        "10:00:10 Anna answers",
        "10:00:10 100 Door -- Anna talk for 1:00",
        "10:01:10 Anna hangs up",
        "10:01:10 100 Door ends: 1:10 billed",
    ]


def cel() -> History:
    return history(HISTORY / "asterisk22-cel.csv", tz="UTC")


def test_a_cel_tells_the_talk_and_the_seconds_of_ringing(tmp_path: Path) -> None:
    past = cel()
    assert lines(past.flow("1795419880.5")) == [
        "07:44:40 2222 Office calls 200",
        "07:44:40 200 answers",
        "07:44:40 2222 Office -- 200 talk for 1 s",
        "07:44:41 2222 Office hangs up",
    ]
    assert lines(past.flow("1795419885.13")) == [
        "07:44:45 2222 Office calls 200",
        "07:44:46 2222 Office hangs up: hung up first, a telephone rang for 1 s",
    ]


def test_a_ladder_is_by_the_clock_of_the_history_or_of_the_zone_that_is_told(
    tmp_path: Path,
) -> None:
    times = {"start": "2026-06-01 12:00:00", "answer": "", "end": "2026-06-01 12:00:09"}
    path = write(tmp_path, line("1780308000.1", **times, disposition="BUSY", billsec="0"))
    past = history(path, tz="Europe/Berlin")
    assert "12:00:00" in lines(past.flow("100"))[0]
    assert "times in CEST" in repr(past.flow("100"))
    assert "10:00:00" in lines(past.flow("100", tz="UTC"))[0]
    with pytest.raises(AstError, match="Nowhere"):
        past.flow("100", tz="Nowhere")


def test_a_number_or_a_device_means_its_last_call(tmp_path: Path) -> None:
    later = {"start": "2026-06-01 11:00:00", "answer": "2026-06-01 11:00:01"}
    second = line("1780311600.3", **later, end="2026-06-01 11:00:09", billsec="8")
    past = history(write(tmp_path, line("1780308000.1") + second), tz="UTC")
    for which in ("200", "PJSIP/200", "100"):
        assert past.flow(which).call == "1780311600.3"
    with pytest.raises(ChannelGone, match="No call '20' is among the 2 of"):
        past.flow("20")


def test_a_history_with_pseudonyms_draws_no_number(tmp_path: Path) -> None:
    past = of_cdr(tmp_path, "1780308000.1")
    with pytest.warns(UserWarning, match="left out"):
        hidden = anonymized_history(past, Anonymizer(b"k" * 32))
    drawn = hidden.flow(hidden.calls["call"].iloc[0])
    assert "100" not in "".join(drawn.labels) and "Door" not in drawn.svg()


def test_names_of_callers_are_escaped(tmp_path: Path) -> None:
    drawn = of_cdr(tmp_path, "1780308000.1", clid='"<b>\x1b[2J" <100>').flow("100")
    assert "<b>" not in drawn.svg() and "\x1b" not in drawn.svg() + repr(drawn)
    assert minidom.parseString(drawn.svg()).documentElement is not None
