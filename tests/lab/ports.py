"""Ports for those who start a server and have to say beforehand where."""

from __future__ import annotations

import os
import random
import socket
import threading

#: Between the ports for voice (rtp.conf) and those that the system hands out to clients: a server
#: that is restarted finds its port as it left it.
_RANGE = range(20_001, 32_768)
#: Tests that run side by side have parts of their own: a telephone's port is bound only in calls.
_PARTS = 8
_PART = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % _PARTS
#: Not what a test seeds, as what is run by itself beside is not to be given the same ones.
_chance = random.SystemRandom()
_given: set[int] = set()
#: Stages are made on several threads at once, and a port is not bound before its Asterisk is up.
_lock = threading.Lock()


def free_port(kind: socket.SocketKind) -> int:
    """A port of the loopback interface that nobody uses, and that is given away only once."""
    with _lock:
        while True:
            port = _chance.choice(_RANGE[_PART::_PARTS])
            if port in _given:
                continue
            with socket.socket(socket.AF_INET, kind) as probe:
                try:
                    probe.bind(("127.0.0.1", port))
                except OSError:
                    continue
            _given.add(port)
            return port
