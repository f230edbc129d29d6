"""The conferences, and who takes part in them."""

from __future__ import annotations

from collections.abc import Sequence

from ast_notebook.ami import Answer, Event
from ast_notebook.live.keeper import Keeper, Question, moment, number, text, truth
from ast_notebook.live.table import Table


class Conferences(Keeper):
    """Keeps the conferences of ConfBridge."""

    reads = "call"
    # He who comes first is listed while he is told that he is alone, and then ConfbridgeJoin comes.
    untold = frozenset(("parties", "participants"))
    questions = compared = ({"Action": "ConfbridgeListRooms"},)

    def __init__(self) -> None:
        super().__init__()
        self.conferences = Table(
            {"conference": "", "parties": 0, "locked": False, "muted": False, "since": None},
            times=("since",),
        )
        self.participants = Table(
            {
                "conference": "",
                "channel": "",
                "uniqueid": "",
                "caller": "",
                "caller_name": "",
                "admin": False,
                "muted": False,
                "talking": False,
                "since": None,
            },
            times=("since",),
        )
        self.tables = {"conferences": self.conferences, "participants": self.participants}
        self.events = {
            "ConfbridgeListRooms": self._room,
            "ConfbridgeStart": self._start,
            "ConfbridgeEnd": self._end,
            "ConfbridgeLock": self._lock,
            "ConfbridgeUnlock": self._lock,
            "ConfbridgeList": self._join,
            "ConfbridgeJoin": self._join,
            "ConfbridgeLeave": self._leave,
            "ConfbridgeMute": self._mute,
            "ConfbridgeUnmute": self._mute,
            "ConfbridgeTalking": self._talking,
        }

    def further(self, answer: Answer) -> Sequence[Question]:
        """Ask for the participants of each conference listed."""
        rooms = [text(one, "Conference") for one in answer if one.name == "ConfbridgeListRooms"]
        return [{"Action": "ConfbridgeList", "Conference": room} for room in rooms]

    def _room(self, event: Event) -> None:
        name = text(event, "Conference")
        known = self.conferences.get(name)
        self.conferences.put(
            name,
            conference=name,
            parties=number(event, "Parties"),
            locked=truth(event, "Locked"),
            muted=truth(event, "Muted"),
            since=known["since"] if known else None,
        )

    def _start(self, event: Event) -> None:
        name = text(event, "Conference")
        self.conferences.put(name, conference=name, since=moment(event))

    def _end(self, event: Event) -> None:
        name = text(event, "Conference")
        self.conferences.drop(name)
        for key, row in self.participants.rows().items():
            if row["conference"] == name:
                self.participants.drop(key)

    def _lock(self, event: Event) -> None:
        locked = event.name == "ConfbridgeLock"
        self.conferences.change(text(event, "Conference"), locked=locked)

    def _join(self, event: Event) -> None:
        uniqueid = text(event, "Uniqueid") or text(event, "Channel")
        self.participants.put(
            uniqueid,
            conference=text(event, "Conference"),
            channel=text(event, "Channel"),
            uniqueid=uniqueid,
            caller=text(event, "CallerIDNum"),
            caller_name=text(event, "CallerIDName"),
            admin=truth(event, "Admin"),
            muted=truth(event, "Muted"),
            since=moment(event) - number(event, "AnsweredTime"),
        )
        self._recount(text(event, "Conference"))

    def _leave(self, event: Event) -> None:
        self.participants.drop(text(event, "Uniqueid"))
        self._recount(text(event, "Conference"))

    def _recount(self, conference: str) -> None:
        rows = self.participants.rows().values()
        parties = sum(row["conference"] == conference for row in rows)
        self.conferences.change(conference, parties=parties)

    def _mute(self, event: Event) -> None:
        self.participants.change(text(event, "Uniqueid"), muted=event.name == "ConfbridgeMute")

    def _talking(self, event: Event) -> None:
        self.participants.change(text(event, "Uniqueid"), talking=truth(event, "TalkingStatus"))
