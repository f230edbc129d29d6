"""Where scenarios are played: an Asterisk of the lab, telephones in hand, and a record of it."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import ast_notebook
from tests.lab.asterisk import Asterisk
from tests.lab.configuration import DEVICES
from tests.lab.ports import free_port
from tests.scenarios.softphone import PATIENCE, Leg, Softphone, SoftphoneError
from tests.scenarios.truth import SAME, Call

CONF = Path(__file__).parent / "conf"
PARKING_SECONDS = 3
#: Somebody's number in the public network.
OUTSIDE = "0301234567"
#: Telephones that the sample does not have: two without ``callerid=``, and the trunk.
MORE_DEVICES = ("71", "72", "trunk")


class Stage:
    """A running Asterisk with everything that a scenario needs.

    Parameters
    ----------
    version : int
        16 or 22.
    username : str
        The manager's login that records: ``panel`` hears everything, ``admin`` what the old plugin
        asks for.
    """

    def __init__(self, version: int, username: str = "panel") -> None:
        self.version = version
        self.pbx = Asterisk(
            version,
            settings={
                ("res_parking.conf", "default", "parkingtime"): str(PARKING_SECONDS),
                ("voicemail.conf", "general", "minsecs"): "0",
                ("cel.conf", "general", "dateformat"): "%s.%6q",
                ("cel.conf", "general", "apps"): "all",  # logs no application at all
            },
        )
        self.tech = self.pbx.tech
        self._ports = {device: self.pbx.telephone(device).port for device in DEVICES}
        self._ports |= {device: free_port(socket.SOCK_DGRAM) for device in MORE_DEVICES}
        self._configure()
        self._username = username
        self.phones: dict[str, Softphone] = {}

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as undo:  # what is there is closed if a later step raises
            undo.callback(self.pbx.close)
            self.pbx.start()
            for device, port in self._ports.items():
                phone = self.phones[device] = Softphone(device, port, self.pbx.sip_port)
                undo.callback(phone.close)
            self.phones["trunk"].user = OUTSIDE
            self.sh = ast_notebook.connect(
                self.pbx.host, self.pbx.port, username=self._username, password=self.pbx.password
            )
            undo.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for phone in self.phones.values():
            phone.close()
        self.sh.close()
        self.pbx.close()

    def _configure(self) -> None:
        """Add what the sample does not have: more numbers, queues, telephones, agents."""
        etc = self.pbx.directories.etc
        other = "pjsip.conf" if self.tech == "SIP" else "sip.conf"
        for path in CONF.iterdir():
            if path.name == other:
                continue
            more = path.read_text().replace("TECH/", f"{self.tech}/")
            more = more.replace("TRUNK,", f"{self.outside('${EXTEN:1}')},")
            for device in MORE_DEVICES:
                more = more.replace(f"PORT{device}", str(self._ports[device]))
            with (etc / path.name).open("a") as conf:
                conf.write("\n" + more)

    def outside(self, number: str) -> str:
        """What is dialled to reach a number in the public network."""
        return f"SIP/trunk/{number}" if self.tech == "SIP" else f"PJSIP/{number}@trunk"

    # --- what scripts do -----------------------------------------------------------------------

    def calls(self, device: str, number: str) -> Leg:
        """Let a telephone dial a number."""
        return self.phones[device].calls(number)

    def rings(self, device: str) -> Leg:
        """Wait until a telephone rings."""
        return self.phones[device].rings()

    def pause(self, seconds: float) -> float:
        """Let time go by, and return how much of it did."""
        begun = time.monotonic()
        time.sleep(seconds)
        return time.monotonic() - begun

    def now(self) -> float:
        """Seconds on the script's own clock."""
        return time.monotonic()

    def until(self, leg: Leg, state: str) -> float:
        """Wait for a telephone, and return how long that took."""
        begun = time.monotonic()
        leg.wait(state)
        return time.monotonic() - begun

    def by_version(self, sixteen: int, twenty_two: int) -> int:
        """What Asterisk 16 says, and what 22 does."""
        return sixteen if self.version == 16 else twenty_two

    def named(self, call: Call) -> Call:
        """Return a call with its telephones as this Asterisk calls them."""
        devices: dict[str, Any] = {
            side: self._device(getattr(call, number) if device == SAME else device)
            for side, number, device in (
                ("caller_device", "caller", call.caller_device),
                ("answered_device", "answered_by", call.answered_device),
            )
        }
        return replace(call, **devices)

    def _device(self, name: str | None) -> str | None:
        if name is None:
            return None
        return f"{self.tech}/{name if name in self._ports else 'trunk'}"

    def action(self, name: str, **fields: Any) -> None:
        """Ask the manager for something."""
        self.sh.ast.action(name, **fields)

    def channel(self, device: str, number: int = 0) -> str:
        """The name of a device's channel; of its oldest first."""
        for _ in range(40):
            names = self._channels(device)
            if len(names) > number:
                return sorted(names, key=lambda name: name.rpartition("-")[2])[number]
            time.sleep(0.05)
        raise SoftphoneError(f"{device} has no channel")

    def hears_refusal(self, device: str) -> None:
        """Wait until Asterisk knows that a device refused, and let the caller hear it a moment."""
        self.wait_until(lambda: not self._channels(device), f"{device}'s refusal")
        self.pause(0.4)

    def _channels(self, device: str) -> list[str]:
        begin = f"{self.tech}/{device}"
        return [name for name in self.pbx.channels() if name.rpartition("-")[0] == begin]

    def wait_until(self, reached: Callable[[], bool], what: str) -> None:
        """Wait for something.

        Raises
        ------
        SoftphoneError
            When it does not come in time.
        """
        deadline = time.monotonic() + PATIENCE
        while not reached():
            if time.monotonic() > deadline:
                raise SoftphoneError(f"{what} did not happen")
            time.sleep(0.1)

    def settle(self) -> None:
        """Wait until nobody talks any more, and everything about it was told.

        Raises
        ------
        SoftphoneError
            When somebody does not stop.
        """
        # Not asked of the manager: the answers would stand among the events recorded.
        self.wait_until(lambda: not self.pbx.channels(), "silence")
        self._forget()
        time.sleep(0.4)

    def clear(self) -> None:
        """Hang up whatever a scenario has left."""
        self.pbx.cli("channel request hangup all")
        with contextlib.suppress(SoftphoneError):
            self.wait_until(lambda: not self.pbx.channels(), "silence")
        for phone in self.phones.values():
            phone.answers_at_once, phone.refuses_at_once = False, 0
        self._forget()
        time.sleep(1.0)

    def _forget(self) -> None:
        for phone in self.phones.values():
            while not phone.incoming.empty():
                phone.incoming.get()
