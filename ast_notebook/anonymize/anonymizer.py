"""Puts pseudonyms into whole frames and blocks of events, and leaves out unknown columns."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any, NamedTuple

import narwhals as nw
import numpy as np
import pandas as pd
import pyarrow as pa

from ast_notebook.ami import Secret
from ast_notebook.anonymize import headers
from ast_notebook.anonymize.pseudonyms import Pseudonyms
from ast_notebook.anonymize.values import (
    Codes,
    Values,
    blanked,
    nothing,
    of_array,
    of_series,
    pairs_of,
    to_array,
    to_pairs,
    to_series,
)
from ast_notebook.errors import ConfError
from ast_notebook.show import plain
from ast_notebook.warned import warn

_NAMED = 12  # columns at most that a warning names


class _Rows(NamedTuple):
    """Marks the rows that are UserEvents, begin the application Queue, or set a status."""

    by_dialplan: Codes
    queue: Codes
    status: Codes

    def take(self, rows: Codes) -> _Rows:
        return _Rows(*(mask[rows] for mask in self))


class Anonymizer(Pseudonyms):
    """Replaces numbers and names by pseudonyms, in all frames of events and of calls.

    What is known to be harmless stays: times, events, states, causes, ids, contexts, queues. What
    is known to be a number or a name becomes a pseudonym, the same in each place, so that frames
    join as before. Everything else is left out: data of the dialplan's applications, variables,
    headers of user events, recordings, and every column that is not known.

    Whoever has the key can find a number by trying all numbers. So keep the key as carefully as the
    numbers, or give no key: then a random one is used, which is lost with this object.

    Parameters
    ----------
    key, prefix, countries, keep
        As in `Pseudonyms`.

    Attributes
    ----------
    dropped : set of str
        The columns that were left out so far.

    Examples
    --------
    >>> anonymizer = Anonymizer(prefix=2)
    >>> calls, visits = anonymizer.frame(calls), anonymizer.frame(visits)
    """

    def __init__(
        self,
        key: str | bytes | Secret | None = None,
        prefix: int = 0,
        countries: bool = True,
        *,
        keep: Collection[str] = (),
    ) -> None:
        super().__init__(key, prefix, countries, keep=keep)
        self.dropped: set[str] = set()
        self._has_told = False

    def frame(self, frame: Any) -> Any:
        """Return a frame of events, calls, legs, queue calls, sessions or pauses with pseudonyms.

        Parameters
        ----------
        frame : pandas.DataFrame, polars.DataFrame or pyarrow.Table
            A frame with a column ``event`` holds events.

        Returns
        -------
        frame
            A frame of the same kind. Values that were left out are missing; in a frame of events,
            so is their column. An index of pandas is treated like a column of the same name; an
            index of times, and one of numbers without a name, stays.

        Raises
        ------
        ConfError
            If the frame is on DuckDB or Spark: convert it to pandas first. Also if an index of
            pandas has texts and no name, or if columns are named by values, as in a pivot table.

        Warns
        -----
        UserWarning
            Once for each anonymizer; the warning names the columns that are left out.
        """
        made = self._of_pandas(frame) if isinstance(frame, pd.DataFrame) else self._of_others(frame)
        if self.dropped and not self._has_told:
            self._has_told = True
            names = ", ".join(plain(name)[:40] for name in sorted(self.dropped)[:_NAMED])
            more = f" and {len(self.dropped) - _NAMED} more" if len(self.dropped) > _NAMED else ""
            warn(f"columns that are not known to be harmless were left out: {names}{more}")
        return made

    def _of_pandas(self, frame: pd.DataFrame) -> pd.DataFrame:
        if frame.columns.nlevels > 1 or frame.columns.name is not None:
            raise ConfError(
                "the names of these columns are values, as in a pivot table: use melt() and "
                "reset_index() first"
            )
        levels = [frame.index.get_level_values(place) for place in range(frame.index.nlevels)]
        by_level = [pd.Series(level, index=frame.index) for level in levels]
        columns = {str(name): column for name, column in frame.items()}
        given = {name: of_series(column) for name, column in columns.items()}
        of_index = [of_series(level) for level in by_level]
        all_given = {str(level.name): one for level, one in zip(levels, of_index, strict=True)}
        rows = _rows(all_given | given, len(frame))
        made: dict[str, pd.Series[Any]] = {}
        for name, column in columns.items():
            found = self._column(name, column, given[name], rows)
            if found is not None:
                made[name] = found
            elif rows is None:
                made[name] = to_series(nothing(len(frame)), column)
        hidden = pd.DataFrame(made, index=frame.index)
        hidden.attrs = dict(frame.attrs)
        if not all(map(_is_harmless, levels)):
            hidden.index = _index(
                level if _is_harmless(level) else self._level(level, column, values, rows)
                for level, column, values in zip(levels, by_level, of_index, strict=True)
            )
        return hidden

    def _column(
        self, name: str, column: pd.Series[Any], values: Values | None, rows: _Rows | None
    ) -> pd.Series[Any] | None:
        kind = self._kind(name, rows)
        is_number = pd.api.types.is_numeric_dtype(column) and not _is_shaped(name, rows)
        if kind == headers.KEEP and (values is None or is_number):
            mine = _is_kept(name, rows)
            return column if mine is None else column.where(mine)
        if kind is None:
            return None
        return to_series(self._values(name, kind, values, rows), column)

    def _level(
        self,
        level: pd.Index[Any],
        column: pd.Series[Any],
        values: Values | None,
        rows: _Rows | None,
    ) -> pd.Index[Any]:
        """Return a level of an index, treated like a column of the same name."""
        if level.name is None:
            raise ConfError(
                "the index has no name: name it like the column that it comes from, or use "
                "reset_index(drop=True) first"
            )
        made = self._column(str(level.name), column, values, rows)
        if made is None:
            made = to_series(nothing(len(column)), column)
        found: pd.Index[Any] = pd.Index(made, name=level.name)
        return found

    def _of_others(self, frame: Any) -> Any:
        try:
            whole = nw.from_native(frame, eager_only=True)
        except TypeError:
            raise ConfError("to anonymize a frame, convert it to pandas first") from None
        table = whole.to_arrow()
        given = {name: of_array(table[name]) for name in table.column_names}
        rows = _rows(given, len(table))
        made: dict[str, Any] = {}
        for name, values in given.items():
            column = table[name]
            kind = self._kind(name, rows)
            is_number = pa.types.is_integer(column.type) or pa.types.is_floating(column.type)
            is_number = is_number and not _is_shaped(name, rows)
            if kind == headers.KEEP and (values is None or is_number):
                mine = _is_kept(name, rows)
                made[name] = column if mine is None else blanked(column, ~mine)
            elif kind is not None:
                made[name] = to_array(self._values(name, kind, values, rows), column.type)
            elif rows is None:
                made[name] = pa.nulls(len(table), column.type)
        return nw.from_arrow(pa.table(made), backend=whole.implementation).to_native()

    def block(self, block: pa.RecordBatch) -> pa.RecordBatch:
        """Return a block of events with pseudonyms; it has the columns that a `Record` has.

        It gives no warnings, since it runs on a thread of the archive.
        """
        names = block.schema.names
        given = {name: of_array(block[name]) for name in names if name != "extra"}
        extra = pairs_of(block["extra"]) if "extra" in names else None
        rows = _rows(given, len(block))
        made: dict[str, pa.Array] = {}
        for name, values in given.items():
            kind = self._kind(name, rows)
            if name in ("received", "time"):
                made[name] = block[name]
            elif kind is not None:
                made[name] = to_array(
                    self._values(name, kind, values, rows), block.schema.field(name).type
                )
        if extra is not None and rows is not None:
            made["extra"] = self._pairs(*extra, rows, len(block))
        return pa.RecordBatch.from_pydict(made)

    def _pairs(
        self, where: Codes, keys: Values, items: pa.Array, rows: _Rows, count: int
    ) -> pa.MapArray:
        """Return the column of rare headers."""
        codes = np.full(len(where), -1, np.int64)
        words: list[str] = []
        order = np.argsort(keys.codes, kind="stable")
        ends = np.cumsum(np.bincount(keys.codes, minlength=len(keys.words)))
        for code, name in enumerate(keys.words):
            kind = self._kind(name, rows)
            mine = order[ends[code - 1] if code else 0 : ends[code]]
            values = None if kind is None else of_array(items.take(pa.array(mine)))
            if kind is not None and values is not None:
                some = self._values(name, kind, values, rows.take(where[mine]))
                codes[mine] = np.where(some.codes < 0, -1, some.codes + len(words))
                words += some.words
        return to_pairs(where, keys, Values(codes, words), count)

    def _kind(self, name: str, rows: _Rows | None) -> str | None:
        """Return the kind of a column; None if it is unknown, and then note it in `dropped`."""
        kind = headers.of_call(name) if rows is None else headers.of_event(name)
        if kind is None and len(self.dropped) < 1000:
            self.dropped.add(name)
        return kind

    def _values(self, name: str, kind: str, values: Values | None, rows: _Rows | None) -> Values:
        """Return the values of a column with pseudonyms."""
        assert values is not None
        mine = _is_kept(name, rows)
        if mine is not None:
            values = values.where(mine)
        if rows is not None and _is_shaped(name, rows):
            values = values.where(~rows.by_dialplan | values.fitting(headers.SHAPES[name]))
        if kind == headers.SOME and rows is not None:
            return _some(name, values, rows)
        if kind == headers.WORD:
            form = headers.form_of(name)
            return values.mapped(lambda word: word if form.fullmatch(word) else None)
        if kind == headers.KEEP:
            # If a header was sent repeatedly, some of its values do not come from Asterisk.
            return values.mapped(lambda word: None if "\n" in word else word)
        make = getattr(self, kind)
        return values.mapped(lambda word: "\n".join(map(make, word.split("\n"))))


def _is_harmless(level: pd.Index[Any]) -> bool:
    """Tell whether a level of an index has times or plain row numbers."""
    kind = level.dtype
    if isinstance(kind, pd.PeriodDtype) or kind.kind in "mM":
        return True
    return level.name is None and pd.api.types.is_integer_dtype(kind)


def _index(levels: Iterable[pd.Index[Any]]) -> pd.Index[Any]:
    first, *others = levels
    return pd.MultiIndex.from_arrays([first, *others]) if others else first


def _rows(given: Mapping[str, Values | None], count: int) -> _Rows | None:
    """Return the marked rows on which some headers depend; None if this is no frame of events."""
    if "event" not in given:
        return None

    def are(name: str, *words: str) -> Codes:
        return (given.get(name) or nothing(count)).are(*words)

    return _Rows(
        are("event", "UserEvent"), are("application", "Queue"), are("variable", *headers.STATUSES)
    )


def _is_kept(name: str, rows: _Rows | None) -> Codes | None:
    """Tell for which rows a column is kept; None means all. Data from a dialplan is left out."""
    if rows is None or headers.is_asterisks(name) or not rows.by_dialplan.any():
        return None
    mine: Codes = ~rows.by_dialplan
    return mine


def _is_shaped(name: str, rows: _Rows | None) -> bool:
    """Tell whether a dialplan, and not Asterisk, may have sent some values of a column."""
    return rows is not None and name in headers.SHAPES and bool(rows.by_dialplan.any())


def _some(name: str, values: Values, rows: _Rows) -> Values:
    if name == "appdata":  # only the queue in Queue(support,tT,...): it shows who was refused
        found = values.where(rows.queue)
        return found.mapped(lambda word: word.partition(",")[0])
    pattern = headers.VARIABLE
    if name == "value":
        values, pattern = values.where(rows.status), headers.CAPITALS
    return values.mapped(lambda word: word if pattern.fullmatch(word) else None)
