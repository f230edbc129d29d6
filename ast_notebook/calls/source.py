"""The events from which calls are made: only the needed columns, the same on every engine."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

import narwhals as nw
import numpy as np
import pyarrow.compute as pc

from ast_notebook.calls.copies import without_copies
from ast_notebook.calls.engines import Work, at_once, distinct
from ast_notebook.calls.quality import reports
from ast_notebook.calls.quality.rated import rated

#: Headers from which calls are made; a reader of an archive needs no others for calls.
COLUMNS: tuple[str, ...] = (
    "server",
    "time",
    "event",
    "channel",
    "uniqueid",
    "linkedid",
    "channelstatedesc",
    "calleridnum",
    "calleridname",
    "exten",
    "context",
    "cause",
    "application",
    "appdata",
    "lastapplication",
    "destuniqueid",
    "destlinkedid",
    "dialstatus",
    "forward",
    "bridgeuniqueid",
    "bridgetype",
    "queue",
    "position",
    "holdtime",
    "ringtime",
    "talktime",
    "interface",
    "membername",
    "stateinterface",
    "agent",
    "paused",
    "pausedreason",
    "reason",
    "conference",
    "variable",
    "value",
    "result",
    "secondtransfereruniqueid",
    "origtransfereruniqueid",
    "transfereeuniqueid",
    "transfereruniqueid",
    "extension",
    "cause-txt",
    "transfererlinkedid",
    "origtransfererlinkedid",
    "secondtransfererlinkedid",
    "targetlinkedid",
    "targetuniqueid",
    "parkeelinkedid",
    "parkeeuniqueid",
    "retrieverlinkedid",
    "retrieveruniqueid",
    *reports.COLUMNS,
)
#: Headers that only the ladder of a call needs.
_OTHERS = frozenset(
    (
        "cause-txt",
        "context",
        "extension",
        "holdtime",
        "parkeeuniqueid",
        "retrieveruniqueid",
        "stateinterface",
        "transfereruniqueid",
    )
)
#: Headers from which calls, legs, queue calls and sessions of agents are made.
OF_CALLS = tuple(name for name in COLUMNS if name not in _OTHERS)
#: Events from which calls are made; a reader may leave out all others. (Any event of a channel may
#: have a linkedid, but these events have all of them.)
KINDS: tuple[str, ...] = (
    "AgentComplete",
    "AgentConnect",
    "AgentLogin",
    "AgentLogoff",
    "AttendedTransfer",
    "BlindTransfer",
    "BridgeEnter",
    "BridgeLeave",
    "Cdr",
    "ConfbridgeJoin",
    "ConfbridgeLeave",
    "DialBegin",
    "DialEnd",
    "Hangup",
    "HangupRequest",
    "Hold",
    "NewCallerid",
    "Newchannel",
    "Newexten",
    "Newstate",
    "OriginateResponse",
    "ParkedCall",
    "Pickup",
    "QueueCallerAbandon",
    "QueueCallerJoin",
    "QueueCallerLeave",
    "QueueEntry",
    "QueueMemberAdded",
    "QueueMemberPause",
    "QueueMemberRemoved",
    "RecordingLost",
    "SessionLost",
    "UnParkedCall",
    "Unhold",
    "VarSet",
    *reports.KINDS,
)
#: The only needed events of the two most frequent kinds.
NEEDED = {
    "Newexten": ("application", ("Queue", "VoiceMail")),
    "VarSet": ("variable", ("MIXMONITOR_FILENAME", "QUEUESTATUS", reports.AT_END)),
}
#: Events of nearly every call. All their needed headers have columns of their own in an archive, so
#: that reading them need not decode the many rare headers.
FREQUENT: tuple[str, ...] = (
    "BridgeEnter",
    "BridgeLeave",
    "DialBegin",
    "DialEnd",
    "Hangup",
    "HangupRequest",
    "Newchannel",
    "Newstate",
)
#: Kinds of events that count only if a header has a value, or has one of some values.
_TELLING: dict[str, tuple[str, tuple[str, ...]]] = NEEDED | {
    "Cdr": ("lastapplication", ("VoiceMail",)),
    "DialEnd": ("forward", ()),
    "VarSet": ("variable", ("MIXMONITOR_FILENAME", "QUEUESTATUS")),
}
#: The needed headers of these events.
_RARE_EVENT_HEADERS = (
    "time",
    "event",
    "uniqueid",
    "linkedid",
    "destuniqueid",
    "calleridnum",
    "exten",
    "forward",
    "application",
    "appdata",
    "lastapplication",
    "queue",
    "position",
    "ringtime",
    "talktime",
    "interface",
    "membername",
    "agent",
    "paused",
    "pausedreason",
    "reason",
    "conference",
    "variable",
    "value",
    "result",
    "transfererlinkedid",
    "origtransfererlinkedid",
    "origtransfereruniqueid",
    "secondtransfererlinkedid",
    "secondtransfereruniqueid",
    "transfereeuniqueid",
    "targetlinkedid",
    "targetuniqueid",
    "parkeelinkedid",
    "retrieverlinkedid",
)
#: Headers that are numbers, whatever type an engine has for them.
NUMBERS = frozenset(("cause", "holdtime", "position", "ringtime", "talktime"))
_WHOLE = r"^-?[0-9]{1,18}$"
#: Headers that a caller chooses himself, and texts that mean a missing value.
_SAID = frozenset(("calleridnum", "calleridname", "exten"))
_NOTHING = ("", "<unknown>")
_MOST = 1e18

#: Our own column that orders events: by time, and those of one moment by arrival.
ORDER = "order of arrival"


class Source:
    """The events of one PBX, narrowed to some kinds at a time.

    Parameters
    ----------
    events : nw.LazyFrame
        All events of the PBX.
    work : Work
        The computation that they are read for.
    few : bool
        Whether they are so few that a pass over them costs nothing.

    Attributes
    ----------
    made : dict of str to nw.LazyFrame
        Intermediate results that several functions use, by name.
    streams : nw.LazyFrame or None
        What the reports of RTP say (`reports.streams_of`), or None if there are none.
    """

    def __init__(
        self, events: nw.LazyFrame[Any], work: Work, *, few: bool = False, streams: Any = None
    ) -> None:
        self.few = few
        self.streams: nw.LazyFrame[Any] | None = streams
        self.work = work
        self.made: dict[str, nw.LazyFrame[Any]] = {}
        self._events = events
        self._schema = events.collect_schema()

    @property
    def frame(self) -> nw.LazyFrame[Any]:
        """All events, as they were given."""
        return self._events

    @cached_property
    def rare_events(self) -> Source:
        """The few events that only some calls have, and forwarded dials."""
        return Source(self.work.keep(_rare_events(self._events)), self.work, few=True)

    def has(self, *columns: str) -> bool:
        """Tell whether the events have a column for each of these headers."""
        return all(column in self._schema for column in columns)

    def only(self, kinds: str | Sequence[str], **columns: str) -> nw.LazyFrame[Any]:
        """Return the events of some kinds, with some columns under new names.

        They also have ``time``, in microseconds since 1970 UTC. Texts are texts and numbers are
        integers; other values are missing, and so is a header that no event has. The column `ORDER`
        orders the events, whatever their times are.
        """
        kinds = [kinds] if isinstance(kinds, str) else list(kinds)
        return self._pick(nw.col("event").is_in(kinds), columns)

    @cached_property
    def voice(self) -> nw.LazyFrame[Any] | None:
        """How each leg sounded (`rated`), or None without any report."""
        return None if self.streams is None else rated(self.streams, self.work)

    @cached_property
    def lost(self) -> list[int]:
        """When the connection or the recorder was lost, in microseconds since 1970 UTC."""
        times = self.rare_events.only(("SessionLost", "RecordingLost")).collect()["time"].to_list()
        return sorted(int(time) for time in times)

    def _pick(self, rows: nw.Expr, columns: dict[str, str]) -> nw.LazyFrame[Any]:
        wanted = {"time", "event", *columns.values()} & set(self._schema)
        kept = self._events.select(*sorted(wanted)).filter(rows)
        return kept.select(
            nw.col("time").cast(nw.Int64), *(self._column(old, new) for new, old in columns.items())
        )

    def _column(self, old: str, new: str) -> nw.Expr:
        if old == ORDER:
            # If rows have no order, only their times tell it.
            return nw.col(ORDER if ORDER in self._schema else "time").cast(nw.Int64).alias(new)
        kind: Any = nw.Int64 if old in NUMBERS else nw.String
        if old not in self._schema:
            return nw.lit(None, dtype=kind).alias(new)
        column = nw.col(old)
        if old in NUMBERS and not self._schema[old].is_integer():
            if self._schema[old].is_numeric():
                sound = (column > -_MOST) & (column < _MOST)
            else:
                # A sender of events may write anything there.
                column = column.cast(nw.String)
                sound = column.str.contains(_WHOLE)
            column = nw.when(sound).then(column)
        if old in _SAID:
            column = column.cast(nw.String)
            column = nw.when(~column.is_in(_NOTHING)).then(column)
        return column.cast(kind).alias(new)


def servers(events: nw.LazyFrame[Any], work: Work) -> Iterator[tuple[str | None, Source]]:
    """Yield each PBX's name and its events, since channels of two PBXs may have the same uniqueid.

    This reads the events once; a fifth of them or less is needed for calls.
    """
    few, streams = reports.apart(_narrow(events, work), work)
    if ORDER in few.collect_schema():
        few = without_copies(few, _rare_events(few, "server"), ORDER, work)
    if "server" not in few.collect_schema():
        yield None, Source(few, work, streams=streams)
        return
    found = distinct(few.select(nw.col("server").cast(nw.String))).collect()
    names: list[str | None] = sorted(found["server"].to_list(), key=str) or [None]
    for name in names:
        if len(names) == 1:
            yield name, Source(few, work, streams=streams)
        else:
            own = nw.col("server").is_null() if name is None else nw.col("server") == name
            mine = nw.col("server") == (name or "")
            of_voice = None if streams is None else streams.filter(mine)
            yield name, Source(few.filter(own), work, streams=of_voice)


def _rare_events(events: nw.LazyFrame[Any], *more: str) -> nw.LazyFrame[Any]:
    """Return the few events that are counted or paired within a call, and some of their columns.

    Copies of any other event change nothing.
    """
    schema = events.collect_schema()
    rows = _wanted(schema, set(KINDS).difference(FREQUENT, reports.KINDS), _TELLING)
    columns = [name for name in (ORDER, *_RARE_EVENT_HEADERS, *more) if name in schema]
    return events.select(*columns).filter(rows)


def needed(events: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Keep only the events from which calls are made."""
    return events.filter(_wanted(events.collect_schema(), set(KINDS), NEEDED))


def needed_in_arrow() -> pc.Expression:
    """Return the condition of `needed` as an expression with which Arrow reads files."""
    event = pc.field("event")
    wanted = event.isin([kind for kind in KINDS if kind not in NEEDED])
    for kind, (header, values) in NEEDED.items():
        wanted = wanted | ((event == kind) & pc.field(header).isin(list(values)))
    return wanted


def _narrow(events: nw.LazyFrame[Any], work: Work) -> nw.LazyFrame[Any]:
    schema = events.collect_schema()
    few = _typed(events.select(*(name for name in COLUMNS if name in schema)))
    if few.implementation.is_duckdb():
        return few  # it reads from a file only what is needed
    wanted = _wanted(schema, set(KINDS), NEEDED)
    if not (at_once(few) and few.select(wanted.all().alias("all")).collect()["all"].item()):
        few = few.filter(wanted)  # this copies them
    if few.implementation.is_pandas():
        # Arrow has missing integers, and is faster at joining and grouping.
        few = _typed(few.collect("pyarrow").lazy())
    if few.implementation.is_pyarrow():
        return _ordered(few)
    plain = [name for name in ("event", "server") if name in schema]
    few = work.keep(few.with_columns(*(nw.col(name).cast(nw.String) for name in plain)))
    return _ordered(few) if few.implementation.is_polars() else few


def _typed(events: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Make columns without any value, which have no type, columns of text."""
    schema = events.collect_schema()
    empty = [name for name in schema if schema[name] == nw.Unknown]
    if not empty:  # Spark Connect refuses to add no column
        return events
    return events.with_columns(nw.lit(None, dtype=nw.String).alias(name) for name in empty)


def _ordered(events: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Give events a number in order of time, and then of arrival, if their rows have an order."""
    rows = events.collect()
    times = rows["time"].to_numpy()
    order = np.empty(len(times), np.int64)
    order[np.argsort(times, kind="stable")] = np.arange(len(times))
    column = nw.new_series(ORDER, order, nw.Int64, backend=rows.implementation)
    return rows.with_columns(column).lazy()


def _wanted(
    schema: nw.Schema, kinds: Collection[str], only: Mapping[str, tuple[str, tuple[str, ...]]]
) -> nw.Expr:
    """Return the condition that an event is of these kinds, and has certain values where needed.

    A header must have one of the given values, or any value if none are given.
    """
    whole = set(kinds).difference(only)
    wanted = nw.col("event").is_in(sorted(whole))
    for kind, (header, values) in only.items():
        if header in schema:
            says = nw.col(header).is_in(values) if values else ~nw.col(header).is_null()
            wanted = wanted | ((nw.col("event") == kind) & says)
    # The readers of files understand the first condition, and skip rows by it.
    return nw.col("event").is_in(sorted({*whole, *only})) & wanted
