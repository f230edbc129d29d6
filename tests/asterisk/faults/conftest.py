"""PBXs that faults are done to, one of each version for the whole session."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.lab.asterisk import Asterisk
from tests.lab.fixtures import require

#: Who says the numbers that the session should hear, and who may be logged in once only: what
#: [general] says of that counts when a section is read first, and not at a reload. On the
#: last one Asterisk hangs up early, as it does by default.
CONTROL = """
[control]
secret = secret
read =
write = system,call,originate,reporting,user

[alone]
secret = secret
read = system,call,user,cdr,agent,dialplan,reporting
write = system,call,originate,agent,command,reporting,user
allowmultiplelogin = no

[hasty]
secret = secret
read = system,call,user,cdr,agent,dialplan,reporting
write = system,call,originate,agent,command,reporting,user
writetimeout = 100
"""


def _faulty(version: int) -> Iterator[Asterisk]:
    require(version)
    pbx = Asterisk(version)
    with (pbx.directories.etc / "manager.conf").open("a") as conf:
        conf.write(CONTROL)
    with pbx:
        yield pbx


@pytest.fixture(scope="session")
def own16() -> Iterator[Asterisk]:
    """Asterisk 16, to be killed and reloaded."""
    yield from _faulty(16)


@pytest.fixture(scope="session")
def own22() -> Iterator[Asterisk]:
    """Asterisk 22, to be killed and reloaded."""
    yield from _faulty(22)


@pytest.fixture(params=["own16", "own22"])
def faulty(request: pytest.FixtureRequest) -> Asterisk:
    """Either of them, running again if a test before has ended it."""
    pbx: Asterisk = request.getfixturevalue(request.param)
    pbx.start()
    return pbx


@pytest.fixture
def faulty22(own22: Asterisk) -> Asterisk:
    """Asterisk 22, running again if a test before has ended it."""
    own22.start()
    return own22
