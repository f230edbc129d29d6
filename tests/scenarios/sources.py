"""The calls of a recording, as each source tells them."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

import pandas as pd

from ast_notebook.calls import from_events
from ast_notebook.calls.history.history import Kind, history
from tests.scenarios.knowledge import CDR, CDR_LINKED, CEL, EVENTS, PLAIN, QUEUE_LOG
from tests.scenarios.play import Recording

#: How the scenarios' trunk is told.
TRUNKS = ("trunk",)
#: The classes of events that the login `admin` may read.
ADMIN = {"system", "call", "user", "cdr"}
#: What a time has behind its seconds.
_FRACTION = re.compile(r'(?<=,"\d{10})\.\d{6}(?=",)')


def _panel(recording: Recording) -> pd.DataFrame:
    return from_events(recording.events, trunks=TRUNKS)


def _admin(recording: Recording) -> pd.DataFrame:
    return from_events(of_admin(recording.events), trunks=TRUNKS)


def _file(name: str, kind: Kind) -> Callable[[Recording], pd.DataFrame]:
    def told(recording: Recording) -> pd.DataFrame:
        return history(recording.file(name), kind=kind, tz="UTC", trunks=TRUNKS).calls

    return told


#: Who tells of calls.
SOURCES: dict[str, Callable[[Recording], pd.DataFrame]] = {
    EVENTS: _panel,
    PLAIN: _admin,
    CEL: _file("cel.csv.gz", "cel"),
    CDR_LINKED: _file("cdr-linkedid.csv.gz", "cdr"),
    CDR: _file("cdr.csv.gz", "cdr"),
    QUEUE_LOG: _file("queue_log.gz", "queue_log"),
}


def cel_of_whole_seconds(recording: Recording, folder: Path) -> pd.DataFrame:
    """Return what the CEL would tell if its times were cut to whole seconds.

    Parameters
    ----------
    recording : Recording
    folder : pathlib.Path
        Where the file that was cut is kept.
    """
    cut = folder / "Master.csv"
    with gzip.open(recording.file("cel.csv.gz"), "rt") as fine:
        cut.write_text(_FRACTION.sub("", fine.read()))
    return history(cut, kind="cel", tz="UTC", trunks=TRUNKS).calls


def of_admin(events: pd.DataFrame) -> pd.DataFrame:
    """Return the events that a login with fewer rights would have heard."""
    heard = events["privilege"].map(
        lambda privilege: not isinstance(privilege, str) or bool(ADMIN & set(privilege.split(",")))
    )
    return events[heard]


def rows(calls: pd.DataFrame, channels: Collection[str]) -> dict[str, dict[str, Any]]:
    """Return those calls that some of the channels are in, by what they are called."""
    there = calls[calls["call"].isin(list(channels))]
    plain = there.astype(object).where(there.notna(), None)
    records: list[dict[Any, Any]] = plain.to_dict("records")
    return {row["call"]: row for row in records}
