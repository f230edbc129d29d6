"""Events as the pipeline sees them: only what it needs, alike on every engine."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

import narwhals as nw
import numpy as np

from ast_notebook.calls.engines import at_once, keep, lazy, microseconds

#: Headers that calls are made of: a reader of an archive needs no others for this.
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
)
#: Those of them that only the flow of a call is made of.
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
#: Headers that calls, legs, visits and the sessions of agents are made of.
OF_CALLS = tuple(name for name in COLUMNS if name not in _OTHERS)
#: Events that calls are made of: a reader may leave out all others. (Any event of a channel may
#: show a linkedid; but what these show has told all there is to tell.)
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
    "QueueMemberAdded",
    "QueueMemberPause",
    "QueueMemberRemoved",
    "RecordingLost",
    "SessionLost",
    "UnParkedCall",
    "Unhold",
    "VarSet",
)
#: Of the two most frequent ones, only these are needed.
NEEDED = {
    "Newexten": ("application", ("Queue", "VoiceMail")),
    "VarSet": ("variable", ("MIXMONITOR_FILENAME", "QUEUESTATUS")),
}
#: Those that nearly every call has. All they tell is in columns that an archive has promoted; so a
#: look for them need not open the many rare headers.
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
#: Of the others, and of these, what says something only where a header has a value, or just this.
_TELLING: dict[str, tuple[str, tuple[str, ...]]] = NEEDED | {
    "Cdr": ("lastapplication", ("VoiceMail",)),
    "DialEnd": ("forward", ()),
}
#: What these are asked for.
_SELDOM = (
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
#: Those of them that are numbers, whatever an engine keeps them as.
NUMBERS = frozenset(("cause", "holdtime", "position", "ringtime", "talktime"))
_WHOLE = r"^-?[0-9]{1,18}$"
#: Those that somebody says of himself, and what says nothing.
_SAID = frozenset(("calleridnum", "calleridname", "exten"))
_NOTHING = ("", "<unknown>")
_MOST = 1e18

#: A column of our own: what orders events, those of one moment as they arrived.
ORDER = "order of arrival"

MICROSECOND = 1_000_000


class Source:
    """The events of one PBX, narrowed to some kinds at a time.

    Parameters
    ----------
    events : nw.LazyFrame
        All of them.
    few : bool
        Whether they are so few that going through them costs nothing.

    Attributes
    ----------
    made : dict of str to nw.LazyFrame
        What was made of them that several want, by its name.
    """

    def __init__(self, events: nw.LazyFrame[Any], *, few: bool = False) -> None:
        self.few = few
        self.made: dict[str, nw.LazyFrame[Any]] = {}
        self._events = events
        self._schema = events.collect_schema()

    @property
    def frame(self) -> nw.LazyFrame[Any]:
        """All of them, as they were given."""
        return self._events

    @cached_property
    def seldom(self) -> Source:
        """The few events that only some calls have, and dials that somebody forwarded."""
        rows = _wanted(self._schema, set(KINDS).difference(FREQUENT), _TELLING)
        columns = [name for name in (ORDER, *_SELDOM) if name in self._schema]
        return Source(keep(self._events.select(*columns).filter(rows)), few=True)

    def has(self, *columns: str) -> bool:
        """Whether these headers were seen at all."""
        return all(column in self._schema for column in columns)

    def only(self, kinds: str | Sequence[str], **columns: str) -> nw.LazyFrame[Any]:
        """Return the events of these kinds, with these columns under these new names.

        ``time`` is there, too, in microseconds since 1970 UTC. Text is text and numbers are
        integers, missing where a header says anything else; a header that was never seen is
        missing everywhere. The column `ORDER` orders them, whatever their times are.
        """
        kinds = [kinds] if isinstance(kinds, str) else list(kinds)
        return self._pick(nw.col("event").is_in(kinds), columns)

    def with_value(self, column: str, **columns: str) -> nw.LazyFrame[Any]:
        """Return the events that have this header, of any kind but the `NEEDED`, as `only` does."""
        kinds = [kind for kind in KINDS if kind not in NEEDED] if self.has(column) else []
        told = nw.col("event").is_in(kinds or [""])  # Arrow wants to know what it is a list of
        return self._pick(told & ~nw.col(column).is_null() if kinds else told, columns)

    def lost(self) -> list[int]:
        """When the connection or the recorder was lost, in microseconds since 1970 UTC."""
        times = self.seldom.only(("SessionLost", "RecordingLost")).collect()["time"].to_list()
        return sorted(int(time) for time in times)

    def _pick(self, rows: nw.Expr, columns: dict[str, str]) -> nw.LazyFrame[Any]:
        wanted = {"time", "event", *columns.values()} & set(self._schema)
        kept = self._events.select(*sorted(wanted)).filter(rows)
        return kept.select(
            nw.col("time").cast(nw.Int64), *(self._column(old, new) for new, old in columns.items())
        )

    def _column(self, old: str, new: str) -> nw.Expr:
        if old == ORDER:
            # Where rows have no order, nothing but their times tells it.
            return nw.col(ORDER if ORDER in self._schema else "time").cast(nw.Int64).alias(new)
        kind: Any = nw.Int64 if old in NUMBERS else nw.String
        if old not in self._schema:
            return nw.lit(None, dtype=kind).alias(new)
        column = nw.col(old)
        if old in NUMBERS and not self._schema[old].is_integer():
            if self._schema[old].is_numeric():
                sound = (column > -_MOST) & (column < _MOST)
            else:
                # Whoever sends events may write anything there.
                column = column.cast(nw.String)
                sound = column.str.contains(_WHOLE)
            column = nw.when(sound).then(column)
        if old in _SAID:
            column = column.cast(nw.String)
            column = nw.when(~column.is_in(_NOTHING)).then(column)
        return column.cast(kind).alias(new)


def read(events: Any) -> nw.LazyFrame[Any]:
    """Take the user's frame, whatever engine it is of; its ``time`` in microseconds."""
    return microseconds(lazy(events), ("time",))


def servers(events: nw.LazyFrame[Any]) -> Iterator[tuple[str | None, Source]]:
    """Return each PBX's name and its events: channels of two may have the same uniqueid.

    The events are gone through once here; what calls are made of is a fifth of them, or less.
    """
    few = _narrow(events)
    if "server" not in few.collect_schema():
        yield None, Source(few)
        return
    found = few.select(nw.col("server").cast(nw.String)).unique().collect()
    names: list[str | None] = sorted(found["server"].to_list(), key=str) or [None]
    for name in names:
        if len(names) == 1:
            yield name, Source(few)
        else:
            yield name, Source(few.filter(nw.col("server") == name))


def needed(events: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Leave out all events but those that calls are made of."""
    return events.filter(_wanted(events.collect_schema(), set(KINDS), NEEDED))


def _narrow(events: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    schema = events.collect_schema()
    few = _typed(events.select(*(name for name in COLUMNS if name in schema)))
    if few.implementation.is_duckdb():
        return few  # it takes from a file no more than what is asked for
    wanted = _wanted(schema, set(KINDS), NEEDED)
    if not (at_once(few) and few.select(wanted.all().alias("all")).collect()["all"].item()):
        few = few.filter(wanted)  # which copies them
    if few.implementation.is_pandas():
        # Arrow has missing numbers, and is the faster one to join and to group by.
        few = _typed(few.collect("pyarrow").lazy())
    if few.implementation.is_pyarrow():
        return _ordered(few)
    plain = [name for name in ("event", "server") if name in schema]
    few = keep(few.with_columns(*(nw.col(name).cast(nw.String) for name in plain)))
    return _ordered(few) if few.implementation.is_polars() else few


def _typed(events: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Make text of columns without any value, which are of no kind at all."""
    schema = events.collect_schema()
    empty = [name for name in schema if schema[name] == nw.Unknown]
    return events.with_columns(nw.lit(None, dtype=nw.String).alias(name) for name in empty)


def _ordered(events: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Give events whose rows have an order the number of each, in time and then as they arrived."""
    rows = events.collect()
    times = rows["time"].to_numpy()
    order = np.empty(len(times), np.int64)
    order[np.argsort(times, kind="stable")] = np.arange(len(times))
    column = nw.new_series(ORDER, order, nw.Int64, backend=rows.implementation)
    return rows.with_columns(column).lazy()


def _wanted(
    schema: nw.Schema, kinds: Collection[str], only: Mapping[str, tuple[str, tuple[str, ...]]]
) -> nw.Expr:
    """Return the condition that an event is of these kinds, and where told so, says something.

    What it is to say is one of some values, or anything if there are none.
    """
    whole = set(kinds).difference(only)
    wanted = nw.col("event").is_in(sorted(whole))
    for kind, (header, values) in only.items():
        if header in schema:
            says = nw.col(header).is_in(values) if values else ~nw.col(header).is_null()
            wanted = wanted | ((nw.col("event") == kind) & says)
    # The first condition is one that a file's reader understands, and that spares it the rest.
    return nw.col("event").is_in(sorted({*whole, *only})) & wanted
