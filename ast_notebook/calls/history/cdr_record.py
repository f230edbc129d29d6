"""One call detail record, checked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ast_notebook.calls.history.clock import Clock, born
from ast_notebook.calls.history.lines import text_of, whole_of
from ast_notebook.calls.history.options import options_of
from ast_notebook.units import SECOND

#: A column that is either the uniqueid or the userfield; one record alone does not tell which.
EITHER = "uniqueid or userfield"
#: Asterisk's words and numbers for dispositions.
_DISPOSITIONS = {
    "ANSWERED": "ANSWERED",
    "ANSWER": "ANSWERED",
    "8": "ANSWERED",
    "NO ANSWER": "NO ANSWER",
    "NOANSWER": "NO ANSWER",
    "0": "NO ANSWER",
    "1": "NO ANSWER",
    "BUSY": "BUSY",
    "4": "BUSY",
    "FAILED": "FAILED",
    "2": "FAILED",
    "CONGESTION": "FAILED",
    "16": "FAILED",
    "CHANUNAVAIL": "FAILED",
    "CANCEL": "CANCELLED",
    "CANCELLED": "CANCELLED",
    "CANCELED": "CANCELLED",
    "VOICEMAIL": "VOICEMAIL",  # in reports of Yeastar
}
#: Longer than any call; a longer duration is damaged.
_LONGEST = 366 * 24 * 3600 * SECOND
_FRACTION = re.compile(r"(\d{1,9})[.,](\d{1,9})$")
#: Applications that put the channel into a conference.
_ROOMS = frozenset({"confbridge", "meetme", "page", "konference", "conference"})
#: Dial's options by which the callee is asked first whether he accepts the call.
_ASKS = frozenset("UMpP")
#: What the record of a dialled channel has as the data of an application.
_CALLED = "(Outgoing Line)"
#: Caller ids without a name.
_NUMBER = re.compile(r"[-+*#.()\s\d]*$")


class CdrRecord:
    """One record, checked; times and seconds are in microseconds.

    Attributes
    ----------
    owner : str
        The channel of the record, or its uniqueid if the file has no channel names.
    answer, billsec : int or None
        The values of the file, whatever the disposition.
    billed : int or None
        When `billsec` began; None if the channel was not answered.
    answered : bool
        Whether its disposition is ANSWERED.
    called : bool
        Whether the channel was dialled, and did not dial itself.
    is_login : bool
        Whether an agent waits on the channel for calls, so that it is not a party.
    of_agent : bool
        Whether the channel was connected with an agent's, which changes its linkedid.
    endless : bool
        Whether its end is unknown; then `end` is the earliest possible one.
    in_queue, in_room : bool
        Whether it waited in a queue, or was in a conference.
    place : int
        Its place in the file.

    Raises
    ------
    ValueError
        If it cannot be a record.
    """

    __slots__ = (
        "answer",
        "answered",
        "app",
        "billed",
        "billsec",
        "called",
        "channel",
        "data",
        "disposition",
        "dst",
        "dstchannel",
        "either",
        "end",
        "endless",
        "in_queue",
        "in_room",
        "is_login",
        "linkedid",
        "of_agent",
        "owner",
        "place",
        "record",
        "sequence",
        "server",
        "src",
        "start",
        "uniqueid",
    )

    def __init__(self, record: Mapping[str, Any], clock: Clock, place: int) -> None:
        self.record = record
        self.place = place
        self.server = text_of(record, "server")
        self.linkedid = text_of(record, "linkedid")
        self.uniqueid = text_of(record, "uniqueid")
        self.either = text_of(record, EITHER)
        self.channel = _channel(record, "channel")
        self.dstchannel = _channel(record, "dstchannel")
        self.owner = self.channel or self.uniqueid or f"record {place}"
        self.src = text_of(record, "src") or text_of(record, "cnum")
        self.dst = text_of(record, "dst")
        self.app = (text_of(record, "lastapp") or "").lower()
        self.data = text_of(record, "lastdata") or ""
        if "," not in self.data:  # Asterisk up to 1.4 writes bars between arguments
            self.data = self.data.replace("|", ",")
        sequence = text_of(record, "sequence") or ""
        self.sequence = int(sequence) if sequence.isdecimal() and len(sequence) < 19 else 0
        self.disposition = _disposition(record)
        self.answered = self.disposition == "ANSWERED"
        self.called = self.data == _CALLED
        self.is_login = self.app == "agentlogin"
        self.of_agent = self.is_login or self.app == "agentrequest"
        self.in_queue = self.app == "queue"
        self.in_room = self.app in _ROOMS
        known = self.uniqueid or self.either
        near, length = born(known), _seconds(record, "duration")
        if near is None and length is not None:
            near = (clock.read(record.get("end")) or length) - length
        start = clock.read(record.get("start"), near)
        if start is None:
            raise ValueError("it has no start")
        clock.witness(start, known)
        self.start = start
        self.billsec = _seconds(record, "billsec")
        end = clock.read(record.get("end"), start + (length or 0))
        # A report that only has the seconds of talk tells the earliest possible end.
        self.endless = end is None and length is None
        if self.endless and self.billsec is None:
            raise ValueError("it has neither an end nor a duration")
        least = self.billsec if length is None else length
        self.end = start + (least or 0) if end is None else end
        if self.end < start:
            raise ValueError("it ends before it starts")
        if self.billsec is not None and self.billsec > self.end - start + SECOND:
            raise ValueError("its billsec is longer than its duration")
        self.answer = clock.read(record.get("answer"), self.end - (self.billsec or 0))
        if self.answer is not None and self.answer > self.end + SECOND:
            raise ValueError("its answer is after its end")
        # Some files have no column for the time of the answer.
        has_billsec = self.billsec is not None and not self.endless
        if self.answer is None and has_billsec and (self.billsec or self.answered):
            self.answer = max(start, self.end - (self.billsec or 0))
        self.billed = self.answer
        if self.answer is not None and self.billsec is not None and not self.endless:
            begun = self.end - self.billsec
            # Both are cut to whole seconds.
            self.billed = self.answer if abs(begun - self.answer) <= SECOND else begun

    @property
    def rank(self) -> tuple[int, ...]:
        """The sort key of records of one moment: a channel's record that ended first comes first.

        For records that begin and end in the same second, their place in the file decides.
        """
        return self.sequence, self.start, self.end, self.place

    @property
    def unbilled(self) -> bool:
        """Whether it is unknown for how long its channel was up, or whether it was up at all."""
        if self.billsec is not None or self.answer is not None:
            return False
        return self.answered or "answer" not in self.record

    @property
    def after(self) -> bool:
        """Whether the record is of what the dialplan did after the end of the call."""
        return self.dst == "h" and self.dstchannel is None

    @property
    def room(self) -> str | None:
        """The name of the conference."""
        named = self.in_room and self.app != "page"
        return self.data.partition(",")[0] or None if named else None

    @property
    def queue(self) -> str | None:
        """The name of the queue."""
        return self.data.partition(",")[0] or None if self.in_queue else None

    @property
    def options(self) -> str:
        """The letters of the options of Dial or Queue, without their arguments: U for U(x)."""
        return options_of(self.app, self.data)

    @property
    def asks(self) -> bool:
        """Whether Dial asked the person who answered whether he accepts the call."""
        return self.app == "dial" and bool(_ASKS & set(self.options))

    @property
    def parts(self) -> bool:
        """Whether Dial sent caller and callee to different places when the callee answered."""
        return self.app == "dial" and "G" in self.options

    @property
    def name(self) -> str | None:
        """The name of its caller."""
        return name_of(text_of(self.record, "clid")) or text_of(self.record, "cnam")


def _channel(record: Mapping[str, Any], name: str) -> str | None:
    """Return a channel's name; of Local channels Asterisk 1.4 has ``,1`` and ``,2`` for halves."""
    channel = text_of(record, name)
    if channel is not None and channel.startswith("Local/") and channel[-2:] in (",1", ",2"):
        return f"{channel[:-2]};{channel[-1]}"
    return channel


def _disposition(record: Mapping[str, Any]) -> str:
    word = (text_of(record, "disposition") or "").strip().upper()
    if word not in _DISPOSITIONS:
        raise ValueError(f"its disposition {word!r} is unknown")
    found = _DISPOSITIONS[word]
    gave_up = found != "ANSWERED" and text_of(record, "dialstatus") == "CANCEL"
    return "CANCELLED" if gave_up else found


def _seconds(record: Mapping[str, Any], name: str) -> int | None:
    whole = whole_of(record, name)
    if whole is None:
        return None
    value = whole * SECOND
    parts = _FRACTION.match((text_of(record, name) or "").strip())
    if parts and int(parts[1]) == whole:
        value = round(float(f"{whole}.{parts[2]}") * SECOND)
    if value > _LONGEST:
        raise ValueError(f"its {name} is {whole} seconds, which is longer than any call")
    return value


def name_of(clid: str | None) -> str | None:
    """Return the name in a caller id, such as ``"Door" <200>``; None if it is a number alone."""
    text = (clid or "").strip()
    body = text.removesuffix('"').rstrip()
    if body.endswith(">") and "<" in body:
        name = body[: body.rindex("<")]
    elif _NUMBER.match(text):
        return None
    else:
        name = text
    name = re.sub(r"\\(.)", r"\1", name.strip())
    if _quoted(name):
        name = name[1:-1]
    name = name.replace('""', '"')
    # Some files are quoted twice, and some once in the middle.
    if name.count('"') % 2 or (_quoted(name) and name.count('"') == 2):
        name = name.strip('"')
    return name.strip() or None


def _quoted(text: str) -> bool:
    return len(text) > 1 and text[0] == text[-1] == '"'
