"""Cuts the texts of many events into headers; each line that came repeatedly is cut once."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ast_notebook.ami import split_line

Places = np.ndarray[Any, Any]


class Lines(NamedTuple):
    """The headers of events, a line each, in their order.

    Attributes
    ----------
    names : list of str
        The different names, as they were sent.
    codes : numpy.ndarray
        The name of each line, as a place in `names`.
    rows : numpy.ndarray
        The event of each line.
    words : pyarrow.StringArray
        The different values.
    values : numpy.ndarray
        The value of each line, as a place in `words`.
    """

    names: list[str]
    codes: Places
    rows: Places
    words: pa.StringArray
    values: Places


def cut(texts: pa.StringArray) -> Lines:
    """Cut texts into their headers; lines that are none (output of a command) are left out."""
    split = pc.split_pattern(texts, "\r\n")
    rows = pc.list_parent_indices(split).to_numpy()
    lines = pc.list_flatten(split).dictionary_encode()
    places = lines.indices.to_numpy()
    parts = pc.split_pattern(lines.dictionary, ": ", max_splits=1)
    is_odd = pc.list_value_length(parts).to_numpy() != 2
    is_odd |= pc.match_substring(pc.list_element(parts, 0), ":").to_numpy(zero_copy_only=False)
    if is_odd.any():
        parts, kept = _odd(parts, lines.dictionary, is_odd)
        is_header = kept[places] >= 0
        places, rows = kept[places[is_header]], rows[is_header]
    names = pc.list_element(parts, 0).dictionary_encode()
    values = pc.list_element(parts, 1).dictionary_encode()
    codes, words = names.indices.to_numpy()[places], values.indices.to_numpy()[places]
    return Lines(names.dictionary.to_pylist(), codes, rows, values.dictionary, words)


def _odd(parts: pa.ListArray, lines: pa.StringArray, is_odd: Places) -> tuple[pa.ListArray, Places]:
    """Split the few lines with no blank behind the colon, and leave out those with no colon.

    The second result has the new place of each line, or -1.
    """
    fixed = parts.to_pylist()
    for number in np.flatnonzero(is_odd).tolist():
        name, colon, value = split_line(lines[number].as_py())
        fixed[number] = [name, value] if colon else []
    is_kept = np.array([len(part) == 2 for part in fixed], bool)
    kept = pa.array([part for part in fixed if len(part) == 2], pa.list_(pa.string()))
    return kept, np.where(is_kept, np.cumsum(is_kept) - 1, -1)
