"""A session, its record on disk and its live state, set up for a fault and asked afterwards."""

from __future__ import annotations

import contextlib
import dataclasses
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

import ast_notebook
from ast_notebook.ami import Event, Secret, Session, Settings
from ast_notebook.magics.status import Status
from ast_notebook.recording import Archive, read
from tests.asterisk.faults.proxy import Proxy
from tests.lab.asterisk import Asterisk
from tests.support.asterisk_lists import differences
from tests.support.waiting import eventually

#: Seconds in which whatever was broken is whole again, on a machine that is busy.
PATIENCE = 60.0

GAPS = ("SessionLost", "SessionRestored")


class Situation:
    """A PBX with a proxy before it, somebody who says numbers there, and who should hear them.

    Attributes
    ----------
    pbx : Asterisk
        The PBX.
    proxy : Proxy
        What the session goes through. Whoever says the numbers does not.
    sh : SmartHome
        Whose ``ast`` is connected, and recorded to `archive`.
    heard : list of int
        The numbers that a callback for ``*`` was called with, in order.
    said : list of int
        The numbers that the PBX was made to say.
    """

    def __init__(self, pbx: Asterisk, proxy: Proxy, folder: Path, **settings: Any) -> None:
        self.pbx = pbx
        self.proxy = proxy
        self.folder = folder
        self.said: list[int] = []
        self.heard: list[int] = []
        self._control: Session | None = None
        given: dict[str, Any] = {"username": pbx.panel, "password": pbx.password, "timeout": 15.0}
        self.sh = ast_notebook.connect("127.0.0.1", proxy.port, **(given | settings))
        self.archive: Archive = self.sh.ast.record.to(folder)
        self.sh.ast.on("*")(self.hear)

    def hear(self, event: Event) -> None:
        """Take note of a number."""
        if event.name == "UserEvent" and event["UserEvent"] == "Numbered":
            self.heard.append(int(event["Number"]))

    @property
    def session(self) -> Session:
        """The session that faults befall."""
        return self.sh.ast.session

    def control(self, action: str, **fields: Any) -> None:
        """Ask the PBX for something past the proxy."""
        if self._control is None or not self._control.connected():
            self.hang_up_control()
            settings = Settings(
                port=self.pbx.port,
                username="control",
                password=Secret(self.pbx.password),
                events="off",
            )
            self._control = Session(settings, name="control").connect()
        self._control.request({"Action": action, **fields})

    def hang_up_control(self) -> None:
        """End the connection that goes past the proxy."""
        if self._control is not None:
            self._control.close()
            self._control = None

    def say(self, count: int = 20) -> list[int]:
        """Have the PBX say the next numbers, and return them; it has said them by then."""
        first = len(self.said)
        numbers = list(range(first, first + count))
        for number in numbers:
            self.control("UserEvent", UserEvent="Numbered", Number=str(number))
        self.said += numbers
        return numbers

    def flood(self, count: int) -> None:
        """Have the PBX's dialplan say so many numbers, as fast as it can."""
        self.control(
            "Originate",
            Channel=f"Local/{count}@flood/n",
            Application="Wait",
            Data="1",
            Async="true",
        )

    def call(self) -> None:
        """Put a call up that stays."""
        self.control(
            "Originate",
            Channel="Local/600@phones/n",
            Application="Wait",
            Data="600",
            Async="true",
        )
        eventually(self.pbx.channels, PATIENCE)

    def end_calls(self) -> None:
        """End every call."""
        self.pbx.cli("channel request hangup all")
        eventually(lambda: not self.pbx.channels(), PATIENCE)

    def cut(self, *, rudely: bool = False) -> None:
        """Cut the connection, and wait until the session knows: what is said until then is lost."""
        before = len(self.gaps())
        self.proxy.cut(rudely=rudely)
        eventually(lambda: len(self.gaps()) > before, PATIENCE)

    def become_patient(self) -> None:
        """Have the next connection not be given up because this machine is busy."""
        self.session.settings = dataclasses.replace(
            self.session.settings, timeout=30.0, keepalive=60.0
        )

    def restart(self) -> None:
        """Have the PBX restart itself, up to where it would begin anew.

        Asterisk starts itself without the loader that the lab starts it by, and ends.
        """
        self.hang_up_control()
        self.pbx.cli("core restart now")
        eventually(lambda: not self.pbx.pid, PATIENCE)

    # --- what is seen --------------------------------------------------------------------------

    def status(self) -> Status:
        """What `%ast status` gives."""
        return Status(self.sh)

    def state(self) -> str:
        """What `%ast status` says of the connection."""
        return self.line("state")

    def line(self, name: str) -> str:
        """One line of what `%ast status` says; empty if it has no such."""
        for pbx in self.status().pbxs:
            for key, text in pbx.lines():
                if key == name:
                    return text
        return ""

    def is_lost(self) -> bool:
        """Whether the session knows that its connection is gone."""
        return not self.session.connected()

    def recorded(self, kind: str = "Numbered") -> list[int]:
        """The numbers in the record."""
        return numbers(self.sh.ast.record.frame(events=["UserEvent"]), kind)

    def on_disk(self) -> list[int]:
        """The numbers in the archive."""
        return numbers(read(self.folder))

    def pairs(self) -> int:
        """How often the connection was lost and restored; it is restored now."""
        told = list(self.gaps()["event"])
        assert told == list(GAPS) * (len(told) // 2)
        return len(told) // 2

    def gaps(self) -> pd.DataFrame:
        """The rows of lost and restored connections in the record."""
        return self.sh.ast.record.frame(events=GAPS)

    # --- what must hold ------------------------------------------------------------------------

    def whole(self) -> None:
        """Wait until the session is connected and knows how things stand."""
        eventually(lambda: self.session.connected() and self.sh.ast.live.primed.is_set(), PATIENCE)

    def hears_again(self) -> list[int]:
        """Wait until all is whole, and make sure that what is said now is heard and recorded."""
        self.whole()
        new = self.say()
        eventually(lambda: set(new) <= set(self.recorded()), PATIENCE)
        eventually(lambda: set(new) <= set(self.heard), PATIENCE)
        return new

    def keeps(self, *expected: list[int]) -> None:
        """Make sure that these numbers, and none twice, are in the record and on disk, in order."""
        wanted = {number for some in expected for number in some}
        with contextlib.suppress(AssertionError):
            eventually(lambda: wanted <= set(self.recorded()))
        found = self.recorded()
        assert sorted(wanted - set(found)) == [], "not recorded"
        assert found == sorted(set(found)), "recorded twice, or in another order"
        eventually(lambda: self.heard == found)
        eventually(lambda: self.archive.flush(1), PATIENCE)
        assert self.on_disk() == found
        assert self.archive.lost == 0

    def is_as_the_pbx_is(self) -> None:
        """Make sure that the live state is what Asterisk itself lists."""
        eventually(self._rests, PATIENCE)
        assert differences(self.sh, self.pbx, seconds=PATIENCE) == []

    def _rests(self) -> bool:
        return not self.session.backlog


@contextlib.contextmanager
def situation(
    pbx: Asterisk, folder: Path, *, leaves: int = 0, **settings: Any
) -> Iterator[Situation]:
    """Set one up, and make sure that no thread of it is left over but so many, and no socket."""
    before = open_sockets()
    threads = set(threading.enumerate())
    with Proxy(pbx.port) as proxy:
        one = Situation(pbx, proxy, folder, **settings)
        try:
            one.whole()
            yield one
        finally:
            proxy.heal()
            one.hang_up_control()
            one.sh.close()

    def left() -> list[str]:
        more = [one.name for one in threading.enumerate() if one not in threads]
        return [*more, *(open_sockets() - before)]

    with contextlib.suppress(AssertionError):
        eventually(lambda: len(left()) == leaves, PATIENCE)
    assert len(left()) == leaves, left()


def open_sockets() -> set[str]:
    """The sockets that this process has."""
    found = set()
    for link in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):
            found.add(str(link.readlink()))
    return {one for one in found if one.startswith("socket:")}


def numbers(events: pd.DataFrame, kind: str = "Numbered") -> list[int]:
    """The numbers that were said, in the order of the rows."""
    if "userevent" not in events or "number" not in events:
        return []
    return [int(one) for one in events[events["userevent"] == kind]["number"]]


def gaps(events: pd.DataFrame) -> pd.DataFrame:
    """The rows that tell of a lost or restored connection."""
    return events[events["event"].isin(GAPS)]
