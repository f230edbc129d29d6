"""One call detail record, checked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ast_notebook.calls.history.clock import SECOND, Clock, born
from ast_notebook.calls.history.lines import text_of, whole_of

#: A column that is the uniqueid or the userfield: one line alone does not tell which.
EITHER = "uniqueid or userfield"
#: Asterisk's words and numbers for how a call went.
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
}
#: Longer than any call; a duration beyond it is a damaged one.
_LONGEST = 366 * 24 * 3600 * SECOND
_FRACTION = re.compile(r"(\d{1,9})[.,](\d{1,9})$")
#: Applications that put the channel into a conference.
_ROOMS = frozenset({"confbridge", "meetme", "page", "konference", "conference"})
#: Dial's options by which whoever answers is asked first.
_ASKS = frozenset("UMpP")
#: What a channel that was dialled has as its application's data.
_CALLED = "(Outgoing Line)"
#: What may be a caller id that has no name.
_NUMBER = re.compile(r"[-+*#.()\s\d]*$")


class Line:
    """One record, checked; times and seconds are in microseconds.

    Attributes
    ----------
    owner : str
        The channel that the record is of; its uniqueid where the file does not name it.
    answer, billsec : int or None
        As the file has them, whatever the disposition.
    billed : int or None
        When `billsec` began; None if the channel was not answered.
    answered : bool
        Whether its disposition is ANSWERED.
    called : bool
        Whether the channel was dialled, rather than one that dialled.
    at_desk : bool
        Whether the channel is one on which an agent waits: a place, and no party.
    of_agent : bool
        Whether the channel had to do with an agent's, which changes its linkedid.
    endless : bool
        Whether nothing tells when it ended; `end` is the earliest then.
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
        "at_desk",
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
        self.channel = text_of(record, "channel")
        self.dstchannel = text_of(record, "dstchannel")
        self.owner = self.channel or self.uniqueid or f"record {place}"
        self.src = text_of(record, "src") or text_of(record, "cnum")
        self.dst = text_of(record, "dst")
        self.app = (text_of(record, "lastapp") or "").lower()
        self.data = text_of(record, "lastdata") or ""
        sequence = text_of(record, "sequence") or ""
        self.sequence = int(sequence) if sequence.isdecimal() and len(sequence) < 19 else 0
        self.disposition = _disposition(record)
        self.answered = self.disposition == "ANSWERED"
        self.called = self.data == _CALLED
        self.at_desk = self.app == "agentlogin"
        self.of_agent = self.at_desk or self.app == "agentrequest"
        self.in_queue = self.app == "queue"
        self.in_room = self.app in _ROOMS
        known = self.uniqueid or self.either
        near, length = born(known), _seconds(record, "duration")
        if near is None and length is not None:
            near = (clock.read(record.get("end")) or length) - length
        start = clock.read(record.get("start"), near)
        if start is None:
            raise ValueError("no start")
        clock.witness(start, known)
        self.start = start
        self.billsec = _seconds(record, "billsec")
        end = clock.read(record.get("end"), start + (length or 0))
        # A report that has the seconds of talk only tells when it ended at the earliest.
        self.endless = end is None and length is None
        if self.endless and self.billsec is None:
            raise ValueError("neither an end nor a duration")
        least = self.billsec if length is None else length
        self.end = start + (least or 0) if end is None else end
        if self.end < start:
            raise ValueError("it ends before it starts")
        if self.billsec is not None and self.billsec > self.end - start + SECOND:
            raise ValueError("more is billed than it lasted")
        self.answer = clock.read(record.get("answer"), self.end - (self.billsec or 0))
        if self.answer is not None and self.answer > self.end + SECOND:
            raise ValueError("it was answered after its end")
        # Some files have no column for the time of the answer.
        told = self.billsec is not None and not self.endless
        if self.answer is None and told and (self.billsec or self.answered):
            self.answer = max(start, self.end - (self.billsec or 0))
        self.billed = self.answer
        if self.answer is not None and self.billsec is not None and not self.endless:
            begun = self.end - self.billsec
            # Whole seconds were cut off of each.
            self.billed = self.answer if abs(begun - self.answer) <= SECOND else begun

    @property
    def unbilled(self) -> bool:
        """Whether nothing tells for how long its channel was up, or that it was not."""
        if self.billsec is not None or self.answer is not None:
            return False
        return self.answered or "answer" not in self.record

    @property
    def after(self) -> bool:
        """Whether it is of what the dialplan does when the call is over."""
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
        """The letters of the options that Dial or Queue was given; with U(x), only the U."""
        part = 2 if self.app == "dial" else 1
        parts = self.data.split(",", part)
        text = re.sub(r"\([^()]*\)?", "", parts[part]) if len(parts) > part else ""
        return text.partition(",")[0]

    @property
    def asks(self) -> bool:
        """Whether Dial asked whoever answered if he takes the call."""
        return self.app == "dial" and bool(_ASKS & set(self.options))

    @property
    def name(self) -> str | None:
        """The name of its caller."""
        return name_of(text_of(self.record, "clid")) or text_of(self.record, "cnam")


def _disposition(record: Mapping[str, Any]) -> str:
    word = (text_of(record, "disposition") or "").strip().upper()
    if word not in _DISPOSITIONS:
        raise ValueError(f"an unknown disposition {word!r}")
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
        raise ValueError(f"{name} is {whole} seconds, longer than any call")
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
