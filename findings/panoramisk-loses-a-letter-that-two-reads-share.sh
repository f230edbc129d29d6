#!/usr/bin/env bash
# panoramisk 1.4: what comes from Asterisk is decoded read by read, and what cannot be decoded is left out. A letter of
# two bytes or more whose bytes come in two reads therefore vanishes without a trace: the name "Jörg Müller" is
# "Jörg Mller" if a read ends within the ü, and whole if it ends anywhere else. How bytes are parted into
# reads is the network's business, so the same call shows either name. Fails if that changes.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check panoramisk==1.4
"$place/venv/bin/python" - <<'PY'
import asyncio
from collections import Counter

from panoramisk import Manager

event = "Event: Newchannel\r\nCallerIDName: Jörg Müller\r\nCallerIDNum: 240\r\n\r\n".encode()


async def names():
    """The caller's name, with the event parted into two reads at each place."""
    found = []
    for end in range(1, len(event)):
        heard = []
        manager = Manager(loop=asyncio.get_running_loop())
        manager.register_event("Newchannel", lambda manager, one: heard.append(one.CallerIDName))
        # What asyncio does with a connection, without a network that parts the bytes as it likes.
        protocol = manager.config["protocol_factory"]()
        protocol.connection_made(None)
        protocol.factory, protocol.encoding = manager, manager.config["encoding"]
        protocol.data_received(event[:end])
        protocol.data_received(event[end:])
        found += heard
    return found


found = Counter(asyncio.run(names()))
print(found)
assert found == {"Jörg Müller": len(event) - 3, "Jörg Mller": 1, "Jrg Müller": 1}
PY
