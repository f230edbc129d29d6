"""Tracks how many messages the mailboxes hold."""

from __future__ import annotations

from collections.abc import Callable

from ast_notebook.ami import Event, Message, Pending
from ast_notebook.errors import AstError
from ast_notebook.live.table import LiveTable
from ast_notebook.live.tracker import Ask, Tracker, moment, number, text


class MailboxTracker(Tracker):
    """Tracks the mailboxes of voicemail.conf; `changed` gets a mailbox and its new messages."""

    reads = "call"
    questions = ({"Action": "VoicemailUsersList"},)

    def __init__(self, changed: Callable[[str, int], None], wanted: Callable[[], set[str]]) -> None:
        super().__init__()
        fields = {"mailbox": "", "name": "", "new": None, "old": None, "time": None}
        self.mailboxes = LiveTable(fields, times=("time",), counts=("new", "old"))
        self.tables = {"mailboxes": self.mailboxes}
        self._refused: dict[str, str] = {}
        self._changed = changed
        self._wanted = wanted
        self._ask: Ask | None = None
        self.events = {"VoicemailUserEntry": self._entry, "MessageWaiting": self._waiting_message}

    def prime(self, ask: Ask, heard: Callable[[], None]) -> None:
        """Ask for all mailboxes, and for each watched one even if it is not listed."""
        self._ask = ask
        super().prime(ask, heard)
        for mailbox in self._wanted():
            self.count(mailbox, ask)

    def count(self, mailbox: str, ask: Ask) -> None:
        """Ask how many messages a mailbox holds."""
        ask(
            {"Action": "MailboxCount", "Mailbox": mailbox},
            lambda pending: self._counted(mailbox, pending),
        )

    def rows_were_put(self) -> None:
        """Check the watched mailboxes."""
        for mailbox, row in self.mailboxes.rows().items():
            if row["new"] is not None:
                self._changed(mailbox, row["new"])

    def unknown(self) -> dict[str, str]:
        """Return the watched mailboxes whose messages are unknown, and why."""
        return {f"mailbox {box}": why for box, why in self._refused.copy().items()}

    def _counted(self, mailbox: str, pending: Pending) -> None:
        try:
            response = pending.wait(0).response
        except AstError as error:
            self._refused[mailbox] = str(error)
            return
        self._refused.pop(mailbox, None)
        self._put(
            mailbox, _new_messages(response), number(response, "OldMessages"), moment(response)
        )

    def _entry(self, event: Event) -> None:
        mailbox = f"{text(event, 'VoiceMailbox')}@{text(event, 'VMContext')}"
        self.mailboxes.put(mailbox, mailbox=mailbox, name=text(event, "Fullname"))
        self._put(
            mailbox,
            number(event, "NewMessageCount"),
            number(event, "OldMessageCount"),
            moment(event),
        )

    def _waiting_message(self, event: Event) -> None:
        mailbox = text(event, "Mailbox")
        if not mailbox:
            return
        if event.has_header("New"):
            self._put(mailbox, number(event, "New"), number(event, "Old"), moment(event))
        elif self._ask is not None and mailbox in self._wanted():
            self.count(mailbox, self._ask)

    def _put(self, mailbox: str, new: int | None, old: int | None, when: float) -> None:
        self.mailboxes.put(mailbox, mailbox=mailbox, new=new, old=old, time=when)
        if new is not None:
            self._changed(mailbox, new)


def _new_messages(response: Message) -> int | None:
    """Add up what MailboxCount calls new and what it calls urgent, which is new as well."""
    new = number(response, "NewMessages")
    urgent = number(response, "UrgMessages") if response.has_header("UrgMessages") else 0
    return None if new is None or urgent is None else new + urgent
