"""An id that several channels have at one time is no uniqueid."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ast_notebook.calls.history.cdr_spoiled import _several
from ast_notebook.units import SECOND

ID = "1700000000.1"
LINES = st.lists(
    st.tuples(st.sampled_from("abcd"), st.integers(0, 40), st.integers(0, 12)), min_size=1
)


def ended_before(lines):
    """What is asked for: a channel begins before another one, that began earlier, has ended."""
    in_order = sorted(lines, key=lambda line: line[1])
    return any(
        one[0] != later[0] and later[1] + 1 < one[1] + one[2]
        for number, later in enumerate(in_order)
        for one in in_order[:number]
    )


@given(LINES)
def test_one_pass_finds_what_comparing_each_with_each_finds(lines):
    records: list[Any] = [
        SimpleNamespace(channel=name, start=start * SECOND, end=(start + length) * SECOND)
        for name, start, length in lines
    ]
    assert _several(ID, records) == ended_before(lines)
