"""`--since`, `--until`, `--month` and `--tz`, for every subcommand that takes a period."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable
from typing import Any

from ast_notebook.errors import ConfError
from ast_notebook.magics.command import Given, argument
from ast_notebook.magics.context import Context
from ast_notebook.moments import PERIODS, end, moment, span
from ast_notebook.zone import named_zone


def _since(text: str) -> str:
    """Check a moment; it is read later, when its zone is known."""
    return checked(moment, text)


def _until(text: str) -> str:
    return checked(end, text)


def _month(text: str) -> str:
    return checked(lambda said: span(month=said), text)


def zone(text: str) -> str:
    """Check the name of a zone."""
    return checked(named_zone, text)


def checked(read: Callable[[str], object], text: str) -> str:
    """Return a word of a line after `read` has accepted it; argparse shows the error otherwise."""
    try:
        read(text)
    except ConfError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return text


def _moments(_: Context) -> Iterable[str]:
    return [*PERIODS, "10m", "1h", "1d", "1w"]


def _months(_: Context) -> Iterable[str]:
    months = [moment("this-month").strftime("%Y-%m"), moment("last-month").strftime("%Y-%m")]
    return ["this-month", "last-month", *months]


SINCE = argument(
    "--since",
    type=_since,
    metavar="WHEN",
    values=_moments,
    help="10m, 2h, 1w, 10:00, yesterday, yesterday 10:00, last-week, 2026-10 or 2026-11-23",
)
UNTIL = argument(
    "--until",
    type=_until,
    metavar="WHEN",
    values=_moments,
    help="as for --since; the whole of a day, a week or a month is included",
)
MONTH = argument(
    "--month",
    type=_month,
    metavar="MONTH",
    values=_months,
    help="2026-10 or last-month, in place of --since and --until",
)
#: All arguments for a period.
PERIOD = (SINCE, UNTIL, MONTH)


def period(given: Given) -> dict[str, Any]:
    """Return the period that a line asks for, by the names of Python's parameters."""
    return {"since": given.since, "until": given.until, "month": given.month}
