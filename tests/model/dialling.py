"""Legs that are dialled for a caller, directly or behind Local channels, and how they end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tests.model.exchange import Bridge, Channel, Exchange

#: What Asterisk makes of an answer by which a telephone refuses: DialStatus, causes of the
#: telephone's channel and of the caller's, for chan_sip and for chan_pjsip.
REFUSALS = {
    486: {16: ("BUSY", 17, 17), 22: ("BUSY", 17, 17)},
    603: {16: ("BUSY", 21, 17), 22: ("NOANSWER", 21, 34)},
}


@dataclass(frozen=True)
class Target:
    """Whom the dialplan dials: a telephone, and perhaps a Local channel before it."""

    device: str
    #: Nothing, ``stays`` or ``goes``: whether the Local channel takes itself away.
    local: str = ""

    def dialled(self, tech: str) -> str:
        """Return what Dial() is told."""
        if not self.local:
            return f"{tech}/{self.device}"
        return f"Local/{self.device}@phones" + ("/n" if self.local == "stays" else "")


@dataclass(eq=False)
class Leg:
    """A telephone that was dialled, and the halves of the Local channel before it."""

    target: Target
    phone: Channel
    one: Channel | None = None
    two: Channel | None = None

    @property
    def first(self) -> Channel:
        """The channel that the caller's own dials."""
        return self.one or self.phone


def ring(
    x: Exchange, caller: Channel, targets: Sequence[Target], options: str = "30,tT"
) -> list[Leg]:
    """Let telephones ring for a caller who has come to a Dial()."""
    dialled = "&".join(target.dialled(x.tech) for target in targets)
    x.executes(caller, "Dial", f"{dialled},{options}")
    return summon(x, caller, targets)


def summon(
    x: Exchange, caller: Channel, targets: Sequence[Target], application: str = "AppDial"
) -> list[Leg]:
    """Let telephones ring for a caller; the application is what calls them."""
    legs = []
    for target in targets:
        if not target.local:
            phone = x.new(f"{x.tech}/{target.device}", "s", of=caller)
            legs.append(Leg(target, phone))
        else:
            name = f"Local/{target.device}@phones-{x.next('local'):08x}"
            one = x.new(f"{name};1", target.device, of=caller)
            two = x.new(f"{name};2", target.device, of=caller, state="Ring")
            legs.append(Leg(target, one, one, two))
    for leg in legs:
        if leg.one is None or leg.two is None:
            x.dials(caller, leg.phone, application)
            continue
        leg.one.exten = caller.exten
        x.identify(leg.one, caller.exten)
        x.identify(leg.two, caller.number, caller.caller_name)
        leg.two.ani = caller.number
        x.records.begin(leg.two, x.now)
        x.dials(caller, leg.one, application)
    for leg in legs:
        if leg.two is not None:
            _walk(x, leg, leg.two)
    for leg in legs:
        x.becomes(leg.phone, "Ringing")
        if leg.one is not None:
            leg.one.number = leg.phone.number
            x.becomes(leg.one, "Ringing")
            x.identify(leg.one, leg.phone.number, leg.phone.caller_name)
        caller.connected = (leg.phone.number, leg.phone.caller_name)
    if caller.behind is not None:
        caller.behind.hears(x)
    return legs


def _walk(x: Exchange, leg: Leg, two: Channel) -> None:
    """Let the second half of a Local channel dial the telephone."""
    x.executes(two, "Dial", f"{x.tech}/{leg.target.device},30,tT")
    leg.phone = x.new(f"{x.tech}/{leg.target.device}", "s", of=two)
    x.dials(two, leg.phone)


def drop(x: Exchange, caller: Channel, leg: Leg, status: str, cause: int) -> None:
    """End a leg that nobody answered; the telephone hears only that it need not ring on."""
    x.dialled(caller, leg.first, status)
    if leg.one is None or leg.two is None:
        x.ends(leg.phone, cause)
        return
    # What a Local channel says of it is what the caller's dial says.
    x.asks(leg.two, cause)
    x.ends(leg.one, cause)
    leg.two.status = "CANCEL"
    x.dialled(leg.two, leg.phone, "CANCEL")
    x.ends(leg.phone, cause)
    x.softly(leg.two)
    x.ends(leg.two, cause)


def refuse(x: Exchange, caller: Channel, leg: Leg, code: int, *, queued: bool = False) -> str:
    """Let a telephone refuse, and return the status of the caller's dial."""
    status, cause, of_caller = REFUSALS[code][x.version]
    if queued and x.version == 22 and leg.two is None:
        status = "NOANSWER"  # Queue() sees that the channel is gone, and asks no further
    dialler = leg.two or caller
    if x.version == 22:
        x.asks(leg.phone, cause)
        leg.phone.source = leg.phone.name
    x.dialled(dialler, leg.phone, status)
    x.ends(leg.phone, cause)
    if leg.one is None or leg.two is None:
        return status
    leg.two.status = status
    x.becomes(leg.two, "Busy")
    x.dialled(caller, leg.one, status)
    x.asks(leg.two, 0)
    x.ends(leg.one, 0)
    x.softly(leg.two)
    x.ends(leg.two, of_caller)
    return status


def answer(x: Exchange, caller: Channel, legs: Sequence[Leg], winner: Leg) -> Bridge:
    """Let a telephone answer, and the caller talk with it; return their bridge."""
    pick_up(x, winner)
    for leg in legs:
        if leg is not winner:
            drop(x, caller, leg, "CANCEL", 26)
    x.dialled(caller, winner.first, "ANSWER")
    return connect(x, caller, winner)


def pick_up(x: Exchange, leg: Leg) -> None:
    """Let a telephone answer, and the Local channel before it."""
    x.becomes(leg.phone, "Up")
    if leg.one is not None and leg.two is not None:
        x.dialled(leg.two, leg.phone, "ANSWER")
        leg.two.status = "ANSWER"
        x.becomes(leg.one, "Up")
        x.becomes(leg.two, "Up")


def _nothing() -> None:
    pass


def connect(
    x: Exchange, caller: Channel, winner: Leg, left: Callable[[], None] = _nothing
) -> Bridge:
    """Let a caller talk with whom he has reached; return their bridge.

    `left` takes place as a caller goes who is a Local channel and takes itself away.
    """
    caller.status = "ANSWER"
    caller.connected = (winner.phone.number, winner.phone.caller_name)
    if caller.state != "Up":
        x.becomes(caller, "Up")
    pairs = [[winner.first, caller]]
    if winner.two is not None:
        pairs.insert(0, [winner.phone, winner.two])
    for pair in reversed(pairs) if x.outer_first else pairs:
        inner = x.bridge()
        for channel in pair:
            x.enters(inner, channel)
    bridge = caller.bridge
    assert bridge is not None
    if winner.target.local == "goes":
        x.wait(0.05)
        optimize(x, winner, bridge)
    if caller.behind is not None:
        caller.behind.is_connected(x, left)
    return bridge


def optimize(x: Exchange, leg: Leg, bridge: Bridge) -> None:
    """Let a Local channel take itself away; which of its sides moves over is a matter of chance."""
    one, two = leg.one, leg.two
    assert one is not None and two is not None
    told = {"local_two": two.name, "local_two_uniqueid": two.uniqueid}
    if x.version == 22:
        x.write("LOCAL_OPTIMIZE_BEGIN", one, **told)
    (caller,) = (other for other in bridge.channels if other is not one)
    inner = two.bridge
    assert inner is not None
    if x.moves_caller:
        x.leaves(caller)
        x.records.meets(caller, leg.phone, x.now)
        x.leaves(two)
        x.enters(inner, caller)
        x.write("LOCAL_OPTIMIZE", one, **told)
        x.leaves(one)
    else:
        x.leaves(leg.phone)
        x.leaves(one)
        x.records.meets(caller, leg.phone, x.now)
        x.records.visits(leg.phone, one, x.now)
        x.enters(bridge, leg.phone)
        x.write("LOCAL_OPTIMIZE", one, **told)
    first, second = (two, one) if x.two_first else (one, two)
    x.asks(second, 16)
    for half in (first, second):
        if half.bridge is not None:
            x.leaves(half)
        if half is two:
            x.softly(two)
        x.ends(half, 16)
    leg.one = leg.two = None


def part(
    x: Exchange,
    first: Channel,
    caller: Channel,
    leg: Leg,
    *,
    asked: bool = True,
    cause: int | None = 16,
    parted: Callable[[], None] = _nothing,
) -> None:
    """End a talk; `first` is the caller or the telephone: who hangs up, or is hung up.

    The cause is what the hangup asks for; `parted` takes place once the caller left the bridge.
    """
    if caller.new_holder is not None:
        if first is caller:
            first, cause = caller.new_holder, 16
        caller = caller.new_holder
    source = first.name if asked else ""
    if asked and first is caller:
        _, source = x.hang_up(caller, cause)
        if x.version == 16 and caller.behind is None:
            # Once by the channel driver, and once by what reads from it.
            x.asks(first, cause)
    elif asked:
        x.asks(first, cause)
    one, two = leg.one, leg.two
    if one is None or two is None:
        other = leg.phone if first is caller else caller
        x.leaves(first)
        x.leaves(other)
        parted()
        x.softly(caller)
        order = (leg.phone, caller) if x.version == 22 else (caller, leg.phone)
        for channel in order:
            x.ends(channel, 16, source)
        return
    if first is caller:
        x.leaves(caller)
        x.leaves(one)
        parted()
        x.softly(caller)
        x.asks(two, 16)
        x.ends(one, 16, source)
        x.leaves(two)
        x.softly(two)
        x.ends(two, 16)
        x.leaves(leg.phone)
        x.ends(caller, 16, source)
        x.ends(leg.phone, 16)
        return
    x.leaves(leg.phone)
    x.leaves(two)
    x.softly(two)
    x.asks(one, 16)
    x.ends(two, 16, source)
    x.leaves(one)
    x.ends(one, 16)
    x.ends(leg.phone, 16, source)
    x.leaves(caller)
    parted()
    x.softly(caller)
    x.ends(caller, 16)
