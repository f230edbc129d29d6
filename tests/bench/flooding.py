"""A real Asterisk whose dialplan sends UserEvents with a counter, as fast as it can bear.

Asterisk has nothing that holds a dialplan back: one that sends without a rest is faster than what
hands its events to the manager's clients, and all that waits in between is kept in memory, some
gigabytes a minute. So the dialplan rests for a moment after each hundred events.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from tests.lab.asterisk import Asterisk

#: The UserEvents by their names: one of the flood, and the last, which says how many there were.
EVENT, END = "Flood", "FloodEnd"
#: Seconds of rest after each hundred events.
REST = 0.003

_TEN = "\n".join(
    f" same => n,UserEvent({EVENT},Number: ${{tens}}{digit})" for digit in range(1, 10)
)
_DIALPLAN = f"""
[load]
exten => s,1,Answer()
 same => n,Set(tens=0)
 same => n(next),UserEvent({EVENT},Number: ${{tens}}0)
{_TEN}
 same => n,Set(tens=$[${{tens}} + 1])
 same => n,ExecIf($["${{tens:-1}}" = "0"]?Wait(REST))
 same => n,GotoIf($["${{GLOBAL(FLOOD)}}" = "on"]?next)
 same => n,UserEvent({END},Sent: ${{tens}}0)
 same => n,Hangup()
"""


class Flood:
    """The flood of one Asterisk.

    Parameters
    ----------
    pbx : Asterisk
        A running one of `an_asterisk`.
    """

    def __init__(self, pbx: Asterisk) -> None:
        self.pbx = pbx

    def begin(self) -> None:
        """Let events come, numbered from 0."""
        self.pbx.cli("dialplan set global FLOOD on")
        self.pbx.cli("channel originate Local/s@load/n application Wait 1000000")

    def end(self, seconds: float = 60.0) -> None:
        """Let it end by itself, with the event that says how many there were."""
        self.pbx.cli("dialplan set global FLOOD off")
        deadline = time.monotonic() + seconds
        while any("@load" in channel for channel in self.pbx.channels()):
            if time.monotonic() > deadline:
                raise SystemExit("the flood did not end")
            time.sleep(0.1)


@contextmanager
def an_asterisk(version: int = 22, rest: float = REST) -> Iterator[Asterisk]:
    """Have a private Asterisk with the flood, and that rest, in its dialplan."""
    pbx = Asterisk(version)
    with (pbx.directories.etc / "extensions.conf").open("a") as dialplan:
        dialplan.write(_DIALPLAN.replace("REST", str(rest)))
    with pbx:
        yield pbx
