"""Call detail records as Asterisk's engine makes them: who dials has one for each that he dials."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.model.exchange import Channel

#: How a dial ended, and what the record of it says.
_DISPOSITIONS = {
    "ANSWER": "ANSWERED",
    "BUSY": "BUSY",
    "NOANSWER": "NO ANSWER",
    "CANCEL": "NO ANSWER",
}


@dataclass
class Record:
    """One of a channel's records."""

    start: float
    sequence: int
    answer: float | None = None
    end: float | None = None
    peer: str = ""
    application: str = ""
    data: str = ""
    disposition: str = ""
    dst: str = ""
    context: str = ""


class Records:
    """The records of all channels, written when their channels end.

    Parameters
    ----------
    write : callable
        Takes a record that is complete, and the channel that it is of.
    """

    def __init__(self, write: Callable[[Channel, dict[str, Any]], None]) -> None:
        self._write = write
        self._count = 0

    def begin(self, channel: Channel, now: float) -> Record:
        """Begin another record of a channel."""
        answer = now if channel.state == "Up" else None
        record = Record(now, self._count, answer, application=channel.application)
        record.data = channel.data
        self._count += 1
        channel.records.append(record)
        return record

    def executes(self, channel: Channel, now: float) -> None:
        """Note what the dialplan does with a channel."""
        record = self._current(channel, now)
        if not record.peer:
            record.application, record.data = channel.application, channel.data

    def _current(self, channel: Channel, now: float) -> Record:
        if channel.records and channel.records[-1].end is None:
            return channel.records[-1]
        return self.begin(channel, now)

    def answers(self, channel: Channel, now: float) -> None:
        """Note that a channel is up."""
        for record in channel.records:
            if record.end is None and record.answer is None:
                record.answer = now

    def dials(self, channel: Channel, peer: Channel, now: float) -> None:
        """Note that a channel dials another one; the other one has no record of its own."""
        record = self._current(channel, now)
        if record.peer:
            record = self.begin(channel, now)
        record.application, record.data = channel.application, channel.data
        record.peer = peer.name

    def dialled(self, channel: Channel, peer: Channel, status: str, now: float) -> None:
        """Note how that ended."""
        for record in channel.records:
            if record.peer == peer.name and record.end is None:
                record.disposition = _DISPOSITIONS.get(status, "FAILED")
                if status != "ANSWER":
                    self._finish(channel, record, now)

    def meets(self, caller: Channel, peer: Channel, now: float) -> None:
        """Note that a channel is bridged with another one from now on."""
        self.parts(caller, now)
        record = self.begin(caller, now)
        record.peer, record.disposition = peer.name, "ANSWERED"

    def visits(self, channel: Channel, peer: Channel, now: float) -> None:
        """Note that a channel was in a bridge with another one for no time at all."""
        record = self.begin(channel, now)
        record.peer = peer.name
        self._finish(channel, record, now)

    def joins(self, channel: Channel, peer: Channel, now: float) -> None:
        """Note that somebody comes into a conference where a channel is already."""
        free = [record for record in channel.records if record.end is None and not record.peer]
        record = free[0] if free else self.begin(channel, now)
        record.peer, record.disposition = peer.name, "ANSWERED"

    def left(self, channel: Channel, peer: Channel, now: float) -> None:
        """Note that he left a channel that stays there."""
        for record in channel.records:
            if record.peer == peer.name and record.end is None:
                self._finish(channel, record, now)

    def picked_up(self, caller: Channel, taken: Channel, *, single: bool, now: float) -> None:
        """Note that what rings is taken by another telephone, which leaves its record to it."""
        self.begin(taken, now)
        for record in caller.records:
            if record.peer == taken.name and record.end is None and not single:
                record.disposition = "NO ANSWER"
                self._finish(caller, record, now)

    def parks(self, channel: Channel, space: str, now: float) -> None:
        """Note that a channel is parked."""
        record = self._current(channel, now)
        if record.peer:
            self.parts(channel, now)
            record = self.begin(channel, now)
        record.application, record.data = "Park", space

    def parts(self, channel: Channel, now: float) -> None:
        """Note that a channel leaves whom it was bridged with, or goes on to something else."""
        for record in channel.records:
            if record.end is None:
                self._finish(channel, record, now)

    def ends(self, channel: Channel, now: float) -> None:
        """Write the records of a channel that ended."""
        self.parts(channel, now)
        for record in channel.records:
            self._write(channel, _fields(channel, record))
        channel.records.clear()

    def _finish(self, channel: Channel, record: Record, now: float) -> None:
        record.end = now
        record.dst, record.context = channel.exten, channel.context
        if not record.disposition:
            record.disposition = "NO ANSWER" if record.answer is None else "ANSWERED"


def _fields(channel: Channel, record: Record) -> dict[str, Any]:
    end = record.end or record.start
    return {
        "src": channel.number,
        "dst": record.dst,
        "dcontext": record.context,
        "clid": f'"{channel.caller_name}" <{channel.number}>',
        "channel": channel.name,
        "dstchannel": record.peer,
        "lastapp": record.application,
        "lastdata": record.data,
        "start": _text(record.start),
        "answer": _text(record.answer),
        "end": _text(end),
        "duration": int(end - record.start),
        "billsec": 0 if record.answer is None else int(end - record.answer),
        "disposition": record.disposition,
        "uniqueid": channel.uniqueid,
        "sequence": record.sequence,
        "linkedid": channel.linkedid,
    }


def _text(time: float | None) -> str:
    return "" if time is None else datetime.fromtimestamp(int(time), UTC).strftime("%F %T")
