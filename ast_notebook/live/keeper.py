"""What keeps tables from events: the questions asked at each connect, and the events understood."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar

from ast_notebook.ami import Answer, Event, Field, Message, Pending
from ast_notebook.errors import AnswerTimeout, AstError, ConnectionLost, PermissionMissing
from ast_notebook.live.table import Row, Table

Question = Mapping[str, Field]
Ask = Callable[[Question, Callable[[Pending], None]], None]


class Keeper:
    """Keeps some tables as the PBX is; every method runs on the dispatcher's thread.

    Attributes
    ----------
    reads : str
        The class of manager.conf's ``read`` without which its events are not heard.
    compared : sequence of mappings
        Those of the questions that are asked now and then, too.
    whole : bool
        Whether what these do not list is not there.
    untold : frozenset of str
        The fields that no event tells, or not to every login, and the tables whose rows are listed
        before an event tells of them. What the lists say of them corrects nothing.
    questions : sequence of mappings
        The actions whose answers list all that is there. Their entries are events, and come by
        like any other, in their place among them.
    denied : str
        Why nothing may be asked, where the login lacks the permission; empty if it does not.
    deaf : bool
        Whether the login hears none of its events.
    heard : bool
        Whether an event of its class ever came: a login may lack the class, and not know it.
    doubts : bool
        Whether an event was heard that does not fit to what is known: the lists can tell.
    """

    reads: ClassVar[str] = ""
    compared: ClassVar[Sequence[Question]] = ()
    whole: ClassVar[bool] = True
    untold: ClassVar[frozenset[str]] = frozenset()
    questions: ClassVar[Sequence[Question]] = ()

    def __init__(self) -> None:
        self.tables: dict[str, Table] = {}
        self.remembered: dict[str, Table] = {}  # of what is over, which no list tells
        self.denied = ""
        self.deaf = False
        self.heard = False
        self.doubts = False
        self.events: dict[str, Callable[[Event], None]] = {}

    def blank(self) -> Keeper:
        """Return another one of the kind, with empty tables, that tells nobody of anything."""
        return type(self)()

    def is_heard(self) -> bool:
        """Whether it may ask, and hears of what becomes of the answers."""
        return not self.denied and not self.deaf

    def prime(self, ask: Ask, heard: Callable[[], None]) -> None:
        """Ask for all that is there; `heard` is called once it was answered."""
        for table in self.tables.values():
            table.begin_list()
        refused: list[AstError] = []
        waiting = 0

        def put(questions: Sequence[Question]) -> None:
            nonlocal waiting
            waiting += len(questions)
            for question in questions:
                ask(question, answered)

        def answered(pending: Pending) -> None:
            nonlocal waiting
            try:
                put(self.further(pending.wait(0)))
            except AstError as error:
                refused.append(error)
            waiting -= 1
            if not waiting:
                self._complete(refused)
                heard()

        put(self.questions)

    def further(self, answer: Answer) -> Sequence[Question]:
        """Return what is still to be asked, now that this was answered."""
        return ()

    def _complete(self, refused: Sequence[AstError]) -> None:
        """Take away what was not listed any more, or say why nothing was."""
        unheard = any(isinstance(error, ConnectionLost | AnswerTimeout) for error in refused)
        for table in self.tables.values():
            self.gone(table.keep_list() if unheard else table.end_list())
        if not unheard:
            denied = [str(error) for error in refused if isinstance(error, PermissionMissing)]
            self.denied = denied[0] if denied else ""

    def gone(self, rows: Sequence[Row]) -> None:
        """Do what is to be done when rows were not listed any more."""


def text(event: Message, header: str) -> str:
    """Return a header's text; empty for what Asterisk does not know."""
    value = event.get_header(header) or ""
    return "" if value == "<unknown>" else value


def number(event: Message, header: str) -> int:
    """Return a header's whole number; 0 where there is none."""
    try:
        return int(event.get_header(header) or 0)
    except ValueError:
        return 0


def truth(event: Message, header: str) -> bool:
    """Return whether a header says 1, yes, on or true."""
    return (event.get_header(header) or "").lower() in ("1", "yes", "on", "true")


def moment(event: Message) -> float:
    """Return when the event happened, in seconds since 1970: Asterisk's word, or when it came."""
    try:
        return float(event.headers["Timestamp"])
    except (KeyError, ValueError):
        return event.received / 1e6
