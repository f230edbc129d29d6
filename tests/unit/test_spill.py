"""What is put aside in a file comes back, in any order."""

from __future__ import annotations

import pytest

from ast_notebook.calls.history.spill import spilling


def test_what_is_put_aside_comes_back_by_its_place_and_in_ranges() -> None:
    with spilling() as spill:
        some = [(number, "x" * number) for number in range(500)]
        places = [spill.put(one) for one in some]
        assert [spill.get(place) for place in reversed(places)] == some[::-1]
        assert list(spill.between(places[100], places[400])) == some[100:400]
        assert list(spill.between(places[-1], spill.end)) == some[-1:]
        assert list(spill.between(spill.end, spill.end)) == []


def test_what_is_put_after_some_was_read_stands_behind_all() -> None:
    with spilling() as spill:
        first, second = spill.put("one"), spill.put("two")
        assert spill.get(first) == "one"
        third = spill.put("three")
        begun = spill.between(first, spill.end)
        assert next(begun) == "one"
        assert spill.get(third) == "three"
        assert list(begun) == ["two", "three"]
        assert spill.get(second) == "two"


def test_a_file_is_gone_at_the_end() -> None:
    with spilling() as spill:
        place = spill.put("one")
    with pytest.raises(ValueError, match="closed file"):
        spill.get(place)
