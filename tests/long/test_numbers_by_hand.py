"""The numbers of the page of a month, of small logs whose right values are in the tests."""

from __future__ import annotations

import html
import re
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pandas as pd
import pytest

from ast_notebook import show
from ast_notebook.calls import charts, measures
from ast_notebook.calls.history import history
from ast_notebook.calls.report import Report
from tests.support.measured import WAITS, moments, office_calls, some_calls, some_visits
from tests.support.past import line, write
from tests.unit.test_measures_quality import CALLS as SOUNDED

BERLIN = "Europe/Berlin"


def rows_of(page: str, caption: str) -> list[list[str]]:
    """Return the texts of the rows of the table with this caption."""
    table = page[page.index(f"<caption>{caption}") :]
    rows = table[: table.index("</table>")].split("<tr")[2:]
    return [
        [html.unescape(re.sub("<[^>]*>", "", one)) for one in re.findall(r"<t[dh].*?</t[dh]>", row)]
        for row in rows
    ]


def second(clock: str) -> int:
    """Return a moment of 15 October 2026 in Berlin, in seconds since 1970 UTC."""
    moment = datetime.fromisoformat(f"2026-10-15 {clock}").replace(tzinfo=ZoneInfo(BERLIN))
    return int(moment.timestamp())


def cdr(clock: str, end: str, number: int, **more: str) -> str:
    start = f"2026-10-15 {clock}"
    told = {"start": start, "answer": start, "end": f"2026-10-15 {end}", "duration": "60"}
    told |= {"channel": f"PJSIP/provider-0000000{number}", **more}
    return line(f"{second(clock)}.{number}", "", **told)


def test_calls_of_a_master_csv_and_a_queue_log_of_the_same_time_count_once(tmp_path: Path) -> None:
    # Two came to the queue, of whom one gave up after 12 s; the third called a telephone.
    queue = {"lastapp": "Queue", "lastdata": "desk", "dst": "610"}
    text = cdr("10:00:00", "10:01:00", 1, **queue)
    text += cdr("10:10:00", "10:10:12", 2, **queue, dstchannel="", duration="12", billsec="12")
    text += cdr("10:20:00", "10:21:00", 3)
    one, two = second("10:00:00"), second("10:10:00")
    entries = [
        f"{one}|{one}.1|desk|NONE|ENTERQUEUE||100|1",
        f"{one + 8}|{one}.1|desk|Ann|CONNECT|8|{one}.9|3",
        f"{one + 60}|{one}.1|desk|Ann|COMPLETECALLER|8|52|1",
        f"{two}|{two}.2|desk|NONE|ENTERQUEUE||100|1",
        f"{two + 12}|{two}.2|desk|NONE|ABANDON|1|1|12",
    ]
    log = write(tmp_path, "".join(f"{entry}\n" for entry in entries), "queue_log")
    past = history(write(tmp_path, text), log, tz=BERLIN)
    assert len(past.calls) == 3 and len(past.visits) == 2
    numbers = dict(past.report().numbers())
    assert numbers["calls"] == "3"
    assert numbers["answered (ASR)"] == "66.7%"  # 2 of 3
    assert numbers["offered to queues"] == "2"
    assert numbers["within 20 s"] == numbers["gave up"] == "50.0%"  # 1 of 2 each
    assert numbers["speed of answer"] == "8.0 s"


def test_the_page_has_the_measures_of_queues() -> None:
    # Of 8 callers, 3 were answered after 4, 20 and 30 s, and 2 gave up.
    page = Report(some_calls([]), WAITS, tz="UTC")
    numbers = dict(page.numbers())
    assert numbers["offered to queues"] == "8"
    assert numbers["within 20 s"] == "25.0%"  # the first two of 8
    assert numbers["gave up"] == "25.0%"  # 2 of 8
    assert numbers["speed of answer"] == "18.0 s"  # (4 + 20 + 30) / 3


def test_the_page_has_the_occupancy_of_agents() -> None:
    # Two talks of 60 s; there for 400 s, of which 100 s are lunch: 120 of 300 s.
    talks = some_visits([("desk", 5.0, "ANSWERED")] * 2)
    sessions = pd.DataFrame({"agent": ["Ann"], "login": moments([0.0]), "logout": moments([400.0])})
    pauses = pd.DataFrame(
        {"agent": ["Ann"], "start": moments([200.0]), "reason": ["lunch"], "seconds": [100.0]}
    )
    page = Report(SOUNDED, talks, sessions=sessions, pauses=pauses, tz="UTC")
    assert rows_of(page.html(), "Each agent") == [["Ann", "2", "1:00", "6:40", "1:40", "40.0%"]]


def test_every_row_of_a_comparison_is_a_count_a_share_or_a_median() -> None:
    now = office_calls(
        [
            (60.0 * n, direction, "0301", "100", disposition, None)
            for n, (direction, disposition) in enumerate(
                [
                    *[("inbound", "ANSWERED")] * 3,
                    *[("inbound", one) for one in ("BUSY", "ABANDONED", "NO ANSWER")],
                    *[("outbound", one) for one in ("ANSWERED", "ANSWERED", "FAILED", "BUSY")],
                ]
            )
        ]
    )
    rows = [("inbound", "ANSWERED"), ("inbound", "ANSWERED"), ("outbound", "ANSWERED")]
    rows += [("inbound", "ABANDONED")] * 2
    before = office_calls(
        [(60.0 * n, way, "0302", "100", how, None) for n, (way, how) in enumerate(rows)]
    )
    now["wait"] = [10.0, 30.0, 20.0, *[None] * 7]
    now["ring"] = [2.0, 4.0, 6.0, 8.0, *[None] * 6]
    now.loc[:4, "talk"] = [50.0, 70.0, 90.0, 0.0, 0.0]  # of the answered: 50 70 90 60 60
    before["wait"], before["ring"] = [5.0] * 5, [3.0] * 5
    found = measures.compare(now, before).set_index("measure")[["now", "before"]]
    assert {name: tuple(row) for name, row in found.iterrows()} == {
        "calls": (10, 5),
        "inbound": (6, 4),
        "outbound": (4, 1),
        "answered": (5 / 10, 3 / 5),
        "busy": (2 / 10, 0),
        "abandoned": (1 / 10, 2 / 5),
        "failed": (1 / 10, 0),
        "missed": (3 / 6, 2 / 4),  # of those from outside
        "talk": (60, 60),  # of 50 60 60 70 90
        "wait": (20, 5),  # of 10 20 30
        "ring": (5, 3),  # of 2 4 6 8
    }


def test_the_section_of_quality_has_the_worst_devices_with_their_means() -> None:
    # The scores are 4.4, 3.0, none, 3.6 and 2.0; those below 3.6 are bad.
    page = Report(SOUNDED, WAITS, tz="UTC").html()
    assert "2 of 4 calls sounded bad (50.0%)" in page
    assert "The mean is 3.25, the lowest 2.00." in page  # 13.0 / 4
    # The first two calls have scores 4.4 and 3.0, the last two 3.6 and 2.0.
    first = ["2", "1", "50.0%", "3.70", "1.5 %", "6 ms", "10 ms"]
    last = ["2", "1", "50.0%", "2.80", "4.5 %", "18 ms", "115 ms"]
    assert rows_of(page, "The worst devices") == [
        ["SIP/200", *first],
        ["SIP/240", *last],
        ["SIP/a", *first],
        ["SIP/b", *last],
    ]
    assert rows_of(page, "The worst trunks") == [["SIP/a", *first], ["SIP/b", *last]]


def test_the_clock_below_a_picture_is_that_of_the_report() -> None:
    # 20:00 and 21:00 UTC in October are 22:00 and 23:00 in Berlin.
    dates = pytest.importorskip("matplotlib.dates")
    start = pd.Timestamp("2026-10-15 20:00", tz="UTC")
    calls = some_calls(
        [(0, 60, None, None, "BUSY", "1"), (3600, 3660, None, None, "BUSY", "1")], start
    )
    page = Report(calls, WAITS, tz=BERLIN)
    (axes,) = charts.concurrency(page.load, tz=page.tz).axes
    hours = [dates.date2num(datetime(2026, 10, 15, hour)) for hour in (20, 21)]
    assert axes.xaxis.get_major_formatter().format_ticks(hours) == ["22:00", "23:00"]
    assert [page.heat_map[hour].tolist()[3] for hour in (22, 23)] == [1, 1]  # a Thursday


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0.0, "0.0 s"), (59.94, "59.9 s"), (59.96, "1:00"), (60.0, "1:00"), (252.4, "4:12"),
     (3599.6, "1:00:00"), (3723.0, "1:02:03")],
)  # fmt: skip
def test_a_length_of_time_has_minutes_from_one_minute_on(seconds: float, shown: str) -> None:
    assert show.span(seconds) == shown
