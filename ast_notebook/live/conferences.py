"""The conferences, and who takes part in them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from ast_notebook.ami import Answer, Event
from ast_notebook.ami.action import is_sendable
from ast_notebook.live.table import LiveTable, Row
from ast_notebook.live.tracker import Question, Tracker, begun, moment, number, text, truth

UNASKED = (
    "Asterisk cannot be asked for a conference whose name holds a line break, or begins with a "
    "space: only those participants are known who came after this connection was made"
)


class ConferenceTracker(Tracker):
    """Tracks the conferences of ConfBridge."""

    reads = "call"
    # The first participant is listed while an announcement plays to him, before his ConfbridgeJoin.
    untold = frozenset(("parties", "participants"))
    questions = compared = ({"Action": "ConfbridgeListRooms"},)

    def __init__(self) -> None:
        super().__init__()
        self.conferences = LiveTable(
            {"conference": "", "parties": None, "locked": False, "muted": False, "since": None},
            times=("since",),
            counts=("parties",),
        )
        self.participants = LiveTable(
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
        # A conference may have any name, since a caller may dial it.
        self._unasked: frozenset[str] = frozenset()
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
        if not any(one.name == "ConfbridgeListRooms" for one in answer):
            return []
        rooms = [text(one, "Conference") for one in answer]
        asked = [room for room in rooms if room[:1] > " " and is_sendable(room)]
        self._unasked = frozenset(rooms).difference(asked)
        return [{"Action": "ConfbridgeList", "Conference": room} for room in asked]

    def is_asked(self, row: Row) -> bool:
        """Tell whether the answers would list a conference, or a participant who is still there."""
        return "channel" not in row or row["conference"] not in self._unasked

    def unknown(self) -> dict[str, str]:
        """Return the conferences with participants that Asterisk cannot be asked for, and why."""
        present = Counter(row["conference"] for row in self.participants.rows().values())
        rooms = self.conferences.rows(self._unasked)
        few = sorted(
            name
            for name, row in rooms.items()
            if row["parties"] is None or row["parties"] > present[name]
        )
        more = f" and {len(few) - 1:,} more" if len(few) > 1 else ""
        return {f"participants of {few[0]!r}{more}": UNASKED} if few else {}

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
        self._unasked -= {name}  # events tell of all its participants, as it was empty
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
        is_known = uniqueid in self.participants
        joins = event.name == "ConfbridgeJoin"
        self.participants.put(
            uniqueid,
            conference=text(event, "Conference"),
            channel=text(event, "Channel"),
            uniqueid=uniqueid,
            caller=text(event, "CallerIDNum"),
            caller_name=text(event, "CallerIDName"),
            admin=truth(event, "Admin"),
            muted=truth(event, "Muted"),
            since=moment(event) if joins else begun(event, "AnsweredTime"),
        )
        self._recount(text(event, "Conference"), 0 if is_known else 1)

    def _leave(self, event: Event) -> None:
        self.participants.drop(text(event, "Uniqueid"))
        self._recount(text(event, "Conference"), -1)

    def _recount(self, conference: str, more: int) -> None:
        room = self.conferences.get(conference)
        if room is not None and (conference in self._unasked or self.participants.left_out):
            known = room["parties"]
            parties = None if known is None else max(0, known + more)
            self.conferences.change(conference, parties=parties)
            return
        rows = self.participants.rows().values()
        counted = sum(row["conference"] == conference for row in rows)
        self.conferences.change(conference, parties=counted)

    def _mute(self, event: Event) -> None:
        self.participants.change(text(event, "Uniqueid"), muted=event.name == "ConfbridgeMute")

    def _talking(self, event: Event) -> None:
        self.participants.change(text(event, "Uniqueid"), talking=truth(event, "TalkingStatus"))
