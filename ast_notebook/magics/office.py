"""`%ast unreturned`: what an office asks of its calls."""

from __future__ import annotations

import argparse

import pandas as pd

from ast_notebook.calls import begun, measures
from ast_notebook.durations import duration
from ast_notebook.errors import ConfError
from ast_notebook.magics.anonymizing import ANONYMIZE, KEEP_PREFIX, anonymizer
from ast_notebook.magics.calllog import OF_PLACE, PLACE, TRUNK, TZ, read
from ast_notebook.magics.command import Given, argument, command
from ast_notebook.magics.context import Context
from ast_notebook.magics.progress import Progress
from ast_notebook.magics.recording import SINCE
from ast_notebook.moments import moment


def _within(text: str) -> str:
    try:
        duration(text, "--within")
    except ConfError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return text


@command(
    "unreturned",
    PLACE,
    SINCE,
    argument(
        "--within",
        type=_within,
        metavar="TIME",
        help="how soon a call is to be returned: 1d or 4h; by default at any time until now",
    ),
    TRUNK,
    TZ,
    *OF_PLACE,
    ANONYMIZE,
    KEEP_PREFIX,
)
def unreturned(context: Context, given: Given) -> pd.DataFrame:
    """Give the callers whom nobody answered, and nobody has called back, as a DataFrame.

    With --within, those are there, too, who were reached later than that. A caller who got through
    when he called again waits no longer.

    In [1]: %ast unreturned --since 8:00 --trunk PJSIP/provider
    In [2]: %ast unreturned Master.csv --tz Europe/Berlin --trunk PJSIP/provider --within 1d
    """
    hiding = anonymizer(given, given.trunk)
    begin = None if given.since is None else moment(given.since, tz=given.tz)
    with Progress("looking for calls that nobody returned"):
        if given.place is None:
            pbx = context.heard(given.pbx)
            found = pbx.unreturned(given.within, since=begin, trunks=given.trunk)
        else:
            found = measures.unreturned(begun(read(given).frame, begin), given.within)
    return found if hiding is None else hiding.frame(found)
