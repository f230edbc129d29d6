"""What each button of a panel does: the method of `sh.ast`, and the permission that it needs."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

from ast_notebook.asterisk import Asterisk, Call
from ast_notebook.errors import AnswerTimeout, AstError, ChannelGone, ConfError, ConnectionLost

SOON = 0.5  # seconds in which an impossible call is known to have failed
FURTHEST = 1e15  # milliseconds since 1970; a page's clock cannot be later
MOST_PENALTY = 2**31 - 1  # the largest penalty that Asterisk can hold
OLDEST = 5.0  # seconds; an older click is not carried out

Args = Mapping[str, Any]
Do = Callable[[Asterisk, Args], str]


class TooLate(AstError):
    """A click reached the kernel too late to be carried out."""


@dataclasses.dataclass(frozen=True)
class ButtonAction:
    """The action of a button.

    Attributes
    ----------
    needs : str
        The action of the manager interface for which the login needs permission.
    do : callable
        The function that carries it out, and returns a line that says so.
    texts, optional : tuple of str
        The names of the required texts, and of those that may be missing or empty.
    of : str
        For the action of a channel, the live table in which the channel must be, since Asterisk
        would act on many channels if it got ``all``, a pattern, or the beginning of a name.
    """

    needs: str
    do: Do
    texts: tuple[str, ...]
    optional: tuple[str, ...] = ()
    of: str = ""


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
    return _rings(call, f"to hear {args['channel']}", pbx.session.held_back)


def _call(pbx: Asterisk, args: Args) -> str:
    callerid = args["callerid"] or None
    call = pbx.call(args["source"], args["dest"], args["context"], callerid)
    return _rings(call, f"to be connected with {args['dest']}", pbx.session.held_back)


def _rings(call: Call, why: str, held_back: str) -> str:
    """Return a line that says which telephone rings; raise an error if the call fails at once."""
    with contextlib.suppress(AnswerTimeout):
        result = call.wait(SOON)
        if result not in ("answered", held_back):
            raise AstError(f"{call.source}: {result}")
    return f"{call.source} rings, {why}"


def _pause(pbx: Asterisk, args: Args) -> str:
    pbx.queue_pause(args["queue"], args["interface"], True, args["reason"])
    return f"{args['interface']} pauses in {args['queue']}"


def _unpause(pbx: Asterisk, args: Args) -> str:
    pbx.queue_pause(args["queue"], args["interface"], False)
    return f"{args['interface']} works in {args['queue']} again"


def _add(pbx: Asterisk, args: Args) -> str:
    name, state_interface, penalty = args["name"], args["state_interface"], args["penalty"]
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


_CHANNEL = ("channel", "uniqueid")
_PLACE = (*_CHANNEL, "exten", "context")
_MEMBER = ("queue", "interface")
_PARTICIPANT = (*_CHANNEL, "conference")
_WHICH = ("channel", "conference")  # what has to be the same in the live table

ACTIONS: dict[str, ButtonAction] = {
    "hangup": ButtonAction("Hangup", _hangup, _CHANNEL, of="channels"),
    "redirect": ButtonAction("Redirect", _redirect, _PLACE, of="channels"),
    "transfer": ButtonAction("Atxfer", _transfer, _PLACE, of="channels"),
    "park": ButtonAction("Park", _park, _CHANNEL, of="channels"),
    "record": ButtonAction("MixMonitor", _record, _CHANNEL, of="channels"),
    "stop_recording": ButtonAction("StopMixMonitor", _stop_recording, _CHANNEL, of="channels"),
    "spy": ButtonAction("Originate", _spy, (*_CHANNEL, "by", "mode"), of="channels"),
    "call": ButtonAction("Originate", _call, ("source", "dest", "context"), ("callerid",)),
    "pause": ButtonAction("QueuePause", _pause, _MEMBER, ("reason",)),
    "unpause": ButtonAction("QueuePause", _unpause, _MEMBER),
    "add": ButtonAction("QueueAdd", _add, _MEMBER, ("name", "state_interface")),
    "remove": ButtonAction("QueueRemove", _remove, _MEMBER),
    "mute": ButtonAction("ConfbridgeMute", _mute, _PARTICIPANT, of="participants"),
    "unmute": ButtonAction("ConfbridgeUnmute", _unmute, _PARTICIPANT, of="participants"),
    "kick": ButtonAction("ConfbridgeKick", _kick, _PARTICIPANT, of="participants"),
}


def allowed(pbx: Asterisk) -> set[str]:
    """Ask which of the actions the login may use; without a connection, return none."""
    try:
        return {name for name, action in ACTIONS.items() if pbx.may(action.needs)}
    except AstError:
        return set()


def check_time(at: object, now: float) -> None:
    """Raise an error if a click is too old.

    Parameters
    ----------
    at : object
        When the click was made, in milliseconds since 1970 by the kernel's clock.
    now : float
        The time of that clock, in seconds since 1970.

    Raises
    ------
    TooLate
    """
    if isinstance(at, bool) or not isinstance(at, int | float) or not abs(at) < FURTHEST:
        raise TooLate("this click does not say when it was made: nothing was done")
    late = now - at / 1000
    if not -OLDEST <= late <= OLDEST:
        raise TooLate(
            f"the kernel was busy and got this click {abs(late):.0f} s late: nothing was done; "
            "click again"
        )


def run(pbx: Asterisk, what: str, args: Args) -> str:
    """Carry out the action of a button, and return a line that says so.

    Raises
    ------
    AstError
        If it cannot be carried out; `ChannelGone` if the channel has ended meanwhile.
    """
    action = ACTIONS.get(what)
    if action is None:
        raise ConfError(f"a panel has no button {what!r}")
    if not pbx.session.connected():
        raise ConnectionLost("there is no connection to the PBX now: nothing was done")
    checked = _checked(what, action, args)
    if action.of:
        uniqueid = checked["uniqueid"]
        row = pbx.live.tables[action.of].rows([uniqueid]).get(uniqueid, {})
        if any(row.get(one) != checked[one] for one in _WHICH if one in checked):
            raise ChannelGone(f"{checked['channel']} is not there any more: nothing was done")
    text = action.do(pbx, checked)
    if pbx.session.held_back:
        return f"Nothing was sent, since this is a replay: sh.{pbx.name}.orders has the order."
    return text


def _checked(what: str, action: ButtonAction, args: Args) -> dict[str, Any]:
    """Return the arguments of an action after checks, since a page may send anything.

    Raises
    ------
    ConfError
        If an argument is missing or wrong.
    """
    checked: dict[str, Any] = {}
    for name in (*action.texts, *action.optional):
        value = args.get(name, "" if name in action.optional else None)
        if not isinstance(value, str) or not (value.strip() or name in action.optional):
            raise ConfError(f"the button {what} came without a proper {name}: nothing was done")
        checked[name] = value
    if what == "add":
        penalty = args.get("penalty", 0)
        if type(penalty) is not int or not 0 <= penalty <= MOST_PENALTY:
            raise ConfError(f"a penalty is a number from 0 to {MOST_PENALTY:,}: nothing was done")
        checked["penalty"] = penalty
    return checked
