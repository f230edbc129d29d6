"""Histories and reports with pseudonyms in place of numbers and names."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

import pandas as pd

from ast_notebook.anonymize import Anonymizer

if TYPE_CHECKING:
    from ast_notebook.calls.history import History
    from ast_notebook.calls.report import Report


def anonymized_history(past: History, anonymizer: Anonymizer) -> History:
    """Return a history with pseudonyms, in pandas; of bad records, only the line numbers stay.

    Examples
    --------
    >>> past = anonymized_history(history("calls"), Anonymizer())
    """
    made = copy.copy(past)
    vars(made).pop("calls", None)  # it is made again at its next use
    vars(made).pop("visits", None)
    made.frame = anonymizer.frame(past.calls)
    made.visits_frame = anonymizer.frame(past.visits)
    made.sessions = anonymizer.frame(past.sessions)
    made.pauses = anonymizer.frame(past.pauses)
    made.parts, made.events_of = (), None  # they have the numbers
    made.bad = past.bad[["line"]].reindex(columns=past.bad.columns)
    return made


def anonymized_report(report: Report, anonymizer: Anonymizer) -> Report:
    """Return a report with pseudonyms, computed from the original calls on their engine."""
    made = copy.copy(report)
    made.callers = _mapped(report.callers, "caller", anonymizer)
    made.missed = _mapped(report.missed, "caller", anonymizer)
    made.dialled = _mapped(report.dialled, "dialled", anonymizer)
    made.agents = _mapped(report.agents, "agent", anonymizer)
    made.sounded = report.sounded.hidden(anonymizer.frame)
    made.office = report.office.hidden(anonymizer.frame)
    return made


def _mapped(frame: pd.DataFrame, name: str, anonymizer: Anonymizer) -> pd.DataFrame:
    """Return a table of a report with pseudonyms in its column `name`."""
    return frame.assign(**{name: anonymizer.frame(frame[[name]])[name]})
