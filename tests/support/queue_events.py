"""Events of callers who wait in a queue, made up in short words: a frame of them, or the wire."""

from __future__ import annotations

from collections.abc import Iterable
from operator import itemgetter
from typing import Any

import pandas as pd

BEGIN = 1_730_000_000  # seconds since 1970 UTC
NUMBERS = ("cause", "holdtime", "position", "ringtime", "talktime")
One = dict[str, Any]


class Channel:
    """A channel, and what Asterisk tells of it: each method gives an event, `at` so many seconds.

    Parameters
    ----------
    name : str
        Such as ``PJSIP/200-1``.
    serial : int
        What its uniqueid ends with: who has a lower one came before.
    linked : Channel, optional
        The first channel of its call, if that is another one.
    """

    def __init__(self, name: str, serial: int, linked: Channel | None = None) -> None:
        self.name = name
        self.number = "" if name.startswith("Local/") else name.partition("/")[2].partition("-")[0]
        self.id = f"{BEGIN}.{serial}"
        self.linked: str = self.id if linked is None else linked.linked

    def tells(self, event: str, at: float, **more: Any) -> One:
        return {
            "event": event,
            "at": at,
            "channel": self.name,
            "uniqueid": self.id,
            "linkedid": self.linked,
            "calleridnum": self.number,
            "exten": "910",
            **more,
        }

    def new(self, at: float, **more: Any) -> One:
        return self.tells("Newchannel", at, channelstatedesc="Ring", **more)

    def up(self, at: float, **more: Any) -> One:
        return self.tells("Newstate", at, channelstatedesc="Up", **more)

    def enters(self, bridge: str, at: float, **more: Any) -> One:
        more = {"bridgetype": "basic", **more}
        return self.tells("BridgeEnter", at, bridgeuniqueid=bridge, **more)

    def leaves(self, bridge: str, at: float) -> One:
        return self.tells("BridgeLeave", at, bridgeuniqueid=bridge)

    def asks(self, at: float) -> One:
        return self.tells("HangupRequest", at, cause=16)

    def ends(self, at: float, **more: Any) -> One:
        return self.tells("Hangup", at, **{"cause": 16, **more})

    def step(self, application: str, at: float, **more: Any) -> One:
        return self.tells("Newexten", at, application=application, **more)

    def joins(self, queue: str, at: float, position: int = 1, **more: Any) -> One:
        more = {"queue": queue, "position": position, "count": position, **more}
        return self.tells("QueueCallerJoin", at, **more)

    def leaves_queue(self, queue: str, at: float, **more: Any) -> One:
        more = {"queue": queue, "position": 1, "count": 0, **more}
        return self.tells("QueueCallerLeave", at, **more)

    def abandons(self, queue: str, at: float, **more: Any) -> One:
        return self.tells("QueueCallerAbandon", at, **{"queue": queue, "position": 1, **more})

    def dials(self, other: Channel, at: float) -> One:
        return self.tells("DialBegin", at, **_dest(other))

    def dialled(self, other: Channel, at: float, status: str = "ANSWER") -> One:
        return self.tells("DialEnd", at, dialstatus=status, **_dest(other))

    def connects(self, queue: str, member: str, other: Channel, at: float, **more: Any) -> One:
        return self.tells("AgentConnect", at, **{**_work(queue, member, other), **more})

    def completes(self, queue: str, member: str, other: Channel, at: float, **more: Any) -> One:
        return self.tells("AgentComplete", at, **{**_work(queue, member, other), **more})

    def transfers(self, second: Channel, to: Channel, at: float, **more: Any) -> One:
        """Let this one's call be taken over by `to`, in place of `second`."""
        return {
            "event": "AttendedTransfer",
            "at": at,
            "result": "Success",
            "desttype": "App",
            "destapp": "Queue",
            "origtransfererchannel": self.name,
            "origtransfereruniqueid": self.id,
            "origtransfererlinkedid": self.linked,
            "secondtransfererchannel": second.name,
            "secondtransfereruniqueid": second.id,
            "secondtransfererlinkedid": second.linked,
            "transfereechannel": to.name,
            "transfereeuniqueid": to.id,
            "transfereelinkedid": to.linked,
            "transfereecalleridnum": to.number,
            **more,
        }


def _dest(other: Channel) -> One:
    return {"destchannel": other.name, "destuniqueid": other.id, "destlinkedid": other.linked}


def _work(queue: str, member: str, other: Channel) -> One:
    interface = other.name.rpartition("-")[0]
    return {"queue": queue, "membername": member, "interface": interface, **_dest(other)}


def frame(events: Iterable[One]) -> pd.DataFrame:
    """Return them as ``sh.ast.events`` has them."""
    made = pd.DataFrame(sorted(events, key=itemgetter("at")))
    made["time"] = pd.to_datetime((made.pop("at") + BEGIN) * 1e6, unit="us", utc=True)
    made["received"] = made["time"]
    made["server"] = "ast"
    for name in {*NUMBERS} & {*made}:
        made[name] = pd.to_numeric(made[name]).astype("Int64")
    return made.replace("", None)


def wire(events: Iterable[One]) -> list[str]:
    """Return them as lines of the manager interface, a text an event without its blank line."""
    return [
        "\r\n".join(
            [f"Event: {one['event']}", f"Timestamp: {BEGIN + one['at']:.6f}"]
            + [f"{key}: {value}" for key, value in one.items() if key not in ("event", "at")]
        )
        for one in sorted(events, key=lambda one: one["at"])
    ]
