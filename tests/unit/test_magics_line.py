"""What a line of `%ast` says: words, variables, addresses and moments."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from IPython.core.error import UsageError

from ast_notebook import ConfError
from ast_notebook.magics.address import address
from ast_notebook.magics.line import expand, without_semicolon, words, written
from ast_notebook.moments import microseconds, moment


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("", []),
        ("connect        # or: %ast connect admin@pbx.example:5038", ["connect"]),
        ('call SIP/200 240 door --callerid "Door <100>"', ["call", "SIP/200", "240", "door"]),
        ("call SIP/200 #31#240 door", ["call", "SIP/200", "#31#240", "door"]),
        ("db write a/b O'Brien", ["db", "write", "a/b", "O'Brien"]),
        ("action X Value='a b' C=\"d e\"", ["action", "X", "Value=a b", "C=d e"]),
        ("db write a/b ''", ["db", "write", "a/b", ""]),
        (r"load C:\house\items.conf", ["load", r"C:\house\items.conf"]),
        ("db write a/b {f(1, 'x y')}z", ["db", "write", "a/b", "{f(1, 'x y')}z"]),
        ("db write a/b $[1 + 2]", ["db", "write", "a/b", "$[1 + 2]"]),
        ("db write a/b {{", ["db", "write", "a/b", "{{"]),
    ],
)
def test_a_line_is_words(line, found):
    assert words(line)[: len(found)] == found
    if "Door" in line:
        assert words(line)[-1] == "Door <100>"


@pytest.mark.parametrize("line", ['x "never closed', "x 'a'b", 'x a="b'])
def test_a_quote_that_is_not_closed_is_said(line):
    with pytest.raises(UsageError, match="not closed"):
        words(line)


@pytest.mark.parametrize(
    ("text", "expanded"),
    [
        ("{number + 1}", "201"),
        ("PJSIP/$number", "PJSIP/200"),
        ("${CALLERID(num)}", "${CALLERID(num)}"),
        ("${QUOTE(${CALLERID(name)})}$number", "${QUOTE(${CALLERID(name)})}200"),
        ("$[1 + $[2 * 3]]", "$[1 + $[2 * 3]]"),
        ("{{number}} $$number", "{number} $number"),
        ("{on}{not on}", "10"),
        ("{[n for n in range(number) if n > 198]}", "[199]"),
        ("100$", "100$"),
    ],
)
def test_variables_are_put_in_and_asterisks_own_are_not(text, expanded):
    assert expand(text, {"number": 200, "on": True}) == expanded


@pytest.mark.parametrize(
    ("text", "why"),
    [("$nobody", "no variable nobody"), ("{1/0}", "ZeroDivisionError"), ("{x", "not closed")],
)
def test_what_cannot_be_put_in_is_said(text, why):
    with pytest.raises(UsageError, match=why):
        expand(text, {})


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("pbx", {"host": "pbx"}),
        ("admin@pbx.example:5038", {"username": "admin", "host": "pbx.example", "port": 5038}),
        ("a@b@pbx", {"username": "a@b", "host": "pbx"}),
        ("[2001:db8::1]:5039", {"host": "2001:db8::1", "port": 5039}),
        ("admin@", {"username": "admin"}),
    ],
)
def test_an_address_is_read(text, found):
    assert address(text) == found


@pytest.mark.parametrize("text", ["2001:db8::1", "pbx:http", "pbx:5038:1"])
def test_what_is_no_address_is_said(text):
    with pytest.raises(UsageError, match=r"write USER@HOST:PORT"):
        address(text)


@given(st.text(st.sampled_from("ab1 -/.@:$[](){}\"'#;\\,|=\n\t\x1b\u202e$ß")))
def test_a_text_that_is_written_as_a_word_means_itself_and_nothing_else(text):
    word = written(text)
    if word is None:
        assert text[:1] == "-" or not text.isprintable() or ('"' in text and "'" in text)
        return
    assert without_semicolon(f"call {word}") == (f"call {word}", False)
    for more in ([], ["door", "{1 + 1}"]):
        said = words(" ".join(["call", word, *more]))
        assert [expand(one, {}) for one in said] == ["call", text, *(["door", "2"] if more else [])]


NOW = pd.Timestamp("2026-11-23 12:00")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("10m", "2026-11-23 11:50"),
        ("5min", "2026-11-23 11:55"),
        ("90s", "2026-11-23 11:58:30"),
        ("1.5h", "2026-11-23 10:30"),
        ("2d", "2026-11-21 12:00"),
        ("10:00", "2026-11-23 10:00"),
        ("13:00", "2026-11-22 13:00"),
        ("2026-11-20", "2026-11-20 00:00"),
        ("1w", "2026-11-16 12:00"),
        ("2026-10", "2026-10-01 00:00"),
        ("today", "2026-11-23 00:00"),
        ("yesterday", "2026-11-22 00:00"),
        ("this-week", "2026-11-23 00:00"),
        ("last-week", "2026-11-16 00:00"),
        ("last-month", "2026-10-01 00:00"),
    ],
)
def test_a_moment_is_read(text, found):
    assert moment(text, NOW) == pd.Timestamp(found)


@pytest.mark.parametrize(
    "said", ["soon", "NaT", "", " ", "0001-01-01", "10000-01-01", "9" * 15 + "d", "9" * 999 + "m"]
)
def test_what_is_no_moment_is_said_in_one_short_line(said):
    with pytest.raises(ConfError, match=r"^'.*' is no moment: write 10m, .* or 2026-11-23$") as why:
        moment(said, NOW)
    assert len(str(why.value)) < 150


@pytest.mark.parametrize("said", [pd.NaT, None, True, 5, 1e300])
def test_what_is_no_time_at_all_is_no_moment(said):
    with pytest.raises(ConfError, match="is no moment: write"):
        microseconds(said)


@pytest.mark.parametrize("said", ["0002-01-02", "1970-01-01", "9999-12-30"])
def test_a_moment_long_ago_or_far_ahead_can_be_computed_with(said):
    assert pd.Timestamp(microseconds(said), unit="us").year == int(said[:4])
