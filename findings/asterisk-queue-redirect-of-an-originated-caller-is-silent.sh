#!/usr/bin/env bash
# Asterisk 16.28.0 and 22.10.1: Originate may put a channel straight into an application, such as Queue. If that
# caller is redirected while he waits, no event tells that he left the queue: neither QueueCallerLeave nor
# QueueCallerAbandon comes, although QueueStatus no longer lists him, and he goes on elsewhere under his name.
# queue_log writes his ABANDON with another uniqueid than his, so that his ENTERQUEUE has no end. A caller who
# came to Queue by the dialplan has both events, and one uniqueid. Fails if any of this changes.
set -euo pipefail
source "$(dirname "$0")/asterisk.bash"
for version in 16 22; do
    asterisk_fetch "$version"
    asterisk_conf queues.conf <<'CONF'
[general]
[desk]
timeout = 60
member => Local/ring@calls/n
CONF
    asterisk_conf extensions.conf <<'CONF'
[calls]
exten => ring,1,Ringing()
 same => n,Wait(60)
exten => stay,1,Answer()
 same => n,Wait(60)
exten => queue,1,Answer()
 same => n,Queue(desk)
exten => onward,1,UserEvent(Onward)
 same => n,Wait(60)
CONF
    asterisk_start
    asterisk_python <<'PY'
import os
import time
from ami import Manager

manager = Manager()


def redirected(**how):
    """The events about the caller's place in the queue, and the uniqueids that queue_log has."""
    path = os.environ["ASTERISK_RUN"] + "/log/queue_log"
    place, lines = len(manager.heard), len(open(path).readlines())
    manager.send("Originate", Async="true", **how)
    caller = manager.until("QueueCallerJoin")
    manager.until("AgentCalled")
    manager.ask("Redirect", Channel=caller["Channel"], Context="calls", Exten="onward", Priority="1")
    manager.until("UserEvent", UserEvent="Onward", Uniqueid=caller["Uniqueid"])
    while [one for one in manager.list("QueueStatus") if one["Event"] == "QueueEntry"]:
        time.sleep(0.1)
    manager.ask("Hangup", Channel=caller["Channel"])
    manager.until("Hangup", Channel=caller["Channel"])
    while manager.list("CoreShowChannels"):
        time.sleep(0.1)
    told = [one["Event"] for one in manager.heard[place:] if one.get("Event", "").startswith("QueueCaller")]
    log = [line.split("|") for line in open(path).readlines()[lines:]]
    print(how, told, *log, sep="\n  ")
    enters, leaves = ({line[4]: line[1] for line in log}[word] for word in ("ENTERQUEUE", "ABANDON"))
    return told, enters == caller["Uniqueid"], leaves == caller["Uniqueid"]


by_dialplan = redirected(Channel="Local/queue@calls/n", Application="Wait", Data="60")
straight = redirected(Channel="Local/stay@calls/n", Application="Queue", Data="desk")
assert by_dialplan == (["QueueCallerJoin", "QueueCallerAbandon", "QueueCallerLeave"], True, True)
assert straight == (["QueueCallerJoin"], True, False)
PY
done
