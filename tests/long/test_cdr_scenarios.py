"""The CDRs of a real Asterisk 16 and 22 give the calls that were played, as far as they can.

Beside the scenarios of ``test_sources.py`` there are situations that were played to see what
Asterisk writes of them: ``tests/data/history/asterisk*-situations.csv.gz`` has their lines, each
with the name of its situation as the account code.
"""

from __future__ import annotations

import csv
import gzip
import io
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from ast_notebook.calls import from_events
from ast_notebook.calls.history import history
from tests.scenarios.play import recording
from tests.scenarios.sources import SOURCES
from tests.support.cdr_lines import rows, text
from tests.support.paths import HISTORY

VERSIONS = (16, 22)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("source", ["CDR", "CDR with linkedid"])
def test_names_devices_and_billsec_are_those_of_the_events(version: int, source: str) -> None:
    recorded = recording(version)
    past = SOURCES[source](recorded).set_index("call")
    live = from_events(recorded.events).set_index("call").loc[past.index]
    # A manager who originates a call may give it a name and a number, which the CDR has.
    told = past["caller_name"].notna() & (past["caller"] != "777")
    assert told.mean() > 0.9
    assert rows(past[told], "caller_name") == rows(live[told], "caller_name")
    for column in ("caller_device", "answered_device"):
        told = past[column].notna()
        assert rows(past[told], column) == rows(live[told], column)
    # A conference's records are split, and whoever comes last has one of no second.
    alone = past["conference"].isna()
    assert ((past["billsec"] - live["billsec"]).abs()[alone] < 2).mean() > 0.98
    for column in ("ring", "talk", "wait", "hold", "hangup_by", "transfers", "legs"):
        assert past[column].isna().all()


# --- situations ----------------------------------------------------------------------------------

TOLD: dict[str, list[tuple[Any, ...]]] = {
    # Who meets without being called.
    "agents_long": [
        ("30", "811", None, "IVR"),
        ("2222", "950", "30", "ANSWERED"),
        ("300", "950", "30", "ANSWERED"),
    ],
    "agents_waiting": [
        ("2222", "950", None, "ABANDONED"),
        ("30", "811", None, "IVR"),
        ("300", "950", "30", "ANSWERED"),
    ],
    "conf3": [
        ("2222", "620", None, "ANSWERED"),
        ("30", "620", None, "ANSWERED"),
        ("300", "620", None, "ANSWERED"),
    ],
    "conference_by_transfer": [
        ("300", "620", None, "ANSWERED"),
        ("2222", "200", "200", "ANSWERED"),
    ],
    "queue_transfer_conf": [("300", "620", None, "ANSWERED"), ("2222", None, "200", "ANSWERED")],
    "page": [("2222", "961", "200", "ANSWERED")],
    # Local channels.
    "mailbox_n": [("2222", "951", None, "VOICEMAIL")],
    "mailbox": [("2222", "952", None, "VOICEMAIL")],
    "menu": [("2222", "953", None, "IVR")],
    "mailbox_behind_noanswer": [("2222", "954", None, "VOICEMAIL")],
    "local_answers_then_busy": [("2222", "967", None, "BUSY")],
    "local_answers_then_talk": [("2222", "967", "200", "ANSWERED")],
    "nested_locals": [("2222", "971", "240", "ANSWERED")],
    "followme": [("2222", "985", "240", "ANSWERED")],
    "queue_local_mailbox": [("2222", "990", None, "VOICEMAIL")],
    "queue_local_confirm_gives_up": [("2222", "989", None, "ABANDONED")],
    # Originated calls.
    "click_attended": [("200", "240", "240", "ANSWERED")],
    "click_attended_opt": [("200", "240", "240", "ANSWERED")],
    "local_busy": [("200", None, None, "BUSY")],
    "local_silent": [("200", None, None, "NO ANSWER")],
    "local_nobody": [("777", "930", None, "IVR")],
    "local_busy_mailbox": [("240", "905", None, "VOICEMAIL")],
    "orig_app": [("777", None, None, "IVR")],
    # Answered, and not accepted.
    "not_accepted": [("2222", "955", None, "NO ANSWER")],
    "answered_not_accepted": [("2222", "980", None, "NO ANSWER")],
    "asked_hangs_up": [("2222", "981", None, None)],
    "asked_accepts": [("2222", "982", "200", "ANSWERED")],
    "asked_caller_gives_up": [("2222", "981", None, "NO ANSWER")],
    "asked_refuse503": [("2222", "955", None, "FAILED")],
    "announced_gives_up": [("2222", "986", None, "NO ANSWER")],
    # Answered by Asterisk before the attempt, or after it.
    "answer_busy": [("2222", "956", None, "BUSY")],
    "answer_absent": [("2222", "957", None, "FAILED")],
    "busy_wait": [("2222", "958", None, "BUSY")],
    "busy_then_answered_tone": [("2222", "972", None, "BUSY")],
    "noanswer_answer_dial": [("2222", "959", "240", "ANSWERED")],
    "answer_group": [("2222", "960", "240", "ANSWERED")],
    "queue_empty_given_up": [("2222", "962", None, "ABANDONED")],
    "caller_gives_up_queue_ring": [("2222", "911", None, "ABANDONED")],
    "queue_redirected": [("2222", "911", None, "NO ANSWER")],
    # Who talked.
    "pickup_late": [("2222", "200", "240", "ANSWERED")],
    "queue_pickup": [("2222", "911", "240", "ANSWERED")],
    "parked": [("2222", "200", "200", "ANSWERED")],
    "dial_g": [("2222", "964", "200", "ANSWERED")],
    "bridge_by_manager": [("2222", "200", "200", "ANSWERED")],
    "transfer_to_menu": [("2222", None, "200", "ANSWERED")],
    "menu_key": [("2222", "30", "30", "ANSWERED")],
    "callerid_set": [("5555", "973", "200", "ANSWERED")],
    # Nobody.
    "refuse503": [("2222", "958", None, "FAILED")],
    "busy_app": [("2222", "983", None, "FAILED")],
    "congestion_app": [("2222", "984", None, "FAILED")],
    "early_media_given_up": [("2222", "968", None, "NO ANSWER")],
    "voicemail_goes_on": [("2222", "969", None, "VOICEMAIL")],
    "own_mailbox": [("2222", "974", None, "IVR")],
    # With endbeforehexten = no, the extension h hides what was before.
    "hx_mailbox": [("2222", None, None, None)],
    "hx_menu": [("2222", None, None, None)],
    "hx_queue": [("2222", None, None, None)],
    "hx_queue_timeout": [("2222", None, None, None)],
    "hx_queue_rings": [("2222", "995", None, "ABANDONED")],
    "hx_noanswer_mailbox": [("2222", "996", None, None)],
    "hx_playback": [("2222", None, None, "NO ANSWER")],
    "hx_menu_key_mailbox": [("2222", "998", None, "VOICEMAIL")],
}


@cache
def situations(version: int) -> dict[str, list[list[str]]]:
    found: dict[str, list[list[str]]] = {}
    packed = (HISTORY / f"asterisk{version}-situations.csv.gz").read_bytes()
    for fields in csv.reader(io.StringIO(gzip.decompress(packed).decode())):
        found.setdefault(fields[0], []).append(fields)
    return found


@pytest.mark.parametrize("linked", [True, False], ids=["with linkedids", "without"])
@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", TOLD)
def test_a_situation_is_told_as_it_was(
    version: int, name: str, linked: bool, tmp_path: Path
) -> None:
    lines = situations(version)[name]
    path = tmp_path / "Master.csv"
    path.write_text(text(lines if linked else [fields[:18] for fields in lines]))
    found = history(path, tz="UTC").calls
    columns = ("caller", "dialled", "answered_by", "disposition")
    assert rows(found, *columns) == TOLD[name]


@pytest.mark.parametrize("version", VERSIONS)
def test_all_situations_in_one_file_are_as_many_calls(version: int, tmp_path: Path) -> None:
    every = situations(version)
    path = tmp_path / "Master.csv"
    path.write_text(text(fields for name in TOLD for fields in every[name]))
    assert len(history(path, tz="UTC")) == sum(len(told) for told in TOLD.values())
