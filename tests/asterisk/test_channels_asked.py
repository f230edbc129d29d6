"""What is asked of the channels that are up: who is held, who is recorded, and who can be heard."""

import pandas as pd
import pytest

import ast_notebook
from tests.support.waiting import eventually, stays


@pytest.fixture
def sh(pbx):
    with ast_notebook.connect(pbx.host, pbx.port, username=pbx.panel, password=pbx.password) as sh:
        yield sh


def marks(sh):
    asked = sh.ast.channels().set_index("channel")
    return {name: tuple(row) for name, *row in asked[["held", "recorded"]].itertuples()}


def channel_of(sh, device):
    return eventually(lambda: next(iter(sh.ast.live.channels_of(device)), None))


def test_channels_are_held_and_recorded_if_they_are(pbx, sh):
    with pbx.telephone("300").calls("600"), pbx.telephone("200").calls("600"):
        one, other = channel_of(sh, "300"), channel_of(sh, "200")
        assert marks(sh) == {one: (False, False), other: (False, False)}
        sh.ast.record_channel(one)
        eventually(lambda: marks(sh) == {one: (False, True), other: (False, False)})
        sh.ast.stop_recording(one)
        eventually(lambda: marks(sh) == {one: (False, False), other: (False, False)})


def test_of_a_channel_that_was_up_before_it_is_not_known(pbx):
    login = {"username": pbx.panel, "password": pbx.password}
    first = ast_notebook.connect(pbx.host, pbx.port, **login)
    with first, pbx.telephone("300").calls("600"):
        channel = channel_of(first, "300")
        assert stays(lambda: first.ast.live.channels_of("300"), 1.5)
        with ast_notebook.connect(pbx.host, pbx.port, **login) as later:
            assert marks(first)[channel] == (False, False)
            assert all(mark is pd.NA for mark in marks(later)[channel])
            later.ast.record_channel(channel)
            eventually(lambda: marks(later)[channel][1] is not pd.NA)
            assert marks(later)[channel][1]


def test_a_channel_that_is_not_there_is_not_listened_to_and_nothing_rings(pbx, sh):
    with pytest.raises(ast_notebook.ChannelGone, match="nothing was done"):
        sh.ast.spy(f"{pbx.tech}/300-0000ffff", f"{pbx.tech}/200")
    assert stays(lambda: not sh.ast.live.channels_of("200"))
