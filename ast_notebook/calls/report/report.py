"""`Report`: the main measures of calls, as a page, as text and as frames."""

from __future__ import annotations

import os
from pathlib import Path
from types import ModuleType
from typing import Any

from ast_notebook.calls import charts
from ast_notebook.calls.calls import Log
from ast_notebook.calls.report import page
from ast_notebook.calls.report.measured import Measured
from ast_notebook.show import columns, plain


class Report(Measured):
    """A report of calls and queues on one page: numbers, then pictures and tables.

    A notebook shows it as a page, and a terminal as text; each measure is also a frame.

    Parameters
    ----------
    calls, visits : frame
        The frames of a log, of any engine.
    sessions, pauses : pandas.DataFrame, optional
        The sessions and the pauses of agents.
    since, until : datetime or str, optional
        The report has the calls that began at `since` or later, and before the end of `until`. A
        moment that names no zone is in `tz`.
    month : str, optional
        The month of the calls, such as ``2026-10`` or ``last-month``, in place of `since` and
        `until`.
    against : str, optional
        ``last-week``, ``last-month``, ``7d``: compare with the same time so much earlier, and tell
        which differences are more than chance. Days, weeks, months and years are those of the
        calendar in `tz`. If the calls of that time are not all known, its numbers are missing.
    covered : tuple of pandas.Timestamp, optional
        The beginning and end of the period of which all calls are known. By default, it begins at
        the midnight before the first call, and ends at the last moment that a call has.
    tz : str or tzinfo, optional
        The zone of hours and days; by default, that of `use_zone`.
    within : float
        The seconds of the service level.
    title : str
        The heading.

    Attributes
    ----------
    summary : pandas.DataFrame
        `measures.summary` of all calls.
    days : pandas.DataFrame
        `measures.summary` by day, with the days without calls, and with the beginning of each day's
        ``busiest`` hour.
    apart : str
        A line on calls that began more than a year before or after all others; empty if none did.
    missed : pandas.DataFrame
        `measures.missed`.
    service : pandas.DataFrame
        `measures.service` by queue; it has no rows if there were no queue calls.
    heat_map, load, waits, causes : pandas.DataFrame
        The hours of the week, the calls at once, the waits and the causes, as the functions of
        `measures` return them.
    callers, dialled : pandas.DataFrame
        The most frequent callers and dialled numbers.
    agents : pandas.DataFrame
        `measures.agents`.
    peak : measures.Peak
        The most calls at once.
    left_out : int
        The number of calls that the load, the peak and the busy hour leave out, because their
        beginning or end is unknown. These measures are then lower bounds.
    busy_hour : measures.BusyHour
        The busiest hour, averaged over the days.
    sounded : Sounded
        How calls sounded: `measures.quality` of all, by device, by trunk and by hour.
    office : Office
        Who waits for a call, who called again, and what differs from an earlier period.
    comparison : pandas.DataFrame
        The main numbers: ``measure value before difference``.
    """

    _charts: ModuleType = charts

    @classmethod
    def of(cls, log: Log, **given: Any) -> Report:
        """Return the report of a log's four frames; `given` are other arguments of `Report`."""
        return cls(log.calls, log.visits, sessions=log.sessions, pauses=log.pauses, **given)

    def hovering(self) -> Report:
        """Use pictures that can be zoomed and show details under the mouse; return the report.

        They make the page 5 MB larger, and need a browser that runs their script.

        Raises
        ------
        ConfError
            If plotly is not installed; the extra ``hover`` of ast_notebook installs it.
        """
        from ast_notebook.calls import hover

        self._charts = hover
        return self

    def numbers(self) -> list[tuple[str, str]]:
        """Return the main numbers as they are shown: names and values."""
        rows = [(one.name, one.text) for one, _ in self.compared()]
        return rows + self.office.numbers() + self.sounded.numbers()

    def __repr__(self) -> str:
        rows = [
            (one.name, one.text, *([] if old is None else [one.change(old), f"before {old.text}"]))
            for one, old in self.compared()
        ]
        before = page.sentence_on_before(self)
        heading = (
            f"{self.title}: {page.period(self)}"
            if self.span is None
            else (f"{self.title} from {page.period(self)}")
        )
        head = [heading, *filter(None, (self.apart, before))]
        of_office = self.office.numbers() + self.sounded.numbers()
        parts = [plain("\n".join(head)), columns(rows, "  ")]
        return "\n\n".join([*parts, *([columns(of_office, "  ")] if of_office else [])])

    def _repr_html_(self) -> str:
        return page.fragment(self, self._charts)

    def html(self) -> str:
        """Return the whole page, which needs no other file."""
        return page.document(self, self._charts)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the page to a file, and return its path.

        An older page stays until the new one is written whole.
        """
        place, page = Path(path).expanduser(), self.html()
        at = place.resolve()
        if at.exists() and not at.is_file():  # such as /dev/stdout
            at.write_text(page, encoding="utf-8")
            return place
        beside = at.with_name(f".{at.name[:200]}.{os.getpid()}")
        try:
            beside.write_text(page, encoding="utf-8")
            beside.replace(at)
        except BaseException:
            beside.unlink(missing_ok=True)
            raise
        return place
