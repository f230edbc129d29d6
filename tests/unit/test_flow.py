"""One call as a ladder: its steps, its phases, and how they are drawn and written."""

from __future__ import annotations

import re
from typing import Any
from xml.dom import minidom

import pandas as pd
import pytest

from ast_notebook.calls import Flow, flow
from ast_notebook.errors import ConfError

BERLIN = "Europe/Berlin"
#: 2026-07-01 10:00:00 in Berlin, in summer time.
BEGIN = pd.Timestamp("2026-07-01 08:00", tz="UTC")
A, B, C = "100.1", "100.2", "100.3"
NAMES = {A: "PJSIP/2222-00000224", B: "PJSIP/200-00000225", C: "PJSIP/200-00000226"}


def event(second: float, name: str, one: str | None = None, **headers: Any) -> dict[str, Any]:
    of = {} if one is None else {"uniqueid": one, "channel": NAMES[one], "linkedid": A}
    time = BEGIN + pd.Timedelta(seconds=second)
    return {"time": time, "received": time, "server": "ast", "event": name, **of, **headers}


def dials(second: float, one: str, dest: str) -> dict[str, Any]:
    return event(second, "DialBegin", one, destuniqueid=dest, destlinkedid=A)


def over(second: float, one: str, dest: str, status: str) -> dict[str, Any]:
    return event(second, "DialEnd", one, destuniqueid=dest, destlinkedid=A, dialstatus=status)


def up(second: float, one: str, state: str = "Up") -> dict[str, Any]:
    return event(second, "Newstate", one, channelstatedesc=state)


def bridge(second: float, one: str, name: str = "BridgeEnter") -> dict[str, Any]:
    return event(second, name, one, bridgeuniqueid="b")


def ends(second: float, one: str, cause: str = "Normal Clearing") -> dict[str, Any]:
    return event(second, "Hangup", one, **{"cause": "16", "cause-txt": cause})


def drawn(*events: dict[str, Any], tz: str = BERLIN) -> Flow:
    return flow(pd.DataFrame(events), A, tz=tz)


def told(one: Flow) -> list[str]:
    """The lines of the text ladder, without blanks in a row."""
    return [re.sub(" +", " ", line).strip() for line in repr(one).splitlines()]


def phases(one: Flow) -> list[tuple[int, str, float, float | None]]:
    zero = BEGIN.value // 1000
    return [
        (
            each.lane,
            each.word,
            (each.begin - zero) / 1e6,
            None if each.end is None else (each.end - zero) / 1e6,
        )
        for each in one.phases
    ]


def text_of(element: minidom.Element) -> str:
    """An element's own text, without that of the elements in it."""
    return "".join(one.data for one in element.childNodes if isinstance(one, minidom.Text))


ANSWERED = (
    event(0, "Newchannel", A, exten="200", calleridnum="2222"),
    event(0.01, "Newchannel", B),
    dials(0.02, A, B),
    up(0.1, B, "Ringing"),
    up(3.02, B),
    over(3.021, A, B, "ANSWER"),
    up(3.022, A),
    bridge(3.03, B),
    bridge(3.04, A),
    event(10, "Hold", B),
    event(25, "Unhold", B),
    bridge(93.04, A, "BridgeLeave"),
    ends(93.041, A),
    bridge(93.042, B, "BridgeLeave"),
    ends(93.05, B),
)


def test_a_call_is_told_with_one_line_for_each_thing_at_the_time_of_the_clock():
    assert told(drawn(*ANSWERED)) == [
        "Call 100.1 on 2026-07-01, times in CEST",
        "10:00:00.000 2222 begins",
        "10:00:00.020 2222 -> 200 dials",
        "10:00:00.020 200 rings for 3.0 s",
        "10:00:03.020 200 answers",
        "10:00:03.040 2222 -- 200 talk for 1:30",
        "10:00:10.000 200 holds for 15.0 s",
        "10:00:10.000 2222 is held for 15.0 s",
        "10:00:25.000 200 resumes",
        "10:01:33.041 2222 ends: Normal Clearing",
        "10:01:33.050 200 ends: Normal Clearing",
    ]


def test_phases_are_from_the_dial_to_the_answer_and_from_the_second_who_enters_to_the_first_out():
    assert phases(drawn(*ANSWERED)) == [
        (1, "rings", 0.02, 3.02),
        (0, "talks", 3.04, 93.04),
        (1, "talks", 3.04, 93.04),
        (0, "is held", 10.0, 25.0),
        (1, "holds", 10.0, 25.0),
    ]


def test_a_cancelled_dial_is_told_once_although_asterisk_tells_it_twice():
    found = drawn(
        event(0, "Newchannel", A, exten="701"),
        event(0.1, "QueueCallerJoin", A, queue="sales"),
        event(0.2, "Newchannel", B),
        dials(0.3, A, B),
        over(5.3, A, B, "CANCEL"),
        over(5.3, A, B, "CANCEL"),
        ends(5.31, B),
        event(5.32, "QueueCallerAbandon", A, queue="sales"),
        ends(5.33, A, "Interworking, unspecified"),
    )
    assert told(found)[1:] == [
        "10:00:00.000 2222 begins",
        "10:00:00.100 2222 comes to sales",
        "10:00:00.100 2222 waits for 5.2 s",
        "10:00:00.300 2222 -> 200 dials",
        "10:00:00.300 200 rings for 5.0 s",
        "10:00:05.300 200 is not rung any more",
        "10:00:05.320 2222 leaves sales without an answer",
        "10:00:05.330 2222 ends: Interworking, unspecified",
    ]


@pytest.mark.parametrize(
    ("status", "cause", "line"),
    [
        ("BUSY", "User busy", "200 is busy"),
        ("NOANSWER", "Normal Clearing", "200 does not answer"),
        ("NOANSWER", "Call Rejected", "200 does not answer: Call Rejected"),
        ("CHANUNAVAIL", "Unknown", "200 cannot be reached"),
        ("STRANGE", "Normal Clearing", "200 is not reached: STRANGE"),
    ],
)
def test_a_dial_in_vain_is_told_with_its_cause_and_the_end_of_the_channel_is_not_told_again(
    status, cause, line
):
    found = drawn(
        event(0, "Newchannel", A, exten="200"),
        event(0, "Newchannel", B),
        dials(0.1, A, B),
        over(0.2, A, B, status),
        ends(0.3, B, cause),
    )
    rang = status not in ("BUSY", "CHANUNAVAIL")
    assert told(found)[3 + rang :] == [f"10:00:00.200 {line}"]
    assert bool(found.phases) is rang, "a telephone that was never heard of ringing did not ring"


def test_a_second_dial_of_the_same_telephone_is_another_thing():
    found = drawn(
        event(0, "Newchannel", A, exten="200"),
        event(0, "Newchannel", B),
        dials(1, A, B),
        over(2, A, B, "NOANSWER"),
        ends(2, B),
        event(3, "Newchannel", C),
        dials(3, A, C),
        over(4, A, C, "NOANSWER"),
        ends(4, C),
    )
    assert found.labels == ("2222", "200", "200 (2)")
    assert [line.split(" ", 1)[1] for line in told(found) if "answer" in line] == [
        "200 does not answer",
        "200 (2) does not answer",
    ]


def test_what_is_not_over_has_no_length():
    found = drawn(*ANSWERED[:9])
    assert "10:00:03.040 2222 -- 200 talk" in told(found)
    assert phases(found)[1:] == [(0, "talks", 3.04, None), (1, "talks", 3.04, None)]
    assert "talks, and goes on" in found.svg()


def test_a_parked_call_waits():
    parked = {"parkeeuniqueid": A, "parkeelinkedid": A}
    found = drawn(
        event(0, "Newchannel", A, exten="700"),
        event(1, "ParkedCall", None, **parked),
        event(9, "UnParkedCall", None, **parked),
        ends(10, A),
    )
    assert phases(found) == [(0, "waits", 1.0, 9.0)]


def test_somebody_alone_in_a_bridge_or_with_a_recording_talks_with_nobody():
    NAMES["100.4"] = "Announcer/ARI-00000001;2"
    found = drawn(
        event(0, "Newchannel", A, exten="800"),
        bridge(1, A),
        bridge(2, "100.4"),
        bridge(5, A, "BridgeLeave"),
        ends(6, A),
    )
    assert found.phases == ()


def test_in_a_conference_one_talks_with_strangers():
    stranger = event(2, "BridgeEnter", None, bridgeuniqueid="b")
    stranger |= {"uniqueid": "7.1", "linkedid": "7.1", "channel": "PJSIP/300-00000009"}
    gone = event(5, "Hangup", None) | {"uniqueid": "7.1", "linkedid": "7.1"}
    found = drawn(event(0, "Newchannel", A, exten="800"), bridge(1, A), stranger, gone, ends(6, A))
    assert phases(found) == [(0, "talks", 2.0, 5.0)]
    assert "10:00:02.000 2222 talk for 3.0 s with others" in told(found)


def test_two_bridges_that_a_local_channel_joins_are_one_talk():
    NAMES.update({"100.5": "Local/200@phones-1;1", "100.6": "Local/200@phones-1;2"})
    far = {"bridgeuniqueid": "c"}
    found = drawn(
        event(0, "Newchannel", A, exten="200"),
        event(0, "Newchannel", "100.5"),
        event(0, "Newchannel", "100.6", exten="200"),
        event(0, "Newchannel", B),
        bridge(1, A),
        bridge(2, "100.5"),
        event(3, "BridgeEnter", "100.6", **far),
        event(4, "BridgeEnter", B, **far),
        ends(9, B),
        ends(10, A),
    )
    assert phases(found) == [(0, "talks", 4.0, 9.0), (1, "talks", 4.0, 9.0)]
    assert found.labels == ("2222", "200", "Local 200@phones ;1", "Local 200@phones ;2")


def test_the_drawing_has_words_for_each_colour_and_the_ids_under_the_mouse():
    found = drawn(*ANSWERED)
    picture = minidom.parseString(found.svg())
    texts = [text_of(one) for one in picture.getElementsByTagName("text")]
    assert {"rings 3.0 s", "talks 1:30", "holds 15.0 s", "is held 15.0 s"} < set(texts)
    assert {"rings", "talks", "on hold"} < set(texts), "the colours are explained below"
    assert {"2222", "200", "10:00:03.040"} < set(texts)
    assert not any("00000224" in one for one in texts)
    titles = [text_of(one) for one in picture.getElementsByTagName("title")]
    assert "PJSIP/2222-00000224\n100.1" in titles
    (described,) = picture.getElementsByTagName("desc")
    assert text_of(described) == repr(found), "who does not see it hears the text"


def test_nothing_in_the_drawing_is_cut_off_at_its_edges():
    name = "PJSIP/" + 30 * "w" + "-00000225"
    NAMES["100.7"] = name
    events = [
        event(0, "Newchannel", A, exten="200"),
        event(0, "Newchannel", "100.7"),
        dials(1, A, "100.7"),
        over(2, A, "100.7", "NOANSWER"),
        ends(2, "100.7", 60 * "x"),
    ]
    picture = minidom.parseString(drawn(*events).svg())
    (drawing,) = picture.getElementsByTagName("svg")
    width = float(drawing.getAttribute("width"))
    for one in picture.getElementsByTagName("text"):
        text = text_of(one)
        shift = {"middle": 0.5, "end": 1.0}.get(one.getAttribute("text-anchor"), 0.0)
        left = float(one.getAttribute("x")) - shift * 7 * len(text)
        assert left >= 0 and left + 7 * len(text) <= width, text


def test_a_zone_that_is_none_is_refused_in_one_line():
    with pytest.raises(ConfError, match="no zone Nowhere"):
        drawn(*ANSWERED, tz="Nowhere")
