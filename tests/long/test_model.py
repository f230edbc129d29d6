"""The small switchboard of the tests writes what a real Asterisk 16 and 22 wrote of the same."""

from __future__ import annotations

from collections.abc import Collection
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.model.asked import Asked
from tests.model.dialling import Target
from tests.model.onward import Handed
from tests.model.originated import BELL, Click
from tests.model.parked import Parked
from tests.model.perform import Planned, perform
from tests.model.pickup import PickedUp
from tests.model.plans import Plan, Try
from tests.model.queues import Ring, Waiting
from tests.model.rooms import Meeting
from tests.model.shape import of_cdr, of_cel, of_events, of_naming, of_queue_log
from tests.scenarios.play import Recording, recording

VERSIONS = (16, 22)
STAYS, GOES = "stays", "goes"


def _click(
    *tries: Try | Waiting,
    shows: tuple[str, str] | None = None,
    local: str = "",
    exten: str = "240",
    outcome: str = "answered",
    **more: Any,
) -> Click:
    plan = Plan("", exten, tries, **more)
    return Click(Target("200", local), plan, 0.5, outcome, shows)


def _waits(ends: str, *rings: Ring, queue: str = "line", winner: int = -1) -> Waiting:
    return Waiting(queue, ends, rings[:-1], rings[-1], winner=winner)


def _ring(*devices: str, local: str = "", refuse: int = 0) -> Ring:
    return Ring(tuple(Target(one, local) for one in devices), 1.0, refuse)


def _try(
    *devices: str, outcome: str = "answered", local: str = "", code: int = 486, winner: int = -1
) -> Try:
    return Try(tuple(Target(one, local) for one in devices), 0.5, outcome, code, winner)


CALL = ("2222", "200", (_try("200"),))
#: Scenarios that were played of calls that were handed on, and plans of the same.
HANDED_ON: dict[str, Planned] = {
    "transferred_blindly_by_the_callee": Handed(*CALL, ended_by="other"),
    "transferred_blindly_by_the_caller": Handed(*CALL, by="caller"),
    "transferred_blindly_to_somebody_busy": Handed(*CALL, then="nothing", outcome="refused"),
    "transferred_and_given_up_while_it_rings": Handed(*CALL, outcome="cancelled"),
    "transferred_through_a_local_channel": Handed(*CALL, to=Target("240", GOES), number="907"),
    "transferred_after_asking_by_the_callee": Asked(*CALL),
    "transferred_after_asking_by_the_caller": Asked(*CALL, by="caller"),
    "transferred_while_it_rings_by_the_callee": Asked(*CALL, outcome="rings"),
    "transferred_while_it_rings_by_the_caller": Asked(*CALL, by="caller", outcome="rings"),
    "asked_somebody_and_did_not_transfer": Asked(*CALL, outcome="alone"),
    "asked_somebody_busy_and_went_on": Asked(*CALL, outcome="refused"),
    "picked_up_by_somebody_else": PickedUp(*CALL, by="240"),
    "picked_up_out_of_a_group": PickedUp(
        "2222", "901", (_try("200", "240", "30", winner=0),), by="300", hangs_up="callee"
    ),
    "parked_and_retrieved": Parked(*CALL),
    "parked_and_given_up": Parked(*CALL, outcome="given up"),
    "parked_and_back_after_a_while": Parked(*CALL, outcome="back"),
    "parked_and_back_and_not_answered": Parked(*CALL, outcome="vain"),
    "parked_by_the_caller_himself_and_retrieved": Parked(
        "2222", "700", (), hears=None, ended_by="other"
    ),
    "parked_by_the_caller_himself_and_given_up": Parked(
        "2222", "700", (), hears=None, outcome="given up"
    ),
}
#: Scenarios that were played, and plans of the same.
SAME: dict[str, Planned] = {
    **HANDED_ON,
    "answered_and_the_caller_hangs_up": Plan("2222", "200", (_try("200"),)),
    "answered_and_the_callee_hangs_up": Plan("30", "240", (_try("240"),), hangs_up="callee"),
    "hung_up_by_the_manager": Plan("2222", "200", (_try("200"),), hangs_up="pbx"),
    "busy": Plan("2222", "200", (_try("200", outcome="refused"),), then="nothing"),
    "rejected": Plan("2222", "200", (_try("200", outcome="refused", code=603),), then="nothing"),
    "nobody_answers_in_time": Plan("2222", "904", (_try("200", outcome="timeout"),)),
    "the_caller_gives_up": Plan("2222", "200", (_try("200", outcome="cancelled"),)),
    "ended_by_the_manager_while_it_rings": Plan("2222", "200", (_try("200", outcome="ended"),)),
    "the_dialplan_waits_and_hangs_up": Plan("2222", "947", ()),
    "a_menu_and_nothing_else": Plan("2222", "930", (), menu=1.5),
    "a_menu_and_then_a_person": Plan("2222", "931", (_try("200"),), menu=1.0),
    "a_menu_and_then_nobody": Plan("2222", "931", (_try("200", outcome="cancelled"),), menu=1.0),
    "busy_after_an_answer": Plan("2222", "948", (_try("200", outcome="refused"),), menu=0.0),
    "nobody_after_an_answer": Plan("2222", "948", (_try("200", outcome="timeout"),), menu=0.0),
    "a_message_after_no_answer": Plan(
        "2222", "905", (_try("200", outcome="timeout"),), then="mailbox"
    ),
    "a_number_that_the_dialplan_sets_answered": Plan(
        "2222", "940", (_try("200"),), shows="4930555"
    ),
    "a_number_that_the_dialplan_sets_not_answered": Plan(
        "2222", "940", (_try("200", outcome="cancelled"),), shows="4930555"
    ),
    "a_group_of_telephones_without_a_number": Plan("2222", "942", (_try("71", "72", winner=0),)),
    "a_telephone_without_a_number_calls": Plan("72", "200", (_try("200"),), hangs_up="callee"),
    "all_ring_and_one_answers": Plan("2222", "901", (_try("200", "240", "30", winner=1),)),
    "through_a_local_channel_that_stays": Plan(
        "2222", "953", (_try("200", local=STAYS),), hangs_up="callee"
    ),
    "through_a_local_channel_that_takes_itself_away": Plan(
        "2222", "907", (_try("240", local=GOES),)
    ),
    "two_behind_local_channels_and_one_answers": Plan(
        "2222", "908", (_try("200", "240", local=STAYS),)
    ),
    "busy_behind_a_local_channel": Plan(
        "2222", "953", (_try("200", outcome="refused", local=STAYS),)
    ),
    "the_caller_gives_up_behind_a_local_channel": Plan(
        "2222", "953", (_try("200", outcome="cancelled", local=STAYS),)
    ),
    "an_agent_answers": Plan(
        "2222", "910", (_waits("answered", _ring("200", "240"), queue="desk", winner=0),)
    ),
    "an_agent_hangs_up": Plan(
        "2222",
        "915",
        (_waits("answered", _ring("200", "240"), queue="desk", winner=0),),
        menu=0.0,
        hangs_up="callee",
    ),
    "the_caller_does_not_wait": Plan(
        "2222", "910", (_waits("abandoned", _ring("200", "240"), queue="desk"),)
    ),
    "one_agent_does_not_answer_but_the_next": Plan(
        "2222", "911", (_waits("answered", _ring("200"), _ring("240")),), menu=0.0
    ),
    "one_agent_is_busy_and_the_next_answers": Plan(
        "2222", "911", (_waits("answered", _ring("200", refuse=1), _ring("240")),), menu=0.0
    ),
    "nobody_in_the_queue_answers": Plan(
        "2222", "912", (_waits("timeout", _ring("200")),), menu=0.0
    ),
    "a_message_instead_of_waiting": Plan(
        "2222", "914", (_waits("timeout", _ring("200")),), menu=0.0, then="mailbox"
    ),
    "a_key_instead_of_waiting_on": Plan(
        "2222", "916", (_waits("key", _ring("200"), queue="narrow"),), menu=0.0
    ),
    "a_manager_hangs_up_who_waits": Plan(
        "2222", "916", (_waits("ended", _ring("200"), queue="narrow"),), menu=0.0
    ),
    "the_last_agent_goes_home": Plan(
        "2222", "918", (_waits("empty", _ring("240"), queue="deserted"),), menu=0.0
    ),
    "from_one_queue_into_the_next": Plan(
        "2222",
        "919",
        (
            _waits("timeout", _ring("200")),
            _waits("answered", _ring("240"), queue="upstairs"),
        ),
        menu=0.0,
    ),
    "an_agent_without_a_number_answers": Plan(
        "2222", "943", (_waits("answered", _ring("71"), queue="bare"),), menu=0.0
    ),
    "an_agent_behind_a_local_channel_answers": Plan(
        "2222",
        "913",
        (_waits("answered", _ring("240", "200", local=STAYS), queue="far"),),
        menu=0.0,
        hangs_up="callee",
    ),
    "originated_and_answered": _click(_try("240")),
    "originated_and_not_answered_at_all": _click(outcome="timeout"),
    "originated_and_refused_by_the_source": _click(outcome="refused"),
    "originated_and_busy": _click(_try("240", outcome="refused"), then="tone"),
    "originated_and_ended_by_the_manager_while_it_rings": _click(_try("240", outcome="ended")),
    "originated_to_a_menu": _click(exten="930", menu=1.5),
    "originated_by_a_local_channel_that_stays": _click(_try("240"), local=STAYS, hangs_up="callee"),
    "originated_by_a_local_channel_that_takes_itself_away": _click(
        _try("240"), local=GOES, hangs_up="callee"
    ),
    "clicked_into_a_queue": _click(
        _waits("answered", _ring("240"), queue="upstairs"), local=GOES, exten="956", shows=BELL
    ),
    "clicked_and_the_source_is_busy": _click(local=GOES, outcome="refused", shows=BELL),
    "clicked_and_the_source_does_not_answer": _click(local=STAYS, outcome="timeout", shows=BELL),
    "clicked_and_the_callee_is_busy": _click(
        _try("240", outcome="refused"), local=GOES, shows=BELL, then="tone"
    ),
    "clicked_and_the_callee_does_not_answer": _click(
        _try("240", outcome="cancelled"), local=STAYS, shows=BELL
    ),
    "alone_in_a_conference": Meeting((("2222", 1.0), ("2222", 0.0))),
    "three_meet_in_a_conference": Meeting(
        tuple((device, 1.0) for device in ("2222", "30", "300", "2222", "300", "30"))
    ),
    "an_agent_behind_a_local_channel_that_takes_itself_away": Plan(
        "2222", "959", (_waits("answered", _ring("240", local=GOES), queue="near"),), menu=0.0
    ),
}


@cache
def recorded(version: int) -> Recording:
    return recording(version)


@cache
def events(version: int) -> pd.DataFrame:
    return recorded(version).events


def shapes(one: Recording, told: pd.DataFrame, channels: Collection[str]) -> tuple[Any, ...]:
    return (
        of_events(told, channels),
        of_naming(told, channels),
        of_cel(one, channels),
        of_cdr(one, channels),
        of_queue_log(one, channels),
    )


def of_plan(version: int, plan: Planned, folder: Path) -> tuple[Any, ...]:
    model = perform(version, [plan], folder)
    (one,) = model.played
    return shapes(model, model.events, one.channels)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", SAME)
def test_the_model_writes_what_asterisk_wrote(version: int, name: str, tmp_path: Path) -> None:
    (real,) = (one for one in recorded(version).played if one.name == name)
    wrote = shapes(recorded(version), events(version), real.channels)
    assert any(of_plan(version, plan, tmp_path) == wrote for plan in SAME[name].by_chance())
