"""A process that was forked leaves the connection of the other one alone."""

from __future__ import annotations

import os
import warnings

import ast_notebook
from tests.support.fake_manager import FakeManager
from tests.support.waiting import eventually


def test_a_forked_process_ends_and_logs_nobody_off() -> None:
    with (
        FakeManager() as fake,
        ast_notebook.connect("127.0.0.1", fake.port, username="admin", password="secret") as sh,
    ):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of threads, from Python 3.12 on
            child = os.fork()
        if child == 0:
            try:
                sh.close()
                sh.ast.close()
                sh.ast.session.close()
            finally:
                os._exit(0)
        eventually(lambda: os.waitpid(child, os.WNOHANG)[0] == child)
        sh.ast.session.request({"Action": "Ping"})
        assert not [one for one in fake.asked if one["Action"] == "Logoff"]
        assert not sh.ast.session.closed
