"""`%ast calls`, `visits`, `flow`, `history` and `report`."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pandas as pd
from IPython.core.error import UsageError

from ast_notebook.calls import ENGINES, Flow
from ast_notebook.calls.anonymized import anonymized_history, anonymized_report
from ast_notebook.calls.history import History
from ast_notebook.calls.history import history as read_history
from ast_notebook.calls.history.columns import KNOWN
from ast_notebook.calls.history.dates import ORDERS
from ast_notebook.calls.report import Report
from ast_notebook.magics import values
from ast_notebook.magics.anonymizing import ANONYMIZE, KEEP_PREFIX, anonymizer
from ast_notebook.magics.command import Given, argument, command
from ast_notebook.magics.progress import Progress
from ast_notebook.magics.recording import SINCE

if TYPE_CHECKING:
    from ast_notebook.magics.astmagics import AstMagics

_TRUNK = argument(
    "--trunk",
    nargs="+",
    action="extend",
    metavar="NAME",
    values=values.devices,
    help="devices that lead to the public network: they tell inbound from outbound",
)
_TZ = argument("--tz", metavar="ZONE", help="such as Europe/Berlin")
#: How what a PBX has written is to be read.
_OF_PLACE = (
    argument("--kind", choices=("cdr", "cel", "queue_log", "events"), help="if nothing tells"),
    argument("--server", metavar="NAME", help="the PBX's name, for the column server"),
    argument("--table", metavar="NAME", help="the table of a database"),
    argument(
        "--columns",
        nargs="+",
        action="extend",
        metavar="NAME",
        values=lambda _: dict.fromkeys(name for known in KNOWN.values() for name in known),
        help="Asterisk's names of all columns in their order, or of some as THEIRS=OURS",
    ),
    argument("--dates", choices=ORDERS, help="the order of day, month and year in 5/7/2024"),
)


@command(
    "calls",
    SINCE,
    _TRUNK,
    argument("--engine", choices=ENGINES, help="where the calls are reckoned; pandas by default"),
    argument("--session", metavar="NAME", default="spark", help="the variable of a Spark session"),
    ANONYMIZE,
    KEEP_PREFIX,
)
def calls(magics: AstMagics, given: Given) -> pd.DataFrame:
    """Give the calls heard so far, a row a call, as a DataFrame.

    In [1]: calls = %ast calls --since 2h
    In [2]: calls.groupby("disposition").size()
    """
    pbx, hiding = magics.heard(given.pbx), anonymizer(given, given.trunk)
    session = None
    if given.engine == "spark":
        session = magics.user_namespace.get(given.session)
        if session is None:
            raise UsageError(
                f"%ast calls: there is no {given.session}: make a Spark session, and name its "
                "variable by --session"
            )
    with Progress("making calls of events"):
        found = pbx.calls(
            since=given.since, trunks=given.trunk, engine=given.engine, session=session
        )
    return found if hiding is None else hiding.frame(found)


@command("visits", SINCE, ANONYMIZE, KEEP_PREFIX)
def visits(magics: AstMagics, given: Given) -> pd.DataFrame:
    """Give each stay of a caller in a queue, and what it came to, as a DataFrame.

    In [1]: visits = %ast visits --since 8:00
    """
    hiding = anonymizer(given)
    with Progress("making visits of events"):
        found = magics.heard(given.pbx).visits(since=given.since)
    return found if hiding is None else hiding.frame(found)


@command("flow", argument("which", metavar="ID", help="a call's id, a channel, or a number"))
def flow(magics: AstMagics, given: Given) -> Flow:
    """Draw one call as a ladder: the last one of a number, or that of an id or a channel.

    In [1]: %ast flow 2222
    """
    return magics.heard(given.pbx).flow(given.which)


@command(
    "history",
    argument("place", metavar="PATH", help="Master.csv, queue_log, a database's URL, an archive"),
    _TZ,
    *_OF_PLACE,
    _TRUNK,
    ANONYMIZE,
    KEEP_PREFIX,
)
def history(magics: AstMagics, given: Given) -> History:
    """Read what a PBX has written of its calls already: its calls are the attribute calls.

    --tz is asked for where the times tell no zone, and --dates where nothing tells the day from
    the month. What could not be read is in the attribute bad.

    In [1]: past = %ast history /var/log/asterisk/cdr-csv/Master.csv --tz Europe/Berlin
    In [2]: past.calls
    In [3]: past = %ast history report.csv --columns Quien=src Cuando=start --dates dmy
    """
    hiding = anonymizer(given, given.trunk)
    past = _read(given)
    return past if hiding is None else anonymized_history(past, hiding)


@command(
    "report",
    argument("place", nargs="?", metavar="PATH", help="of what %ast history reads"),
    SINCE,
    _TZ,
    *_OF_PLACE,
    _TRUNK,
    argument("--within", type=float, default=20.0, metavar="S", help="of the service level; 20"),
    argument("--html", metavar="FILE", help="write the page to a file, too"),
    argument("--hover", action="store_true", help="pictures with hover and zoom, by plotly"),
    ANONYMIZE,
    KEEP_PREFIX,
)
def report(magics: AstMagics, given: Given) -> Report:
    """Show what matters of the calls on one page: numbers, pictures, queues and agents.

    In [1]: %ast report --since 8:00
    In [2]: %ast report queue_log --within 30 --html yesterday.html
    """
    if given.tz is not None:
        _zone(given.tz)
    hiding = anonymizer(given, given.trunk)
    with Progress("reckoning the report"):
        if given.place is None:
            pbx = magics.heard(given.pbx)
            made = pbx.report(
                since=given.since, trunks=given.trunk, tz=given.tz, within=given.within
            )
        else:
            made = _read(given).report(since=given.since, tz=given.tz, within=given.within)
    if hiding is not None:
        made = anonymized_report(made, hiding)
    if given.hover:
        made.hovering()
    if given.html is not None:
        try:
            made.save(Path(given.html))
        except OSError as error:
            raise UsageError(f"%ast report: {given.html}: {error.strerror}") from None
    return made


def _read(given: Given) -> History:
    # A URL may hold a password before its @, or behind its question mark.
    shown = re.sub(r"(?<=//)[^/]*@|[?].*", "", given.place) if "://" in given.place else given.place
    with Progress(f"reading {shown}"):
        return read_history(
            given.place,
            tz=given.tz,
            kind=given.kind,
            server=given.server,
            columns=_columns(given.columns),
            table=given.table,
            dates=given.dates,
            trunks=given.trunk,
        )


def _columns(words: list[str] | None) -> list[str] | dict[str, str] | None:
    if words is None or not any("=" in word for word in words):
        return words
    pairs = [word.rpartition("=") for word in words]
    if not all(theirs and ours for theirs, _, ours in pairs):
        raise UsageError("--columns takes names in their order, or each as THEIRS=OURS; not both")
    return {theirs: ours for theirs, _, ours in pairs}


def _zone(name: str) -> None:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise UsageError(f"there is no zone {name}: write one such as Europe/Berlin") from None
