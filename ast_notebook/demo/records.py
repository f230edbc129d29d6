"""Call detail records (CDR): who called whom, when it was answered, and how long it took."""

from __future__ import annotations

import dataclasses
import itertools
import time
from collections.abc import Mapping

from ast_notebook.demo.channel import Channel
from ast_notebook.demo.event_sender import EventSender

#: The dispositions of records, by the result of a dial.
_DISPOSITIONS = {
    "ANSWER": "ANSWERED",
    "BUSY": "BUSY",
    "NOANSWER": "NO ANSWER",
    "CANCEL": "NO ANSWER",
}


@dataclasses.dataclass(slots=True)
class CallDetailRecord:
    """One CDR: one attempt of a channel to reach a device or an application."""

    start: float
    sequence: int
    answered: float | None = None
    end: float | None = None
    peer: str = ""
    disposition: str = "FAILED"
    application: str = ""
    data: str = ""
    place: tuple[str, str] | None = None


class CallDetailRecords:
    """Writes the records of a PBX, and sends each as an event when its channel has ended."""

    def __init__(self, sender: EventSender, mappings: Mapping[str, str]) -> None:
        self._sender = sender
        self._mappings = mappings
        self._numbers = itertools.count()

    def begin(self, channel: Channel) -> None:
        """Open a record for a channel."""
        answered = channel.answered and time.time()
        record = CallDetailRecord(time.time(), next(self._numbers), answered)
        record.disposition = "ANSWERED" if answered else "FAILED"
        channel.records.append(record)

    def dials(self, caller: Channel | None, leg: Channel) -> None:
        """Note that a channel is dialled; from then on, the caller's record replaces its own."""
        if caller is None:
            leg.records[-1].disposition = "NO ANSWER"
            return
        leg.records.clear()
        if not caller.records or caller.records[-1].peer:
            self.begin(caller)
        record = caller.records[-1]
        record.peer = leg.name
        record.application, record.data = caller.application, caller.data
        record.disposition = "NO ANSWER"

    def dialled(self, caller: Channel | None, leg: Channel, status: str) -> None:
        """Note how a dial ended."""
        owner = leg if caller is None else caller
        for record in owner.records:
            if caller is None or (record.peer == leg.name and record.end is None):
                record.disposition = _DISPOSITIONS.get(status, "FAILED")
                if status == "ANSWER":
                    record.answered = record.answered or time.time()
                else:
                    record.end = time.time()

    def answered(self, channel: Channel) -> None:
        """Note that a channel was answered."""
        for record in channel.records:
            if record.end is None and record.answered is None:
                record.answered = time.time()
                record.disposition = "ANSWERED"

    def runs(self, channel: Channel) -> None:
        """Note the application of a channel; if its last record has ended, it begins a new one."""
        if not channel.records or channel.records[-1].end is not None:
            self.begin(channel)
        record = channel.records[-1]
        if not record.peer:
            record.application, record.data = channel.application, channel.data

    def meets(self, channel: Channel, other: Channel) -> None:
        """Note with whom a channel was connected, other than by dialling."""
        if not channel.records or channel.records[-1].peer or channel.records[-1].end:
            self.begin(channel)
        record = channel.records[-1]
        record.peer = other.name
        record.application, record.data = channel.application, channel.data

    def waits(self, channel: Channel, place: str) -> None:
        """Note where a channel is parked."""
        if not channel.records or channel.records[-1].end:
            self.begin(channel)
        record = channel.records[-1]
        record.application, record.data = "Park", place

    def left(self, channel: Channel) -> None:
        """Note that a channel left a bridge."""
        if channel.records and channel.records[-1].end is None:
            record = channel.records[-1]
            record.end = time.time()
            record.place = channel.exten, channel.context

    def tell(self, channel: Channel) -> None:
        """Send all records of a channel that has ended."""
        for record in channel.records:
            self._sender.emit("cdr", "Cdr", self._headers(channel, record))
        channel.records.clear()

    def _headers(self, channel: Channel, record: CallDetailRecord) -> dict[str, str]:
        end = record.end or time.time()
        if record.disposition == "FAILED" and channel.cause == 17:
            record.disposition = "BUSY"
        caller = channel.caller
        exten, context = record.place or (channel.exten, channel.context)
        known = {"linkedid": channel.linkedid, "sequence": str(record.sequence)}
        return {
            "AccountCode": channel.account,
            "Source": caller.number,
            "Destination": exten,
            "DestinationContext": context,
            "CallerID": f'"{caller.name}" <{caller.number}>',
            "Channel": channel.name,
            "DestinationChannel": record.peer,
            "LastApplication": record.application,
            "LastData": record.data,
            "StartTime": _moment(record.start),
            "AnswerTime": _moment(record.answered),
            "EndTime": _moment(end),
            "Duration": str(int(end - record.start)),
            "BillableSeconds": str(int(end - record.answered)) if record.answered else "0",
            "Disposition": record.disposition,
            "AMAFlags": "DOCUMENTATION",
            "UniqueID": channel.uniqueid,
            "UserField": "",
            **{header: known.get(name, "") for name, header in self._mappings.items()},
        }


def _moment(seconds: float | None) -> str:
    return "" if seconds is None else time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds))
