"""The time bar of a panel of a replay: what it shows, and what its buttons do."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd

from ast_notebook.errors import ConfError
from ast_notebook.panel.messages import ReplayPresent, ReplayRow
from ast_notebook.replay import ReplayedAsterisk
from ast_notebook.replay.when import read_moment
from ast_notebook.units import SECOND

GAPS = 200  # the most gaps of a record that are shown; further ones are left out

Args = Mapping[str, Any]


def present(pbx: ReplayedAsterisk) -> ReplayPresent:
    """Return the present of a replay, and its speed."""
    speed = pbx.speed
    return {"at": pbx.replay_clock.time(), "speed": None if math.isinf(speed) else speed}


def row(pbx: ReplayedAsterisk) -> ReplayRow:
    """Return all that a panel shows of a replay."""
    since, until = (moment.timestamp() for moment in pbx.recorded)
    gaps = pbx.gaps.head(GAPS)
    inside = (
        (max(since, begin.timestamp()), min(until, over.timestamp()))
        for begin, over in zip(gaps["since"], gaps["until"], strict=True)
    )
    return {
        **present(pbx),
        "since": since,
        "until": until,
        "gaps": [(begin, over) for begin, over in inside if over > begin],
    }


def run(pbx: Any, what: str, args: Args) -> str:
    """Do what a button of the time bar says, and return a line if there is something to say.

    Raises
    ------
    ConfError
        If it cannot be done.
    """
    if not isinstance(pbx, ReplayedAsterisk):
        raise ConfError("this PBX is no replay: its time goes on by itself")
    return ACTIONS[what](pbx, args)


def _play(pbx: ReplayedAsterisk, args: Args) -> str:
    pbx.play(_number(args, "speed"))
    return ""


def _pause(pbx: ReplayedAsterisk, args: Args) -> str:
    pbx.pause()
    return ""


def _seek(pbx: ReplayedAsterisk, args: Args) -> str:
    pbx.seek(pd.Timestamp(round(_number(args, "to") * SECOND), unit="us", tz="UTC"))
    return ""


def _type(pbx: ReplayedAsterisk, args: Args) -> str:
    """Go to a moment that somebody typed, in the zone of the page that he sees."""
    said = str(args.get("moment", ""))
    try:
        zone = ZoneInfo(str(args.get("zone", "")))
    except (ValueError, OSError):  # a zone that this machine does not know
        raise ConfError("the zone of this page is not known here: nothing was done") from None
    moment = read_moment(said, pbx.replay_clock, zone, of_day=True)
    pbx.seek(pd.Timestamp(moment, unit="us", tz="UTC").tz_convert(zone))
    return ""


def _next_call(pbx: ReplayedAsterisk, args: Args) -> str:
    event = pbx.next_call()
    who = event.get_header("CallerIDNum") or event.get_header("Channel") or "somebody"
    where = event.get_header("Exten")
    return f"A call: {who} to {where}." if where else f"A call of {who}."


def _next_alarm(pbx: ReplayedAsterisk, args: Args) -> str:
    event = pbx.next_alarm()
    named = ("Reason", "Queue", "EndpointName", "Peer", "URI", "Domain", "AccountID", "Channel")
    about = next((text for name in named if (text := event.get_header(name))), "")
    return f"An alarm: {event.name}{about and f' ({about})'}."


def _number(args: Args, name: str) -> float:
    number = args.get(name)
    if isinstance(number, bool) or not isinstance(number, int | float) or not abs(number) < 1e12:
        raise ConfError(f"the time bar came without a proper {name}: nothing was done")
    return float(number)


ACTIONS: dict[str, Callable[[ReplayedAsterisk, Args], str]] = {
    "replay_play": _play,
    "replay_pause": _pause,
    "replay_seek": _seek,
    "replay_type": _type,
    "replay_call": _next_call,
    "replay_alarm": _next_alarm,
}
