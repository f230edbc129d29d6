#!/usr/bin/env bash
# Asterisk 16.28.0 and 22.10.1: if a manager (or the command line) hangs up the channel of an agent who talks to a
# caller of a queue, AgentComplete says `Reason: caller` and queue_log says COMPLETECALLER, as if the caller had hung
# up. COMPLETEAGENT is written only if the agent's own side ends it, such as the far half of his Local channel
# here. Fails if any of this changes.
set -euo pipefail
source "$(dirname "$0")/asterisk.bash"
for version in 16 22; do
    asterisk_fetch "$version"
    asterisk_conf queues.conf <<'CONF'
[general]
[desk]
member => Local/agent@calls/n
CONF
    asterisk_conf extensions.conf <<'CONF'
[calls]
exten => agent,1,Answer()
 same => n,Wait(60)
exten => queue,1,Answer()
 same => n,Queue(desk)
CONF
    asterisk_start
    asterisk_python <<'PY'
import os
import time
from ami import Manager

manager = Manager()


def ended(side):
    """What is told of a talk in which that side's channel is hung up."""
    manager.send("Originate", Channel="Local/queue@calls/n", Application="Wait", Data="60", Async="true")
    talk = manager.until("AgentConnect")
    caller, agent = talk["Channel"], talk["DestChannel"]
    while len([one for one in manager.list("CoreShowChannels") if one["BridgeId"]]) < 2:
        time.sleep(0.1)
    # The half behind the agent's channel is the agent's own telephone.
    manager.ask("Hangup", Channel={"caller": caller, "agent": agent, "telephone": agent.replace(";1", ";2")}[side])
    reason = manager.until("AgentComplete")["Reason"]
    while manager.list("CoreShowChannels"):
        time.sleep(0.1)
    return side, reason


found = [ended(side) for side in ("caller", "agent", "telephone")]
log = [line.split("|")[4] for line in open(os.environ["ASTERISK_RUN"] + "/log/queue_log")]
log = [word for word in log if word.startswith("COMPLETE")]
print(found, log)
assert found == [("caller", "caller"), ("agent", "caller"), ("telephone", "agent")]
assert log == ["COMPLETECALLER", "COMPLETECALLER", "COMPLETEAGENT"]
PY
done
