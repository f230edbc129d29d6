"""Turns bytes into messages, passes each to its recipient, and counts answers that come late."""

from __future__ import annotations

import dataclasses
import logging
import time
from collections import Counter
from collections.abc import Callable

from ast_notebook.ami.answer import Pending
from ast_notebook.ami.before12 import Before12
from ast_notebook.ami.damage import DamageFinder
from ast_notebook.ami.dispatcher import Dispatcher
from ast_notebook.ami.framer import END_OF_MESSAGE, Framer, decode
from ast_notebook.ami.message import (
    OWN,
    Event,
    Response,
    answer_later,
    own_event,
    parse_later,
    parse_plain,
    parse_whole,
)
from ast_notebook.ami.open_actions import OpenActions
from ast_notebook.units import SECOND

logger = logging.getLogger(__name__)

_SUCCESS = "Response: Success\r\nActionID: "
# In lower case, what is in responses that a list follows, or to which an event may be attached.
_MORE = (b"eventlist", b"will follow", b"privilege", b"event:")


@dataclasses.dataclass(frozen=True, slots=True)
class Taken:
    """The results of reading a block of bytes.

    Attributes
    ----------
    answered : bool
        Whether any message was an answer, or the end of one.
    booted : bool
        Whether Asterisk said that it has booted.
    without_end : list of str
        The ActionIDs of lists at whose end Asterisk may send no event.
    """

    answered: bool
    booted: bool
    without_end: list[str]


_NOTHING = Taken(answered=False, booted=False, without_end=[])


class Intake:
    """Reads bytes: events go to the recorder and the dispatcher, answers to the action that asked.

    Parameters
    ----------
    name : str
        The session's name, for the log.
    actions : OpenActions
    dispatcher : Dispatcher
    counts : Counter
        Where odd messages are counted.
    recorder : callable, optional
        The `recorder` that was given to `Session`.

    Attributes
    ----------
    events : int
        How many events were read.
    framer : Framer
        The framer of the present connection.
    """

    def __init__(
        self,
        name: str,
        actions: OpenActions,
        dispatcher: Dispatcher,
        counts: Counter[str],
        recorder: Callable[[list[str], int], None] | None,
    ) -> None:
        self.events = 0
        self.framer = Framer()
        self._name = name
        self._actions = actions
        self._dispatcher = dispatcher
        self._counts = counts
        self._recorder = recorder
        self._sieve = DamageFinder(name, "", counts)
        self._before12: Before12 | None = None
        self._command_since: float | None = None
        self._moment = 0  # when the next event counts as read, if it comes in the same microsecond

    def begin(self, address: str) -> None:
        """Begin with a new connection."""
        self._command_since = None
        self.framer = Framer()
        self._sieve = DamageFinder(self._name, address, self._counts)

    def translate(self, is_before_12: bool) -> None:
        """Set whether events are translated from now on, from Asterisk up to 11 to later ones."""
        self._before12 = Before12() if is_before_12 else None

    def feed(self, data: bytes) -> Taken:
        """Turn bytes into messages, and pass each to its recipient."""
        return self._take(self.framer.feed(data))

    def end(self) -> Taken:
        """Take the message that has no proper end as complete, since nothing follows."""
        return self._take(self.framer.end())

    def whole_answer(self, data: bytes, key: str, pending: Pending) -> Response | None:
        """Return the response to an action, if these bytes are that and the whole answer.

        Nothing changes. The result is None as well if they are no plain message: then `feed` has to
        decide what they are.
        """
        if self.framer.torn or self._actions.under_way.get(key) is not pending:
            return None
        lower = data.lower()
        if (
            not data.startswith(f"{_SUCCESS}{key}\r\n".encode())
            or data.count(b"\n") != data.count(b"\r\n")
            or any(map(lower.__contains__, _MORE))
        ):
            return None
        return answer_later(decode(data.removesuffix(END_OF_MESSAGE)), time.time_ns() // 1000)

    def answered(self, key: str, pending: Pending, response: Response) -> None:
        """Hand over what `whole_answer` returned; to do this twice is the same as once."""
        self._sieve.skip()
        pending.succeed(response)
        self._actions.finish(key, pending)

    def overdue(self, seconds: float) -> Taken:
        """Treat the bytes held for a command's output as messages, if its end is overdue.

        Until then, everything that Asterisk sends looks like a part of that output.
        """
        now = time.monotonic()
        if not self.framer.in_command:
            self._command_since = None
        elif self._command_since is None:
            self._command_since = now
        elif now - self._command_since > seconds:
            self._command_since = None
            self._counts["endless"] += 1
            logger.warning(
                "%s: the end of a command's output did not come: the held bytes are "
                "read as messages",
                self._name,
            )
            return self._take(self.framer.part())
        return _NOTHING

    def tell(self, name: str, **headers: str) -> None:
        """Put an event that Asterisk did not send into the record and the stream."""
        event = own_event(name, **headers)
        event.received = self._next_moment()
        self._moment = event.received + 1
        text = "\r\n".join(f"{key}: {value}" for key, value in event.headers.items())
        self._record([text], event.received)
        self._dispatcher.put([event])

    def _take(self, texts: list[str]) -> Taken:
        texts = self._sieve.fresh(texts)
        if self._before12 is not None:
            texts = self._translated(texts, self._before12)
        first = received = self._next_moment()
        under_way, given_up = self._actions.under_way, self._actions.given_up
        may_answer = bool(under_way or given_up)
        if not may_answer and self._before12 is None and self.framer.privileges == len(texts):
            plain = parse_plain(texts, received)
            if plain is not None:
                self._moment = received + len(plain)
                self._record(texts, first)
                self._dispatcher.put_heard(plain, len(plain))
                return _NOTHING
        stream: list[Event | Pending] = []
        no_news: set[int] = set()
        without_end: list[str] = []
        garbled = 0
        booted = answered = False
        for number, text in enumerate(texts):
            event = parse_later(text, received, may_answer=may_answer)
            if event is not None:
                received += 1
                stream.append(event)
                if event.name == "FullyBooted":
                    booted = True
                continue
            message = parse_whole(text, received)
            key = next(iter(message.get_all("ActionID")), None)  # a caller may write further ones
            garbled += message.is_garbled
            if isinstance(message, Event):
                if message.name in OWN:
                    no_news.add(number)
                    continue
                if key in given_up:
                    self._counts["unclaimed"] += 1
                    no_news.add(number)
                    continue
                received += 1
                stream.append(message)
                if message.name == "FullyBooted":
                    booted = True
                if key is None or (waiting := under_way.get(key)) is None:
                    continue
                if waiting.apart:
                    stream.pop()
                    no_news.add(number)
                    received -= 1
                complete = waiting.enter(message, len(text))
                if waiting.is_too_long:
                    self._actions.give_up(key)
            else:
                no_news.add(number)
                if key is None or (waiting := under_way.get(key)) is None:
                    self._counts["unmatched"] += "Response" in message.headers
                    continue
                complete = waiting.respond(message)
                if waiting.has_no_end:
                    without_end.append(key)
            if complete:
                answered = True
                stream += self._actions.finish(key, waiting)
        answered = answered or bool(no_news)
        if no_news:
            texts = [text for number, text in enumerate(texts) if number not in no_news]
        if garbled:
            self._sieve.garbled(garbled)
            stream.append(own_event("SessionOverflow"))
        self._moment = received
        self._record(texts, first)
        self._dispatcher.put_heard(stream, len(texts))
        return Taken(answered, booted, without_end)

    def _translated(self, texts: list[str], before12: Before12) -> list[str]:
        """Translate the events of an Asterisk up to 11 into those of a later one."""
        found: list[str] = []
        for text in texts:
            try:
                found += before12.translate(text)
            except Exception:
                self._counts["untranslated"] += 1
                logger.exception("%s: an event cannot be translated", self._name)
                found.append(text)
        return found

    def _next_moment(self) -> int:
        """Return the microsecond in which the next event counts as read, later than any before.

        If the clock was set back by more than a second, the new time counts.
        """
        now = time.time_ns() // 1000
        if now >= self._moment - SECOND:
            return max(now, self._moment)
        behind = (self._moment - now) / SECOND
        logger.warning(
            "%s: this machine's clock was set back by %.0f s, and `received` with it: the events "
            "stand in the order in which they came",
            self._name,
            behind,
        )
        return now

    def _record(self, texts: list[str], received: int) -> None:
        self.events += len(texts)
        if self._recorder is not None and texts:
            try:
                self._recorder(texts, received)
            except BaseException:
                self._counts["unrecorded"] += len(texts)
                logger.exception("%s: the recorder of events raised an error", self._name)
