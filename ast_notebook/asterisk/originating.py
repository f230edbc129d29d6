"""Originates calls, and follows the results of their sources and destinations."""

from __future__ import annotations

import asyncio
import dataclasses
import threading
from collections.abc import Generator, Mapping
from typing import Any

from ast_notebook.ami import Event, Field, Session
from ast_notebook.ami.arguments import argument, ordered, variable
from ast_notebook.ami.timeouts import seconds, wait_for
from ast_notebook.errors import AnswerTimeout, AstError, ConnectionLost

# The Reasons of an OriginateResponse: the last control frame that the leg sent.
REASONS = {
    "0": "failed: no such device, or it is not registered",
    "1": "no answer",
    "3": "no answer",
    "4": "answered",
    "5": "busy",
    "8": "unreachable",
}
# The hangup causes of a leg that did not answer (ITU-T Q.850).
CAUSES = {
    "1": "failed: there is no such number",
    "3": "unreachable",
    "17": "busy",
    "18": "no answer",
    "19": "no answer",
    "20": "unreachable",
    "21": "rejected",
    "27": "unreachable",
    "34": "unreachable",
    "38": "unreachable",
}
# The DialStatuses of a DialEnd.
DIAL_STATUS = {
    "ANSWER": "answered",
    "BUSY": "busy",
    "CANCEL": "cancelled",
    "CHANUNAVAIL": "unreachable",
    "CONGESTION": "unreachable",
    "NOANSWER": "no answer",
    "DONTCALL": "rejected",
    "TORTURE": "rejected",
}


@dataclasses.dataclass
class _CallEnd:
    """One end of a call: it is open until its result is known."""

    done: threading.Event = dataclasses.field(default_factory=threading.Event)
    words: str = ""
    error: AstError | None = None

    def end(self, words: str = "", error: AstError | None = None) -> None:
        if not self.done.is_set():
            self.words, self.error = words, error
            self.done.set()


class Call:
    """A call that was originated; it goes on whether or not a thread waits for it.

    Attributes
    ----------
    source, dest, context : str
        As given to `Asterisk.call`.
    uniqueid : str
        The Uniqueid of the source's channel.
    connection : int
        How many connections of the session were lost before it was originated.
    """

    def __init__(self, source: str, dest: str, context: str, uniqueid: str, timeout: float) -> None:
        self.source = source
        self.dest = dest
        self.context = context
        self.uniqueid = uniqueid
        self.connection = 0
        self._timeout = timeout
        self._source = _CallEnd()
        self._dest = _CallEnd()
        self._channel_is_up = False
        self._failed = ""
        self._cause = ""
        self._dialled = ""
        self._connected = ""

    def wait(self, timeout: float | None = None, *, dest: bool = False) -> str:
        """Wait for the result of the call, and return it in words.

        Parameters
        ----------
        timeout : float, optional
            The seconds to wait; by default, those that the source may ring, and twice as many with
            `dest`.
        dest : bool
            Whether to wait for the destination, too: until the two are connected, or the call is
            over.

        Returns
        -------
        str
            ``answered``, ``busy``, ``no answer``, ``unreachable``, ``cancelled``, ``rejected`` or
            ``failed: …``. With `dest`, it is the result of the destination; it begins with
            ``source`` if the destination was not called at all.

        Raises
        ------
        AnswerTimeout
            If the result is not known in time; the call continues.
        ConnectionLost
            If the connection was lost meanwhile; the call may continue.
        """
        leg = self._dest if dest else self._source
        limit = self._timeout * (2 if dest else 1)
        if timeout is not None:
            limit = seconds(timeout, least=0)
        if not wait_for(leg.done, limit):
            raise AnswerTimeout(
                f"the call from {self.source} to {self.dest} is still open: it "
                f"{'rings' if not self._source.done.is_set() else 'was answered by its source'}. "
                "Wait again, or with a larger timeout"
            )
        if leg.error is not None:
            raise leg.error.with_traceback(None)
        return leg.words

    def __await__(self) -> Generator[Any, None, str]:
        return asyncio.to_thread(self.wait).__await__()

    @property
    def done(self) -> bool:
        """Whether the result of the source is known."""
        return self._source.done.is_set()

    @property
    def answered(self) -> bool:
        """Whether the source has answered."""
        return self._source.words == "answered"

    def __repr__(self) -> str:
        words = self._dest.words or self._source.words or "calling"
        return f"<Call {self.source} -> {self.dest}@{self.context}: {words}>"


class Originating:
    """Follows the calls that one session originated, by the Uniqueids of their channels."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._lost_so_far = 0  # connections, as far as events were dispatched
        self._calls: dict[str, Call] = {}
        for name, function in {
            "Newchannel": self._new,
            "OriginateResponse": self._source_done,
            "DialEnd": self._dial_end,
            "BridgeEnter": self._bridged,
            "Hangup": self._hangup,
            "SessionLost": self._lost,
        }.items():
            session.register_event(name, function)

    def originate(
        self,
        source: str,
        *,
        extension: tuple[str, str] | None = None,
        application: tuple[str, ...] | None = None,
        callerid: str | None = None,
        timeout: float = 30.0,
        variables: Mapping[str, object] | None = None,
    ) -> Call:
        """Ask Asterisk to call `source`, and to connect it once it answers.

        The destination is an extension and its context, or an application and its arguments.
        """
        timeout = seconds(timeout)
        key = self._session.new_id()
        action: dict[str, Field] = {
            "Action": "Originate",
            "ActionID": key,
            "ChannelId": key,
            "Channel": source,
            "Timeout": int(timeout * 1000),
            "Async": "true",
        }
        if extension is not None:
            action |= {"Exten": extension[0], "Context": extension[1], "Priority": 1}
        if application is not None:
            data = ",".join(map(argument, application[1:]))
            action |= {"Application": application[0], "Data": data}
        if callerid:
            action["CallerID"] = callerid
        if variables:
            action["Variable"] = [variable(name, value) for name, value in variables.items()]
        dest, context = extension or (*(application or ()), "", "")[:2]
        call = Call(source, dest, context, key, timeout + self._session.settings.timeout)
        call.connection = self._session.counts["reconnects"]
        self._calls[key] = call
        try:
            self._session.request(ordered(action))
        except BaseException:
            self._calls.pop(key, None)  # the event of a lost connection may have removed it
            raise
        if self._session.held_back:
            self._calls.pop(key, None)
            call._source.end(self._session.held_back)
            call._dest.end(self._session.held_back)
        return call

    def _new(self, event: Event, session: Session) -> None:
        call = self._calls.get(event.get_header("Uniqueid") or "")
        if call is not None:
            call._channel_is_up = True

    def _source_done(self, event: Event, session: Session) -> None:
        call = self._calls.get(event.get_header("ActionID") or "")
        if call is None:
            return
        if event.get_header("Response") == "Success":
            call._source.end("answered")
        else:
            call._failed = event.get_header("Reason") or "0"
        self._settle(call)

    def _settle(self, call: Call) -> None:
        """Set the results that are known now, since response and hangup come in any order."""
        if call._channel_is_up or not (call._failed or call._source.done.is_set()):
            return
        if call._failed:
            words = REASONS.get(call._failed, f"failed: reason {call._failed}")
            if words != "no answer":
                words = CAUSES.get(call._cause, words)
            call._source.end(words)
            call._dest.end(f"source {words}")
        else:
            call._dest.end(call._dialled or "failed: the source hung up before anybody was dialled")
        self._calls.pop(call.uniqueid, None)

    def _of(self, event: Event) -> Call | None:
        """Return the call of an event's channel; without open calls, the event is not parsed."""
        return self._calls.get(event.get_header("Uniqueid") or "") if self._calls else None

    def _dial_end(self, event: Event, session: Session) -> None:
        call = self._of(event)
        if call is not None:
            status = event.get_header("DialStatus") or ""
            call._dialled = DIAL_STATUS.get(status, status.lower())
            call._connected = event.get_header("DestUniqueid") or ""

    def _bridged(self, event: Event, session: Session) -> None:
        uniqueid = event.get_header("Uniqueid") or "" if self._calls else ""
        for call in list(self._calls.values()):
            if uniqueid in (call.uniqueid, call._connected) and call._dialled == "answered":
                call._dest.end("answered")

    def _hangup(self, event: Event, session: Session) -> None:
        call = self._of(event)
        if call is not None:
            call._channel_is_up = False
            call._cause = event.get_header("Cause") or ""
            self._settle(call)

    def _lost(self, event: Event, session: Session) -> None:
        for call in list(self._calls.values()):
            # The next connection may have been made before this event is dispatched.
            if call.connection <= self._lost_so_far:
                error = ConnectionLost(f"the connection broke during the call from {call.source}")
                call._source.end(error=error)
                call._dest.end(error=error)
                self._calls.pop(call.uniqueid, None)
        self._lost_so_far += 1
