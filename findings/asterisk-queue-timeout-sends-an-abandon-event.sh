#!/usr/bin/env bash
# Asterisk 16.28.0 and 22.10.1: QueueCallerAbandon does not mean that a caller gave up. A caller whom Queue() lets
# go after its timeout has that event, too, and then goes on in the dialplan; queue_log calls the same
# EXITWITHTIMEOUT. So has a caller whom a manager took out by QueueWithdrawCaller (WITHDRAW in queue_log). That
# action says "Withdraw requested successfully" at once, and acts only when the member's ring cycle of 3 seconds
# is over: AgentRingNoAnswer comes before it. Counting these events counts three callers as lost; the log
# has one ABANDON. Fails if any of this changes.
set -euo pipefail
source "$(dirname "$0")/asterisk.bash"
for version in 16 22; do
    asterisk_fetch "$version"
    asterisk_conf queues.conf <<'CONF'
[general]
[desk]
timeout = 3
retry = 1
member => Local/ring@calls/n
CONF
    asterisk_conf extensions.conf <<'CONF'
[calls]
exten => ring,1,Ringing()
 same => n,Wait(60)
exten => brief,1,Answer()
 same => n,Queue(desk,,,,2)
 same => n,UserEvent(Onward,Status: ${QUEUESTATUS})
exten => long,1,Answer()
 same => n,Queue(desk)
 same => n,UserEvent(Onward,Status: ${QUEUESTATUS})
CONF
    asterisk_start
    asterisk_python <<'PY'
import os
from ami import Manager

manager = Manager()


def waits(extension):
    manager.send("Originate", Channel=f"Local/{extension}@calls/n", Application="Wait", Data="60", Async="true")
    channel = manager.until("QueueCallerJoin")["Channel"]
    manager.until("AgentCalled")
    return channel


def left(channel):
    """How the caller left the queue, and what he came to."""
    manager.until("QueueCallerLeave", Channel=channel)
    manager.until("Hangup", Channel=channel)
    told = manager.events("AgentRingNoAnswer", "QueueCallerAbandon", "QueueCallerLeave", "UserEvent")
    return [one["Event"] + one.get("Status", "") for one in told if one["Channel"] == channel]


timed_out = left(waits("brief"))
channel = waits("long")
answer = manager.ask("QueueWithdrawCaller", Queue="desk", Caller=channel)
withdrawn = left(channel)
channel = waits("long")
manager.ask("Hangup", Channel=channel)
given_up = left(channel)
print("timed out", timed_out, "withdrawn", withdrawn, "given up", given_up, sep="\n  ")
for line in open(os.environ["ASTERISK_RUN"] + "/log/queue_log"):
    print(line, end="")
log = [line.split("|")[4] for line in open(os.environ["ASTERISK_RUN"] + "/log/queue_log")]
assert timed_out == ["AgentRingNoAnswer", "QueueCallerAbandon", "QueueCallerLeave", "UserEventTIMEOUT"]
assert answer["Message"] == "Withdraw requested successfully"
assert withdrawn == ["AgentRingNoAnswer", "QueueCallerAbandon", "QueueCallerLeave", "UserEventWITHDRAW"]
assert given_up == ["QueueCallerAbandon", "QueueCallerLeave"]
assert [log.count(one) for one in ("EXITWITHTIMEOUT", "WITHDRAW", "ABANDON")] == [1, 1, 1]
PY
done
