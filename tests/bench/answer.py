"""How long one action takes to be answered: by a session, and on a raw socket, in turns.

``python -m tests.bench.answer`` prints the medians and their ratio. Both ask a peer of their own,
which is a process of its own and answers at once.
"""

from __future__ import annotations

import argparse
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ast_notebook.ami import Secret, Session, Settings
from tests.bench.running import ROOT


def main() -> None:
    """Ask in turns, so that what else the machine does is felt by both."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--actions", type=int, default=5000)
    given = arguments.parse_args()
    with a_peer() as one, a_peer() as other:
        settings = Settings(port=one, username="a", password=Secret("b"))
        session = Session(settings)
        session.connect()
        with socket.create_connection(("127.0.0.1", other)) as client:
            client.recv(1000)
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
def a_peer() -> Iterator[int]:
    """Have one that answers each action, and give its port."""
    command = [sys.executable, "-m", "tests.bench.sender", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as peer:
        assert peer.stdout is not None
        try:
            yield int(peer.stdout.readline())
        finally:
            peer.kill()


def ask(client: socket.socket) -> None:
    """Send an action, and read its answer to the end."""
    client.sendall(b"Action: Ping\r\nActionID: 1\r\n\r\n")
    answer = b""
    while not answer.endswith(b"\r\n\r\n"):
        answer += client.recv(65536)


def timed(run: Callable[[], object]) -> float:
    """Return the seconds that a call takes."""
    began = time.perf_counter()
    run()
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
