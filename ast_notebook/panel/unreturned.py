"""The callers who wait for a call, for a panel: computed on a worker's thread after calls end."""

from __future__ import annotations

import logging
import re
import threading
import time
from collections.abc import Mapping
from typing import Any

import pandas as pd

from ast_notebook.asterisk import Asterisk
from ast_notebook.asterisk.waiting import GATHERED, REST
from ast_notebook.callbacks.worker import Worker
from ast_notebook.counted import counted
from ast_notebook.errors import ConfError
from ast_notebook.numbering import Numbering

logger = logging.getLogger(__name__)

#: The name of the table.
UNRETURNED = "unreturned"
#: The events after which somebody else may wait: the end of a channel, and of a gap.
ENDS = ("Hangup", "SessionReady")
ENDING = 1.0  # seconds that the last look has to end
MOST = 1_000  # rows, since whoever calls may choose a new number for each call
LONGEST = 80  # letters of a number or a name, which callers choose
NO_TRUNK = (
    "To know calls from outside, name the trunks: %ast trunks DEVICE, or %ast trunks --guess."
)
DEAR = ("premium", "shared cost", "personal", "pager")  # kinds of numbers with tariffs of their own
NO_COUNTRY = "001"  # libphonenumber's word for networks of no country, such as satellites
# What a button may dial: digits, and no `*` or `#`, by which a caller could choose a service code.
_NUMBER = re.compile(r"\+?[0-9]{2,32}")
_BETWEEN = re.compile(r"[ ()./-]+")

Row = dict[str, Any]


class Unreturned:
    """Keeps the callers of one PBX who wait for a call; see `measures.unreturned`.

    Nothing is computed unless somebody asks for the rows, and then only if a call has ended since
    the last time, or the site's trunks or numbering have changed.

    Attributes
    ----------
    why : str
        The reason why it is not known, or only in part, who waits.
    """

    def __init__(self) -> None:
        self.why = ""
        self._rows: dict[str, Row] = {}
        self._ended = 0
        self._of: tuple[Any, ...] | None = None  # what the last look was planned for
        self._due: float | None = None
        self._took = 0.0
        self._seen = threading.Event()  # set when the first look is over
        self._worker = Worker("panel-unreturned", self._look, on_error=self._failed)

    def note_end(self) -> None:
        """Note that a call has ended; the dispatcher's thread calls this."""
        self._ended += 1

    def rows_of(self, pbx: Asterisk) -> dict[str, Row]:
        """Return the rows by the callers' numbers, and have them renewed if it is time."""
        if not pbx.trunks:
            self._of, self._due = None, None
            self._tell({}, NO_TRUNK)
            return self._rows
        now, wanted = time.monotonic(), (self._ended, pbx, pbx.trunks, pbx.numbering)
        if self._of == wanted:
            return self._rows
        if self._due is None:
            is_told = self._of is None or self._of[1:] != wanted[1:]  # new settings: at once
            self._due = now + (0.0 if is_told else max(GATHERED, REST * self._took))
        if now >= self._due and not self._worker.waiting:
            if self._of is None:
                self._tell({}, "")
                self._seen.clear()
            self._of, self._due = wanted, None
            self._worker.put(pbx)
        return self._rows

    def settle(self, seconds: float) -> None:
        """Wait until the first look is over, but no longer than so many seconds."""
        self._seen.wait(seconds)

    def close(self) -> None:
        """End the thread; the last rows can still be read."""
        self._worker.stop(ENDING)

    def _look(self, pbx: Asterisk) -> None:
        began = time.thread_time()  # only this thread's own work counts
        try:
            found = pbx.unreturned().frame
        except ConfError as error:
            if pbx.trunks:
                self._tell({}, str(error))
            return
        finally:
            self._took = time.thread_time() - began
        numbering = pbx.numbering
        rows = (row_of(one, numbering) for one in found.head(MOST).to_dict("records"))
        more = len(found) - MOST
        why = (
            f"{more:,} more callers wait, and those who waited longest are here."
            if more > 0
            else ""
        )
        if pbx.trunks:
            self._tell({str(row["caller"]): row for row in rows}, why)

    def _failed(self, error: BaseException) -> None:
        logger.warning("who waits for a call is not known", exc_info=error)
        self._tell({}, f"It is not known who waits for a call: {error}")

    def _tell(self, rows: dict[str, Row], why: str) -> None:
        self._rows, self.why = rows, why
        self._seen.set()


def row_of(matter: Mapping[Any, Any], numbering: Numbering) -> Row:
    """Return the row of one caller who waits.

    Parameters
    ----------
    matter : mapping
        A row of `measures.unreturned`.
    numbering : Numbering
        How numbers are dialled at the site.
    """
    caller = _text(matter["caller"])
    dial = dialled(caller, numbering)
    return {
        "caller": caller,
        "caller_name": _text(matter["caller_name"]),
        "queue": _text(matter["queue"]),
        "tries": int(matter["tries"]),
        "first": matter["first"].timestamp(),
        "last": matter["last"].timestamp(),
        "note": _note(int(matter["attempts"]), int(matter["unknown"])),
        "dial": dial,
        "caution": caution(caller, numbering) if dial else "",
    }


def dialled(caller: str, numbering: Numbering) -> str:
    """Return what a telephone of the site dials to reach a caller; empty if it is no number."""
    found = numbering.number(caller)
    plan = numbering.plan
    digits = (
        _BETWEEN.sub("", caller) if found is None or plan is None else plan.national(found.e164)
    )
    return f"{numbering.outside}{digits}" if _NUMBER.fullmatch(digits) else ""


def caution(caller: str, numbering: Numbering) -> str:
    """Return why it may be dear to call a number: it is abroad, or has a tariff of its own.

    Swindlers ring once from such numbers, so that people call back.
    """
    found, plan = numbering.number(caller), numbering.plan
    if found is not None and found.kind in DEAR:
        return f"a number with a tariff of its own ({found.kind})"
    if found is not None and found.country not in (None, NO_COUNTRY, numbering.country):
        return f"a number abroad ({found.country})"
    if plan is not None and plan.is_abroad(caller if found is None else found.e164):
        return "a number abroad"
    return ""


def _note(attempts: int, unknown: int) -> str:
    """Return what is known beyond the missed calls, in words."""
    notes = [f"called back {_times(attempts)} in vain"] if attempts else []
    if unknown:
        calls = counted(unknown, "call", "calls")
        notes.append(f"perhaps reached: the outcome of {calls} is unknown")
    return "; ".join(notes)


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number:,} times"


def _text(value: object) -> str:
    return value[:LONGEST] if isinstance(value, str) and not pd.isna(value) else ""
