#!/usr/bin/env bash
# Asterisk 16.28.0 and 22.10.1: queue_log has one column for the agent, and two names in it. ADDMEMBER and
# REMOVEMEMBER write the member's interface, CONNECT, PAUSE and the rest his name, and no line has both; so an
# agent's time at work and his calls do not join. A pause in all queues at once (QueuePause without a queue) is one
# PAUSEALL, whose queue is NONE, and a PAUSE for each queue besides: adding up pauses counts the same one three
# times for a member of two queues. Fails if any of this changes.
set -euo pipefail
source "$(dirname "$0")/asterisk.bash"
for version in 16 22; do
    asterisk_fetch "$version"
    asterisk_conf queues.conf <<<$'[general]\n[desk]\n[door]'
    asterisk_conf extensions.conf <<'CONF'
[calls]
exten => ann,1,Answer()
 same => n,Wait(60)
exten => queue,1,Answer()
 same => n,Queue(desk)
CONF
    asterisk_start
    asterisk_python <<'PY'
import os
from ami import Manager

manager, ann = Manager(), "Local/ann@calls/n"
for queue in ("desk", "door"):
    assert manager.ask("QueueAdd", Queue=queue, Interface=ann, MemberName="Ann")["Response"] == "Success"
manager.send("Originate", Channel="Local/queue@calls/n", Application="Wait", Data="60", Async="true")
manager.ask("Hangup", Channel=manager.until("AgentConnect")["Channel"])
manager.until("AgentComplete")
for paused in ("true", "false"):
    assert manager.ask("QueuePause", Interface=ann, Paused=paused)["Response"] == "Success"
for queue in ("desk", "door"):
    assert manager.ask("QueueRemove", Queue=queue, Interface=ann)["Response"] == "Success"
log = [line.rstrip().split("|") for line in open(os.environ["ASTERISK_RUN"] + "/log/queue_log")]
agents = [(line[2], line[3], line[4]) for line in log if line[3] != "NONE"]
print(*agents, sep="\n")
assert agents == [
    ("desk", ann, "ADDMEMBER"),
    ("door", ann, "ADDMEMBER"),
    ("desk", "Ann", "CONNECT"),
    ("desk", "Ann", "COMPLETECALLER"),
    ("NONE", "Ann", "PAUSEALL"),
    ("desk", "Ann", "PAUSE"),
    ("door", "Ann", "PAUSE"),
    ("NONE", "Ann", "UNPAUSEALL"),
    ("desk", "Ann", "UNPAUSE"),
    ("door", "Ann", "UNPAUSE"),
    ("desk", ann, "REMOVEMEMBER"),
    ("door", ann, "REMOVEMEMBER"),
]
PY
done
