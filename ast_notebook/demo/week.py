"""A made-up week of a call centre: a frame of events as Asterisk would have sent them.

A notebook on call logs can use it if no PBX has recorded a week yet. Callers come at random, more
of them in the morning than at night. A few agents answer them, and callers who wait too long give
up. The events are those from which calls, queue calls and agents' sessions are made, with
Asterisk's headers.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd

#: Callers an hour, by the hour of a working day, to both queues together.
_DAY = (0, 0, 0, 0, 0, 0, 1, 6, 22, 38, 44, 40, 26, 30, 38, 34, 24, 12, 5, 2, 1, 0, 0, 0)
_WEEKDAYS = (1.15, 1.0, 0.95, 1.0, 0.85, 0.25, 0.05)
_QUEUES = (("sales", "700", 0.4), ("support", "701", 0.6))
_AGENTS = ("Ann", "Ben", "Cleo", "Dan", "Eve")
_OPEN, _CLOSE = 8, 18
_TALK, _WRAPUP, _PATIENCE = 190.0, 25.0, 120.0  # seconds, on average


@dataclass(order=True)
class _Agent:
    free: float
    name: str = field(compare=False)
    number: str = field(compare=False)


def week(
    begins: str = "2026-11-16", *, tz: str = "Europe/Berlin", seed: int = 1, server: str = "demo"
) -> pd.DataFrame:
    """Return the events of a week, as ``sh.ast.events`` has them.

    Parameters
    ----------
    begins : str
        The Monday of the week.
    tz : str
        The time zone of the call centre.
    seed : int
        The seed of the random numbers: the same seed gives the same week.
    server : str
        The value of the column ``server``.

    Returns
    -------
    pandas.DataFrame
        Some 30,000 events of some 1,500 calls to two queues with five agents.
    """
    chance = random.Random(seed)  # noqa: S311, nobody's secret
    rows: list[dict[str, Any]] = []
    for number in range(7):
        day = datetime.fromisoformat(begins).replace(tzinfo=ZoneInfo(tz)) + timedelta(days=number)
        rows += _day(day, chance)
    frame = pd.DataFrame(rows).sort_values("time", kind="stable", ignore_index=True)
    frame["time"] = pd.to_datetime(frame["time"] * 1e6 // 1, unit="us", utc=True)
    frame.insert(0, "received", frame["time"])
    frame.insert(2, "server", server)
    numbers = ("cause", "position", "holdtime", "ringtime", "talktime")
    kinds = dict.fromkeys(numbers, "Int64")
    texts = [name for name in frame if name not in (*numbers, "received", "time")]
    return frame.astype(kinds | dict.fromkeys(texts, "str"))


def _day(day: datetime, chance: random.Random) -> Iterator[dict[str, Any]]:
    weekday = day.weekday()
    staff = _AGENTS if weekday < 5 else _AGENTS[:1]
    opens = (day + timedelta(hours=_OPEN)).timestamp()
    closes = (day + timedelta(hours=_CLOSE)).timestamp()
    agents = [_Agent(opens, name, str(200 + _AGENTS.index(name))) for name in staff]
    heapq.heapify(agents)
    for agent in agents:
        late = chance.uniform(-300, 60)
        for queue, _, _ in _QUEUES:
            yield _member("QueueMemberAdded", opens + late, agent, queue)
            yield _member("QueueMemberRemoved", closes + 900 + late, agent, queue)
        yield from _break(agent, opens + (4 + _AGENTS.index(agent.name) / 2) * 3600, 1800, "lunch")
    for start in _arrivals(day, _WEEKDAYS[weekday], chance):
        queue, number, _ = chance.choices(_QUEUES, [share for *_, share in _QUEUES])[0]
        yield from _call(start, queue, number, agents, closes, chance)


def _arrivals(day: datetime, busy: float, chance: random.Random) -> Iterator[float]:
    for hour, calls in enumerate(_DAY):
        begin = (day + timedelta(hours=hour)).timestamp()
        at = chance.expovariate(1) * 3600 / (calls * busy) if calls else 3600.0
        while at < 3600:
            yield begin + at
            at += chance.expovariate(calls * busy / 3600)


def _member(event: str, time: float, agent: _Agent, queue: str, **more: Any) -> dict[str, Any]:
    interface = f"PJSIP/{agent.number}"
    return {
        "time": time,
        "event": event,
        "queue": queue,
        "membername": agent.name,
        "interface": interface,
        "stateinterface": interface,
        **more,
    }


def _break(agent: _Agent, time: float, seconds: float, reason: str | None) -> Iterator[Any]:
    for queue, _, _ in _QUEUES:
        more = {"paused": "1", "pausedreason": reason}
        yield _member("QueueMemberPause", time, agent, queue, **more)
        yield _member("QueueMemberPause", time + seconds, agent, queue, paused="0")


class EventWriter:
    """Writes the events of one channel of a made-up call."""

    def __init__(self, name: str, uniqueid: str, linkedid: str, number: str, exten: str) -> None:
        self.headers = {
            "channel": name,
            "uniqueid": uniqueid,
            "linkedid": linkedid,
            "calleridnum": number,
            "exten": exten,
            "context": "incoming",
        }

    def says(self, time: float, event: str, **more: Any) -> dict[str, Any]:
        """Return an event of the channel as a row."""
        return {"time": time, "event": event, **self.headers, **more}


def _call(
    start: float,
    queue: str,
    number: str,
    agents: list[_Agent],
    closes: float,
    chance: random.Random,
) -> Iterator[dict[str, Any]]:
    whole, part = int(start), chance.randrange(10_000)
    first = f"{whole}.{part}"
    outside = f"0{chance.randrange(30, 90)}{chance.randrange(10**5, 10**5 + 400)}"
    caller = EventWriter(f"PJSIP/provider-{part:08x}", first, first, outside, number)
    yield caller.says(start, "Newchannel", channelstatedesc="Ring")
    yield caller.says(start + 0.05, "Newstate", channelstatedesc="Up")
    joined = start + 0.1
    yield caller.says(joined, "Newexten", application="Queue", appdata=f"{queue},,,,300")
    if start > closes or not agents or agents[0].free > closes:
        status = {"variable": "QUEUESTATUS", "value": "JOINEMPTY"}
        yield caller.says(joined + 0.01, "VarSet", **status)
        yield from _over(caller, joined + 0.5, asked=False)
        return
    yield caller.says(joined, "QueueCallerJoin", queue=queue, position=1)
    patience = chance.expovariate(1 / _PATIENCE) + 2
    ring = chance.uniform(2, 9)
    answer = max(joined, agents[0].free) + ring
    if answer - joined > patience:
        left = joined + patience
        yield caller.says(left, "QueueCallerAbandon", queue=queue, holdtime=int(patience))
        yield caller.says(left, "QueueCallerLeave", queue=queue)
        yield from _over(caller, left, asked=True)
        return
    agent = heapq.heappop(agents)
    talk = chance.lognormvariate(0, 0.6) * _TALK
    wrapup = chance.expovariate(1 / _WRAPUP)
    yield from _talk(caller, queue, agent, (joined, answer - ring, answer, answer + talk), chance)
    yield from _break(agent, answer + talk + 0.5, wrapup, None)
    agent.free = answer + talk + 0.5 + wrapup
    heapq.heappush(agents, agent)


def _talk(
    caller: EventWriter,
    queue: str,
    agent: _Agent,
    times: tuple[float, float, float, float],
    chance: random.Random,
) -> Iterator[dict[str, Any]]:
    joined, rings, answer, end = times
    first = caller.headers["uniqueid"]
    whole, _, part = first.partition(".")
    second = f"{max(int(rings), int(whole))}.{int(part) + 10_000}"
    name = f"PJSIP/{agent.number}-{int(part) + 10_000:08x}"
    telephone = EventWriter(name, second, first, agent.number, "s")
    dest = {"destuniqueid": second, "destlinkedid": first}
    member = _member("AgentConnect", answer, agent, queue)
    yield telephone.says(rings, "Newchannel", channelstatedesc="Down")
    yield caller.says(rings + 0.01, "DialBegin", **dest)
    yield telephone.says(rings + 0.08, "Newstate", channelstatedesc="Ringing")
    yield telephone.says(answer - 0.02, "Newstate", channelstatedesc="Up")
    yield caller.says(answer - 0.01, "DialEnd", dialstatus="ANSWER", **dest)
    yield caller.says(answer - 0.01, "QueueCallerLeave", queue=queue)
    waited = {"holdtime": int(answer - joined), "ringtime": int(answer - rings), **dest}
    yield caller.says(answer, "AgentConnect") | member | waited
    for one in (caller, telephone):
        yield one.says(answer + 0.01, "BridgeEnter", bridgeuniqueid=f"bridge-{second}")
    by_caller = chance.random() < 0.7
    reason = {"reason": "caller" if by_caller else "agent", "talktime": int(end - answer)}
    asks = caller if by_caller else telephone
    yield asks.says(end - 0.01, "HangupRequest", cause=16)
    for one in (caller, telephone):
        yield one.says(end, "BridgeLeave", bridgeuniqueid=f"bridge-{second}")
    done = _member("AgentComplete", end, agent, queue)
    yield caller.says(end, "AgentComplete") | done | waited | reason
    for one in (telephone, caller):
        yield one.says(end + 0.01, "Hangup", cause=16)


def _over(caller: EventWriter, time: float, *, asked: bool) -> Iterator[dict[str, Any]]:
    if asked:
        yield caller.says(time - 0.01, "HangupRequest", cause=16)
    yield caller.says(time + 0.01, "Hangup", cause=16)
