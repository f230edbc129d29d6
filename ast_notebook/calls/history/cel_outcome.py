"""How a call ended, and who ended it, by what the log tells of its channels."""

from __future__ import annotations

from collections.abc import Sequence

from ast_notebook.calls.channels import WILLING
from ast_notebook.calls.history.cel_channel import Channel
from ast_notebook.calls.history.clock import SECOND

#: Who hung up within this time before the call's end has ended it; else the dialplan went on.
AT_THE_END = SECOND
#: Likewise of who left somebody in a bridge: of a parked call, Asterisk keeps the other one for a
#: second, which may be two by a clock of whole ones.
_LEFT_ALONE = 2 * SECOND
#: What ends within this time of each other ends for one reason.
_AT_ONCE = SECOND // 2
_BY_DIALPLAN = "dialplan/"
#: What the dialplan is told of a dial that came to its own end.
_STATUSES = {
    "NOANSWER": "NO ANSWER",
    "BUSY": "BUSY",
    "CONGESTION": "FAILED",
    "CHANUNAVAIL": "FAILED",
}
_CAUSES = {17: "BUSY", 18: "NO ANSWER", 19: "NO ANSWER", 21: "REJECTED"}
#: A telephone that rang in vain ends with one of these, or because another one was quicker.
_RANG_IN_VAIN = (None, 26, *WILLING)
_NEAREST = ("NO ANSWER", "BUSY", "REJECTED", "FAILED")
#: What connects two people, by the application of the one who is answered then.
_CONNECTING = ("dial", "queue", "followme")


class Outcome:
    """Judges a call; what nobody can know of it is None.

    Attributes
    ----------
    answerer : Channel or None
        Who answered, where the PBX logs answers, but not who is in which bridge.
    answered : int or None
        When that was.
    disposition : str or None
        As docs/sources.md defines it.

    Parameters
    ----------
    origin : Channel
        The call's first party.
    everybody : sequence of Channel
        All of the call, the oldest first.
    dialler : Channel, optional
        The one that dials for the first party, mostly that itself.
    queued, mailbox, conference : bool
        Whether the call came to one.
    bridges : bool
        Whether the log tells of bridges at all.
    whole : bool
        Whether the log goes back to the beginning of the first party.
    """

    def __init__(
        self,
        origin: Channel,
        everybody: Sequence[Channel],
        *,
        dialler: Channel | None,
        queued: bool,
        mailbox: bool,
        conference: bool,
        bridges: bool,
        whole: bool,
    ) -> None:
        self._origin = origin
        self._everybody = everybody
        self._parties = [one for one in everybody if not one.local]
        self._called = [
            one
            for one in self._parties
            if one.may_be_called and one is not origin and not one.forwarded
        ]
        self._status = dialler.dialstatus if dialler is not None else ""
        self._last_app = dialler.last_app if dialler is not None else None
        #: The one that walks the dialplan, and waits in queues.
        self._walking = dialler or origin
        #: What only a log tells that has the field ``extra`` of hangups.
        self._told = origin.source is not None
        #: Whether the first party hung up; chan_pjsip says so of one whom Asterisk refuses, too.
        self._willing = origin.asked and (origin.up or origin.cause in (None, *WILLING))
        self._by_asterisk = (origin.source or "").startswith(_BY_DIALPLAN) or (
            origin.asked and not self._willing
        )
        self.answerer: Channel | None = None
        self.answered: int | None = None
        talked = self._talked(bridges, conference)
        self.disposition = (
            "ANSWERED"
            if talked
            else "VOICEMAIL"
            if mailbox
            else None
            if talked is None or not whole
            else self._waited()
            if queued
            else self._unanswered()
        )

    # --- did they talk? ------------------------------------------------------------------------

    def _talked(self, bridges: bool, conference: bool) -> bool | None:
        """Tell whether two people were connected; None if nobody can know."""
        people = [one for one in self._parties if not one.place]
        if any(one.spans or one.since is not None or one.joined_unseen for one in people):
            return True
        if bridges:
            return False
        reached = [one for one in self._called if one.up]
        if not reached:
            return None if conference else False
        return self._connected(reached[-1])

    def _connected(self, callee: Channel) -> bool | None:
        """Tell it by the answers, where the log has no bridges."""
        origin = self._origin
        if not origin.up:
            return False
        answered = origin.answer if (origin.answer or 0) >= (callee.answer or 0) else None
        by_that = answered is not None and origin.answer_app in _CONNECTING
        status = any(one.dialstatus == "ANSWER" for one in self._everybody)
        if by_that or status or callee.rung_by_queue:
            self.answerer, self.answered = callee, answered if by_that else None
            return True
        return None

    # --- what became of it ---------------------------------------------------------------------

    def _waited(self) -> str | None:
        """Return what became of somebody who came to a queue."""
        walking = self._walking
        if not self._told:
            return None
        let_go = self._by_asterisk or (walking.source or "").startswith(_BY_DIALPLAN)
        if let_go or walking.last_app not in (None, "queue"):
            return "NO ANSWER"
        if walking.last_app is not None:
            return "ABANDONED"
        rung = [one for one in self._everybody if one.rung_at is not None]
        if rung and walking.last_exten not in (None, rung[-1].rung_at):
            return "NO ANSWER"  # he was elsewhere by then
        over = max((one.end_order or one.order for one in rung), default=0)
        if rung and any(one.order > over for one in self._called):
            # The queue had let him go, and somebody else was dialled.
            return "CANCELLED" if self._cancelled() else "NO ANSWER"
        if any(self._with_origin(one, _AT_ONCE) for one in rung):
            return "ABANDONED"
        return None  # he may have waited for another agent, or heard an announcement

    def _unanswered(self) -> str | None:
        """Return what became of a call that nobody took, and that was in no queue."""
        origin = self._origin
        if self._called or (origin.called and not origin.up):
            if not self._told:
                return None
            return "CANCELLED" if self._cancelled() else self._nearest()
        if origin.up:
            return "IVR"
        if not self._told:
            return None
        for_him = origin.source == "" and origin.cause in WILLING
        return "CANCELLED" if self._willing or for_him else "FAILED"

    def _cancelled(self) -> bool:
        """Tell whether a telephone rang until the first party ended."""
        origin = self._origin
        if self._by_its_own_end or self._last_app not in (None, *_CONNECTING):
            return False
        if (origin.source or "").startswith(_BY_DIALPLAN):
            return False
        rang = [one for one in self._called if not one.asked and self._with_origin(one, AT_THE_END)]
        for_him = self._status == "CANCEL" and origin.cause in WILLING
        return bool(rang) and (origin.asked or for_him)

    @property
    def _by_its_own_end(self) -> bool:
        """Whether the only dial was over by itself; of several, one cannot tell which was."""
        return len(self._called) == 1 and self._status in _STATUSES

    def _nearest(self) -> str:
        """Return the outcome of the telephone that came nearest to an answer."""
        found = {self._of_one(one) for one in self._called or [self._origin]}
        return next(word for word in _NEAREST if word in found)

    def _of_one(self, one: Channel) -> str:
        if one.up or one.cause in _RANG_IN_VAIN:
            found = "NO ANSWER"
        else:
            found = _CAUSES.get(one.cause or 0, "FAILED")
        if found != "REJECTED" and not one.up and self._by_its_own_end:
            return _STATUSES[self._status]
        return found

    @property
    def _left_alone(self) -> bool:
        """Whether somebody else hung up, and the first party stayed in the bridge to its end."""
        origin = self._origin
        there = any(one.name == origin.source for one in self._parties if one is not origin)
        if not there or origin.left is None or origin.end is None:
            return False
        return origin.end - origin.left <= AT_THE_END

    def _with_origin(self, one: Channel, within: int) -> bool:
        """Tell whether a channel ended when the first party did."""
        if one.end is None or self._origin.end is None:
            return False
        return abs(one.end - self._origin.end) <= within

    # --- who ended it --------------------------------------------------------------------------

    def hangup_by(self, callee: Channel | None) -> str | None:
        """Return who ended a call that is over; `callee` is who answered it, if somebody did."""
        origin, source = self._origin, self._origin.source
        if source is None:
            return None
        end = max(one.end or 0 for one in self._everybody)
        there = [one for one in self._parties if one is not origin]
        # Many logs have whole seconds: the order of the lines tells who was the last.
        asked = [(one.end or 0, one.end_order) for one in there if one.up and one.asked]
        if callee is not None and source == callee.name and origin.end is not None:
            left = origin.end if callee.end is None else min(origin.end, callee.end)
            asked.append((left, origin.end_order))
        by_callee = max(asked, default=(0, 0))
        by_caller = (origin.end or 0, origin.end_order) if self._willing else (0, 0)
        late = _LEFT_ALONE if self._left_alone else AT_THE_END
        if by_callee[0] >= end - late and by_callee > by_caller:
            return "callee"
        gave_up = origin.asked and self.disposition in ("CANCELLED", "ABANDONED")
        if gave_up or by_caller[0] >= end - AT_THE_END:
            return "caller"
        # It still says who left him some time ago, whoever ended the rest of the call.
        stale = source and not origin.asked and not source.startswith(_BY_DIALPLAN)
        return None if stale else "pbx"
