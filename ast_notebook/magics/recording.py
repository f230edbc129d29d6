"""`%ast events` and `record`."""

from __future__ import annotations

import re

import pandas as pd
from IPython.core.error import UsageError

from ast_notebook.magics import values
from ast_notebook.magics.anonymizing import ANONYMIZE, KEEP_PREFIX, anonymizer, hidden
from ast_notebook.magics.command import Given, argument, command
from ast_notebook.magics.context import Context
from ast_notebook.magics.period import PERIOD, period
from ast_notebook.magics.status import MB
from ast_notebook.recording import Record
from ast_notebook.recording.archive import Archive

UNITS = {"": MB, "mb": MB, "gb": 1024 * MB}

_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([mg]b|)", re.IGNORECASE)


@command(
    "events",
    argument("--last", type=int, metavar="N", help="only the newest events, at most so many"),
    argument(
        "--event",
        nargs="+",
        default=[],
        action="extend",
        metavar="NAME",
        values=values.events,
        help="only events of these names",
    ),
    *PERIOD,
    argument("--device", values=values.devices, help="only events of this device and its channels"),
    ANONYMIZE,
    KEEP_PREFIX,
)
def events(context: Context, given: Given) -> pd.DataFrame:
    """Return the events so far as a DataFrame, newest last.

    The notebook shows their times, names, channels and main headers; the frame has more columns.
    Columns that are empty in all of these events are left out; sh.ast.events has all columns.

    In [1]: hangups = %ast events --since 10m --event Hangup --device 2222
    In [2]: hangups.groupby("cause-txt").size()
    """
    if given.last is not None and given.last < 0:
        raise UsageError("%ast events: --last counts events, from 0 on")
    if given.device is not None and not given.device.strip():
        raise UsageError("%ast events: --device: name a device, such as 200 or PJSIP/200")
    hiding = anonymizer(given)
    found = context.heard(given.pbx).select_events(
        given.event, **period(given), device=given.device, last=given.last
    )
    return hidden(found, hiding)


@command("record")
def record(context: Context, given: Given) -> Record:
    """Show how many events are kept, how much memory they take, and how many were dropped.

    In [1]: %ast record
    Out[1]: <Record of ast: 48,210 events in 21.3 MB, 0 dropped>
    """
    return context.heard(given.pbx).record


@command(
    "record budget",
    argument("size", metavar="SIZE", help="a size such as 512MB or 1GB; 512 means MB"),
)
def record_budget(context: Context, given: Given) -> Record:
    """Set how much memory the events may take; then the oldest ones are dropped and counted.

    In [1]: %ast record budget 512MB
    """
    match = _SIZE.fullmatch(given.size)
    if match is None:
        raise UsageError("%ast record budget: write a size such as 512MB or 1GB")
    kept = context.pbx(given.pbx).record
    kept.budget = float(match[1]) * UNITS[match[2].lower()]
    return kept


@command("record clear")
def record_clear(context: Context, given: Given) -> Record:
    """Forget the events kept so far.

    In [1]: %ast record clear
    """
    kept = context.pbx(given.pbx).record
    kept.clear()
    return kept


@command(
    "record to",
    argument(
        "place", metavar="FOLDER", path=True, help="a folder, or a URL such as s3://bucket/calls"
    ),
    argument("--days", type=int, metavar="N", help="remove files that are older than so many days"),
    ANONYMIZE,
    KEEP_PREFIX,
)
def record_to(context: Context, given: Given) -> Archive:
    """Keep every event on disk, too, from now on; the files survive the kernel.

    With --anonymize, only pseudonyms are written; with a stored key, they are the same each time.

    In [1]: %ast record to calls --days 90
    In [2]: %ast record to research --anonymize --keep-prefix 3
    """
    hiding = anonymizer(given)
    return context.pbx(given.pbx).record.to(given.place, given.days, anonymizer=hiding)
