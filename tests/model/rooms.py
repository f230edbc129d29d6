"""A conference, and those who come there and go again in any order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import compress, product

from hypothesis import strategies as st

from tests.model.exchange import Bridge, Channel, Exchange, bridged
from tests.model.plans import SECONDS
from tests.scenarios.truth import Call

NUMBER, ROOM = "620", "room"
GUESTS = ("2222", "30", "300")


@dataclass(frozen=True)
class Meeting:
    """Who comes to a conference and goes: each is in `steps` twice, and then nobody is there."""

    #: Who comes or goes, and the seconds after that.
    steps: tuple[tuple[str, float], ...]
    #: Of whom the manager is told first that he joined the conference, and then that he is in its
    #: bridge.
    joins_first: tuple[str, ...] = ()
    #: Of whom he is told last that he left the conference, when his channel is gone.
    leaves_last: tuple[str, ...] = ()

    def play(self, x: Exchange) -> list[Call]:
        """Let it take place, and tell the truth about it."""
        return _Room(x, self).play()

    def by_chance(self) -> Sequence[Meeting]:
        """Return the ways in which it may take place, where that is a matter of chance."""
        guests = list(dict.fromkeys(device for device, _ in self.steps))
        some = [
            tuple(compress(guests, chosen)) for chosen in product((False, True), repeat=len(guests))
        ]
        return [
            replace(self, joins_first=first, leaves_last=last)
            for first, last in product(some, repeat=2)
        ]


class _Room:
    """The conference of a meeting; its bridge is there as long as somebody is."""

    def __init__(self, x: Exchange, plan: Meeting) -> None:
        self.x, self.plan = x, plan
        self.bridge: Bridge | None = None
        self.guests: dict[str, Channel] = {}
        self.calls: dict[str, Call] = {}
        #: Since when there have been two at least.
        self.since: float | None = None
        #: In how many parts each has talked, and who talks now.
        self.parts: Counter[str] = Counter()
        self.talking: set[str] = set()

    def play(self) -> list[Call]:
        """Let everybody come and go."""
        for device, seconds in self.plan.steps:
            if device in self.guests:
                self._goes(device)
            else:
                self._comes(device)
            self.x.wait(seconds)
        return [
            replace(call, parts=max(1, self.parts[device])) for device, call in self.calls.items()
        ]

    def _comes(self, device: str) -> None:
        x = self.x
        channel = x.calls(device, NUMBER)
        x.executes(channel, "Answer")
        x.becomes(channel, "Up")
        x.wait(0.1)
        x.executes(channel, "ConfBridge", ROOM)
        if self.bridge is None:
            self.bridge = x.bridge("softmix", "base")
            # Whom Asterisk itself has say who comes and goes; events do not show this channel.
            name = f"CBAnn/{ROOM}-{x.next('local'):08x};2"
            self.bridge.channels.append(Channel(name, "", "", "", "", "s"))
            self._tell("ConfbridgeStart", None)
        self._together()
        if device in self.plan.joins_first:
            self._tell("ConfbridgeJoin", channel)
        x.enters(self.bridge, channel)
        if device not in self.plan.joins_first:
            self._tell("ConfbridgeJoin", channel)
        for other in self.guests.values():
            x.records.joins(other, channel, x.now)
        self.guests[device] = channel
        self.calls[device] = Call(
            caller=channel.number,
            caller_device=f"{x.tech}/{device}",
            dialled=NUMBER,
            disposition="IVR",
            answered_device=None,
            hangup_by="caller",
            legs=1,
            conference=ROOM,
            call=channel.uniqueid,
            tolerance=0.06,
        )
        self._begin()

    def _goes(self, device: str) -> None:
        x, channel = self.x, self.guests[device]
        self._together()
        x.asks(channel)
        if device not in self.plan.leaves_last:
            self._tell("ConfbridgeLeave", channel)
        for other in self.guests.values():
            if other is not channel:
                x.records.left(other, channel, x.now)
        x.leaves(channel)
        del self.guests[device]
        self._begin()
        x.softly(channel)
        x.ends(channel, 16, channel.name)
        if device in self.plan.leaves_last:
            self._tell("ConfbridgeLeave", channel)
        if not self.guests:
            self._tell("ConfbridgeEnd", None)
            self.bridge = None

    def _tell(self, kind: str, channel: Channel | None) -> None:
        assert self.bridge is not None
        self.x.tell(kind, channel, conference=ROOM, **bridged(self.bridge))

    def _together(self) -> None:
        """Count the time in which those who are there were there together."""
        if self.since is None:
            return
        seconds = self.x.now - self.since
        for device in self.guests:
            call = self.calls[device]
            self.calls[device] = replace(
                call, disposition="ANSWERED", talk=(call.talk or 0.0) + seconds
            )

    def _begin(self) -> None:
        there = set(self.guests) if len(self.guests) > 1 else set()
        self.parts.update(there - self.talking)
        self.talking = there
        self.since = self.x.now if there else None


# --- drawn at random -----------------------------------------------------------------------------


@st.composite
def _meetings(draw: st.DrawFn) -> Meeting:
    guests = draw(st.lists(st.sampled_from(GUESTS), min_size=1, max_size=3, unique=True))
    steps = draw(st.permutations([*guests, *guests]))
    first = draw(st.sets(st.sampled_from(guests)))
    last = draw(st.sets(st.sampled_from(guests)))
    timed = tuple((device, draw(SECONDS)) for device in steps)
    return Meeting(timed, tuple(sorted(first)), tuple(sorted(last)))


meetings = _meetings()
