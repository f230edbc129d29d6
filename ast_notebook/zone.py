"""The time zone of people: of the times that are shown, and of those that they write."""

from __future__ import annotations

import os
from datetime import UTC, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from dateutil.tz import tzlocal

from ast_notebook.errors import ConfError

#: The variable of the environment that names the zone.
VARIABLE = "AST_TZ"

_chosen: list[tzinfo | None] = []


def use_zone(zone: str | tzinfo | None) -> None:
    """Choose the zone in which times are shown and read; None is that of this machine.

    Without it, the zone is that of the variable ``AST_TZ`` of the environment, or else this
    machine's. What names a zone of its own (a moment, a report, a history) keeps that.

    Raises
    ------
    ConfError
        If there is no such zone.

    Examples
    --------
    >>> ast_notebook.use_zone("Europe/Berlin")
    >>> sh.ast.calls(since="8:00")
    """
    _chosen[:] = [named_zone(zone) if isinstance(zone, str) else zone]


def default_zone() -> tzinfo | None:
    """Return the zone that was chosen; None if it is this machine's."""
    if not _chosen:
        use_zone(os.environ.get(VARIABLE) or None)
    return _chosen[0]


def people_zone() -> tzinfo:
    """Return the zone in which times are shown."""
    return default_zone() or tzlocal()


def named_zone(name: str) -> tzinfo:
    """Return a zone by its name.

    Raises
    ------
    ConfError
        If there is no such zone.
    """
    if name.upper() in ("UTC", "GMT", "Z"):
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ConfError(f"there is no time zone {name!r}: give one as 'Europe/Berlin'") from None
