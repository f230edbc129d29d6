"""How long one action takes to be answered: by a session, and on a raw socket, in turns.

``python -m tests.bench.answer`` prints the medians and their ratio, at an Asterisk. With
``--at-once``, each asks a process that answers without doing anything: then what is measured is
above all how long a thread takes to wake another one.
"""

from __future__ import annotations

import argparse
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from ast_notebook.ami import Secret, Session, Settings
from tests.bench.running import ROOT
from tests.lab.asterisk import Asterisk


def main() -> None:
    """Ask in turns, so that what else the machine does is felt by both."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--actions", type=int, default=5000)
    arguments.add_argument("--at-once", action="store_true", help="no Asterisk")
    given = arguments.parse_args()
    with a_peer() if given.at_once else an_asterisk_peer() as (one, other):
        settings = Settings(port=one, username="admin", password=Secret("secret"))
        session = Session(settings)
        session.connect()
        with socket.create_connection(("127.0.0.1", other)) as client:
            client.recv(1000)
            ask(client, b"Action: Login\r\nUsername: admin\r\nSecret: secret\r\nEvents: off")
            raw, ours = [], []
            for _ in range(given.actions):
                raw.append(timed(lambda: ask(client)))
                ours.append(timed(lambda: session.request({"Action": "Ping"})))
        session.close()
    half = statistics.median(raw), statistics.median(ours)
    print(f"{given.actions:,} actions, medians")
    print(f"{'a raw socket':24}{1e6 * half[0]:8.0f} us")
    print(f"{'a session':24}{1e6 * half[1]:8.0f} us{half[1] / half[0]:8.2f} times")


@contextmanager
def an_asterisk_peer() -> Iterator[tuple[int, int]]:
    """Have an Asterisk 22, and give its port, twice."""
    with Asterisk(22) as pbx:
        yield pbx.port, pbx.port


@contextmanager
def a_peer() -> Iterator[tuple[int, int]]:
    """Have two processes that answer each action, and give their ports."""
    command = [sys.executable, "-m", "tests.bench.sender", "0"]
    with ExitStack() as stack:
        ports = []
        for _ in range(2):
            peer = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
            stack.enter_context(peer)
            stack.callback(peer.kill)
            assert peer.stdout is not None
            ports.append(int(peer.stdout.readline()))
        yield ports[0], ports[1]


def ask(client: socket.socket, action: bytes = b"Action: Ping") -> None:
    """Send an action, and read until its answer is over."""
    number = b"%d" % time.monotonic_ns()
    client.sendall(action + b"\r\nActionID: " + number + b"\r\n\r\n")
    answer = b""
    while number not in answer or not answer.endswith(b"\r\n\r\n"):
        answer += client.recv(65536)


def timed(run: Callable[[], object]) -> float:
    """Return the seconds that a call takes."""
    began = time.perf_counter()
    run()
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
