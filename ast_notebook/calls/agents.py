"""Agents: from login to logout, and the pauses between."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

import narwhals as nw

from ast_notebook.calls import frames
from ast_notebook.calls.engines import small, tidy
from ast_notebook.calls.source import MICROSECOND, Source, read, servers

SESSION_TIMES = ("login", "logout")
PAUSE_TIMES = ("start", "end")

Step = Literal["in", "out", "pause", "unpause"]
_STEPS: dict[str, Step] = {
    "QueueMemberAdded": "in",
    "AgentLogin": "in",
    "QueueMemberRemoved": "out",
    "AgentLogoff": "out",
}
_KINDS = (*_STEPS, "QueueMemberPause")

_PAUSE = {
    "server": nw.String,
    "agent": nw.String,
    "interface": nw.String,
    "queue": nw.String,
    "start": nw.Int64,
    "end": nw.Int64,
    "seconds": nw.Float64,
    "reason": nw.String,
}
_SESSION = {
    "server": nw.String,
    "agent": nw.String,
    "interface": nw.String,
    "queue": nw.String,
    "login": nw.Int64,
    "logout": nw.Int64,
    "seconds": nw.Float64,
    "pauses": nw.Int64,
    "paused": nw.Float64,
}

#: The agent, his interface, and the queue.
Key = tuple[str | None, str | None, str | None]
Rows = dict[str, list[Any]]


@dataclass
class Pause:
    """A pause; the end is None while it lasts."""

    start: int
    reason: str | None
    end: int | None = None


@dataclass
class Session:
    """An agent in a queue; the login is None if he was there before the events began."""

    server: str | None
    key: Key
    login: int | None
    logout: int | None = None
    pauses: list[Pause] = field(default_factory=list)


class Shifts:
    """Makes sessions of steps, which come in their order.

    Attributes
    ----------
    sessions : list of Session
        Those that are over, and those that are not.

    Parameters
    ----------
    server : str, optional
        The PBX.
    """

    def __init__(self, server: str | None) -> None:
        self.sessions: list[Session] = []
        self._server = server
        self._now: dict[Key, Session] = {}

    def take(self, time: int, key: Key, step: Step, reason: str | None = None) -> None:
        """Take a step of an agent, and for a pause its reason.

        Who comes to where he is already stays there: Asterisk tells so after a restart.
        """
        session = self._now.get(key)
        if session is None:
            session = Session(self._server, key, time if step == "in" else None)
            self._now[key] = session
            self.sessions.append(session)
        if step != "in" and session.pauses and session.pauses[-1].end is None:
            session.pauses[-1].end = time
        if step == "pause":
            session.pauses.append(Pause(time, reason))
        elif step == "out":
            session.logout = time
            del self._now[key]

    def explain(self, agent: str, reason: str | None) -> None:
        """Take the reason of an agent's pauses that began without one."""
        for (name, *_), session in self._now.items():
            if name == agent and session.pauses and session.pauses[-1].reason is None:
                session.pauses[-1].reason = reason


def agent_sessions(events: Any) -> Any:
    """Return a row for each time that an agent was a member of a queue, or logged in to a pool.

    Parameters
    ----------
    events : frame
        Events as `from_events` takes them; the manager tells them to logins with ``read = agent``.

    Returns
    -------
    frame
        ``server agent interface queue login logout seconds pauses paused``: times are UTC,
        ``seconds`` from login to logout, ``pauses`` how many pauses began in it and ``paused``
        their seconds as far as they are over. What began before the events or is not over at
        their end has no ``login`` or no ``logout``, nor ``seconds``. A member by configuration
        (queues.conf) never logs in: he has a row if he paused. Who comes twice and leaves once
        was there all the time.
    """
    with tidy(whole := read(events)):
        return give_sessions(_sessions(whole), like=events)


def agent_pauses(events: Any) -> Any:
    """Return a row for each pause: ``server agent interface queue start end seconds reason``.

    Parameters
    ----------
    events : frame
        As `agent_sessions` takes them.
    """
    with tidy(whole := read(events)):
        return give_pauses(_sessions(whole), like=events)


def _sessions(events: nw.LazyFrame[Any]) -> Iterator[Session]:
    for server, source in servers(events):
        yield from sessions_of(source, server)


def sessions_of(source: Source, server: str | None) -> list[Session]:
    """Go through the events of agents of one PBX, which are few, on the driver."""
    rows = (
        source.seldom.only(
            _KINDS,
            event="event",
            agent="membername",
            pool="agent",
            interface="interface",
            queue="queue",
            paused="paused",
            reason="pausedreason",
        )
        .sort("time")
        .collect()
    )
    shifts = Shifts(server)
    for time, event, name, pool, interface, queue, paused, reason in rows.iter_rows():
        key = (name or pool, interface, queue)
        if event in _STEPS:
            shifts.take(int(time), key, _STEPS[event])
        if paused is not None and _STEPS.get(event) != "out":
            shifts.take(int(time), key, "pause" if paused == "1" else "unpause", reason)
    return shifts.sessions


def give_sessions(sessions: Iterable[Session], *, like: Any) -> Any:
    """Return sessions as a frame of the kind that the user's is; `agent_sessions` says which."""
    rows = _rows(_SESSION, map(_session, sessions))
    order = ("login", "agent")
    parts = [small(rows, _SESSION, read(like))]
    return frames.give(parts, like=like, order=order, times=SESSION_TIMES, whole=("pauses",))


def give_pauses(sessions: Iterable[Session], *, like: Any) -> Any:
    """Return their pauses as a frame of the kind that the user's is."""
    rows = _rows(_PAUSE, (_pause(one, pause) for one in sessions for pause in one.pauses))
    order = ("start", "agent")
    parts = [small(rows, _PAUSE, read(like))]
    return frames.give(parts, like=like, order=order, times=PAUSE_TIMES, whole=())


def _rows(columns: Iterable[str], rows: Iterable[tuple[Any, ...]]) -> Rows:
    made = list(rows)
    return {name: [row[place] for row in made] for place, name in enumerate(columns)}


def _session(one: Session) -> tuple[Any, ...]:
    paused = sum((_seconds(pause.start, pause.end) or 0.0 for pause in one.pauses), 0.0)
    stayed = _seconds(one.login, one.logout)
    return (one.server, *one.key, one.login, one.logout, stayed, len(one.pauses), paused)


def _pause(one: Session, pause: Pause) -> tuple[Any, ...]:
    length = _seconds(pause.start, pause.end)
    return (one.server, *one.key, pause.start, pause.end, length, pause.reason)


def _seconds(start: int | None, end: int | None) -> float | None:
    return None if start is None or end is None else (end - start) / MICROSECOND
