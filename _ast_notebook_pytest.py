"""The pytest plugin of ast_notebook: the fixture `ast_replay`, to test a house with a recorded day.

It is a module of its own, since pytest imports it whenever ast_notebook is installed: nothing else
of ast_notebook is imported before a test uses the fixture.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from ast_notebook.replay import ReplayedHome


@pytest.fixture
def ast_replay() -> Iterator[Callable[..., ReplayedHome]]:
    """Return `ast_notebook.replay`, whose smart homes are closed when the test is over.

    def test_the_bell_rings_nobody_at_night(ast_replay):
        sh = ast_replay("calls", since="2026-11-20 22:00", until="2026-11-21 06:00")
        sh.load_logics("logic.conf")
        assert sh.run().empty
    """
    from ast_notebook import replay

    opened: list[ReplayedHome] = []

    def begin(*args: Any, **kwargs: Any) -> ReplayedHome:
        sh = replay(*args, **kwargs)
        opened.append(sh)
        return sh

    yield begin
    for sh in reversed(opened):
        sh.close()
