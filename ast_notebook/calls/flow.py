"""One call, step by step: which channel did what, and when, with one line for each thing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import narwhals as nw

from ast_notebook.calls import channels
from ast_notebook.calls.engines import Work
from ast_notebook.calls.events import read
from ast_notebook.calls.ladder import Flow, LadderStep
from ast_notebook.calls.linkedids import age
from ast_notebook.calls.measures.grouping import Zone, check_zone
from ast_notebook.calls.phases import Conversation, phases
from ast_notebook.calls.source import ORDER, Source, servers
from ast_notebook.errors import ChannelGone
from ast_notebook.show import span
from ast_notebook.units import SECOND
from ast_notebook.zone import people_zone

#: Words for how a dial ended.
_ENDS = {
    "BUSY": "is busy",
    "NOANSWER": "does not answer",
    "CANCEL": "is not rung any more",
    "CHANUNAVAIL": "cannot be reached",
    "CONGESTION": "cannot be reached",
    "DONTCALL": "is not put through",
    "TORTURE": "is not put through",
}
#: Causes that add nothing to these words.
_USUAL = ("Normal Clearing", "User busy", "Unknown", None)
#: Events whose step has always the same words, with the header whose value follows them.
_DESCRIBED = {
    "BlindTransfer": ("transfers to", "extension"),
    "AttendedTransfer": ("transfers", None),
    "QueueCallerJoin": ("comes to", "queue"),
    "QueueCallerAbandon": ("leaves", "queue"),
    "AgentConnect": ("is put through to", "membername"),
    "ParkedCall": ("is parked", None),
    "UnParkedCall": ("is fetched by", None),
    "Pickup": ("picks up", None),
    "ConfbridgeJoin": ("joins", "conference"),
    "ConfbridgeLeave": ("leaves", "conference"),
}
#: The headers with an event's channel, and with a second one, if they are not the usual ones.
_ABOUT = {
    "BlindTransfer": "transfereruniqueid",
    "AttendedTransfer": "origtransfereruniqueid",
    "ParkedCall": "parkeeuniqueid",
    "UnParkedCall": "parkeeuniqueid",
}
_OTHER = {
    "AttendedTransfer": "secondtransfereruniqueid",
    "UnParkedCall": "retrieveruniqueid",
    "Pickup": "targetuniqueid",
}
#: The events that a ladder is made of.
KINDS: tuple[str, ...] = (
    *("Newchannel", "Newstate", "DialBegin", "DialEnd", "BridgeEnter", "BridgeLeave"),
    *("Hold", "Unhold", "QueueCallerLeave", "Hangup", *_DESCRIBED),
)
_HEADERS = (
    *("channel", "uniqueid", "destuniqueid", "bridgeuniqueid", "channelstatedesc", "dialstatus"),
    *("cause-txt", "extension", "queue", "membername", "conference"),
    *(*_ABOUT.values(), *_OTHER.values()),
)


def flow(
    events: Any,
    which: object,
    *,
    tz: Zone | None = None,
    name: Callable[[str], str | None] | None = None,
) -> Flow:
    """Return one call as a ladder.

    Parameters
    ----------
    events : frame
        Events as `from_events` takes them.
    which : str
        A call's id, the uniqueid or the name of one of its channels, or a number; a number
        means the last call in which somebody had it.
    tz : str or tzinfo, optional
        The zone of the times; that of `use_zone` by default.
    name : callable, optional
        It returns whose number it is, such as `PhoneBook.name`.

    Raises
    ------
    ChannelGone
        If there is no such call among the events.

    Examples
    --------
    >>> flow(sh.ast.events, "200")
    Call 1700000000.12 on 2023-11-14, times in CET
      23:13:20.000  2222         begins
      23:13:20.002  2222 -> 200  dials
      23:13:20.002  200          rings for 3.1 s
    """
    zone = people_zone() if tz is None else tz
    check_zone(zone)
    wanted = str(which)
    with Work(whole := read(events)) as work:
        for _, source in servers(whole, work):
            legs = channels.build(source).select("call", "uniqueid", "channel", "number", "exten")
            rows = list(legs.collect().iter_rows())
            call = _choose(rows, wanted)
            if call is not None:
                mine = sorted((row for row in rows if row[0] == call), key=lambda row: age(row[1]))
                ids = [str(row[1]) for row in mine]
                drawn = _flow(source, call, ids, [str(row[2]) for row in mine], zone)
                if name is not None:
                    drawn.call_by([name(str(row[3])) if row[3] else None for row in mine])
                return drawn
    raise ChannelGone(f"No call {wanted!r} is among the events: give a call's id or a number")


def _choose(rows: list[tuple[Any, ...]], wanted: str) -> str | None:
    exact = [row[0] for row in rows if wanted in row[:3]]
    numbers = [row[0] for row in rows if wanted in row[3:]]
    found: list[str] = exact or sorted(numbers, key=age)
    return found[-1] if found else None


def _flow(source: Source, call: str, ids: list[str], names: list[str], tz: Zone) -> Flow:
    lanes = {one: number for number, one in enumerate(ids)}
    rows = _rows(source, lanes)
    spans, talks = phases(rows, lanes)
    own = [row for row in rows if lanes.keys() & {row[name] for name in _IDS}]
    steps = [*_Steps(lanes).of(own), *map(_talk, talks)]
    steps.sort(key=lambda step: step.time)
    ends = {row["uniqueid"]: int(row["time"]) for row in own if row["event"] == "Hangup"}
    times = [(int(row["time"]), row["uniqueid"]) for row in own]
    lives = [
        (min((time for time, one in times if one == mine), default=None), ends.get(mine))
        for mine in ids
    ]
    return Flow(call, names, ids, steps, spans, lives, tz)


_IDS = ("uniqueid", "destuniqueid", *dict.fromkeys((*_ABOUT.values(), *_OTHER.values())))


def _rows(source: Source, lanes: Mapping[str, int]) -> list[dict[str, Any]]:
    """Return the events of these channels in order, and those of others in the same bridges."""
    headers = {name: name for name in dict.fromkeys(_HEADERS)}
    found = source.only(KINDS, event="event", **{ORDER: ORDER}, **headers)
    ids = list(lanes)
    mine = [nw.coalesce(name, nw.lit("")).is_in(ids) for name in _IDS]
    bridges = (
        found.filter(nw.coalesce("uniqueid", nw.lit("")).is_in(ids))
        .select("bridgeuniqueid")
        .unique()
        .collect()["bridgeuniqueid"]
        .to_list()
    )
    met = nw.coalesce("bridgeuniqueid", nw.lit("")).is_in([one for one in bridges if one] or [""])
    rows = list(
        found.filter(nw.any_horizontal(*mine, met, ignore_nulls=True))
        .collect()
        .iter_rows(named=True)
    )
    strangers = {row["uniqueid"] for row in rows} - set(ids) - {None}
    if strangers:
        ended = found.filter(
            (nw.col("event") == "Hangup") & nw.col("uniqueid").is_in(list(strangers))
        )
        rows += list(ended.collect().iter_rows(named=True))
    return sorted(rows, key=lambda row: row[ORDER])


def _talk(talk: Conversation) -> LadderStep:
    first, *rest = talk.lanes
    long = "talk" if talk.end is None else f"talk for {span((talk.end - talk.begin) / SECOND)}"
    with_others = " with others" if talk.others else ""
    return LadderStep(talk.begin, first, rest[0] if rest else None, long + with_others, True)


class _Steps:
    """The steps of a call, made of its events in order.

    Asterisk reports many things several times: an answer by the state of the telephone and by the
    end of the dial, a cancelled dial twice, and a dial in vain by the end of the channel, too.
    """

    def __init__(self, lanes: Mapping[str, int]) -> None:
        self._lanes = lanes
        self._dialling: dict[str, str | None] = {}  # who dials a channel, until that is over
        self._dialled: set[str] = set()
        self._reached: set[str] = set()  # answered, or dialled somebody who did
        self._vain: dict[str, int] = {}  # the place of the step that tells of a dial in vain
        self._holding: set[str] = set()
        self._steps: list[LadderStep] = []

    def of(self, rows: Iterable[Mapping[str, Any]]) -> list[LadderStep]:
        rows = list(rows)
        self._dialled = {row["destuniqueid"] for row in rows if row["event"] == "DialBegin"}
        for row in rows:
            method = getattr(self, f"_{row['event'].lower()}", None)
            if method is not None:
                method(row)
            elif row["event"] in _DESCRIBED:
                self._other(row)
        return self._steps

    def _add(
        self, row: Mapping[str, Any], one: str | None, text: str, to: str | None = None
    ) -> None:
        if one not in self._lanes:
            one, to = to, None
        if one in self._lanes and one is not None:
            other = None if to is None else self._lanes.get(to)
            self._steps.append(LadderStep(int(row["time"]), self._lanes[one], other, text))

    def _newchannel(self, row: Mapping[str, Any]) -> None:
        if row["uniqueid"] not in self._dialled:
            self._add(row, row["uniqueid"], "begins")

    def _dialbegin(self, row: Mapping[str, Any]) -> None:
        one, dest = row["uniqueid"], row["destuniqueid"]
        self._dialling[dest] = one
        self._add(row, one, "dials" if one in self._lanes else "is dialled", dest)

    def _dialend(self, row: Mapping[str, Any]) -> None:
        dest, status = row["destuniqueid"], row["dialstatus"]
        if status == "ANSWER":
            self._answers(row, dest)
        elif dest in self._dialling:
            self._vain[dest] = len(self._steps)
            self._add(row, dest, _ENDS.get(status, f"is not reached: {status}"))
        self._dialling.pop(dest, None)

    def _newstate(self, row: Mapping[str, Any]) -> None:
        one = row["uniqueid"]
        if row["channelstatedesc"] != "Up" or one in self._reached:
            return
        if one in self._dialled:
            self._answers(row, one)
        else:
            self._add(row, one, "is answered")
            self._reached.add(one)

    def _answers(self, row: Mapping[str, Any], dest: str) -> None:
        if dest not in self._reached:
            self._add(row, dest, "answers")
            self._reached.add(dest)
        caller = self._dialling.get(dest)
        if caller is not None:
            self._reached.add(caller)

    def _hold(self, row: Mapping[str, Any]) -> None:
        self._holding.add(row["uniqueid"])
        self._add(row, row["uniqueid"], "holds")

    def _unhold(self, row: Mapping[str, Any]) -> None:
        # Asterisk also sends an Unhold before a transfer, even if there was no hold.
        if row["uniqueid"] in self._holding:
            self._holding.discard(row["uniqueid"])
            self._add(row, row["uniqueid"], "resumes")

    def _hangup(self, row: Mapping[str, Any]) -> None:
        one, cause = row["uniqueid"], row["cause-txt"]
        if one not in self._lanes:
            return
        place = self._vain.get(one)
        if place is None or one in self._reached:
            is_usual = cause in _USUAL and cause != _USUAL[0]
            self._add(row, one, "ends" if is_usual else f"ends: {cause}")
        elif cause not in _USUAL:
            step = self._steps[place]
            text = f"{step.text}: {cause}"
            self._steps[place] = LadderStep(step.time, step.lane, step.to, text)

    def _other(self, row: Mapping[str, Any]) -> None:
        kind = row["event"]
        text, header = _DESCRIBED[kind]
        detail = None if header is None else row[header]
        if kind == "QueueCallerAbandon" and detail is not None:
            # A queue that lets its caller go by a timeout sends the same event.
            detail = f"{detail} without an answer"
        other = row[_OTHER[kind]] if kind in _OTHER else None
        self._add(
            row,
            row[_ABOUT.get(kind, "uniqueid")],
            text if detail is None else f"{text} {detail}",
            other,
        )
