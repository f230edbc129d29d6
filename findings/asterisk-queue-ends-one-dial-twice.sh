#!/usr/bin/env bash
# Asterisk 16.28.0 and 22.10.1: a queue that stops ringing a member sends DialEnd twice for one DialBegin, about the
# same two channels, and the two may differ: NOANSWER and then CANCEL for a member who let it ring until the
# queue's timeout, CANCEL twice for a member whose caller hung up. Dial() in the same place sends one. Whoever
# counts attempts by DialEnd, or keeps the last one, is wrong for queues alone. Fails if any of this changes.
set -euo pipefail
source "$(dirname "$0")/asterisk.bash"
for version in 16 22; do
    asterisk_fetch "$version"
    asterisk_conf queues.conf <<'CONF'
[general]
[desk]
timeout = 2
member => Local/ring@calls/n
CONF
    asterisk_conf extensions.conf <<'CONF'
[calls]
exten => ring,1,Ringing()
 same => n,Wait(60)
exten => queue,1,Answer()
 same => n,Queue(desk,,,,1)
exten => dial,1,Answer()
 same => n,Dial(Local/ring@calls/n,1)
CONF
    asterisk_start
    asterisk_python <<'PY'
from ami import Manager

manager = Manager()


def dialled(extension, hang_up=False):
    """The DialBegin and DialEnd of a call to whom the extension calls."""
    place = len(manager.heard)
    manager.send("Originate", Channel=f"Local/{extension}@calls/n", Application="Wait", Data="60", Async="true")
    while True:
        channel = manager.until("DialBegin").get("Channel")
        if channel:
            break
    if hang_up:
        manager.ask("Hangup", Channel=channel)
    manager.until("Hangup", Channel=channel)
    told = [one for one in manager.heard[place:] if one.get("Channel") == channel]
    return [one.get("DialStatus", "begins") for one in told if one.get("Event") in ("DialBegin", "DialEnd")]


found = dialled("queue"), dialled("queue", hang_up=True), dialled("dial"), dialled("dial", hang_up=True)
print(*found, sep="\n")
assert found == (
    ["begins", "NOANSWER", "CANCEL"],
    ["begins", "CANCEL", "CANCEL"],
    ["begins", "NOANSWER"],
    ["begins", "CANCEL"],
)
PY
done
