"""`%ast items`, `logics`, `logic`, `on`, `off` and `load`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
from IPython.core.error import UsageError

from ast_notebook.ami import Event
from ast_notebook.bindings import conf
from ast_notebook.bindings.item import Item
from ast_notebook.bindings.logic import Logic, Trigger, compile_logic
from ast_notebook.magics import values
from ast_notebook.magics.command import Given, argument, command, did_you_mean
from ast_notebook.show import Text

if TYPE_CHECKING:
    from ast_notebook.magics.astmagics import AstMagics


@command(
    "items",
    argument("pattern", nargs="?", default="*", metavar="PATTERN", values=values.items),
    cell=True,
)
def items(magics: AstMagics, given: Given) -> pd.DataFrame:
    """Show the items, or define those of the cell, as in items.conf or items.yaml.

    A pattern may hold *; *:ast_dev asks for an attribute.

    In [1]: %ast items office.*

    In [2]: %%ast items
       ...: [office]
       ...:     [[fon]]
       ...:         type = bool
       ...:         ast_dev = 2222
    """
    if given.body is None:
        return _items_frame(magics.sh.match_items(given.pattern))
    if given.pattern != "*":
        raise UsageError("%%ast items: the items stand in the cell; the line takes no word")
    return _items_frame(magics.sh.load_items(conf.read_items(given.body)))


@command("logics")
def logics(magics: AstMagics, given: Given) -> pd.DataFrame:
    """Show the logics: what starts each, and how its runs went.

    In [1]: %ast logics
    """
    return _logics_frame(magics.sh.logics)


@command(
    "logic",
    argument("name", metavar="NAME", values=values.logics),
    argument(
        "--userevent",
        nargs="+",
        required=True,
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
        help="only at these Destinations",
    ),
    line=False,
    cell=True,
)
def logic(magics: AstMagics, given: Given) -> Logic:
    """Run the cell at each UserEvent of a name, in the notebook's namespace.

    sh, logic, trigger and logger are bound anew for each run; trigger has source, value, dest, and
    the whole event. What it prints lands under this cell. The same name again replaces it.

    In [1]: %%ast logic logic1 --userevent Call
       ...: print(trigger['source'], trigger['value'], trigger['dest'])
    """
    return magics.sh.add_logic(
        given.name,
        _compilable(magics, given),
        userevent=given.userevent,
        dest=given.dest,
        namespace=magics.user_namespace,
    )


@command(
    "on",
    argument("event", nargs="+", metavar="EVENT", values=values.events_and_userevents),
    line=False,
    cell=True,
)
def on(magics: AstMagics, given: Given) -> Text:
    """Run the cell at each event of a name, Asterisk's own or a UserEvent's.

    event is bound for each run, with its headers: event['Channel']; and trigger, as for a logic.
    It is bound to the PBX until that is connected anew; %ast off takes it back.

    In [1]: %%ast on Call
       ...: print(trigger['source'], 'calls')

    In [2]: %%ast on Hangup
       ...: print(event['Channel'], event['Cause-txt'])
    """
    source = _compilable(magics, given)
    filename = magics.cache(source, given.body)
    code = compile_logic(source, filename, magics.user_namespace)
    name = "on_" + "_".join(re.sub(r"\W", "", one) for one in given.event)
    pbx = magics.pbx(given.pbx)

    def run(event: Event) -> None:
        source, value, dest = map(event.get_header, ("Source", "Value", "Destination"))
        trigger = Trigger("Asterisk", source, value, dest, event)
        code(magics.sh, None, trigger, magics.log, event)

    run.__qualname__ = name
    pbx.on(*given.event, userevents=given.event)(run)
    return Text(f"{name} is bound to {' and '.join(given.event)}; %ast off {name} takes it back")


@command("off", argument("name", metavar="NAME", values=values.bound))
def off(magics: AstMagics, given: Given) -> None:
    """Take back a logic, or what %%ast on bound.

    In [1]: %ast off logic1
    In [2]: %ast off on_Hangup
    """
    known = list(values.bound(magics))
    if given.name not in known:
        hint = did_you_mean(given.name, known) or f"; there is {', '.join(known) or 'nothing'}"
        raise UsageError(f"%ast off: nothing is bound as {given.name}{hint}")
    if given.name in list(values.logics(magics)):
        magics.sh.logics.remove(given.name)
    for pbx in magics.sh.pbxs.values():
        pbx.off(given.name)


@command("load", argument("file", type=Path, metavar="FILE"))
def load(magics: AstMagics, given: Given) -> pd.DataFrame:
    """Define the items or logics of a file: items.conf, items.yaml, logic.conf or logic.yaml.

    Which of them it holds is told by its name, and otherwise by what is in it.

    In [1]: %ast load items.conf
    In [2]: %ast load house/logic.yaml
    """
    path: Path = given.file.expanduser()
    if path.name.startswith("plugin"):
        raise UsageError(f"%ast load: {path.name} holds PBXs: %ast connect --conf {path}")
    if _holds_logics(path):
        return _logics_frame(magics.sh.load_logics(path, magics.user_namespace))
    return _items_frame(magics.sh.load_items(path))


def _holds_logics(path: Path) -> bool:
    for kind in ("logic", "item"):
        if path.name.lower().startswith(kind):
            return kind == "logic"
    return conf.holds_logics(path)


def _compilable(magics: AstMagics, given: Given) -> str:
    """Return the cell as plain Python; a mistake in it is told as the user's, in one line."""
    try:
        source = magics.transform(given.body)
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
    return pd.DataFrame(
        {
            name: pd.Series([look(item) for item in typed], dtype=object)
            for name, look in columns.items()
        }
    ).infer_objects()


def _logics_frame(found: Iterable[Logic]) -> pd.DataFrame:
    columns: dict[str, Callable[[Logic], Any]] = {
        "logic": lambda one: one.name,
        "userevent": lambda one: ", ".join(one.userevent),
        "dest": lambda one: ", ".join(one.dest),
        "enabled": lambda one: one.enabled,
        "runs": lambda one: one.worker.done,
        "waiting": lambda one: one.worker.waiting,
        "failed": lambda one: one.worker.failed,
        "dropped": lambda one: one.worker.dropped,
        "last_error": lambda one: one.worker.last_error,
    }
    rows = list(found)
    return pd.DataFrame(
        {
            name: pd.Series([look(one) for one in rows], dtype=object)
            for name, look in columns.items()
        }
    ).infer_objects()
