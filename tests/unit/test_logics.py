"""Logics run at UserEvents in the user's namespace, with a trigger that is each run's own."""

import logging
import sys
import threading
import time
import traceback

import pytest

from ast_notebook.ami import Event
from ast_notebook.bindings.logic import Logic, Logics, Trigger
from ast_notebook.errors import ConfError

NAMESPACE = {"__name__": "__main__"}
CALL = {"UserEvent": "Call", "Source": "2222", "Value": "Ann"}


def until(condition, seconds=60):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.002)


def user_event(**headers):
    return Event({"Event": "UserEvent", **headers}, "UserEvent")


@pytest.fixture
def namespace():
    return dict(NAMESPACE)


@pytest.fixture
def run(namespace):
    """Run source once, and give its namespace; an error is raised here."""

    def run(source, name="logic1", **trigger):
        logic = Logic(name, source, sh="the house", namespace=namespace)
        logic._run(Trigger("Asterisk", **trigger))
        return namespace

    return run


@pytest.fixture
def logics():
    logics = Logics()
    yield logics
    logics.close()


# --- what the code sees -------------------------------------------------------------------------


def test_a_run_has_sh_logic_trigger_and_logger(run):
    seen = run("seen = sh, logic.name, trigger['value'], trigger.by, logger.name", value="Ann")
    assert seen["seen"] == ("the house", "logic1", "Ann", "Asterisk", "ast_notebook.logic.logic1")


def test_names_land_in_the_users_namespace_and_the_four_do_not(run, namespace):
    namespace["count"] = 1
    run("count += 1\nimport os.path as there\nclass Box: pass\ndef f(): pass")
    assert namespace["count"] == 2
    assert namespace["Box"].__qualname__ == "Box"
    assert {"there", "f"} <= set(namespace)
    assert not {"sh", "logic", "trigger", "logger"} & set(namespace)


def test_the_users_own_names_are_not_clobbered(run, namespace):
    namespace.update(trigger="mine", logger="mine")
    run("trigger = trigger['value']\nlogger = None\nkept = trigger", value="Ann")
    assert namespace["kept"] == "Ann"
    assert namespace["trigger"] == namespace["logger"] == "mine"


def test_everything_inside_sees_the_trigger(run):
    source = """
from __future__ import annotations
def inner():
    return lambda: [trigger['value'] for _ in 'a'][0]
class Taken:
    value = trigger['value']
    def again(self):
        return trigger['value']
seen = {inner()(), Taken.value, Taken().again(), eval("trigger['value']"), f"{trigger['value']}",
        next(trigger['value'] for _ in 'a'), *(trigger['value'] for _ in 'a')}
"""
    assert run(source, value="Ann")["seen"] == {"Ann"}


def test_what_a_cell_may_say_a_logic_may(run):
    source = """
'''A docstring.'''
count: int = 1
later: str
from math import *
root = sqrt(4)
[last := letter for letter in 'abc']
try:
    1 / 0
except ZeroDivisionError as error:
    what = str(error)
match (1, [2, 3]):
    case (one, [*rest]):
        pass
def bump():
    global count
    count += 1
bump()
with open(__import__('os').devnull) as file:
    pass
del file
for number in range(3):
    pass
"""
    namespace = run(source)
    assert namespace["count"] == 2
    assert (namespace["root"], namespace["last"], namespace["number"]) == (2, "c", 2)
    assert (namespace["what"], namespace["rest"]) == ("division by zero", [2, 3])
    assert "file" not in namespace


if sys.version_info >= (3, 12):

    def test_type_parameters_work(run):
        source = "type Pair = list[int]\ndef f[T](x: T): return trigger\nclass Box[T]: pass\nf(1)"
        assert run(source)["Box"].__type_params__


@pytest.mark.parametrize("source", ["", "# nothing"])
def test_an_empty_logic_does_nothing(run, source):
    run(source)


@pytest.mark.parametrize("source", ["return 1", "yield 1", "await x", "def f(:", "f(\n"])
def test_what_is_not_python_is_refused_when_it_is_bound(source):
    with pytest.raises(SyntaxError):
        Logic("logic1", source, sh=None)


def test_two_logics_at_once_see_each_its_own_trigger(logics, namespace):
    namespace.update(seen=[], together=threading.Barrier(2))
    source = """
def look():
    together.wait(5)
    mine = trigger['value']
    together.wait(5)
    return logic.name, mine, trigger['value']
seen.append(look())
"""
    for name in ("one", "two"):
        logics.add(Logic(name, source, sh=None, namespace=namespace))
    for number in range(20):
        logics["one"].trigger(value=number)
        logics["two"].trigger(value=-number)
    until(lambda: len(namespace["seen"]) == 40)
    assert sorted(namespace["seen"]) == sorted(
        [("one", number, number) for number in range(20)]
        + [("two", -number, -number) for number in range(20)]
    )


def test_a_traceback_shows_the_line(run):
    with pytest.raises(ZeroDivisionError) as caught:
        run("def divide():\n    return 1 / 0  # here\n\ndivide()\n", name="shown")
    text = "".join(traceback.format_exception(caught.value))
    assert 'File "<logic shown>", line 4' in text
    assert "return 1 / 0  # here" in text


def test_a_script_is_a_logic(tmp_path, namespace):
    script = tmp_path / "one.py"
    script.write_text("seen = trigger['value'] + ' Öfen'\n", encoding="utf-8")
    Logic("one", script, sh=None, namespace=namespace)._run(Trigger("x", value="Ann"))
    assert namespace["seen"] == "Ann Öfen"
    with pytest.raises(ConfError, match=r"none\.py cannot be read"):
        Logic("none", tmp_path / "none.py", sh=None)


def test_a_function_gets_the_trigger_if_it_takes_it():
    seen = []
    Logic("a", lambda trigger: seen.append(trigger.value), sh=None)._run(Trigger("x", value=1))
    Logic("b", lambda: seen.append(2), sh=None)._run(Trigger("x"))
    Logic("c", lambda trigger=None, *rest: seen.append(trigger["by"]), sh=None)._run(Trigger("x"))
    assert seen == [1, 2, "x"]


def test_a_function_that_cannot_be_called_so_is_refused():
    async def later(trigger):
        """Never run."""

    with pytest.raises(ConfError, match="one parameter"):
        Logic("a", lambda one, two: None, sh=None)
    with pytest.raises(ConfError, match="async"):
        Logic("a", later, sh=None)


def test_exit_ends_a_run_and_is_no_failure(logics, namespace):
    source = "import sys\nbegun = True\nsys.exit()\nended = True"
    logic = logics.add(Logic("a", source, sh=None, namespace=namespace))
    logic.trigger()
    until(lambda: logic.worker.done == 1)
    assert namespace["begun"]
    assert "ended" not in namespace
    assert logic.worker.failed == 0


def test_a_logic_that_raises_is_counted_logged_and_runs_again(logics, caplog):
    logic = logics.add(Logic("a", "1 / 0", sh=None))
    with caplog.at_level(logging.ERROR, "ast_notebook"):
        logic.trigger()
        logic.trigger()
        until(lambda: logic.worker.done == 2)
    (row,) = logics.status()
    assert (row.name, row.kind, row.done, row.failed) == ("a", "logic", 2, 2)
    assert row.last_error == "ZeroDivisionError: division by zero"
    assert "1 / 0" in caplog.text


def test_what_a_logic_keeps_on_itself_stays(logics):
    logic = logics.add(Logic("a", "logic.runs = getattr(logic, 'runs', 0) + 1", sh=None))
    for _ in range(3):
        logic.trigger()
    until(lambda: logic.worker.done == 3)
    assert logic.runs == 3


# --- what starts it -----------------------------------------------------------------------------


@pytest.fixture
def heard(logics):
    """Bind a logic that keeps its triggers, and give them after an event."""

    def heard(*events, sent_by="ast", first=True, **options):
        triggers = []
        options.setdefault("userevent", "Call")
        logic = logics.add(Logic("logic1", triggers.append, sh=None, **options))
        for event in events:
            logics.start(event, sent_by, first=first)
        logic.trigger(by="the end")
        until(lambda: triggers and triggers[-1].by == "the end")
        triggers.pop()
        return triggers

    return heard


def test_the_seeds_user_event_starts_it(heard):
    event = user_event(**CALL)
    (trigger,) = heard(event)
    assert trigger == {
        "by": "Asterisk",
        "source": "2222",
        "value": "Ann",
        "dest": None,
        "event": trigger.event,
    }
    assert trigger.event["userevent"] == "Call"
    assert trigger.event.headers == event.headers
    with pytest.raises(AttributeError, match="by, source"):
        _ = trigger.vlaue


def test_a_destination_is_told_and_needs_no_asking_for(heard):
    (trigger,) = heard(user_event(**CALL, Destination="Office"))
    assert trigger["dest"] == "Office"


def test_headers_may_be_written_in_any_case_and_left_out(heard):
    (trigger,) = heard(user_event(userevent="call", SOURCE="1", destination="x"))
    assert (trigger.source, trigger.value, trigger.dest) == ("1", None, "x")


def test_dest_narrows(heard):
    events = [user_event(**CALL, Destination=dest) for dest in ("Office", "office", "Hall")]
    assert [one.dest for one in heard(*events, user_event(**CALL), dest="Office")] == [
        "Office",
        "office",
    ]


def test_other_events_do_not_start_it(heard):
    assert heard(user_event(UserEvent="Caller"), user_event()) == []
    assert heard(user_event(**CALL), enabled=False) == []
    assert heard(user_event(**CALL), userevent=()) == []


def test_several_events_may_start_it(heard):
    events = [user_event(UserEvent=name) for name in ("Call", "Action", "Door")]
    assert len(heard(*events, userevent=["Call", "Action"])) == 2


@pytest.mark.parametrize(
    ("wanted", "pbx", "first", "starts"),
    [
        (None, "ast", True, True),
        (None, "berlin", False, False),
        ("berlin", "berlin", False, True),
        ("berlin", "ast", True, False),
    ],
)
def test_the_pbx_counts(heard, wanted, pbx, first, starts):
    triggers = heard(user_event(**CALL), sent_by=pbx, first=first, pbx=wanted)
    assert bool(triggers) is starts


def test_runs_of_one_logic_come_in_order(heard):
    events = [user_event(UserEvent="Call", Value=str(number)) for number in range(1000)]
    assert [trigger.value for trigger in heard(*events)] == [str(n) for n in range(1000)]


def test_a_slow_logic_holds_up_no_other(logics):
    gate = threading.Event()
    quick = []
    slow = logics.add(Logic("slow", lambda: gate.wait(5), sh=None, userevent="Call"))
    logics.add(Logic("quick", lambda: quick.append(1), sh=None, userevent="Call"))
    for _ in range(3):
        logics.start(user_event(**CALL), "ast", first=True)
    until(lambda: len(quick) == 3)
    until(lambda: slow.worker.running_since is not None)
    assert slow.worker.waiting == 2
    gate.set()


def test_the_same_name_again_replaces_and_drops_what_waited(logics):
    gate, heard = threading.Event(), []
    former = logics.add(Logic("a", lambda: gate.wait(5), sh=None, userevent="Call"))
    for _ in range(4):
        logics.start(user_event(**CALL), "ast", first=True)
    until(lambda: former.worker.running_since is not None)
    logics.add(Logic("a", lambda: heard.append("new"), sh=None, userevent="Call"))
    assert (former.alive, logics.dropped, len(logics)) == (False, 3, 1)
    gate.set()
    logics.start(user_event(**CALL), "ast", first=True)
    until(lambda: heard == ["new"])
    until(lambda: former.worker.done == 1)


def test_a_logic_can_be_removed_and_an_unknown_name_is_told(logics):
    logics.add(Logic("a", "", sh=None))
    with pytest.raises(KeyError, match="there is no logic b; there are: a"):
        logics["b"]
    logics.remove("a")
    assert list(logics) == []
