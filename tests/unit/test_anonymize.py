"""Numbers and names become pseudonyms that join as they did, and nothing unknown stays."""

from __future__ import annotations

import pickle
import re

import narwhals as nw
import numpy as np
import pandas as pd
import pytest

from ast_notebook.ami import Secret
from ast_notebook.anonymize import Anonymizer
from ast_notebook.anonymize.countries import country
from ast_notebook.calls.anonymized import anonymized_report
from ast_notebook.calls.history import history
from ast_notebook.errors import ConfError
from tests.support import past
from tests.support.anonymized import KEY, quietly

# --- one pseudonym --------------------------------------------------------------------------------


@pytest.fixture
def anonymizer() -> Anonymizer:
    return Anonymizer(KEY)


def test_a_pseudonym_is_the_same_wherever_the_number_stands(anonymizer):
    own = anonymizer.of("6102")
    assert re.fullmatch("[a-z]{12}", own)
    assert anonymizer.channel("PJSIP/6102-00000001") == f"PJSIP/{own}-00000001"
    assert anonymizer.channel("SIP/6102-0000001f<ZOMBIE>") == f"SIP/{own}-0000001f<ZOMBIE>"
    assert anonymizer.channel("Local/6102@from-queue-0000000a;1") == (
        f"Local/{own}@from-queue-0000000a;1"
    )
    assert anonymizer.channel("AsyncGoto/PJSIP/6102-00000001") == f"AsyncGoto/PJSIP/{own}-00000001"
    assert anonymizer.channel("DAHDI/6102-1") == f"DAHDI/{own}-1"
    assert anonymizer.device("Local/6102@from-queue/n") == f"Local/{own}@from-queue/n"
    assert anonymizer.device("hint:6102@ext-local") == f"hint:{own}@ext-local"
    assert anonymizer.device("Queue:far_pause_Local/6102@home/n") == (
        f"Queue:far_pause_Local/{own}@home/n"
    )
    assert anonymizer.device("park:6102@parked") == f"park:{own}@parked"
    assert anonymizer.device("confbridge:6102") == f"confbridge:{own}"
    assert anonymizer.devices("PJSIP/6102&SIP/6102") == f"PJSIP/{own}&SIP/{own}"
    assert anonymizer.mailbox("6102@default,6102@office") == f"{own}@default,{own}@office"
    assert anonymizer.caller('"6102" <6102>') == f'"{own}" <{own}>'
    assert anonymizer.party("PJSIP/6102") == f"PJSIP/{own}"
    assert anonymizer.party("6102") == own
    assert Anonymizer(Secret(KEY)).of("6102") == Anonymizer(KEY.encode()).of("6102") == own


@pytest.mark.parametrize(
    "text",
    ["PJSIP/anna-berta-0000000a", "PJSIP/a@b/c-0000000a", "Local/1@x-0000000a;1", "Anna; - / @, B"],
)
def test_a_pseudonym_holds_nothing_that_parts_a_channel(anonymizer, text):
    assert not set("-/@;,&") & set(anonymizer.of(text))
    assert "anna" not in anonymizer.channel(text).lower()


def test_what_a_failed_call_was_to_dial_is_no_channel(anonymizer):
    trunk, own = anonymizer.of("provider"), anonymizer.of("03012345678")
    for dialled in ("SIP/provider/030-12345678", "PJSIP/provider/(030) 12345678"):
        assert anonymizer.channel(dialled) == f"{dialled.partition('/')[0]}/{trunk}/{own}"
    assert (
        anonymizer.channel("AsyncGoto/SIP/provider/030-12345678") == f"AsyncGoto/SIP/{trunk}/{own}"
    )
    assert (
        anonymizer.channel("IAX2/provider/030-12345") == f"IAX2/{trunk}/{anonymizer.of('03012345')}"
    )
    for dialled in (
        "DAHDI/g1/030-12345678",
        "Local/+49-30123456",
        "SIP/provider-1234",
        "SIP/49-30123456",
    ):
        assert not re.search(r"\d{3}", anonymizer.channel(dialled))
    span = anonymizer.of("i1")
    assert anonymizer.channel("DAHDI/i1/6102-5") == f"DAHDI/{span}/{anonymizer.of('6102')}-5"
    name = anonymizer.channel("IAX2/6102-1234")
    assert name == f"IAX2/{anonymizer.of('6102')}-1234"


def test_each_of_several_mailboxes_becomes_a_pseudonym(anonymizer):
    one, two = anonymizer.of("22"), anonymizer.of("4930123")
    for mark in "&,":
        boxes = f"22@default{mark}4930123@default"
        assert anonymizer.mailbox(boxes) == f"{one}@default{mark}{two}@default"


def test_names_and_numbers_are_told_apart_as_they_were(anonymizer):
    names = [f"name {n}" for n in range(5000)] + [f"{n}" for n in range(5000)]
    assert len({anonymizer.of(name) for name in names}) == len(names)
    assert anonymizer.of("Anna") != anonymizer.of("anna")
    assert anonymizer.of("200-1") != anonymizer.of("2001")
    assert anonymizer.of("10.0.0.1") != anonymizer.of("10001")
    assert anonymizer.of("+49 (30) 123-456") == anonymizer.of("+4930123456")
    assert anonymizer.of("Jose\u0301") == anonymizer.of("Jos\xe9")
    assert anonymizer.of("\ud800") != anonymizer.of("?")


def test_what_stands_for_nobody_stays(anonymizer):
    for word in ("", "s", "h", "<unknown>", "anonymous"):
        assert anonymizer.of(word) == word
    assert anonymizer.device("Queue:support_avail") == "Queue:support_avail"


def test_trunks_can_stay():
    anonymizer = Anonymizer(KEY, keep=["PJSIP/provider", "line2"])
    assert anonymizer.device("PJSIP/provider") == "PJSIP/provider"
    assert anonymizer.device("SIP/line2") == "SIP/line2"
    assert anonymizer.channel("PJSIP/provider-0000000a") == "PJSIP/provider-0000000a"
    assert "provider" not in anonymizer.device("PJSIP/provider2")


@pytest.mark.parametrize(
    ("number", "code"),
    [
        ("+4930123456", "+49"),
        ("004930123456", "0049"),
        ("+12125550100", "+1"),
        ("+74951234567", "+7"),
        ("+353123456789", "+353"),
        ("+35012345678", "+350"),
        ("+861012345678", "+86"),
        ("+8821234567890", "+882"),
        ("030123456", ""),
        ("+49301", ""),
        ("+0123456789", ""),
        ("000123456789", ""),
        ("6102", ""),
        ("+49 is Germany", ""),
    ],
)
def test_the_country_is_kept_of_numbers_that_name_one(number, code):
    assert country(number) == code
    made = Anonymizer(KEY).of(number)
    assert re.fullmatch(rf"{re.escape(code)}[a-z]{{12}}", made)
    assert re.fullmatch("[a-z]{12}", Anonymizer(KEY, countries=False).of(number))


def test_one_number_written_in_two_ways_is_one_number():
    without = Anonymizer(KEY, countries=False)
    assert without.of("+4930123456") == without.of("004930123456")
    kept = Anonymizer(KEY)
    assert kept.of("+4930123456")[3:] == kept.of("004930123456")[4:]


@pytest.mark.parametrize(
    ("number", "prefix", "shown"),
    [
        ("030123456", 3, "030"),
        ("+4930123456", 2, "+4930"),
        ("6102", 1, "6"),
        ("6102", 2, "61"),
        ("6102", 4, "61"),
        ("+4930123456", 15, "+493012"),
        ("*22", 2, "*"),
        ("1", 1, ""),
        ("Anna 2", 3, ""),
    ],
)
def test_so_many_digits_are_kept_but_never_more_than_half(number, prefix, shown):
    made = Anonymizer(KEY, prefix).of(number)
    assert re.fullmatch(rf"{re.escape(shown)}[a-z]{{12}}", made)


# --- the key --------------------------------------------------------------------------------------


def test_another_key_makes_other_pseudonyms(anonymizer, monkeypatch):
    monkeypatch.delenv("AST_ANONYMIZE_KEY", raising=False)
    one, two = Anonymizer(), Anonymizer()
    assert len({one.of("6102"), two.of("6102"), anonymizer.of("6102")}) == 3
    monkeypatch.setenv("AST_ANONYMIZE_KEY", KEY)
    assert Anonymizer().of("6102") == anonymizer.of("6102")


def test_the_key_shows_nowhere(anonymizer):
    quietly(anonymizer, pd.DataFrame({"caller": ["6102"]}))
    assert KEY not in repr(anonymizer) + repr(vars(anonymizer))
    with pytest.raises(TypeError, match="key"):
        pickle.dumps(anonymizer)
    with pytest.raises(ConfError, match="too short") as caught:
        Anonymizer("opensesame")
    assert "opensesame" not in str(caught.value)
    with pytest.raises(ConfError, match="from 0 to 15"):
        Anonymizer(KEY, 16)


def test_columns_that_are_not_known_are_left_out_and_named_once(anonymizer):
    calls = pd.DataFrame({"caller": ["6102"], "note": ["Anna"], "pin": [1234], "talk": [3.0]})
    with pytest.warns(UserWarning, match="harmless were left out: note, pin") as told:
        hidden = anonymizer.frame(calls)
        anonymizer.frame(calls)
    assert len(told) == 1
    assert hidden[["note", "pin"]].isna().all(axis=None)
    assert list(hidden) == list(calls)
    assert anonymizer.dropped == {"note", "pin"}


def test_what_a_dialplan_sends_is_left_out(anonymizer):
    rows = {
        "event": ["UserEvent", "Newexten", "Newexten", "VarSet", "VarSet", "VarSet"],
        "channel": ["PJSIP/6102-00000001"] * 6,
        "userevent": ["Call"] + [None] * 5,
        "reason": ["Anna", None, None, None, None, "x\nAnna"],
        "cause": pd.array([6102, 16, None, None, None, None], dtype="Int64"),
        "application": [None, "Queue", "Dial", None, None, None],
        "appdata": [None, "support,tT,Anna", "PJSIP/6102", None, None, None],
        "variable": [None, None, None, "QUEUESTATUS", "QUEUESTATUS", "HASH(PJSIP/6102)"],
        "value": ["Anna", None, None, "FULL", "Anna 6102", "FULL"],
    }
    hidden = quietly(anonymizer, pd.DataFrame(rows))
    assert hidden["userevent"].iloc[0] == "Call"
    assert hidden["reason"].isna().all()
    assert hidden["cause"].dropna().tolist() == [16]
    assert hidden["appdata"].dropna().tolist() == ["support"]
    assert hidden["value"].dropna().tolist() == ["FULL"]
    assert hidden["variable"].dropna().tolist() == ["QUEUESTATUS"] * 2


SENT = [
    "userevent",
    "channel",
    "channelstate",
    "channelstatedesc",
    "language",
    "context",
    "exten",
    "priority",
    "uniqueid",
    "linkedid",
    "calleridnum",
    "queue",
    "state",
    "reason",
    "cause",
    "status",
    "timestamp",
    "privilege",
    "x",
]


@pytest.mark.parametrize("number", ["6102555", "22", "Anna 6102", 6102555])
@pytest.mark.parametrize("kind", ["pandas", "polars", "pyarrow"])
def test_of_a_user_event_without_a_channel_no_number_stays_that_was_sent(anonymizer, number, kind):
    frame = pd.DataFrame({"event": ["UserEvent"] * 2, **{one: [number] * 2 for one in SENT}})
    if kind != "pandas":
        whole = nw.from_native(frame, eager_only=True).to_arrow()
        frame = nw.from_arrow(whole, backend=kind).to_native()
    hidden = nw.from_native(quietly(anonymizer, frame), eager_only=True)
    left = {name: [str(one) for one in hidden[name].to_list()] for name in hidden.columns}
    assert left["event"] == ["UserEvent"] * 2
    assert [name for name, values in left.items() if str(number) in "".join(values)] == []


def test_of_a_user_event_stays_what_joins_it_to_its_call(anonymizer):
    ids = ["1700000000.17", "pbx1-1700000000.17", "ast-0123456789ab-5", "berlin-north-1.7"]
    rows = {
        "event": "UserEvent",
        "userevent": "Call",
        "uniqueid": ids,
        "linkedid": ids,
        "channel": "PJSIP/6102-00000001",
        "context": "internal",
        "timestamp": "1700000000.123456",
    }
    hidden = quietly(anonymizer, pd.DataFrame(rows))
    assert hidden["uniqueid"].tolist()[:3] == hidden["linkedid"].tolist()[:3] == ids[:3]
    assert pd.isna(hidden["uniqueid"][3])
    assert set(hidden["userevent"]) == {"Call"}
    assert set(hidden["timestamp"]) == {"1700000000.123456"}
    assert set(hidden["channel"]) == {anonymizer.channel("PJSIP/6102-00000001")}
    assert hidden["context"].isna().all()
    others = quietly(anonymizer, pd.DataFrame(rows | {"event": "Newexten"}))
    assert set(others["context"]) == {"internal"}
    assert others["uniqueid"].tolist() == [*ids[:3], anonymizer.of("berlin-north-1.7")]


def test_values_of_a_repeated_header_are_each_a_pseudonym(anonymizer):
    frame = pd.DataFrame({"event": ["Status"], "calleridnum": ["6102\n6103"]})
    own = [anonymizer.of(number) for number in ("6102", "6103")]
    assert quietly(anonymizer, frame)["calleridnum"].tolist() == ["\n".join(own)]


def test_numbers_that_are_numbers_join_with_those_that_are_text(anonymizer):
    frame = pd.DataFrame({"caller": [6102.0, np.nan], "dialled": [6103, 6104]})
    hidden = quietly(anonymizer, frame)
    assert hidden["caller"].tolist()[0] == anonymizer.of("6102")
    assert hidden["caller"].isna().tolist() == [False, True]
    assert hidden["dialled"].tolist() == [anonymizer.of("6103"), anonymizer.of("6104")]


def test_an_index_is_what_a_column_of_its_name_is(anonymizer):
    start = pd.to_datetime(["2026-06-01", "2026-06-02"])
    calls = pd.DataFrame(
        {"caller": ["+4930111", "6102"], "dialled": [200, 201], "talk": [1.0, 2.0], "start": start}
    )
    own = [anonymizer.of(number) for number in calls["caller"]]
    hidden = quietly(anonymizer, calls.set_index("caller"))
    assert hidden.index.tolist() == own
    assert hidden.index.name == "caller"
    assert hidden["talk"].tolist() == [1.0, 2.0]
    counts = quietly(anonymizer, calls["caller"].value_counts().to_frame())
    assert set(counts.index) == set(own)
    assert counts["count"].isna().all()
    hidden = quietly(anonymizer, calls.set_index(["start", "caller", "dialled"]))
    assert hidden.index.names == ["start", "caller", "dialled"]
    assert hidden.index.get_level_values("start").equals(calls.set_index("start").index)
    assert hidden.index.get_level_values("caller").tolist() == own
    assert hidden.index.get_level_values("dialled")[0] == anonymizer.of("200")
    kept = calls.set_index(["caller"], drop=False)
    assert quietly(anonymizer, kept).index.tolist() == own
    weeks = calls.set_index(pd.Index(start, name="week"))
    assert quietly(anonymizer, weeks).index.equals(weeks.index)
    named = calls.set_index(pd.CategoricalIndex(["Anna", "Bert"], name="note"))
    assert quietly(anonymizer, named).index.isna().all()
    assert "note" in anonymizer.dropped


def test_an_index_of_events_is_what_a_header_of_its_name_is(anonymizer):
    rows = {"event": ["UserEvent", "Newexten"], "channel": ["PJSIP/6102-00000001"] * 2}
    events = pd.DataFrame(rows | {"reason": ["Anna", "x"], "secret": ["Anna", "Bert"]})
    for index in ("event", ["event", "channel"], ["reason", "secret"]):
        hidden = quietly(anonymizer, events.set_index(index)).reset_index()
        assert hidden["event"].tolist() == rows["event"]
        assert set(hidden["channel"]) == {anonymizer.channel("PJSIP/6102-00000001")}
        assert hidden["reason"].isna().tolist() == [True, False]
        assert "secret" not in hidden or hidden["secret"].isna().all()


@pytest.mark.parametrize(
    "made",
    [
        lambda calls: calls.set_index(pd.Index(calls["caller"]).rename(None)),
        lambda calls: calls.set_index(pd.Index([1.5, 6102.0])),
        lambda calls: calls.pivot_table(index="talk", columns="caller", values="ring"),
        lambda calls: calls.groupby("caller").agg({"talk": ["min", "max"]}),
    ],
)
def test_an_index_that_names_nothing_is_refused(anonymizer, made):
    calls = pd.DataFrame({"caller": ["+4930111", "6102"], "talk": [1.0, 2.0], "ring": [3, 4]})
    with pytest.raises(ConfError, match="reset_index") as caught:
        anonymizer.frame(made(calls))
    assert "4930111" not in str(caught.value)


def test_lists_in_a_column_are_left_out_and_stop_nothing() -> None:
    """So pandas gives the column ``extra`` of an archive's files."""
    events = pd.DataFrame(
        {
            "event": ["Hangup", "Hangup"],
            "calleridnum": ["2222", None],
            "extra": [[("note", "from 2222")], None],
        }
    )
    with pytest.warns(UserWarning, match="left out.*extra"):
        hidden = Anonymizer(KEY).frame(events)
    assert "2222" not in hidden.to_csv() and "note" not in hidden.to_csv()
    assert hidden["calleridnum"].notna().tolist() == [True, False]


def test_a_report_with_pseudonyms_has_no_number_in_any_part_of_it(tmp_path):
    numbers = ("03055512345", "491709998877", "josie", "Josephine")
    calls = [
        past.line(
            f"178030800{day}.{day}",
            src=numbers[0],
            dst=numbers[1],
            clid=f'"{numbers[3]}" <{numbers[0]}>',
            channel=f"PJSIP/josie-0000000{day}",
            start=f"2026-06-0{day} 10:00:00",
            answer="",
            end=f"2026-06-0{day} 10:01:05",
            disposition="NO ANSWER",
        )
        for day in range(1, 6)
    ]
    log = history(past.write(tmp_path, "".join(calls)), tz="UTC")
    report = anonymized_report(log.report(), Anonymizer(KEY))
    kept, page = pickle.dumps(report), report.html()
    assert len(report.callers) == 1
    assert not [number for number in numbers if number.encode() in kept or number in page]
