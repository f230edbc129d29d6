#!/usr/bin/env bash
# pyst2 0.5.1: `Manager.send_action(Action="…", Header="…")`, without a dict, adds to one dict that all calls of all
# managers share. The second action so carries the headers of the first one, and its ActionID: here a Ping is sent
# with the Channel, Context, Exten and Priority of the Originate before it, and another manager, of another PBX,
# sends them, too. A dict of one's own is changed, and gets an ActionID that its second use repeats.
# Fails if any of this changes.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check pyst2==0.5.1
"$place/venv/bin/python" -W ignore - <<'PY'
import socket
import threading

from asterisk.manager import Manager

server = socket.create_server(("127.0.0.1", 0))
seen = []


def pbx():
    """Answer each action as Asterisk does, and keep what it was."""
    connection, _ = server.accept()
    stream = connection.makefile("rwb")
    stream.write(b"Asterisk Call Manager/11.0.0\r\n")
    stream.flush()
    action = {}
    for line in stream:
        name, colon, value = line.decode().strip().partition(": ")
        if colon:
            action[name] = value
            continue
        seen.append(action)
        stream.write(f"Response: Success\r\nActionID: {action['ActionID']}\r\n\r\n".encode())
        stream.flush()
        action = {}


managers = []
for _ in range(2):
    threading.Thread(target=pbx, daemon=True).start()
    managers.append(Manager())
    managers[-1].connect("127.0.0.1", server.getsockname()[1])
first, second = managers
first.send_action(Action="Originate", Channel="PJSIP/200", Context="phones", Exten="240", Priority="1")
first.send_action(Action="Ping")
second.send_action(Action="Ping")
own = {"Action": "Ping"}
second.send_action(own)
second.send_action(own)
print(*seen, sep="\n")
originate, ping, elsewhere, *twice = seen
assert {**originate, "Action": "Ping"} == ping == elsewhere
assert "Exten" in ping and "ActionID" in own
assert twice[0]["ActionID"] == twice[1]["ActionID"]
PY
