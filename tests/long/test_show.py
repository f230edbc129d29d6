"""What strangers chose, such as a caller's name, is shown as text and does nothing else."""

from __future__ import annotations

import unicodedata
from xml.dom import minidom

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ast_notebook.calls import flow, from_events, visits
from ast_notebook.calls.report import Report
from ast_notebook.errors import AstError
from ast_notebook.show import NO_MATH, Text, columns, escape, plain, table
from tests.support.hostile import HOSTILE, LINKED, events
from tests.support.shell import an_ipython


def obeyed(text: str) -> list[str]:
    """Return the characters of a text that do something rather than show."""
    hidden = ("Cc", "Cf", "Cs", "Zl", "Zp")
    shown = "\t\n\xad\u200b\u200c\u200d\u2060\ufeff"
    return [one for one in text if unicodedata.category(one) in hidden and one not in shown]


@given(st.text(st.characters(exclude_categories=())))
def test_any_text_is_wellformed_xml_and_shows_only(text: str) -> None:
    parsed = minidom.parseString(f'<a b="{escape(text)}">{escape(text)}</a>')
    assert parsed.documentElement is not None
    assert not [one for one in plain(text) if one in "\x1b\x9b\u202e\u2028\x00"]


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126)) | st.just("Jürgen\tÅsa\n李"))
def test_plain_text_stays_as_it_is(text: str) -> None:
    assert plain(text) == text


def test_a_ladder_obeys_no_name() -> None:
    drawn = flow(events(), LINKED)
    assert obeyed(repr(drawn)) == []
    assert "\\x1b]0;title" in repr(drawn)
    assert minidom.parseString(drawn.svg()).documentElement is not None
    assert NO_MATH in drawn._repr_html_()


def test_a_report_obeys_no_name() -> None:
    report = Report(from_events(events()), visits(events()), title=f"Calls of {HOSTILE}")
    assert obeyed(repr(report)) == []
    assert obeyed(report.html()) == []
    assert "<b>&" not in report.html()
    assert NO_MATH in report.html()


@pytest.mark.parametrize(
    "shown",
    [
        repr(Text(HOSTILE)),
        Text(HOSTILE)._repr_html_(),
        table(["name"], [[HOSTILE]], title=HOSTILE),
        columns([["name", HOSTILE]]),
        str(AstError(f"The PBX refuses: {HOSTILE}")),
    ],
)
def test_text_tables_and_errors_obey_no_name(shown: str) -> None:
    assert obeyed(shown) == []
    assert "Nora" in shown


def test_frames_in_a_terminal_obey_no_name_while_the_extension_is_loaded() -> None:
    frame = from_events(events())
    with an_ipython() as shell:
        assert shell.display_formatter is not None
        show = shell.display_formatter.format
        raw = repr(frame["caller"])
        shell.run("%load_ext ast_notebook")
        for one in (frame[["caller"]], frame["caller"], visits(events())[["queue"]]):
            shown = show(one)[0]["text/plain"]
            assert obeyed(shown) == []
            assert "Nora" in shown
        shell.run("%unload_ext ast_notebook")
        assert show(frame["caller"])[0]["text/plain"] == raw


def test_how_somebody_else_shows_frames_stays() -> None:
    with an_ipython() as shell:
        assert shell.display_formatter is not None
        formatter = shell.display_formatter.formatters["text/plain"]
        formatter.for_type(pd.DataFrame, lambda frame, printer, cycle: printer.text("mine"))
        shell.run("%load_ext ast_notebook")
        assert formatter(pd.DataFrame()) == "mine"
        shell.run("%unload_ext ast_notebook")
        assert formatter(pd.DataFrame()) == "mine"
