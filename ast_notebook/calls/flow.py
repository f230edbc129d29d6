"""One call as a ladder: a vertical line for each channel, on which time runs downwards."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ast_notebook.calls import channels
from ast_notebook.calls.engines import Work
from ast_notebook.calls.events import read
from ast_notebook.calls.linkedids import age
from ast_notebook.calls.source import Source, servers
from ast_notebook.errors import ChannelGone
from ast_notebook.show import NO_MATH, escape, plain
from ast_notebook.units import SECOND

_LANE, _ROW, _LEFT, _TOP = 150, 24, 90, 44  # pixels
_KINDS = {
    "Newchannel": "begins",
    "DialBegin": "rings",
    "DialEnd": "dial ends",
    "Newstate": "is up",
    "BridgeEnter": "enters the bridge",
    "BridgeLeave": "leaves the bridge",
    "Hold": "holds",
    "Unhold": "resumes",
    "BlindTransfer": "transfers to",
    "AttendedTransfer": "transfers",
    "QueueCallerJoin": "waits in",
    "QueueCallerAbandon": "gave up waiting in",
    "AgentConnect": "is connected by",
    "ParkedCall": "is parked",
    "UnParkedCall": "is fetched",
    "Pickup": "picks up",
    "ConfbridgeJoin": "joins",
    "ConfbridgeLeave": "leaves",
    "Hangup": "ends",
}
#: The header of an event that is shown with it.
_DETAILS = {
    "DialEnd": "dialstatus",
    "BlindTransfer": "extension",
    "QueueCallerJoin": "queue",
    "QueueCallerAbandon": "queue",
    "AgentConnect": "membername",
    "ConfbridgeJoin": "conference",
    "ConfbridgeLeave": "conference",
    "Hangup": "cause-txt",
}
#: The headers with an event's channel, and with a second one, if they are not the usual ones.
_ABOUT = {
    "BlindTransfer": "transfereruniqueid",
    "AttendedTransfer": "origtransfereruniqueid",
    "ParkedCall": "parkeeuniqueid",
    "UnParkedCall": "parkeeuniqueid",
}
_OTHER = {
    "DialBegin": "destuniqueid",
    "DialEnd": "destuniqueid",
    "AttendedTransfer": "secondtransfereruniqueid",
    "UnParkedCall": "retrieveruniqueid",
    "Pickup": "targetuniqueid",
}


@dataclass(frozen=True)
class LadderStep:
    """An event of a channel, or of two channels; lanes are counted from the left."""

    time: int
    lane: int
    to: int | None
    text: str


class Flow:
    """A call as a ladder; a notebook shows the drawing, and a terminal shows text.

    Attributes
    ----------
    call : str
        The call's oldest linkedid.
    channels : tuple of str
        Its channels, the oldest first; each has a vertical line.
    steps : tuple of LadderStep
        The steps, in order; times are microseconds since 1970 UTC.
    names : tuple of str
        The name of each channel's number in the phone book; empty where it has none.
    """

    def __init__(
        self,
        call: str,
        channels: Sequence[str],
        steps: Sequence[LadderStep],
        names: Sequence[str] = (),
    ) -> None:
        self.call = call
        self.names = tuple(names) or ("",) * len(channels)
        self.channels = tuple(channels)
        self.steps = tuple(steps)

    def __repr__(self) -> str:
        lines = [f"Call {self.call}"]
        named = zip(self.channels, self.names, strict=True)
        lines += [f"  {channel} is {name}" for channel, name in named if name]
        for step in self.steps:
            other = "" if step.to is None else f" -> {self.channels[step.to]}"
            lines.append(
                f"{self._seconds(step):9.3f} s  {self.channels[step.lane]}{other}  {step.text}"
            )
        return "\n".join(map(plain, lines))

    def _repr_html_(self) -> str:
        return f'<div class="{NO_MATH}" style="overflow-x:auto">{self.svg()}</div>'

    def svg(self) -> str:
        """Return the drawing as SVG; all text in it is escaped."""
        width = _LEFT + _LANE * max(1, len(self.channels))
        height = _TOP + _ROW * (len(self.steps) + 1)
        parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
            'font-family="sans-serif" font-size="11" role="img" fill="currentColor" '
            f'stroke="none"><title>Call {escape(self.call)}</title>'
        ]
        for lane, channel in enumerate(self.channels):
            x = _x(lane)
            above = 10 if self.names[lane] else 20
            parts.append(f'<text x="{x}" y="{above}" text-anchor="middle">{escape(channel)}</text>')
            if self.names[lane]:
                name = escape(self.names[lane])
                parts.append(f'<text x="{x}" y="24" text-anchor="middle">{name}</text>')
            parts.append(
                f'<line x1="{x}" y1="28" x2="{x}" y2="{height}" stroke="currentColor" '
                'stroke-opacity="0.3"/>'
            )
        for row, step in enumerate(self.steps):
            parts += self._drawn(step, _TOP + _ROW * row)
        return "".join([*parts, "</svg>"])

    def _drawn(self, step: LadderStep, y: int) -> Iterator[str]:
        x = _x(step.lane)
        yield f'<text x="4" y="{y + 4}">{self._seconds(step):.3f} s</text>'
        yield f'<circle cx="{x}" cy="{y}" r="3"/>'
        at, anchor = x + 6, "start"
        if step.to is not None and step.to != step.lane:
            end = _x(step.to)
            back = -6 if end > x else 6
            yield f'<line x1="{x}" y1="{y}" x2="{end}" y2="{y}" stroke="currentColor"/>'
            yield f'<path d="M{end},{y} l{back},-4 v8 z"/>'
            at, anchor = (x + end) // 2, "middle"
        yield f'<text x="{at}" y="{y - 4}" text-anchor="{anchor}">{escape(step.text)}</text>'

    def _seconds(self, step: LadderStep) -> float:
        return (step.time - self.steps[0].time) / SECOND


def _x(lane: int) -> int:
    return _LEFT + _LANE * lane + _LANE // 2


def flow(events: Any, which: object, name: Callable[[str], str | None] | None = None) -> Flow:
    """Return one call as a ladder.

    Parameters
    ----------
    events : frame
        Events as `from_events` takes them.
    which : str
        A call's id, the uniqueid or the name of one of its channels, or a number: then the last
        call in which somebody had that number.
    name : callable, optional
        It returns whose number it is, such as `PhoneBook.name`.

    Raises
    ------
    ChannelGone
        If there is no such call among the events.

    Examples
    --------
    >>> flow(sh.ast.events, "200")
    Call 1700000000.12
        0.000 s  PJSIP/2222-00000004  begins
        0.002 s  PJSIP/2222-00000004 -> PJSIP/200-00000005  rings
    """
    wanted = str(which)
    with Work(whole := read(events)) as work:
        for _, source in servers(whole, work):
            legs = channels.build(source).select("call", "uniqueid", "channel", "number", "exten")
            rows = list(legs.collect().iter_rows())
            call = _choose(rows, wanted)
            if call is not None:
                mine = sorted((row for row in rows if row[0] == call), key=lambda row: age(row[1]))
                lanes = {row[1]: number for number, row in enumerate(mine)}
                known = [name(str(row[3])) or "" if name and row[3] else "" for row in mine]
                return Flow(call, [str(row[2]) for row in mine], _steps(source, lanes), known)
    raise ChannelGone(f"No call {wanted!r} is among the events: give a call's id or a number")


def _choose(rows: list[tuple[Any, ...]], wanted: str) -> str | None:
    exact = [row[0] for row in rows if wanted in row[:3]]
    numbers = [row[0] for row in rows if wanted in row[3:]]
    found: list[str] = exact or sorted(numbers, key=age)
    return found[-1] if found else None


def _steps(source: Source, lanes: dict[str, int]) -> list[LadderStep]:
    headers = {"uniqueid", "channelstatedesc", *_DETAILS.values(), *_ABOUT.values()}
    names = {name: name for name in sorted(headers | set(_OTHER.values()))}
    rows = source.only(list(_KINDS), event="event", **names).collect()
    steps = []
    for row in rows.iter_rows(named=True):
        kind = row["event"]
        if kind == "Newstate" and row["channelstatedesc"] != "Up":
            continue
        one = lanes.get(row[_ABOUT.get(kind, "uniqueid")])
        two = lanes.get(row[_OTHER[kind]]) if kind in _OTHER else None
        if one is None:
            one, two = two, None
        if one is None:
            continue
        detail = row[_DETAILS[kind]] if kind in _DETAILS else None
        text = _KINDS[kind] if detail is None else f"{_KINDS[kind]} {detail}"
        if kind == "Hangup" and detail is not None:
            text = f"ends: {detail}"
        steps.append(LadderStep(int(row["time"]), one, two, text))
    return sorted(steps, key=lambda step: step.time)
