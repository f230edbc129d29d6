"""A manager interface that logs anybody in and then sends events.

``python -m tests.bench.sender COUNT`` sends them as fast as they go; with ``--rate RATE``, so many
a second, one by one, each with the moment at which it was sent as its Timestamp.
"""

from __future__ import annotations

import argparse
import random
import re
import socket
import time

KINDS = {
    "Newexten": ("Extension: 240", "Application: Dial", "AppData: PJSIP/240,30,tT"),
    "VarSet": ("Variable: DIALSTATUS", "Value: ANSWER"),
    "Newstate": (),
    "NewConnectedLine": (),
    "DialBegin": (
        "DestChannel: PJSIP/240-{n:08x}",
        "DestChannelState: 0",
        "DestUniqueid: 1763877600.{n}",
        "DestLinkedid: 1763877600.{n}",
        "DialString: 240",
    ),
    "BridgeEnter": (
        "BridgeUniqueid: 9c7fb1e5-8b1c-4f6d-9d9e-{n:012x}",
        "BridgeType: basic",
        "BridgeTechnology: simple_bridge",
        "BridgeNumChannels: 2",
    ),
    "Hangup": ("Cause: 16", "Cause-txt: Normal Clearing"),
    "UserEvent": ("UserEvent: Call", "Source: 100", "Value: Door", "Destination: Office"),
}
CHANNEL = (
    "Channel: PJSIP/2222-{n:08x}",
    "ChannelState: 6",
    "ChannelStateDesc: Up",
    "CallerIDNum: 2222",
    "CallerIDName: Office",
    "ConnectedLineNum: <unknown>",
    "ConnectedLineName: <unknown>",
    "Language: en",
    "AccountCode: ",
    "Context: phones",
    "Exten: 240",
    "Priority: {priority}",
    "Uniqueid: 1763877600.{n}",
    "Linkedid: 1763877600.{n}",
)


def events(count: int, first: int = 0) -> bytes:
    """Return so many events of 15 to 25 headers, of the kinds that calls are made of."""
    random.seed(2222 + first)
    names = list(KINDS)
    parts = []
    for number in range(first, first + count):
        name = names[number % len(names)]
        lines = (
            f"Event: {name}",
            "Privilege: call,all",
            f"Timestamp: {1763877600 + number / 10_000:.6f}",
            *CHANNEL,
            *KINDS[name],
        )
        text = "\r\n".join(lines).format(n=number // 24, priority=random.randint(1, 9))
        parts.append(f"{text}\r\n\r\n")
    return "".join(parts).encode()


def main() -> None:
    """Serve one client after another; the first line printed is the port."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("count", type=int)
    arguments.add_argument("--rate", type=float, default=0.0)
    given = arguments.parse_args()
    data = events(given.count)
    with socket.create_server(("127.0.0.1", 0)) as server:
        print(server.getsockname()[1], flush=True)
        while True:
            client, _ = server.accept()
            with client:
                client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                serve(client, data, given.rate)


def serve(client: socket.socket, data: bytes, rate: float) -> None:
    """Answer the login, and every later action; the events start with an action Flood."""
    client.sendall(b"Asterisk Call Manager/11.0.0\r\n")
    rest = b""
    while block := client.recv(65536):
        rest += block
        while b"\r\n\r\n" in rest:
            action, _, rest = rest.partition(b"\r\n\r\n")
            lines = dict(line.split(b": ", 1) for line in action.split(b"\r\n") if b": " in line)
            headers = {key.lower(): value for key, value in lines.items()}
            answer = b"Response: Success\r\nActionID: %s\r\nChallenge: 1\r\n\r\n"
            try:
                client.sendall(answer % headers.get(b"actionid", b""))
                if headers.get(b"action", b"").lower() != b"flood":
                    continue
                if rate:
                    one_by_one(client, data, rate)
                else:
                    client.sendall(data)
            except OSError:
                return


def one_by_one(client: socket.socket, data: bytes, rate: float) -> None:
    """Send so many events a second, as Asterisk does: each when it happens."""
    parts = [re.split(rb"(?<=Timestamp: )\S+", event) for event in data.split(b"\r\n\r\n")[:-1]]
    began = time.perf_counter()
    for number, (before, behind) in enumerate(parts):
        time.sleep(max(0.0, began + number / rate - time.perf_counter()))
        client.sendall(b"%s%.6f%s\r\n\r\n" % (before, time.time(), behind))


if __name__ == "__main__":
    main()
