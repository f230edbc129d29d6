"""Joins sources that have the same calls, so that each call is in the history once."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from itertools import combinations
from typing import Any

import pandas as pd

from ast_notebook.calls.calls import Log
from ast_notebook.calls.history.lines import Bad
from ast_notebook.calls.history.result import History

#: The kinds of sources; those that know most about a call come first.
_RANKS = ("events", "cel", "cdr", "queue_log")
#: The columns that a call of one source takes from each other kind of source if it lacks them. All
#: other columns depend on how much of the call a source saw, so they do not fit another source.
_COMPLETED = {
    "queue_log": ("wait", "queue"),
    "cdr": ("billsec", "did", "recording", "caller_name", "caller_device", "answered_device"),
    "cel": ("did", "recording", "caller_name", "caller_device", "answered_device"),
    "events": (),
}


def joined(parts: Sequence[History]) -> History:
    """Return one history of several, in which each call is once; notes tell what was not joined.

    Calls are joined by the uniqueids and linkedids that their sources share. Of a joined call, the
    row of the source that knows most is kept. Its queue calls come from one source, too.
    """
    parts = sorted(parts, key=lambda part: _RANKS.index(part.kind))
    if len(parts) == 1:
        return parts[0]
    groups = _groups(parts)
    notes = [
        note if note.startswith(part.origin) else f"{part.origin}: {note}"
        for part in parts
        for note in part.notes
    ]
    calls, joins = _calls(parts, groups, notes)
    kept = dict(zip(calls["_group"], calls["call"], strict=True))
    queue_calls = _queue_calls(parts, groups, kept)
    shifts = next((part for part in parts if len(part.sessions)), parts[0])
    others = [part.origin for part in parts if len(part.sessions) and part is not shifts]
    if others:
        notes.append(f"the sessions and pauses of agents come from {shifts.origin} alone")
    log = Log(calls[parts[0].calls.columns.tolist()], queue_calls, shifts.sessions, shifts.pauses)
    made = History(
        log,
        ", ".join(dict.fromkeys(part.kind for part in parts)),
        " and ".join(part.origin for part in parts),
        sum(part.records for part in parts),
        Bad(),
        sum(part.doubtful for part in parts),
        notes,
        next((part.tz for part in parts if part.tz is not None), None),
    )
    made.bad = pd.concat([_named(part) for part in parts], ignore_index=True)
    made.bad_count = sum(part.bad_count for part in parts)
    made.parts = tuple(parts)
    made.joins = joins
    return made


def _named(part: History) -> pd.DataFrame:
    """Return the bad records with the name of their file."""
    if "file" in part.bad:
        return part.bad
    bad = part.bad.copy()
    bad.insert(0, "file", pd.Series(part.origin, bad.index, dtype="str"))
    return bad


# --- which calls are the same ---------------------------------------------------------------------


class _SameCalls:
    """Groups things that belong together (a union-find over their names)."""

    def __init__(self) -> None:
        self._above: dict[Hashable, Hashable] = {}
        self._numbers: dict[Hashable, int] = {}

    def number(self, root: Hashable) -> int:
        """Return the number of a group, given its root; frames are grouped by these numbers."""
        return self._numbers.setdefault(root, len(self._numbers))

    def root(self, one: Hashable) -> Hashable:
        """Return the root of a thing's group, which stands for the group."""
        above = self._above
        while (higher := above.get(one, one)) != one:
            above[one] = above.get(higher, higher)
            one = higher
        return one

    def join(self, one: Hashable, other: Hashable) -> None:
        """Put two things into one group."""
        first, second = self.root(one), self.root(other)
        if first != second:
            self._above[second] = first


def _groups(parts: Sequence[History]) -> _SameCalls:
    """Group the calls of all parts by their ids; by their PBX, too, if every part names one."""
    groups = _SameCalls()
    named = all(server is not None for part in parts for server, _ in part.ids)
    for number, part in enumerate(parts):
        for (server, known), call in part.ids.items():
            groups.join(("id", server if named else None, known), (number, call))
    return groups


def _marked(frame: pd.DataFrame, number: int, groups: _SameCalls) -> pd.DataFrame:
    """Return a frame with the part and the group of each row."""
    marks = [
        ("alone", number, place) if pd.isna(call) else groups.root((number, call))
        for place, call in enumerate(frame["call"])
    ]
    numbers = [groups.number(one) for one in marks]
    return frame.assign(_part=number, _group=pd.Series(numbers, frame.index, dtype="int64"))


def _calls(
    parts: Sequence[History], groups: _SameCalls, notes: list[str]
) -> tuple[pd.DataFrame, list[str]]:
    """Return the calls, each once, with their group in ``_group``, and lines about the joining."""
    frames = [_marked(part.calls.frame, number, groups) for number, part in enumerate(parts)]
    frames = _apart(parts, frames, notes)
    whole = pd.concat(frames, ignore_index=True)
    best = whole.groupby("_group")["_part"].transform("min")
    kept, absorbed = whole[whole["_part"] == best].copy(), whole[whole["_part"] != best]
    single = ~kept["_group"].duplicated(keep=False)
    for number, part in enumerate(parts):
        more = absorbed[absorbed["_part"] == number].groupby("_group").first()
        for name in _COMPLETED[part.kind]:
            others = kept["_group"].map(more[name].to_dict())
            wanted = single & kept[name].isna() & others.notna()
            kept.loc[wanted, name] = others[wanted].astype(kept[name].dtype)
    joins = _tell(parts, whole, notes)
    serial = kept["call"].str.extract(r"\.(\d{1,18})$", expand=False).astype("Int64")
    order = kept.assign(_serial=serial).sort_values(["start", "_serial", "call"], kind="stable")
    return order.drop(columns="_serial").reset_index(drop=True), joins


def _tell(parts: Sequence[History], whole: pd.DataFrame, notes: list[str]) -> list[str]:
    """Return a line on each source: how many of its calls other sources have; note missing ones."""
    count = whole.groupby("_group")["_part"].nunique()
    shared = whole["_group"].map(count) > 1
    texts = []
    for number, part in enumerate(parts):
        mine = whole["_part"] == number
        both, alone = int((mine & shared).sum()), int((mine & ~shared).sum())
        texts.append(
            f"of the calls of {part.origin}, {both:,} are in another source, too, and {alone:,} "
            "are not"
        )
        others = whole[whole["_part"] < number]
        starts = whole.loc[mine & ~shared, "start"]
        missed = int(starts.between(others["start"].min(), others["start"].max()).sum())
        if missed:
            better = " and ".join(one.origin for one in parts[:number])
            notes.append(
                f"calls of {part.origin} whose ids {better} does not have, although it covers the "
                f"same time, count as further calls: {missed:,}"
            )
    return texts


def _apart(
    parts: Sequence[History], frames: list[pd.DataFrame], notes: list[str]
) -> list[pd.DataFrame]:
    """Leave out calls that another source may have, too, if there are no ids to join them by."""
    for one, other in combinations(range(len(parts)), 2):
        better, worse = parts[one], parts[other]
        if (better.ids and worse.ids) or not len(frames[one]) or not len(frames[other]):
            continue
        lacking = " and ".join(part.origin for part in (better, worse) if not part.ids)
        first = frames[one]["start"].min()
        last = frames[one][["start", "end"]].max(axis=None)
        moments = frames[other]["start"].fillna(frames[other]["end"])
        within = moments.between(first, last)
        if better.kind == worse.kind or not within.any():
            continue
        within |= moments.isna()
        frames[other] = frames[other][~within]
        notes.append(
            f"calls of {worse.origin} that cannot be joined with those of {better.origin}, which "
            f"covers the same time, were left out: {within.sum():,}; there are no uniqueids in "
            f"{lacking} (loguniqueid = yes in cdr.conf writes them)"
        )
    return frames


def _queue_calls(
    parts: Sequence[History], groups: _SameCalls, kept: dict[Any, Any]
) -> pd.DataFrame:
    """Return the queue calls with the ids of their calls; those of a call come from one source."""
    frames = [
        _marked(part.visits.frame, number, groups)
        for number, part in enumerate(parts)
        if len(part.visits)
    ]
    if not frames:
        none: pd.DataFrame = parts[0].visits.frame
        return none
    whole = pd.concat(frames, ignore_index=True)
    best = whole.groupby("_group")["_part"].transform("min")
    found = whole[whole["_part"] == best].copy()
    calls = found["_group"].map(kept)
    found["call"] = calls.where(calls.notna(), found["call"]).astype("str")
    ordered = found.sort_values(["start", "call"], kind="stable").reset_index(drop=True)
    return ordered.drop(columns=["_part", "_group"])
