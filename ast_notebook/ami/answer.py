"""Actions under way and what became of them: an answer, a refusal, or silence."""

from __future__ import annotations

import dataclasses
import threading
import time
from collections.abc import Callable, Iterator

from ast_notebook.ami.message import Event, Response
from ast_notebook.errors import ActionRefused, AnswerTimeout, PermissionMissing
from ast_notebook.show import plain, table

LARGEST = 32 * 1024 * 1024  # of all entries of a list together, in letters

# The classes of manager.conf's `write`, any of which an action needs (`manager show command NAME`).
_NEED = {
    "agent": "AgentLogoff Agents QueueAdd QueueLog QueueMemberRingInUse QueuePause QueuePenalty "
    "QueueRemove",
    "agi": "AGI",
    "aoc": "AOCMessage",
    "call": "Atxfer BlindTransfer Bridge CancelAtxfer ChangeMonitor ConfbridgeKick ConfbridgeLock "
    "ConfbridgeMute ConfbridgeSetSingleVideoSrc ConfbridgeUnlock ConfbridgeUnmute ControlPlayback "
    "FAXSession FAXSessions MeetmeMute MeetmeUnmute Monitor Park ParkedCalls Parkinglots "
    "PauseMonitor PlayDTMF PlayMF Redirect SendFlash SendText Setvar StopMonitor UnpauseMonitor",
    "call or reporting": "DeviceStateList ExtensionState ExtensionStateList Getvar MailboxCount "
    "MailboxStatus PresenceState PresenceStateList VoicemailBoxSummary VoicemailUsersList "
    "VoicemailUserStatus",
    "command": "Command",
    "config": "CreateConfig ListCategories UpdateConfig",
    "config or reporting": "ShowDialPlan",
    "message": "MessageSend",
    "originate": "Originate",
    "reporting": "ConfbridgeList ConfbridgeListRooms FAXStats MeetmeList MeetmeListRooms",
    "system": "ConfbridgeStartRecord ConfbridgeStopRecord DBDel DBDelTree DBPut "
    "DialplanExtensionAdd DialplanExtensionRemove Filter MixMonitor ModuleCheck ModuleLoad "
    "MuteAudio PJSIPNotify PJSIPShowAors PJSIPShowAuths PJSIPShowContacts PJSIPShowEndpoint "
    "PJSIPShowEndpoints PJSIPShowRegistrationsInbound PJSIPShowResourceLists "
    "PJSIPShowSubscriptionsInbound PJSIPShowSubscriptionsOutbound SIPnotify SIPpeerstatus",
    "system or call": "AbsoluteTimeout Hangup LocalOptimizeAway MixMonitorMute PJSIPHangup "
    "StopMixMonitor",
    "system or call or reporting": "Status",
    "system or config": "GetConfig GetConfigJSON Reload",
    "system or reporting": "CoreSettings CoreShowChannelMap CoreShowChannels CoreStatus DBGet "
    "DBGetTree IAXpeerlist IAXpeers IAXregistry LoggerRotate PJSIPQualify PJSIPRegister "
    "PJSIPShowRegistrationsOutbound PJSIPUnregister SIPpeers SIPqualifypeer SIPshowpeer "
    "SIPshowregistry",
    "user": "UserEvent VoicemailRefresh",
}
WRITE_CLASS = {name.lower(): needed for needed, names in _NEED.items() for name in names.split()}


@dataclasses.dataclass(frozen=True)
class Answer:
    """What Asterisk answered: the response, and the entries where it answered with a list."""

    response: Response
    events: tuple[Event, ...] = ()

    def __iter__(self) -> Iterator[Event]:
        return iter(self.events)

    def __len__(self) -> int:
        return len(self.events)

    def __bool__(self) -> bool:
        """Whether there is an answer, however short its list: there is."""
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
    """An action that was sent and is being answered.

    `wait` gives the answer or raises what went wrong; several threads may wait.

    Attributes
    ----------
    ends : str
        The ActionID of the action that is over, too, once this one is answered.
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
        self._waiting: list[None] = []
        self._size = 0
        self._done = threading.Event()
        self._response: Response | None = None
        self._events: list[Event] = []
        self._error: Exception | None = None
        self._listing = ""

    @property
    def done(self) -> bool:
        """Whether it was answered, refused or given up."""
        return self._done.is_set()

    @property
    def response(self) -> Response | None:
        """The response, if it has come."""
        return self._response

    @property
    def is_overdue(self) -> bool:
        """Whether the time for an answer is over, and nobody waits for it any longer than that."""
        return not self._waiting and self.deadline < time.monotonic()

    @property
    def is_too_long(self) -> bool:
        """Whether its list grew so long that it was given up."""
        return self._size > LARGEST

    @property
    def has_no_end(self) -> bool:
        """Whether events follow of which nothing needs to tell that they were the last."""
        return self._listing == "unannounced"

    def wait(self, timeout: float | None = None) -> Answer:
        """Wait for the answer.

        Parameters
        ----------
        timeout : float, optional
            Seconds; the session's own patience by default.

        Raises
        ------
        ActionRefused
            If Asterisk says no; `PermissionMissing` if the login lacks a class of permission.
        AnswerTimeout
            If it says nothing.
        ConnectionLost
            If the connection broke meanwhile.
        """
        patience = self.deadline - time.monotonic() if timeout is None else timeout
        self._waiting.append(None)
        try:
            is_done = self._done.wait(max(0.0, patience))
        finally:
            self._waiting.pop()
        if not is_done:
            raise AnswerTimeout(
                f"Asterisk has not answered {self.name} in time: it is overloaded, or the network "
                "is slow. Ask again, or connect with a larger timeout"
            )
        if self._error is not None:
            raise self._error.with_traceback(None)
        assert self._response is not None
        return Answer(self._response, tuple(self._events))

    def respond(self, response: Response) -> bool:
        """Take the response in; True if nothing more is to come."""
        if self._response is not None:
            return False
        self._response = response
        if not response.ok:
            self._error = refusal(
                self.name, response.data or response.get_header("Message") or "no reason given"
            )
        elif self.ends:
            return True  # asked for the answer alone: were it a list, it would need its own end
        elif response.begins_list:
            self._listing = "announced"
        elif (response.get_header("Message") or "").lower().endswith("will follow"):
            # Lists up to Asterisk 11, and what FAXStats and FAXSession say to this day.
            self._listing = "unannounced"
        return not self._listing

    def enter(self, event: Event, size: int = 0) -> bool:
        """Take an entry of a list in, and how long it is; True if it was the last."""
        if not self._listing:
            return False
        event.answer = True
        self._events.append(event)
        if self.then is not None:  # nobody looks at a clock, so a long list may take long
            self.deadline = time.monotonic() + self._timeout
        self._size += size
        if self.is_too_long:
            self._events.clear()
            self._error = AnswerTimeout(
                f"the answer to {self.name} has no end: it is more than {LARGEST >> 20} MiB by now"
            )
            return True
        if self._listing == "announced":
            complete = (event.get_header("EventList") or "").lower() in ("complete", "cancelled")
            if complete:
                self._events.pop()
            return complete
        if event.name.endswith("Complete"):
            self._events.pop()
            return True
        return False

    def finish(self, error: Exception | None = None) -> None:
        """Let those who wait go on, with an error if there is one."""
        if error is not None:
            self._error = error
        self._done.set()


def refusal(action: str, reason: str) -> ActionRefused:
    """Return the error for an action that Asterisk answered with `reason`."""
    if reason.lower().startswith("permission denied"):
        needed = WRITE_CLASS.get(action.lower())
        what = f"`{needed}`" if needed else f"the class that `manager show command {action}` names"
        return PermissionMissing(
            f"this login may not use {action}: add {what} to its `write =` in manager.conf, "
            "then run `manager reload` on the PBX and connect again",
            action=action,
            reason=reason,
        )
    if reason.strip().endswith("line too long"):
        reason = "a field of it is too long: Asterisk takes lines of up to 1,022 bytes"
    return ActionRefused(f"Asterisk refused {action}: {reason}", action=action, reason=reason)
