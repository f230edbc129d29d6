"""A ladder names its channels by the phone book."""

from __future__ import annotations

from ast_notebook.calls.flow import flow
from tests.support.hostile import LINKED, events


def test_a_channel_has_the_name_of_its_number_beside_it():
    plainly = flow(events(), LINKED)
    drawn = flow(events(), LINKED, name=lambda number: f"Ann <b>{number}\x1b[2J")
    assert any("Ann <b>" in label for label in drawn.labels)
    assert "Ann &lt;b&gt;" in drawn.svg() and "\x1b" not in drawn.svg() + repr(drawn)
    nobody = flow(events(), LINKED, name=lambda number: None)
    assert nobody.labels == plainly.labels
