"""The ids by which several sources know one call."""

from __future__ import annotations

from typing import Any

from ast_notebook.calls.calls import legs
from ast_notebook.calls.history.result import pandas_of

#: The call of each uniqueid and linkedid, by the PBX's name.
Ids = dict[tuple[str | None, str], str]


def ids_of(events: Any) -> Ids:
    """Return the calls of the channels of events, on any engine."""
    found = pandas_of(legs(events), ("start", "answered", "end"), ("cause",))
    columns = (found[name].astype(object) for name in ("server", "leg", "call"))
    return {(server, leg): call for server, leg, call in zip(*columns, strict=True)}
