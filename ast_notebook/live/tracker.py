"""The base of all trackers: the questions asked at each connect, and the handled events."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from ast_notebook.ami import Answer, Event, Field, Message, Pending
from ast_notebook.digits import is_count
from ast_notebook.errors import AnswerTimeout, AstError, ConnectionLost, PermissionMissing
from ast_notebook.live.table import END_OF_TIME, LiveTable, Row

Question = Mapping[str, Field]
Ask = Callable[[Question, Callable[[Pending], None]], None]


class Tracker:
    """Keeps some tables up to date; every method runs on the dispatcher's thread.

    Attributes
    ----------
    reads : str
        The class of ``read`` in manager.conf that its events need.
    of_others : frozenset of str
        The names of those of its events that need another class.
    compared : sequence of mappings
        The questions that are also asked now and then, to compare.
    whole : bool
        Whether the answers to `compared` are complete, so that rows missing in them are gone.
    untold : frozenset of str
        The fields that no event tells, or that events tell to some logins only, and the names of
        the tables whose rows may be listed before an event tells them. A row does not count as
        corrected if only such fields differed, or if it was missing in such a table.
    questions : sequence of mappings
        The actions whose answers list everything. Their entries are events, and are dispatched like
        any other event, in order.
    denied : str
        Why it may not ask: the login lacks a permission; empty if it may ask.
    deaf : bool
        Whether the login gets none of its events.
    heard : bool
        Whether an event of its class ever came; a login may lack the class without knowing it.
    doubts : bool
        Whether an event came that does not fit the known state, so that the lists should be
        compared.
    """

    reads: ClassVar[str] = ""
    of_others: ClassVar[frozenset[str]] = frozenset()
    compared: ClassVar[Sequence[Question]] = ()
    whole: ClassVar[bool] = True
    untold: ClassVar[frozenset[str]] = frozenset()
    questions: ClassVar[Sequence[Question]] = ()

    def __init__(self) -> None:
        self.tables: dict[str, LiveTable] = {}
        self.remembered: dict[str, LiveTable] = {}  # rows of the past, which no list has
        self.denied = ""
        self.deaf = False
        self.heard = False
        self.doubts = False
        self.events: dict[str, Callable[[Event], None]] = {}

    @property
    def all_tables(self) -> dict[str, LiveTable]:
        """Its tables, those of the past included."""
        return self.tables | self.remembered

    def inner(self) -> dict[str, Any]:
        """Return what it knows besides its tables, as plain data for `set_inner`."""
        return {}

    def set_inner(self, inner: dict[str, Any]) -> None:
        """Replace what it knows besides its tables by what `inner` returned at another time.

        If that is empty, nothing is known besides the tables from then on.
        """

    def rows_were_put(self) -> None:
        """React to rows that were put into its tables, or removed, without an event."""

    def blank(self) -> Tracker:
        """Return another tracker of the same kind, with empty tables and no callbacks."""
        return type(self)()

    def is_heard(self) -> bool:
        """Tell whether it may ask, and gets the events that keep the answers up to date."""
        return not self.denied and not self.deaf

    def prime(self, ask: Ask, heard: Callable[[], None]) -> None:
        """Ask for everything; `heard` is called when all answers have come.

        It is not called if the connection was lost meanwhile: everything is asked again on the next
        connection, which may be there already although the events until then are not dispatched.
        """
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
                if not any(isinstance(error, ConnectionLost) for error in refused):
                    heard()

        put(self.questions)

    def further(self, answer: Answer) -> Sequence[Question]:
        """Return further questions that an answer makes necessary."""
        return ()

    def _complete(self, refused: Sequence[AstError]) -> None:
        """Remove rows that were not listed any more, or note why nothing was listed."""
        unanswered = any(isinstance(error, ConnectionLost | AnswerTimeout) for error in refused)
        for table in self.tables.values():
            self.gone(table.give_up_list() if unanswered else table.end_list())
        if not unanswered:
            denied = [str(error) for error in refused if isinstance(error, PermissionMissing)]
            self.denied = denied[0] if denied else ""

    def gone(self, rows: Sequence[Row]) -> None:
        """Handle rows that were removed because they were not listed any more."""

    def filled(self) -> None:
        """React when a table is complete again after rows had been left out."""

    def is_asked(self, row: Row) -> bool:
        """Tell whether the answers would list what a row stands for, if that still exists."""
        return self.whole

    def unknown(self) -> dict[str, str]:
        """Return what else of its state cannot be known, and why; any thread may call this."""
        return {}


def text(event: Message, header: str) -> str:
    """Return a header's text; empty if Asterisk does not know it."""
    value = event.get_header(header) or ""
    return "" if value == "<unknown>" else value


def number(event: Message, header: str) -> int | None:
    """Return a header's whole number; None if the header is missing, or is no whole number."""
    written = (event.get_header(header) or "").strip()
    return int(written) if is_count(written.removeprefix("-")) else None


def truth(event: Message, header: str) -> bool:
    """Return whether a header says 1, yes, on or true."""
    return (event.get_header(header) or "").lower() in ("1", "yes", "on", "true")


def moment(event: Message) -> float:
    """Return when an event happened, in seconds since 1970; else, when it arrived."""
    try:
        said = float(event.headers["Timestamp"])
    except (KeyError, ValueError):
        said = 0.0
    return said if 0 < said < END_OF_TIME else event.received / 1e6


def begun(event: Message, header: str) -> float | None:
    """Return when something began, by the header that tells for how many seconds it has lasted.

    It is None if the header has no whole number.
    """
    lasted = number(event, header)
    return None if lasted is None else moment(event) - lasted
