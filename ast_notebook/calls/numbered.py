"""Calls with their numbers as E.164, and with the names of a phone book."""

from __future__ import annotations

from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd

from ast_notebook.errors import ConfError
from ast_notebook.numbering import Numbering, PhoneBook, TelephoneNumber

#: The columns that are added for each of `SIDES`, behind its name.
PARTS = ("e164", "country", "region", "kind", "contact")
SIDES = ("caller", "dialled")


def numbered(
    calls: Any,
    country: str | None = None,
    *,
    outside: str = "",
    book: PhoneBook | None = None,
) -> Any:
    """Return calls with more columns, which tell what is known about their numbers.

    Parameters
    ----------
    calls : frame
        A calls frame of pandas, Polars or PyArrow.
    country : str, optional
        The country of numbers without a country code, such as ``DE``.
    outside : str
        The digits that are dialled for an outside line, such as ``0``. Other columns than
        ``dialled`` have the numbers of outbound calls without them.
    book : PhoneBook, optional
        The names of numbers' owners.

    Returns
    -------
    frame
        The same frame with more columns, all of them text. ``caller`` and ``dialled`` stay as they
        are. A text that is no number (an extension, ``anonymous``) has missing values.

        caller_e164, dialled_e164
            The number with its country code, such as ``+4930123`` (ITU-T E.164).
        caller_country, dialled_country
            The country's code (ISO 3166), such as ``DE``; missing for numbers of no country, such
            as those for satellites.
        caller_region, dialled_region
            The region, in English, if the number tells it.
        caller_kind, dialled_kind
            ``fixed``, ``mobile``, ``fixed or mobile``, ``toll-free``, ``premium``, ``shared cost``,
            ``voip`` and so on; missing if no plan knows the number.
        caller_contact, dialled_contact
            The name in the phone book.
        dialled_number
            With `outside`: ``dialled`` without these digits, if the call is outbound and a number
            follows them; without a country, any text is a number here.

    Raises
    ------
    ConfError
        If the frame is on DuckDB or Spark, there is no such country, or the library is missing.
    """
    return with_numbers(calls, Numbering(country, outside, book))


def with_numbers(calls: Any, numbering: Numbering) -> Any:
    """Return calls with the columns of `numbered`, by a site's `Numbering`."""
    if not numbering:
        return calls
    if isinstance(calls, pd.DataFrame):
        added = _added({name: calls[name] for name in _USED if name in calls}, numbering)
        return calls.assign(
            **{name: values.set_axis(calls.index) for name, values in added.items()}
        )
    try:
        frame = nw.from_native(calls, eager_only=True)
    except TypeError:
        raise ConfError(
            "numbers are looked up in pandas, Polars or PyArrow: convert these calls first"
        ) from None
    columns = {name: frame[name].to_pandas() for name in _USED if name in frame.columns}
    made = [
        nw.new_series(
            name,
            values.astype(object).where(values.notna(), None).tolist(),
            nw.String,
            backend=frame.implementation,
        )
        for name, values in _added(columns, numbering).items()
    ]
    return frame.with_columns(*made).to_native()


_USED = (*SIDES, "direction")


def _added(columns: dict[str, pd.Series], numbering: Numbering) -> dict[str, pd.Series]:
    """Return the columns to add; each different text is looked up once."""
    known: dict[str, TelephoneNumber | None] = {}
    added: dict[str, pd.Series] = {}
    for side in SIDES:
        if side not in columns:
            continue
        heard = columns[side].reset_index(drop=True)
        codes, words = pd.factorize(heard)
        texts = [str(word) for word in words]
        for text in texts:
            if text not in known:
                known[text] = numbering.number(text)
        numbers = [known[text] for text in texts]
        if side == "dialled" and numbering.outside and "direction" in columns:
            codes, texts, numbers = _behind_prefix(columns, codes, texts, numbers, numbering)
            added["dialled_number"] = _take(pd.array(texts, dtype="str"), codes)
        parts = _parts(numbers) if numbering.country is not None else {}
        if numbering.book is not None:
            name_of = numbering.book.name_of
            names = [name_of(text, one) for text, one in zip(texts, numbers, strict=True)]
            parts["contact"] = pd.array(names, dtype="str")
        for part, values in parts.items():
            added[f"{side}_{part}"] = _take(values, codes)
    return added


def _behind_prefix(
    columns: dict[str, pd.Series],
    codes: np.ndarray,
    texts: list[str],
    numbers: list[TelephoneNumber | None],
    numbering: Numbering,
) -> tuple[np.ndarray, list[str], list[TelephoneNumber | None]]:
    """Give codes of their own to dialled numbers of outbound calls that begin with the prefix."""
    is_out = columns["direction"].eq("outbound").fillna(False).to_numpy(dtype=bool) & (codes >= 0)
    place = np.arange(len(texts))
    for code in np.unique(codes[is_out]):
        behind = numbering.behind_outside(texts[code])
        if behind:
            place[code] = len(numbers)
            numbers.append(numbering.number(behind))
            texts.append(behind)
    return np.where(is_out, place[codes], codes), texts, numbers


def _parts(numbers: list[TelephoneNumber | None]) -> dict[str, Any]:
    return {
        part: pd.array([getattr(one, part) if one else None for one in numbers], dtype="str")
        for part in PARTS[:-1]
    }


def _take(words: Any, codes: np.ndarray) -> pd.Series:
    """Return the word that each code stands for; it is missing where the code is -1."""
    return pd.Series(words.take(codes, allow_fill=True), dtype="str")
