"""Whatever bytes are read: nothing is raised but our own errors, and nothing is made up."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz.corpus import kept, seeds
from tests.fuzz.targets import TARGETS

#: What the formats part and quote with, which chance alone would seldom put together.
PARTS = (
    *(b"\r\n\r\n", b"\r\n", b"\n", b"\r", b"\0", b": ", b":", b"=", b"|", b";", b",", b"\t", b" "),
    *(b'"', b'""', b"'", b"\\", b"\\N", b"NULL", b"[", b"]", b"{", b"}", b"#", b"- ", b"&a", b"*a"),
    *(b"Event: ", b"Response: Follows", b"ActionID: 1", b"--END COMMAND--", b"EventList: Complete"),
    *(b"2024-02-30 25:61:00", b"1795000000.5", b"9" * 400, b"-1", b"1e999", b"nan", b"\xff\xfe"),
    *(b"\xef\xbb\xbf", b"\x1f\x8b\x08", b"BZh9", b"PAR1", b"ASTB", b"SQLite format 3\0"),
)


def spoiled(good: bytes) -> st.SearchStrategy[bytes]:
    """Draw what became of good input."""
    place = st.integers(0, len(good))
    noise = st.lists(st.sampled_from(PARTS) | st.binary(max_size=6), max_size=6).map(b"".join)
    return st.builds(
        lambda one, other, between: good[:one] + between + good[other:], place, place, noise
    )


@pytest.mark.parametrize("target", TARGETS)
@settings(
    max_examples=60,
    database=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
@given(st.data())
def test_no_bytes_do_harm(target: str, data: st.DataObject) -> None:
    good = data.draw(st.sampled_from([b"", *seeds(target)]))
    TARGETS[target](data.draw(spoiled(good)))


@pytest.mark.parametrize("target", TARGETS)
def test_what_fuzzing_came_upon_does_no_harm(target: str) -> None:
    found = kept(target)
    assert found
    for data in found:
        TARGETS[target](data)
