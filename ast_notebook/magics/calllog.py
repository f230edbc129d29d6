"""`%ast calls`, `missed`, `visits` and `flow`: the call log of received events, or of files."""

from __future__ import annotations

from typing import Any

import pandas as pd

from ast_notebook.calls import ENGINES, KINDS, Flow, begun, pick
from ast_notebook.calls.anonymized import anonymized_flow, anonymized_flow_of_history
from ast_notebook.magics import values
from ast_notebook.magics.anonymizing import ANONYMIZE, KEEP_PREFIX, anonymizer, hidden
from ast_notebook.magics.command import Given, argument, command
from ast_notebook.magics.context import Context
from ast_notebook.magics.past import (
    OF_FILE,
    PLACES,
    SESSION,
    TRUNK,
    TZ,
    hint_at_trunks,
    read,
    session_of,
)
from ast_notebook.magics.period import PERIOD
from ast_notebook.magics.progress import Progress
from ast_notebook.moments import span
from ast_notebook.views import shown_calls, shown_queue_calls


@command(
    "calls",
    PLACES,
    *PERIOD,
    argument("--missed", action="store_true", help="only calls that nobody answered"),
    argument("--queue", metavar="NAME", values=values.queues, help="only calls of a queue"),
    argument(
        "--agent",
        metavar="NAME",
        values=values.agents,
        help="only calls that an agent answered from a queue",
    ),
    argument(
        "--number",
        metavar="NUMBER",
        values=values.numbers,
        help="only calls from, to or through a number or a device",
    ),
    argument(
        "--answered-by",
        metavar="NUMBER",
        values=values.numbers,
        help="only calls that a number or a device answered",
    ),
    TRUNK,
    TZ,
    *OF_FILE,
    argument("--engine", choices=ENGINES, help="where the calls are computed; pandas by default"),
    SESSION,
    ANONYMIZE,
    KEEP_PREFIX,
)
def calls(context: Context, given: Given) -> pd.DataFrame:
    """Show the calls heard so far, or those of files; the result is a frame with a row for each.

    The notebook shows who called whom, when, and how it ended. The frame has more columns;
    calls.frame is a plain pandas frame, which shows all of them.

    In [1]: calls = %ast calls --since 2h
    In [2]: calls.groupby("disposition").size()
    In [3]: %ast calls Master.csv --tz Europe/Berlin --month 2026-10 --number 200
    """
    wanted = {
        name: getattr(given, name) for name in ("missed", "queue", "agent", "number", "answered_by")
    }
    return _calls(context, given, **wanted)


@command("missed", PLACES, *PERIOD, TRUNK, TZ, *OF_FILE, ANONYMIZE, KEEP_PREFIX)
def missed(context: Context, given: Given) -> pd.DataFrame:
    """Show the missed calls among those heard so far or those of files.

    Nobody answered them, or they were busy, rejected, given up, failed, or went to voicemail.

    In [1]: %ast missed --since yesterday
    In [2]: %ast missed Master.csv --tz Europe/Berlin --since last-week --until last-week
    In [3]: %ast calls --missed --queue support
    """
    return _calls(context, given, missed=True)


def _calls(context: Context, given: Given, **wanted: Any) -> pd.DataFrame:
    hiding = anonymizer(given, given.trunk)
    time = given.since, given.until, given.month, given.tz
    if given.places:
        first, over = span(*time)  # an age counts from the time before the files are read
        past = read(context, given)
        if wanted.get("missed"):
            hint_at_trunks(context, given, past)
        some = pick(begun(past.calls, first, over), past.visits, **wanted)
        empty = f"No such calls among the {len(past):,} of {past.origin}"
        found = shown_calls(some, zone=past.tz, empty=empty)
    else:
        session = session_of(context, given)
        pbx = context.heard(given.pbx)
        first, over = span(*time, pbx.record.clock)
        with Progress(f"making calls of {len(pbx.record):,} events"):
            how = {"engine": getattr(given, "engine", None), "session": session}
            found = pbx.calls(since=first, until=over, **wanted, **how, trunks=given.trunk)
        found = found.in_zone(given.tz)
    return hidden(found, hiding)


@command("visits", PLACES, *PERIOD, TZ, *OF_FILE, ANONYMIZE, KEEP_PREFIX)
def visits(context: Context, given: Given) -> pd.DataFrame:
    """Show the queue calls heard so far, or those of files: each time a caller came to a queue.

    %ast queue calls is the same.

    In [1]: visits = %ast visits --since 8:00
    In [2]: visits = %ast visits queue_log --month last-month
    """
    hiding = anonymizer(given)
    time = given.since, given.until, given.month, given.tz
    if given.places:
        first, over = span(*time)
        past = read(context, given)
        empty = f"No such queue calls among the {len(past.visits):,} of {past.origin}"
        some = begun(past.visits, first, over)
        found = shown_queue_calls(some, zone=past.tz, empty=empty)
    else:
        pbx = context.heard(given.pbx)
        first, over = span(*time, pbx.record.clock)
        with Progress(f"making queue calls of {len(pbx.record):,} events"):
            found = pbx.visits(since=first, until=over)
        found = found.in_zone(given.tz)
    return hidden(found, hiding)


@command(
    "flow",
    argument(
        "which",
        metavar="ID",
        values=values.calls,
        help="a call's id, a channel, a number, a device",
    ),
    PLACES,
    TZ,
    *OF_FILE,
    TRUNK,
    ANONYMIZE,
    KEEP_PREFIX,
)
def flow(context: Context, given: Given) -> Flow:
    """Draw one call as a ladder: by its id or channel, or the last call of a number or device.

    It is one of those heard so far, or of files. A file tells less than events do: the ladder has
    what is known, and leaves out all else. The id of a call is in the column call of %ast calls.
    With --anonymize, the ladder has pseudonyms; the call is named as without it, or by a pseudonym.

    In [1]: %ast flow 2222
    In [2]: %ast flow PJSIP/200
    In [3]: %ast flow 2222 Master.csv queue_log --tz Europe/Berlin
    In [4]: %ast flow 1795419880.5 /var/lib/calls
    """
    hiding = anonymizer(given, given.trunk)
    if given.places:
        past = read(context, given)
        if hiding is not None:
            return anonymized_flow_of_history(past, given.which, hiding, tz=given.tz)
        return past.flow(given.which, tz=given.tz)
    pbx = context.heard(given.pbx)
    if hiding is not None:
        return anonymized_flow(pbx.record.frame(events=KINDS), given.which, hiding, tz=given.tz)
    return pbx.flow(given.which, tz=given.tz)
