"""The parked calls, and where they can be picked up."""

from __future__ import annotations

from ast_notebook.ami import Event
from ast_notebook.live.table import LiveTable
from ast_notebook.live.tracker import Tracker, begun, moment, number, text


class ParkingTracker(Tracker):
    """Tracks the parked calls of every parking lot."""

    reads = "call"
    questions = compared = ({"Action": "ParkedCalls"},)

    def __init__(self) -> None:
        super().__init__()
        self.parked = LiveTable(
            {
                "space": "",
                "lot": "",
                "channel": "",
                "uniqueid": "",
                "caller": "",
                "caller_name": "",
                "parker": "",
                "since": None,
                "timeout": None,
            },
            times=("since", "timeout"),
        )
        self.tables = {"parked": self.parked}
        over = ("UnParkedCall", "ParkedCallTimeOut", "ParkedCallGiveUp")
        self.events = {"ParkedCall": self._parked, **dict.fromkeys(over, self._over)}

    def _parked(self, event: Event) -> None:
        lasts = event.has_header("ParkingDuration")
        timeout = number(event, "ParkingTimeout")
        self.parked.put(
            text(event, "ParkeeUniqueid"),
            space=text(event, "ParkingSpace"),
            lot=text(event, "Parkinglot"),
            channel=text(event, "ParkeeChannel"),
            uniqueid=text(event, "ParkeeUniqueid"),
            caller=text(event, "ParkeeCallerIDNum"),
            caller_name=text(event, "ParkeeCallerIDName"),
            parker=text(event, "ParkerDialString"),
            since=begun(event, "ParkingDuration") if lasts else moment(event),
            timeout=moment(event) + timeout if timeout else None,
        )

    def _over(self, event: Event) -> None:
        self.parked.drop(text(event, "ParkeeUniqueid"))
