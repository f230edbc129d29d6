"""Dialling: calling out on one or several legs, until one answers or none is left."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable

from ast_notebook.demo.bridge import talk
from ast_notebook.demo.channel import Channel, HungUp, Sent
from ast_notebook.demo.exchange import Exchange
from ast_notebook.demo.walk import walk

#: The words of DialEnd for a leg that failed with a cause; others are NOANSWER.
STATUS = {17: "BUSY", 34: "CONGESTION", 3: "CHANUNAVAIL", 20: "CHANUNAVAIL"}

#: The words for a Dial of which every leg failed; the first that fits counts.
_RESULTS = ("BUSY", "CONGESTION", "CHANUNAVAIL")


class Attempt:
    """Legs that are called for a caller, or for an Originate.

    Parameters
    ----------
    pbx : Exchange
        The exchange.
    caller : Channel, optional
        The dialling channel; none for an Originate.
    """

    def __init__(self, pbx: Exchange, caller: Channel | None) -> None:
        self.legs: list[Channel] = []
        self.winner: Channel | None = None
        self.causes: list[int] = []
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.on_failed: Callable[[Channel], None] | None = None
        self.on_ringing: Callable[[Channel], None] | None = None
        self._pbx = pbx
        self._caller = caller
        self._started = time.monotonic()

    def call(self, leg: Channel, dial_string: str) -> bool:
        """Call a leg, and tell whether that succeeded."""
        leg.remote.called(leg)
        if leg.interruption.done():
            self._pbx.hangup(leg)
            return False
        leg.dialling = self
        self.legs.append(leg)
        self._pbx.records.dials(self._caller, leg)
        self._tell("DialBegin", leg, {"DialString": dial_string})
        return True

    def ringing(self, leg: Channel) -> None:
        """Note that a leg rings."""
        if self.on_ringing is not None:
            self.on_ringing(leg)
        if self._caller is not None:
            if not self._caller.variables.get("RINGTIME"):
                elapsed = int((time.monotonic() - self._started) * 1000)
                self._pbx.set_variable(self._caller, "RINGTIME", str(elapsed // 1000))
                self._pbx.set_variable(self._caller, "RINGTIME_MS", str(elapsed))
            self._caller.remote.hears_ringing(self._caller)
        self._tell("DialState", leg, {"DialStatus": "RINGING"})

    def answered(self, leg: Channel) -> None:
        """Note that a leg has answered; it is the chosen one."""
        if self.winner is None and leg in self.legs:
            self.winner = leg
            self.legs.remove(leg)
            leg.dialling = None
            self._finish()

    def failed(self, leg: Channel, cause: int) -> None:
        """Note that a leg will not answer."""
        if leg not in self.legs:
            return
        self.legs.remove(leg)
        self.causes.append(cause)
        self._drop(leg, STATUS.get(cause, "NOANSWER"))
        if self.on_failed is not None:
            self.on_failed(leg)
        if not self.legs and self.winner is None:
            self._finish()

    def tell_answered(self, leg: Channel) -> None:
        """Send the event that the chosen leg was answered."""
        self._tell_end(leg, "ANSWER")

    def tell(self, status: str) -> None:
        """Send DialEnd for all legs that still ring; Queue sends it before it hangs them up."""
        for leg in self.legs:
            self._tell_end(leg, status)

    def give_up(self, status: str, cause: int = 0) -> None:
        """Send DialEnd for all legs that still ring, and hang them up."""
        self.tell(status)
        self.drop(cause)

    def drop(self, cause: int) -> None:
        """Hang up all legs that still ring."""
        legs, self.legs = self.legs, []
        for leg in legs:
            leg.dialling = None
            self._pbx.request_hangup(leg, cause)
            self._pbx.hangup(leg)

    @property
    def result(self) -> str:
        """The status of the dial, if all legs failed."""
        found = {STATUS.get(cause, "CHANUNAVAIL") for cause in self.causes}
        return next((word for word in _RESULTS if word in found), "CHANUNAVAIL")

    def _drop(self, leg: Channel, status: str) -> None:
        leg.dialling = None
        self._tell_end(leg, status)
        self._pbx.hangup(leg)

    def _finish(self) -> None:
        if not self.done.done():
            self.done.set_result(None)

    def _tell_end(self, leg: Channel, status: str) -> None:
        self._tell("DialEnd", leg, {"DialStatus": status})
        self._pbx.records.dialled(self._caller, leg, status)

    def _tell(self, event: str, leg: Channel, more: dict[str, str]) -> None:
        caller = {} if self._caller is None else self._caller.snapshot()
        self._pbx.emit("call", event, caller, leg.snapshot("Dest"), more)


async def dial(
    pbx: Exchange, caller: Channel, interfaces: Iterable[str], seconds: float | None
) -> None:
    """Call interfaces for a caller, and connect it with the first that answers.

    Raises
    ------
    HungUp, Sent
        When the caller is interrupted, or the call is over.
    """
    for name in ("DIALSTATUS", "DIALEDPEERNUMBER", "DIALEDPEERNAME", "ANSWEREDTIME", "DIALEDTIME"):
        pbx.set_variable(caller, name, "")
    caller.variables.pop("RINGTIME", None)
    attempt = Attempt(pbx, caller)
    for interface in interfaces:
        _call(pbx, caller, attempt, interface)
    started = time.monotonic()
    if attempt.legs:
        try:
            await caller.wait(seconds, attempt.done)
        except (HungUp, Sent):
            attempt.give_up("CANCEL", caller.cause or 16)
            if attempt.winner is not None:
                pbx.hangup(attempt.winner)
            pbx.set_variable(caller, "DIALSTATUS", "CANCEL")
            raise
    leg = attempt.winner
    if leg is None:
        status = "NOANSWER" if attempt.legs else attempt.result
        attempt.give_up("NOANSWER")
        if attempt.causes:
            caller.cause = attempt.causes[-1]
        pbx.set_variable(caller, "DIALSTATUS", status)
        return
    pbx.set_variable(caller, "DIALSTATUS", "ANSWER")
    pbx.set_variable(caller, "DIALEDPEERNAME", leg.name)
    pbx.set_variable(caller, "DIALEDPEERNUMBER", interface.partition("/")[2])
    leg.exten = ""
    attempt.tell_answered(leg)
    attempt.give_up("CANCEL", 26)
    pbx.answer(caller)
    pbx.tell_application(leg)
    talked = time.monotonic()
    try:
        await talk(pbx, caller, leg)
    finally:
        release(pbx, leg)
        now = time.monotonic()
        pbx.set_variable(caller, "ANSWEREDTIME", str(int(now - talked)))
        pbx.set_variable(caller, "DIALEDTIME", str(int(now - started)))
        pbx.set_variable(caller, "DIALSTATUS", "ANSWER")
    raise HungUp


def release(pbx: Exchange, leg: Channel) -> None:
    """Let a called leg go on where it was sent; if it was sent nowhere, hang it up."""
    why = leg.why()
    if isinstance(why, Sent):
        leg.resume()
        pbx.spawn(walk(pbx, leg, why))
    else:
        pbx.hangup(leg)


def _call(pbx: Exchange, caller: Channel, attempt: Attempt, interface: str) -> None:
    leg = pbx.call_out(interface, parent=caller)
    if leg is None:
        attempt.causes.append(3)
        return
    number = interface.partition("/")[2]
    pbx.set_variable(leg, "DIALEDPEERNUMBER", number)
    if leg.technology != "Local":
        leg.exten = caller.exten
    introduce(pbx, caller, leg, "AppDial")
    if attempt.call(leg, number):
        pbx.connect_line(caller, leg.caller)


def introduce(pbx: Exchange, caller: Channel, leg: Channel, application: str) -> None:
    """Set the caller and the application of a leg."""
    leg.application, leg.data = application, "(Outgoing Line)"
    leg.connected = caller.caller
    pbx.tell_application(leg)
    if leg.connected:
        pbx.emit("call", "NewConnectedLine", leg.snapshot())
