"""What the headers of events are called as columns, and which of them have one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ast_notebook.ami import plain_name

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
# The headers that most events of a telephone system carry, each with a column of its own;
# all others share one column of pairs, and come apart again in a frame.
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

    Lines that are no header (what a command printed) are left out.
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
    """Split the few lines that have no space behind their colon, and leave out those without."""
    fixed = parts.to_pylist()
    for number in np.flatnonzero(lengths != 2).tolist():
        fixed[number] = fixed[number][0].split(":", 1) if fixed[number] else []
    kept = [number for number, part in enumerate(fixed) if len(part) == 2]
    return pa.array([fixed[number] for number in kept], pa.list_(pa.string())), rows[kept]


def first_only(names: list[str], codes: Places, rows: Places) -> tuple[list[str], Places]:
    """Give another name to an ``Event`` or ``Timestamp`` that is not its event's first.

    What a dialplan sends with UserEvent may be named so, too.
    """
    for name in ("event", "timestamp"):
        if name in names:
            where = np.flatnonzero(codes == names.index(name))
            further = where[1:][np.diff(rows[where]) == 0]
            if len(further):
                names, codes = _beside(names, codes, further)
    return names, codes


def by_dialplan(names: list[str], codes: Places, rows: Places) -> tuple[list[str], Places]:
    """Give another name to what a UserEvent brings of a dialplan's under a name of Asterisk's.

    Asterisk's own headers come first, then ``UserEvent``, and then those of the dialplan.
    """
    if "userevent" not in names:
        return names, codes
    begins = np.flatnonzero(codes == names.index("userevent"))[::-1]
    begin = np.full(int(rows[-1]) + 1, len(codes))
    begin[rows[begins]] = begins  # the first of them is written last
    behind = np.arange(len(codes)) > begin[rows]
    count = len(names)
    both = np.bincount(codes[behind], minlength=count) * np.bincount(
        codes[~behind], minlength=count
    )
    further = [np.zeros(0, np.int64)]
    for code in np.flatnonzero(both).tolist():
        lines = np.flatnonzero(codes == code)
        is_late = behind[lines]
        late = lines[is_late]
        further.append(late[np.isin(rows[late], rows[lines[~is_late]])])
    if "timestamp" in names:  # Asterisk may send none; the dialplan's says nothing of when it was
        further.append(np.flatnonzero(behind & (codes == names.index("timestamp"))))
    found = np.unique(np.concatenate(further))
    return _beside(names, codes, found) if len(found) else (names, codes)


def numbers_only(
    names: list[str], codes: Places, order: Places, values: pa.Array
) -> tuple[list[str], Places]:
    """Give another name to a text where there are numbers: it costs that one value its column."""
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
    codes = codes.copy()
    for code in np.unique(codes[lines]).tolist():
        other = f"header_{names[code]}"
        names = names if other in names else [*names, other]
        codes[lines[codes[lines] == code]] = names.index(other)
    return names, codes
