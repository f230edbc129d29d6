"""The session of a replay: its reader is a player, and it reaches no PBX."""

from __future__ import annotations

from typing import Any

from ast_notebook.ami import Response, Secret, Session, Settings
from ast_notebook.ami.reader import Reader
from ast_notebook.errors import ConfError
from ast_notebook.replay.clock import ReplayClock
from ast_notebook.replay.orders import NOT_SENT
from ast_notebook.replay.player import Player
from ast_notebook.replay.position import Position
from ast_notebook.replay.recorded_reader import Send


class ReplaySession(Session):
    """A session with a record in place of an Asterisk.

    Parameters
    ----------
    settings, name
        As for `Session`.
    clock : ReplayClock
    position : Position
        Where the replay is.
    send : callable
        It is called with each action, as by `Player`.
    """

    #: The text that the handle of a call shows, since no call is made.
    held_back = NOT_SENT

    def __init__(
        self,
        settings: Settings,
        *,
        name: str,
        clock: ReplayClock,
        position: Position,
        send: Send,
    ) -> None:
        self._parts: dict[str, Any] = {"position": position, "clock": clock, "send": send}
        super().__init__(settings, name=name, clock=clock)

    def _new_reader(self, settings: Settings) -> Reader:
        return self._reader_of(Player, "plays", settings, **self._parts)

    @property
    def player(self) -> Player:
        """The player of the record."""
        assert isinstance(self._reader, Player)
        return self._reader

    def __repr__(self) -> str:
        return f"<ReplaySession {self.name}: {'closed' if self.closed else 'open'}>"

    def connect(self, host: str | None = None, port: int | None = None) -> Session:
        """Begin the replay; it connects to no host.

        Raises
        ------
        ConfError
            If a host or a port is given.
        """
        if host is not None or port is not None:
            raise ConfError("a replay connects to nothing: leave out host and port")
        return super().connect()

    def login(self, username: str, secret: str | Secret) -> Response:
        """Refuse to log in, since there is no PBX.

        Raises
        ------
        ConfError
        """
        del secret
        raise ConfError("a replay logs in nowhere: it has no PBX")

    def logoff(self) -> Response:
        """Close the replay."""
        self.close()
        return Response({"Response": "Goodbye", "Message": NOT_SENT})
