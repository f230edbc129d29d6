"""A ladder names its channels by the phone book."""

from __future__ import annotations

from ast_notebook.calls.flow import Flow, LadderStep


def test_a_channel_has_the_name_of_its_number_beside_it():
    steps = [LadderStep(0, 0, None, "begins"), LadderStep(1_000_000, 0, 1, "rings")]
    drawn = Flow("1.1", ["PJSIP/a-1", "PJSIP/b-2"], steps, ["Ann <b>\x1b[2J", ""])
    assert "  PJSIP/a-1 is Ann <b>\\x1b[2J" in repr(drawn).splitlines()
    assert "PJSIP/b-2 is" not in repr(drawn)
    assert "Ann &lt;b&gt;" in drawn.svg() and "\x1b" not in drawn.svg() + repr(drawn)
    assert drawn.svg().count("<text") == 2 + 1 + 2 * len(steps)


def test_without_a_phone_book_a_ladder_is_as_before():
    drawn = Flow("1.1", ["PJSIP/a-1"], [LadderStep(0, 0, None, "begins")])
    assert drawn.names == ("",) and repr(drawn).splitlines()[1].endswith("begins")
