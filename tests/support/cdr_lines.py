"""Made-up lines of a Master.csv, with ``newcdrcolumns = yes``."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd

from ast_notebook.calls.history import history

BEGIN = datetime(2026, 6, 1, 10)
CALLER = "PJSIP/100-00000001"
NAMES = [
    "accountcode", "src", "dst", "dcontext", "clid", "channel", "dstchannel", "lastapp",
    "lastdata", "start", "answer", "end", "duration", "billsec", "disposition", "amaflags",
    "uniqueid", "userfield", "peeraccount", "linkedid", "sequence",
]  # fmt: skip


def at(second: float) -> str:
    """Return a time as cdr_csv writes it."""
    return str(BEGIN + timedelta(seconds=second))


def uniqueid(second: float, number: int) -> str:
    """Return the uniqueid of a channel."""
    return f"{(BEGIN + timedelta(seconds=second)).replace(tzinfo=UTC).timestamp():.0f}.{number}"


def record(
    start: float,
    end: float,
    app: str = "Dial",
    to: str = "",
    *,
    channel: str = CALLER,
    src: str = "100",
    dst: str = "200",
    data: str = "",
    said: str = "ANSWERED",
    answer: float | None = None,
    billsec: float | None = None,
    number: int = 1,
    linked: int | None = None,
    begun: float = 0,
    clid: str | None = None,
) -> list[str]:
    """Return the fields of a line: seconds since `BEGIN`; `number` is the channel's.

    An ANSWERED line was answered at its start, if `answer` does not tell otherwise.
    """
    up = start if answer is None and said == "ANSWERED" else answer
    billed = billsec if billsec is not None else 0 if up is None else end - up
    own = uniqueid(begun, number)
    fields: list[Any] = ["", src, dst, "phones", f'"" <{src}>' if clid is None else clid]
    fields += [channel, to, app, data, at(start), "" if up is None else at(up), at(end)]
    fields += [round(end - start), round(billed), said, "DOCUMENTATION", own, "", ""]
    fields += [own if linked is None else uniqueid(begun, linked), number]
    return [str(field) for field in fields]


def text(records: Iterable[Iterable[str]]) -> str:
    """Return lines as cdr_csv writes them."""
    out = io.StringIO()
    csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(records)
    return out.getvalue()


def calls(folder: Path, *records: Iterable[str]) -> pd.DataFrame:
    """Return the calls of lines; None of them is bad."""
    path = folder / "Master.csv"
    path.write_text(text(records))
    past = history(path, tz="UTC")
    assert past.bad_count == 0, past.bad["reason"].tolist()
    return past.calls


def rows(frame: pd.DataFrame, *columns: str) -> list[tuple[Any, ...]]:
    """Return some columns, row by row; None is missing."""
    plain = frame[list(columns)].astype(object)
    found = plain.where(plain.notna(), None)
    return list(found.itertuples(index=False, name=None))
