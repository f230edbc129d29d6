"""Groups call detail records (CDR) by call.

Records of one channel have the same uniqueid, and records that Asterisk itself counts as one call
have the same linkedid (with ``newcdrcolumns = yes``). Channels that were connected are in one call,
too: the channel of one record is then the ``dstchannel`` of another record at the same time. There
are two exceptions: conferences, and the channels on which agents wait. There, people meet who have
separate calls. An agent's channel serves one caller after the other, and gives all of them its
linkedid. Channels of two PBXs, or of two calls at one time, may have the same name. Their ids then
show that they are different channels.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from ast_notebook.calls.history.cdr_record import CdrRecord
from ast_notebook.calls.history.cdr_times import Times
from ast_notebook.calls.history.clock import born
from ast_notebook.calls.history.log_builder import device
from ast_notebook.units import SECOND

#: The form of channel names that are unique while Asterisk runs.
_OWN_NAME = re.compile(r"-([0-9a-f]{8}|[0-9a-f]{4,8};[12])$")
#: Records that name one channel belong together if at most this much time is between them.
_TOUCH = 5 * SECOND
#: Times are whole seconds, so two times of the same moment may differ by this much.
_APART = 1 * SECOND
#: At most this many channels that have one name at one time are compared. Real files have fewer.
_MOST = 50


class _LoginChannels(NamedTuple):
    """The names and the uniqueids of login channels, on which agents wait for calls."""

    names: set[str]
    ids: set[str]


class CdrCall(NamedTuple):
    """The records of one call.

    Attributes
    ----------
    lines : list of CdrRecord
        The records, in the order of their beginning.
    agents : list of tuple
        The channels of this call that agents in `AgentLogin` served: the name of each, and the
        record of the channel on which its agent waited.
    met : bool or None
        Whether somebody in the call met others in a conference; None if the records do not tell it.
    login : bool
        Whether the call is an agent's login.
    """

    lines: list[CdrRecord]
    agents: list[tuple[str, CdrRecord]]
    met: bool | None
    login: bool


def stem(channel: str) -> str:
    """Return a channel's name; for a Local channel, the common part of its halves' names."""
    return channel.removesuffix(";1").removesuffix(";2")


def has_own_name(channel: str | None) -> bool:
    """Tell whether a channel has a name that no other has while Asterisk runs."""
    return channel is not None and _OWN_NAME.search(channel) is not None


def calls_in(lines: Sequence[CdrRecord]) -> Iterator[CdrCall]:
    """Yield the calls to which the records belong."""
    login_channels = _login_channels(lines)
    met = Times((name, line) for line in lines if line.in_room for name in _those_who_met(line))
    named = Times((line.room, line) for line in lines if line.room)
    served: dict[str, list[CdrRecord]] = {}
    for line in lines:
        if line.is_login and line.dstchannel:
            served.setdefault(stem(line.dstchannel), []).append(line)
    for members in _joined(lines, login_channels):
        members.sort(key=lambda line: (line.start, line.rank))
        login = all(line.is_login for line in members)
        yield CdrCall(
            members,
            [] if login else list(_agents(members, served)),
            _met(members, met, named),
            login,
        )


def _login_channels(lines: Sequence[CdrRecord]) -> _LoginChannels:
    there = [line for line in lines if line.is_login]
    ids = (line.uniqueid or line.linkedid for line in there)
    return _LoginChannels({line.owner for line in there}, {one for one in ids if one is not None})


def _those_who_met(line: CdrRecord) -> Iterator[str]:
    if line.dstchannel is not None:
        yield line.owner
        yield line.dstchannel


def _met(members: Sequence[CdrRecord], met: Times, named: Times) -> bool | None:
    if any(met.has(line.owner, *_around(line)) for line in members):
        return True
    # Asterisk up to 11 does not tell the other participants.
    company = any(
        named.has(line.room, line.start + _APART + 1, line.end - _APART - 1, besides=line.owner)
        for line in members
        if line.room
    )
    return None if company else False


def _around(line: CdrRecord) -> tuple[int, int]:
    """Return the period in which a record with the same channel name is of the same channel."""
    return line.start - _TOUCH, line.end + _TOUCH


def _touch(one: CdrRecord, other: CdrRecord) -> bool:
    since, until = _around(other)
    return one.start <= until and since <= one.end


def _agents(
    members: Sequence[CdrRecord], served: Mapping[str, list[CdrRecord]]
) -> Iterator[tuple[str, CdrRecord]]:
    names = {stem(name): line for line in members for name in (line.owner, line.dstchannel) if name}
    for name, line in names.items():
        for one in served.get(name, ()):
            there = one.answered and one.end >= line.start and _touch(one, line)
            if there and one.dstchannel is not None:
                yield one.dstchannel, one


def fetched(one: CdrRecord, other: CdrRecord) -> bool:
    """Tell whether `one` is the record of somebody who was paged into the conference of `other`."""
    return one.data == other.data and _is_paged(one) and _touch(one, other)


def _is_paged(line: CdrRecord) -> bool:
    return line.dst in (None, "s")


# --- which records belong together ----------------------------------------------------------------


class _Rooms:
    """When channels came into conferences, and which of them were paged into one."""

    def __init__(self, lines: Sequence[CdrRecord]) -> None:
        self.since: dict[str, int] = {}
        there = [line for line in lines if line.in_room]
        for line in there:
            self.since[line.owner] = min(line.start, self.since.get(line.owner, line.start))
        self.paged = Times(((line.owner, line.data), line) for line in there if _is_paged(line))


def _joined(
    lines: Sequence[CdrRecord], login_channels: _LoginChannels
) -> Iterator[list[CdrRecord]]:
    rooms = _Rooms(lines)
    above = list(range(len(lines)))

    def root(one: int) -> int:
        while above[one] != one:
            above[one] = above[above[one]]
            one = above[one]
        return one

    lasting: dict[str, int] = {}
    passing: dict[str, list[int]] = {}
    named: dict[str, list[int]] = {}
    for number, line in enumerate(lines):
        for key in _ids(line, login_channels.ids):
            own = f"{line.server} {key}"
            if born(key) is None:
                passing.setdefault(own, []).append(number)  # it may be used again
            elif (other := lasting.setdefault(own, number)) != number:
                above[root(number)] = root(other)
        for name in _channels(line, login_channels.names, rooms):
            named.setdefault(f"{line.server} {stem(name)}", []).append(number)
    for key, numbers in passing.items():
        for one, other in _touching(lines, key, numbers, _Holder.anybody):
            above[root(one)] = root(other)
    for key, numbers in named.items():
        for one, other in _touching(lines, key, numbers, _Holder.of):
            above[root(one)] = root(other)
    for one, other in _transferred(lines):
        above[root(one)] = root(other)
    groups: dict[int, list[CdrRecord]] = {}
    for number, line in enumerate(lines):
        groups.setdefault(root(number), []).append(line)
    yield from groups.values()


class _Holder(NamedTuple):
    """The ids that can show that two records mean different channels of the same name.

    Attributes
    ----------
    system : str or None
        The PBX's name in the record's ids.
    linkedid : str or None
        The record's linkedid.
    uniqueid : str or None
        The record's uniqueid, if the channel is the record's own channel.
    """

    system: str | None
    linkedid: str | None
    uniqueid: str | None

    @classmethod
    def anybody(cls, _line: CdrRecord, _name: str) -> _Holder:
        """Return a holder without ids, so that no other one can be shown to differ from it."""
        return cls(None, None, None)

    @classmethod
    def of(cls, line: CdrRecord, name: str) -> _Holder:
        """Return the ids of a record."""
        known = next((one for one in (line.uniqueid, line.linkedid) if born(one) is not None), None)
        whole = name.endswith(f" {line.owner}")  # each half of a Local channel has its own
        return cls(
            None if known is None else known.rpartition("-")[0],
            None if line.of_agent else line.linkedid,
            line.uniqueid if whole and born(line.uniqueid) is not None else None,
        )

    def differs(self, other: _Holder, *, meanwhile: bool) -> bool:
        """Tell whether the two records mean different channels.

        Linkedids are compared only if both records are of one time (`meanwhile`), because a
        transfer may change the linkedid of a channel later.
        """
        pairs = [(self.system, other.system), (self.uniqueid, other.uniqueid)]
        if meanwhile:
            pairs.append((self.linkedid, other.linkedid))
        return any(None not in pair and pair[0] != pair[1] for pair in pairs)


def _touching(
    lines: Sequence[CdrRecord],
    name: str,
    numbers: list[int],
    holder: Callable[[CdrRecord, str], _Holder],
) -> Iterator[tuple[int, int]]:
    """Yield pairs of records that have a name in common and follow each other closely."""
    if len(numbers) < 2:
        return
    there: dict[_Holder, tuple[int, int]] = {}  # when a channel was last named, and in which record
    for number in sorted(numbers, key=lambda number: (lines[number].start, lines[number].end)):
        line = lines[number]
        mine, until = holder(line, name), line.end
        for other, (end, last) in list(there.items()):
            if line.start > end + _TOUCH:
                del there[other]
            elif not mine.differs(other, meanwhile=line.start + _APART < end):
                yield last, number
                until = max(until, end) if other == mine else until
        if len(there) == _MOST and mine not in there:
            del there[next(iter(there))]
        there[mine] = until, number


def _transferred(lines: Sequence[CdrRecord]) -> Iterator[tuple[int, int]]:
    """Yield pairs of records that belong together by a transfer into a conference.

    The first record is of the consulting channel, and the second one is of the transferred channel,
    which takes the place of the consulting channel in the conference. The consulting channel gets
    the extension and the application of the transferred channel, and is connected with nobody. Its
    record then looks like the record of a Dial that was answered but reached no telephone.
    """
    swapped: dict[tuple[str, str, str | None, str | None], list[int]] = {}
    for number, line in enumerate(lines):
        if line.answered and line.dstchannel is None and line.app == "dial":
            key = line.app, line.data, line.dst, device(line.channel)
            swapped.setdefault(key, []).append(number)
    for numbers in swapped.values():
        numbers.sort(key=lambda number: lines[number].end)
    ends = {key: [lines[number].end for number in numbers] for key, numbers in swapped.items()}
    for number, line in enumerate(lines):
        if line.answered and line.dstchannel is not None:
            key = line.app, line.data, line.dst, device(line.dstchannel)
            there = ends.get(key, [])
            first = bisect_left(there, line.end - _APART)
            last = bisect_right(there, line.end + _APART)
            yield from ((other, number) for other in swapped.get(key, [])[first:last])


def _ids(line: CdrRecord, login_channels: set[str]) -> set[str]:
    """Return the ids that show a record's call; linkedids of agents' channels do not show it."""
    ids = {line.uniqueid} if line.of_agent else {line.uniqueid, line.linkedid}
    known = {one for one in ids if one is not None}
    return known if line.is_login else known - login_channels


def _channels(line: CdrRecord, login_channels: set[str], rooms: _Rooms) -> Iterator[str]:
    if has_own_name(line.owner):
        yield line.owner
    other = line.dstchannel
    if other is None or not has_own_name(other) or line.is_login or other in login_channels:
        return
    if line.in_room:
        if line.linkedid is None and rooms.paged.has((other, line.data), *_around(line)):
            yield other
    elif rooms.since.get(other, line.end) >= line.end - _APART:
        yield other
