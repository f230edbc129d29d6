"""Whether a channel sounds bad now, by the last report of RTP in each direction."""

from __future__ import annotations

from ast_notebook.ami import Event
from ast_notebook.live.tracker import number, text
from ast_notebook.voice.codecs import ASSUMED, CODECS
from ast_notebook.voice.emodel import BAD, mos, rating

#: The events that report on what Asterisk sends, and on what it receives.
REPORTS = ("RTCPReceived", "RTCPSent")
#: Time stamps in a millisecond, of narrowband codecs.
_STAMPS = 8
_PACKET = 20.0
#: What makes a call bad is named if it is worse than this: percent, and milliseconds.
_LOST, _JITTER, _ROUND_TRIP = 1.0, 30.0, 300.0


class Sounding:
    """What is bad about the channels that sound bad now.

    Attributes
    ----------
    reasons : dict of str to dict of str to str
        By uniqueid and event: what is bad, in words.
    """

    def __init__(self) -> None:
        self.reasons: dict[str, dict[str, str]] = {}
        self._round_trips: dict[str, float] = {}

    def heard(self, event: Event) -> str:
        """Take in a report, and return what is bad about its channel; nothing if it is good."""
        uniqueid = text(event, "Uniqueid")
        if (round_trip := _milliseconds(event, "RTT")) > 0:
            self._round_trips[uniqueid] = round_trip
        fraction = number(event, "Report0FractionLost")
        if fraction is not None and number(event, "Report0HighestSequence"):
            reason = self._reason(event, min(max(fraction, 0), 256) / 2.56, uniqueid)
            mine = self.reasons.setdefault(uniqueid, {})
            mine[event.name] = reason
            if not any(mine.values()):
                del self.reasons[uniqueid]
        return self.of(uniqueid)

    def _reason(self, event: Event, lost: float, uniqueid: str) -> str:
        jitter = max(0, number(event, "Report0IAJitter") or 0) / _STAMPS
        round_trip = self._round_trips.get(uniqueid, 0.0)
        codec = CODECS[ASSUMED]
        delay = min(round_trip / 2 + 2 * jitter + _PACKET, 3000.0)
        if mos(rating(lost, delay, codec.ie, codec.bpl or 1.0)) >= BAD:
            return ""
        named = [
            f"{lost:.0f} % lost" if lost >= _LOST else "",
            f"jitter {jitter:.0f} ms" if jitter >= _JITTER else "",
            f"round trip {round_trip:.0f} ms" if round_trip >= _ROUND_TRIP else "",
        ]
        return ", ".join(filter(None, named)) or "late and lost packets"

    def of(self, uniqueid: str) -> str:
        """Return what is bad about a channel now; nothing if it is good, or not known."""
        return next(filter(None, self.reasons.get(uniqueid, {}).values()), "")

    def ended(self, uniqueid: str) -> None:
        """Forget a channel that ended."""
        self.reasons.pop(uniqueid, None)
        self._round_trips.pop(uniqueid, None)


def _milliseconds(event: Event, header: str) -> float:
    try:
        seconds = float(text(event, header) or 0)
    except ValueError:
        return 0.0
    return 1000 * seconds if 0 < seconds < 60 else 0.0
