"""Lines of a CDR for tests, and the file that they are in."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import pandas as pd

BASE = {
    "accountcode": "",
    "src": "100",
    "dst": "200",
    "dcontext": "phones",
    "clid": '"Door" <100>',
    "channel": "PJSIP/100-00000001",
    "dstchannel": "PJSIP/200-00000002",
    "lastapp": "Dial",
    "lastdata": "PJSIP/200,30",
    "start": "2026-06-01 10:00:00",
    "answer": "2026-06-01 10:00:05",
    "end": "2026-06-01 10:01:05",
    "duration": "65",
    "billsec": "60",
    "disposition": "ANSWERED",
    "amaflags": "DOCUMENTATION",
}


def line(*more: str, quoting: Any = csv.QUOTE_ALL, **changed: str) -> str:
    """Return a line of cdr_csv."""
    text = io.StringIO()
    csv.writer(text, quoting=quoting, lineterminator="\n").writerow(
        [*(BASE | changed).values(), *more]
    )
    return text.getvalue()


def write(folder: Path, text: str | bytes, name: str = "Master.csv") -> Path:
    """Write a log."""
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def moment(text: str) -> pd.Timestamp:
    """Return a moment in UTC."""
    return pd.Timestamp(text, tz="UTC")
