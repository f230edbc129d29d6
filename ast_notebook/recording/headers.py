"""The names of columns for the headers of events, and which headers have a column."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ast_notebook.ami import BEFORE_THE_DIALPLAN, plain_name

Places = np.ndarray[Any, Any]

IDS = (
    "channel",
    "uniqueid",
    "linkedid",
    "destchannel",
    "destuniqueid",
    "destlinkedid",
    "bridgeuniqueid",
)
# The headers that most events of a telephone system have, each with a column of its own. All others
# share one column of pairs, and are separated again in a frame.
PROMOTED = (
    *IDS,
    "privilege",
    "channelstate",
    "channelstatedesc",
    "calleridnum",
    "calleridname",
    "connectedlinenum",
    "connectedlinename",
    "language",
    "accountcode",
    "context",
    "exten",
    "priority",
    "application",
    "appdata",
    "cause",
    "cause-txt",
    "dialstatus",
    "destcalleridnum",
    "destcalleridname",
    "destexten",
    "destcontext",
    "bridgetype",
    "bridgetechnology",
    "bridgenumchannels",
    "variable",
    "value",
    "device",
    "state",
    "mailbox",
    "queue",
    "interface",
    "membername",
    "position",
    "userevent",
    "source",
    "destination",
)
NUMBERS = frozenset(
    (
        "billableseconds",
        "bridgenumchannels",
        "callstaken",
        "cause",
        "channelstate",
        "count",
        "duration",
        "holdtime",
        "new",
        "old",
        "originalposition",
        "pid",
        "position",
        "priority",
        "ringtime",
        "talktime",
        "urgent",
        "wait",
    )
)
_NUMBER = r"^(-?[0-9]{1,18}|<unknown>)?$"
OWN = frozenset(("received", "time", "server", "event", "extra"))

_TAKEN = OWN - {"event"}


def named(parts: pa.ListArray, rows: Places) -> tuple[list[str], Places, Places, pa.ListArray]:
    """Return the names of the columns, and the code of each line's name.

    Lines that are not headers (output of a command) are left out.
    """
    lengths = pc.list_value_length(parts).to_numpy()
    if (lengths != 2).any():
        parts, rows = _odd(parts, lengths, rows)
    keys = pc.list_element(parts, 0).dictionary_encode()
    heard = [plain_name(name) for name in keys.dictionary.to_pylist()]
    wanted = [f"header_{name}" if name in _TAKEN else name for name in heard]
    names = list(dict.fromkeys(wanted))
    code_of = {name: code for code, name in enumerate(names)}
    same = np.array([code_of[name] for name in wanted], np.int32)
    codes = same[keys.indices.to_numpy()] if heard else np.zeros(0, np.int32)
    return names, codes, rows, parts


def _odd(parts: pa.ListArray, lengths: Places, rows: Places) -> tuple[pa.ListArray, Places]:
    """Split the few lines with no space behind the colon, and leave out those with no colon."""
    fixed = parts.to_pylist()
    for number in np.flatnonzero(lengths != 2).tolist():
        fixed[number] = fixed[number][0].split(":", 1) if fixed[number] else []
    kept = [number for number, part in enumerate(fixed) if len(part) == 2]
    return pa.array([fixed[number] for number in kept], pa.list_(pa.string())), rows[kept]


def first_only(names: list[str], codes: Places, rows: Places) -> tuple[list[str], Places]:
    """Rename an ``Event`` or ``Timestamp`` that is not the first one of its event.

    A dialplan may send such headers with a UserEvent, too.
    """
    for name in ("event", "timestamp"):
        if name in names:
            where = np.flatnonzero(codes == names.index(name))
            further = where[1:][np.diff(rows[where]) == 0]
            if len(further):
                names, codes = _beside(names, codes, further)
    return names, codes


def by_dialplan(names: list[str], codes: Places, rows: Places) -> tuple[list[str], Places]:
    """Rename headers that a dialplan adds to a UserEvent, if Asterisk sends headers of their names.

    Asterisk's own headers come first, then ``UserEvent``, and then those of the dialplan. A header
    before ``UserEvent`` that Asterisk does not send was written by a caller, and is renamed, too.
    """
    if "userevent" not in names:
        return names, codes
    begins = np.flatnonzero(codes == names.index("userevent"))[::-1]
    begin = np.full(int(rows[-1]) + 1, len(codes))
    begin[rows[begins]] = begins  # so that the first of them is written last
    places = np.arange(len(codes))
    behind = places > begin[rows]
    strange = np.array([name not in BEFORE_THE_DIALPLAN for name in names], bool)[codes]
    strange &= (places < begin[rows]) & (begin[rows] < len(codes))
    first = ~behind & ~strange
    count = len(names)
    both = np.bincount(codes[behind], minlength=count) * np.bincount(codes[first], minlength=count)
    shared = both[codes] > 0
    late, early = np.flatnonzero(behind & shared), np.flatnonzero(first & shared)
    headers = rows.astype(np.int64) * count + codes
    further = [late[np.isin(headers[late], headers[early])], np.flatnonzero(strange)]
    if "timestamp" in names:  # Asterisk may send none; a dialplan's does not tell the time
        further.append(np.flatnonzero(behind & (codes == names.index("timestamp"))))
    found = np.unique(np.concatenate(further))
    return _beside(names, codes, found) if len(found) else (names, codes)


def numbers_only(
    names: list[str], codes: Places, order: Places, values: pa.Array
) -> tuple[list[str], Places]:
    """Rename a header of `NUMBERS` where its value is a text; its other values keep the name."""
    ends = np.cumsum(np.bincount(codes, minlength=len(names)))
    for code, name in enumerate(list(names)):
        if name in NUMBERS:
            where = order[ends[code - 1] if code else 0 : ends[code]]
            texts = values.take(pa.array(where)).dictionary_encode()
            fits = pc.match_substring_regex(texts.dictionary, _NUMBER)
            if not pc.all(fits).as_py():
                odd = ~fits.take(texts.indices).to_numpy(zero_copy_only=False)
                names, codes = _beside(names, codes, where[odd])
    return names, codes


def _beside(names: list[str], codes: Places, lines: Places) -> tuple[list[str], Places]:
    """Give lines the name ``header_NAME`` in place of their own."""
    code_of = {name: code for code, name in enumerate(names)}
    beside = np.arange(len(names), dtype=codes.dtype)
    for code in np.unique(codes[lines]).tolist():
        beside[code] = code_of.setdefault(f"header_{names[code]}", len(code_of))
    codes = codes.copy()
    codes[lines] = beside[codes[lines]]
    return list(code_of), codes
