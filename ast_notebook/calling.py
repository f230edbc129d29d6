"""Calls that were asked for: what became of the source, and then of the destination."""

from __future__ import annotations

import asyncio
import dataclasses
import threading
from collections.abc import Generator, Mapping
from typing import Any

from ast_notebook.ami import Event, Field, Session
from ast_notebook.ami.arguments import argument, ordered, variable
from ast_notebook.errors import AnswerTimeout, AstError, ConnectionLost

# What the Reason of an OriginateResponse says: the last control frame that the leg gave.
REASONS = {
    "0": "failed: no such device, or it is not registered",
    "1": "no answer",
    "3": "no answer",
    "4": "answered",
    "5": "busy",
    "8": "unreachable",
}
# What the cause of a hangup says of a leg that did not answer (ITU-T Q.850).
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
# What the DialStatus of a DialEnd says.
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
class _Leg:
    """One end of a call: open, until it is known in words what became of it."""

    done: threading.Event = dataclasses.field(default_factory=threading.Event)
    words: str = ""
    error: AstError | None = None

    def end(self, words: str = "", error: AstError | None = None) -> None:
        if not self.done.is_set():
            self.words, self.error = words, error
            self.done.set()


class Call:
    """A call that was asked for; it goes on whether or not anybody waits.

    Attributes
    ----------
    source, dest, context : str
        As given to `Asterisk.call`.
    uniqueid : str
        The Uniqueid of the source's channel.
    """

    def __init__(
        self, source: str, dest: str, context: str, uniqueid: str, patience: float
    ) -> None:
        self.source = source
        self.dest = dest
        self.context = context
        self.uniqueid = uniqueid
        self._patience = patience
        self._source = _Leg()
        self._dest = _Leg()
        self._channel_is_up = False
        self._failed = ""
        self._cause = ""
        self._dialled = ""
        self._connected = ""

    def wait(self, timeout: float | None = None, *, dest: bool = False) -> str:
        """Wait for what becomes of the call, and return it in words.

        Parameters
        ----------
        timeout : float, optional
            Seconds; by default as long as the source may ring, and as long again for `dest`.
        dest : bool
            Wait for the destination, too: until the two are connected, or the call is over.

        Returns
        -------
        str
            ``answered``, ``busy``, ``no answer``, ``unreachable``, ``cancelled``, ``rejected`` or
            ``failed: …``. With `dest`, this is of the destination, and starts with ``source`` if
            it did not come to that.

        Raises
        ------
        AnswerTimeout
            If that is not known by then; the call goes on.
        ConnectionLost
            If the connection was lost meanwhile: the call may go on, unseen.
        """
        leg = self._dest if dest else self._source
        patience = timeout if timeout is not None else self._patience * (2 if dest else 1)
        if not leg.done.wait(patience):
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
        """Whether it is known what became of the source."""
        return self._source.done.is_set()

    @property
    def answered(self) -> bool:
        """Whether the source has answered."""
        return self._source.words == "answered"

    def __repr__(self) -> str:
        words = self._dest.words or self._source.words or "calling"
        return f"<Call {self.source} -> {self.dest}@{self.context}: {words}>"


class Calling:
    """Follows the calls asked for on one session, by their channels' Uniqueids."""

    def __init__(self, session: Session) -> None:
        self._session = session
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
        """Ask Asterisk to call `source` and, once it answers, to connect it.

        With an extension, given with its context, or with an application, given with its arguments.
        """
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
        self._calls[key] = call
        try:
            self._session.request(ordered(action))
        except AstError:
            del self._calls[key]
            raise
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
        """End what is known by now: the response and the hangup come in either order."""
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
        del self._calls[call.uniqueid]

    def _dial_end(self, event: Event, session: Session) -> None:
        call = self._calls.get(event.get_header("Uniqueid") or "")
        if call is not None:
            status = event.get_header("DialStatus") or ""
            call._dialled = DIAL_STATUS.get(status, status.lower())
            call._connected = event.get_header("DestUniqueid") or ""

    def _bridged(self, event: Event, session: Session) -> None:
        uniqueid = event.get_header("Uniqueid") or ""
        for call in list(self._calls.values()):
            if uniqueid in (call.uniqueid, call._connected) and call._dialled == "answered":
                call._dest.end("answered")

    def _hangup(self, event: Event, session: Session) -> None:
        call = self._calls.get(event.get_header("Uniqueid") or "")
        if call is not None:
            call._channel_is_up = False
            call._cause = event.get_header("Cause") or ""
            self._settle(call)

    def _lost(self, event: Event, session: Session) -> None:
        for call in self._calls.values():
            error = ConnectionLost(f"the connection broke during the call from {call.source}")
            call._source.end(error=error)
            call._dest.end(error=error)
        self._calls.clear()
