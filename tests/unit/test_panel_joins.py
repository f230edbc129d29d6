"""Which calls of several PBXs are one, and which only look so."""

from __future__ import annotations

from typing import Any

import pytest

from ast_notebook.panel.joins import Joins

TRUNKS = ["PJSIP/to-*"]
A, B, C = ("ast", "1.2"), ("berlin", "9.1"), ("cologne", "5.1")


def out(uniqueid: str = "1.2", **more: Any) -> dict[str, Any]:
    """A channel on which a PBX called 600 for 200, of the call 1.1."""
    row = {"uniqueid": uniqueid, "linkedid": "1.1", "device": "PJSIP/to-berlin"}
    return {**row, "connected": "200", "caller": "600", "exten": "", "since": 100.0, **more}


def into(uniqueid: str = "9.1", **more: Any) -> dict[str, Any]:
    """A channel by which a call of 200 for 600 came."""
    row = {"uniqueid": uniqueid, "linkedid": uniqueid, "device": "PJSIP/to-ast"}
    return {**row, "caller": "200", "connected": "", "exten": "600", "since": 101.0, **more}


def rows(**channels: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {name: {one["uniqueid"]: one for one in found} for name, found in channels.items()}


ONE = {("ast", "1.1"): ("ast 1.1", "probably"), ("berlin", "9.1"): ("ast 1.1", "probably")}


def test_both_ends_of_one_dialog_are_surely_one_call_whatever_else_they_say() -> None:
    there = rows(ast=[out(device="PJSIP/x")], berlin=[into(caller="0049", exten="s", since=190.0)])
    joined = Joins().of(there, {A: "abc@pbx", B: "abc@pbx"})
    assert joined == {
        ("ast", "1.1"): ("ast 1.1", "surely"),
        ("berlin", "9.1"): ("ast 1.1", "surely"),
    }


def test_a_call_through_three_pbxs_is_one() -> None:
    on = out("9.2", linkedid="9.1", device="PJSIP/to-cologne")
    there = rows(ast=[out()], berlin=[into(), on], cologne=[into("5.1")])
    known = {A: "one", B: "one", ("berlin", "9.2"): "two", C: "two"}
    joined = Joins(TRUNKS).of(there, known)
    assert set(joined.values()) == {("ast 1.1", "surely")}
    assert joined.keys() == {("ast", "1.1"), ("berlin", "9.1"), ("cologne", "5.1")}


def test_a_call_id_that_two_channels_of_one_pbx_have_joins_nothing() -> None:
    there = rows(ast=[out()], berlin=[into(), into("9.3")])
    known = {A: "abc", B: "abc", ("berlin", "9.3"): "abc"}
    assert Joins().of(there, known) == {}


def test_on_trunks_caller_number_and_time_make_it_probable() -> None:
    assert Joins(TRUNKS).of(rows(ast=[out()], berlin=[into()]), {}) == ONE


@pytest.mark.parametrize(
    "other",
    [
        {"caller": "300"},
        {"caller": ""},
        {"exten": "601"},
        {"exten": ""},
        {"since": 104.0},
        {"since": None},
        {"device": "PJSIP/200"},
        {"linkedid": "9.0"},  # it was called, so no call began on it
    ],
    ids=str,
)
def test_what_does_not_fit_is_not_joined(other: dict[str, Any]) -> None:
    assert Joins(TRUNKS).of(rows(ast=[out()], berlin=[into(**other)]), {}) == {}


def test_without_trunks_named_the_same_numbers_at_the_same_time_are_two_calls() -> None:
    assert Joins().of(rows(ast=[out()], berlin=[into()]), {}) == {}


def test_a_number_may_have_a_prefix_that_the_trunk_takes_away() -> None:
    assert Joins(TRUNKS).of(rows(ast=[out(caller="0600")], berlin=[into()]), {}) == ONE
    short = rows(ast=[out(caller="030")], berlin=[into(exten="30")])
    assert Joins(TRUNKS).of(short, {}) == {}  # two digits may be the end of any number


def test_calls_of_one_pbx_are_not_joined_with_each_other() -> None:
    assert Joins(TRUNKS).of(rows(ast=[out(), into()]), {}) == {}


def test_of_two_that_fit_none_is_joined_not_even_when_one_has_ended() -> None:
    joins = Joins(TRUNKS)
    both = [into(), into("9.7", since=99.0)]
    assert joins.of(rows(ast=[out()], berlin=both), {}) == {}
    assert joins.of(rows(ast=[out()], berlin=both[:1]), {}) == {}


def test_call_ids_that_differ_contradict() -> None:
    there = rows(ast=[out()], berlin=[into()])
    assert Joins(TRUNKS).of(there, {A: "abc", B: "xyz"}) == {}
    assert Joins(TRUNKS).of(there, {A: "abc", B: ""}) == ONE  # of one, none is known


def test_later_steps_of_a_dialplan_do_not_part_what_was_joined() -> None:
    joins = Joins(TRUNKS)
    joins.of(rows(ast=[out()], berlin=[into()]), {})
    later = into(exten="s", caller="0049200")
    assert joins.of(rows(ast=[out()], berlin=[later]), {}) == ONE
    assert joins.of(rows(ast=[], berlin=[later]), {}) == {}
