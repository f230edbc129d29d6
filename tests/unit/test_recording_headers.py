"""What a header is called as a column: one name for all channels, and Asterisk's own word first."""

from unittest import mock

import numpy as np
import pandas as pd
import pytest

from ast_notebook.ami.message import parse
from ast_notebook.calls import calls, visits
from ast_notebook.recording import Record, headers
from ast_notebook.recording.headers import by_dialplan
from ast_notebook.recording.reading import read


def text(name, *lines, **headers):
    pairs = [f"{key.replace('_', '-')}: {value}" for key, value in headers.items()]
    return "\r\n".join([f"Event: {name}", *lines, *pairs])


def frame(*texts):
    record = Record()
    record.add(list(texts), 1_700_000_000_000_000)
    return record.frame()


def values(column):
    return column.astype(object).where(column.notna(), None).tolist()


@pytest.fixture(params=["record", "archive"])
def kept(request, tmp_path):
    """Give texts as a frame, of the record itself and of its archive read back."""

    def of(*texts):
        record = Record()
        archive = record.to(tmp_path) if request.param == "archive" else None
        record.add(list(texts), 1_700_000_000_000_000)
        if archive is None:
            return record.frame()
        assert archive.flush()
        found = read(tmp_path)
        record.close()
        return found

    return of


def test_a_header_ends_at_its_first_colon_whatever_is_in_its_value(kept):
    found = kept(
        text("UserEvent", "UserEvent: Bell", "Source:Door: front", "Value: a: b"),
        text("UserEvent", "UserEvent: Bell", "Source: back", "ChanVariable(SIP/h:5060-1): X=a: b"),
    )
    assert values(found["source"]) == ["Door: front", "back"]
    assert values(found["value"]) == ["a: b", None]
    assert values(found["chanvariable"]) == [None, "X=a: b"]


# --- ChanVariable --------------------------------------------------------------------------------


def test_channel_variables_are_one_column_whichever_channel_is_named(kept):
    named = [
        text("OriginateResponse", f"ChanVariable(PJSIP/6101-{n:08x}): TRUNK={n}") for n in range(40)
    ]
    found = kept(*named, text("Hangup", "ChanVariable: TRUNK=a", "ChanVariable: DID=1"))
    assert [name for name in found.columns if "(" in name] == []
    assert values(found["chanvariable"])[:2] == ["TRUNK=0", "TRUNK=1"]
    assert values(found["chanvariable"])[-1] == "TRUNK=a\nDID=1"


def test_those_of_a_callee_stay_apart():
    found = frame(text("DialBegin", "ChanVariable: A=1", "DestChanVariable(Local/1@a (b);2): A=2"))
    assert values(found["destchanvariable"]) == ["A=2"]
    assert values(found["chanvariable"]) == ["A=1"]


def test_an_event_gives_them_by_their_plain_name():
    event = parse(
        text(
            "OriginateResponse", "ChanVariable(Local/1@a;1): A=1", "ChanVariable(Local/1@a;1): B=2"
        )
    )
    assert event["ChanVariable"] == "A=1\nB=2"
    assert event.get_all("chanvariable") == ["A=1", "B=2"]


# --- user events ---------------------------------------------------------------------------------

OWN = ("Privilege: user,all", "Channel: PJSIP/1-1", "Uniqueid: 1.1", "Linkedid: 1.1", "Exten: 9")
SENT = ("Uniqueid: 7.7", "Channel: mine", "Value: a", "Value: b", "channel: another", "Event: Evil")


def test_a_user_event_keeps_its_channels_own_headers_and_has_those_sent_beside_them(kept):
    found = kept(
        text("UserEvent", *OWN, "UserEvent: Call", *SENT, "UserEvent: Other"),
        text("UserEvent", *OWN, "UserEvent: Call"),
        text("Hangup", "Channel: PJSIP/1-1", "Uniqueid: 1.1"),
    )
    assert values(found["channel"]) == ["PJSIP/1-1"] * 3
    assert values(found["uniqueid"]) == ["1.1"] * 3
    assert values(found["userevent"])[:2] == ["Call", "Call"]
    assert values(found["header_uniqueid"])[:2] == ["7.7", None]
    assert values(found["header_channel"])[0] == "mine\nanother"
    assert values(found["header_event"])[0] == "Evil"
    assert values(found["value"])[0] == "a\nb"


def test_what_logics_and_callbacks_are_given_is_the_same():
    event = parse(text("UserEvent", *OWN, "UserEvent: Call", *SENT, "UserEvent: Other"))
    assert (event["Channel"], event["Uniqueid"], event["UserEvent"]) == ("PJSIP/1-1", "1.1", "Call")
    assert event["channel"] == "PJSIP/1-1"
    assert event["header_Uniqueid"] == "7.7"
    assert event.get_all("header_channel") == ["mine", "another"]
    spelled = parse(text("UserEvent", *OWN, "UserEvent: Call", "UNIQUEID: 7.7"))
    assert (spelled["uniqueid"], spelled["header_uniqueid"]) == ("1.1", "7.7")


def test_one_sent_by_the_manager_has_no_channel_of_its_own_and_keeps_what_was_sent():
    found = frame(text("UserEvent", "UserEvent: Call", "Channel: mine", "Uniqueid: 5"))
    assert values(found["channel"]) == ["mine"]
    assert "header_channel" not in found


def test_a_dialplan_does_not_say_when_it_was():
    found = frame(text("UserEvent", "UserEvent: Call", "Timestamp: 1"))
    assert found["time"].tolist() == found["received"].tolist()
    assert values(found["header_timestamp"]) == ["1"]


# --- numbers -------------------------------------------------------------------------------------


@pytest.mark.parametrize("odd", ["unknown", "1.5", "0x10", "\u0661", "9" * 30, " 1", "1\n2", "+1"])
def test_a_text_among_numbers_costs_that_one_value(kept, odd):
    found = kept(text("Hangup", Cause=16), text("Hangup", Cause=odd), text("Hangup", Cause=""))
    assert found["cause"].dtype == "Int64"
    assert values(found["cause"]) == [16, None, None]
    assert values(found["header_cause"]) == [None, odd, None]


def test_numbers_sent_twice_and_headers_named_so_already_are_kept(kept):
    found = kept(
        text("A", "Count: 1", "Count: 2"),
        text("B", "Count: many", "Header_count: few"),
        text("C", "Talktime: long", "Count: -3"),
    )
    assert values(found["count"]) == [None, None, -3]
    assert values(found["header_count"])[0] == "1\n2"
    assert sorted(values(found["header_count"])[1].split("\n")) == ["few", "many"]
    assert values(found["header_talktime"])[2] == "long"


def test_calls_and_visits_are_made_though_some_header_is_no_number():
    channel = {"Channel": "PJSIP/1-1", "Uniqueid": "1.1", "Linkedid": "1.1"}
    found = frame(
        text("Newchannel", **channel, ChannelStateDesc="Ring", Exten="7", CallerIDNum="1"),
        text("QueueCallerJoin", **channel, Queue="q", Position="?", Count=1),
        text("Hangup", **channel, Cause="unknown"),
        text("Hangup", Channel="PJSIP/2-2", Uniqueid="1.2", Linkedid="1.2", Cause="17"),
    )
    assert "1.1" in calls(found)["call"].tolist()
    (visit,) = visits(found).itertuples()
    assert pd.isna(visit.position)


# --- how much work it is -------------------------------------------------------------------------


class Counted(np.ndarray):
    """An array that counts the values that are looked at in it, and in all that is made of it."""

    looks = 0

    def __getitem__(self, key):
        found = super().__getitem__(key)
        Counted.looks += getattr(found, "size", 1)
        return found

    def __array_ufunc__(self, ufunc, method, *given, **more):
        Counted.looks += max(getattr(one, "size", 1) for one in given)
        plain = [one.view(np.ndarray) if isinstance(one, Counted) else one for one in given]
        made = getattr(ufunc, method)(*plain, **more)
        return made.view(Counted) if isinstance(made, np.ndarray) else made

    def __array_function__(self, function, kinds, given, more):
        Counted.looks += sum(getattr(one, "size", 1) for one in given)
        made = super().__array_function__(function, kinds, given, more)
        return made.view(Counted) if isinstance(made, np.ndarray) else made


def looks(count):
    """How many values are looked at where a dialplan repeats so many of Asterisk's headers."""
    names = ["event", *(f"h{n}" for n in range(count)), "userevent"]
    codes = np.array([*range(count + 2), *range(1, count + 1)], np.int32)
    Counted.looks = 0
    with mock.patch.object(headers, "BEFORE_THE_DIALPLAN", frozenset(names)):
        made, moved = by_dialplan(names, codes.view(Counted), np.zeros(len(codes), np.int64))
    assert len(made) == 2 * count + 2
    assert [made[code] for code in moved[-2:]] == [f"header_h{n}" for n in (count - 2, count - 1)]
    return Counted.looks


def test_twice_as_many_headers_of_an_event_are_twice_the_work():
    few = looks(200)
    assert few > 400
    assert looks(800) <= 4.5 * few


def test_what_is_moved_aside_is_moved_once():
    lines = ["UserEvent: A", "Channel: mine", "header_Channel: other"]
    found = frame(text("UserEvent", "Channel: PJSIP/1-1", "header_Channel: own", *lines))
    assert values(found["channel"]) == ["PJSIP/1-1"]
    assert values(found["header_channel"]) == ["mine\nother"]
    assert values(found["header_header_channel"]) == ["own"]
