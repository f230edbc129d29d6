"""Agents: from login to logout, and the pauses between."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import narwhals as nw

from ast_notebook.calls import frames
from ast_notebook.calls.engines import small, tidy
from ast_notebook.calls.source import MICROSECOND, Source, read, servers

_IN = ("QueueMemberAdded", "AgentLogin")
_OUT = ("QueueMemberRemoved", "AgentLogoff")
_KINDS = (*_IN, *_OUT, "QueueMemberPause")

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

Key = tuple[str | None, str | None, str | None]


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
    logout: int | None
    pauses: list[Pause]


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
        (queues.conf) never logs in: he has a row if he paused.
    """
    rows: dict[str, list[Any]] = {name: [] for name in _SESSION}
    with tidy(whole := read(events)):
        for session in _sessions(whole):
            over = [pause for pause in session.pauses if pause.end is not None]
            values = (
                session.server,
                *session.key,
                session.login,
                session.logout,
                _seconds(session.login, session.logout),
                len(session.pauses),
                sum((_seconds(pause.start, pause.end) or 0.0 for pause in over), 0.0),
            )
            for name, value in zip(rows, values, strict=True):
                rows[name].append(value)
        return frames.give(
            [small(rows, _SESSION, whole)],
            like=events,
            order=("login", "agent"),
            times=("login", "logout"),
            whole=("pauses",),
        )


def agent_pauses(events: Any) -> Any:
    """Return a row for each pause: ``server agent interface queue start end seconds reason``.

    Parameters
    ----------
    events : frame
        As `agent_sessions` takes them.
    """
    rows: dict[str, list[Any]] = {name: [] for name in _PAUSE}
    with tidy(whole := read(events)):
        for session in _sessions(whole):
            for pause in session.pauses:
                length = _seconds(pause.start, pause.end)
                values = (
                    session.server,
                    *session.key,
                    pause.start,
                    pause.end,
                    length,
                    pause.reason,
                )
                for name, value in zip(rows, values, strict=True):
                    rows[name].append(value)
        return frames.give(
            [small(rows, _PAUSE, whole)],
            like=events,
            order=("start", "agent"),
            times=("start", "end"),
            whole=(),
        )


def _seconds(start: int | None, end: int | None) -> float | None:
    return None if start is None or end is None else (end - start) / MICROSECOND


def _sessions(events: nw.LazyFrame[Any]) -> Iterator[Session]:
    for server, source in servers(events):
        yield from _of_one(server, source)


def _of_one(server: str | None, source: Source) -> list[Session]:
    """Go through the events of agents, which are few, on the driver."""
    rows = (
        source.only(
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
    done: list[Session] = []
    now: dict[Key, Session] = {}
    for time, event, name, pool, interface, queue, paused, reason in rows.iter_rows():
        key = (name or pool, interface, queue)
        session = now.get(key)
        if event in _IN or session is None:
            login = int(time) if event in _IN else None
            session = now[key] = Session(server, key, login, None, [])
            done.append(session)
        if event in _OUT:
            session.logout = int(time)
            _end_pause(session, int(time))
            del now[key]
        elif paused == "1":
            _end_pause(session, int(time))
            session.pauses.append(Pause(int(time), reason))
        elif paused == "0":
            _end_pause(session, int(time))
    return done


def _end_pause(session: Session, time: int) -> None:
    if session.pauses and session.pauses[-1].end is None:
        session.pauses[-1].end = time
