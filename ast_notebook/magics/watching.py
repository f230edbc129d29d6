"""`%ast watch`: a PBX that another process records, as a PBX named `watch`."""

from __future__ import annotations

from ast_notebook.magics.command import Given, argument, command, number
from ast_notebook.magics.context import Context
from ast_notebook.replay import WatchedAsterisk, watched

NAME = "watch"


@command(
    "watch",
    argument(
        "folder", metavar="FOLDER", path=True, help="where ast-notebook record, say, records to"
    ),
    argument("--since", metavar="WHEN", help="from when on past events are read; 1d by default"),
    argument("--server", default="", metavar="NAME", help="the PBX, if the archive has several"),
    argument("--name", default=NAME, help="the attribute of sh that it becomes (default: watch)"),
    argument("--budget", type=number, metavar="MB", help="memory that the events may take"),
)
def watch(context: Context, given: Given) -> WatchedAsterisk:
    """Watch a PBX that another process records: its panel, calls and events, as they come.

    It is a second behind at most. Nothing can be sent to the PBX, and the folder is only read.

    In [1]: %ast watch calls
    In [2]: %ast panel --pbx watch
    In [3]: %ast --pbx watch calls --since 8:00
    """
    pbx = watched(
        given.folder,
        since=given.since,
        server=given.server,
        name=given.name,
        budget=context.budget(given.budget),
    )
    context.sh.add(pbx, given.name)
    context.give_sh()
    return pbx
