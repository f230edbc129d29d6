"""The recorder's clock, handed in: a week goes by as fast as its events can be recorded."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self
from unittest import mock

from ast_notebook.recording import archive, sealer, sealing, segment, writer


class Clock:
    """What the recorder takes for the time, which goes on when it is told to.

    It stands in the place of ``time`` in the recorder's modules, for as long as it is entered; all
    else, its waiting too, is by the clock on the wall.

    Attributes
    ----------
    now : float
        Seconds since 1970 UTC.
    step : float
        Seconds that `go_on` lets go by.
    """

    step = 300.0

    def __init__(self, start: float) -> None:
        self.now = start
        self._patches = contextlib.ExitStack()

    def __enter__(self) -> Self:
        for module in (archive, writer, segment, sealer, sealing):
            self._patches.enter_context(mock.patch.object(module, "time", _Time(self)))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._patches.close()

    def go_on(self) -> None:
        """Let the time of a step go by."""
        self.now += self.step

    def settle(self, look: Callable[[], object], seconds: float = 60.0) -> None:
        """Wait until that is so, while this clock stands."""
        deadline = time.monotonic() + seconds
        while not look():
            if time.monotonic() > deadline:
                raise SystemExit("the recorder does not keep up")
            time.sleep(0.002)


class Wall(Clock):
    """The clock on the wall."""

    step = 1.0

    def __init__(self) -> None:
        super().__init__(time.time())

    def __enter__(self) -> Self:
        return self

    def go_on(self) -> None:
        """Wait for the next step."""
        self.now += self.step
        time.sleep(max(0.0, self.now - time.time()))

    def settle(self, look: Callable[[], object], seconds: float = 60.0) -> None:
        """Go on: there is time enough."""


class _Time:
    """What the recorder asks of the module ``time``."""

    strftime = staticmethod(time.strftime)

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def time(self) -> float:
        return self._clock.now

    monotonic = time
