"""Voicemail: how many messages a mailbox holds."""

from __future__ import annotations

from typing import NamedTuple

from ast_notebook.asterisk.asking import Asking, named
from ast_notebook.errors import AstError
from ast_notebook.warned import warn


class MailboxCount(NamedTuple):
    """How many messages a mailbox holds."""

    old_messages: int
    new_messages: int


class Mailboxes(Asking):
    """The methods of `Asterisk` for its mailboxes."""

    def mailbox_count(self, mailbox: str | int, context: str = "default") -> MailboxCount:
        """Count the messages of a mailbox: ``(old_messages, new_messages)``.

        Urgent messages count as new. For a mailbox that does not exist, Asterisk also answers 0 and
        0; then there is a warning.

        Parameters
        ----------
        mailbox : str
            ``22``, or with its context ``22@default``.
        context : str
            The context, if `mailbox` names none.

        Raises
        ------
        BadAnswer
            If Asterisk's answer has no numbers.
        """
        box = named(mailbox, "mailbox", "22, or 22@default")
        box = box if "@" in box else f"{box}@{context}"
        answer = self._order("MailboxCount", Mailbox=box)
        urgent = answer.count("UrgMessages") if "UrgMessages" in answer.response else 0
        counts = MailboxCount(answer.count("OldMessages"), answer.count("NewMessages") + urgent)
        if counts == (0, 0) and self._is_no_mailbox(box):
            warn(f"voicemail.conf has no mailbox {box}: Asterisk counts 0 and 0 for it")
        return counts

    def _is_no_mailbox(self, box: str) -> bool:
        try:
            users = self.action("VoicemailUsersList")
        except AstError:
            return False  # unknown without the permission or app_voicemail
        return box not in {f"{one['VoiceMailbox']}@{one['VMContext']}" for one in users}
