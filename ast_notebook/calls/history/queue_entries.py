"""Entries of a queue_log: the fields of a line, and of a row in a table without names."""

from __future__ import annotations

from collections.abc import Sequence

PLAIN = [
    "time",
    "callid",
    "queuename",
    "agent",
    "event",
    "data1",
    "data2",
    "data3",
    "data4",
    "data5",
]
#: Words that a table of entries has only in its column of events.
_EVENTS = frozenset(
    (
        "ABANDON",
        "ADDMEMBER",
        "AGENTCALLBACKLOGIN",
        "AGENTCALLBACKLOGOFF",
        "AGENTDUMP",
        "AGENTLOGIN",
        "AGENTLOGOFF",
        "ATTENDEDTRANSFER",
        "BLINDTRANSFER",
        "COMPLETEAGENT",
        "COMPLETECALLER",
        "CONFIGRELOAD",
        "CONNECT",
        "DID",
        "ENTERQUEUE",
        "EXITEMPTY",
        "EXITWITHKEY",
        "EXITWITHTIMEOUT",
        "FULL",
        "JOINEMPTY",
        "JOINUNAVAIL",
        "PAUSE",
        "PAUSEALL",
        "PENALTY",
        "QUEUESTART",
        "REMOVEMEMBER",
        "RINGCANCELED",
        "RINGNOANSWER",
        "SYSCOMPAT",
        "TRANSFER",
        "UNPAUSE",
        "UNPAUSEALL",
        "WITHDRAW",
    )
)


def record_of(line: str) -> dict[str, str]:
    """Split a line of a queue_log into its fields.

    Raises
    ------
    ValueError
        If this is not a line of a queue_log.
    """
    parts = line.split("|")
    if len(parts) < 5:
        raise ValueError(
            f"it has {len(parts)} fields, but an entry of a queue_log has at least five"
        )
    return dict(zip(PLAIN, parts, strict=False))


def layout(record: Sequence[str]) -> list[str]:
    """Tell what the fields are of a table's row that somebody exported without names.

    Raises
    ------
    ValueError
        If this is not an entry of a queue_log.
    """
    place = next((n for n in (4, 5) if len(record) > n and record[n] in _EVENTS), None)
    if place is None:
        raise ValueError(f"its {len(record)} fields are not those of a queue_log's entry")
    more = record[place + 1 :]
    # Asterisk's realtime has all data in one column, or has that column and one for each value.
    whole = ["data"] if len(more) == 1 or (len(more) == 6 and "|" in more[0]) else []
    names = [*["id"][: place - 4], *PLAIN[:5], *whole, *PLAIN[5:]]
    return [*names, *(f"column{n}" for n in range(len(names), len(record)))][: len(record)]
