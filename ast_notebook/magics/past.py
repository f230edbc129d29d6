"""`%ast history` and `report`: the calls that a PBX has written, and their main measures."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import pandas as pd
from IPython.core.error import UsageError

from ast_notebook.calls.anonymized import anonymized_history, anonymized_report
from ast_notebook.calls.history import History
from ast_notebook.calls.history import history as read_history
from ast_notebook.calls.history.columns import KNOWN
from ast_notebook.calls.history.dates import ORDERS
from ast_notebook.calls.history.history import ENGINES
from ast_notebook.calls.numbered import with_numbers
from ast_notebook.calls.report import Report
from ast_notebook.calls.trunks import guess_trunks
from ast_notebook.clock import MACHINE
from ast_notebook.magics import values
from ast_notebook.magics.anonymizing import ANONYMIZE, KEEP_PREFIX, anonymizer
from ast_notebook.magics.command import Given, argument, command, number
from ast_notebook.magics.context import Context
from ast_notebook.magics.period import PERIOD, checked, zone
from ast_notebook.magics.progress import Progress
from ast_notebook.moments import AGO, earlier, moment, span
from ast_notebook.show import plain
from ast_notebook.warned import warn

TRUNK = argument(
    "--trunk",
    nargs="+",
    action="extend",
    metavar="NAME",
    values=values.trunks,
    help="devices that lead to the public network, or guess: they tell inbound from outbound",
)

TZ = argument(
    "--tz",
    type=zone,
    metavar="ZONE",
    values=values.zones,
    help="the zone of times that name none, and of hours and days, such as Europe/Berlin",
)


PLACES = argument(
    "places",
    nargs="*",
    metavar="PATH",
    path=True,
    help="files, folders and databases as %ast history reads them; without one, all that was heard",
)


def _against(text: str) -> str:
    """Check the word that says how much earlier the period to compare with is."""
    return checked(lambda said: earlier(moment("today", tz="UTC"), said), text)


def _page(text: str) -> str:
    """Check the name of a page before any work is done."""
    path = Path(text).expanduser()
    if path.suffix.lower() not in (".html", ".htm"):
        raise argparse.ArgumentTypeError(
            f"the report is a page of HTML: name it {path.stem or 'report'}.html (to get a PDF, "
            "open it in a browser and print it to a file)"
        )
    if not path.parent.is_dir():
        raise argparse.ArgumentTypeError(f"there is no folder {path.parent}: make it before")
    return text


#: Arguments for reading the files that a PBX has written, whatever makes calls of them.
OF_FILE = (
    argument(
        "--kind",
        choices=("cdr", "cel", "queue_log", "events"),
        help="the kind, if it is not recognised",
    ),
    argument("--server", metavar="NAME", help="the PBX's name, for the column server"),
    argument("--table", metavar="NAME", help="the table of a database"),
    argument(
        "--columns",
        nargs="+",
        action="extend",
        metavar="NAME",
        values=lambda _: dict.fromkeys(name for known in KNOWN.values() for name in known),
        help="Asterisk's names of all columns in order, or of some columns as THEIRS=OURS",
    ),
    argument("--dates", choices=ORDERS, help="the order of day, month and year in 5/7/2024"),
)
SESSION = argument(
    "--session", metavar="NAME", default="spark", help="the variable of a Spark session"
)
#: The same, and the arguments that say where calls are made.
OF_PLACE = (
    *OF_FILE,
    argument(
        "--engine",
        choices=ENGINES,
        help="where calls of an archive are made; duckdb if it is too large for the memory",
    ),
    SESSION,
)


@command(
    "history",
    argument(
        "places",
        nargs="+",
        metavar="PATH",
        path=True,
        help="Master.csv, queue_log, a database's URL, an archive, a folder of these; or several",
    ),
    TZ,
    *OF_PLACE,
    TRUNK,
    ANONYMIZE,
    KEEP_PREFIX,
)
def history(context: Context, given: Given) -> History:
    """Read the calls that a PBX has written so far; they are the attribute calls of the result.

    A call that several files have is in the result once, by its uniqueid or linkedid. For a folder,
    all logs in it are read; the result names them, and the files that could not be read.

    --tz is required if the times have no zone, and --dates if it is unclear which number is the day
    and which the month. The attribute bad has the records that could not be read.

    In [1]: past = %ast history /var/log/asterisk/cdr-csv/Master.csv --tz Europe/Berlin
    In [2]: past.calls
    In [3]: past = %ast history report.csv --columns Quien=src Cuando=start --dates dmy
    In [4]: past = %ast history Master.csv queue_log --tz Europe/Berlin
    In [5]: past = %ast history /var/log/asterisk --tz Europe/Berlin
    """
    hiding = anonymizer(given, given.trunk)
    past = read(context, given)
    return past if hiding is None else anonymized_history(past, hiding)


@command(
    "report",
    PLACES,
    *PERIOD,
    argument(
        "--against",
        type=_against,
        metavar="AGO",
        values=lambda _: AGO,
        help="compare with the same time so much earlier: last-week, last-month, 7d, 12h",
    ),
    argument("--title", metavar="TEXT", help="the title of the page"),
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
    argument(
        "--html", type=_page, metavar="FILE.html", path=True, help="write the page to a file, too"
    ),
    argument("--hover", action="store_true", help="pictures with hover and zoom, by plotly"),
    ANONYMIZE,
    KEEP_PREFIX,
)
def report(context: Context, given: Given) -> Report:
    """Show the main measures of the calls on one page: numbers, pictures, queues and agents.

    In [1]: %ast report --since 8:00
    In [2]: %ast report queue_log --within 30 --html yesterday.html
    In [3]: %ast report Master.csv queue_log --month last-month --title "The last month"
    In [4]: %ast report queue_log --month 2026-10 --against last-month
    In [5]: %ast report --since 8:00 --trunk PJSIP/provider --against 7d
    """
    hiding = anonymizer(given, given.trunk)
    # An age counts from now on, however long the reading takes.
    first, over = time_of(context, given)
    wanted = {
        "since": first,
        "until": over,
        "against": given.against,
        "tz": given.tz,
        "within": given.within,
        "title": given.title,
    }
    if given.places:
        past = read(context, given)
        hint_at_trunks(context, given, past)
        with Progress(f"computing the report of {len(past):,} calls"):
            made = past.report(**wanted)
    else:
        pbx = context.heard(given.pbx)
        with Progress(f"computing the report of {len(pbx.record):,} events"):
            made = pbx.report(trunks=given.trunk, **wanted)
    if hiding is not None:
        made = anonymized_report(made, hiding)
    if given.hover:
        made.hovering()
    if given.html is not None:
        try:
            place = made.save(Path(given.html))
        except OSError as error:
            raise UsageError(f"%ast report: {given.html}: {error.strerror}") from None
        sys.stdout.write(f"The page is written to {plain(str(place))}\n")
    return made


def hint_at_trunks(context: Context, given: Given, past: History) -> None:
    """Warn that outbound calls count as missed ones, if no trunk is named and one can be guessed.

    A queue_log has no devices of callers, and an internal PBX has no trunk: then there is no hint.
    """
    if context.trunks(given.trunk):
        return
    guess = guess_trunks(past.frame)
    if len(guess):
        device, why = guess.iloc[0][["device", "why"]]
        warn(
            "no trunk is named, so that outbound calls that nobody took count as missed, and "
            f"nobody is known to wait for a call: add --trunk {device} ({why}), or the devices "
            "that do lead to the public network"
        )


def time_of(context: Context, given: Given) -> tuple[pd.Timestamp | None, pd.Timestamp | None]:
    """Return the period that a line asks for; without files, it is by the clock of the PBX."""
    clock = MACHINE if given.places else context.heard(given.pbx).record.clock
    return span(given.since, given.until, given.month, given.tz, clock)


def session_of(context: Context, given: Given) -> Any:
    """Return the Spark session that a line names, or None if it is not for Spark."""
    if getattr(given, "engine", None) != "spark":
        return None
    session = context.user_namespace.get(given.session)
    if session is None:
        raise UsageError(
            f"there is no {given.session}: make a Spark session, and name its variable by --session"
        )
    return session


def read(context: Context, given: Given) -> History:
    """Read the history that a line names."""
    session = session_of(context, given)
    with Progress("reading") as shown:
        past = read_history(
            *given.places,
            progress=shown.tell,
            tz=given.tz,
            kind=given.kind,
            server=given.server,
            columns=_columns(given.columns),
            table=given.table,
            dates=given.dates,
            trunks=context.trunks(getattr(given, "trunk", None)),
            engine=getattr(given, "engine", None),
            session=session,
        )
        if isinstance(past.frame, pd.DataFrame):  # on DuckDB, there may be more than memory holds
            past.frame = with_numbers(past.frame, context.numbering())
        return past


def _columns(words: list[str] | None) -> list[str] | dict[str, str] | None:
    if words is None or not any("=" in word for word in words):
        return words
    pairs = [word.rpartition("=") for word in words]
    if not all(theirs and ours for theirs, _, ours in pairs):
        raise UsageError("--columns takes all names in order, or each as THEIRS=OURS, but not both")
    return {theirs: ours for theirs, _, ours in pairs}
