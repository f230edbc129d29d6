"""The names of columns: Asterisk's own, and those of tables and of products based on Asterisk."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


#: The columns that calls are made of, by Asterisk's own names.
KNOWN: dict[str, tuple[str, ...]] = {
    "cdr": _words(
        "accountcode src dst dcontext clid channel dstchannel lastapp lastdata start answer end "
        "duration billsec disposition amaflags uniqueid userfield peeraccount linkedid sequence "
        "cnum cnam did recording server dialstatus hangupcause date time"
    ),
    "cel": _words(
        "eventtype eventtime cid_name cid_num cid_ani cid_rdnis cid_dnid exten context channame "
        "appname appdata amaflags accountcode uniqueid linkedid peer userfield userdeftype extra "
        "eventenum peeraccount server"
    ),
    "queue_log": _words(
        "time callid queuename agent event data data1 data2 data3 data4 data5 server"
    ),
}
#: Other names for them, in lower case and without what is neither letter nor digit: those of
#: FreePBX, Issabel, Grandstream's UCM, Yeastar, QueueMetrics, and of Asterisk's sample files.
_ALSO: dict[str, dict[str, str]] = {
    "cdr": {
        "calldate": "start",
        "callstart": "start",
        "date": "start",
        "datetime": "start",
        "startdate": "start",
        "starttime": "start",
        "time": "start",
        "timestart": "start",
        "answerdate": "answer",
        "answertime": "answer",
        "enddate": "end",
        "endtime": "end",
        "hangupdate": "end",
        "hanguptime": "end",
        "stoptime": "end",
        "callduraction": "duration",
        "callduration": "duration",
        "calldurations": "duration",
        "calltime": "duration",
        "billable": "billsec",
        "billedseconds": "billsec",
        "billseconds": "billsec",
        "talkduraction": "billsec",
        "talkduration": "billsec",
        "talkdurations": "billsec",
        "talktime": "billsec",
        "callstatus": "disposition",
        "status": "disposition",
        "account": "accountcode",
        "acctcode": "accountcode",
        "context": "dcontext",
        "callerid": "clid",
        "callernumber": "src",
        "callfrom": "src",
        "source": "src",
        "srcnum": "src",
        "callednumber": "dst",
        "calleenumber": "dst",
        "callto": "dst",
        "destination": "dst",
        "dstnum": "dst",
        "sourcechannel": "channel",
        "srcchan": "channel",
        "srcchannel": "channel",
        "destchannel": "dstchannel",
        "destinationchannel": "dstchannel",
        "dstchan": "dstchannel",
        "callid": "uniqueid",
        "callername": "cnam",
        "didnumber": "did",
        "loguserfield": "userfield",
        "recordfiles": "recording",
        "recordingfile": "recording",
        "systemname": "server",
    },
    "cel": {
        "acctcode": "accountcode",
        "ani": "cid_ani",
        "application": "appname",
        "bridgepeer": "peer",
        "channel": "channame",
        "dnid": "cid_dnid",
        "eventextra": "extra",
        "name": "cid_name",
        "num": "cid_num",
        "peeracct": "peeraccount",
        "rdnis": "cid_rdnis",
        "servername": "server",
    },
    "queue_log": {
        "qagent": "agent",
        "qevent": "event",
        "qname": "queuename",
        "queue": "queuename",
        "timeid": "time",
        "verb": "event",
    },
}
#: The necessary columns of each kind: a record has at least one name of each group.
_NEEDED: dict[str, tuple[tuple[str, ...], ...]] = {
    "cdr": (("start",), ("disposition",), ("duration", "end", "billsec")),
    "cel": (("eventtype",), ("eventtime",), ("uniqueid",)),
    "queue_log": (("time",), ("callid",), ("event",)),
}
_PARTIES = {"src", "dst", "clid", "channel", "dstchannel"}
#: The columns with moments and with numbers; they tell a record from other lines.
TIMES = {"cdr": ("start", "answer", "end"), "cel": ("eventtime",), "queue_log": ("time",)}
NUMBERS: dict[str, tuple[str, ...]] = {
    "cdr": ("duration", "billsec"),
    "cel": (),
    "queue_log": (),
}
#: Texts by which databases and their exports write a missing value.
_NOTHING = frozenset(("", "NULL", "null", r"\N", "(NULL)", "(null)", "[NULL]", "<null>", "<NULL>"))
_IN_CLID = re.compile(r"<([^<>]*)>$")


@lru_cache(maxsize=1024)
def plain(name: str) -> str:
    """Return a column's name as names are compared: in lower case, letters and digits only."""
    return re.sub(r"[\W_]+", "", name.casefold())


_PLAIN = {kind: {plain(name): name for name in known} for kind, known in KNOWN.items()}


def rename(kind: str, columns: Iterable[str]) -> list[str]:
    """Return our names of the columns of a table or header line; unknown ones in lower case."""
    given = list(columns)
    bare = [plain(column) for column in given]
    also = dict(_ALSO[kind])
    if kind == "cdr":
        if {"date", "time"} <= set(bare):
            del also["date"], also["time"]
        if {"srcchannel", "status", "duration"} <= set(bare) and "billsec" not in bare:
            also["duration"] = "billsec"  # Issabel's and Elastix's reports: `125s (2m 5s)`
    return [
        also.get(name) or _PLAIN[kind].get(name) or column.strip().lower()
        for name, column in zip(bare, given, strict=True)
    ]


def lacking(kind: str, names: Collection[str]) -> list[str]:
    """Return the necessary columns of a kind that are not among these names."""
    there = {"start", *names} if {"date", "time"} <= set(names) else set(names)
    return [" or ".join(some) for some in _NEEDED[kind] if not there & set(some)]


def kind_of(columns: Sequence[str]) -> str | None:
    """Return the kind of log that has columns of these names; None if it is unknown."""
    for kind in ("cel", "queue_log", "cdr"):
        names = rename(kind, columns)
        if lacking(kind, names) or (kind == "cdr" and not _PARTIES & set(names)):
            continue
        return kind
    return None


def value_of(value: Any) -> Any:
    """Return a field's value; None if its text means a missing value."""
    if isinstance(value, str):
        text = value.strip()
        return None if text in _NOTHING else text
    if isinstance(value, bytes | bytearray | memoryview):
        return value_of(bytes(value).decode("utf-8", "replace"))
    return value


class Shape:
    """Makes records of rows of values.

    If several columns mean the same, the first one with a value counts. A column with Asterisk's
    own name comes before the others.

    Parameters
    ----------
    kind : str
        ``cdr``, ``cel`` or ``queue_log``.
    columns : sequence of str
        The columns' names as they are found.
    given : mapping or sequence of str, optional
        Our names for them, as the user gave them.
    """

    def __init__(
        self,
        kind: str,
        columns: Sequence[str],
        given: Mapping[str, str] | Sequence[str] | None = None,
    ) -> None:
        self.kind = kind
        self.names = rename(kind, columns)
        if isinstance(given, Mapping):
            ours = {plain(theirs): rename(kind, [name])[0] for theirs, name in given.items()}
            # If the user names a column, no other column has that name.
            self.names = [
                ours.get(plain(column)) or (f"other {name}" if name in ours.values() else name)
                for column, name in zip(columns, self.names, strict=True)
            ]
        elif given is not None:
            self.names = rename(kind, given)
        self._prepare(columns)

    @classmethod
    def laid_out(cls, kind: str, names: Sequence[str]) -> Shape:
        """Return the shape of columns that have exactly these names, which are ours."""
        shape = cls(kind, ())
        shape.names = list(names)
        shape._prepare(names)
        return shape

    def _prepare(self, columns: Sequence[str]) -> None:
        kind = self.kind
        own = [
            plain(column) == plain(name) for column, name in zip(columns, self.names, strict=True)
        ]
        self._order = sorted(range(len(self.names)), key=lambda place: not own[place])
        self._several = len(set(self.names)) < len(self.names)
        self._joins = kind == "cdr" and "start" not in self.names and "date" in self.names
        self._parts = kind == "queue_log" and "data" in self.names
        self._numbers = kind == "cdr" and "src" not in self.names and "clid" in self.names

    def record(self, values: Sequence[Any]) -> dict[str, Any]:
        """Make a record of the values of a row."""
        cleaned = [value_of(value) for value in values]
        if self._several:
            record: dict[str, Any] = {}
            for place in self._order:
                name = self.names[place]
                if record.get(name) is None:
                    record[name] = cleaned[place]
        else:
            record = dict(zip(self.names, cleaned, strict=True))
        if self._joins and record["date"] is not None:
            record["start"] = f"{record['date']} {record.get('time') or ''}".strip()
        if self._parts and isinstance(record["data"], str):
            names = [f"data{number}" for number in range(1, 6)]
            if all(record.get(name) is None for name in names):
                parts = map(value_of, record["data"].split("|"))
                record |= dict(zip(names, parts, strict=False))
        if self.kind == "cdr":
            self._number(record)
        return record

    def _number(self, record: dict[str, Any]) -> None:
        """Separate number and name, if a report has both in the column of the number."""
        for name in ("src", "dst"):
            text = record.get(name)
            if isinstance(text, str) and text[-1] == ">" and (found := _IN_CLID.search(text)):
                record[name] = value_of(found[1])
                if name == "src":
                    record.setdefault("clid", text)
        if self._numbers and (found := _IN_CLID.search(str(record["clid"]))):
            record["src"] = value_of(found[1])
