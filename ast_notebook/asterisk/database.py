"""Reads, writes, deletes and lists the entries of the Asterisk database."""

from __future__ import annotations

from typing import Any

import pandas as pd

from ast_notebook.asterisk.asking import Asking
from ast_notebook.errors import (
    ActionRefused,
    ConfError,
    KeyMissing,
    NotRecorded,
    PermissionMissing,
)

_required: Any = object()


class Database(Asking):
    """The methods of `Asterisk` for its database."""

    def db_write(self, key: str, value: object) -> None:
        """Write an entry of the Asterisk database; True and False are written as 1 and 0.

        Parameters
        ----------
        key : str
            Family and key, such as ``dnd/office``.
        value : object
            The value, which is written as text. Asterisk 16 reads only its first 255 letters back.

        Raises
        ------
        ConfError
            If it is None; `db_delete` deletes an entry.
        UnsafeText
            If its text begins with a space, which Asterisk would leave out.
        """
        family, name = _family(key)
        if value is None:
            raise ConfError(f"None cannot be written to {key}: db_delete({key!r}) deletes it")
        text = str(int(value)) if isinstance(value, bool) else str(value)
        self._order("DBPut", Family=family, Key=name, Val=text)

    def db_read(self, key: str, default: Any = _required) -> Any:
        """Read an entry of the Asterisk database, as text.

        Raises
        ------
        KeyMissing
            If there is no such entry and no `default` was given.
        NotRecorded
            In a replay, if the entry is neither in the record nor written in the replay, and no
            `default` was given.
        BadAnswer
            If Asterisk's answer has no entry and does not say that there is none.
        UnsafeText
            If family or key begins with a space, which Asterisk would leave out.
        """
        family, name = _family(key)
        try:
            answer = self._order("DBGet", Family=family, Key=name)
        except PermissionMissing:
            raise
        except NotRecorded:
            if default is not _required:
                return default
            raise
        except ActionRefused as error:
            if "not found" not in error.reason:
                raise
            if default is not _required:
                return default
            raise KeyMissing(
                f"the Asterisk database has no entry {family}/{name}: write it first, or read it "
                "with default=…, which is --default in %ast db read"
            ) from None
        return answer.first["Val"]

    def db_delete(self, key: str) -> None:
        """Delete an entry of the Asterisk database.

        Raises
        ------
        KeyMissing
            If there is no such entry.
        UnsafeText
            If family or key begins with a space, which Asterisk would leave out.
        """
        self.db_read(key)  # Asterisk's refusal would not say that it is missing
        family, name = _family(key)
        self._order("DBDel", Family=family, Key=name)

    def db_show(self, family: str = "", timeout: float | None = None) -> pd.DataFrame:
        """Return the entries of the Asterisk database: all, or those of a family.

        Returns
        -------
        pandas.DataFrame
            A row for each entry: its ``key``, as `db_read` takes it, and its ``value``, as text.
        """
        first, _, rest = family.strip("/").partition("/")
        fields = {name: text for name, text in (("Family", first), ("Key", rest)) if text}
        found = self._order("DBGetTree", timeout, **fields)
        rows = [(entry["Key"].strip("/"), entry["Val"]) for entry in found]
        # In a family, Asterisk takes _ and % as wildcards, and ignores case.
        wanted = family.strip("/")
        rows = [row for row in rows if not wanted or f"{row[0]}/".startswith(f"{wanted}/")]
        return pd.DataFrame(rows, columns=["key", "value"], dtype="str")


def _family(key: str) -> tuple[str, str]:
    family, slash, name = str(key).strip("/").partition("/")
    if not slash or not family or not name:
        raise KeyMissing(f"{key!r} is no entry: write family and key, such as 'dnd/office'")
    return family, name
