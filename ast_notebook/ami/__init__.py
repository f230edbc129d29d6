"""Asterisk's manager interface: bytes, messages, and a threaded session built on pyst2."""

from ast_notebook.ami.action import Field
from ast_notebook.ami.answer import Answer, Pending
from ast_notebook.ami.arguments import is_one_argument
from ast_notebook.ami.classes import CLASSES, granted, written
from ast_notebook.ami.contents import BEFORE_THE_DIALPLAN
from ast_notebook.ami.message import Event, Message, Response
from ast_notebook.ami.secret import Secret
from ast_notebook.ami.session import Session
from ast_notebook.ami.settings import Settings
from ast_notebook.ami.shapes import plain_name, split_line

__all__ = [
    "BEFORE_THE_DIALPLAN",
    "CLASSES",
    "Answer",
    "Event",
    "Field",
    "Message",
    "Pending",
    "Response",
    "Secret",
    "Session",
    "Settings",
    "granted",
    "is_one_argument",
    "plain_name",
    "split_line",
    "written",
]
