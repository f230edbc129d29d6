"""Calls found in events, beside the calls that took place."""

from __future__ import annotations

from typing import Any

import pandas as pd

from ast_notebook.calls.from_events import from_events
from tests.scenarios.truth import Played, differences

#: How the scenarios' trunk is told to `from_events`.
TRUNKS = ("trunk",)


def rows(calls: pd.DataFrame, played: Played) -> list[dict[str, Any]]:
    """The calls that began while a scenario was played, oldest first; None is missing."""
    began = calls["start"].astype("int64") / 1e6
    there = calls[(began >= played.begun) & (began <= played.ended)]
    plain = there.astype(object).where(there.notna(), None)
    found: list[dict[str, Any]] = plain.to_dict("records")
    return found


def check(calls: pd.DataFrame, played: Played) -> list[str]:
    """Say where the calls of a scenario are not those that took place."""
    found = rows(calls, played)
    expected = list(played.calls)
    if len(found) != len(expected):
        return [f"{len(found)} calls, not {len(expected)}"]
    if len({call.caller for call in expected}) > 1 and len(expected) > 10:
        # So many began at once that their order is the PBX's business.
        found.sort(key=lambda call: (call["caller"], call["start"]))
        expected.sort(key=lambda call: str(call.caller))
    return [
        f"{row['call']}: {difference}"
        for call, row in zip(expected, found, strict=True)
        for difference in differences(call, row)
    ]


def compare(events: pd.DataFrame, played: Played) -> list[str]:
    """Make calls of the events, and say where they are wrong."""
    return check(from_events(events, trunks=TRUNKS), played)
