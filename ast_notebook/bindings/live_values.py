"""Values of items that stand for something live: a lamp, a queue, a trunk."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ast_notebook.bindings.attributes import BindingAttribute, queue_and_word
from ast_notebook.clock import SystemClock
from ast_notebook.live import Live, Watch
from ast_notebook.views.words import DEVICES

EVERY = 1.0  # seconds between two looks at the longest wait

_TABLES = {
    "ast_state": ("devices",),
    "ast_trunk": ("registrations",),
    "waiting": ("queues", "callers"),
    "longest": ("queues", "callers"),
    "agents": ("queues", "members"),
}


def watch_value(
    live: Live, clock: SystemClock, attribute: BindingAttribute, changed: Callable[[Any], None]
) -> Watch:
    """Watch the value of an attribute ``ast_state``, ``ast_queue`` or ``ast_trunk``.

    Waits are counted up to the present time of the clock, and grow with it.
    """
    target, kind = attribute.target, str(attribute.kind)
    if kind == "ast_queue":
        target, kind = queue_and_word(target)
    if kind == "longest":
        return _Ticking(live, clock, target, changed)
    compute = _COMPUTED[kind]
    return live.values.watch(target, _TABLES[kind], lambda: compute(live, target), changed)


class _Ticking(Watch):
    """A watch on the longest wait of a queue, which grows without any event."""

    def __init__(
        self, live: Live, clock: SystemClock, queue: str, changed: Callable[[Any], None]
    ) -> None:
        self._live, self._clock = live, clock
        self._queue = queue
        self._stop: Callable[[], None] | None = None
        super().__init__(queue, changed, lambda _: None)
        self._watch = live.values.watch(queue, _TABLES["longest"], self._longest, self.see)

    def close(self) -> None:
        """End the watch."""
        super().close()
        self._watch.close()
        if self._stop is not None:
            self._stop()

    def _longest(self) -> int | None:
        self._plan()
        self.is_unsure = (found := _longest(self._live, self._queue, self._clock.time())) is None
        return found

    def _plan(self) -> None:
        """Look again after a while, as long as anybody waits."""
        if self._stop is None and not self._closed and _callers(self._live, self._queue):
            self._stop = self._clock.call(EVERY, self._tick)

    def _tick(self) -> None:
        self._stop = None
        self._plan()  # nothing is computed while lists are coming in
        self._live.values.look(every=True)


def _state(live: Live, device: str) -> str | None:
    """Return a device's state in words; None if there is no such device."""
    rows = live.tables["devices"].rows().values()
    states = [
        str(row["state"]) for row in rows if device in (row["device"], _name(str(row["device"])))
    ]
    known = [state for state in states if state != "UNKNOWN"] or states
    return DEVICES.get(known[0], known[0].lower()) if known else None


def _trunk(live: Live, trunk: str) -> bool | None:
    """Tell whether the PBX is registered with a trunk; None if there is no such registration."""
    rows = live.tables["registrations"].rows().values()
    states = [
        str(row["state"]).lower()
        for row in rows
        if trunk.casefold() in _names(str(row["trunk"]), str(row["server"]))
    ]
    return None if not states else all(state.startswith("registered") for state in states)


def _names(account: str, server: str) -> set[str]:
    """Return the names that may stand for a registration: the account, its user, the server."""
    found = set()
    for text in (account.casefold(), server.casefold()):
        rest = text.removeprefix("sip:")
        user, _, host = rest.rpartition("@")
        found |= {text, rest, user, host, host.partition(":")[0]}
    return found - {""}


def _waiting(live: Live, queue: str) -> int | None:
    """Return how many callers wait; None if there is no such queue."""
    return None if queue not in live.tables["queues"] else len(_callers(live, queue))


def _longest(live: Live, queue: str, now: float) -> int | None:
    """Return the seconds that the first caller has waited; 0 without callers."""
    if queue not in live.tables["queues"]:
        return None
    since = [row["since"] for row in _callers(live, queue)]
    known = [one for one in since if one is not None]
    if len(known) < len(since):
        return None
    return int(max(0.0, now - min(known))) if known else 0


def _agents(live: Live, queue: str) -> int | None:
    """Return how many agents could take a call now; None if there is no such queue."""
    if queue not in live.tables["queues"]:
        return None
    members = live.tables["members"].rows().values()
    return len([row for row in members if row["queue"] == queue and _is_free(row)])


def _is_free(member: dict[str, Any]) -> bool:
    return member["state"] == "NOT_INUSE" and not member["paused"] and not member["in_call"]


def _callers(live: Live, queue: str) -> list[dict[str, Any]]:
    return [row for row in live.tables["callers"].rows().values() if row["queue"] == queue]


def _name(device: str) -> str:
    return device.partition("/")[2]


_COMPUTED: dict[str, Callable[[Live, str], Any]] = {
    "ast_state": _state,
    "ast_trunk": _trunk,
    "waiting": _waiting,
    "agents": _agents,
}
