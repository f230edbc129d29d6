"""Messages of the manager interface: events, and responses to actions."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Sequence
from itertools import count, islice

from ast_notebook.ami import contents
from ast_notebook.ami.lookup import value_of
from ast_notebook.ami.shapes import plain_name
from ast_notebook.errors import BadAnswer
from ast_notebook.show import plain

_EVENT = "Event: "
_PRIVILEGE = ",all"  # how the header Privilege ends; only events have this header
_PRIVILEGED = "\r\nPrivilege:"

#: The events that sessions, records and archives make themselves.
OWN = frozenset(
    (
        *("SessionReady", "SessionLost", "SessionRestored", "SessionOverflow", "RecordingLost"),
        *("LiveState", "LiveChange"),
    )
)

# The events that the session itself uses.
_LOOKED_AT = OWN | {"FullyBooted"}

# The ids that Asterisk puts into an event once each.
_IDS = frozenset(("channel", "uniqueid", "linkedid", "destchannel", "destuniqueid", "destlinkedid"))
_FIRST = 3  # the headers at the front, one of which says whether a list begins or ends

NAMES, LONG = 1000, 64  # the greatest number of cached event names, and their length
_names: dict[str, str] = {}  # the cached names, by the beginning of the event's text


class Message:
    """One message of the manager interface, with the interface of pyst2's messages.

    Headers are looked up without regard to upper and lower case. All values of a header that was
    sent more than once (``Output``, ``Variable``, ``ChanVariable``) are kept: as one header they
    are joined by line feeds, and `get_all` returns them one by one. ``ChanVariable(CHANNEL)`` is
    found as ``ChanVariable``. If a dialplan gives a UserEvent a header of the same name as one of
    Asterisk's own, such as ``Channel``, the dialplan's is called ``header_Channel``; ``Channel``
    itself is always the header that Asterisk sent.

    Attributes
    ----------
    headers : dict of str to str
        The headers, spelled as Asterisk spelled them.
    name : str
        The event's name; empty for a response.
    data : str
        The text of a response to ``Command``, or the lines that are no headers; else empty.
    received : int
        When the message was read, in microseconds since 1970 UTC.
    """

    __slots__ = ("_data", "_headers", "_lower", "_repeated", "_text", "name", "received")

    def __init__(
        self,
        headers: dict[str, str],
        name: str = "",
        received: int = 0,
        data: str = "",
        repeated: dict[str, list[str]] | None = None,
    ) -> None:
        self.name = name
        self.received = received
        self._headers = headers
        self._data = data
        self._repeated = repeated
        self._lower: dict[str, str] | None = None
        self._text: str | None = None  # what is not parsed yet

    @property
    def headers(self) -> dict[str, str]:
        """The headers, spelled as Asterisk spelled them; they are parsed at the first access."""
        if self._text is not None:
            self._parse()
        return self._headers

    @headers.setter
    def headers(self, headers: dict[str, str]) -> None:
        self._parse()
        self._headers = headers
        self._lower = None

    @property
    def data(self) -> str:
        """The text of a response to ``Command``, or the lines that are no headers."""
        self._parse()
        return self._data

    @data.setter
    def data(self, data: str) -> None:
        self._parse()
        self._data = data

    def _parse(self) -> None:
        text = self._text
        if text is None:
            return
        self._headers, self._data, self._repeated = contents.parsed(text, self.name)
        self._text = None  # only now, since another thread may read the headers, too

    @property
    def is_garbled(self) -> bool:
        """Whether the message contains parts that do not belong to it.

        There are two causes. The end of the message may have been lost, so that another message is
        attached to it. Or a caller wrote a part of it, because Asterisk does not remove line ends
        from a dialled number in its events.
        """
        if self._text is not None:
            return False
        if self.name in OWN:
            return True
        if self._repeated is not None and "Privilege" in self._repeated:
            return True
        return self._headers.get("header_Privilege", "").endswith(_PRIVILEGE)

    @property
    def repeats_an_id(self) -> bool:
        """Whether a header with the id of a channel was sent more than once.

        Then a caller wrote a part of the event, since Asterisk does not remove line ends from a
        number in its events. The result is false for an event that is not parsed yet: if a header
        was looked up in it, that header was sent once.
        """
        repeated = None if self._text is not None else self._repeated
        return repeated is not None and not _IDS.isdisjoint(name.lower() for name in repeated)

    def _stands_first(self, header: str) -> bool:
        """Tell whether a header is among the first, before all headers that a caller may choose."""
        return header.lower() in [name.lower() for name in islice(self.headers, _FIRST)]

    def get_header(self, hname: str, defval: str | None = None) -> str | None:
        """Return a header's value, or `defval`; upper and lower case in its name are the same."""
        text = self._text
        if text is not None:
            try:
                value = value_of(text, hname)
            except LookupError:
                pass
            else:
                return defval if value is None else value
        headers = self.headers
        value = headers.get(hname)
        if value is not None:
            return value
        lower = self._lower
        if lower is None:
            # If two names differ only in case, the first is Asterisk's own.
            lower = self._lower = {plain_name(key): key for key in reversed(headers)}
        key = lower.get(hname.lower())
        return defval if key is None else headers.get(key, defval)

    def share_names(self, names: dict[str, str]) -> None:
        """Look up headers by these names; there may be more names than the event has headers.

        Parameters
        ----------
        names : dict of str to str
            The name of each header as it is spelled, by its plain name.
        """
        self._lower = names

    def get_all(self, hname: str) -> list[str]:
        """Return every value of a header, in the order sent; empty if the header was not sent."""
        headers = self.headers
        wanted, repeated = hname.lower(), self._repeated or {}
        return [
            one
            for key, value in headers.items()
            if plain_name(key) == wanted
            for one in repeated.get(key, (value,))
        ]

    def has_header(self, hname: str) -> bool:
        """Tell whether the header was sent."""
        return self.get_header(hname) is not None

    __contains__ = has_header

    def __getitem__(self, hname: str) -> str:
        """Return a header's value.

        Raises
        ------
        BadAnswer
            If it was not sent; this is a `KeyError`, too.
        """
        value = self.get_header(hname)
        if value is None:
            what = f"the event {self.name}" if self.name else "what Asterisk answered"
            raise BadAnswer(f"{what} has no header {hname}")
        return value

    def __repr__(self) -> str:
        return plain(f"<{type(self).__name__} {self.name or self.headers.get('Response', '')}>")


class Event(Message):
    """Something that happened on the PBX, or one entry of a list that was asked for.

    Attributes
    ----------
    answer : bool
        True for an entry of a list that this session asked for.
    """

    __slots__ = ("answer",)

    def __init__(
        self,
        headers: dict[str, str],
        name: str = "",
        received: int = 0,
        data: str = "",
        repeated: dict[str, list[str]] | None = None,
    ) -> None:
        super().__init__(headers, name, received, data, repeated)
        self.answer = False

    @property
    def ends_list(self) -> bool:
        """Whether the event says that a list of events with its ActionID is complete."""
        says = (self.get_header("EventList") or "").lower() in ("complete", "cancelled")
        return says and (self.name.endswith("Complete") or self._stands_first("EventList"))

    @property
    def is_unread(self) -> bool:
        """Whether its headers are not parsed yet."""
        return self._text is not None

    def copy(self) -> Event:
        """Return a copy that can be changed without changing the original."""
        text = self._text
        if text is not None:
            event = _unread(text, self.name, self.received)
        else:
            repeated = self._repeated and {key: [*values] for key, values in self._repeated.items()}
            headers = self._headers.copy()
            event = Event(headers, self.name, self.received, self._data, repeated)
        event.answer = self.answer
        return event

    def get_action_id(self) -> str | None:
        """Return the ActionID of the action that this event belongs to, if any."""
        return self.get_header("ActionID")


class Response(Message):
    """The answer to an action."""

    __slots__ = ()

    @property
    def is_garbled(self) -> bool:
        """Whether it is not an answer, or its own end was lost and an event is attached to it."""
        if "Response" not in self.headers:
            return True
        return self.headers.get("Privilege", "").endswith(_PRIVILEGE)

    @property
    def ok(self) -> bool:
        """Whether Asterisk did what it was asked to do; only an ``Error`` says that it did not."""
        return self.headers.get("Response", "").lower() != "error"

    @property
    def begins_list(self) -> bool:
        """Whether events with the same ActionID follow, until one that completes the list."""
        is_start = (self.get_header("EventList") or "").lower() == "start"
        return is_start and self._stands_first("EventList")


def own_event(name: str, **headers: str) -> Event:
    """Return an event that Asterisk did not send, such as ``SessionLost``."""
    return Event({"Event": name, **headers}, name, time.time_ns() // 1000)


def parse(text: str, received: int = 0) -> Event | Response:
    """Turn the text of one message into an `Event` or a `Response`."""
    return parse_later(text, received) or parse_whole(text, received)


def parse_later(text: str, received: int, *, may_answer: bool = True) -> Event | None:
    """Return an event of which only the name is parsed; None if more has to be parsed now.

    Such an event has no other message attached to it, and is no part of an answer: it has no
    ActionID, or no action is waiting for an answer (`may_answer` is false). So its headers are
    parsed only when somebody asks for one.
    """
    end = text.find("\r\n")
    if (
        end > 0
        and text.startswith(_EVENT)
        and not (may_answer and "\r\nActionID:" in text)
        # No header has this name, in upper or lower case, except the one right after the event's
        # name.
        and text.lower().count("privilege:") <= text.startswith("\r\nPrivilege:", end)
        and (name := text[len(_EVENT) : end]) not in OWN
    ):
        return _unread(text, name, received)
    return None


class PlainEvents(Collection[Event]):
    """Events of which only the names are parsed; each is made when an iteration reaches it.

    The garbage collector spends no time on texts that wait, but it would on events.

    Parameters
    ----------
    texts, names : sequence of str
        The texts of the events, and their names.
    received : int
        When the first event was read; each further one counts as read a microsecond later.
    """

    __slots__ = ("_names", "_received", "_texts")

    def __init__(self, texts: Sequence[str], names: Sequence[str], received: int) -> None:
        self._texts = texts
        self._names = names
        self._received = received

    def __len__(self) -> int:
        return len(self._texts)

    def __iter__(self) -> Iterator[Event]:
        return map(_unread, self._texts, self._names, count(self._received))

    def __contains__(self, event: object) -> bool:
        return False  # every iteration makes new events


def parse_plain(texts: Sequence[str], received: int) -> PlainEvents | None:
    """Return events of which only the names are parsed; None if more has to be parsed now.

    The caller has to know that no action waits for an answer, and that the texts have as many
    headers named ``Privilege``, in upper or lower case, as there are texts. Then these events are
    the same as those of `parse_later`. The first event counts as read at `received`, and each
    further one as read a microsecond later.
    """
    known, length = _names.get, len(_PRIVILEGED)
    names = [known(text[: text.find("\r") + length]) or _plain_name_of(text) for text in texts]
    return PlainEvents(texts, names, received) if all(names) else None


def _plain_name_of(text: str) -> str:
    """Return an event's name; empty without a ``Privilege``, or if it is one of `_LOOKED_AT`."""
    end = text.find("\r")
    name = text[len(_EVENT) : end]
    if not text.startswith(_EVENT) or not text.startswith(_PRIVILEGED, end) or name in _LOOKED_AT:
        return ""
    if len(_names) < NAMES and len(name) < LONG:
        _names[text[: end + len(_PRIVILEGED)]] = name
    return name


def _unread(text: str, name: str, received: int) -> Event:
    # This does not call the constructor, since it runs for every event of a flood.
    event = Event.__new__(Event)
    event._text = text
    event._lower = None
    event.name = name
    event.received = received
    event.answer = False
    return event


def answer_later(text: str, received: int) -> Response:
    """Return a response that is parsed at the first look; the caller knows that it is a plain one.

    No header is in it twice, no line is without a header, and nothing is attached to it.
    """
    response = Response.__new__(Response)
    response._text = text
    response._lower = None
    response.name = ""
    response.received = received
    return response


def parse_whole(text: str, received: int = 0) -> Event | Response:
    """Turn the text of one message into an `Event` or a `Response`, parsed at once."""
    headers, data, repeated = contents.parsed(text, text[len(_EVENT) : max(0, text.find("\r\n"))])
    if "Event" in headers:
        # A dialplan's data may have a header of that name, too; the first one names the event.
        name = repeated["Event"][0] if repeated and "Event" in repeated else headers["Event"]
        return Event(headers, name, received, data, repeated)
    return Response(headers, "", received, data, repeated)
