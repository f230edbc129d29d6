"""One policy says how long a session waits before it connects again."""

import threading

import pytest

from ast_notebook.ami.pauses import FIRST, LONGEST, REFUSED, SPREAD, STEADY, Pauses
from ast_notebook.errors import ConnectionLost, LoginRefused

LOST = ConnectionLost("nothing answers")


def about(seconds: float) -> object:
    return pytest.approx(seconds + SPREAD / 2, abs=SPREAD / 2)


def test_pauses_double_with_each_try_that_fails_and_are_never_too_long():
    pauses = Pauses()
    found = [pauses.failed(LOST) for _ in range(12)]
    assert found[:4] == [about(FIRST), about(2 * FIRST), about(4 * FIRST), about(8 * FIRST)]
    assert found[-1] == about(LONGEST)
    pauses.stands()
    assert pauses.failed(LOST) == about(FIRST)


def test_a_connection_that_lasted_is_made_again_at_once_and_so_is_the_first_that_did_not():
    pauses = Pauses()
    assert pauses.lost(STEADY) == 0
    assert pauses.lost(0.1) == 0


def test_connections_that_do_not_last_count_as_tries_that_fail():
    pauses = Pauses()
    found = []
    for _ in range(4):
        pauses.stands()
        found.append(pauses.lost(0.1))
    assert found == [0, about(FIRST), about(2 * FIRST), about(4 * FIRST)]
    assert pauses.failed(LOST) == about(8 * FIRST)
    pauses.stands()
    assert pauses.lost(STEADY) == 0


def test_refused_logins_have_long_pauses_unless_another_session_is_in_the_way():
    pauses = Pauses()
    refused = LoginRefused("wrong")
    assert [pauses.failed(refused) for _ in range(4)] == [*REFUSED, REFUSED[-1]]
    assert pauses.failed(LoginRefused("in use", is_in_use=True)) <= LONGEST + SPREAD
    pauses.stands()
    assert pauses.failed(refused) == REFUSED[0]


def test_a_pause_is_ended_from_another_thread():
    pauses = Pauses()
    waiting = threading.Thread(target=pauses.wait, args=(60,))
    waiting.start()
    pauses.hurry()
    waiting.join(10)
    assert not waiting.is_alive()
    pauses.end()
    pauses.wait(60)
    pauses.wait(60)
