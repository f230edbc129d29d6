"""`%ast who`, `queues`, `agents` and `channels`: the PBX as it is now, as frames."""

from __future__ import annotations

import pandas as pd

from ast_notebook.magics.command import Given, command
from ast_notebook.magics.context import Context


@command("who", asks=True)
def who(context: Context, given: Given) -> pd.DataFrame:
    """Show who is on the phone now: with whom, since when, and doing what.

    In [1]: %ast who
    """
    return context.pbx(given.pbx).who()


@command("channels", asks=True)
def channels(context: Context, given: Given) -> pd.DataFrame:
    """Show the channels that are up.

    In [1]: up = %ast channels
    """
    return context.pbx(given.pbx).channels()


@command("queues")
def queues(context: Context, given: Given) -> pd.DataFrame:
    """Show the queues as they are now: who waits, who works, and the outcomes of calls.

    The calls that were answered or gave up are those that Asterisk has counted since its start;
    %ast report has more.

    In [1]: %ast queues
    """
    return context.pbx(given.pbx).queues()


@command("agents")
def agents(context: Context, given: Given) -> pd.DataFrame:
    """Show the agents as they are now: in which queue, in which state, and their last calls.

    In [1]: %ast agents
    """
    return context.pbx(given.pbx).agents()
