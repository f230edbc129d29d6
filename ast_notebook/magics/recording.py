"""`%ast events` and `record`."""

from __future__ import annotations

import argparse
import re
from typing import TYPE_CHECKING

import pandas as pd
from IPython.core.error import UsageError

from ast_notebook.live import is_of
from ast_notebook.magics import values
from ast_notebook.magics.anonymizing import ANONYMIZE, KEEP_PREFIX, anonymizer
from ast_notebook.magics.command import Given, argument, command
from ast_notebook.magics.status import MB
from ast_notebook.recording import Record
from ast_notebook.recording.archive import Archive

if TYPE_CHECKING:
    from ast_notebook.magics.astmagics import AstMagics

FIRST_COLUMNS = 7  # received, time, server, event, channel, uniqueid, linkedid: always there
UNITS = {"": MB, "mb": MB, "gb": 1024 * MB}
SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}

_SPAN = re.compile(r"(\d+(?:\.\d+)?)\s*(s|sec|m|min|h|d|days?)")
_CLOCK = re.compile(r"\d{1,2}:\d{2}(:\d{2})?")
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([mg]b|)", re.IGNORECASE)


def _since(text: str) -> pd.Timestamp:
    try:
        return moment(text, pd.Timestamp.now())
    except UsageError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


#: From when on, for every subcommand that is asked so.
SINCE = argument(
    "--since",
    type=_since,
    metavar="WHEN",
    help="10m, 2h, 10:00 or 2026-11-23, by this machine's clock",
)


@command(
    "events",
    argument("--last", type=int, metavar="N", help="only so many of the newest"),
    argument(
        "--event",
        nargs="+",
        default=[],
        action="extend",
        metavar="NAME",
        values=values.events,
        help="only events of these names",
    ),
    SINCE,
    argument("--device", values=values.devices, help="only of channels of this device"),
    ANONYMIZE,
    KEEP_PREFIX,
)
def events(magics: AstMagics, given: Given) -> pd.DataFrame:
    """Give the events heard so far as a DataFrame, newest last.

    Columns in which none of these events has anything are left out; sh.ast.events has all.

    In [1]: hangups = %ast events --since 10m --event Hangup --device 2222
    In [2]: hangups.groupby("cause-txt").size()
    """
    if given.last is not None and given.last < 0:
        raise UsageError("%ast events: --last counts events, from 0 on")
    hiding = anonymizer(given)
    last = None if given.device else given.last
    frame = magics.heard(given.pbx).record.frame(last=last, events=given.event, since=given.since)
    if given.device:
        frame = frame[_of_device(frame, given.device)]
        frame = frame if given.last is None else frame.tail(given.last)
    frame = frame if hiding is None else hiding.frame(frame)
    seen = frame.notna().any()
    seen.iloc[:FIRST_COLUMNS] = True
    found: pd.DataFrame = frame.loc[:, seen].reset_index(drop=True)
    return found


@command("record")
def record(magics: AstMagics, given: Given) -> Record:
    """Show how many events are kept, how much memory they take, and how many were dropped.

    In [1]: %ast record
    Out[1]: <Record of ast: 48,210 events in 21.3 MB, 0 dropped>
    """
    return magics.heard(given.pbx).record


@command("record budget", argument("size", metavar="SIZE", help="such as 512MB; 1GB; 512 is MB"))
def record_budget(magics: AstMagics, given: Given) -> Record:
    """Set how much memory the events may take; beyond it the oldest are dropped and counted.

    In [1]: %ast record budget 512MB
    """
    match = _SIZE.fullmatch(given.size)
    if match is None:
        raise UsageError("%ast record budget: write a size such as 512MB or 1GB")
    kept = magics.pbx(given.pbx).record
    kept.budget = int(float(match[1]) * UNITS[match[2].lower()])
    return kept


@command("record clear")
def record_clear(magics: AstMagics, given: Given) -> Record:
    """Forget the events kept so far.

    In [1]: %ast record clear
    """
    kept = magics.pbx(given.pbx).record
    kept.clear()
    return kept


@command(
    "record to",
    argument("place", metavar="FOLDER", help="a folder, or a URL such as s3://bucket/calls"),
    argument("--days", type=int, metavar="N", help="remove what is older than so many days"),
    ANONYMIZE,
    KEEP_PREFIX,
)
def record_to(magics: AstMagics, given: Given) -> Archive:
    """Keep every event on disk, too, from now on; it survives the kernel.

    With --anonymize, only pseudonyms are written. A key that is kept makes the same ones each time.

    In [1]: %ast record to calls --days 90
    In [2]: %ast record to research --anonymize --keep-prefix 3
    """
    hiding = anonymizer(given)
    return magics.pbx(given.pbx).record.to(given.place, given.days, anonymizer=hiding)


def moment(text: str, now: pd.Timestamp) -> pd.Timestamp:
    """Read a moment: so long ago, a time of the day that was last, or a date.

    Raises
    ------
    UsageError
        If it is none.
    """
    if match := _SPAN.fullmatch(text):
        return now - pd.Timedelta(seconds=float(match[1]) * SECONDS[match[2][0]])
    try:
        found = pd.Timestamp(f"{now:%Y-%m-%d} {text}" if _CLOCK.fullmatch(text) else text)
    except ValueError:
        raise UsageError(f"{text} is no moment: write 10m, 2h, 10:00 or 2026-11-23") from None
    later_today = _CLOCK.fullmatch(text) and found > now
    return found - pd.Timedelta(days=1) if later_today else found


def _of_device(frame: pd.DataFrame, device: str) -> pd.Series:
    """Tell which events are of a device: of a channel of its own, called or calling, or of it."""
    found = pd.Series(False, frame.index)
    for column in ("channel", "destchannel"):
        if column in frame:
            names = frame[column].dropna().astype(str).unique()
            found |= frame[column].isin([name for name in names if is_of(name, device)])
    if "device" in frame:
        names = frame["device"].dropna().astype(str).unique()
        mine = [name for name in names if name == device or name.endswith(f"/{device}")]
        found |= frame["device"].isin(mine)
    return found
