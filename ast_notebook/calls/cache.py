"""Keeps a call log, so that new events change only the calls that they are about."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from ast_notebook.calls import agents, frames, queues
from ast_notebook.calls.batches import Groups, concerns_all
from ast_notebook.calls.calls import Log, log_of
from ast_notebook.calls.events import read
from ast_notebook.calls.linkedids import Codes
from ast_notebook.calls.source import COLUMNS, needed

#: How each frame of a log is sorted, and which of its columns are times and whole numbers.
_SHAPES = (
    (("start", "call"), frames.TIMES, frames.WHOLE),
    (("start", "call"), queues.TIMES, queues.WHOLE),
    (("login", "agent"), agents.SESSION_TIMES, ("pauses",)),
    (("start", "agent"), agents.PAUSE_TIMES, ()),
)
_TEXT = pa.dictionary(pa.int32(), pa.string())
#: Parts of a table after which they become one, since each costs time whenever it is read.
_PARTS = 100
AN_ID = 120  # bytes that an id takes in a dictionary


class LogCache:
    """The call log of the events of one PBX, which come in parts.

    Events belong together by their ids (see `batches`), so a call is made anew only if a new event
    has one of the call's ids. The result equals `log_of` of all events.

    Parameters
    ----------
    trunks : collection of str, optional
        The devices that lead to the public network.
    """

    def __init__(self, trunks: Collection[str] | None = None) -> None:
        self._trunks = trunks
        self._events = pa.table({})
        self._log: Log | None = None
        self._groups: Codes = np.zeros(0, np.int64)  # of each event
        self._group_of: dict[str, int] = {}  # of each id

    @property
    def nbytes(self) -> int:
        """How many bytes of memory the events and their ids take, about."""
        return int(self._events.nbytes) + self._groups.nbytes + AN_ID * len(self._group_of)

    def add(self, events: pd.DataFrame) -> Log:
        """Take in the events that came after all others, and return the log of all.

        Parameters
        ----------
        events : pandas.DataFrame
            As ``sh.ast.events`` has them.

        Returns
        -------
        Log
            Its frames are in pandas; they are not to be changed.
        """
        new = _narrowed(events)
        if self._log is None:
            self._log = self._anew(new)
        elif len(new):
            self._log = self._gone_on(new, self._log) or self._anew(_joined(self._events, new))
        return self._log

    def _anew(self, events: pa.Table) -> Log:
        groups = Groups(events)
        self._events, self._groups, self._group_of = events, groups.of_events, groups.of_ids()
        return _log(events, self._trunks)

    def _gone_on(self, new: pa.Table, log: Log) -> Log | None:
        """Make only the calls of new events again; return None if these may belong to any call."""
        groups = Groups(new)
        if concerns_all(new, groups.of_events).any():
            return None
        known = self._group_of
        touched = {known[one] for one in groups.of_ids() if one in known}
        rows = [frame["call"].map(known) for frame in log[:2]]
        if any(row.isna().any() for row in rows):
            return None
        mine = np.isin(self._groups, list(touched))
        before = self._events.filter(pa.array(mine | concerns_all(self._events, self._groups)))
        made = _log(_joined(before, new), self._trunks)
        self._regroup(mine, new)
        if agents.KINDS.isdisjoint(new["event"].to_pylist()):
            of_agents = log[2:]
        else:
            steps = pc.is_in(self._events["event"], pa.array(sorted(agents.KINDS)))
            of_agents = _log(self._events.filter(steps), self._trunks)[2:]
        merged = [
            _merged(frame[~row.isin(touched).to_numpy()], more, order)
            for frame, row, more, (order, *_) in zip(
                log[:2], rows, made[:2], _SHAPES[:2], strict=True
            )
        ]
        return Log(merged[0], merged[1], *of_agents)

    def _regroup(self, mine: Codes, new: pa.Table) -> None:
        """Add new events, and give new numbers to the groups that they are about."""
        groups = Groups(_joined(self._events.filter(pa.array(mine)), new))
        first = int(self._groups.max(initial=-1)) + 1
        numbers = np.where(groups.of_events < 0, -1, groups.of_events + first)
        old = int(mine.sum())
        self._groups[mine] = numbers[:old]
        self._groups = np.concatenate([self._groups, numbers[old:]])
        self._group_of.update({one: group + first for one, group in groups.of_ids().items()})
        self._events = _joined(self._events, new)


def _narrowed(events: pd.DataFrame) -> pa.Table:
    """Keep what calls are made of, with times in microseconds since 1970 UTC."""
    whole: Any = events
    if "extra" not in events:  # it may have headers that calls are made of
        known = events[[name for name in COLUMNS if name in events]]
        whole = pa.Table.from_pandas(known, preserve_index=False)
    table: pa.Table = needed(read(whole)).collect().to_native()
    kinds = [field.with_type(_plain(field.type)) for field in table.schema]
    return table.cast(pa.schema(kinds)).replace_schema_metadata(None)


def _plain(kind: pa.DataType) -> pa.DataType:
    if pa.types.is_dictionary(kind):
        return _TEXT
    return pa.string() if pa.types.is_large_string(kind) else kind


def _joined(first: pa.Table, second: pa.Table) -> pa.Table:
    """Return both tables as one; a header that is text in one of them becomes text in both."""
    for name in set(first.column_names) & set(second.column_names):
        if first[name].type != second[name].type:
            first, second = (_as_text(table, name) for table in (first, second))
    table = pa.concat_tables([first, second], promote_options="permissive")
    if table.num_columns and table[0].num_chunks > _PARTS:
        table = table.unify_dictionaries().combine_chunks()
    return table


def _as_text(table: pa.Table, name: str) -> pa.Table:
    place = table.column_names.index(name)
    return table.set_column(place, name, table[name].cast(pa.string()))


def _log(events: pa.Table, trunks: Collection[str] | None) -> Log:
    made: list[Any] = [
        frames.pandas(found.to_pandas(), times, whole)
        for found, (_, times, whole) in zip(log_of(events, trunks=trunks), _SHAPES, strict=True)
    ]
    return Log(*made)


def _merged(kept: pd.DataFrame, made: pd.DataFrame, order: tuple[str, ...]) -> pd.DataFrame:
    both = pd.concat([kept, made]) if len(kept) and len(made) else kept if len(kept) else made
    return both.sort_values([*order], na_position="first", kind="stable", ignore_index=True)
