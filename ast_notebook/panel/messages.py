"""The types of the messages between the kernel and the page, and of the rows in them."""

# `python -m tests.support.page_types` writes the same types for the page, to js/messages.d.ts.

from __future__ import annotations

from typing import Literal, NotRequired, TypedDict

Scalar = str | bool | int | float
Fields = dict[str, Scalar | None]  # the changed fields of a row


class OfPbx(TypedDict):
    """In a panel of several PBXs, each row names its PBX."""

    pbx: NotRequired[str]


class PbxRow(TypedDict):
    """A row of the PBXs, in a panel of several."""

    pbx: str
    state: Literal["connected", "lost", "closed"]
    stale: bool
    address: str
    version: str
    since: float | None
    lost_since: float | None
    next_try: float | None
    error: str
    rate: float
    calls: int
    channels: int


class ChannelRow(OfPbx):
    """A row of the channels that are up; in a panel of several PBXs, `call` names its whole call.

    If the call is on another PBX, too, `joined` says so, and says how sure that is.
    """

    call: NotRequired[str]
    joined: NotRequired[Literal["", "surely", "probably"]]
    channel: str
    uniqueid: str
    linkedid: str
    device: str
    state: str
    caller: str
    caller_name: str
    connected: str
    connected_name: str
    context: str
    exten: str
    application: str
    bridge: str
    since: float | None
    held: bool
    recorded: bool
    bad: str


class DeviceRow(OfPbx):
    """A row of the devices."""

    device: str
    state: str
    name: str
    extension: str
    context: str
    reachable: str
    rtt_ms: float | None
    since: float | None


class RegistrationRow(OfPbx):
    """A row of the trunks."""

    trunk: str
    server: str
    state: str
    since: float | None


class MailboxRow(OfPbx):
    """A row of the mailboxes."""

    mailbox: str
    name: str
    new: int | None
    old: int | None
    time: float | None


class QueueRow(OfPbx):
    """A row of the queues."""

    queue: str
    strategy: str
    calls: int | None
    completed: int | None
    abandoned: int | None
    holdtime: int | None
    talktime: int | None
    servicelevel: int | None


class MemberRow(OfPbx):
    """A row of the queues' agents."""

    queue: str
    interface: str
    agent: str
    name: str
    state_interface: str
    state: str
    paused: bool
    reason: str
    penalty: int | None
    calls_taken: int | None
    last_call: float | None
    in_call: bool


class AbsentRow(OfPbx):
    """A row of the agents that left a queue."""

    queue: str
    interface: str
    agent: str
    name: str
    state_interface: str
    penalty: int | None
    since: float | None


class CallerRow(OfPbx):
    """A row of the callers that wait in queues."""

    queue: str
    position: int | None
    channel: str
    uniqueid: str
    caller: str
    caller_name: str
    since: float | None


class ConferenceRow(OfPbx):
    """A row of the conferences."""

    conference: str
    parties: int | None
    locked: bool
    muted: bool
    since: float | None


class ParticipantRow(OfPbx):
    """A row of the participants of conferences."""

    conference: str
    channel: str
    uniqueid: str
    caller: str
    caller_name: str
    admin: bool
    muted: bool
    talking: bool
    since: float | None


class ParkedRow(OfPbx):
    """A row of the parked calls."""

    space: str
    lot: str
    channel: str
    uniqueid: str
    caller: str
    caller_name: str
    parker: str
    since: float | None
    timeout: float | None


class UnreturnedRow(OfPbx):
    """A row of the callers who wait for a call.

    `dial` is what to dial to call him back: digits, maybe after a ``+``; empty if nobody should.
    `caution` is why that may be dear, in words; `note` is what is known beyond the missed calls.
    """

    caller: str
    caller_name: str
    queue: str
    tries: int
    first: float | None
    last: float | None
    note: str
    dial: str
    caution: str


class LiveRows(TypedDict):
    """The tables of `Live`, and two more: `unreturned`, and `pbxs` in a panel of several PBXs."""

    pbxs: NotRequired[dict[str, PbxRow]]
    unreturned: dict[str, UnreturnedRow]

    channels: dict[str, ChannelRow]
    devices: dict[str, DeviceRow]
    registrations: dict[str, RegistrationRow]
    mailboxes: dict[str, MailboxRow]
    queues: dict[str, QueueRow]
    members: dict[str, MemberRow]
    absent: dict[str, AbsentRow]
    callers: dict[str, CallerRow]
    conferences: dict[str, ConferenceRow]
    participants: dict[str, ParticipantRow]
    parked: dict[str, ParkedRow]


class ItemRow(OfPbx):
    """A row of the items that hold a value."""

    path: str
    name: str
    type: str
    value: str | bool
    changed: float
    by: str
    stale: bool
    dev: str
    box: str
    db: str
    read: float | None
    can: Literal["", "switch", "edit"]


class EventRow(OfPbx):
    """An event, with its number."""

    n: int
    time: float
    name: str
    headers: dict[str, str]


class ConnectionRow(TypedDict):
    """The state of the connection, and counts.

    For a PBX that never was connected, there are only the state and the name.
    """

    state: Literal["connected", "lost", "closed"]
    name: str
    stale: NotRequired[bool]
    address: NotRequired[str]
    since: NotRequired[float | None]
    lost_since: NotRequired[float | None]
    next_try: NotRequired[float | None]
    error: NotRequired[str]
    rate: NotRequired[float]
    kept: NotRequired[int]
    dropped: NotRequired[int]
    calls: NotRequired[int]
    waiting: NotRequired[int]
    failed: NotRequired[int]
    version: NotRequired[str]
    up_date: NotRequired[str]
    up_time: NotRequired[str]


class ReplayPresent(TypedDict):
    """The present of a replay, in seconds since 1970, and its speed.

    The speed is 0 while the replay stands still, and missing while it plays as fast as it can.
    """

    at: float
    speed: float | None


class ReplayRow(ReplayPresent):
    """A replay: its present, where its record begins and ends, and where nothing is recorded."""

    since: float
    until: float
    gaps: list[tuple[float, float]]


class OfReplay(TypedDict):
    """The state of a panel of a replay has this row as well."""

    replay: NotRequired[ReplayRow]


class PanelState(OfReplay):
    """The full state that a panel shows, at one moment."""

    taken: float
    tables: LiveRows
    silent: dict[str, str]
    items: dict[str, ItemRow]
    connection: ConnectionRow
    events: list[EventRow]
    concurrency: list[tuple[int, int]]


class Picture(PanelState):
    """A state, and the actions that a page may do; it also serves a page without a kernel.

    `now` is the time by the kernel's clock, also in a replay, whose present is in `replay`. In a
    panel of several PBXs, `may` has the PBX's name before each action: ``berlin/hangup``.
    """

    t: Literal["snapshot"]
    seq: int
    now: float
    may: list[str]
    readonly: bool
    wall: bool
    several: bool


class Snapshot(Picture):
    """A picture for some pages, by name: ``*`` means all, ``?`` those that have no snapshot yet."""

    to: list[str]


class Delta(TypedDict):
    """The changes since the message before it; without changes, it is a sign of life."""

    t: Literal["delta"]
    seq: int
    now: float
    set: NotRequired[dict[str, dict[str, Fields]]]
    gone: NotRequired[dict[str, list[str]]]
    silent: NotRequired[dict[str, str]]
    items: NotRequired[dict[str, ItemRow]]
    items_gone: NotRequired[list[str]]
    connection: NotRequired[Fields]
    replay: NotRequired[ReplayPresent]
    events: NotRequired[list[EventRow]]
    dropped_events: NotRequired[int]
    concurrency: NotRequired[list[tuple[int, int]]]


class Done(TypedDict):
    """The result of a click on a button."""

    t: Literal["done"]
    id: str | int | None
    ok: bool
    text: str


class Still(TypedDict):
    """The notebook's picture beside the panel has changed: `html` is the new one, with its mark."""

    t: Literal["still"]
    html: str


class Closed(TypedDict):
    """The panel is closed: no more messages follow."""

    t: Literal["closed"]


class Hello(TypedDict):
    """A page has become visible and wants a snapshot."""

    t: Literal["hello"]
    view: str


class Visible(TypedDict):
    """A page is still visible, or not any more."""

    t: Literal["visible"]
    view: str
    on: bool


class Do(TypedDict):
    """A button was clicked at the moment `at`, in milliseconds by the kernel's clock."""

    t: Literal["do"]
    view: str
    id: str
    what: str
    args: dict[str, Scalar]
    at: float


FromKernel = Snapshot | Delta | Done | Still | Closed
FromPage = Hello | Visible | Do
