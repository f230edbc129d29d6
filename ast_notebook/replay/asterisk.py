"""A PBX of the past: the class of `sh.ast` in a replay; it holds back what would change a PBX."""

from __future__ import annotations

import math
import os
import threading
from collections.abc import Callable, Mapping
from datetime import datetime, tzinfo
from typing import Any

import numpy as np
import pandas as pd

from ast_notebook.ami import Event, Field, Pending, Settings
from ast_notebook.asterisk import Asterisk
from ast_notebook.asterisk.call_log import CallLog
from ast_notebook.asterisk.callbacks import Callbacks
from ast_notebook.asterisk.switchboard import Switchboard
from ast_notebook.asterisk.waiting import WaitingCallers
from ast_notebook.errors import ConfError, ConnectionLost
from ast_notebook.moments import Moment
from ast_notebook.replay.answers import Answers, is_question
from ast_notebook.replay.clock import ReplayClock, time_waits
from ast_notebook.replay.database import ReplayedDatabase
from ast_notebook.replay.finding import first_alarm, first_call
from ast_notebook.replay.live import ReplayedLive
from ast_notebook.replay.orders import NOT_SENT, Orders
from ast_notebook.replay.past import Past
from ast_notebook.replay.position import Position
from ast_notebook.replay.record import ReplayedRecord
from ast_notebook.replay.session import ReplaySession
from ast_notebook.replay.spelling import spelled
from ast_notebook.replay.tape import Tape
from ast_notebook.replay.told import OK, ReplayedAnswer, give
from ast_notebook.replay.when import read_end, read_moment
from ast_notebook.replay.who import who
from ast_notebook.warned import warn
from ast_notebook.zone import named_zone

FASTEST = 600.0
SLICE = 0.2


class ReplayedAsterisk(Asterisk):
    """A PBX as it was: its state, events and call log up to the present moment of the replay.

    An action that would change something on the PBX is not sent: it becomes a row of `orders`. The
    replay stands still until `play` or `run` is called.

    Parameters
    ----------
    tape : Tape
        The events.
    since, until : int
        The first and the last moment that are played, in microseconds since 1970 UTC.
    at : int
        The moment at which the replay stands at first, in microseconds since 1970 UTC.
    sh : SmartHome, optional
        The home whose items and logics give orders.
    name : str
        Its name: the attribute of `sh`.
    tz : str or tzinfo, optional
        The zone of moments that name none; by default, this machine's.

    Attributes
    ----------
    seek_listeners : list of callable
        The functions that each seek calls when it is done, on the dispatcher's thread.
    """

    def __init__(
        self,
        tape: Tape,
        *,
        since: int,
        until: int,
        at: int,
        clock: ReplayClock,
        sh: Any = None,
        name: str = "ast",
        tz: str | tzinfo | None = None,
    ) -> None:
        self._process = os.getpid()
        self.replay_clock = clock
        self._tz = named_zone(tz) if isinstance(tz, str) else tz
        self._sh = sh
        self._since, self._until, self._begin = since, until, at
        self._given = Orders()
        self._tape = tape
        self.seek_listeners: list[Callable[[], object]] = []
        self._seeking = threading.RLock()
        record = self._replayed = ReplayedRecord(tape, since, clock)
        CallLog.__init__(self, name, record)
        self._past = Past(tape)
        self._position = Position(tape, record.move)
        session = ReplaySession(
            Settings(host="replay", username=""),
            name=name,
            clock=clock,
            position=self._position,
            send=self._answer,
        )
        Callbacks.__init__(self, session)
        past = self._past
        live = ReplayedLive(session, clock, has_marks=past.has_marks, has_lists=past.has_lists)
        Switchboard.__init__(self, session, live)
        self.waiting = WaitingCallers(
            session, self.unreturned, lambda number: self.numbering.key(number)
        )
        self._player = session.player
        self._player.end = until
        self._player.mark = live.hear_mark
        self._database = ReplayedDatabase(tape, clock)
        self._answers = Answers(live, self._database, clock)

    def __repr__(self) -> str:
        at = self.position
        return f"<Replay {self.name} at {at:%Y-%m-%d %H:%M:%S}: {self._how()}>"

    def _how(self) -> str:
        if self.session.closed:
            return "closed"
        speed = self._player.speed
        return "standing still" if not speed else f"at speed {speed:g}"

    def connect(self) -> ReplayedAsterisk:
        """Go to the moment at which the replay stands at first."""
        self.session.connect()
        self.seek(pd.Timestamp(self._begin, unit="us", tz="UTC"))
        return self

    # --- the time -------------------------------------------------------------------------------

    @property
    def position(self) -> datetime:
        """The present moment of the replay, in the zone of the replay."""
        now = pd.Timestamp(self.replay_clock.at, unit="us", tz="UTC")
        return now.tz_convert(self._tz).to_pydatetime() if self._tz else self.replay_clock.now()

    @property
    def since(self) -> pd.Timestamp:
        """The first moment of the replay."""
        return pd.Timestamp(self._since, unit="us", tz="UTC")

    @property
    def until(self) -> pd.Timestamp:
        """The last moment of the replay."""
        return pd.Timestamp(self._until, unit="us", tz="UTC")

    @property
    def speed(self) -> float:
        """How many seconds of the record pass in a second; 0 while the replay stands still."""
        return self._player.speed

    @property
    def recorded(self) -> tuple[pd.Timestamp, pd.Timestamp]:
        """The first and the last moment of the replay of which there is a record.

        The moment at which the replay began is covered, too.
        """
        first = min(max(self._since, self._tape.first), self._begin)
        last = max(min(self._until, self._tape.last), self._begin)
        since, until = (pd.Timestamp(one, unit="us", tz="UTC") for one in (first, last))
        return since, until

    @property
    def gaps(self) -> pd.DataFrame:
        """Where nothing was recorded: ``since`` and ``until`` (UTC), a row each."""
        gaps = np.array(self._tape.gaps(self._since, self._until), np.int64).reshape(-1, 2)
        gaps = gaps.astype("datetime64[us]")
        return pd.DataFrame(
            {
                name: pd.Series(gaps[:, number]).dt.tz_localize("UTC")
                for number, name in enumerate(("since", "until"))
            }
        )

    def play(self, speed: float = 1.0) -> ReplayedAsterisk:
        """Play on at a speed from 1 to 600, and return at once.

        Raises
        ------
        ConfError
            If the speed is not from 1 to 600.
        """
        self._player.play(_checked(speed))
        return self

    def pause(self) -> ReplayedAsterisk:
        """Stand still."""
        self._player.rest()
        return self

    def run(self, until: Moment | None = None, *, speed: float | None = None) -> pd.DataFrame:
        """Play to the end, wait until it is reached, and return `orders`.

        A warning tells if somebody paused the replay meanwhile, or went to another moment.

        Parameters
        ----------
        until : datetime or str, optional
            The moment at which to stop; by default, the end of the replay. If it is a day, the
            replay stops before that day or, if it stands on that day, after it.
        speed : float, optional
            From 1 to 600; by default, the replay runs as fast as it can.

        Raises
        ------
        ConfError
            If the speed is not from 1 to 600, or the record cannot be read any further.
        ConnectionLost
            If the replay is closed before its end.
        """
        pace = math.inf if speed is None else _checked(speed)
        end = self._until if until is None else min(self._until, self._read_end(until))
        self._refuse_calls()
        self._player.rest()
        self._player.end = end
        try:
            if self.replay_clock.at < end:
                self._player.play(pace)
                while not self._player.wait_for_end(SLICE):
                    pass  # waits in slices, so that an interruption of the cell is seen
            if self._player.failure is not None:
                raise self._player.failure
            if self.session.closed and self.replay_clock.at < end:
                raise ConnectionLost("the replay was closed before its end: begin it again")
            if self.replay_clock.at < end:
                there = self.replay_clock.now().astimezone(self._tz)
                warn(
                    f"the replay was stopped at {there:%Y-%m-%d %H:%M:%S}: run() goes on from there"
                )
        finally:
            self._player.rest()
            self._player.end = self._until
        return self.orders

    def seek(self, moment: Moment) -> ReplayedAsterisk:
        """Go to a moment: the live state, the record and the items become those of that moment.

        Neither logics nor callbacks run for the events in between. Items change as they do when a
        PBX is connected.

        Parameters
        ----------
        moment : datetime or str
            ``14:05`` is on the day on which the replay stands; ``yesterday 14:05`` and ages such
            as ``10m`` count from the present moment of the replay.

        Raises
        ------
        ConfError
            If it is no moment, or the replay does not cover it.
        """
        self._refuse_calls()
        with self._seeking:
            at = self._read(moment)
            if not self._since <= at <= self._until:
                first, last = (
                    one.tz_convert(self._tz or "UTC") for one in (self.since, self.until)
                )
                raise ConfError(
                    f"{moment} is not in this replay, which goes from {first:%Y-%m-%d %H:%M} to "
                    f"{last:%Y-%m-%d %H:%M} ({self._tz or 'UTC'})"
                )
            speed = self._player.speed
            self._player.rest()
            state = self._past.at(at)
            self._player.forget()
            self._position.seek(at)
            with self._making:
                self._cache = None  # it may hold events that are in the future now

            def go() -> None:
                self.replay_clock.jump(at)
                live = self.live
                assert isinstance(live, ReplayedLive)
                live.take_from(state)
                for function in tuple(self.seek_listeners):
                    function()

            self._player.on_dispatcher(go)
            if speed:
                self._player.play(speed)
        return self

    def newest_events(self, most: int) -> list[Event]:
        """Return the newest events, oldest first: so many at most, and only of one file."""
        return self._replayed.newest(most)

    def next_call(self) -> Event:
        """Go to the beginning of the next call, and return its first event.

        Raises
        ------
        ConfError
            If no further call begins in this replay.
        """
        return self._go_to(first_call(self._tape, self.replay_clock.at, self._until), "call")

    def next_alarm(self) -> Event:
        """Go to the next alarm, and return its event.

        An alarm is a lost connection, a device or a trunk that is not reached any more, a caller
        who gives up in a queue, a refused login, an alarm of a line, or a shutdown.

        Raises
        ------
        ConfError
            If there is no further one in this replay.
        """
        return self._go_to(first_alarm(self._tape, self.replay_clock.at, self._until), "alarm")

    def _go_to(self, found: tuple[int, Event] | None, what: str) -> Event:
        if found is None:
            raise ConfError(f"there is no further {what} in this replay")
        self.seek(pd.Timestamp(found[0], unit="us", tz="UTC"))
        return found[1]

    @staticmethod
    def _refuse_calls() -> None:
        """Raise an error if the time stands still for the calls of this thread."""
        if time_waits():
            raise ConfError(
                "a logic, a callback or an item cannot move the replay that it runs in: do it in a "
                "cell"
            )

    def _read(self, moment: Moment) -> int:
        return read_moment(moment, self.replay_clock, self._tz, of_day=True)

    def _read_end(self, until: Moment) -> int:
        clock = self.replay_clock
        return read_end(until, clock, self._tz, clock.at, of_day=True)

    # --- what is held back ----------------------------------------------------------------------

    @property
    def orders(self) -> pd.DataFrame:
        """The actions that were not sent to Asterisk: ``time``, ``by``, ``action``, ``fields``.

        ``by`` tells who gave the order (an item, a logic, a callback, or a cell), and ``fields`` is
        a dict of the action's headers.
        """
        return self._given.frame()

    def _answer(self, action: Mapping[str, Field], pending: Pending, key: str) -> None:
        """Answer an action that only asks, or hold it back; its sender's thread runs this."""
        if is_question(pending.name):
            answer = self._answers.to(_as_asterisk_spells(action))
        else:
            order = self._given.add(self.replay_clock.at, who(self._sh, self, action), action)
            self._database.follow(order.action, _as_asterisk_spells(order.fields))
            answer = ReplayedAnswer({**OK, "Message": NOT_SENT, "Output": NOT_SENT})
        give(pending, key, answer, self.replay_clock.at)


def _as_asterisk_spells(action: Mapping[str, Field]) -> dict[str, str]:
    return {spelled(name.lower()): str(value) for name, value in action.items()}


def _checked(speed: float) -> float:
    if not 1 <= speed <= FASTEST:
        raise ConfError(f"a replay has no speed {speed:g}: give 1 to {FASTEST:g}")
    return float(speed)
