"""Makes ActionIDs, and keeps the actions that wait for an answer, by their ActionIDs."""

from __future__ import annotations

import itertools
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterable

from ast_notebook.ami.answer import Pending
from ast_notebook.errors import AnswerTimeout, AstError, ConnectionLost

GIVEN_UP = 1000  # given-up actions that are remembered, in case an answer comes late
SWEEPING = 1.0  # seconds between two checks for actions that were not answered


class OpenActions:
    """Actions under way.

    Parameters
    ----------
    counts : Counter
        Where ``unanswered`` actions are counted.

    Attributes
    ----------
    under_way : dict of str to Pending
        The actions by their ActionIDs.
    given_up : dict of str to None
        The ActionIDs whose answers are thrown away if they come late.
    """

    def __init__(self, counts: Counter[str]) -> None:
        self.under_way: dict[str, Pending] = {}
        self.given_up: dict[str, None] = {}
        self._counts = counts
        self._prefix = f"ast-{uuid.uuid4().hex[:12]}"
        self._numbers = itertools.count()
        self._next_sweep = 0.0

    def __len__(self) -> int:
        return len(self.under_way)

    def next_number(self) -> int:
        """Return a number that was not returned before."""
        return next(self._numbers)

    def new_id(self) -> str:
        """Return an ActionID that no other session, of this process or another, gives out."""
        return f"{self._prefix}-{self.next_number()}"

    def send(self, key: str, pending: Pending, send: Callable[[], None]) -> None:
        """Add an action, and call a function that sends it.

        Raises
        ------
        ConnectionLost
            If it could not be sent; then it is not under way.
        ValueError
            If there is an action with that ActionID already.
        """
        if self.under_way.setdefault(key, pending) is not pending:
            raise ValueError(f"another action with the ActionID {key} still waits for its answer")
        try:
            send()
        except OSError as error:
            self.under_way.pop(key, None)
            failed = error.with_traceback(None)
        except BaseException:
            self.under_way.pop(key, None)
            raise
        else:
            return
        raise ConnectionLost(f"{pending.name} could not be sent: {failed}")

    def finish(self, key: str, pending: Pending) -> list[Pending]:
        """Remove an answered action, and each that is over because this one is (`Pending.ends`).

        Returns
        -------
        list of Pending
            The actions that have a callback, in their order.
        """
        to_call = []
        ended: Pending | None = pending
        while ended is not None:
            self.under_way.pop(key, None)
            ended.finish()
            if ended.then is not None:
                to_call.append(ended)
            key = ended.ends
            ended = self.under_way.get(key)
        return to_call

    def give_up(self, key: str) -> None:
        """Remember that the rest of an answer is to be thrown away."""
        self.given_up[key] = None
        if len(self.given_up) > GIVEN_UP:
            del self.given_up[next(iter(self.given_up))]

    def fail(self, keys: Iterable[str], error: AstError) -> list[Pending]:
        """Remove actions that will not be answered any more; see `finish` for what is returned."""
        to_call = []
        for key in keys:
            pending = self.under_way.pop(key, None)
            if pending is not None:
                pending.finish(error)
                self._counts["unanswered"] += 1
                if pending.then is not None:
                    to_call.append(pending)
        return to_call

    def fail_all(self, error: AstError) -> list[Pending]:
        """Remove all actions; see `finish` for what is returned."""
        return self.fail(list(self.under_way), error)

    def sweep(self) -> list[Pending]:
        """Give up actions not answered in time; look for them only now and then. See `finish`."""
        now = time.monotonic()
        if now < self._next_sweep:
            return []
        self._next_sweep = now + SWEEPING
        to_call = []
        for key, one in list(self.under_way.items()):
            if one.is_overdue:
                error = AnswerTimeout(f"Asterisk has not answered {one.name} in time")
                to_call += self.fail([key], error)
                self.give_up(key)
        return to_call
