"""One Asterisk, the class of `sh.ast`; each file has the methods for one subject."""

from ast_notebook.asterisk.asterisk import Asterisk
from ast_notebook.asterisk.mailboxes import MailboxCount
from ast_notebook.asterisk.originating import Call

__all__ = ["Asterisk", "Call", "MailboxCount"]
