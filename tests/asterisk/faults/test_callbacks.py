"""A user's callback is slow, raises, never ends, closes the session, or binds another."""

import threading

from tests.asterisk.faults.situation import PATIENCE, situation
from tests.support.waiting import eventually


def row(one, name):
    """What `%ast status` shows of a callback."""
    bound = one.sh.bindings()
    (found,) = bound[bound["name"].str.startswith(name)].to_dict("records")
    return found


def shown(one, name):
    """The line that `%ast status` has of it."""
    lines = repr(one.status()).splitlines()
    (found,) = [line for line in lines if f"<locals>.{name} " in line]
    return found


def test_a_slow_callback_holds_up_nobody_and_hears_all_in_the_end(faulty22, tmp_path):
    with situation(faulty22, tmp_path) as one:
        heard, go = [], threading.Event()

        @one.sh.ast.on("UserEvent")
        def slow(event):
            go.wait(PATIENCE)
            heard.append(int(event["Number"]))

        try:
            said = one.say()
            one.keeps(said)
            assert heard == []
            assert row(one, "test_a_slow")["waiting"] == len(said) - 1
            assert "since " in shown(one, "slow")
        finally:
            go.set()
        eventually(lambda: heard == said)
        one.is_as_the_pbx_is()


def test_a_callback_that_falls_behind_too_far_says_what_is_left_out(faulty22, tmp_path, caplog):
    with situation(faulty22, tmp_path) as one:
        go = threading.Event()

        @one.sh.ast.on("UserEvent")
        def slow(event):
            go.wait(PATIENCE)

        (worker,) = [one.sh.ast.callbacks[key] for key in one.sh.ast.callbacks if "slow" in key]
        worker.limit = 5
        try:
            said = one.say(1)
            eventually(lambda: worker.running_since)
            said += one.say(20)
            one.keeps(said)
            assert row(one, "test_a_callback_that_falls")["dropped"] == 20 - 5
            assert "make the function quicker or unbind it" in caplog.text
            assert caplog.text.count("further ones are left out") == 1
        finally:
            go.set()
        one.is_as_the_pbx_is()


def test_a_callback_that_raises_is_counted_and_called_again(faulty22, tmp_path, caplog):
    with situation(faulty22, tmp_path) as one:

        @one.sh.ast.on("UserEvent")
        def fails(event):
            raise ValueError(f"no {event['Number']}")

        said = one.say(5)
        one.keeps(said)
        eventually(lambda: row(one, "test_a_callback_that_raises")["done"] == 5)
        assert row(one, "test_a_callback_that_raises")["failed"] == 5
        assert "ValueError: no 4" in shown(one, "fails")
        assert "raised" in caplog.text
        assert one.gaps().empty
        one.is_as_the_pbx_is()


def test_a_callback_that_never_ends_holds_up_nobody_and_is_named_at_the_end(
    faulty22, tmp_path, caplog
):
    never = threading.Event()
    try:
        with situation(faulty22, tmp_path, leaves=1) as one:

            @one.sh.ast.on("UserEvent")
            def endless(event):
                never.wait()

            said = one.say()
            one.keeps(said)
            assert row(one, "test_a_callback_that_never")["running_since"] is not None
            one.is_as_the_pbx_is()
        assert "has not ended, and nothing can end it but itself" in caplog.text
        assert "endless" in caplog.text
    finally:
        never.set()


def test_a_callback_may_close_the_session(faulty22, tmp_path):
    with situation(faulty22, tmp_path) as one:
        said = one.say(5)
        one.keeps(said)
        done = threading.Event()

        @one.sh.ast.on("UserEvent")
        def closes(event):
            one.sh.close()
            done.set()

        one.say(1)
        assert done.wait(PATIENCE)
        assert one.session.closed
        assert one.sh.ast.record.archive.waiting == 0
        assert set(one.on_disk()) >= set(said)
        assert "No PBX is connected: %ast connect" in repr(one.status())


def test_a_callback_that_ends_only_the_session_is_told_how_to_connect_again(faulty22, tmp_path):
    with situation(faulty22, tmp_path) as one:
        said = one.say(5)
        one.keeps(said)

        @one.sh.ast.on("UserEvent")
        def closes(event):
            one.session.close()

        one.say(1)
        eventually(lambda: one.state().startswith("CLOSED"), PATIENCE)
        assert "connect again by %ast connect" in one.state()
        assert set(said) <= set(one.recorded())


def test_a_callback_may_bind_another_and_unbind_itself(faulty22, tmp_path):
    with situation(faulty22, tmp_path) as one:
        heard = []

        def second(event):
            heard.append(int(event["Number"]))

        @one.sh.ast.on("UserEvent")
        def first(event):
            one.sh.ast.on("UserEvent")(second)
            one.sh.ast.off(first)

        one.say(1)
        eventually(lambda: not [key for key in one.sh.ast.callbacks if "first" in key])
        said = one.say(5)
        eventually(lambda: set(said) <= set(heard))
        one.keeps(said)
        one.is_as_the_pbx_is()
