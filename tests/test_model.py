"""The small switchboard of the tests writes what a real Asterisk 16 and 22 wrote of the same."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pandas as pd
import pytest

from tests.model.asked import Asked
from tests.model.dialling import Target
from tests.model.onward import Handed
from tests.model.parked import Parked
from tests.model.perform import Planned, perform
from tests.model.pickup import PickedUp
from tests.model.plans import Plan, Try
from tests.model.shape import of_cdr, of_cel, of_events, of_naming
from tests.scenarios.play import Recording, recording

VERSIONS = (16, 22)
STAYS, GOES = "stays", "goes"


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
}


@cache
def recorded(version: int) -> Recording:
    return recording(version)


@cache
def events(version: int) -> pd.DataFrame:
    return recorded(version).events


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", SAME)
def test_the_model_writes_what_asterisk_wrote(version: int, name: str, tmp_path: Path) -> None:
    (real,) = (one for one in recorded(version).played if one.name == name)
    wrote = (
        of_events(events(version), real.channels),
        of_naming(events(version), real.channels),
        of_cel(recorded(version), real.channels),
        of_cdr(recorded(version), real.channels),
    )
    made = []
    for plan in SAME[name].by_chance():
        model = perform(version, [plan], tmp_path)
        (one,) = model.played
        channels = one.channels
        made.append(
            (
                of_events(model.events, channels),
                of_naming(model.events, channels),
                of_cel(model, channels),
                of_cdr(model, channels),
            )
        )
        if made[-1] == wrote:
            break
    assert wrote in made
