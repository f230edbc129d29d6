"""What the buttons of a panel do: each a method of `sh.ast`, checked before it is called."""

from __future__ import annotations

import contextlib
import dataclasses
import time
from collections.abc import Callable, Mapping
from typing import Any

from ast_notebook.asterisk import Asterisk
from ast_notebook.calling import Call
from ast_notebook.errors import AnswerTimeout, AstError, ChannelGone, ConfError, ConnectionLost

SOON = 0.5  # seconds in which a call that cannot be made has failed
OLDEST = 5.0  # seconds; what a busy kernel gets later than that is not done any more

Args = Mapping[str, Any]
Do = Callable[[Asterisk, Args], str]


class TooLate(AstError):
    """A click that reached the kernel so late that nobody can mean it any more."""


@dataclasses.dataclass(frozen=True)
class Action:
    """What a button does.

    Attributes
    ----------
    needs : str
        The action of the manager interface that the login has to be permitted.
    do : callable
        Does it, and says so in a line.
    """

    needs: str
    do: Do


def _hangup(pbx: Asterisk, args: Args) -> str:
    pbx.hangup_channel(args["channel"], args["uniqueid"])
    return f"{args['channel']} was hung up"


def _redirect(pbx: Asterisk, args: Args) -> str:
    pbx.redirect(args["channel"], args["exten"], args["context"], args["uniqueid"])
    return f"{args['channel']} goes to {args['exten']}@{args['context']}"


def _transfer(pbx: Asterisk, args: Args) -> str:
    pbx.transfer(args["channel"], args["exten"], args["context"], args["uniqueid"])
    return f"{args['channel']} calls {args['exten']}@{args['context']} to hand its call over"


def _park(pbx: Asterisk, args: Args) -> str:
    pbx.park(args["channel"], args["uniqueid"])
    return f"{args['channel']} is being parked"


def _record(pbx: Asterisk, args: Args) -> str:
    name = pbx.record_channel(args["channel"], args["uniqueid"])
    return f"{args['channel']} is recorded to {name} on the PBX"


def _stop_recording(pbx: Asterisk, args: Args) -> str:
    pbx.stop_recording(args["channel"], args["uniqueid"])
    return f"{args['channel']} is no longer recorded"


def _spy(pbx: Asterisk, args: Args) -> str:
    call = pbx.spy(args["channel"], args["by"], args["mode"])
    return _rings(call, f"to hear {args['channel']}")


def _call(pbx: Asterisk, args: Args) -> str:
    callerid = args.get("callerid") or None
    call = pbx.call(args["source"], args["dest"], args["context"], callerid)
    return _rings(call, f"to be connected with {args['dest']}")


def _rings(call: Call, why: str) -> str:
    """Say that a telephone rings, unless it was tried in vain by then."""
    with contextlib.suppress(AnswerTimeout):
        result = call.wait(SOON)
        if result != "answered":
            raise AstError(f"{call.source}: {result}")
    return f"{call.source} rings, {why}"


def _pause(pbx: Asterisk, args: Args) -> str:
    pbx.queue_pause(args["queue"], args["interface"], True, args.get("reason", ""))
    return f"{args['interface']} pauses in {args['queue']}"


def _unpause(pbx: Asterisk, args: Args) -> str:
    pbx.queue_pause(args["queue"], args["interface"], False)
    return f"{args['interface']} works in {args['queue']} again"


def _add(pbx: Asterisk, args: Args) -> str:
    name, state_interface = args.get("name", ""), args.get("state_interface", "")
    penalty = int(args.get("penalty", 0))
    pbx.queue_add(args["queue"], args["interface"], name, penalty, state_interface=state_interface)
    return f"{args['interface']} is in {args['queue']}"


def _remove(pbx: Asterisk, args: Args) -> str:
    pbx.queue_remove(args["queue"], args["interface"])
    return f"{args['interface']} is out of {args['queue']}"


def _mute(pbx: Asterisk, args: Args) -> str:
    pbx.conference_mute(args["conference"], args["channel"], True)
    return f"{args['channel']} is muted"


def _unmute(pbx: Asterisk, args: Args) -> str:
    pbx.conference_mute(args["conference"], args["channel"], False)
    return f"{args['channel']} can be heard"


def _kick(pbx: Asterisk, args: Args) -> str:
    pbx.conference_kick(args["conference"], args["channel"])
    return f"{args['channel']} was put out of {args['conference']}"


ACTIONS: dict[str, Action] = {
    "hangup": Action("Hangup", _hangup),
    "redirect": Action("Redirect", _redirect),
    "transfer": Action("Atxfer", _transfer),
    "park": Action("Park", _park),
    "record": Action("MixMonitor", _record),
    "stop_recording": Action("StopMixMonitor", _stop_recording),
    "spy": Action("Originate", _spy),
    "call": Action("Originate", _call),
    "pause": Action("QueuePause", _pause),
    "unpause": Action("QueuePause", _unpause),
    "add": Action("QueueAdd", _add),
    "remove": Action("QueueRemove", _remove),
    "mute": Action("ConfbridgeMute", _mute),
    "unmute": Action("ConfbridgeUnmute", _unmute),
    "kick": Action("ConfbridgeKick", _kick),
}


def allowed(pbx: Asterisk) -> set[str]:
    """Ask which of the actions the login may use; without a connection, none."""
    try:
        return {name for name, action in ACTIONS.items() if pbx.may(action.needs)}
    except AstError:
        return set()


def check_time(at: object, now: float | None = None) -> None:
    """Refuse a click that is too old.

    Parameters
    ----------
    at : object
        When it was made, in milliseconds since 1970 by the kernel's clock.
    now : float, optional
        The kernel's clock, in seconds.

    Raises
    ------
    TooLate
    """
    if isinstance(at, bool) or not isinstance(at, int | float):
        raise TooLate("this click does not say when it was made: nothing was done")
    late = (time.time() if now is None else now) - at / 1000
    if not -OLDEST <= late <= OLDEST:
        raise TooLate(
            f"the kernel was busy and got this click {abs(late):.0f} s late: nothing was done; "
            "click again"
        )


def run(pbx: Asterisk, what: str, args: Args) -> str:
    """Do what a button stands for, and say so in a line.

    Raises
    ------
    AstError
        If it cannot be done: `ChannelGone` when the channel that was meant ended meanwhile.
    """
    action = ACTIONS.get(what)
    if action is None:
        raise ConfError(f"a panel has no button {what!r}")
    if not pbx.session.connected():
        raise ConnectionLost("there is no connection to the PBX now: nothing was done")
    uniqueid = args.get("uniqueid")
    if uniqueid is not None:
        channel = pbx.live.parts["channels"].rows([uniqueid]).get(uniqueid, {}).get("channel")
        if channel is None or channel != args.get("channel"):
            raise ChannelGone(f"{args.get('channel')} is not there any more: nothing was done")
    try:
        return action.do(pbx, args)
    except KeyError as error:
        raise ConfError(f"the button {what} came without {error}") from None
