"""Call detail records into calls: the lines that belong to one call become one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ast_notebook.calls.history.clock import SECOND, Clock, age, born
from ast_notebook.calls.history.growing import Growing, device, is_local, peer
from ast_notebook.calls.history.lines import text_of, whole_of

_COMMON = [
    "clid",
    "src",
    "dst",
    "dcontext",
    "channel",
    "dstchannel",
    "lastapp",
    "lastdata",
    "start",
    "answer",
    "end",
    "duration",
    "billsec",
    "disposition",
    "amaflags",
]
#: cdr_csv's order; what follows depends on cdr.conf.
PLAIN = ["accountcode", "src", "dst", "dcontext", "clid", *_COMMON[4:]]
#: cdr_custom's, as its sample file has it.
CUSTOM = [*_COMMON, "accountcode", "uniqueid", "userfield", "sequence"]
_NEW = ["peeraccount", "linkedid", "sequence"]
_UNIQUE = re.compile(r"(?:[\w.]+-)?\d{9,10}\.\d+$")
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
_NEAREST = ("CANCELLED", "NO ANSWER", "BUSY", "FAILED")
#: A channel's name that no other channel has while Asterisk runs.
_OWN_NAME = re.compile(r"-[0-9a-f]{8}(;\d)?$")
_CLID = re.compile(r'\s*"?(.*?)"?\s*<[^<>]*>\s*$')
#: Lines of one call follow each other closely, and are not written before it is over.
_TOUCH = 5 * SECOND
_OPEN = 6 * 3600 * SECOND


def layout(record: Sequence[str]) -> list[str]:
    """Tell what the fields of a line are.

    Raises
    ------
    ValueError
        If it is none of the lines that Asterisk writes by itself.
    """
    count = len(record)
    if 16 <= count <= 21 and _is_time(record[9]) and _is_time(record[11]):
        more = count - 16
        # Either uniqueid or userfield may be there alone, and the new columns with or without.
        if more == 1:
            return [*PLAIN, "uniqueid" if _UNIQUE.match(record[16]) else "userfield"]
        if more in (2, 5):
            return [*PLAIN, "uniqueid", "userfield", *(_NEW if more == 5 else [])]
        if more == 4:
            return [*PLAIN, "uniqueid" if _UNIQUE.match(record[16]) else "userfield", *_NEW]
        return [*PLAIN, *(_NEW if more == 3 else [])]
    if count >= 15 and _is_time(record[8]) and _is_time(record[10]):
        names = CUSTOM[:count]
        for number in range(len(names), count):
            found = _UNIQUE.match(record[number]) and "linkedid" not in names
            names.append("linkedid" if found else f"column{number}")
        return names
    raise ValueError(f"{count} fields that are no call detail record")


def _is_time(text: str) -> bool:
    return text[:4].isdecimal() and (text[4:5] == "-" or (len(text) > 8 and text[:9].isdecimal()))


class _Line:
    """One record, checked."""

    __slots__ = (
        "answer",
        "billsec",
        "channel",
        "disposition",
        "dstchannel",
        "end",
        "linkedid",
        "record",
        "start",
        "uniqueid",
    )

    def __init__(self, record: Mapping[str, Any], clock: Clock) -> None:
        self.record = record
        self.linkedid = text_of(record, "linkedid")
        self.uniqueid = text_of(record, "uniqueid")
        self.channel = text_of(record, "channel")
        self.dstchannel = text_of(record, "dstchannel")
        made = born(self.uniqueid)
        seconds = whole_of(record, "duration")
        self.billsec = whole_of(record, "billsec")
        start = clock.read(record.get("start"), made)
        if start is None:
            raise ValueError("no start")
        clock.witness(start, self.uniqueid)
        self.start = start
        length = None if seconds is None else seconds * SECOND
        end = clock.read(record.get("end"), start + (length or 0))
        if end is None and length is None:
            raise ValueError("neither an end nor a duration")
        self.end = start + (length or 0) if end is None else end
        if self.end < start:
            raise ValueError("it ends before it starts")
        if self.billsec is not None and self.billsec * SECOND > self.end - start + SECOND:
            raise ValueError("more is billed than it lasted")
        word = (text_of(record, "disposition") or "").upper()
        if word not in _DISPOSITIONS:
            raise ValueError(f"an unknown disposition {word!r}")
        self.disposition = _DISPOSITIONS[word]
        if text_of(record, "dialstatus") == "CANCEL" and self.disposition != "ANSWERED":
            self.disposition = "CANCELLED"
        answer = clock.read(record.get("answer"), self.end - (self.billsec or 0) * SECOND)
        if answer is None and self.disposition == "ANSWERED" and self.billsec is not None:
            answer = max(start, self.end - self.billsec * SECOND)
        self.answer = answer if self.disposition == "ANSWERED" else None

    @property
    def keys(self) -> Iterator[tuple[str, str]]:
        """By what it is known that another line is of the same call."""
        if self.linkedid is not None:
            yield "linkedid", self.linkedid
        if self.uniqueid is not None:
            yield "uniqueid", self.uniqueid
        for name in (self.channel, self.dstchannel):
            if name is not None and _OWN_NAME.search(name):
                yield "channel", name.removesuffix(";1").removesuffix(";2")


class _Group:
    """The lines that are one call so far."""

    __slots__ = ("end", "keys", "lines", "start")

    def __init__(self) -> None:
        self.lines: list[_Line] = []
        self.keys: set[tuple[str, str]] = set()
        self.start = self.end = 0

    def take(self, lines: Sequence[_Line]) -> None:
        self.lines += lines
        self.start = min(line.start for line in self.lines)
        self.end = max(line.end for line in self.lines)


class Cdr:
    """Makes calls of records, whatever order they come in within six hours.

    Parameters
    ----------
    clock : Clock
        What reads the times.
    calls : Growing
        Where the calls go.
    """

    def __init__(self, clock: Clock, calls: Growing) -> None:
        self._clock = clock
        self._calls = calls
        self._groups: dict[tuple[str, str], _Group] = {}
        self._all: dict[int, _Group] = {}
        self._count = 0
        self._newest = 0

    def add(self, record: Mapping[str, Any]) -> None:
        """Take a record.

        Raises
        ------
        ValueError
            If it cannot be one.
        """
        line = _Line(record, self._clock)
        keys = set(line.keys)
        group = _Group()
        for key in keys:
            other = self._groups.get(key)
            if other is None or other is group:
                continue
            if key[0] == "channel" and not self._touch(other, line):
                continue
            if len(other.lines) > len(group.lines):
                group, other = other, group
            self._join(group, other)
        group.take([line])
        group.keys |= keys
        for key in keys:
            self._groups[key] = group
        self._all[id(group)] = group
        self._newest = max(self._newest, line.end)
        self._count += 1
        if self._count % 10_000 == 0:
            self._give([one for one in self._all.values() if one.end < self._newest - _OPEN])

    @staticmethod
    def _touch(group: _Group, line: _Line) -> bool:
        return line.start <= group.end + _TOUCH and group.start <= line.end + _TOUCH

    def _join(self, group: _Group, other: _Group) -> None:
        if other.lines:
            group.take(other.lines)
            group.keys |= other.keys
            for key in other.keys:
                self._groups[key] = group
            self._all.pop(id(other), None)

    def finish(self) -> None:
        """Take it that no further record comes."""
        self._give(list(self._all.values()))

    def _give(self, groups: list[_Group]) -> None:
        for group in groups:
            del self._all[id(group)]
            for key in group.keys:
                if self._groups.get(key) is group:
                    del self._groups[key]
            self._calls.add(*_call(group))


def _call(group: _Group) -> tuple[dict[str, Any], str | None, str | None]:
    lines = sorted(group.lines, key=lambda line: (line.start, _sequence(line)))
    first = lines[0].record
    channel = lines[0].channel
    taken = [line for line in lines if line.disposition == "ANSWERED"]
    talked = [line for line in taken if line.dstchannel]
    own = [line for line in taken if line.channel == channel]
    ids = [known for line in lines if (known := line.linkedid or line.uniqueid)]
    name = _CLID.match(text_of(first, "clid") or "")
    queues = [line.record for line in lines if text_of(line.record, "lastapp") == "Queue"]
    callee = _callee(talked)
    dialled = text_of(first, "dst")
    call = {
        "call": min(ids, key=age) if ids else channel,
        "server": text_of(first, "server"),
        "start": group.start,
        "answered": min((line.answer for line in talked if line.answer is not None), default=None),
        "end": group.end,
        "billsec": _billed(own, taken),
        "caller": text_of(first, "src") or text_of(first, "cnum"),
        "caller_name": (name[1] or None) if name else text_of(first, "cnam"),
        "dialled": None if dialled in ("s", "h") else dialled,
        "answered_by": peer(device(callee)),
        "answered_device": None if is_local(callee) else device(callee),
        "disposition": _disposition(lines, talked, taken),
        "cause": whole_of(first, "hangupcause") if _is_whole(first, "hangupcause") else None,
        "queue": (text_of(queues[0], "lastdata") or "").partition(",")[0] or None
        if queues
        else None,
        "recording": next(filter(None, (text_of(one.record, "recording") for one in lines)), None),
    }
    did = text_of(first, "did")
    if did is not None:
        call["did"] = did
    return call, channel, callee or lines[-1].dstchannel


def _callee(talked: list[_Line]) -> str | None:
    """Return the channel that answered first, a real one if there is."""
    channels = [line.dstchannel for line in sorted(talked, key=_answer)]
    return next((one for one in channels if not is_local(one)), next(iter(channels), None))


def _answer(line: _Line) -> int:
    return line.answer or line.end


def _sequence(line: _Line) -> int:
    text = text_of(line.record, "sequence") or ""
    return int(text) if text.isdecimal() else 0


def _is_whole(record: Mapping[str, Any], name: str) -> bool:
    return (text_of(record, name) or "").isdecimal()


def _billed(own: list[_Line], taken: list[_Line]) -> int:
    """Return microseconds from the answer of the channel that the call began with to its end."""
    lines = own or taken
    if not lines:
        return 0
    if len(lines) == 1 and lines[0].billsec is not None:
        return lines[0].billsec * SECOND
    return max(line.end for line in lines) - min(_answer(line) for line in lines)


def _disposition(lines: list[_Line], talked: list[_Line], taken: list[_Line]) -> str:
    if talked:
        return "ANSWERED"
    if taken:
        last = (text_of(taken[-1].record, "lastapp") or "").lower()
        return {"voicemail": "VOICEMAIL", "queue": "ABANDONED"}.get(last, "IVR")
    found = {line.disposition for line in lines}
    return next(word for word in _NEAREST if word in found)
