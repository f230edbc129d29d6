"""One call as a ladder, made of what its rows in the call log know, and of nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from ast_notebook.calls.ladder import Flow, LadderStep, length
from ast_notebook.calls.measures.grouping import Zone
from ast_notebook.calls.phases import LadderPhase
from ast_notebook.units import SECOND
from ast_notebook.views.words import OUTCOMES, party

#: How a caller leaves a queue without an agent.
_LEAVES = {
    "ABANDONED": "leaves {} without an answer",
    "TIMEOUT": "leaves {}: waited in vain",
    "KEY": "leaves {} by a key",
    "LEAVE EMPTY": "leaves {}: no agent is left",
    "TRANSFERRED": "leaves {}: is sent elsewhere",
    "JOIN EMPTY": "is not let into {}: no agent is there",
    "FULL": "is not let into {}: it is full",
}
_CALLER = 0  # the lane of whoever called
_MOMENT = SECOND  # sources of whole seconds tell the same moment up to a second apart


def flow_of_rows(
    call: Mapping[str, Any], visits: Sequence[Mapping[str, Any]] = (), *, tz: Zone
) -> Flow:
    """Return a call as a ladder, made of its row in a calls frame and of its queue calls.

    A step or a phase is in it only if the row tells its moment. A value without a moment, such as
    the billed time, is shown at the end of the call.

    Parameters
    ----------
    call : mapping
        A row of a frame as `from_events` returns it.
    visits : sequence of mapping
        The rows of this call in a frame as `visits` returns it.
    tz : str or tzinfo
        The zone of the times.
    """
    return _Drawing(call, visits).flow(tz)


class _Drawing:
    """The lanes, steps and phases of one call."""

    def __init__(self, call: Mapping[str, Any], queue_calls: Sequence[Mapping[str, Any]]) -> None:
        self._call = call
        self._queue_calls = queue_calls
        device = _known(call["caller_device"])
        # The label of each lane, and the name that is under the mouse.
        self._lanes = {_party(call["caller"], call["caller_name"], device): device}
        self._steps: list[LadderStep] = []
        self._phases: list[LadderPhase] = []
        self._later: list[str] = []  # what has no moment

    def flow(self, tz: Zone) -> Flow:
        self._begins()
        for queue_call in self._queue_calls:
            self._waits(queue_call)
        if any(queue_call["outcome"] == "ANSWERED" for queue_call in self._queue_calls):
            self._answered_after_a_queue()
        else:
            self._answered()
        self._ends()
        self._steps.sort(key=lambda step: step.time)
        labels = list(self._lanes)
        names = [name or label for label, name in self._lanes.items()]
        call = _known(self._call["call"])
        return Flow(
            f"of {labels[_CALLER]}" if call is None else call,
            names,
            [_known(self._call["call"]) or "", *[""] * (len(labels) - 1)],
            self._steps,
            sorted(self._phases, key=lambda one: (one.begin, one.lane)),
            [self._life(lane) for lane in range(len(labels))],
            tz,
            labels=labels,
        )

    def _begins(self) -> None:
        dialled = _known(self._call["dialled"])
        self._step(
            _time(self._call["start"]), _CALLER, "begins" if dialled is None else f"calls {dialled}"
        )

    def _waits(self, queue_call: Mapping[str, Any]) -> None:
        """Draw a queue call, as far as its begin is known."""
        queue, outcome = _known(queue_call["queue"]) or "a queue", _known(queue_call["outcome"])
        begin = _time(queue_call["start"])
        over = _later(begin, queue_call["wait"])
        if outcome not in ("JOIN EMPTY", "FULL"):
            self._step(begin, _CALLER, f"comes to {queue}")
            if begin is not None and over is not None and over > begin:
                self._phase(_CALLER, "waits", begin, over)
        if outcome == "ANSWERED":
            self._agent_answers(queue_call, over)
        elif outcome is not None:
            text = _LEAVES.get(outcome, f"leaves {{}}: {outcome.lower()}")
            self._step(begin if over is None else over, _CALLER, text.format(queue))

    def _agent_answers(self, queue_call: Mapping[str, Any], time: int | None) -> None:
        if time is None:
            return
        lane = self._lane(_known(queue_call["agent"]) or "an agent", None)
        if _some(queue_call["ring"]):
            rings = time - _microseconds(queue_call["ring"])
            self._step(rings, lane, "rings")
            self._phase(lane, "rings", rings, time)
        self._step(time, lane, "answers")
        self._talk(time, lane, _later(time, queue_call["talk"]))
        if _known(queue_call["hangup_by"]) == "callee":
            self._step(_later(time, queue_call["talk"]), lane, "hangs up")

    def _talk(self, begin: int, lane: int, end: int | None) -> None:
        """Draw a talk; without an end, only that it began."""
        long = "" if end is None else f" for {_length((end - begin) / SECOND)}"
        self._step(begin, _CALLER, f"talk{long}", lane, both=True)
        if end is not None:
            for one in (_CALLER, lane):
                self._phase(one, "talks", begin, end)

    def _answered_after_a_queue(self) -> None:
        """Tell who answered in words: whether he is the queue's agent is not known."""
        by = _known(self._call["answered_by"])
        if _known(self._call["source"]) == "queue_log":
            return  # the queue calls have told it
        said = "is answered" if by is None else f"is answered; {by} talks then or later"
        self._step(_time(self._call["answered"]), _CALLER, said)

    def _answered(self) -> None:
        """Draw who answered. A CDR's time may be that of a menu or queue that answered first."""
        call = self._call
        time, by = _time(call["answered"]), _known(call["answered_by"])
        if time is None:
            if by is not None:
                self._later.append(f"{by} answered")
            return
        if by is None:
            self._step(time, _CALLER, "is answered")
            return
        lane = self._lane(by, _known(call["answered_device"]))
        if _known(call["source"]) == "cdr":
            self._step(time, _CALLER, "are connected then or later", lane, both=True)
            return
        rang = f", and had rung for {_length(call['ring'])}" if _some(call["ring"]) else ""
        self._step(time, lane, f"answers{rang}")
        talk, end = call["talk"], _time(call["end"])
        if self._is_one_talk(time, end):
            self._talk(time, lane, end)
        elif not pd.isna(talk):
            self._step(time, _CALLER, f"talk, for {_length(talk)} in all", lane, both=True)
        else:
            self._talk(time, lane, None)

    def _is_one_talk(self, begin: int, end: int | None) -> bool:
        """Tell whether the two talked from the answer to the end, and nobody else joined them."""
        call = self._call
        if end is None or pd.isna(call["talk"]) or pd.isna(call["transfers"]) or call["transfers"]:
            return False
        return end - begin - _microseconds(call["talk"]) < _MOMENT

    def _ends(self) -> None:
        call = self._call
        word = _known(call["disposition"])
        is_told = word == "ANSWERED" and any(
            "answer" in one.text or one.both for one in self._steps
        )
        said = [] if word is None or is_told else [OUTCOMES.get(word, word.lower())]
        said += self._later
        queue = _known(call["queue"])
        if queue is not None and not self._queue_calls:
            said.append(f"queue {queue}")
        if not self._queue_calls and word != "ANSWERED" and _some(call["ring"]):
            said.append(f"a telephone rang for {_length(call['ring'])}")
        if pd.isna(call["talk"]) and _some(call["billsec"]):
            said.append(f"{_length(call['billsec'])} billed")
        if _some(call["hold"]):
            said.append(f"on hold for {_length(call['hold'])}")
        if _some(call["transfers"]):
            said.append(f"transfers: {call['transfers']}")
        lane, verb = self._who_ends()
        time = _time(call["end"])
        if time is not None:
            self._step(time, lane, ": ".join(filter(None, (verb, ", ".join(said)))))
        elif said and self._steps:  # it is not known when it ended
            last = max(step.time for step in self._steps)
            self._step(last, _CALLER, ", ".join(said))

    def _who_ends(self) -> tuple[int, str]:
        by = _known(self._call["hangup_by"])
        if by == "caller":
            return _CALLER, "hangs up"
        if by == "callee" and len(self._lanes) == 2:
            return 1, "hangs up"
        return _CALLER, {"callee": "the other end hangs up", "pbx": "is ended by the PBX"}.get(
            by or "", "ends"
        )

    def _lane(self, label: str, name: str | None) -> int:
        if label == next(iter(self._lanes)):
            label += " (2)"  # who answered has the caller's name
        self._lanes.setdefault(label, name)
        return list(self._lanes).index(label)

    def _step(
        self, time: int | None, lane: int, text: str, to: int | None = None, *, both: bool = False
    ) -> None:
        if time is not None:
            self._steps.append(LadderStep(time, lane, to, text, both))

    def _phase(self, lane: int, kind: str, begin: int, end: int) -> None:
        self._phases.append(LadderPhase(lane, kind, kind, begin, end))

    def _life(self, lane: int) -> tuple[int | None, int | None]:
        """Return the first and the last known moment of a lane."""
        times = [step.time for step in self._steps if lane in (step.lane, step.to)]
        times += [one for phase in self._phases if phase.lane == lane for one in _ends_of(phase)]
        return min(times, default=None), max(times, default=None)


def _ends_of(phase: LadderPhase) -> list[int]:
    return [one for one in (phase.begin, phase.end) if one is not None]


def _party(number: Any, name: Any, device: str | None) -> str:
    if _known(number) is None and _known(name) is None:
        return "the caller" if device is None else device
    return party(number, name)


def _known(value: Any) -> str | None:
    """Return a value as text; None if it is missing or empty."""
    return None if value is None or pd.isna(value) else str(value) or None


def _some(number: Any) -> bool:
    """Tell whether a number is known, and not 0."""
    return not pd.isna(number) and bool(number)


def _time(moment: Any) -> int | None:
    return None if pd.isna(moment) else pd.Timestamp(moment).value // 1000


def _microseconds(seconds: float) -> int:
    return round(seconds * SECOND)


def _length(seconds: float) -> str:
    return length(_microseconds(seconds), is_whole=float(seconds).is_integer())


def _later(time: int | None, seconds: Any) -> int | None:
    return None if time is None or pd.isna(seconds) else time + _microseconds(seconds)
