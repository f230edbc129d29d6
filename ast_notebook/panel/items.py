"""The items that a panel shows, and how it sets them."""

from __future__ import annotations

import fnmatch
import time
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from ast_notebook.asterisk import Asterisk
from ast_notebook.bindings.attributes import Kind, Tie
from ast_notebook.bindings.item import Item, ties_of
from ast_notebook.errors import AstError, ConfError
from ast_notebook.home import SmartHome

Row = dict[str, Any]

LONGEST = 200  # letters of a value that are shown
LOOK_FOR_ITEMS = 2.0  # seconds between two looks for items defined or removed


class ShownItems:
    """The items of `sh` that hold a value, as rows.

    Asterisk tells nobody when its database changes, so that what an item with ``ast_db`` stands for
    is read now and then; the row says when.

    Parameters
    ----------
    sh : SmartHome
    name : str
        The PBX that the panel shows.
    editable : iterable of str
        Patterns of the paths of items that may be set, such as ``office.*``.
    """

    def __init__(self, sh: SmartHome, name: str, editable: Iterable[str] = ()) -> None:
        self._sh = sh
        self._name = name
        self._editable = tuple(editable)
        self._items: list[Item] = []
        self._looked = float("-inf")
        self._seen: dict[str, tuple[Item, datetime, bool, float | None]] = {}
        self._read: dict[str, tuple[str | None, float]] = {}  # by key: the text, and when

    def forget(self) -> None:
        """Have `changes` give all of them again."""
        self._seen = {}

    def changes(self) -> tuple[dict[str, Row], list[str]]:
        """Return the rows of the items that changed, and the paths of those that are gone."""
        if time.monotonic() - self._looked > LOOK_FOR_ITEMS:
            self._looked = time.monotonic()
            self._items = [one for one in self._sh.return_items() if one.type() is not None]
        rows, gone = {}, self._seen.keys() - {item.id() for item in self._items}
        for item in self._items:
            key = self._database_key(item)
            read = self._read.get(key, (None, None))[1] if key else None
            state = (item, item.last_change(), item.stale, read)
            if self._seen.get(item.id()) != state:
                self._seen[item.id()] = state
                rows[item.id()] = self._row(item)
        for path in gone:
            del self._seen[path]
        return rows, sorted(gone)

    def rows(self) -> dict[str, Row]:
        """Return the rows of all items as they are now."""
        items = [one for one in self._sh.return_items() if one.type() is not None]
        return {item.id(): self._row(item) for item in items}

    def _row(self, item: Item) -> Row:
        value = item()
        if not isinstance(value, bool):
            value = _clean(str(value)[:LONGEST])
        key = self._database_key(item)
        row: Row = {
            "path": item.id(),
            "name": str(item.conf.get("name", "")),
            "type": item.type(),
            "value": value,
            "changed": item.last_change().timestamp(),
            "by": _clean(item.changed_by()),
            "stale": item.stale,
            "dev": self._tied(item, "ast_dev"),
            "box": self._tied(item, "ast_box"),
            "db": key,
            "read": None,
            "can": self._can(item),
        }
        if key and key in self._read:
            text, row["read"] = self._read[key]
            if row["read"] >= row["changed"]:
                row["value"] = self._from_text(item, text)
        return row

    def _can(self, item: Item) -> str:
        """Tell how it can be set: ``switch``, ``edit``, or not at all."""
        if self._tied(item, "ast_dev") or self._tied(item, "ast_box"):
            return ""  # the PBX says what it is
        listed = any(fnmatch.fnmatchcase(item.id(), pattern) for pattern in self._editable)
        if item.type() == "bool" and (listed or self._database_key(item)):
            return "switch"
        return "edit" if listed and item.type() in ("num", "str") else ""

    def _tie(self, item: Item, kind: Kind) -> Tie | None:
        """Return what ties an item to the PBX that is shown."""
        first = next(iter(self._sh.pbxs), self._name)
        mine = (
            tie for tie in ties_of(item) if tie.kind == kind and (tie.pbx or first) == self._name
        )
        return next(mine, None)

    def _tied(self, item: Item, kind: Kind) -> str:
        tie = self._tie(item, kind)
        return "" if tie is None else _clean(tie.written)

    def _entry(self, item: Item) -> Tie | None:
        return self._tie(item, "ast_db")

    def _database_key(self, item: Item) -> str:
        tie = self._entry(item)
        return "" if tie is None else _clean(tie.target)

    def _from_text(self, item: Item, text: str | None) -> Any:
        tie = self._entry(item)
        if item.type() == "bool" and tie is not None:
            return text == tie.values[0]
        return "" if text is None else _clean(text[:LONGEST])

    # --- what waits for Asterisk, on a thread of its own ----------------------------------------

    def read(self, pbx: Asterisk, only: str = "") -> None:
        """Read what the items stand for in the Asterisk database; those that it refuses stay."""
        for item in self._sh.return_items():
            key = self._database_key(item)
            if key and only in ("", item.id()):
                try:
                    self._read[key] = (pbx.db_read(key, None), time.time())
                except AstError:
                    return

    def set(self, pbx: Asterisk | None, path: str, value: object) -> str:
        """Set an item as the panel may, and say so in a line.

        Raises
        ------
        AstError
            If the panel may not, the item does not take the value, or Asterisk refuses it.
        """
        item = self._sh.return_item(path)
        can = "" if item is None else self._can(item)
        if item is None or not can or (can == "switch") != isinstance(value, bool):
            raise ConfError(f"{path} cannot be set here: Panel(sh, editable=[{path!r}]) lets it")
        item(value, "Panel")
        key = self._database_key(item)
        if key and pbx is not None:
            self._write(pbx, item, key)
        return f"{path} is {_said(item())}"

    def _write(self, pbx: Asterisk, item: Item, key: str) -> None:
        """Make sure of the entry: an item set to the value that it had is not written by itself."""
        tie = self._entry(item)
        wanted = None if tie is None else tie.text_of(item())
        if tie is not None and pbx.db_read(key, None) != wanted:
            if wanted is None:
                pbx.db_delete(key)
            else:
                pbx.db_write(key, wanted)
        self.read(pbx, item.id())


def _said(value: object) -> str:
    return {True: "on", False: "off"}[value] if isinstance(value, bool) else str(value)


def _clean(text: str) -> str:
    """Replace what no message can carry: halves of letters."""
    return text.encode("utf-8", "replace").decode()
