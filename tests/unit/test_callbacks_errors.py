"""What a callback raises is shown a few times and at no length, and what never runs is told."""

from __future__ import annotations

import asyncio
import functools
import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from ast_notebook.bindings.logic import Logic
from ast_notebook.callbacks import Cell, Worker
from ast_notebook.callbacks.shortened import shortened
from ast_notebook.errors import ActionRefused, ConfError
from tests.support.waiting import eventually

Bind = Callable[..., Worker]
NOTHING: dict[int, int] = {}


class Shell:
    """An IPython that keeps what it is to show."""

    def __init__(self) -> None:
        self.shown: list[BaseException] = []

    def showtraceback(self, error: tuple[Any, BaseException, Any], tb_offset: int) -> None:
        self.shown.append(error[1])


@pytest.fixture
def bind() -> Iterator[Bind]:
    workers = []

    def make(function: Callable[..., object], shell: Shell | None = None) -> Worker:
        workers.append(Worker("test", function, cell=Cell(shell)))
        return workers[-1]

    yield make
    for worker in workers:
        worker.stop()


def call(worker: Worker, *args: object) -> None:
    for one in args:
        worker.put(one)
    eventually(lambda: worker.done == len(args))


def test_the_same_error_is_shown_three_times_and_counted_from_then_on(
    bind: Bind, capsys: pytest.CaptureFixture[str]
) -> None:
    shell = Shell()
    worker = bind(lambda number: NOTHING[number], shell)
    call(worker, *range(1000))
    assert [str(one) for one in shell.shown] == ["0", "1", "2"]
    assert capsys.readouterr().err.count("%ast status counts it") == 1
    assert (worker.failed, worker.last_error) == (1000, "KeyError: 999")


def test_another_error_is_shown_again(bind: Bind) -> None:
    shell = Shell()

    def function(number: int) -> None:
        if number % 100 == 50:
            raise OSError(number)
        if number > 500:
            NOTHING[number]
        [][number]

    call(bind(function, shell), *range(1000))
    kinds = [type(one).__name__ for one in shell.shown]
    assert {kind: kinds.count(kind) for kind in kinds} == {
        "IndexError": 3,
        "OSError": 3,
        "KeyError": 3,
    }
    assert shell.shown[-1].args == (503,), "where it fails now"


def test_another_error_of_ours_is_told_by_its_words(bind: Bind) -> None:
    shell = Shell()

    def function(number: int) -> None:
        raise ActionRefused(f"no, for reason {number // 100}")

    call(bind(function, shell), *range(200))
    assert [str(one)[-1] for one in shell.shown] == list("000111")


def test_errors_that_are_always_others_are_shown_so_often_and_no_more(bind: Bind) -> None:
    shell = Shell()

    def function(number: int) -> None:
        raise type(f"Error{number}", (Exception,), {})

    worker = bind(function, shell)
    call(worker, *range(1000))
    assert len(shell.shown) == 100
    assert worker.failed == 1000


def test_outside_of_a_notebook_the_same_is_logged(
    bind: Bind, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR, "ast_notebook"):
        call(bind(lambda number: NOTHING[number]), *range(100))
    assert len(caplog.records) == 4
    assert "%ast status counts it" in caplog.records[-1].getMessage()


def long() -> None:
    raise ValueError("x" * 10_000_000)


def caused() -> None:
    try:
        long()
    except ValueError as error:
        raise RuntimeError("short") from error


def unexpected() -> None:
    try:
        long()
    except ValueError:
        raise RuntimeError("y" * 10_000_000)  # noqa: B904, that it has no cause is the point


def grouped() -> None:
    raise ExceptionGroup("z" * 10_000_000, [ValueError("x" * 10_000_000)] * 1000)


def noted() -> None:
    error = ValueError("short")
    error.add_note("n" * 10_000_000)
    raise error


def ours() -> None:
    raise ActionRefused("no" * 10_000_000)


def unreadable() -> None:
    exec("(" + "1 " * 1_000_000)


def deep(number: int = 900) -> None:
    deep(number - 1) if number % 2 else other(number - 1)


def other(number: int) -> None:
    deep(number - 1) if number > 1 else long()


def chained() -> None:
    error: Exception | None = None
    for number in range(1000):
        former, error = error, ValueError(number)
        error.__cause__ = former
    assert error is not None
    raise error


@pytest.mark.parametrize(
    "function", [long, caused, unexpected, grouped, noted, ours, unreadable, deep, chained]
)
def test_what_is_shown_of_an_error_has_an_end(
    bind: Bind, caplog: pytest.LogCaptureFixture, function: Callable[[], None]
) -> None:
    with caplog.at_level(logging.ERROR, "ast_notebook"):
        call(bind(lambda _: function()), 0)
    assert len(caplog.text) < 60_000
    assert function.__name__ in caplog.text
    expected = {grouped: "ExceptionGroup", ours: "ActionRefused", unreadable: "SyntaxError"}
    assert expected.get(function, "Error") in caplog.text


def test_a_short_error_is_shown_as_it_is() -> None:
    error = KeyError("a")
    error.__cause__ = ValueError("b")
    assert shortened(error) is error


def test_errors_that_caused_one_another_in_a_circle_end(bind: Bind) -> None:
    first, second = ValueError("x" * 10_000), ValueError("y" * 10_000)
    first.__cause__, second.__cause__ = second, first
    shown = shortened(first)
    assert str(shown).startswith("xxx")
    assert shown.__cause__ is not None and shown.__cause__.__cause__ is None


class Async:
    async def __call__(self, event: object) -> None:
        """Never run."""


class Generating:
    def __call__(self, event: object) -> Iterator[int]:
        yield 1


async def later(event: object = None) -> None:
    """Never run."""


def generating(event: object) -> Iterator[int]:
    yield 1


async def streaming(event: object) -> Any:
    yield 1


NEVER_RUN = pytest.mark.parametrize(
    "function",
    [Async(), Generating(), later, generating, streaming, functools.partial(Async())],
    ids=["async object", "generating object", "async", "generator", "stream", "partial"],
)


@NEVER_RUN
def test_what_never_would_run_is_refused(bind: Bind, function: Any) -> None:
    with pytest.raises(ConfError, match=r"async|yield"):
        bind(function)


@NEVER_RUN
def test_what_never_would_run_is_refused_as_a_logic(function: Any) -> None:
    with pytest.raises(ConfError, match=r"async|yield"):
        Logic("test", function, sh=None)


@pytest.mark.parametrize(
    "function",
    [lambda event: later(), lambda event: generating(event), lambda event: streaming(event)],
)
@pytest.mark.parametrize("is_logic", [False, True])
def test_a_call_that_returns_what_is_yet_to_be_run_has_failed(
    bind: Bind, function: Callable[[object], object], is_logic: bool
) -> None:
    worker = Logic("test", function, sh=None).worker if is_logic else bind(function)
    call(worker, {})
    assert worker.failed == 1
    assert "yet to be run" in worker.last_error
    worker.stop()


def test_a_call_may_return_what_runs_elsewhere(bind: Bind) -> None:
    started = generating(None)
    next(started)
    loop = asyncio.new_event_loop()
    try:
        worker = bind(lambda which: started if which else loop.create_future())
        call(worker, 0, 1)
        assert worker.failed == 0
    finally:
        loop.close()
