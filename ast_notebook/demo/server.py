"""The whole demo PBX in one event loop: exchange, manager, and the calls that go on."""

from __future__ import annotations

import asyncio
import dataclasses
import ipaddress
from collections.abc import Callable
from pathlib import Path

from ast_notebook.demo.configuration import SAMPLES, Configuration
from ast_notebook.demo.life import Life
from ast_notebook.demo.manager import Manager
from ast_notebook.demo.pbx import Pbx
from ast_notebook.demo.profile import profile_of
from ast_notebook.demo.stress import Stress
from ast_notebook.errors import ConfError


@dataclasses.dataclass(frozen=True, kw_only=True)
class Plan:
    """The options of a demo PBX.

    Parameters
    ----------
    tech : str
        ``PJSIP`` for an Asterisk 22, ``SIP`` for an Asterisk 16.
    host, port : str, int
        Where its manager listens; the address must be local. Port 0 takes a free one.
    calls : bool
        Whether calls go on by themselves.
    channels, changes : int, float
        How many further channels are up, and how often per second one of them changes.
    seed : int, optional
        The seed of the random numbers.
    folder : Path
        The configuration.
    secret : str, optional
        The password of every login; by default that of ``manager.conf``.

    Raises
    ------
    ConfError
        If other machines could reach that host, or if there is no such port.
    """

    tech: str = "PJSIP"
    host: str = "127.0.0.1"
    port: int = 0
    calls: bool = True
    channels: int = 0
    changes: float = 0.0
    seed: int | None = None
    folder: Path = SAMPLES
    secret: str | None = dataclasses.field(default=None, repr=False)

    def __post_init__(self) -> None:
        """Refuse an address that other machines can reach, since the login may do everything."""
        if not 0 <= self.port < 65536:
            raise ConfError(f"there is no port {self.port}: write one from 1 to 65535")
        if not _is_loopback(self.host):
            raise ConfError(
                "only programs on this machine may reach the demo PBX, so it does not listen on "
                f"{self.host}: write 127.0.0.1"
            )


class Server:
    """A demo PBX that runs in the current event loop.

    Attributes
    ----------
    pbx : Pbx
        The exchange, whose telephones can be played.
    manager : Manager
        The manager interface, with its port.
    """

    def __init__(self, plan: Plan) -> None:
        profile = profile_of(plan.tech)
        configuration = Configuration.read(profile.technology, plan.folder, plan.secret)
        self.pbx = Pbx(configuration, profile, seed=plan.seed)
        self.manager = Manager(self.pbx)
        self._plan = plan

    async def start(self) -> None:
        """Open the port, and start the calls.

        Raises
        ------
        OSError
            If the port cannot be opened.
        """
        plan = self._plan
        await self.manager.listen(plan.host, plan.port)
        if plan.calls:
            self.pbx.spawn(Life(self.pbx).go_on())
        if plan.channels:
            self.pbx.spawn(Stress(self.pbx, plan.channels, plan.changes).go_on())

    async def close(self) -> None:
        """Close the port, and end everything that runs."""
        await self.manager.close()
        await self.pbx.close()


async def serve(plan: Plan, ready: Callable[[str, int], None], stop: asyncio.Event) -> None:
    """Run a demo PBX until it is stopped; `ready` is called with the host and the port."""
    server = Server(plan)
    await server.start()
    ready(server.manager.host, server.manager.port)
    await stop.wait()
    await server.close()


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
