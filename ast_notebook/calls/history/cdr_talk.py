"""Tells who was connected with whom, by the call detail records (CDR) of one call."""

from __future__ import annotations

import itertools
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import NamedTuple

from ast_notebook.calls.history.cdr_grouping import fetched, stem
from ast_notebook.calls.history.cdr_record import CdrRecord
from ast_notebook.calls.history.log_builder import is_local
from ast_notebook.calls.linkedids import oldest
from ast_notebook.units import SECOND

#: The most channels that are followed from one to the next; no call has so many in a row.
_DEEPEST = 200
#: Times are whole seconds, so two of them may differ by this and be the same moment.
_APART = 1 * SECOND


class ConnectedPair(NamedTuple):
    """Two channels that were connected.

    Attributes
    ----------
    since : int
        The earliest moment of their connection: when the channel of the record was answered.
    place : tuple of int
        The sort key of pairs that begin in the same second.
    one, other : str
        The channels.
    line : CdrRecord or None
        The record that tells it; None if it is the record of an agent's login.
    """

    since: int
    place: tuple[int, ...]
    one: str
    other: str
    line: CdrRecord | None


class CdrTalk:
    """The channels of a call, and which of them were connected.

    Parameters
    ----------
    lines : sequence of CdrRecord
        The records of the call, by their beginning.
    agents : sequence of tuple
        The channels that an agent served, and the records of his login.

    Attributes
    ----------
    owned : dict
        The records by their channels.
    pairs : list of ConnectedPair
        All pairs, by their time.
    talked : bool
        Whether two parties were connected, directly or through Local channels.
    """

    def __init__(self, lines: Sequence[CdrRecord], agents: Sequence[tuple[str, CdrRecord]]) -> None:
        self._lines = lines
        self._agents = agents
        self.owned: dict[str, list[CdrRecord]] = {}
        for line in lines:
            self.owned.setdefault(line.owner, []).append(line)
        # The own records of these channels say that they were dialled and did not answer.
        self._never_up = {
            name
            for name, own in self.owned.items()
            if all(line.called and not line.answered for line in own)
        }
        self.pairs = self._connected()
        self.talked = self._is_talk()

    def served_since(self, channel: str, line: CdrRecord) -> int:
        """Return the earliest moment at which an agent took a channel, by his login's record."""
        return min(line.end, max(line.start, self._seen.get(channel, self._lines[0].start)))

    @cached_property
    def _seen(self) -> dict[str, int]:
        """When a channel's last own record began, or else the last record that names it."""
        found = {line.dstchannel: line.start for line in self._lines if line.dstchannel}
        return found | {line.owner: line.start for line in self._lines}

    def _connected(self) -> list[ConnectedPair]:
        found = [
            ConnectedPair(line.answer or line.start, line.rank, line.owner, name, line)
            for line in self._lines
            if (name := self.reached(line)) is not None
        ]
        for channel, line in self._agents:
            since = self.served_since(channel, line)
            found.append(ConnectedPair(since, line.rank, channel, line.owner, None))
        return sorted(found, key=lambda pair: pair[:2])

    @cached_property
    def _pairs_of(self) -> dict[str, list[ConnectedPair]]:
        found: dict[str, list[ConnectedPair]] = {}
        for pair in self.pairs:
            found.setdefault(pair.one, []).append(pair)
            found.setdefault(pair.other, []).append(pair._replace(one=pair.other, other=pair.one))
        return found

    def pairs_of(self, channel: str) -> Sequence[ConnectedPair]:
        """Return the pairs of a channel; each has this channel as its first one."""
        return self._pairs_of.get(channel, ())

    def _is_talk(self) -> bool:
        if any(not is_local(pair.one) and not is_local(pair.other) for pair in self.pairs):
            return True
        together = oldest((stem(pair.one), stem(pair.other)) for pair in self.pairs)
        parties: dict[str, set[str]] = {}
        for name in (name for pair in self.pairs for name in (pair.one, pair.other)):
            if not is_local(name):
                parties.setdefault(together.get(name, name), set()).add(name)
        return any(len(there) > 1 for there in parties.values())

    def path(self, channel: str) -> list[ConnectedPair]:
        """Return the pairs that lead from a party to the telephone that answered it."""
        if not self.talked:
            return []
        found = self._beyond(channel, {channel, other_half(channel)})
        if found or is_local(channel):
            return found
        # No record says that this party talked, but others in its call did.
        together = (
            pair for pair in self.pairs if not is_local(pair.one) and not is_local(pair.other)
        )
        return list(itertools.islice(together, 1))

    def _beyond(self, channel: str, seen: set[str]) -> list[ConnectedPair]:
        if len(seen) > _DEEPEST:
            return []
        for pair in self.pairs_of(channel):
            if pair.other in seen:
                continue
            if not is_local(pair.other):
                return [pair]
            half = other_half(pair.other)
            seen |= {pair.other, half}
            if further := self._beyond(half, seen):
                return [pair, *further]
        return []

    # --- what one record tells -----------------------------------------------------------------

    def reached(self, line: CdrRecord) -> str | None:
        """Return the channel with which a record's own channel was connected."""
        if not line.answered or line.dstchannel is None or line.is_login:
            return None
        if line.in_room:
            theirs = self.owned.get(line.dstchannel, ())
            return line.dstchannel if any(fetched(one, line) for one in theirs) else None
        lost = line.parts or self.was_lost(line) or self.is_doubtful(line)
        return None if lost else line.dstchannel

    def is_doubtful(self, line: CdrRecord) -> bool:
        """Tell whether it is unknown if two parties talked.

        A callee may be asked whether he accepts the call. If he hangs up meanwhile, the record is
        the same as if he accepts and talks for less than a second, or as if he accepts and the
        record has no seconds. FollowMe answers its caller first, and asks callees by a Local
        channel. Once a callee has accepted, his telephone takes its place in the record.
        """
        if line.app == "followme":
            return line.answered and is_local(line.dstchannel)
        gone = not line.billsec and line.answer in (None, line.end)
        return line.answered and line.asks and gone

    def was_lost(self, line: CdrRecord) -> bool:
        """Tell whether a record is ANSWERED although the telephone that it names did not talk.

        Somebody else picked up the call: such a record ends with the answer, and another one of the
        same Dial begins.
        """
        if line.dstchannel in self._never_up:
            return True
        if line.answer is None or line.answer < line.end or line.billsec:
            return False
        after = next((one for one in self.after(line) if one.answered), None)
        if after is None or after.dstchannel is None or after.dstchannel in self.owned:
            return False
        # A channel that picks up a call was not called itself. If a manager bridges a channel, it
        # was called.
        callers = {one.owner for one in self._lines if one.dstchannel == after.dstchannel}
        return (after.app, after.data) == (line.app, line.data) and len(callers) == 1

    def was_forwarded(self, line: CdrRecord) -> bool:
        """Tell whether the telephone that a record names sent its caller elsewhere."""
        return "Local/" not in line.data and any(
            is_local(one.dstchannel) and (one.app, one.data) == (line.app, line.data)
            for one in self.after(line)
        )

    def after(self, line: CdrRecord) -> Iterator[CdrRecord]:
        """Yield the records of the same channel that begin when this one ends."""
        own = self.owned[line.owner]
        begin = bisect_left(own, line.end - _APART, key=lambda one: one.start)
        for one in itertools.islice(own, begin, None):
            if one.start > line.end + _APART:
                return
            if (one.start, one.rank) > (line.start, line.rank):
                yield one


def other_half(channel: str) -> str:
    """Return the other half of a Local channel; any other channel is returned unchanged."""
    if channel.endswith((";1", ";2")):
        return stem(channel) + (";2" if channel.endswith(";1") else ";1")
    return channel
