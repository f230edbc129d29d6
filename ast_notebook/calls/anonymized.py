"""Histories and reports with pseudonyms in place of numbers and names."""

from __future__ import annotations

import contextlib
import copy
from typing import TYPE_CHECKING

import pandas as pd

from ast_notebook.anonymize import Anonymizer
from ast_notebook.calls.finding import find_call
from ast_notebook.calls.flow import flow
from ast_notebook.calls.ladder import Flow
from ast_notebook.calls.measures.grouping import Zone
from ast_notebook.counted import counted
from ast_notebook.errors import ChannelGone

if TYPE_CHECKING:
    from ast_notebook.calls.history import History
    from ast_notebook.calls.report import Report


def anonymized_history(past: History, anonymizer: Anonymizer) -> History:
    """Return a history with pseudonyms, in pandas; of bad records, only the line numbers stay.

    Of files that were not read, only their number stays.

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
    made.parts, made.events_of, made.ids = (), None, {}  # they have the numbers
    made.bad = past.bad[["line"]].reindex(columns=past.bad.columns)
    made.unread = past.unread.head(0)  # a recording may be named by the number that was recorded
    if unread := len(past.unread):
        made.joins = [*past.joins, f"not read: {counted(unread, 'file', 'files')}"]
    return made


def anonymized_flow(
    events: pd.DataFrame, which: str, anonymizer: Anonymizer, *, tz: Zone | None = None
) -> Flow:
    """Return one call of events as a ladder with pseudonyms.

    The call is named as for `flow`, by what the events have or by a pseudonym.
    """
    call = find_call(events, which)
    hidden = anonymizer.frame(events)
    with contextlib.suppress(ChannelGone):
        return flow(hidden, anonymizer.id_of(call), tz=tz)
    return flow(hidden, which, tz=tz)


def anonymized_flow_of_history(
    past: History, which: str, anonymizer: Anonymizer, *, tz: Zone | None = None
) -> Flow:
    """Return one call of a history as a ladder with pseudonyms; see `anonymized_flow`."""
    hidden = anonymized_history(past, anonymizer)
    with contextlib.suppress(ChannelGone):
        return hidden.flow(anonymizer.id_of(str(past.find(which)["call"])), tz)
    return hidden.flow(which, tz)


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
