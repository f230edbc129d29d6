"""`%ast db …` and `mailbox`."""

from __future__ import annotations

from typing import Any

import pandas as pd

from ast_notebook.magics import values
from ast_notebook.magics.command import Given, argument, command
from ast_notebook.magics.context import Context

_KEY = argument("key", metavar="FAMILY/KEY", values=values.keys)


@command(
    "db read",
    _KEY,
    argument("--default", metavar="X", help="the value if there is no entry"),
    asks=True,
)
def db_read(context: Context, given: Given) -> Any:
    """Read an entry of the Asterisk database.

    In [1]: dnd = %ast db read dnd/office
    In [2]: dnd
    Out[2]: '1'
    """
    pbx = context.pbx(given.pbx)
    if given.default is None:
        return pbx.db_read(given.key)
    return pbx.db_read(given.key, default=given.default)


@command("db write", _KEY, argument("value", metavar="VALUE"), asks=True)
def db_write(context: Context, given: Given) -> None:
    """Write an entry of the Asterisk database.

    In [1]: %ast db write dnd/office 1
    """
    context.pbx(given.pbx).db_write(given.key, given.value)


@command("db del", _KEY, asks=True)
def db_del(context: Context, given: Given) -> None:
    """Delete an entry of the Asterisk database.

    In [1]: %ast db del dnd/office
    """
    context.pbx(given.pbx).db_delete(given.key)


@command(
    "db show",
    argument("family", nargs="?", default="", metavar="FAMILY", values=values.keys),
    asks=True,
)
def db_show(context: Context, given: Given) -> pd.DataFrame:
    """Show the entries of the Asterisk database: all, or those of a family.

    In [1]: entries = %ast db show active
    """
    return context.pbx(given.pbx).db_show(given.family)


@command("mailbox", argument("box", nargs="?", metavar="BOX", values=values.mailboxes), asks=True)
def mailbox(context: Context, given: Given) -> object:
    """Count the messages of a mailbox, old and new; without one, show all mailboxes.

    In [1]: %ast mailbox 22
    Out[1]: MailboxCount(old_messages=0, new_messages=1)
    """
    pbx = context.pbx(given.pbx)
    return pbx.mailbox_count(given.box) if given.box else pbx.live.mailboxes
