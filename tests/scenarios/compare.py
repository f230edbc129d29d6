"""The calls that a source tells of, beside those that took place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd

from tests.scenarios.knowledge import (
    AGENT,
    APART,
    CDR,
    CDR_LINKED,
    CLASSES,
    CLASSES_PARTLY,
    DEVICE,
    EARLIER,
    ENDED_FOR,
    EVENTS,
    KNOWS,
    MISLED,
    NO,
    PARTLY,
    PLAIN,
    QUEUE_LOG,
    QUEUED,
    STANDS_FOR,
    WAITED,
)
from tests.scenarios.sources import rows
from tests.scenarios.truth import SECONDS, Call, Played

#: Seconds by which a source that tells whole seconds may be off besides.
WHOLE_SECOND = 1.1
#: The names by which the queues know their members.
MEMBERS = {"200": "Door", "240": "Hall", "71": "Nora", "30": "Nora"}


def differences(
    source: str, calls: pd.DataFrame, played: Played, *, tolerance: float = 0.0
) -> list[str]:
    """Say where a source tells what is not so, or keeps silent about what it knows.

    Parameters
    ----------
    source : str
        One of `tests.scenarios.knowledge.SOURCES`.
    calls : pandas.DataFrame
        The calls that it tells of, those of other scenarios among them.
    played : Played
        What took place.
    tolerance : float
        Seconds by which times may differ at least, on a machine that is busy.
    """
    found = rows(calls, played.channels)
    return list(_differences(source, found, played, tolerance))


def _differences(
    source: str, found: Mapping[str, Mapping[str, Any]], played: Played, tolerance: float
) -> Iterator[str]:
    knows = KNOWS["calls"][source]
    expected = {call.call: call for call in played.calls}
    for call in found.keys() - expected.keys():
        if knows != APART:
            yield f"{call} is no call: {_brief(found[call])}"
    for call, truth in expected.items():
        if call in found:
            for difference in Told(source, truth, found[call], tolerance).differences():
                misled = MISLED.get(played.name) if source in (CDR, CDR_LINKED) else None
                if misled is None or not difference.startswith(misled):
                    yield f"{call}: {difference}"
        elif knows != WAITED or any(visit.outcome in _LOGGED for visit in truth.visits):
            yield f"{call} is not there"


def queue_call_differences(source: str, visits: pd.DataFrame, played: Played) -> list[str]:
    """Say which queue calls of those that took place a source tells otherwise, or not at all."""
    return list(_queue_calls(source, visits, played))


def _queue_calls(source: str, visits: pd.DataFrame, played: Played) -> Iterator[str]:
    about = WHOLE_SECOND if source == QUEUE_LOG else 0.0
    plain = visits.astype(object).where(visits.notna(), None).sort_values("start", kind="stable")
    for call in played.calls:
        found = plain[plain["call"] == call.call].to_dict("records")
        told = [tuple(row[name] for name in ("queue", "outcome", "agent")) for row in found]
        truth = [(visit.queue, visit.outcome, visit.agent) for visit in call.visits]
        if told != truth:
            yield f"{call.call}: queue calls are {told}, not {truth}"
            continue
        for row, visit in zip(found, call.visits, strict=True):
            if abs(row["wait"] - visit.wait) > call.tolerance + about:
                yield f"{call.call}: wait in {visit.queue} is {row['wait']}, not {visit.wait}"
        if found and truth[-1][1] in ("ANSWERED", "ABANDONED") and source != QUEUE_LOG:
            by, talk = (found[-1][name] for name in ("hangup_by", "talk"))
            unknown = by is None and talk is None and truth[-1][1] == "ANSWERED"
            if by != call.hangup_by and not unknown:
                yield f"{call.call}: the queue call is ended by {by}, not {call.hangup_by}"


def answered_at_another_time(source: str, calls: pd.DataFrame, known: pd.DataFrame) -> list[str]:
    """Say which calls a source has answered at another time than those who know it.

    Parameters
    ----------
    source : str
        One of `tests.scenarios.knowledge.SOURCES`.
    calls, known : pandas.DataFrame
        The calls that it tells of, and those of a source that knows when they were answered.
    """
    told = calls.set_index("call")["answered"]
    later = (told - known.set_index("call")["answered"].reindex(told.index)).dt.total_seconds()
    knows = KNOWS["answered"][source]
    wrong = (later > WHOLE_SECOND) & (knows != QUEUED) | (later < -WHOLE_SECOND) & (
        knows != EARLIER
    )
    return [f"{call}: {seconds:+.1f} s" for call, seconds in later[wrong].items()]


_OR_MISSING = (PARTLY, CLASSES_PARTLY, AGENT, DEVICE, QUEUED)
#: How waiting ends that a queue_log tells of: whoever was let in.
_LOGGED = ("ANSWERED", "ABANDONED", "TIMEOUT", "KEY", "LEAVE EMPTY", "TRANSFERRED")


def _brief(row: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {row[name]}" for name in ("caller", "dialled", "disposition"))


@dataclass(frozen=True)
class Told:
    """A call as a source tells it, beside the one that took place."""

    source: str
    truth: Call
    found: Mapping[str, Any]
    tolerance: float = 0.0

    def differences(self) -> Iterator[str]:
        """Say which columns are not as they have to be."""
        truths = asdict(self.truth)
        for column, cells in KNOWS.items():
            if column == "answered":
                yield from self._answered()
            elif column in truths and not self._holds(column, truths[column], cells[self.source]):
                value, knows = self.found[column], cells[self.source]
                yield f"{column} is {value!r}, not {truths[column]!r} ({knows})"

    def _answered(self) -> Iterator[str]:
        """Say whether it is told that the call was answered though it was not, or the reverse."""
        told = self.found["answered"] is not None
        answered = self.found["disposition"] == "ANSWERED"
        partly = KNOWS["answered"][self.source] in (EARLIER, QUEUED)
        if (told and not answered) or (answered and not told and not partly):
            yield f"answered is {self.found['answered']}: {self.found['disposition']}"

    def _holds(self, column: str, truth: Any, knows: str) -> bool:
        value = self.found[column]
        if knows == NO or (value is None and knows in _OR_MISSING):
            return value is None
        if value == truth:
            return True
        if knows == QUEUED:
            return bool(value <= (truth or 0.0) + self._about(column))
        if value is None or truth is None:
            return False
        if column == "hangup_by":
            return bool(ENDED_FOR.get(self.source, {}).get(value) == truth)
        if column in SECONDS:
            return bool(abs(value - truth) <= self._about(column))
        if knows == DEVICE:
            return bool(value == str(self.truth.answered_device).partition("/")[2])
        if knows == AGENT:
            return value in {MEMBERS.get(truth), *(visit.agent for visit in self.truth.visits)}
        return knows in (CLASSES, CLASSES_PARTLY) and truth in STANDS_FOR[self.source].get(
            value, ()
        )

    def _about(self, column: str) -> float:
        whole = 0.0 if self.source in (EVENTS, PLAIN) else WHOLE_SECOND
        if column == "talk":
            whole *= self.truth.parts + self.truth.transfers  # it is off by each part
        return max(self.truth.tolerance, self.tolerance) + whole
