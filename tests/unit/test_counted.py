"""Counts in sentences: the words fit the number."""

import pytest

from ast_notebook.counted import counted


@pytest.mark.parametrize(
    ("number", "said"),
    [(0, "0 records repeat"), (1, "1 record repeats"), (1200, "1,200 records repeat")],
)
def test_the_words_fit_the_number(number, said):
    assert counted(number, "record repeats", "records repeat") == said
