"""Call detail records: who called whom, when it was answered, and for how long."""

from __future__ import annotations

import dataclasses
import itertools
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ast_notebook.demo.channel import Channel
    from ast_notebook.demo.pbx import Pbx

#: What a record says of a dial that ended so.
_DISPOSITIONS = {
    "ANSWER": "ANSWERED",
    "BUSY": "BUSY",
    "NOANSWER": "NO ANSWER",
    "CANCEL": "NO ANSWER",
}


@dataclasses.dataclass(slots=True)
class Record:
    """One attempt of a channel to reach somebody, or something."""

    start: float
    sequence: int
    answered: float | None = None
    end: float | None = None
    peer: str = ""
    disposition: str = "FAILED"
    application: str = ""
    data: str = ""
    place: tuple[str, str] | None = None


class Records:
    """Writes the records of a PBX, and tells the manager of each when its channel is gone."""

    def __init__(self, pbx: Pbx) -> None:
        self._pbx = pbx
        self._mappings = pbx.configuration.record_mappings
        self._numbers = itertools.count()

    def begin(self, channel: Channel) -> None:
        """Open a record for a channel."""
        answered = channel.answered and time.time()
        record = Record(time.time(), next(self._numbers), answered)
        record.disposition = "ANSWERED" if answered else "FAILED"
        channel.records.append(record)

    def dials(self, caller: Channel | None, leg: Channel) -> None:
        """Note that a channel is dialled; its own record then is the caller's."""
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
        """Note what application a channel comes to; after a dial this is a record of its own."""
        if not channel.records or channel.records[-1].end is not None:
            self.begin(channel)
        record = channel.records[-1]
        if not record.peer:
            record.application, record.data = channel.application, channel.data

    def meets(self, channel: Channel, other: Channel) -> None:
        """Note whom a channel came together with, other than by dialling."""
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
        """Tell the manager of all records of a channel that is gone."""
        for record in channel.records:
            self._pbx.emit("cdr", "Cdr", self._headers(channel, record))
        channel.records.clear()

    def _headers(self, channel: Channel, record: Record) -> dict[str, str]:
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
