"""Keeps columns as codes and a list of words, so that each different value is handled once."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

Codes = np.ndarray[Any, Any]


class Values(NamedTuple):
    """The place of each row's value in a list of words (-1 if it is missing), and that list."""

    codes: Codes
    words: list[str]

    def where(self, rows: Codes) -> Values:
        """Return the values of some rows; those of the others are missing."""
        return self._replace(codes=np.where(rows, self.codes, -1))

    def mapped(self, make: Callable[[str], str | None]) -> Values:
        """Return the values with `make` applied to each word; None makes the values missing."""
        place: dict[str, int] = {}
        moved = np.full(len(self.words) + 1, -1, np.int64)
        for code in np.unique(self.codes[self.codes >= 0]).tolist():
            word = make(self.words[code])
            if word is not None:
                moved[code] = place.setdefault(word, len(place))
        return Values(moved[self.codes], list(place))

    def fitting(self, pattern: re.Pattern[str]) -> Codes:
        """Tell which rows have a word that a pattern fits as a whole."""
        fits = [pattern.fullmatch(word) is not None for word in self.words]
        return np.array([*fits, False], bool)[self.codes]

    def are(self, *words: str) -> Codes:
        """Tell which rows have one of these words."""
        return np.array([*(word in words for word in self.words), False], bool)[self.codes]


def nothing(count: int) -> Values:
    """Return `count` missing values."""
    return Values(np.full(count, -1, np.int64), [])


def of_series(series: pd.Series[Any]) -> Values | None:
    """Return the values of a column of pandas; None if it has times or booleans, not text."""
    kind = series.dtype
    if isinstance(kind, pd.CategoricalDtype):
        codes = series.cat.codes.to_numpy().astype(np.int64)
        return Values(codes, [str(word) for word in kind.categories])
    if pd.api.types.is_bool_dtype(kind) or kind.kind in "mM":
        return None
    try:
        codes, words = pd.factorize(series)
    except TypeError:  # lists or dictionaries
        codes, words = pd.factorize(series.map(repr, na_action="ignore"))
    return Values(codes, [_text(word) for word in words])


def _text(value: Any) -> str:
    """Return a number as it is dialled: beside missing values, pandas makes 6102.0 of 6102."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def to_series(values: Values, like: pd.Series[Any]) -> pd.Series[Any]:
    """Return values as a column of the same kind, and with the same index, as another one."""
    made = pd.Categorical.from_codes(
        values.codes, dtype=pd.CategoricalDtype(pd.Index(values.words, dtype="str"))
    )
    series = pd.Series(made, index=like.index, name=like.name)
    if isinstance(like.dtype, pd.CategoricalDtype):
        return series
    return series.astype(object if pd.api.types.is_object_dtype(like.dtype) else "str")


def of_array(array: pa.Array | pa.ChunkedArray) -> Values | None:
    """Return the values of a column of Arrow; None if it has times or booleans, not text."""
    kind = array.type
    if pa.types.is_boolean(kind) or pa.types.is_temporal(kind) or pa.types.is_nested(kind):
        return None
    if pa.types.is_dictionary(kind):
        if isinstance(array, pa.ChunkedArray):
            array = array.unify_dictionaries().combine_chunks()
    else:
        array = array.cast(pa.string()).dictionary_encode()
        if isinstance(array, pa.ChunkedArray):
            array = array.combine_chunks()
    if isinstance(array, pa.ChunkedArray):  # without any chunk
        return nothing(0)
    codes = array.indices.cast(pa.int64()).fill_null(-1).to_numpy(zero_copy_only=False)
    return Values(codes, array.dictionary.cast(pa.string()).to_pylist())


def to_array(values: Values, kind: pa.DataType) -> pa.Array:
    """Return values as a column of text in Arrow, in the form of `kind`, such as a dictionary."""
    codes = pa.array(values.codes, mask=values.codes < 0)
    if pa.types.is_dictionary(kind):
        words = pa.array(values.words, kind.value_type)
        return pa.DictionaryArray.from_arrays(codes.cast(kind.index_type), words)
    text = kind if pa.types.is_large_string(kind) or pa.types.is_string_view(kind) else pa.string()
    return pa.array(values.words, text).take(codes)


def pairs_of(array: pa.MapArray) -> tuple[Codes, Values, pa.Array]:
    """Return the rows, the keys and the values of all pairs in a column of pairs."""
    offsets = array.offsets.to_numpy()
    first, last = int(offsets[0]), int(offsets[-1])
    keys = of_array(array.keys.slice(first, last - first))
    assert keys is not None
    rows = np.repeat(np.arange(len(array)), np.diff(offsets))
    return rows, keys, array.items.slice(first, last - first)


def to_pairs(rows: Codes, keys: Values, values: Values, count: int) -> pa.MapArray:
    """Return a column of (name, value) pairs, one list of them for each of `count` rows.

    `rows` has the row of each pair. Pairs without a value are left out.
    """
    there = values.codes >= 0
    offsets = np.zeros(count + 1, np.int32)
    np.cumsum(np.bincount(rows[there], minlength=count), out=offsets[1:])
    return pa.MapArray.from_arrays(
        pa.array(offsets),
        pa.array(keys.words, pa.string()).take(pa.array(keys.codes[there])),
        pa.array(values.words, pa.string()).take(pa.array(values.codes[there])),
    )


def blanked(array: pa.ChunkedArray, rows: Codes) -> pa.ChunkedArray:
    """Return a column of Arrow in which some rows are missing."""
    return pc.if_else(pa.array(rows), pa.scalar(None, array.type), array)
