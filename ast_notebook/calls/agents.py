"""The sessions of agents, from login to logout, and the pauses in them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

import narwhals as nw

from ast_notebook.calls import frames
from ast_notebook.calls.engines import Work
from ast_notebook.calls.events import read
from ast_notebook.calls.source import Source, servers
from ast_notebook.units import SECOND

SESSION_TIMES = ("login", "logout")
PAUSE_TIMES = ("start", "end")

Step = Literal["in", "out", "pause", "unpause"]
_STEPS: dict[str, Step] = {
    "QueueMemberAdded": "in",
    "AgentLogin": "in",
    "QueueMemberRemoved": "out",
    "AgentLogoff": "out",
}
_LOST = ("SessionLost", "RecordingLost")
#: The events that sessions and pauses are made of.
KINDS = frozenset((*_STEPS, "QueueMemberPause", *_LOST))

_PAUSE = {
    "server": nw.String,
    "agent": nw.String,
    "interface": nw.String,
    "queue": nw.String,
    "start": nw.Int64,
    "end": nw.Int64,
    "seconds": nw.Float64,
    "reason": nw.String,
    "gap": nw.Boolean,
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
    "gap": nw.Boolean,
}

#: The agent, his interface, and the queue.
Key = tuple[str | None, str | None, str | None]
Rows = dict[str, list[Any]]


@dataclass
class AgentPause:
    """A pause; its end is None while it lasts, or if it ended in a gap."""

    start: int
    reason: str | None
    end: int | None = None
    gap: bool | None = None


@dataclass
class AgentSession:
    """A session of an agent in a queue; its login is None if it began before the events."""

    server: str | None
    key: Key
    login: int | None
    logout: int | None = None
    gap: bool | None = None
    pauses: list[AgentPause] = field(default_factory=list)


class Shifts:
    """Makes sessions from the steps of agents, such as a login or a pause, in order of time.

    Attributes
    ----------
    sessions : list of AgentSession
        The sessions, ended or not.

    Parameters
    ----------
    server : str, optional
        The PBX.
    gap : bool, optional
        The value of ``gap`` unless `lose` is called; None means that it is unknown.
    """

    def __init__(self, server: str | None, gap: bool | None = None) -> None:
        self.sessions: list[AgentSession] = []
        self._server = server
        self._gap = gap
        self._now: dict[Key, AgentSession] = {}

    def take(self, time: int, key: Key, step: Step, reason: str | None = None) -> None:
        """Add a step of an agent, and for a pause its reason.

        A login of an agent who is logged in already is ignored: Asterisk sends such logins after
        a restart.
        """
        session = self._now.get(key)
        if session is None:
            login = time if step == "in" else None
            session = AgentSession(self._server, key, login, gap=self._gap)
            self._now[key] = session
            self.sessions.append(session)
        if step != "in" and session.pauses and session.pauses[-1].end is None:
            last = session.pauses[-1]
            # An agent who pauses again, or leaves, after a gap may have come back in it.
            last.end = None if last.gap and step != "unpause" else time
        if step == "pause":
            session.pauses.append(AgentPause(time, reason, gap=self._gap))
        elif step == "out":
            session.logout = time
            del self._now[key]

    def lose(self) -> None:
        """Note a gap, in which steps of agents may have been missed."""
        for session in self._now.values():
            session.gap = True
            if session.pauses and session.pauses[-1].end is None:
                session.pauses[-1].gap = True

    def explain(self, agent: str, reason: str | None) -> None:
        """Set the reason of an agent's pauses that began without one."""
        for (name, *_), session in self._now.items():
            if name == agent and session.pauses and session.pauses[-1].reason is None:
                session.pauses[-1].reason = reason


def agent_sessions(events: Any) -> Any:
    """Return a row for each time that an agent was a member of a queue, or logged in to a pool.

    Parameters
    ----------
    events : frame
        Events as `from_events` takes them; Asterisk sends them to logins with ``read = agent``.

    Returns
    -------
    frame
        A row for each session. Its columns, and their types in pandas:

        - str: ``server agent interface queue``
        - datetime64[us, UTC]: ``login logout``
        - float64, in seconds: ``seconds paused``
        - Int64: ``pauses``
        - bool: ``gap``

        ``seconds`` is the time from login to logout. ``pauses`` counts the pauses that began in it,
        and ``paused`` is the seconds of those that are over. A session that began before the events
        has no ``login``, one that is not over has no ``logout``, and neither has ``seconds``. A
        member by configuration (queues.conf) never logs in, and has a row only if he paused. An
        agent who logs in twice and out once was there all the time. ``gap`` says that a connection
        was lost meanwhile, so that he may have left and come again.
    """
    with Work(whole := read(events)) as work:
        return give_sessions(_sessions(whole, work), work, like=events)


def agent_pauses(events: Any) -> Any:
    """Return a row for each pause of an agent.

    Parameters
    ----------
    events : frame
        As `agent_sessions` takes them.

    Returns
    -------
    frame
        A row for each pause. Its columns, and their types in pandas:

        - str: ``server agent interface queue reason``
        - datetime64[us, UTC]: ``start end``
        - float64, in seconds: ``seconds``
        - bool: ``gap``

        ``gap`` says that a connection was lost during the pause. Then ``end`` is missing, unless
        later events show that the pause went on after the gap.
    """
    with Work(whole := read(events)) as work:
        return give_pauses(_sessions(whole, work), work, like=events)


def _sessions(events: nw.LazyFrame[Any], work: Work) -> Iterator[AgentSession]:
    for server, source in servers(events, work):
        yield from sessions_of(source, server)


def sessions_of(source: Source, server: str | None) -> list[AgentSession]:
    """Make sessions from the agents' events of one PBX, which are few, in Python."""
    rows = (
        source.rare_events.only(
            sorted(KINDS),
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
    shifts = Shifts(server, gap=False)
    for time, event, name, pool, interface, queue, paused, reason in rows.iter_rows():
        if event in _LOST:
            shifts.lose()
            continue
        key = (name or pool, interface, queue)
        if event in _STEPS:
            shifts.take(int(time), key, _STEPS[event])
        if paused is not None and _STEPS.get(event) != "out":
            shifts.take(int(time), key, "pause" if paused == "1" else "unpause", reason)
    return shifts.sessions


def give_sessions(sessions: Iterable[AgentSession], work: Work, *, like: Any) -> Any:
    """Return sessions as a frame of the same kind as the user's; see `agent_sessions`."""
    rows = _rows(_SESSION, map(_session, sessions))
    order = ("login", "agent")
    parts = [work.small(rows, _SESSION, work.events)]
    return frames.give(parts, work, like=like, order=order, times=SESSION_TIMES, whole=("pauses",))


def give_pauses(sessions: Iterable[AgentSession], work: Work, *, like: Any) -> Any:
    """Return the pauses in sessions as a frame of the same kind as the user's."""
    rows = _rows(_PAUSE, (_pause(one, pause) for one in sessions for pause in one.pauses))
    order = ("start", "agent")
    parts = [work.small(rows, _PAUSE, work.events)]
    return frames.give(parts, work, like=like, order=order, times=PAUSE_TIMES, whole=())


def _rows(columns: Iterable[str], rows: Iterable[tuple[Any, ...]]) -> Rows:
    made = list(rows)
    return {name: [row[place] for row in made] for place, name in enumerate(columns)}


def _session(one: AgentSession) -> tuple[Any, ...]:
    paused = sum((_seconds(pause.start, pause.end) or 0.0 for pause in one.pauses), 0.0)
    stayed = _seconds(one.login, one.logout)
    return (one.server, *one.key, one.login, one.logout, stayed, len(one.pauses), paused, one.gap)


def _pause(one: AgentSession, pause: AgentPause) -> tuple[Any, ...]:
    length = _seconds(pause.start, pause.end)
    return (one.server, *one.key, pause.start, pause.end, length, pause.reason, pause.gap)


def _seconds(start: int | None, end: int | None) -> float | None:
    return None if start is None or end is None else (end - start) / SECOND
