"""Telephone numbers as E.164, what is none, and what a site tells of its numbers."""

from __future__ import annotations

import sys

import pandas as pd
import polars as pl
import pytest

from ast_notebook.calls import measures, numbered
from ast_notebook.errors import ConfError
from ast_notebook.numbering import Numbering, NumberingPlan, PhoneBook
from tests.support.measured import office_calls

GERMAN = NumberingPlan("DE")


@pytest.mark.parametrize(
    ("written", "e164", "kind"),
    [
        ("030 123", "+4930123", "fixed"),
        ("+49 30 123", "+4930123", "fixed"),
        ("+49 (0)30 123", "+4930123", "fixed"),
        ("0049 30 123", "+4930123", "fixed"),
        ("4930123456", "+4930123456", "fixed"),
        ("0151 12345678", "+4915112345678", "mobile"),
        ("0800 1234567", "+498001234567", "toll-free"),
        ("+1 212 555 0123", "+12125550123", "fixed or mobile"),
        ("0190 123456", "+49190123456", None),  # a possible number that no plan knows
    ],
)
def test_a_number_is_one_however_it_is_written(written, e164, kind):
    found = GERMAN.number(written)
    assert found is not None
    assert (found.e164, found.kind) == (e164, kind)


NONE = ["200", "2222", "110", "0", "00", "012", "0123", "*97", "s", "anonymous", "<unknown>"]
NONE += ["Ann", "12125550123", "+49", "٠٣٠١٢٣"]


@pytest.mark.parametrize("text", [*NONE, "", "0" * 40, "1" * 10_000, "030 123\r\nAction: Logoff"])
def test_what_is_no_number_is_none(text):
    assert GERMAN.number(text) is None


def test_each_spelling_is_read_alike_whichever_came_first():
    spellings = ["030 1234567", "+49 30 1234567", "0049301234567", "+49 (0)30 1234567"]
    for first in spellings:
        plan = NumberingPlan("DE")
        found = {plan.number(one) for one in (first, *spellings)}
        assert {one.e164 for one in found if one} == {"+49301234567"} and len(found) == 1


def test_a_number_tells_its_country_and_region():
    found = GERMAN.number("030 123")
    assert found is not None and (found.country, found.region) == ("DE", "Berlin")
    other = NumberingPlan("IT").number("06 1234567")
    assert other is not None and (other.e164, other.region) == ("+39061234567", "Rome")
    assert NumberingPlan("US").number("911") is None
    assert GERMAN.national("+4930123") == "030123"
    assert GERMAN.national("+12125550123") == "0012125550123"
    # A number that is in no plan has the national prefix, too: without it, it may be another one.
    assert GERMAN.national("+49151123456") == "0151123456"
    assert NumberingPlan("GB").national("+44701234567") == "0701234567"
    assert NumberingPlan("IT").national("+390612") == "0612"


def test_an_unknown_country_and_a_missing_library_are_told_in_one_line(monkeypatch):
    with pytest.raises(ConfError, match="such as DE"):
        NumberingPlan("Atlantis")
    monkeypatch.setitem(sys.modules, "phonenumbers", None)
    with pytest.raises(ConfError, match=r"pip install 'ast_notebook\[numbers\]'"):
        NumberingPlan("DE")


CALLS = office_calls(
    [
        (0, "inbound", "030 123", "100", "NO ANSWER", None),
        (60, "inbound", "anonymous", "100", "NO ANSWER", None),
        (120, "inbound", None, "100", "NO ANSWER", None),
        (180, "outbound", "200", "0004930123", "ANSWERED", "0004930123"),
        (240, "internal", "200", "201", "ANSWERED", "201"),
    ]
)


def test_calls_get_columns_beside_what_was_heard():
    book = PhoneBook([("+49 30 123", "Ann Able"), ("200", "Desk")], country="DE")
    found = numbered(CALLS, "DE", outside="0", book=book)
    assert found["caller"].equals(CALLS["caller"])
    assert found["caller_e164"].tolist()[0] == "+4930123"
    assert found["caller_e164"].isna().tolist() == [False, True, True, True, True]
    assert found["caller_region"][0] == "Berlin" and found["caller_country"][0] == "DE"
    assert found["caller_contact"].fillna("-").tolist() == ["Ann Able", "-", "-", "Desk", "Desk"]
    # The first 0 is for the line, and 00 for abroad; without it, the number would be another one.
    assert found["dialled_e164"].fillna("-").tolist() == ["-", "-", "-", "+4930123", "-"]
    assert found["dialled_contact"][3] == "Ann Able"
    assert all(str(found[name].dtype) == "str" for name in found.columns[len(CALLS.columns) :])


def test_whoever_was_called_back_by_another_spelling_waits_no_longer():
    assert len(measures.unreturned(CALLS)) == 1
    assert measures.unreturned(numbered(CALLS, "DE", outside="0")).empty


def test_an_outside_line_is_known_without_a_country():
    book = PhoneBook([("030123", "Ann Able")])
    calls = CALLS.assign(
        caller=CALLS["caller"].replace({"030 123": "030123"}),
        dialled=CALLS["dialled"].replace({"0004930123": "0030123", "201": "0201"}),
    )
    found = numbered(calls, outside="0", book=book)
    # The first 0 is for the line; an internal call that begins with one stays as it is.
    assert found["dialled_number"].tolist() == ["100", "100", "100", "030123", "0201"]
    assert found["dialled_contact"].fillna("-").tolist() == ["-", "-", "-", "Ann Able", "-"]
    assert "dialled_e164" not in found
    assert len(measures.unreturned(calls)) == 1
    assert measures.unreturned(found).empty
    assert measures.missed(calls)["reached"].isna().all()
    late = measures.missed(found).set_index("caller")["reached"]
    assert late["030123"] == found["start"][3]


def test_other_engines_get_the_same_columns():
    expected = numbered(CALLS, "DE", outside="0")
    found = numbered(pl.from_pandas(CALLS), "DE", outside="0").to_pandas()
    assert found.fillna("-").astype("str").equals(expected.fillna("-").astype("str"))
    with pytest.raises(ConfError, match="pandas"):
        numbered(pl.from_pandas(CALLS).lazy(), "DE")


def test_an_index_of_the_users_own_stays():
    mine = CALLS.set_index(pd.Index([7, 8, 9, 10, 11]))
    found = numbered(mine, "DE")
    assert found.index.tolist() == [7, 8, 9, 10, 11] and found["caller_e164"][7] == "+4930123"


def test_without_anything_told_calls_stay_as_they_are():
    assert numbered(CALLS) is CALLS
    with pytest.raises(ConfError, match="digits"):
        Numbering("DE", outside="x")
