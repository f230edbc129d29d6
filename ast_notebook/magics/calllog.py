"""`%ast calls`, `missed`, `visits` and `flow`: the call log of the received events."""

from __future__ import annotations

from typing import Any

import pandas as pd
from IPython.core.error import UsageError

from ast_notebook.calls import ENGINES, Flow
from ast_notebook.magics import values
from ast_notebook.magics.anonymizing import ANONYMIZE, KEEP_PREFIX, anonymizer
from ast_notebook.magics.command import Given, argument, command
from ast_notebook.magics.context import Context
from ast_notebook.magics.period import PERIOD, period, zone
from ast_notebook.magics.progress import Progress
from ast_notebook.views import shown_calls, shown_queue_calls

TRUNK = argument(
    "--trunk",
    nargs="+",
    action="extend",
    metavar="NAME",
    values=values.devices,
    help="devices that lead to the public network, by which calls are inbound or outbound",
)


@command(
    "calls",
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
    argument("--engine", choices=ENGINES, help="where the calls are computed; pandas by default"),
    argument("--session", metavar="NAME", default="spark", help="the variable of a Spark session"),
    ANONYMIZE,
    KEEP_PREFIX,
)
def calls(context: Context, given: Given) -> pd.DataFrame:
    """Show the calls so far; the result is a DataFrame with a row for each call.

    The notebook shows who called whom, when, and how it ended. The frame has more columns;
    calls.frame is a plain pandas frame, which shows all of them.

    In [1]: calls = %ast calls --since 2h
    In [2]: calls.groupby("disposition").size()
    In [3]: %ast calls --since last-week --until last-week --missed
    """
    session = None
    if given.engine == "spark":
        session = context.user_namespace.get(given.session)
        if session is None:
            raise UsageError(
                f"%ast calls: there is no {given.session}: make a Spark session, and name its "
                "variable by --session"
            )
    return _calls(
        context,
        given,
        missed=given.missed,
        queue=given.queue,
        agent=given.agent,
        number=given.number,
        answered_by=given.answered_by,
        engine=given.engine,
        session=session,
    )


@command("missed", *PERIOD, TRUNK, ANONYMIZE, KEEP_PREFIX)
def missed(context: Context, given: Given) -> pd.DataFrame:
    """Show the calls so far that nobody answered: no answer, busy, gave up, voicemail.

    In [1]: %ast missed --since yesterday
    """
    return _calls(context, given, missed=True)


def _calls(context: Context, given: Given, **wanted: Any) -> pd.DataFrame:
    pbx, hiding = context.heard(given.pbx), anonymizer(given, given.trunk)
    with Progress(f"making calls of {len(pbx.record):,} events"):
        found = pbx.calls(**period(given), **wanted, trunks=given.trunk)
    return found if hiding is None else shown_calls(hiding.frame(found))


@command("visits", *PERIOD, ANONYMIZE, KEEP_PREFIX)
def visits(context: Context, given: Given) -> pd.DataFrame:
    """Show the queue calls so far: each time that a caller came to a queue.

    %ast queue calls is the same.

    In [1]: visits = %ast visits --since 8:00
    """
    pbx, hiding = context.heard(given.pbx), anonymizer(given)
    with Progress(f"making queue calls of {len(pbx.record):,} events"):
        found = pbx.visits(**period(given))
    return found if hiding is None else shown_queue_calls(hiding.frame(found))


@command(
    "flow",
    argument(
        "which",
        metavar="ID",
        values=values.calls,
        help="a call's id, a channel, a number, a device",
    ),
    argument(
        "--tz",
        type=zone,
        metavar="ZONE",
        values=values.zones,
        help="the zone of the times, such as Europe/Berlin",
    ),
)
def flow(context: Context, given: Given) -> Flow:
    """Draw one call as a ladder: by its id or channel, or the last call of a number or device.

    In [1]: %ast flow 2222
    In [2]: %ast flow PJSIP/200
    """
    return context.heard(given.pbx).flow(given.which, tz=given.tz)
