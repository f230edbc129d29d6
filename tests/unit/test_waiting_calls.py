"""Calls that wait are taken once each, in their order, whoever puts and takes them."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from ast_notebook.callbacks.waiting import WaitingCalls
from ast_notebook.clock import MACHINE, SystemClock


def taken(calls: WaitingCalls) -> list[tuple[SystemClock, tuple[Any, ...]]]:
    found = []
    while len(calls):
        found.append(calls.take())
    with pytest.raises(IndexError):
        calls.take()
    return found


def test_calls_of_several_clocks_are_taken_in_their_order() -> None:
    calls, other = WaitingCalls(), SystemClock()
    for number, clock in enumerate((MACHINE, MACHINE, other, MACHINE)):
        calls.put(clock, [(number, "a"), (number, "b")], tuple)
    calls.put(MACHINE, "xy", lambda letter: (letter * 2,))
    assert len(calls) == 10
    assert taken(calls) == [
        *((MACHINE, (0, "a")), (MACHINE, (0, "b")), (MACHINE, (1, "a")), (MACHINE, (1, "b"))),
        *((other, (2, "a")), (other, (2, "b")), (MACHINE, (3, "a")), (MACHINE, (3, "b"))),
        *((MACHINE, ("xx",)), (MACHINE, ("yy",))),
    ]
    calls.put(other, [()], tuple)
    assert taken(calls) == [(other, ())]


def test_what_is_put_while_the_last_call_is_taken_is_not_lost() -> None:
    calls, found = WaitingCalls(), []
    over = threading.Event()

    def put(clock: SystemClock) -> None:
        for number in range(5000):
            calls.put(clock, [(number,)], tuple)

    def take() -> None:
        while not over.is_set() or len(calls):
            try:
                found.append(calls.take())
            except IndexError:
                continue

    clocks = [SystemClock(), SystemClock()]
    putting = [threading.Thread(target=put, args=(clock,)) for clock in clocks]
    taking = [threading.Thread(target=take) for _ in range(2)]
    for thread in (*putting, *taking):
        thread.start()
    for thread in putting:
        thread.join()
    over.set()
    for thread in taking:
        thread.join()
    for clock in clocks:
        assert sorted(args for one, args in found if one is clock) == [(n,) for n in range(5000)]
