"""Tells who gave an order in a replay: an item, a logic, a callback, or a cell."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

from ast_notebook.ami import Field

_CALL = "ast-call-"
_DISPATCHER = "ast-dispatch-"


def who(sh: Any, pbx: Any, action: Mapping[str, Field]) -> str:
    """Return who gives an order, by the thread that gives it.

    Parameters
    ----------
    sh : SmartHome or None
    pbx : Asterisk
    action : mapping
    """
    thread = threading.current_thread().name
    if thread.startswith(_CALL):
        name = thread.removeprefix(_CALL)
        if sh is not None and any(logic.name == name for logic in sh.logics):
            return f"logic {name}"
        if name in pbx.callbacks:  # a function inside of another one has a longer name
            return f"callback {name.partition(' ')[0].rpartition('.')[2]}"
        return f"item {name}"
    if thread.startswith(_DISPATCHER):
        return f"item {_item_of(sh, action)}"
    return "cell"


def _item_of(sh: Any, action: Mapping[str, Field]) -> str:
    """Return the path of the item that writes a database entry; the entry if no item does."""
    entry = f"{action.get('Family', '')}/{action.get('Key', '')}"
    for item in () if sh is None else sh.find_items("ast_db"):
        if any(
            str(value) == entry for name, value in item.conf.items() if name.startswith("ast_db")
        ):
            return str(item.id())
    return entry
