"""A gap begins when the process was suspended, and not when that is noticed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

from tests.support.fake_manager import FakeManager

CHILD = """
import sys
from ast_notebook.ami import connection
from ast_notebook.ami import Secret, Session, Settings
from ast_notebook.recording import Record
from tests.support.waiting import eventually
connection.LOOK, connection.ASLEEP = 0.05, 0.2
record = Record()
given = {"port": int(sys.argv[1]), "username": "admin", "password": Secret("secret")}
session = Session(Settings(**given, timeout=30), recorder=record.add).connect()
print("up", flush=True)
eventually(lambda: session.counts["reconnects"] == 1)
frame = record.frame(events=["SessionLost", "SessionRestored"])
print(*frame["since"].dropna(), *frame["seconds"].dropna(), flush=True)
session.close()
record.close()
"""


def test_a_gap_begins_when_the_process_was_suspended() -> None:
    with FakeManager() as fake:
        child = subprocess.Popen(
            [sys.executable, "-c", CHILD, str(fake.port)],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )
        assert child.stdout is not None
        try:
            assert child.stdout.readline() == "up\n"
            fake.clients[-1].raw(b"Event: E\r\nNumber: 1\r\n\r\n")
            time.sleep(0.2)
            os.kill(child.pid, signal.SIGSTOP)
            stopped = time.time()
            time.sleep(0.3)
            fake.clients[-1].raw(b"Event: E\r\nNumber: 2\r\n\r\n")  # it waits in the child's socket
            fake.drop()
            time.sleep(1.0)
            os.kill(child.pid, signal.SIGCONT)
            awake = time.time()
            since, seconds = map(float, child.stdout.readline().split())
            assert since <= stopped + 0.1
            assert seconds >= awake - stopped
        finally:
            child.kill()
            child.wait()
            child.stdout.close()
