"""Actions that were sent, and their results: an answer, a refusal, or no answer in time."""

from __future__ import annotations

import dataclasses
import threading
import time
from collections.abc import Callable, Iterator

from ast_notebook.ami.message import Event, Response
from ast_notebook.ami.permissions import refusal
from ast_notebook.ami.timeouts import seconds, wait_for
from ast_notebook.digits import is_count
from ast_notebook.errors import AnswerTimeout, BadAnswer
from ast_notebook.show import plain, table

LARGEST = 32 * 1024 * 1024  # of all entries of a list together, in letters


@dataclasses.dataclass(frozen=True)
class Answer:
    """The answer to an action: the response and, if Asterisk answered with a list, its entries."""

    response: Response
    events: tuple[Event, ...] = ()

    def __iter__(self) -> Iterator[Event]:
        return iter(self.events)

    def __len__(self) -> int:
        return len(self.events)

    @property
    def first(self) -> Event:
        """The first entry of the list.

        Raises
        ------
        BadAnswer
            If the list is empty.
        """
        if not self.events:
            raise BadAnswer("Asterisk answered without the entry that was asked for")
        return self.events[0]

    def count(self, header: str) -> int:
        """Return the value of a header of the response as a whole number.

        Raises
        ------
        BadAnswer
            If the header was not sent, or is not a whole number.
        """
        value = self.response[header].strip()
        if not is_count(value):
            raise BadAnswer(
                f"Asterisk's answer has {header} = {value[:40]!r}, which is not a whole number"
            )
        return int(value)

    def __bool__(self) -> bool:
        """Return True: an answer with an empty list is an answer, too."""
        return True

    def __repr__(self) -> str:
        said = self.response.get_header("Message") or self.response.data or "no more words"
        response = self.response.get_header("Response")
        return plain(f"<Answer {response}: {said}; {len(self)} entries>")

    def _repr_html_(self) -> str:
        said = [one for one in self.response.headers.items() if one[0] != "ActionID"]
        heads = dict.fromkeys(head for event in self.events for head in event.headers)
        heads.pop("ActionID", None)
        rows = [[event.get_header(head) or "" for head in heads] for event in self.events]
        return table((), said) + (table(list(heads), rows) if rows else "")


class Pending:
    """An action that was sent, and the part of its answer that was received so far.

    `wait` returns the answer, or raises an error that says what went wrong. Several threads may
    wait.

    Attributes
    ----------
    ends : str
        The ActionID of another action that ends when this one is answered.
    """

    __slots__ = (
        "_done",
        "_error",
        "_events",
        "_listing",
        "_response",
        "_size",
        "_timeout",
        "_waiting",
        "apart",
        "deadline",
        "ends",
        "name",
        "then",
    )

    def __init__(
        self,
        name: str,
        timeout: float,
        then: Callable[[Pending], None] | None = None,
        ends: str = "",
        apart: bool = False,
    ) -> None:
        self.name = name
        self.then = then
        self.ends = ends
        self.apart = apart
        self._timeout = timeout
        self.deadline = time.monotonic() + timeout
        self._waiting: list[threading.Event] = []  # one for each thread
        self._size = 0
        self._done = False
        self._response: Response | None = None
        self._events: list[Event] = []
        self._error: Exception | None = None
        self._listing = ""

    @property
    def done(self) -> bool:
        """Whether it was answered, refused or given up."""
        return self._done

    @property
    def response(self) -> Response | None:
        """The response, if it has come."""
        return self._response

    @property
    def is_overdue(self) -> bool:
        """Whether the time for an answer is over, and no thread is still waiting for it."""
        return not self._waiting and self.deadline < time.monotonic()

    @property
    def is_too_long(self) -> bool:
        """Whether its list was given up because it grew too long."""
        return self._size > LARGEST

    @property
    def has_no_end(self) -> bool:
        """Whether the answer is a list whose end Asterisk may not announce by an event."""
        return self._listing == "unannounced"

    def wait(self, timeout: float | None = None) -> Answer:
        """Wait for the answer.

        Parameters
        ----------
        timeout : float, optional
            Seconds; the session's own limit by default.

        Raises
        ------
        ActionRefused
            If Asterisk refuses the action; `PermissionMissing` if the login lacks a permission.
        AnswerTimeout
            If Asterisk does not answer in time.
        ConnectionLost
            If the connection broke meanwhile.
        """
        limit = self.deadline - time.monotonic() if timeout is None else seconds(timeout, least=0)
        if not self._done and not self._wait(limit):
            raise AnswerTimeout(
                f"Asterisk has not answered {self.name} in time: it is overloaded, or the network "
                "is slow. Ask again, or connect with a larger timeout"
            )
        if self._error is not None:
            raise self._error.with_traceback(None)
        assert self._response is not None
        return Answer(self._response, tuple(self._events))

    def _wait(self, limit: float) -> bool:
        finished = threading.Event()
        self._waiting.append(finished)
        try:
            # It may have been finished before this thread was one of those that `finish` wakes.
            return self._done or wait_for(finished, limit)
        finally:
            self._waiting.remove(finished)

    def respond(self, response: Response) -> bool:
        """Take the response; return True if nothing more will come."""
        if self._response is not None:
            return False
        self._response = response
        if not response.ok:
            self._error = refusal(
                self.name, response.data or response.get_header("Message") or "no reason given"
            )
        elif self.ends:
            return True  # only the response was asked for; no list is waited for
        elif response.begins_list:
            self._listing = "announced"
        elif (response.get_header("Message") or "").lower().endswith("will follow"):
            # Lists of Asterisk up to 11 say so, and FAXStats and FAXSession still do.
            self._listing = "unannounced"
        return not self._listing

    def enter(self, event: Event, size: int = 0) -> bool:
        """Take an entry of a list, and the entry's length; return True if it was the last entry."""
        if not self._listing:
            return False
        event.answer = True
        self._events.append(event)
        if self.then is not None:  # no thread waits for it, so a long list may take its time
            self.deadline = time.monotonic() + self._timeout
        self._size += size
        if self.is_too_long:
            self._events.clear()
            self._error = AnswerTimeout(
                f"the answer to {self.name} was given up: it has more than {LARGEST >> 20} MiB, "
                "and no end"
            )
            return True
        is_announced = self._listing == "announced"
        is_last = event.ends_list if is_announced else event.name.endswith("Complete")
        if is_last:
            self._events.pop()
        return is_last

    def succeed(self, response: Response) -> None:
        """Take a response that is the whole answer; to do this twice is the same as once."""
        self._response = response

    def finish(self, error: Exception | None = None) -> None:
        """Wake the threads that wait, with an error if there is one."""
        if error is not None:
            self._error = error
        self._done = True
        for waiting in [*self._waiting]:
            waiting.set()
