"""Files of a log for tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from ast_notebook.calls.history import history
from tests.support.logs import write


def told(folder: Path, text: str | bytes, **more: Any) -> tuple[Any, ...]:
    """Return who called whom, what became of it, and the seconds, of a file of one call."""
    past = history(write(folder, text), tz="UTC", **more)
    assert past.bad_count == 0, past.bad
    (call,) = past.calls.to_dict("records")
    assert call["start"] == pd.Timestamp("2026-06-01 10:00", tz="UTC")
    return call["caller"], call["dialled"], call["disposition"], call["billsec"]


RIGHT = ("6101", "6102", "ANSWERED", 6.0)
