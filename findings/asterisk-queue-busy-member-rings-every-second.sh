#!/usr/bin/env bash
# Asterisk 16.28.0 and 22.10.1: a member of a queue who is busy is logged as one who let it ring: RINGNOANSWER with
# 0 ms in queue_log, and the event AgentRingNoAnswer, right behind a DialEnd that says BUSY. The queue calls
# again after `retry` seconds however long `timeout` is, so one caller who waits for 6 seconds leaves 6 refused
# calls behind an agent who only talked to somebody else; one who lets it ring has a single one in the same time.
# Fails if any of this changes.
set -euo pipefail
source "$(dirname "$0")/asterisk.bash"
for version in 16 22; do
    asterisk_fetch "$version"
    asterisk_conf queues.conf <<'CONF'
[general]
[busy]
timeout = 30
retry = 1
member => Local/busy@calls/n
[idle]
timeout = 30
retry = 1
member => Local/ring@calls/n
CONF
    asterisk_conf extensions.conf <<'CONF'
[calls]
exten => _[bi]X,1,Answer()
 same => n,Queue(${IF($["${EXTEN:0:1}" = "b"]?busy:idle)},,,,${EXTEN:1})
exten => busy,1,Busy()
exten => ring,1,Ringing()
 same => n,Wait(60)
CONF
    asterisk_start
    asterisk_python <<'PY'
import os
from ami import Manager

manager = Manager()


def attempts(extension):
    """How the calls to the member ended while somebody waited."""
    place = len(manager.heard)
    manager.send("Originate", Channel=f"Local/{extension}@calls/n", Application="Wait", Data="60", Async="true")
    caller = manager.until("QueueCallerJoin")["Channel"]
    manager.until("QueueCallerLeave", Channel=caller)
    told = [one for one in manager.heard[place:] if one.get("Event") in ("DialEnd", "AgentRingNoAnswer")]
    return [one.get("DialStatus", "RingNoAnswer") for one in told if one.get("Channel") == caller]


busy, idle = attempts("b6"), attempts("i6")
print(busy, idle, sep="\n")
log = [line.rstrip().split("|") for line in open(os.environ["ASTERISK_RUN"] + "/log/queue_log")]
log = [(line[2], line[5]) for line in log if line[4] == "RINGNOANSWER"]
print(log)
# A machine that has much else to do may be late by a second or two.
assert busy == ["BUSY", "RingNoAnswer"] * (len(busy) // 2) and 4 <= len(busy) // 2 <= 7
assert idle == ["RingNoAnswer", "NOANSWER", "CANCEL"]
assert [queue for queue, _ in log] == ["busy"] * (len(busy) // 2) + ["idle"]
# Under a tenth of a second, and the whole wait.
assert all(int(ring) < 100 for queue, ring in log[:-1]) and int(log[-1][1]) > 5000
PY
done
