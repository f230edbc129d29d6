"""What all tests share: the lab, and the promise that no thread of ours outlives a test."""

import os
import threading

import pytest

from tests.lab.fixtures import asterisk16, asterisk22, pbx
from tests.waiting import eventually

__all__ = ["asterisk16", "asterisk22", "pbx"]


def _ours():
    return [one.name for one in threading.enumerate() if one.name.startswith("ast-")]


@pytest.fixture(autouse=True)
def no_thread_is_left():
    yield
    eventually(lambda: not _ours() or None, 10) if _ours() else None


def pytest_collection_modifyitems(items):
    """Begin with the files that may take longest: no process is to be left alone with one."""
    longest = {}
    for item in items:
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
