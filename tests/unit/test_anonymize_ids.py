"""What is called an id or a word stays only if it is one, whoever made it up."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from ast_notebook.anonymize import Anonymizer
from ast_notebook.calls.anonymized import anonymized_history
from ast_notebook.calls.history import history
from tests.support.anonymized import KEY, quietly

IDS = [
    "1700000000.17",
    "pbx1-1700000000.17",
    "ast-0123456789ab-5",
    "1700000000.17;2",
    "5f0c1a3e-90c3-4c0b-9a3e-0123456789ab",
]
#: Asterisk writes neither uniqueid nor linkedid into its Master.csv, unless it is told to.
MASTER = (
    '"","6101","4915112345678","default","""Ann"" <6101>","PJSIP/6101-00000001",'
    '"Local/4915112345678@out-00000002;1","Dial","x","2026-11-20 10:00:00","2026-11-20 10:00:05",'
    '"2026-11-20 10:01:00",60,55,"ANSWERED","DOCUMENTATION"{}\n'
    '"","","6101","default","","Local/4915112345678@out-00000003;2","PJSIP/6101-00000004",'
    '"Dial","x","2026-11-20 11:00:00","2026-11-20 11:00:05","2026-11-20 11:01:00",60,55,'
    '"ANSWERED","DOCUMENTATION"{}\n'
)
QUEUE_LOG = (
    "1764000000|6101@x|support|NONE|ENTERQUEUE||4915112345678|1\n"
    "1764000005|6101@x|support|Ann|CONNECT|5|6101|3\n"
    "1764000050|6101@x|support|Ann|COMPLETECALLER|5|45|1\n"
)


pytestmark = pytest.mark.filterwarnings("ignore:columns that are not known to be harmless")


@pytest.fixture
def anonymizer() -> Anonymizer:
    return Anonymizer(KEY)


@pytest.mark.parametrize("ids", ["", ',"6101-4915112345678",""', ',"4915112345678.1","x"'])
def test_calls_of_a_cdr_without_ids_are_named_by_pseudonyms(
    tmp_path: Path, anonymizer: Anonymizer, ids: str
) -> None:
    path = tmp_path / "Master.csv"
    path.write_text(MASTER.format(ids, ids.replace("1", "2")))
    past = history(path, tz="UTC")
    hidden = anonymized_history(past, anonymizer)
    text = hidden.calls.to_csv()
    assert not [one for one in ("6101", "6202", "4915112345678", "4925222345678") if one in text]
    assert hidden.calls["call"].nunique() == past.calls["call"].nunique() == 2


def test_queue_calls_join_their_calls_by_what_is_no_id(
    tmp_path: Path, anonymizer: Anonymizer
) -> None:
    path = tmp_path / "queue_log"
    path.write_text(QUEUE_LOG)
    hidden = anonymized_history(history(path, tz="UTC"), anonymizer)
    (call,), (visit,) = hidden.calls["call"], hidden.visits["call"]
    assert call == visit
    assert "6101" not in call


@pytest.mark.parametrize("column", ["call", "leg", "dialled_by"])
def test_ids_stay_and_what_stands_in_their_place_becomes_a_pseudonym(
    anonymizer: Anonymizer, column: str
) -> None:
    given = [*IDS, "Anna", "6101", "PJSIP/6101-00000001", "anna-49301-1700000000.5"]
    assert quietly(anonymizer, pd.DataFrame({column: given}))[column].tolist() == [
        *IDS,
        anonymizer.of("Anna"),
        anonymizer.of("6101"),
        f"PJSIP/{anonymizer.of('6101')}-00000001",
        f"{anonymizer.of('anna-49301')}-1700000000.5",  # the second of its birth orders calls
    ]


@pytest.mark.parametrize("header", ["uniqueid", "destlinkedid", "swapuniqueid", "bridgeuniqueid"])
def test_an_id_that_an_originate_chose_becomes_a_pseudonym(
    anonymizer: Anonymizer, header: str
) -> None:
    frame = pd.DataFrame({"event": "Newchannel", header: [*IDS, "call-to-4915112345678"]})
    assert quietly(anonymizer, frame)[header].tolist() == [
        *IDS,
        anonymizer.of("call-to-4915112345678"),
    ]


@pytest.mark.parametrize(
    ("header", "kept"),
    [
        ("result", ["Success", "Fail", "Not Permitted", "-1", "0"]),
        ("status", ["1", "-1", "Registered", "NOT_INUSE"]),
        ("statustext", ["InUse&Ringing", "Idle"]),
        ("response", ["Failure", "Success"]),
        ("bridgecreator", ["ConfBridge", "<unknown>"]),
        ("dialstatus", ["CHANUNAVAIL"]),
    ],
)
def test_of_a_word_nothing_stays_that_was_put_into_it(
    anonymizer: Anonymizer, header: str, kept: list[str]
) -> None:
    more = ["200%20result%3D1%20(4915112345678)%0A", "Registered 4915112345678", "4915112345678"]
    frame = pd.DataFrame({"event": "AsyncAGIExec", header: [*kept, *more]})
    hidden = quietly(anonymizer, frame)[header]
    assert hidden.dropna().tolist() == kept


def test_of_the_answer_of_an_agi_no_variable_stays(anonymizer: Anonymizer) -> None:
    frame = pd.DataFrame({"event": "AsyncAGIExec", "result": ["200 result=1 (Anna)", "Anna", "1"]})
    assert quietly(anonymizer, frame)["result"].dropna().tolist() == ["1"]


@pytest.mark.parametrize(
    ("name", "stays"),
    [
        *(("CHAN_START", True), ("3WAY_START", True), ("USER_DEFINED", True), ("IvrDone", True)),
        *(("0301234567", False), ("call of 0301234567", False), ("PJSIP/anna-00000001", False)),
    ],
)
def test_what_a_dialplan_calls_an_event_of_the_cel_stays_only_without_a_number(
    anonymizer: Anonymizer, name: str, stays: bool
) -> None:
    """CELGenUserEvent's text is the EventName, unless cel.conf has show_user_defined = yes."""
    event = pd.DataFrame({"event": ["CEL"], "eventname": [name]})
    found = anonymizer.frame(event)["eventname"].tolist()
    assert found == [name] if stays else pd.isna(found[0])


def test_a_history_with_pseudonyms_names_no_file_that_is_no_log(tmp_path: Path) -> None:
    """Recordings are often named by numbers."""
    (tmp_path / "Master.csv").write_text(MASTER.format(',"6101-4915112345678",""', ""))
    (tmp_path / "queue_log").write_text(QUEUE_LOG)
    (tmp_path / "out-4915112345678-200.wav").write_bytes(b"RIFF")
    past = history(tmp_path, tz="UTC")
    assert "4915112345678" in repr(past)
    hidden = anonymized_history(past, Anonymizer(KEY))
    assert "49151" not in f"{hidden!r}{hidden.unread.to_csv()}"
    assert "not read: 1 file" in repr(hidden)
