"""A call as a ladder: a vertical line for each channel, on which time runs downwards."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pandas as pd

from ast_notebook.calls.measures.grouping import Zone
from ast_notebook.calls.phases import LadderPhase
from ast_notebook.show import NO_MATH, columns, escape, plain, span
from ast_notebook.units import SECOND

_ROW, _LEFT, _TOP, _BAR, _LETTER = 30, 108, 66, 12, 7.2  # pixels
_NARROW, _WIDE = 170, 300
#: Longer texts are cut in the drawing, and shown whole under the mouse.
_LETTERS = 40
#: Colours that can be told apart by the colour-blind, and seen on white and on black.
COLOURS = {"rings": "#d97706", "waits": "#8b7fd1", "talks": "#3b82c4", "held": "#7d8590"}


@dataclass(frozen=True)
class LadderStep:
    """A step of a channel, alone or with another one; lanes are counted from the left."""

    time: int
    lane: int
    to: int | None
    text: str
    #: Whether the two do it together, so that neither does it to the other.
    both: bool = False


class Flow:
    """A call as a ladder; a notebook shows the drawing, and a terminal shows text.

    Attributes
    ----------
    call : str
        The call's oldest linkedid.
    channels : tuple of str
        Its channels, the oldest first; each has a vertical line.
    labels : tuple of str
        The short names of the channels: that of the telephone, such as ``2222``; its second channel
        is ``2222 (2)``.
    steps : tuple of LadderStep
        The steps, in order; times are microseconds since 1970 UTC.
    phases : tuple of LadderPhase
        The phases of the channels (ringing, talking and so on), in order of their beginnings.
    """

    def __init__(
        self,
        call: str,
        channels: Sequence[str],
        ids: Sequence[str],
        steps: Sequence[LadderStep],
        phases: Sequence[LadderPhase],
        lives: Sequence[tuple[int | None, int | None]],
        tz: Zone,
        labels: Sequence[str] | None = None,
    ) -> None:
        self.call = call
        self.channels = tuple(channels)
        self.labels = tuple(_labels(channels) if labels is None else labels)
        self.steps = tuple(steps)
        self.phases = tuple(phases)
        self.tz = tz
        self._ids = tuple(ids)
        self._lives = tuple(lives)
        self._times = [step.time for step in self.steps]
        ends = [end for one in self.phases for end in (one.begin, one.end) if end is not None]
        # Events have fractions of a second; many logs have whole ones, and no tenths to show.
        known = (*self._times, *ends)
        self._is_whole = labels is not None and not any(time % SECOND for time in known)

    def call_by(self, names: Sequence[str | None]) -> None:
        """Add the known names of the channels' numbers to the labels of the channels."""
        pairs = zip(self.labels, names, strict=True)
        self.labels = tuple(f"{label} {name}" if name else label for label, name in pairs)

    def __repr__(self) -> str:
        rows = [
            (self._clock(time), who, what)
            for time, _, who, what in sorted([*self._step_lines(), *self._phase_lines()])
        ]
        return f"{plain(self._heading())}\n{columns(rows, '  ')}" if rows else self._heading()

    def _step_lines(self) -> Iterator[tuple[int, int, str, str]]:
        begun = {(one.begin, one.lane, one.word): one for one in self.phases}
        for place, step in enumerate(self.steps):
            who = self.labels[step.lane]
            if step.to is not None:
                who += f" {'--' if step.both else '->'} {self.labels[step.to]}"
            phase = begun.get((step.time, step.lane, step.text))
            yield step.time, place, who, step.text if phase is None else self._words(phase)

    def _phase_lines(self) -> Iterator[tuple[int, int, str, str]]:
        steps = {(step.time, step.lane, step.text) for step in self.steps}
        for phase in self.phases:
            # Steps tell of talks, since these have two channels.
            if phase.kind != "talks" and (phase.begin, phase.lane, phase.word) not in steps:
                yield phase.begin, len(self.steps), self.labels[phase.lane], self._words(phase)

    def _repr_html_(self) -> str:
        return f'<div class="{NO_MATH}" style="overflow-x:auto">{self.svg()}</div>'

    def svg(self) -> str:
        """Return the drawing as SVG; all text in it is escaped."""
        wide = self._lane_width()
        width = round(_LEFT + wide * (len(self.channels) - 0.5) + self._right(wide))
        height = _TOP + _ROW * (len(self.steps) + 2)
        parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
            f'viewBox="0 0 {width} {height}" font-family="system-ui, sans-serif" font-size="12" '
            f'role="img" fill="currentColor" stroke="none"><title>Call {escape(self.call)}</title>'
            f'<desc>{escape(repr(self))}</desc><text x="4" y="16">{escape(self._heading())}</text>'
        ]
        for lane in range(len(self.channels)):
            parts += self._line(lane, wide)
        for phase in self.phases:
            parts += self._phase(phase, wide)
        for row, step in enumerate(self.steps):
            parts += self._step(step, _TOP + _ROW * row, wide)
        parts += self._legend(height - _ROW // 2)
        return "".join([*parts, "</svg>"])

    def _line(self, lane: int, wide: int) -> Iterator[str]:
        x = _x(lane, wide)
        begin, end = self._lives[lane]
        top = _TOP if begin is None else self._y(begin, lane)
        bottom = self._bottom() if end is None else self._y(end, lane)
        name = "\n".join(filter(None, (self.channels[lane], self._ids[lane])))
        yield (
            f'<text x="{x}" y="{_TOP - 24}" text-anchor="middle" font-weight="600">'
            f"{escape(_cut(self.labels[lane]))}"
            f"<title>{escape(name)}</title></text>"
            f'<line x1="{x}" y1="{top:g}" x2="{x}" y2="{bottom:g}" stroke="currentColor" '
            'stroke-opacity="0.45"/>'
        )

    def _phase(self, phase: LadderPhase, wide: int) -> Iterator[str]:
        x = _x(phase.lane, wide)
        top = self._y(phase.begin, phase.lane)
        bottom = self._bottom() if phase.end is None else self._y(phase.end, phase.lane)
        until = "now" if phase.end is None else self._clock(phase.end)
        title = f"{self.channels[phase.lane]} {phase.word} "
        title += f"from {self._clock(phase.begin)} to {until}"
        yield (
            f'<rect x="{x - _BAR // 2}" y="{top:g}" width="{_BAR}" rx="2" '
            f'height="{max(bottom - top, 2):g}" fill="{COLOURS[phase.kind]}">'
            f"<title>{escape(title)}</title></rect>"
            f'<text x="{x - _BAR}" y="{top + _ROW / 2 + 4:g}" text-anchor="end">'
            f"{escape(self._words(phase).replace(' for ', ' '))}</text>"
        )

    def _step(self, step: LadderStep, y: int, wide: int) -> Iterator[str]:
        x = _x(step.lane, wide)
        text = f"{escape(_cut(step.text))}<title>{escape(step.text)}</title>"
        yield f'<text x="4" y="{y + 4}">{self._clock(step.time)}</text>'
        if step.to is None or step.to == step.lane:
            yield f'<circle cx="{x}" cy="{y}" r="3"/>'
            yield f'<text x="{x + _BAR}" y="{y + 4}">{text}</text>'
            return
        end = _x(step.to, wide)
        way = 1 if end > x else -1
        yield f'<circle cx="{x}" cy="{y}" r="3"/>'
        yield f'<line x1="{x}" y1="{y}" x2="{end}" y2="{y}" stroke="currentColor"/>'
        if step.both:
            yield f'<circle cx="{end}" cy="{y}" r="3"/>'
        else:
            yield f'<path d="M{end},{y} l{-6 * way},-4 v8 z"/>'
        yield f'<text x="{x + way * wide // 2}" y="{y - 4}" text-anchor="middle">{text}</text>'

    def _legend(self, y: int) -> Iterator[str]:
        """Explain the colours that are used, below the ladder."""
        used = [kind for kind in COLOURS if any(one.kind == kind for one in self.phases)]
        for place, kind in enumerate(used):
            x = _LEFT + 90 * place
            yield (
                f'<rect x="{x}" y="{y - 9}" width="{_BAR}" height="{_BAR}" rx="2" '
                f'fill="{COLOURS[kind]}"/><text x="{x + _BAR + 6}" y="{y + 1}">'
                f"{'on hold' if kind == 'held' else kind}</text>"
            )

    def _lane_width(self) -> int:
        """Return the distance of the lines, with room for the texts between them."""
        alone = [step.text for step in self.steps if step.to is None]
        longest = max((len(_cut(text)) for text in (*alone, *self.labels)), default=0)
        return max(_NARROW, min(_WIDE, round(longest * _LETTER) + 2 * _BAR))

    def _right(self, wide: int) -> float:
        """Return the room that the texts to the right of the last line need."""
        last = len(self.channels) - 1
        texts = [_cut(step.text) for step in self.steps if step.lane == last and step.to is None]
        of_steps = max(map(len, texts), default=0) * _LETTER + 2 * _BAR
        heading = len(self._heading()) * _LETTER - _LEFT - wide * (last + 0.5)
        return max(wide / 2, of_steps, len(_cut(self.labels[last])) * _LETTER / 2 + _BAR, heading)

    def _bottom(self) -> float:
        return _TOP + _ROW * len(self.steps)

    def _y(self, time: int, lane: int) -> float:
        """Return the height of a moment: of its own step, or between those around it."""
        place = bisect_left(self._times, time)
        same = [row for row in range(place, len(self._times)) if self._times[row] == time]
        if same:
            own = [row for row in same if lane in (self.steps[row].lane, self.steps[row].to)]
            return _TOP + _ROW * (own or same)[0]
        if place == 0 or place == len(self._times):
            return _TOP + _ROW * max(place - 1, 0) + (_ROW / 2 if place else 0)
        before, after = self._times[place - 1], self._times[place]
        return _TOP + _ROW * (place - 1 + (time - before) / (after - before))

    def _heading(self) -> str:
        if not self.steps:
            return f"Call {self.call}"
        first = self._local(self.steps[0].time)
        return f"Call {self.call} on {first:%Y-%m-%d}, times in {first.tzname()}"

    def _clock(self, time: int) -> str:
        local = self._local(time)
        whole = f"{local:%H:%M:%S}"
        return whole if self._is_whole else f"{whole}.{local.microsecond // 1000:03}"

    def _local(self, time: int) -> pd.Timestamp:
        return pd.Timestamp(time, unit="us", tz="UTC").tz_convert(self.tz)

    def _words(self, phase: LadderPhase) -> str:
        if phase.end is None:
            return f"{phase.word}, and goes on"
        return f"{phase.word} for {length(phase.end - phase.begin, is_whole=self._is_whole)}"


def length(microseconds: int, *, is_whole: bool) -> str:
    """Return the text for a length of time; of whole seconds, it shows no tenths."""
    seconds = microseconds / SECOND
    return f"{seconds:.0f} s" if is_whole and seconds < 60 else span(seconds)


def _labels(channels: Sequence[str]) -> Iterator[str]:
    """Name each channel after its telephone; a telephone's later channels have a number, too."""
    counts: dict[str, int] = {}
    for channel in channels:
        name, _, serial = channel.rpartition("-")
        technology, _, device = name.partition("/")
        label = device or channel
        if device and technology == "Local":
            label = f"Local {device} {serial[-2:] if ';' in serial else ''}".rstrip()
        counts[label] = counts.get(label, 0) + 1
        yield label if counts[label] == 1 else f"{label} ({counts[label]})"


def _cut(text: str) -> str:
    shown = plain(text)
    return shown if len(shown) <= _LETTERS else f"{shown[: _LETTERS - 1]}…"


def _x(lane: int, wide: int) -> int:
    return _LEFT + wide * lane + wide // 2
