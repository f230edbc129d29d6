"""Asterisk's manager interface: bytes, messages, and a threaded session built on pyst2."""

from ast_notebook.ami.answer import Answer, Pending
from ast_notebook.ami.arguments import is_one_argument
from ast_notebook.ami.message import Event, Field, Message, Response, plain_name
from ast_notebook.ami.secret import Secret
from ast_notebook.ami.session import Session
from ast_notebook.ami.settings import Settings

__all__ = [
    "Answer",
    "Event",
    "Field",
    "Message",
    "Pending",
    "Response",
    "Secret",
    "Session",
    "Settings",
    "is_one_argument",
    "plain_name",
]
