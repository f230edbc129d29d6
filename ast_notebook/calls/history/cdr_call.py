"""One call made of its call detail records."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any, NamedTuple

from ast_notebook.calls.history.cdr_grouping import CdrCall, stem
from ast_notebook.calls.history.cdr_record import CdrRecord
from ast_notebook.calls.history.cdr_talk import CdrTalk, ConnectedPair, other_half
from ast_notebook.calls.history.clock import age, born
from ast_notebook.calls.history.lines import text_of
from ast_notebook.calls.history.log_builder import device, is_local, peer
from ast_notebook.calls.history.options import goes_on
from ast_notebook.units import SECOND

#: Extensions to which the dialplan goes by itself; nobody dials them.
_OWN_EXTENSIONS = re.compile(r"([ahistoeT]|fax|failed|hang|s-.*|STARTMEETME)$")
#: FreePBX's extensions of mailboxes, such as vmu200: u is the greeting, and 200 has the mailbox.
_MAILBOX = re.compile(r"vm[a-z](?=\d+$)")
#: Applications after which the record of a transfer keeps the extension that was dialled first.
_PARKING = frozenset({"park", "parkedcall", "parkandannounce"})
_DIALS = frozenset({"dial", "queue", "followme", "retrydial"})
#: Applications by which the dialplan itself ends a call that was not answered.
_ENDS = frozenset({"", "busy", "congestion", "hangup", *_DIALS})
#: The most transfers that are followed; no call has so many.
_TRANSFERS = 20
_NEAREST = ("CANCELLED", "NO ANSWER", "BUSY", "FAILED")

_Age = tuple[int, tuple[int, int], bool, int, tuple[int, ...]]


class _First(NamedTuple):
    """The first party of a call."""

    channel: str
    number: str | None
    name: str | None
    dialled: str | None


Made = tuple[dict[str, Any], str | None, str | None, list[str]]


def row_of(call: CdrCall) -> Made:
    """Return the row of a call, the names of its two channels, and those that were dialled."""
    return _Made(call).row()


class _Made:
    """A call that is being made."""

    def __init__(self, call: CdrCall) -> None:
        self._call = call
        self._lines = call.lines
        self._talk = CdrTalk(call.lines, call.agents)

    def row(self) -> Made:
        """Return what `row_of` returns."""
        lines, first, own = self._lines, self._first, self._own
        head = (own or lines)[0].record
        path, disposition = self._talk.path(first.channel), self._disposition()
        callee = path[-1].other if path else None
        queues = [line.queue for line in [*lines, *own] if line.queue]
        did = next(filter(None, (text_of(line.record, "did") for line in own)), None)
        cause = text_of(head, "hangupcause") or ""
        row = {
            "call": self._id(),
            "server": (own or lines)[0].server,
            "start": lines[0].start,
            "answered": self._answered(path) if disposition == "ANSWERED" else None,
            "end": self._end(),
            "billsec": self._billed(),
            "caller": first.number,
            "caller_name": first.name,
            "caller_device": _device(None if own and own[0].channel is None else first.channel),
            "dialled": did or first.dialled,
            "answered_by": self._number(callee),
            "answered_device": _device(callee),
            "disposition": disposition,
            "cause": int(cause) if cause.isdecimal() and len(cause) < 5 else None,
            "queue": queues[-1] if queues else None,
            "conference": next((line.room for line in lines if line.room), None),
            "recording": next(filter(None, (text_of(x.record, "recording") for x in lines)), None),
        }
        if did is not None:
            row["did"] = did
        dialled = [line.dstchannel for line in lines if line.dstchannel and not line.in_room]
        return row, first.channel, callee, dialled

    def _id(self) -> str | None:
        """Return the oldest id; the linkedid that an agent gives to callers does not count."""
        ids = [
            known
            for line in self._lines
            if (known := (line.uniqueid if line.of_agent else line.linkedid) or line.uniqueid)
        ]
        if len(set(ids)) > 1 and all(born(one) is not None for one in ids):
            return min(ids, key=age)
        return next(iter(ids), self._lines[0].channel)

    # --- the first party -----------------------------------------------------------------------

    @cached_property
    def _own(self) -> list[CdrRecord]:
        return self._talk.owned.get(self._first.channel, [])

    @cached_property
    def _walked(self) -> list[CdrRecord]:
        """The records of the channel that executed the dialplan for the first party."""
        channel, own = self._first.channel, self._own
        if any(not line.called for line in own):
            return own
        source = next((line.owner for line in self._lines if line.dstchannel == channel), "")
        return self._talk.owned.get(other_half(source), []) if is_local(source) else own

    @cached_property
    def _first(self) -> _First:
        """The oldest party that dialled or was reached, or a Local channel that came up."""
        head = self._lines[0]
        if (
            not is_local(head.owner)
            and not head.called
            and all(one.owner == head.owner or one.start > head.start for one in self._lines)
        ):
            return self._known(head.owner)
        oldest = min(self._parties(), default=None)
        if oldest is not None:
            return self._known(oldest[-1])
        up = [line for line in self._lines if is_local(line.owner) and line.answered]
        if up:
            return self._local(up[0].owner)
        rung = [line.dstchannel for line in self._lines if line.dstchannel]
        called = [line.owner for line in self._lines if line.called]
        real = next((one for one in (*rung, *called) if not is_local(one)), None)
        return self._known(real or self._lines[0].owner)

    def _parties(self) -> Iterator[tuple[_Age, bool, str]]:
        """Yield the parties that dialled or were reached, with their ages."""
        for line in self._lines:
            if not is_local(line.owner) and (not line.called or line.answered):
                yield _age(line), False, line.owner
        for pair in self._talk.pairs:
            if pair.line is not None and not is_local(pair.other):
                yield self._age_of(pair, pair.line), True, pair.other

    def _age_of(self, pair: ConnectedPair, line: CdrRecord) -> _Age:
        if not is_local(pair.one):
            return _age(line)
        # A Local channel dials by its second half; when that is up, its first half goes on.
        start, began, *_ = self._pairs[stem(pair.one)]
        return start, began, pair.one.endswith(";1"), pair.since, pair.place

    @cached_property
    def _pairs(self) -> dict[str, _Age]:
        """The age of each Local channel, by the common part of its halves' names."""
        found: dict[str, _Age] = {}
        for line in self._lines:
            if is_local(line.owner):
                name = stem(line.owner)
                found[name] = min(found.get(name, _age(line)), _age(line))
        return found

    def _local(self, channel: str) -> _First:
        """Return a Local channel as the first party.

        Its second half has the number with which it was made; its first half executes the dialplan.
        """
        first, second = (self._talk.owned.get(f"{stem(channel)};{n}", []) for n in (1, 2))
        head, (oldest, *_) = (first or second)[0], [*second, *first]
        dialled = None if head.called else head.dst
        return _First(head.owner, oldest.src, oldest.name, _extension(dialled))

    def _known(self, channel: str) -> _First:
        own = self._talk.owned.get(channel, [])
        dialling = [line for line in own if not line.called]
        source = next((line for line in self._lines if line.dstchannel == channel), None)
        half = "" if source is None else source.owner
        if dialling and (source is None or not is_local(half) or source.start > own[0].start):
            return self._dialler(channel, dialling)
        number, name = (own[0].src, own[0].name) if own else (None, None)
        # A Local channel dialled this party; its other half executes what it is connected to.
        beyond = self._talk.owned.get(other_half(half), []) if is_local(half) else []
        alone = len({pair.other for pair in self._talk.pairs_of(half)}) < 2
        if not own and alone and len({line.src for line in beyond}) == 1:
            number, name = beyond[0].src, beyond[0].name
        dialled = next((line.dst for line in beyond if not line.called), None)
        return _First(channel, number or peer(device(channel)), name, _extension(dialled))

    def _dialler(self, channel: str, own: Sequence[CdrRecord]) -> _First:
        # If several records began together, the one that ended first was changed least.
        oldest = min(own, key=lambda line: (line.start, line.end))
        dialled = None if oldest.called or self._was_changed(oldest) else oldest.dst
        return _First(channel, own[0].src, own[0].name, _extension(dialled))

    def _was_changed(self, line: CdrRecord) -> bool:
        """Tell whether a transfer has overwritten the dialled extension by its destination.

        Asterisk keeps one extension for a channel, and writes it into the record that a transfer
        ends as well as into the one that it begins.
        """
        for _ in range(_TRANSFERS):
            if self._talk.reached(line) is None or goes_on(line.app, line.data):
                return False
            after = next(
                (
                    one
                    for one in self._talk.after(line)
                    if (one.app, one.data) != (line.app, line.data) and one.app not in _PARKING
                ),
                None,
            )
            if after is None or after.dst == line.dst:
                return after is not None
            line = after  # a second transfer may have overwritten this one, too
        return True

    def _number(self, channel: str | None) -> str | None:
        """Return the number of a telephone, or its device; never the caller's own number."""
        if channel is None:
            return None
        own = self._talk.owned.get(channel, [])
        served = [line for _, line in self._call.agents if line.owner == channel]
        number = next((line.src for line in [*own, *served] if line.src), None)
        # A telephone without a number of its own gets the one that was dialled.
        no_ones = {None, self._first.number, *(line.dst for line in self._lines)}
        return peer(device(channel)) if number in no_ones else number

    # --- times ---------------------------------------------------------------------------------

    def _answered(self, path: Sequence[ConnectedPair]) -> int | None:
        """Return the earliest moment at which the telephone may have answered.

        A record tells when its channel was answered, but a menu may have answered it before the
        telephone.
        """
        if any(pair.line is not None and pair.line.answer is None for pair in path):
            return None
        if path:
            return max(pair.since for pair in path)
        return next((line.answer for line in [*self._own, *self._lines] if line.answer), None)

    def _end(self) -> int | None:
        lines = [*self._lines, *(line for _, line in self._call.agents)]
        return None if any(line.endless for line in lines) else max(line.end for line in lines)

    def _billed(self) -> int | None:
        """Return the time from the first party's answer to its end, as the records have it."""
        channel = self._first.channel
        lines = list(self._own)
        if all(line.called for line in lines):
            # The answer of a dialled channel is in the record of the channel that dialled it.
            lines += [pair.line for pair in self._talk.pairs_of(channel) if pair.line]
        if any(line.unbilled for line in lines):
            return None
        up = {line.place: line for line in lines if line.billed is not None or line.billsec}
        served = [line for name, line in self._call.agents if name == channel]
        if len(up) == 1 and not served:
            line = next(iter(up.values()))
            if line.billsec is not None:
                return line.billsec
        if any(line.endless for line in (*up.values(), *served)):
            return None
        begun = [line.billed for line in up.values() if line.billed is not None]
        begun += [self._talk.served_since(channel, line) for line in served]
        ends = [line.end for line in (*up.values(), *served)]
        return max(ends, default=0) - min(begun, default=0)

    # --- what became of it ---------------------------------------------------------------------

    def _disposition(self) -> str | None:
        lines = self._lines
        if self._call.login:
            return "IVR"
        if self._talk.talked or self._call.met:
            return "ANSWERED"
        if any(line.answered and line.app == "voicemail" for line in lines):
            return "VOICEMAIL"
        if any(line.disposition == "VOICEMAIL" for line in lines):
            return "VOICEMAIL"
        unknown = self._call.met is None or any(map(self._is_hidden, lines))
        unknown = unknown or any(line.endless and line.in_queue for line in lines)
        if unknown or any(map(self._talk.is_doubtful, lines)):
            return None
        if self._waits():
            return "ABANDONED"
        failed = {word for line in lines if (word := self._tried(line)) is not None}
        if failed <= {"FAILED"} and any(line.in_queue for line in lines):
            return "NO ANSWER"
        if failed:
            return next(word for word in _NEAREST if word in failed)
        if any(line.answered for line in lines):
            return self._alone()
        found = {line.disposition for line in lines}
        word = next(word for word in _NEAREST if word in found)
        if word == "BUSY" and (lines[-1].app == "busy" or not any(map(_has_dialled, lines))):
            return "FAILED"  # the dialplan itself said that it was busy
        # Asterisk 16 writes this also for a caller who hung up while the dialplan waited.
        return "NO ANSWER" if word == "FAILED" and lines[-1].app not in _ENDS else word

    def _is_hidden(self, line: CdrRecord) -> bool:
        """Tell whether the extension h has overwritten the application in a record."""
        lasted = line.end - line.start > SECOND or all(one.after for one in self._lines)
        return line.after and line.answered and lasted

    def _waits(self) -> bool:
        """Tell whether the caller waited in a queue at the end, before its timeout."""
        own = [line for line in self._walked if not line.after]
        place = max(own, key=lambda line: (line.end, line.start, line.rank), default=None)
        if place is None or not place.in_queue:
            return False
        limit = (place.data.split(",") + [""] * 5)[4].strip()
        waited = place.end - min(
            line.start for line in own if line.in_queue and line.data == place.data
        )
        return not (limit.isdecimal() and len(limit) < 9 and waited >= int(limit) * SECOND)

    def _tried(self, line: CdrRecord) -> str | None:
        """Return the disposition of one attempt to reach somebody, by its record."""
        if line.dstchannel is None:
            failed = line.app in _DIALS and line.disposition in ("FAILED", "BUSY")
            return line.disposition if failed else None
        if line.in_room or line.is_login or is_local(line.dstchannel):
            return None
        if line.answered:
            return "NO ANSWER" if line.parts or self._talk.was_lost(line) else None
        if self._talk.was_forwarded(line):
            return None
        if line.disposition == "FAILED" and line.asks:
            # For Asterisk, a callee who answered but did not accept the call has failed.
            after = {one.disposition for one in self._talk.after(line) if not one.dstchannel}
            return "FAILED" if after == {"FAILED"} else "NO ANSWER"
        return line.disposition

    def _alone(self) -> str | None:
        """Return the disposition of a call that was answered, but not by a known telephone."""
        names = {name for line in self._lines for name in (line.owner, line.dstchannel)}
        for line in self._lines:
            other = line.dstchannel
            if line.answered and other and is_local(other) and other_half(other) not in names:
                return "ANSWERED"  # as Asterisk says; no record tells what the application did
        apps = {line.app for line in self._lines if line.answered and line.dstchannel is None}
        if apps <= {""} and not any(line.channel for line in self._lines):
            return None
        if any("dstchannel" in line.record for line in self._lines):
            # A Dial that found no telephone leaves no channel.
            return "FAILED" if apps & _DIALS else "IVR"
        if "dial" in apps:
            return "ANSWERED"
        return None if apps <= {""} else "IVR"


def _has_dialled(line: CdrRecord) -> bool:
    return line.called or (line.dstchannel is not None and not line.in_room and not line.is_login)


def _age(line: CdrRecord) -> _Age:
    return line.start, age(line.uniqueid or ""), False, line.start, line.rank


def _extension(dst: str | None) -> str | None:
    if dst is None or _OWN_EXTENSIONS.match(dst):
        return None
    return _MAILBOX.sub("", dst, count=1) if _MAILBOX.match(dst) else dst


def _device(channel: str | None) -> str | None:
    return None if is_local(channel) else device(channel)
