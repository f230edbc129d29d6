"""A user's functions run on threads of their own, and speak under the cell that bound them."""

import logging
import threading
import time
from unittest import mock

import pytest

from ast_notebook.callbacks import worker as worker_module
from ast_notebook.callbacks.worker import Worker
from ast_notebook.errors import AstError, ConfError


def until(condition, seconds=60):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.002)


@pytest.fixture
def bind():
    workers = []

    def make(function, **options):
        workers.append(Worker("test", function, **options))
        return workers[-1]

    yield make
    for worker in workers:
        worker.stop()


def test_calls_are_made_in_order_whoever_puts(bind):
    heard = []
    worker = bind(lambda who, number: heard.append((who, number)))

    def put_many(who):
        for number in range(2000):
            worker.put(who, number)

    threads = [threading.Thread(target=put_many, args=(who,)) for who in "abc"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    until(lambda: worker.done == 6000)
    for who in "abc":
        assert [number for name, number in heard if name == who] == list(range(2000))
    assert worker.dropped == worker.failed == worker.waiting == 0


def test_a_thread_is_there_only_while_there_is_something_to_do(bind, monkeypatch):
    monkeypatch.setattr(worker_module, "IDLE", 0.02)
    names = []
    worker = bind(lambda: names.append(threading.current_thread().name))
    assert "ast-call-test" not in [thread.name for thread in threading.enumerate()]
    for count in range(1, 4):
        worker.put()
        until(lambda count=count: len(names) == count)
        until(lambda: "ast-call-test" not in [thread.name for thread in threading.enumerate()])
    assert names == ["ast-call-test"] * 3


def test_no_call_is_lost_while_threads_end_and_begin(bind, monkeypatch):
    monkeypatch.setattr(worker_module, "IDLE", 0.0001)
    worker = bind(lambda: None)
    for _ in range(500):
        worker.put()
        time.sleep(0.0001)
    until(lambda: worker.done == 500)


@pytest.mark.parametrize("error", [ValueError("no\ngood"), SystemExit(3), KeyboardInterrupt()])
def test_what_a_call_raises_is_counted_and_the_next_goes_on(bind, caplog, error):
    heard = []

    def function(number):
        if number == 1:
            raise error
        heard.append(number)

    worker = bind(function)
    with caplog.at_level(logging.ERROR, "ast_notebook"):
        for number in range(3):
            worker.put(number)
        until(lambda: worker.done == 3)
    assert heard == [0, 2]
    assert worker.failed == 1
    assert worker.last_error.startswith(type(error).__name__)
    assert "\n" not in worker.last_error
    (record,) = caplog.records
    assert record.name == "ast_notebook"
    assert "function" in caplog.text
    assert "_call" not in caplog.text, "frames of the package are left out"


def test_an_error_can_be_taken_elsewhere(bind, caplog):
    errors = []
    worker = bind(lambda: 1 / 0, on_error=errors.append)
    worker.put()
    until(lambda: worker.done == 1)
    assert isinstance(errors[0], ZeroDivisionError)
    assert not caplog.records


def test_an_error_that_cannot_be_shown_ends_nothing(bind, caplog):
    class Mute(Exception):
        def __str__(self):
            raise RuntimeError

    def function():
        raise Mute

    def fail(error):
        raise OSError

    worker = bind(function, on_error=fail)
    worker.put()
    worker.put()
    until(lambda: worker.done == 2)
    assert worker.last_error == "Mute"


def test_putting_never_waits_and_what_is_too_much_is_counted(bind):
    gate = threading.Event()
    worker = bind(gate.wait, limit=10)
    worker.put()
    until(lambda: worker.running_since is not None)
    for _ in range(25):
        worker.put()
    assert (worker.waiting, worker.dropped) == (10, 15)
    assert worker.running_since.tzinfo is not None
    row = worker.row("logic")
    assert (row.kind, row.waiting, row.dropped) == ("logic", 10, 15)
    gate.set()
    until(lambda: worker.done == 11)
    assert worker.running_since is None


def test_many_calls_at_once_are_as_if_each_had_been_put(bind):
    heard, gate = [], threading.Event()

    def function(number):
        heard.append(number)
        gate.wait()

    worker = bind(function, limit=10)
    worker.put(0)
    until(lambda: heard)
    worker.put_many([(1,), (2,)])
    worker.put(3)
    assert (worker.waiting, worker.dropped) == (3, 0)
    worker.put_many([(number,) for number in range(4, 14)])
    assert (worker.waiting, worker.dropped) == (10, 3)
    worker.put_many([(99,), (100,)])
    worker.put_many([])
    assert (worker.waiting, worker.dropped) == (10, 5)
    gate.set()
    until(lambda: worker.done == 11)
    assert heard == list(range(11))


def test_of_many_calls_at_once_a_thread_that_ends_loses_none(bind, monkeypatch):
    monkeypatch.setattr(worker_module, "IDLE", 0.0001)
    heard = []
    worker = bind(heard.append)
    for number in range(0, 1500, 3):
        worker.put_many([(number,), (number + 1,), (number + 2,)])
        time.sleep(0.0001)
    until(lambda: worker.done == 1500)
    assert heard == list(range(1500))


def test_many_calls_at_once_wake_the_thread_once(bind):
    worker = bind(lambda number: None)
    with mock.patch.object(worker, "_wake", mock.Mock(wraps=worker._wake)) as wake:
        worker.put_many([(number,) for number in range(100)])
        until(lambda: worker.done == 100)
        assert wake.put.call_count == 1


def test_a_stopped_worker_drops_many_calls_at_once_and_counts_them(bind):
    worker = bind(print)
    worker.stop()
    worker.put_many([(1,), (2,)])
    assert (worker.dropped, worker.waiting, worker.done) == (2, 0, 0)


def test_stopping_drops_what_waits_and_ends_the_thread(bind):
    gate = threading.Event()
    worker = bind(gate.wait)
    for _ in range(5):
        worker.put()
    until(lambda: worker.running_since is not None)
    assert worker.stop(0.01) is False, "a call cannot be broken off"
    gate.set()
    assert worker.stop() is True
    worker.put()
    assert (worker.done, worker.dropped) == (1, 5)


def test_a_call_may_stop_its_own_worker(bind):
    def function():
        stopped.append(worker.stop())

    stopped = []
    worker = bind(function)
    worker.put()
    worker.put()
    until(lambda: "ast-call-test" not in [thread.name for thread in threading.enumerate()])
    assert stopped == [False]
    assert worker.done == 1


def test_a_worker_that_never_ran_stops_at_once(bind):
    assert bind(print).stop() is True


def test_an_async_function_is_refused_as_nothing_would_await_it(bind):
    async def function():
        """Never run."""

    with pytest.raises(ConfError, match="Write `def`"):
        bind(function)


def test_an_error_of_ours_has_a_one_line_summary(bind):
    def function():
        raise AstError("the PBX said no")

    worker = bind(function, on_error=lambda error: None)
    worker.put()
    until(lambda: worker.done == 1)
    assert worker.last_error == "AstError: the PBX said no"
