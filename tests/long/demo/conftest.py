"""The demo on a thread of the tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ast_notebook.demo.server import Plan
from tests.support.demo_stage import DemoStage, hung_up

__all__ = ["hung_up", "small"]


@pytest.fixture(scope="module")
def small() -> Iterator[DemoStage]:
    """The demo alone, as an Asterisk 22."""
    stage = DemoStage(Plan(calls=False, seed=1))
    yield stage
    stage.close()
