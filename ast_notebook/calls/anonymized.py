"""What was read and what was reported, with pseudonyms in place of numbers and names."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

import pandas as pd

from ast_notebook.anonymize import Anonymizer

if TYPE_CHECKING:
    from ast_notebook.calls.history import History
    from ast_notebook.calls.report import Report


def anonymized_history(past: History, anonymizer: Anonymizer) -> History:
    """Return a history with pseudonyms, in pandas; of what could not be read, only the lines.

    Examples
    --------
    >>> past = anonymized_history(history("calls"), Anonymizer())
    """
    made = copy.copy(past)
    vars(made).pop("calls", None)  # made at first use, of what follows
    vars(made).pop("visits", None)
    made.frame = anonymizer.frame(past.calls)
    made.visits_frame = anonymizer.frame(past.visits)
    made.sessions = anonymizer.frame(past.sessions)
    made.pauses = anonymizer.frame(past.pauses)
    made.bad = past.bad[["line"]].reindex(columns=past.bad.columns)
    return made


def anonymized_report(report: Report, anonymizer: Anonymizer) -> Report:
    """Return a report with pseudonyms; it was computed of what was there, wherever that is."""
    made = copy.copy(report)
    made.callers = _mapped(report.callers, "caller", anonymizer)
    made.dialled = _mapped(report.dialled, "dialled", anonymizer)
    made.agents = _mapped(report.agents, "agent", anonymizer)
    return made


def _mapped(frame: pd.DataFrame, name: str, anonymizer: Anonymizer) -> pd.DataFrame:
    """Return a frame of measures, in which one column says whose they are."""
    return frame.assign(**{name: anonymizer.frame(frame[[name]])[name]})
