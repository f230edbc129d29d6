"""`%ast panel`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ast_notebook.magics import values
from ast_notebook.magics.command import Given, argument, command
from ast_notebook.panel import Panel

if TYPE_CHECKING:
    from ast_notebook.magics.astmagics import AstMagics


@command(
    "panel",
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
        type=float,
        default=5.0,
        metavar="HZ",
        help="how often a second the browser is told what changed, 5 if you do not say",
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
def panel(magics: AstMagics, given: Given) -> Panel:
    """Show the PBX as it is now: calls, devices, mailboxes, queues, items, events.

    What is left of it in a saved notebook is a table of its last state.

    In [1]: %ast panel
    In [2]: %ast panel --readonly --wall
    """
    pbx = magics.pbx(given.pbx)
    return Panel(
        magics.sh,
        pbx.name,
        given.readonly,
        given.refresh,
        given.editable,
        wall=given.wall,
    )
