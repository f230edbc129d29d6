"""`replay`: a smart home on a recorded day."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import tzinfo
from typing import Any

import pandas as pd

from ast_notebook.clock import MACHINE
from ast_notebook.errors import ConfError
from ast_notebook.home import SmartHome
from ast_notebook.moments import Moment
from ast_notebook.recording.archive_place import ArchivePlace
from ast_notebook.replay import orders as held_back
from ast_notebook.replay.asterisk import ReplayedAsterisk
from ast_notebook.replay.clock import ReplayClock
from ast_notebook.replay.sources import Source, tape_of
from ast_notebook.replay.tape import Tape
from ast_notebook.replay.when import range_of, read_end
from ast_notebook.zone import named_zone


class ReplayedHome(SmartHome):
    """A smart home in a replay: ``sh.ast`` is the PBX of the record, ``sh.replay`` is the same.

    Its other attributes are those of `SmartHome`.
    """

    @property
    def replay(self) -> ReplayedAsterisk:
        """The replayed PBX, which can `seek`, `play`, `pause` and `run`."""
        found = [pbx for pbx in self.pbxs.values() if isinstance(pbx, ReplayedAsterisk)]
        if not found:
            raise ConfError("the replay is closed: begin it again")
        return found[0]

    def __enter__(self) -> ReplayedHome:
        return self

    def run(self, until: Moment | None = None, *, speed: float | None = None) -> pd.DataFrame:
        """Play to the end, and return the orders; see `ReplayedAsterisk.run`."""
        return self.replay.run(until, speed=speed)

    def compare(self, orders: pd.DataFrame, other_orders: pd.DataFrame) -> pd.DataFrame:
        """Return what differs between the orders of two replays.

        Parameters
        ----------
        orders, other_orders : pandas.DataFrame
            ``sh.ast.orders`` of each.

        Returns
        -------
        pandas.DataFrame
            The orders that only one of them has, by time: ``change`` is ``gone`` for those of
            `orders` and ``new`` for those of `other_orders`; then ``time``, ``by``, ``action`` and
            ``fields``.
        """
        return held_back.compare(orders, other_orders)


def replay(
    source: Source,
    since: Moment | None = None,
    until: Moment | None = None,
    at: Moment | None = None,
    speed: float | None = None,
    tz: str | tzinfo | None = None,
    *,
    server: str = "",
    name: str = "ast",
) -> ReplayedHome:
    """Return a smart home whose PBX is a record: it replays a recorded day.

    Nothing is ever sent to a PBX, and no telephone rings. An action that a logic, an item, a
    callback or a cell would have sent becomes a row of ``sh.ast.orders``.

    Parameters
    ----------
    source : str, path or pandas.DataFrame
        A folder or URL of an archive (``%ast record to``), a Parquet file of events, a frame such
        as ``sh.ast.events``, or a text file with the messages of the manager interface.
    since, until : datetime or str, optional
        What is replayed; by default, the whole record. A replay ends before the day (week, month,
        year) that `until` names, such as ``2026-11-21``. A replay that also begins on that day ends
        with it: ``since="yesterday", until="yesterday"`` is that day.
    at : datetime or str, optional
        The moment at which the replay stands at first, such as ``yesterday 14:05``; by default, its
        beginning. Without `since` and `until`, the replay goes from a day before `at` to a day
        after it.
    speed : float, optional
        From 1 to 600: the replay begins to play at once, at this speed. By default, it stands still
        until ``sh.run()`` plays it as fast as it can.
    tz : str or tzinfo, optional
        The zone of moments that name none; by default, this machine's.
    server : str
        The name of the PBX; it is needed if the record has several.
    name : str
        The name of the attribute of `sh`.

    Raises
    ------
    ConfError
        If there is no such record, or it has no events at that time.

    Examples
    --------
    >>> with ast_notebook.replay("calls", since="2026-11-20", until="2026-11-21") as sh:
    ...     sh.load_items("items.conf")
    ...     sh.load_logics("logic.conf")
    ...     sh.run()
    """
    found = source if isinstance(source, pd.DataFrame) else ArchivePlace(source)
    del source  # a URL may hold a password, and a traceback shows variables
    tape, clock, where = prepared(found, since, until, at, tz, server)
    sh = ReplayedHome(clock)
    try:
        sh.add(ReplayedAsterisk(tape, clock=clock, sh=sh, name=name, **where), name)
        if speed is not None:
            sh.replay.play(speed)
    except BaseException:
        sh.close()
        raise
    return sh


def prepared(
    source: Source | ArchivePlace,
    since: Moment | None,
    until: Moment | None,
    at: Moment | None,
    tz: str | tzinfo | None,
    server: str,
) -> tuple[Tape, ReplayClock, Mapping[str, Any]]:
    """Return the tape, the clock and the further parameters of a `ReplayedAsterisk`.

    The parameters and the errors are those of `replay`.
    """
    found = source if isinstance(source, pd.DataFrame) else ArchivePlace(source)
    del source  # a URL may hold a password, and a traceback shows variables
    zone = named_zone(tz) if isinstance(tz, str) else tz
    first, last, standing = range_of(since, until, at, MACHINE, zone)
    over = last
    if first is None and last is not None and until is not None:
        over = read_end(until, MACHINE, zone, begin=last)  # the record may begin on that day
    tape = tape_of(found, first, over, server)
    begin = tape.first if first is None else first
    if last is not None and last <= begin:
        last = over
    end = tape.last if last is None else last - 1
    if end < begin:
        raise ConfError("there are no events at that time: nothing to replay")
    where = {"since": begin - 1, "until": end, "at": begin - 1 if standing is None else standing}
    return tape, ReplayClock(int(where["at"])), {**where, "tz": zone}
