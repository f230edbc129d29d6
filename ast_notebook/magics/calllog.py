"""`%ast calls`, `visits`, `flow`, `history` and `report`."""

from __future__ import annotations

import argparse
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pandas as pd
from IPython.core.error import UsageError

from ast_notebook.calls import ENGINES, Flow
from ast_notebook.calls.anonymized import anonymized_history, anonymized_report
from ast_notebook.calls.history import History
from ast_notebook.calls.history import history as read_history
from ast_notebook.calls.history.columns import KNOWN
from ast_notebook.calls.history.dates import ORDERS
from ast_notebook.calls.numbered import with_numbers
from ast_notebook.calls.office import AGO, ago
from ast_notebook.calls.report import Report
from ast_notebook.errors import ConfError
from ast_notebook.magics import values
from ast_notebook.magics.anonymizing import ANONYMIZE, KEEP_PREFIX, anonymizer
from ast_notebook.magics.command import Given, argument, command, number
from ast_notebook.magics.context import Context
from ast_notebook.magics.progress import Progress
from ast_notebook.magics.recording import SINCE, since
from ast_notebook.moments import moment
from ast_notebook.recording.archive_place import ArchivePlace

TRUNK = argument(
    "--trunk",
    nargs="+",
    action="extend",
    metavar="NAME",
    values=values.devices,
    help="devices that lead to the public network: they tell inbound from outbound",
)
TZ = argument(
    "--tz",
    metavar="ZONE",
    help="such as Europe/Berlin: of times that tell none, and of hours and days",
)


def _against(text: str) -> str:
    """Check how long ago the period to compare with was."""
    try:
        ago(text)
    except ConfError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return text


_AGAINST = argument(
    "--against",
    type=_against,
    metavar="AGO",
    values=lambda _: AGO,
    help="compare with the same time so much earlier: last-week, yesterday, 14d; needs --since",
)
PLACE = argument("place", nargs="?", metavar="PATH", help="of the source that %ast history reads")
#: Arguments for reading the files that a PBX has written.
OF_PLACE = (
    argument(
        "--kind", choices=("cdr", "cel", "queue_log", "events"), help="if it cannot be recognised"
    ),
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
    argument(
        "--engine",
        choices=("pandas", "duckdb"),
        help="where calls of an archive are made; duckdb if it is too large for the memory",
    ),
)


@command(
    "calls",
    SINCE,
    TRUNK,
    argument("--engine", choices=ENGINES, help="where the calls are computed; pandas by default"),
    argument("--session", metavar="NAME", default="spark", help="the variable of a Spark session"),
    ANONYMIZE,
    KEEP_PREFIX,
)
def calls(context: Context, given: Given) -> pd.DataFrame:
    """Give the calls heard so far as a DataFrame, with a row for each call.

    In [1]: calls = %ast calls --since 2h
    In [2]: calls.groupby("disposition").size()
    """
    pbx, hiding = context.heard(given.pbx), anonymizer(given, given.trunk)
    session = None
    if given.engine == "spark":
        session = context.user_namespace.get(given.session)
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
def visits(context: Context, given: Given) -> pd.DataFrame:
    """Give the queue calls heard so far as a DataFrame, with a row and an outcome for each.

    In [1]: visits = %ast visits --since 8:00
    """
    hiding = anonymizer(given)
    with Progress("making visits of events"):
        found = context.heard(given.pbx).visits(since=given.since)
    return found if hiding is None else hiding.frame(found)


@command(
    "flow",
    argument("which", metavar="ID", help="a call's id, a channel, or a number"),
    argument("--tz", metavar="ZONE", help="of the times, such as Europe/Berlin"),
)
def flow(context: Context, given: Given) -> Flow:
    """Draw one call as a ladder: the last call of a number, or the call of an id or a channel.

    In [1]: %ast flow 2222
    """
    if given.tz is not None:
        _zone(given.tz)
    return context.heard(given.pbx).flow(given.which, tz=given.tz)


@command(
    "history",
    argument("place", metavar="PATH", help="Master.csv, queue_log, a database's URL, an archive"),
    TZ,
    *OF_PLACE,
    TRUNK,
    ANONYMIZE,
    KEEP_PREFIX,
)
def history(context: Context, given: Given) -> History:
    """Read what a PBX has already written of its calls; the result has them as attribute calls.

    --tz is required if the times have no zone, and --dates if nothing tells the day from the
    month. What could not be read is in the attribute bad.

    In [1]: past = %ast history /var/log/asterisk/cdr-csv/Master.csv --tz Europe/Berlin
    In [2]: past.calls
    In [3]: past = %ast history report.csv --columns Quien=src Cuando=start --dates dmy
    """
    hiding = anonymizer(given, given.trunk)
    past = read(context, given)
    return past if hiding is None else anonymized_history(past, hiding)


@command(
    "report",
    PLACE,
    argument(
        "--since",
        type=since,
        metavar="WHEN",
        help="10m, 2h, 10:00 or 2026-11-23, in the zone of --tz, or else of this machine",
    ),
    argument("--until", type=since, metavar="WHEN", help="only calls that began earlier"),
    argument(
        "--before",
        metavar="AGO",
        help="7d, 1d or 12h: compare with the same time so long before",
    ),
    TZ,
    *OF_PLACE,
    TRUNK,
    argument(
        "--within",
        type=number,
        default=20.0,
        metavar="S",
        help="seconds of the service level; 20 by default",
    ),
    _AGAINST,
    argument("--html", metavar="FILE", help="write the page to a file, too"),
    argument("--hover", action="store_true", help="pictures with hover and zoom, by plotly"),
    ANONYMIZE,
    KEEP_PREFIX,
)
def report(context: Context, given: Given) -> Report:
    """Show what matters of the calls on one page: numbers, pictures, queues and agents.

    In [1]: %ast report --since 8:00
    In [2]: %ast report queue_log --within 30 --html yesterday.html
    In [3]: %ast report --since 2026-11-23 --trunk PJSIP/provider --against last-week
    In [4]: %ast report queue_log --since 2026-11-16 --until 2026-11-23 --before 7d
    """
    if given.tz is not None:
        _zone(given.tz)
    hiding = anonymizer(given, given.trunk)
    # An age counts from now on, however long the reading takes.
    begin, end = (
        None if said is None else moment(said, tz=given.tz) for said in (given.since, given.until)
    )
    span = {"since": begin, "until": end, "before": given.before, "against": given.against}
    with Progress("computing the report"):
        if given.place is None:
            pbx = context.heard(given.pbx)
            made = pbx.report(trunks=given.trunk, tz=given.tz, within=given.within, **span)
        else:
            made = read(context, given).report(tz=given.tz, within=given.within, **span)
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


def read(context: Context, given: Given) -> History:
    """Read the history that a line names."""
    with Progress(f"reading {ArchivePlace(given.place).name}"):
        past = read_history(
            given.place,
            tz=given.tz,
            kind=given.kind,
            server=given.server,
            columns=_columns(given.columns),
            table=given.table,
            dates=given.dates,
            trunks=context.trunks(given.trunk),
            engine=given.engine,
        )
        if isinstance(past.frame, pd.DataFrame):  # on DuckDB, there may be more than memory holds
            past.frame = with_numbers(past.frame, context.numbering())
        return past


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
