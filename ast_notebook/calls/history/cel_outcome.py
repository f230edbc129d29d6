"""How a call ended, and who ended it, by its channels in the CEL."""

from __future__ import annotations

from collections.abc import Sequence

from ast_notebook.calls.channels import WILLING
from ast_notebook.calls.history.cel_channel import CelChannel
from ast_notebook.units import SECOND

#: A party that hung up at most this time before the call's end has ended it; otherwise the dialplan
#: did.
AT_THE_END = SECOND
#: The same for a party that left another one in a bridge. Asterisk keeps the other channel of a
#: parked call for a second, and a log of whole seconds may tell two.
_LEFT_ALONE = 2 * SECOND
#: Channels that end within this time of each other end for the same reason.
_AT_ONCE = SECOND // 2
_BY_DIALPLAN = "dialplan/"
#: The dial statuses of a dial that ended by itself.
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
#: The applications by which a channel is connected with the one that answers.
_CONNECTING = ("dial", "queue", "followme")


class Outcome:
    """Determines the outcome of a call; unknown values are None.

    Attributes
    ----------
    answerer : CelChannel or None
        Who answered, if the log tells that by its answers and not by its bridges.
    answered : int or None
        When that was.
    disposition : str or None
        As docs/sources.md defines it.

    Parameters
    ----------
    origin : CelChannel
        The call's first party.
    everybody : sequence of CelChannel
        All channels of the call, the oldest first.
    dialler : CelChannel, optional
        The channel that dials for the first party; in most calls, this is the first party itself.
    queued : bool or None
        Whether the call waited in a queue; None if nobody knows whether the queue let it in.
    mailbox, conference : bool
        Whether the call came to a mailbox or a conference.
    bridges : bool
        Whether the log has events of bridges at all.
    whole : bool
        Whether the log goes back to the beginning of the first party.
    """

    def __init__(
        self,
        origin: CelChannel,
        everybody: Sequence[CelChannel],
        *,
        dialler: CelChannel | None,
        queued: bool | None,
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
        #: The channel that executes the dialplan, and waits in queues.
        self._walking = dialler or origin
        #: Whether the log has the field ``extra`` of hangups; some values are unknown without it.
        self._has_source = origin.source is not None
        #: Whether the first party hung up; chan_pjsip says so of a refused call, too.
        self._willing = origin.asked and (origin.up or origin.cause in (None, *WILLING))
        self._by_asterisk = (origin.source or "").startswith(_BY_DIALPLAN) or (
            origin.asked and not self._willing
        )
        self.answerer: CelChannel | None = None
        self.answered: int | None = None
        talked = self._talked(bridges, conference)
        self.disposition = (
            "ANSWERED"
            if talked
            else "VOICEMAIL"
            if mailbox
            else None
            if talked is None or not whole
            else self._in_vain(queued)
        )

    # --- did they talk? ------------------------------------------------------------------------

    def _talked(self, bridges: bool, conference: bool) -> bool | None:
        """Tell whether two people were connected; None if unknown."""
        people = [one for one in self._parties if not one.is_login]
        if any(one.spans or one.since is not None or one.talked_unseen for one in people):
            return True
        if bridges:
            return False
        reached = [one for one in self._called if one.up]
        if not reached:
            return None if conference else False
        return self._connected(reached[-1])

    def _connected(self, callee: CelChannel) -> bool | None:
        """Tell by the answers whether they were connected, if the log has no bridges."""
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

    def _in_vain(self, queued: bool | None) -> str | None:
        """Return what became of a call that nobody took."""
        if queued is not None:
            return self._waited() if queued else self._unanswered()
        either = {self._waited(), self._unanswered()}
        return either.pop() if len(either) == 1 else None

    def _waited(self) -> str | None:
        """Return what became of somebody who came to a queue."""
        walking = self._walking
        if not self._has_source:
            return None
        let_go = self._by_asterisk or (walking.source or "").startswith(_BY_DIALPLAN)
        if let_go or walking.last_app not in (None, "queue"):
            return "NO ANSWER"
        if walking.last_app is not None:
            return self._after_queue()
        rung = [one for one in self._everybody if one.rung_at is not None]
        if rung and walking.last_exten not in (None, rung[-1].rung_at):
            return "NO ANSWER"  # the caller was elsewhere in the dialplan by then
        over = max((one.end_order or one.order for one in rung), default=0)
        if rung and any(one.order > over for one in self._called):
            # The queue had let him go, and somebody else was dialled.
            return "CANCELLED" if self._cancelled() else "NO ANSWER"
        if any(self._with_origin(one, _AT_ONCE) for one in rung):
            return "ABANDONED"
        return None  # he may have waited for another agent, or heard an announcement

    def _after_queue(self) -> str | None:
        """Return what became of who began no other application that the log has after a queue.

        He may have waited to the end, or have been let go to an application that it lacks.
        """
        walking = self._walking
        if walking.unqueued is None or walking.end is None or walking.unqueued_at == "h":
            return "ABANDONED"
        if walking.queued_at is not None and walking.unqueued_at not in (None, walking.queued_at):
            return "NO ANSWER"
        later = walking.end - walking.unqueued
        if walking.end % SECOND or walking.unqueued % SECOND:
            return "NO ANSWER" if later > _AT_ONCE else "ABANDONED"
        return "ABANDONED" if later < SECOND else "NO ANSWER" if later > SECOND else None

    def _unanswered(self) -> str | None:
        """Return what became of a call that nobody took, and that was in no queue."""
        origin = self._origin
        if self._called or (origin.called and not origin.up):
            if not self._has_source:
                return None
            return "CANCELLED" if self._cancelled() else self._nearest()
        if origin.up:
            return "IVR"
        if not self._has_source:
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
        """Whether the only dial ended by itself; with several dials, that is unknown."""
        return len(self._called) == 1 and self._status in _STATUSES

    def _nearest(self) -> str:
        """Return the outcome of the telephone that came nearest to an answer."""
        found = {self._of_one(one) for one in self._called or [self._origin]}
        return next(word for word in _NEAREST if word in found)

    def _of_one(self, one: CelChannel) -> str:
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

    @property
    def _sent_on(self) -> bool:
        """Whether the dialplan hung up the first party, some time after the last talk."""
        left = [one.left for one in self._parties if one.left is not None]
        end = self._origin.end
        return self._by_asterisk and end is not None and bool(left) and end - max(left) > _AT_ONCE

    def _ended_as_left(self, moment: int) -> bool:
        """Tell whether the first party ended at the moment at which somebody left it.

        If it did not, the dialplan may have gone on with it. Its hangup then still names the party
        that left as its source, no matter who ended what followed.
        """
        origin = self._origin
        if origin.end is None or origin.went_on or self._sent_on:
            return False
        if origin.went_on is False:
            return True
        left = moment if origin.left is None else origin.left
        # Whole seconds do not tell what happened between two of them.
        fine = origin.end % SECOND or left % SECOND
        return origin.end - left <= (_AT_ONCE if fine else 0)

    def _with_origin(self, one: CelChannel, within: int) -> bool:
        """Tell whether a channel ended when the first party did."""
        if one.end is None or self._origin.end is None:
            return False
        return abs(one.end - self._origin.end) <= within

    # --- who ended it --------------------------------------------------------------------------

    def hangup_by(self, callee: CelChannel | None) -> str | None:
        """Return who ended a call that is over; `callee` is who answered it, if somebody did."""
        origin, source = self._origin, self._origin.source
        if source is None:
            return None
        end = max(one.end or 0 for one in self._everybody)
        there = [one for one in self._parties if one is not origin]
        # Many logs have whole seconds, so the order of the lines tells which party was the last.
        asked = [(one.end or 0, one.end_order) for one in there if one.up and one.asked]
        if callee is not None and source == callee.name and origin.end is not None:
            left = origin.end if callee.end is None else min(origin.end, callee.end)
            asked.append((left, origin.end_order))
        by_callee = max(asked, default=(0, 0))
        by_caller = (origin.end or 0, origin.end_order) if self._willing else (0, 0)
        late = _LEFT_ALONE if self._left_alone else AT_THE_END
        if by_callee[0] >= end - late and by_callee > by_caller:
            known = self._willing or self._ended_as_left(by_callee[0])
            return "callee" if known else None
        gave_up = origin.asked and self.disposition in ("CANCELLED", "ABANDONED")
        if gave_up or by_caller[0] >= end - AT_THE_END:
            return "caller"
        # The source still is a party that left earlier, no matter who ended the rest of the call.
        last = max(self._everybody, key=lambda one: (one.end or 0, one.end_order))
        stale = any(_names_another(one) for one in (origin, last))
        return None if stale else "pbx"


def _names_another(one: CelChannel) -> bool:
    """Tell whether a channel's end names another one as its source."""
    return bool(one.source) and not one.asked and not str(one.source).startswith(_BY_DIALPLAN)
