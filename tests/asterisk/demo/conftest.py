"""A real Asterisk and the demo that plays it, side by side."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any, cast

import pytest

from ast_notebook.demo.configuration import SAMPLES
from ast_notebook.demo.server import Plan
from tests.lab.asterisk import Asterisk
from tests.lab.configuration import with_value
from tests.lab.fixtures import require
from tests.support.demo_stage import DemoStage, Stage, hung_up

__all__ = ["hung_up", "pair"]

#: `panel` may send user events, too, so that the action can be compared.
WRITE = "system,call,originate,agent,command,reporting,user"


class RealStage:
    """A real Asterisk, whose telephones sipp plays."""

    def __init__(self, pbx: Asterisk) -> None:
        self.tech, self.port = pbx.tech, pbx.port
        self._pbx = pbx
        self._scenes = contextlib.ExitStack()

    def answers(self, device: str, after: float, seconds: float | None = None) -> None:
        self._enter(self._pbx.telephone(device).answers(after=after, seconds=seconds))

    def rings(self, device: str) -> None:
        self._enter(self._pbx.telephone(device).rings())

    def refuses(self, device: str, code: int) -> None:
        self._enter(self._pbx.telephone(device).refuses(code))

    def calls(self, device: str, number: str, seconds: float | None = None) -> None:
        self._enter(self._pbx.telephone(device).calls(number, seconds=seconds))

    def _enter(self, scene: contextlib.AbstractContextManager[Any]) -> None:
        self._scenes.enter_context(scene)

    def clear(self) -> None:
        self._scenes.close()


@pytest.fixture(scope="module", params=[22, 16])
def pair(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Stage, Stage]]:
    """A real Asterisk and the demo that plays it, with the same configuration."""
    version = cast(int, request.param)
    require(version)
    folder = tmp_path_factory.mktemp("conf")
    for path in SAMPLES.glob("*.conf"):
        text = path.read_text()
        if path.name == "manager.conf":
            text = with_value(text, "panel", "write", WRITE)
        (folder / path.name).write_text(text)
    with Asterisk(version, settings={("manager.conf", "panel", "write"): WRITE}) as pbx:
        played = DemoStage(Plan(tech=pbx.tech, calls=False, folder=folder, seed=1))
        yield RealStage(pbx), played
        played.close()
