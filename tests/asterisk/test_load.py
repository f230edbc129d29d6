"""The benchmarks of load, for seconds: what does not depend on how fast the machine is."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.bench import load
from tests.bench.flooding import an_asterisk
from tests.lab.asterisk import Asterisk
from tests.lab.fixtures import require


@pytest.fixture(scope="module")
def flooding() -> Iterator[Asterisk]:
    require(22)
    with an_asterisk() as pbx:
        yield pbx


def test_nothing_of_a_flood_is_missing(flooding: Asterisk) -> None:
    found = load.measure(flooding, 2.0, every=1.0)
    assert {name: found[name] for name in load.WHOLE} == dict.fromkeys(load.WHOLE, True)


@pytest.mark.parametrize("library", ["pyst2", "panoramisk"])
def test_other_libraries_hear_the_flood_too(flooding: Asterisk, library: str) -> None:
    found = load.run(flooding, library, 1.0, every=0.5, patience=1.0)
    assert found[-1]["heard"] > 0
