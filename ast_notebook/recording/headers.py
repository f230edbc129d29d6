"""The names of columns for the headers of events, and which headers have a column."""

from __future__ import annotations

from collections.abc import Sequence
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


def named(sent: Sequence[str], codes: Places) -> tuple[list[str], Places]:
    """Return the names of the columns, and the code of each line's name.

    Parameters
    ----------
    sent : sequence of str
        The different names of headers, as they were sent.
    codes : numpy.ndarray
        The name of each line, as a place in `sent`.
    """
    heard = map(plain_name, sent)
    wanted = [f"header_{name}" if name in _TAKEN else name for name in heard]
    names = list(dict.fromkeys(wanted))
    code_of = {name: code for code, name in enumerate(names)}
    same = np.array([code_of[name] for name in wanted], np.int32)
    return names, same[codes]


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
    has_one = np.zeros(int(rows[-1]) + 1, bool)
    has_one[rows[codes == names.index("userevent")]] = True
    lines = np.flatnonzero(has_one[rows])
    found = lines[_misplaced(names, codes[lines], rows[lines])]
    return _beside(names, codes, found) if len(found) else (names, codes)


def _misplaced(names: list[str], codes: Places, rows: Places) -> Places:
    """Return which lines of events with a ``UserEvent`` header may not keep their names."""
    begins = np.flatnonzero(codes == names.index("userevent"))[::-1]
    begin = np.zeros(int(rows[-1]) + 1, np.int64)
    begin[rows[begins]] = begins  # so that the first of them is written last
    places = np.arange(len(codes))
    behind = places > begin[rows]
    strange = np.array([name not in BEFORE_THE_DIALPLAN for name in names], bool)[codes]
    strange &= places < begin[rows]
    first = ~behind & ~strange
    count = len(names)
    both = np.bincount(codes[behind], minlength=count) * np.bincount(codes[first], minlength=count)
    shared = both[codes] > 0
    late, early = np.flatnonzero(behind & shared), np.flatnonzero(first & shared)
    headers = rows.astype(np.int64) * count + codes
    further = [late[np.isin(headers[late], headers[early])], np.flatnonzero(strange)]
    if "timestamp" in names:  # Asterisk may send none; a dialplan's does not tell the time
        further.append(np.flatnonzero(behind & (codes == names.index("timestamp"))))
    return np.unique(np.concatenate(further))


def numbers_only(
    names: list[str], codes: Places, order: Places, words: pa.StringArray, values: Places
) -> tuple[list[str], Places]:
    """Rename a header of `NUMBERS` where its value is a text; its other values keep the name."""
    ends = np.cumsum(np.bincount(codes, minlength=len(names)))
    for code, name in enumerate(list(names)):
        if name in NUMBERS:
            where = order[ends[code - 1] if code else 0 : ends[code]]
            heard = np.unique(values[where])
            fits = pc.match_substring_regex(words.take(pa.array(heard)), _NUMBER)
            if not pc.all(fits).as_py():
                odd = heard[~fits.to_numpy(zero_copy_only=False)]
                names, codes = _beside(names, codes, where[np.isin(values[where], odd)])
    return names, codes


def _beside(names: list[str], codes: Places, lines: Places) -> tuple[list[str], Places]:
    """Rename the headers on some lines from NAME to ``header_NAME``.

    It returns all names of headers, and for each line the place of its name among them.
    """
    code_of = {name: code for code, name in enumerate(names)}
    beside = np.arange(len(names), dtype=codes.dtype)
    for code in np.unique(codes[lines]).tolist():
        beside[code] = code_of.setdefault(f"header_{names[code]}", len(code_of))
    codes = codes.copy()
    codes[lines] = beside[codes[lines]]
    return list(code_of), codes
