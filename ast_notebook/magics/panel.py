"""`%ast panel`."""

from __future__ import annotations

from ast_notebook.magics import values
from ast_notebook.magics.command import Given, argument, command, number
from ast_notebook.magics.context import Context
from ast_notebook.panel import Panel


@command(
    "panel",
    argument("--pbx", default="", metavar="NAME", help="which PBX, such as replay"),
    argument("--readonly", action="store_true", default=None, help="no button at all"),
    argument(
        "--buttons",
        action="store_false",
        dest="readonly",
        help="buttons on a page of Voila, too: whoever opens it may do what the login may",
    ),
    argument("--wall", action="store_true", help="large, for a screen on a wall"),
    argument(
        "--refresh",
        type=number,
        default=5.0,
        metavar="HZ",
        help="how often per second the browser gets changes; 5 by default",
    ),
    argument(
        "--editable",
        nargs="+",
        default=[],
        action="extend",
        metavar="PATTERN",
        values=values.items,
        help="num and str items that can be set, such as office.*",
    ),
)
def panel(context: Context, given: Given) -> Panel:
    """Show the PBX as it is now: calls, devices, mailboxes, queues, items, events.

    A saved notebook keeps only a table of its last state.

    In [1]: %ast panel
    In [2]: %ast panel --readonly --wall
    """
    pbx = context.pbx(given.pbx)
    return Panel(
        context.sh,
        pbx.name,
        given.readonly,
        given.refresh,
        given.editable,
        wall=given.wall,
    )
