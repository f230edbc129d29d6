"""Lines and tables such as PBXs, databases and reports write them, made for tests."""

from __future__ import annotations

import csv
import io
import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

#: A record as FreePBX's reports and tables have it; its uniqueid bears out that its time is UTC.
ROW = {
    "calldate": "2026-06-01 10:00:00",
    "clid": '"Nora" <6101>',
    "src": "6101",
    "dst": "6102",
    "dcontext": "phones",
    "channel": "PJSIP/6101-00000001",
    "dstchannel": "PJSIP/6102-00000002",
    "lastapp": "Dial",
    "lastdata": "PJSIP/6102,60,r",
    "duration": "8",
    "billsec": "6",
    "disposition": "ANSWERED",
    "amaflags": "3",
    "accountcode": "",
    "uniqueid": "1780308000.1",
    "userfield": "",
}
NAMES = list(ROW)
#: An entry a line of a caller who waits nine seconds and talks for a minute.
ENTRIES = [
    ["1780308000", "1780308000.1", "orders", "NONE", "ENTERQUEUE", "", "6101", "1"],
    ["1780308009", "1780308000.1", "orders", "Nora", "CONNECT", "9", "1780308005.2", "4"],
    ["1780308069", "1780308000.1", "orders", "Nora", "COMPLETEAGENT", "9", "60", "1"],
]
ENTRY = ["time", "callid", "queuename", "agent", "event", "data1", "data2", "data3"]


def row(number: int = 0, **changed: str) -> list[str]:
    """Return the values of a record: the first, or that of a call so many minutes later."""
    hour, minute = divmod(number, 60)
    own = {
        "calldate": f"2026-06-01 {10 + hour}:{minute:02d}:00",
        "channel": f"PJSIP/6101-{number + 1:07x}1",
        "dstchannel": f"PJSIP/6102-{number + 1:07x}2",
        "uniqueid": f"{1780308000 + 60 * number}.{number + 1}",
    }
    return list((ROW | (own if number else {}) | changed).values())


def csv_of(
    rows: Iterable[Sequence[str]],
    separator: str = ",",
    quoting: Any = csv.QUOTE_MINIMAL,
    end: str = "\n",
    quote: str = '"',
) -> str:
    """Return rows as Python's csv writes them."""
    text = io.StringIO()
    csv.writer(
        text, delimiter=separator, quoting=quoting, lineterminator=end, quotechar=quote
    ).writerows(rows)
    return text.getvalue()


def write(folder: Path, text: str | bytes, name: str = "Master.csv") -> Path:
    """Write a file."""
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def database(folder: Path, **tables: tuple[str, Sequence[Sequence[object]]]) -> Path:
    """Make a SQLite database of tables: the names of their columns, and rows."""
    path = folder / "calls.sqlite"
    with closing(sqlite3.connect(path)) as base, base:
        for name, (columns, rows) in tables.items():
            base.execute(f'create table "{name}" ({columns})')
            marks = ",".join("?" * len(columns.split(",")))
            base.executemany(f'insert into "{name}" values ({marks})', rows)
    return path
