"""Somebody who has an Asterisk say numbers all the time, and knows which of them it has said."""

from __future__ import annotations

import threading
import time
from functools import partial
from typing import Self

from ast_notebook.ami import Pending, Secret, Session, Settings
from ast_notebook.errors import AstError
from tests.lab.asterisk import Asterisk

EVENT = "Numbered"
#: The login by which numbers are said, to be added to manager.conf before the PBX is started.
LOGIN = """
[speaker]
secret = secret
read =
write = user
"""
WAITING = 500  # numbers that are not said yet, at most


def an_asterisk() -> Asterisk:
    """Return a private Asterisk that lets numbers be said; it is not started."""
    pbx = Asterisk(22)
    with (pbx.directories.etc / "manager.conf").open("a") as conf:
        conf.write(LOGIN)
    return pbx


class Speaker:
    """Has numbers said as UserEvents, so many a second, on a thread of its own.

    Attributes
    ----------
    said : list of tuple
        The numbers that Asterisk has said, in order, each with the time at which that was known.
    """

    def __init__(self, pbx: Asterisk, rate: float) -> None:
        self.said: list[tuple[float, int]] = []
        self._settings = Settings(
            port=pbx.port, username="speaker", password=Secret(pbx.password), events="off"
        )
        self._pause = 1 / rate
        self._asked = 0
        self._under_way = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._speak, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def between(self, first: float, last: float) -> list[int]:
        """Return the numbers that were said in a time."""
        return [number for at, number in list(self.said) if first <= at <= last]

    def _speak(self) -> None:
        while not self._stop.is_set():
            try:
                with Session(self._settings, name="speaker") as session:
                    self._under_way = 0
                    self._speak_by(session)
            except AstError:
                time.sleep(0.2)  # the PBX is being started

    def _speak_by(self, session: Session) -> None:
        due = time.monotonic()
        while session.connected() and not self._stop.is_set():
            due += self._pause
            time.sleep(max(0.0, due - time.monotonic()))
            if self._under_way >= WAITING:
                continue
            number, self._asked = self._asked, self._asked + 1
            action = {"Action": "UserEvent", "UserEvent": EVENT, "Number": str(number)}
            self._under_way += 1
            session.ask(action, then=partial(self._heard, number))
        while session.connected() and self._under_way and self._stop.is_set():
            time.sleep(0.05)

    def _heard(self, number: int, pending: Pending) -> None:
        self._under_way -= 1
        try:
            pending.wait(0)
        except AstError:
            return
        self.said.append((time.time(), number))
