"""The items that a panel shows, and how it sets them."""

from __future__ import annotations

import fnmatch
import time
from collections.abc import Collection, Iterable, Iterator
from datetime import datetime
from typing import Any, Literal

from ast_notebook.asterisk import Asterisk
from ast_notebook.bindings.attributes import READ, BindingAttribute, Kind
from ast_notebook.bindings.item import Item, bindings_of
from ast_notebook.bindings.values import said
from ast_notebook.errors import AstError, ConfError
from ast_notebook.home import SmartHome
from ast_notebook.panel.messages import ItemRow

LONGEST = 200  # letters of a value that are shown
LOOK_FOR_ITEMS = 2.0  # seconds between two checks for new or removed items


class ShownItems:
    """The items of `sh` that hold a value, as rows.

    Asterisk sends no event when its database changes. So the entries of items with ``ast_db`` are
    read now and then, and a row says when its entry was read. If an item gets its value from the
    PBX, as by ``ast_dev``, its entry is only a copy of it, and is not read.

    Parameters
    ----------
    sh : SmartHome
    name : str or collection of str
        The PBX that the panel shows, or a collection of PBXs; an empty one means all. In a panel of
        several PBXs, a row says to which PBX its item is bound.
    editable : iterable of str
        Patterns of the paths of items that may be set, such as ``office.*``.
    """

    def __init__(
        self, sh: SmartHome, name: str | Collection[str], editable: Iterable[str] = ()
    ) -> None:
        self._sh = sh
        self._several = not isinstance(name, str)
        self._names = (name,) if isinstance(name, str) else tuple(name)
        self._editable = tuple(editable)
        self._items: list[Item] = []
        self._looked = float("-inf")
        self._seen: dict[str, tuple[Item, datetime, bool, float | None]] = {}
        # The text of each entry, and when it was read, by PBX and key.
        self._read: dict[tuple[str, str], tuple[str | None, float]] = {}

    def forget(self) -> None:
        """Make `changes` return all items again."""
        self._seen = {}

    def changes(self) -> tuple[dict[str, ItemRow], list[str]]:
        """Return the rows of the changed items, and the paths of the removed ones."""
        if time.monotonic() - self._looked > LOOK_FOR_ITEMS:
            self._looked = time.monotonic()
            self._items = [one for one in self._sh.return_items() if one.type() is not None]
        rows, gone = {}, self._seen.keys() - {item.id() for item in self._items}
        for item in self._items:
            read = self._read.get(self._place(item), (None, None))[1]
            state = (item, item.last_change(), item.stale, read)
            if self._seen.get(item.id()) != state:
                self._seen[item.id()] = state
                rows[item.id()] = self._row(item)
        for path in gone:
            del self._seen[path]
        return rows, sorted(gone)

    def rows(self) -> dict[str, ItemRow]:
        """Return the rows of all items as they are now."""
        items = [one for one in self._sh.return_items() if one.type() is not None]
        return {item.id(): self._row(item) for item in items}

    def _row(self, item: Item) -> ItemRow:
        value = item()
        value = value if isinstance(value, bool) else said(value)
        key = self._database_key(item)
        text, read = self._read.get(self._place(item), (None, None)) if key else (None, None)
        if read is not None and read >= item.last_change().timestamp():
            value = self._from_text(item, text)
        can = self._can(item)
        if can == "edit" and not _fits_a_field(value):
            can = ""  # whoever changed one letter would lose what the field does not have
        row: ItemRow = {
            "path": item.id(),
            "name": str(item.conf.get("name", "")),
            "type": str(item.type()),
            "value": value if isinstance(value, bool) else clean(_shortened(value)),
            "changed": item.last_change().timestamp(),
            "by": clean(item.changed_by()),
            "stale": item.stale,
            "dev": self._tied(item, "ast_dev"),
            "box": self._tied(item, "ast_box"),
            "db": key,
            "read": read,
            "can": can,
        }
        if self._several:
            row["pbx"] = next((pbx for pbx, _ in self._shown(item)), "")
        return row

    def _can(self, item: Item) -> Literal["", "switch", "edit"]:
        """Return how an item can be set: by a ``switch``, by ``edit``, or not at all (empty)."""
        if self._is_from_pbx(item):
            return ""
        listed = any(fnmatch.fnmatchcase(item.id(), pattern) for pattern in self._editable)
        if item.type() == "bool" and (listed or self._database_key(item)):
            return "switch"
        return "edit" if listed and item.type() in ("num", "str") else ""

    def _is_from_pbx(self, item: Item) -> bool:
        """Tell whether the PBX determines the item's value."""
        return any(self._tied(item, kind) for kind in READ)

    def _attribute(self, item: Item, kind: Kind) -> BindingAttribute | None:
        """Return the attribute that binds an item to a PBX that is shown."""
        return next((one for _, one in self._shown(item) if one.kind == kind), None)

    def _shown(self, item: Item) -> Iterator[tuple[str, BindingAttribute]]:
        """Yield the attributes that bind an item to shown PBXs, each with the PBX's name."""
        attributes = bindings_of(item)
        if not attributes:
            return
        pbxs = self._sh.pbxs
        first = self._sh.first_pbx or next(iter(pbxs), next(iter(self._names), ""))
        for one in attributes:
            name = one.pbx or first  # an attribute without a name means the first PBX
            if name in (self._names or pbxs):
                yield name, one

    def _place(self, item: Item) -> tuple[str, str]:
        """Return the PBX and the key of an item's entry in the Asterisk database."""
        shown = self._shown(item)
        entries = ((pbx, clean(one.target)) for pbx, one in shown if one.kind == "ast_db")
        return next(entries, ("", ""))

    def _tied(self, item: Item, kind: Kind) -> str:
        attribute = self._attribute(item, kind)
        return "" if attribute is None else clean(attribute.written)

    def _entry(self, item: Item) -> BindingAttribute | None:
        return self._attribute(item, "ast_db")

    def _database_key(self, item: Item) -> str:
        return self._place(item)[1]

    def _from_text(self, item: Item, text: str | None) -> Any:
        attribute = self._entry(item)
        if item.type() == "bool" and attribute is not None:
            return text == attribute.values[0]
        return text or ""

    # --- these wait for Asterisk, and run on threads of their own --------------------------------

    def read(self, pbx: Asterisk, only: str = "") -> None:
        """Read the items' database entries; one that Asterisk refuses keeps its old text."""
        for item in self._sh.return_items():
            name, key = self._place(item)
            if key and name == pbx.name and only in ("", item.id()) and not self._is_from_pbx(item):
                try:
                    self._read[name, key] = (pbx.db_read(key, None), pbx.session.clock.time())
                except AstError:
                    return

    def set(self, path: str, value: object) -> str:
        """Set an item if the panel is allowed to, and return a line that says so.

        Raises
        ------
        AstError
            If the panel may not set it, the value does not fit, or Asterisk refuses it.
        """
        item = self._sh.return_item(path)
        can = "" if item is None else self._can(item)
        if item is None or not can or (can == "switch") != isinstance(value, bool):
            raise ConfError(f"{path} cannot be set here: Panel(sh, editable=[{path!r}]) lets it")
        item(value, "Panel")
        name, key = self._place(item)
        pbx = self._sh.pbxs.get(name)
        if key and pbx is not None:
            self._write(pbx, item, key)
        return f"{path} is {_in_words(item())}"

    def _write(self, pbx: Asterisk, item: Item, key: str) -> None:
        """Write an item's entry if it differs: setting an item to its own value writes none."""
        attribute = self._entry(item)
        wanted = None if attribute is None else attribute.text_of(item())
        if attribute is not None and pbx.db_read(key, None) != wanted:
            if wanted is None:
                pbx.db_delete(key)
            else:
                pbx.db_write(key, wanted)
        self.read(pbx, item.id())


def _fits_a_field(value: object) -> bool:
    """Whether a field of the page can hold a value: it has one line, of bounded length."""
    if not isinstance(value, str):
        return True
    return len(value) <= LONGEST and value == " ".join(value.splitlines())


def _shortened(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def _in_words(value: object) -> str:
    return {True: "on", False: "off"}[value] if isinstance(value, bool) else said(value)


def clean(text: str) -> str:
    """Replace lone surrogates, which no message can carry."""
    return text.encode("utf-8", "replace").decode()
