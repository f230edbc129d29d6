"""What all tests share: marks, and the promise that no thread of ours outlives a test."""

import os
import threading
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from ast_notebook.recording import archive
from ast_notebook.replay import player
from tests.support.waiting import eventually

TESTS = Path(__file__).parent

# How fast the machine is makes no difference to what is right.
settings.register_profile(
    "any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("any machine")


def _ours():
    return {one for one in threading.enumerate() if one.name.startswith("ast-")}


@pytest.fixture(autouse=True)
def no_thread_is_left():
    before = _ours()  # what an earlier test left is told of there
    yield
    if _ours() - before:
        eventually(lambda: not _ours() - before or None)


@pytest.fixture(scope="session", autouse=True)
def no_thread_is_given_up_early():
    """A recorder seals once it is closed, and a replay waits for calls, on any slow machine."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(archive, "STOP", 60.0)
        patch.setattr(player, "PATIENCE", 60.0)
        yield


def pytest_ignore_collect(collection_path, config):
    """Where `-m` names folders and nothing else, read no file of another folder.

    To import all test files takes many times as long as to import those of `tests/unit`.
    """
    wanted = config.option.markexpr.split(" or ")
    folders = {each.name for each in TESTS.iterdir() if each.is_dir()}
    if collection_path.parent != TESTS or collection_path.name not in folders.difference(wanted):
        return None
    given = [config.invocation_params.dir / each.partition("::")[0] for each in config.args]
    is_given = any(path.is_relative_to(collection_path) for path in given)
    return True if folders.issuperset(wanted) and not is_given else None


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Mark each test by its folder, and begin with the files that may take longest.

    No process is to be left alone with one of those.
    """
    longest = {}
    for item in items:
        item.add_marker(item.path.relative_to(TESTS).parts[0])
        mark = item.get_closest_marker("timeout")
        if mark is not None:
            longest[item.path] = max(mark.args[0], longest.get(item.path, 0))
    items.sort(key=lambda item: -longest.get(item.path, 0))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """Where nothing may be skipped, a skip is a failure that says what was missing."""
    report = yield
    if report.skipped and os.environ.get("AST_NOTEBOOK_NO_SKIP"):
        report.outcome = "failed"
        report.longrepr = f"skipped, where nothing may be skipped: {report.longrepr}"
    return report
