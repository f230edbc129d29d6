"""The lab as pytest fixtures: one running Asterisk of each version for the whole session.

Tests that share them leave no call behind. Whoever kills or restarts a PBX, or needs one with other
settings, makes an `Asterisk` of his own.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

import pytest

from tests.lab import install, telephone
from tests.lab.asterisk import Asterisk


def require(version: int) -> None:
    """Skip the test, and say what is missing, where this Asterisk or its telephones cannot run."""
    if not install.is_installed(version):
        pytest.skip(
            f"Asterisk {version} is not installed: run python -m tests.lab.install {version}"
        )
    if not telephone.is_installed():
        pytest.skip("sipp is not installed: it is in Debian's package sip-tester")


@pytest.fixture(scope="session")
def asterisk16() -> Iterator[Asterisk]:
    """Asterisk 16, whose telephones are chan_sip's."""
    require(16)
    with Asterisk(16) as pbx:
        yield pbx


@pytest.fixture(scope="session")
def asterisk22() -> Iterator[Asterisk]:
    """Asterisk 22, whose telephones are chan_pjsip's."""
    require(22)
    with Asterisk(22) as pbx:
        yield pbx


@pytest.fixture(scope="session", params=["asterisk16", "asterisk22"])
def pbx(request: pytest.FixtureRequest) -> Asterisk:
    """Either of them: a test with this fixture runs on both."""
    return cast(Asterisk, request.getfixturevalue(request.param))
