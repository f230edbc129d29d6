"""Who was connected with whom, by the call detail records of one call."""

from __future__ import annotations

import itertools
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import NamedTuple

from ast_notebook.calls.history.cdr_line import Line
from ast_notebook.calls.history.cdr_ties import fetched, stem
from ast_notebook.calls.history.clock import SECOND
from ast_notebook.calls.history.growing import is_local

#: More channels than are ever dialled one behind the other.
_DEEPEST = 200
#: Times of records are whole seconds.
_APART = 1 * SECOND


class Tie(NamedTuple):
    """Two channels that were connected.

    Attributes
    ----------
    since : int
        When they were at the earliest: when the channel of the record was answered.
    place : tuple of int
        What orders ties of one second.
    one, other : str
        The channels.
    line : Line or None
        The record that tells it; None if it is one of an agent's login.
    """

    since: int
    place: tuple[int, int]
    one: str
    other: str
    line: Line | None


class Talk:
    """The channels of a call, and which of them were connected.

    Parameters
    ----------
    lines : sequence of Line
        The records of the call, by their beginning.
    agents : sequence of tuple
        The channels that an agent served, and the records of his login.

    Attributes
    ----------
    owned : dict
        The records by their channels.
    ties : list of Tie
        All ties, by their time.
    talked : bool
        Whether two parties were connected, Local channels being seen through.
    """

    def __init__(self, lines: Sequence[Line], agents: Sequence[tuple[str, Line]]) -> None:
        self._lines = lines
        self._agents = agents
        self.owned: dict[str, list[Line]] = {}
        for line in lines:
            self.owned.setdefault(line.owner, []).append(line)
        # Of these their own records say that they were dialled and did not answer.
        self._never_up = {
            name
            for name, own in self.owned.items()
            if all(line.called and not line.answered for line in own)
        }
        self.ties = self._tied()
        self.talked = self._is_talk()

    def served_since(self, channel: str, line: Line) -> int:
        """Return when an agent took a channel at the earliest, by the record of his login."""
        return min(line.end, max(line.start, self._seen.get(channel, self._lines[0].start)))

    @cached_property
    def _seen(self) -> dict[str, int]:
        """When the last record that names a channel began; of its own, if it has any."""
        found = {line.dstchannel: line.start for line in self._lines if line.dstchannel}
        return found | {line.owner: line.start for line in self._lines}

    def _tied(self) -> list[Tie]:
        found = [
            Tie(line.answer or line.start, (line.sequence, line.place), line.owner, name, line)
            for line in self._lines
            if (name := self.reached(line)) is not None
        ]
        for channel, line in self._agents:
            since = self.served_since(channel, line)
            found.append(Tie(since, (line.sequence, line.place), channel, line.owner, None))
        return sorted(found, key=lambda tie: tie[:2])

    @cached_property
    def _ties_of(self) -> dict[str, list[Tie]]:
        found: dict[str, list[Tie]] = {}
        for tie in self.ties:
            found.setdefault(tie.one, []).append(tie)
            found.setdefault(tie.other, []).append(tie._replace(one=tie.other, other=tie.one))
        return found

    def ties_of(self, channel: str) -> Sequence[Tie]:
        """Return the ties of a channel, which is the first one in them."""
        return self._ties_of.get(channel, ())

    def _is_talk(self) -> bool:
        if any(not is_local(tie.one) and not is_local(tie.other) for tie in self.ties):
            return True
        above: dict[str, str] = {}

        def room(one: str) -> str:
            while (next_one := above.setdefault(one, one)) != one:
                above[one] = above[next_one]
                one = next_one
            return one

        for tie in self.ties:
            above[room(stem(tie.one))] = room(stem(tie.other))
        parties: dict[str, set[str]] = {}
        for name in (name for tie in self.ties for name in (tie.one, tie.other)):
            if not is_local(name):
                parties.setdefault(room(name), set()).add(name)
        return any(len(there) > 1 for there in parties.values())

    def path(self, channel: str) -> list[Tie]:
        """Return the ties that lead from a party to the telephone that answered it."""
        if not self.talked:
            return []
        found = self._beyond(channel, {channel, other_half(channel)})
        if found or is_local(channel):
            return found
        # Of the party nobody tells that it talked; others of its call did.
        together = (tie for tie in self.ties if not is_local(tie.one) and not is_local(tie.other))
        return list(itertools.islice(together, 1))

    def _beyond(self, channel: str, seen: set[str]) -> list[Tie]:
        if len(seen) > _DEEPEST:
            return []
        for tie in self.ties_of(channel):
            if tie.other in seen:
                continue
            if not is_local(tie.other):
                return [tie]
            half = other_half(tie.other)
            seen |= {tie.other, half}
            if further := self._beyond(half, seen):
                return [tie, *further]
        return []

    # --- what one record tells -----------------------------------------------------------------

    def reached(self, line: Line) -> str | None:
        """Return the channel that a record's own was connected with."""
        if not line.answered or line.dstchannel is None or line.at_desk:
            return None
        if line.in_room:
            theirs = self.owned.get(line.dstchannel, ())
            return line.dstchannel if any(fetched(one, line) for one in theirs) else None
        lost = self.was_lost(line) or self.is_doubtful(line)
        return None if lost else line.dstchannel

    def is_doubtful(self, line: Line) -> bool:
        """Tell whether nobody knows if two parties talked.

        Whoever is asked if he takes the call, and hangs up meanwhile, leaves the same record as
        one who accepts it and talks for less than a second; and so does anybody whom it tells no
        seconds of.
        """
        gone = not line.billsec and line.answer in (None, line.end)
        return line.answered and line.asks and gone

    def was_lost(self, line: Line) -> bool:
        """Tell whether a record says answered, and the telephone that it names did not talk.

        Somebody else picked it up: such a record ends with the answer, and another one of the same
        Dial begins.
        """
        if line.dstchannel in self._never_up:
            return True
        if line.answer is None or line.answer < line.end or line.billsec:
            return False
        after = next((one for one in self.after(line) if one.answered), None)
        if after is None or after.dstchannel is None or after.dstchannel in self.owned:
            return False
        # Who picks up was called by nobody; who is bridged by a manager was.
        callers = {one.owner for one in self._lines if one.dstchannel == after.dstchannel}
        return (after.app, after.data) == (line.app, line.data) and len(callers) == 1

    def was_forwarded(self, line: Line) -> bool:
        """Tell whether the telephone that a record names sent its caller elsewhere."""
        return "Local/" not in line.data and any(
            is_local(one.dstchannel) and (one.app, one.data) == (line.app, line.data)
            for one in self.after(line)
        )

    def after(self, line: Line) -> Iterator[Line]:
        """Yield the records of its channel that begin when a record ends."""
        own = self.owned[line.owner]
        begin = bisect_left(own, line.end - _APART, key=lambda one: one.start)
        for one in itertools.islice(own, begin, None):
            if one.start > line.end + _APART:
                return
            if (one.start, one.sequence, one.place) > (line.start, line.sequence, line.place):
                yield one


def other_half(channel: str) -> str:
    """Return the other half of a Local channel; any other channel as it is."""
    if channel.endswith((";1", ";2")):
        return stem(channel) + (";2" if channel.endswith(";1") else ";1")
    return channel
