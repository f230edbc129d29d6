"""The status of each PBX and each binding, at one moment."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime

import pandas as pd

from ast_notebook.ami import Pending
from ast_notebook.asterisk import Asterisk
from ast_notebook.errors import AstError
from ast_notebook.home import SmartHome
from ast_notebook.live import MOST
from ast_notebook.recording.archive import CLOSED
from ast_notebook.show import columns, table
from ast_notebook.zone import people_zone

QUESTIONS = ("CoreSettings", "CoreStatus")
TIMEOUT = 2.0  # seconds that the PBXs may take to answer
MB = 1024 * 1024
RECENT = 1000  # events by which the rate is counted
RECENT_SECONDS = 60.0

#: Counters of a session that only count when something goes wrong.
ODD = {
    "unrecorded": "not recorded, see the log",
    "garbled": "garbled on the way, see the log",
    "repeated": "came twice and count once",
    "torn": "cut off in the middle",
    "unmatched": "answers to nothing that was asked",
    "endless": "outputs of commands without an end",
    "unclaimed": "parts of answers that came too late",
    "untranslated": "not understood, see the log",
    "failed": "failed to be handled, see the log",
}

NOT_CONNECTED = (
    "No PBX is connected: %ast connect USER@HOST:PORT, or %ast demo to try things on a small one"
)


@dataclasses.dataclass(frozen=True)
class PbxStatus:
    """The status of one PBX and of the session with it.

    Attributes
    ----------
    name, address, state : str
        The PBX's attribute of `sh`, its address, and its state: ``connected``, ``lost`` or
        ``closed``.
    asterisk, manager, up_since : str
        Asterisk's version, the version of its manager interface, and when it started by its own
        clock; empty if the login may not ask.
    since : datetime
        When the session logged in, or was lost.
    calls, channels : int
        How many are up now; if there are more than 20,000 channels, only those that are kept count.
    read, kept, dropped : int
        How many events were read, are in the record, and were dropped for lack of budget.
    memory, budget : int
        How many bytes the record takes, and may take.
    rate : float
        Recent events per second.
    backlog, undispatched : int
        How many events wait to be dispatched, and were dropped because too many waited.
    reconnects : int
        How often the connection came back.
    last_error : str
        Why the connection is lost.
    next_try : datetime or None
        When the next try will be.
    odd : mapping
        How many messages were damaged, or not handled properly; see `ODD`.
    archive : str
        The state of the archive; empty if there is none.
    corrections : mapping
        How many rows of each table were corrected by Asterisk's own lists.
    unheard : mapping
        The tables that the login's permissions leave out, by the reason.
    """

    name: str
    address: str
    state: str
    asterisk: str
    manager: str
    up_since: str
    since: datetime | None
    calls: int
    channels: int
    read: int
    kept: int
    dropped: int
    memory: int
    budget: int
    rate: float
    backlog: int
    undispatched: int
    reconnects: int
    last_error: str
    next_try: datetime | None
    odd: dict[str, int]
    archive: str
    corrections: dict[str, int]
    unheard: dict[str, list[str]]

    @classmethod
    def of(cls, pbx: Asterisk, asked: Sequence[Pending]) -> PbxStatus:
        """Return the status of a PBX, with its answers to the questions."""
        session, record = pbx.session, pbx.record
        connected = session.connected()
        state = "closed" if session.closed else "connected" if connected else "lost"
        asterisk, up_since = _versions(asked)
        unheard: dict[str, list[str]] = defaultdict(list)
        for what, why in pbx.live.unheard.items():
            unheard[why].append(what)
        if session.unknown:
            unheard[session.unknown].append("old Asterisk")
        return cls(
            name=pbx.name,
            address=f"{session.settings.username}@{session.settings.address}",
            state=state,
            asterisk=asterisk,
            manager=f"{session.title} {session.version}",
            up_since=up_since,
            since=_moment(session.connected_since if connected else session.lost_since),
            calls=pbx.live.calls,
            channels=len(pbx.live.tables["channels"]),
            read=session.events_read,
            kept=len(record),
            dropped=record.dropped,
            memory=record.nbytes,
            budget=record.budget,
            rate=_rate(pbx),
            backlog=session.backlog,
            undispatched=session.counts["undispatched"],
            reconnects=session.counts["reconnects"],
            last_error=session.last_error,
            next_try=_moment(session.next_try),
            odd={name: session.counts[name] for name in ODD if session.counts[name]},
            archive=_archive(pbx),
            corrections=pbx.live.corrections,
            unheard=dict(unheard),
        )

    def lines(self) -> list[tuple[str, str]]:
        """Return the status for people: names and texts."""
        lines = [("address", self.address), ("state", self._state())]
        if self.asterisk:
            up = f", up since {self.up_since} by its clock" if self.up_since else ""
            lines.append(("Asterisk", f"{self.asterisk}{up}"))
        late = f"{self.backlog:,} waiting"
        if self.undispatched:
            late += (
                f", {self.undispatched:,} that items, logics and callbacks missed: too many waited"
            )
        kept = f"{self.kept:,} kept, {self.dropped:,} dropped"
        least = "at least " if self.channels >= MOST else ""
        lines += [
            ("manager", self.manager),
            ("now", f"calls: {least}{self.calls:,}, channels: {least}{self.channels:,}"),
            ("events", f"{self.read:,} read, {self.rate:,.1f} a second, {late}"),
            ("record", f"{kept}, {self.memory / MB:,.1f} of {self.budget / MB:,.0f} MB"),
            ("reconnects", f"{self.reconnects:,}"),
        ]
        if self.archive:
            lines.append(("on disk", self.archive))
        if self.odd:
            odd = "; ".join(f"{count:,} {ODD[name]}" for name, count in self.odd.items())
            lines.append(("odd", odd))
        if self.corrections:
            rows = ", ".join(f"{name}: {count:,}" for name, count in self.corrections.items())
            lines.append(("corrected", f"{rows} (rows that Asterisk's lists have otherwise)"))
        lines += [(", ".join(what), f"not known: {why}") for why, what in self.unheard.items()]
        return lines

    def _state(self) -> str:
        since = f" since {self.since:%Y-%m-%d %H:%M:%S}" if self.since else ""
        if self.state == "connected":
            return f"connected{since}"
        if self.state == "closed":
            why = self.last_error or "its session was closed"
            return f"CLOSED: {why}; connect again by %ast connect"
        again = f"next try at {self.next_try:%H:%M:%S}" if self.next_try else "it is made anew now"
        return f"LOST{since}: {self.last_error}; {again}"


class Status:
    """The status at the moment of the question.

    Attributes
    ----------
    pbxs : tuple of PbxStatus
    bindings : pandas.DataFrame
        A row for each binding, as in `SmartHome.bindings`.
    """

    def __init__(self, sh: SmartHome) -> None:
        # All PBXs are asked before the first answer is awaited: many take no longer than one.
        asked = [(pbx, _ask(pbx)) for pbx in sh.pbxs.values()]
        self.pbxs = tuple(PbxStatus.of(pbx, questions) for pbx, questions in asked)
        self.bindings = sh.bindings()

    @property
    def frame(self) -> pd.DataFrame:
        """A frame with a row for each PBX."""
        names = [field.name for field in dataclasses.fields(PbxStatus)]
        rows = [{name: getattr(one, name) for name in names} for one in self.pbxs]
        return pd.DataFrame(rows, columns=names).set_index("name")

    def __repr__(self) -> str:
        parts = [f"{one.name}\n{columns(one.lines(), '  ')}" for one in self.pbxs]
        if not self.bindings.empty:
            parts.append(f"bound\n{columns([_HEAD, *self._rows()], '  ')}")
        return "\n".join(parts) if self.pbxs else "\n".join([NOT_CONNECTED, *parts])

    def _repr_html_(self) -> str:
        parts = [table((), one.lines(), title=one.name) for one in self.pbxs]
        if not self.pbxs:
            parts.append(f"<p>{NOT_CONNECTED}</p>")
        if not self.bindings.empty:
            parts.append(table(_HEAD, self._rows(), title="bound"))
        return "".join(parts)

    def _rows(self) -> list[list[object]]:
        shown = self.bindings.assign(running=self.bindings["running_since"].map(_clock))
        return shown[list(_HEAD)].astype(object).to_numpy().tolist()


_HEAD = ("name", "kind", "waiting", "done", "failed", "dropped", "running", "last_error")


def _clock(since: pd.Timestamp | None) -> str:
    """Return a text that says since when a call runs."""
    return (
        ""
        if pd.isna(since)
        else f"since {since.to_pydatetime().astimezone(people_zone()):%H:%M:%S}"
    )


def _ask(pbx: Asterisk) -> list[Pending]:
    """Ask for Asterisk's version and start time; empty while the connection is lost."""
    try:
        return [pbx.session.ask({"Action": name}, timeout=TIMEOUT) for name in QUESTIONS]
    except AstError:
        return []


def _versions(asked: Sequence[Pending]) -> tuple[str, str]:
    """Return Asterisk's version and start time; empty if there is no answer."""
    try:
        settings, status = (one.wait().response for one in asked)
    except (AstError, ValueError):
        return "", ""
    up_since = [status.get_header(key) or "" for key in ("CoreStartupDate", "CoreStartupTime")]
    return settings.get_header("AsteriskVersion") or "", " ".join(up_since).strip()


def _archive(pbx: Asterisk) -> str:
    """Return a text about the archive."""
    kept = pbx.record.archive
    if kept is None:
        return ""
    counts = f"{kept.written:,} written, {kept.waiting:,} waiting, {kept.lost:,} lost"
    said = [f"{kept.place}: {counts}", kept.error, CLOSED if kept.is_closed else ""]
    return "; ".join(filter(None, said))


def _rate(pbx: Asterisk) -> float:
    """Return the rate of the newest events; this takes equally long however many are kept."""
    now = pbx.session.clock.time()
    recent = [one for one in pbx.record.moments(RECENT) if one / 1e6 > now - RECENT_SECONDS]
    if len(recent) < RECENT:
        return len(recent) / RECENT_SECONDS
    return len(recent) / max(0.001, now - recent[0] / 1e6)


def _moment(seconds: float | None) -> datetime | None:
    return (
        None if seconds is None else datetime.fromtimestamp(seconds, UTC).astimezone(people_zone())
    )
