"""`%ast panel`."""

from __future__ import annotations

from collections.abc import Iterable

from IPython.core.error import UsageError

from ast_notebook.callbacks.cell import Cell
from ast_notebook.errors import AstError
from ast_notebook.magics import values
from ast_notebook.magics.command import Given, argument, command, number
from ast_notebook.magics.context import Context
from ast_notebook.panel import Panel


def _pbxs(context: Context) -> Iterable[str]:
    return ["all", *context.sh.pbxs]


@command(
    "panel",
    argument(
        "--pbx",
        dest="pbxs",
        nargs="+",
        default=[],
        action="extend",
        metavar="NAME",
        values=_pbxs,
        help="one panel for these PBXs, or for all",
    ),
    argument(
        "--trunk",
        dest="trunks",
        nargs="+",
        default=[],
        action="extend",
        metavar="PATTERN",
        values=values.devices,
        help="devices that are trunks between these PBXs, such as PJSIP/berlin",
    ),
    argument("--readonly", action="store_true", default=None, help="show no buttons"),
    argument(
        "--buttons",
        action="store_false",
        dest="readonly",
        help="buttons on a page of Voila, too: whoever opens it may do what the login may",
    ),
    argument("--wall", action="store_true", help="show everything large, for a screen on a wall"),
    argument("--watch", action="store_true", help="in a terminal: renew the tables until ^C"),
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

    A saved notebook keeps only a table of its last state; in a terminal, that table is printed.
    In a panel of several PBXs, each row names its PBX, and calls between them are shown as one
    call: surely if they have the same SIP Call-ID; probably if caller, number and time fit, and
    the call is on the devices that --trunk names.
    If its cell runs again, the former panel is closed.

    In [1]: %ast panel
    In [2]: %ast panel --readonly --wall
    In [3]: %ast panel --pbx all
    In [4]: %ast panel --watch
    """
    if given.pbxs and given.pbx:
        raise UsageError("%ast panel: name the PBXs once, as in %ast panel --pbx NAME")
    names = given.pbxs or context.pbx(given.pbx).name
    if given.pbxs == ["all"] and not context.sh.pbxs:
        context.pbx()  # it says how to connect
    for name in given.pbxs:
        if name != "all":
            context.pbx(name)
    shown = Panel(
        context.sh,
        names[0] if len(given.pbxs) == 1 else names,
        given.readonly,
        given.refresh,
        given.editable,
        wall=given.wall,
        trunks=given.trunks,
    )
    if given.watch:
        try:
            shown.watch()
        except AstError:
            shown.close()
            raise
    _close_former(context, shown)
    return shown


def _close_former(context: Context, shown: Panel) -> None:
    """Close the panels of a former run of this cell, whose place the new one takes."""
    cell, run = Cell.current().run
    if not cell:
        return
    former, panels = context.panels.get(cell, (run, []))
    if former != run:
        for one in panels:
            one.close()
        panels = []
    context.panels[cell] = (run, [*panels, shown])
