"""`%ast items`, `logics`, `logic`, `on`, `off` and `load`."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pandas as pd
from IPython.core.error import UsageError

from ast_notebook import conf
from ast_notebook.ami import Event
from ast_notebook.bindings.item import Item
from ast_notebook.bindings.logic import Logic, Trigger
from ast_notebook.bindings.script import compile_logic
from ast_notebook.callbacks.shortened import one_line
from ast_notebook.durations import duration
from ast_notebook.errors import ConfError
from ast_notebook.magics import values
from ast_notebook.magics.command import Given, argument, command, did_you_mean
from ast_notebook.magics.context import Context
from ast_notebook.show import Text
from ast_notebook.views import shown_items, shown_logics


@command(
    "items",
    argument("pattern", nargs="?", default="*", metavar="PATTERN", values=values.items),
    cell=True,
)
def items(context: Context, given: Given) -> pd.DataFrame:
    """Show the items, or define those of the cell, as in items.conf or items.yaml.

    A pattern may contain *; *:ast_dev shows the items that have the attribute ast_dev.
    What an item has from the PBX:

    ast_dev = 2222         bool: whether the device has a channel
    ast_state = 2222       str: the lamp of the device, as a text
    ast_box = 22           num: the new messages of a mailbox
    ast_db = active/office bool, num, str: an entry of the database, written at each change
    ast_queue = support    num: callers who wait; or support longest, or support agents
    ast_trunk = provider   bool: whether the trunk is registered
    ast_missed = *         num: callers who wait for a call; or a number

    In [1]: %ast items office.*

    In [2]: %%ast items
       ...: [office]
       ...:     [[fon]]
       ...:         type = bool
       ...:         ast_dev = 2222
    """
    if given.body is None:
        return _items_frame(context.sh.match_items(given.pattern))
    if given.pattern != "*":
        raise UsageError("%%ast items: the items are in the cell; the line takes no word")
    return _items_frame(context.sh.load_items(conf.read_items(given.body)))


def _for(text: str) -> str:
    try:
        duration(text, "--for")
    except ConfError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return text


@command("logics")
def logics(context: Context, given: Given) -> pd.DataFrame:
    """Show the logics: what starts each, and how many runs were made or failed.

    In [1]: %ast logics
    """
    return _logics_frame(context.sh.logics)


@command(
    "logic",
    argument("name", metavar="NAME", values=values.logics),
    argument(
        "--userevent",
        nargs="+",
        default=[],
        action="extend",
        metavar="EVENT",
        values=values.userevents,
        help="the UserEvents that start it",
    ),
    argument(
        "--dest",
        nargs="+",
        action="extend",
        metavar="NAME",
        values=values.destinations,
        help="run only for these Destinations",
    ),
    argument(
        "--watch",
        nargs="+",
        action="extend",
        metavar="ITEM",
        values=values.items,
        help="the items whose changes start it, too: office.fon, or *.fon",
    ),
    argument(
        "--for",
        dest="for_",
        type=_for,
        metavar="TIME",
        help="start only after an item has kept its new value for so long: 30 (seconds), 5m",
    ),
    line=False,
    cell=True,
)
def logic(context: Context, given: Given) -> Logic:
    """Run the cell at each UserEvent of a name, or when an item changes.

    It runs in the notebook's namespace, where sh, logic, trigger and logger are set for each run.
    trigger has source, value, dest and event, or an item's path and value. The output of a run
    lands under this cell. A later logic of the same name replaces this one.

    In [1]: %%ast logic logic1 --userevent Call
       ...: print(trigger['source'], trigger['value'], trigger['dest'])

    In [2]: %%ast logic alarm --watch trunk.registered --for 30
       ...: print('the trunk is', 'back' if trigger['value'] else 'away')
    """
    if not given.userevent and not given.watch:
        raise UsageError("%%ast logic: say what starts it: --userevent EVENT, or --watch ITEM")
    if given.for_ is not None and not given.watch:
        raise UsageError("%%ast logic: --for works only with --watch: name the items, too")
    for pattern in given.watch or ():
        if not context.sh.match_items(pattern):
            hint = did_you_mean(pattern, values.items(context))
            raise UsageError(f"%%ast logic: there is no item {pattern}{hint}")
    return context.sh.add_logic(
        given.name,
        _compilable(context, given),
        userevent=given.userevent,
        dest=given.dest,
        watch=given.watch,
        for_=given.for_,
        namespace=context.user_namespace,
    )


@command(
    "on",
    argument("event", nargs="+", metavar="EVENT", values=values.events_and_userevents),
    line=False,
    cell=True,
)
def on(context: Context, given: Given) -> Text:
    """Run the cell at each event of a name, Asterisk's own or a UserEvent's.

    For each run, event is set, with its headers as in event['Channel'], and trigger, as for a
    logic. The cell is bound until the PBX is connected anew, or until %ast off unbinds it.

    In [1]: %%ast on Call
       ...: print(trigger['source'], 'calls')

    In [2]: %%ast on Hangup
       ...: print(event['Channel'], event['Cause-txt'])
    """
    source = _compilable(context, given)
    filename = context.cache(source, given.body)
    code = compile_logic(source, filename, context.user_namespace)
    name = "on_" + "_".join(re.sub(r"\W", "", one) for one in given.event)
    pbx = context.pbx(given.pbx)

    def run(event: Event) -> None:
        source, value, dest = map(event.get_header, ("Source", "Value", "Destination"))
        trigger = Trigger("Asterisk", source, value, dest, event)
        code(context.sh, None, trigger, context.log, event)

    run.__qualname__ = name
    pbx.on(*given.event, userevents=given.event)(run)
    return Text(f"{name} is bound to {' and '.join(given.event)}; %ast off {name} unbinds it")


@command("off", argument("name", metavar="NAME", values=values.bound))
def off(context: Context, given: Given) -> None:
    """Remove a logic, or unbind a cell of %%ast on.

    In [1]: %ast off logic1
    In [2]: %ast off on_Hangup
    """
    known = list(values.bound(context))
    if given.name not in known:
        hint = did_you_mean(given.name, known) or f"; there is {', '.join(known) or 'nothing'}"
        raise UsageError(f"%ast off: nothing is bound as {given.name}{hint}")
    if given.name in list(values.logics(context)):
        context.sh.logics.remove(given.name)
    for pbx in context.sh.pbxs.values():
        pbx.off(given.name)


@command("load", argument("file", type=Path, metavar="FILE", path=True))
def load(context: Context, given: Given) -> pd.DataFrame:
    """Define the items or logics of a file: items.conf, items.yaml, logic.conf or logic.yaml.

    The name of the file tells whether it holds items or logics; otherwise its contents tell.

    In [1]: %ast load items.conf
    In [2]: %ast load house/logic.yaml
    """
    path: Path = given.file.expanduser()
    if path.name.startswith("plugin"):
        raise UsageError(f"%ast load: {path.name} holds PBXs: %ast connect --conf {path}")
    if _holds_logics(path):
        return _logics_frame(context.sh.load_logics(path, context.user_namespace))
    return _items_frame(context.sh.load_items(path))


def _holds_logics(path: Path) -> bool:
    for kind in ("logic", "item"):
        if path.name.lower().startswith(kind):
            return kind == "logic"
    return conf.holds_logics(path)


def _compilable(context: Context, given: Given) -> str:
    """Return the cell as plain Python; a syntax error in it is raised in one line."""
    try:
        source = context.transform(given.body)
        compile(source, "<cell>", "exec", dont_inherit=True)
    except SyntaxError as error:
        raise UsageError(
            f"this cell is not Python, line {error.lineno} below %%ast: {error.msg}"
        ) from None
    return source


def _items_frame(found: Iterable[Item]) -> pd.DataFrame:
    columns: dict[str, Callable[[Item], Any]] = {
        "item": lambda item: item.id(),
        "type": lambda item: item.type(),
        "value": lambda item: item(),
        "changed": lambda item: item.last_change(),
        "by": lambda item: item.changed_by(),
        "stale": lambda item: item.stale,
    }
    typed = [item for item in found if item.type() is not None]
    values_of = {
        name: pd.Series([look(item) for item in typed], dtype=object)
        for name, look in columns.items()
    }
    return shown_items(pd.DataFrame(values_of).infer_objects())


def _starts(logic: Logic) -> str:
    """Return in words what starts a logic, or why nothing does."""
    others = [name for name in conf.UNHEEDED if logic.conf.get(name) is not None]
    if not logic.userevent and not logic.watch:
        if others:
            return f"nothing: {', '.join(others)} does not count here"
        return "nothing: it has no userevent and no watch_item"
    try:
        if not logic.enabled:
            return "nothing, as it is disabled"
    except Exception as error:  # it is the user's object; its failures are counted elsewhere
        return f"nothing: {one_line(error)}"
    watched = [f"changes of {' or '.join(logic.watch)}"] if logic.watch else []
    if not logic.userevent:
        return watched[0]
    events = f"UserEvent {' or '.join(logic.userevent)}"
    events += f" for {' or '.join(logic.dest)}" if logic.dest else ""
    return ", ".join([events, *watched])


def _logics_frame(found: Iterable[Logic]) -> pd.DataFrame:
    columns: dict[str, Callable[[Logic], Any]] = {
        "logic": lambda one: one.name,
        "userevent": lambda one: ", ".join(one.userevent),
        "dest": lambda one: ", ".join(one.dest),
        "watch": lambda one: ", ".join(one.watch),
        "enabled": lambda one: one.enabled,
        "runs": lambda one: one.worker.done,
        "waiting": lambda one: one.worker.waiting,
        "failed": lambda one: one.worker.failed,
        "dropped": lambda one: one.worker.dropped,
        "last_error": lambda one: one.worker.last_error,
        "started_by": _starts,
    }
    rows = list(found)
    frame = pd.DataFrame(
        {
            name: pd.Series([look(one) for one in rows], dtype=object)
            for name, look in columns.items()
        }
    )
    return shown_logics(frame.infer_objects())
