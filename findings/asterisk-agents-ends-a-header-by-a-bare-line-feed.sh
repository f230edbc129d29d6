#!/usr/bin/env bash
# Asterisk 16.28.0 and 22.10.1: each line of the manager interface ends in CR LF, but one: in the Agents event of an
# agent who is in a call, the header CallStarted ends in a bare LF. Who splits at CR LF reads one header
# CallStarted with the value "1795932270\nLoggedInTime: 1795932262", and no LoggedInTime, for just those agents.
# Fails if that changes.
set -euo pipefail
source "$(dirname "$0")/asterisk.bash"
for version in 16 22; do
    asterisk_fetch "$version"
    asterisk_conf agents.conf <<<$'[81]\nfullname = Nora'
    asterisk_conf extensions.conf <<'CONF'
[calls]
exten => desk,1,AgentLogin(81,s)
exten => ask,1,Answer()
 same => n(again),AgentRequest(81)
 same => n,Wait(0.5)
 same => n,Goto(again)
exten => stay,1,Answer()
 same => n,Wait(120)
CONF
    asterisk_start
    asterisk_python <<'PY'
import time
from ami import Manager

manager = Manager()


def agent():
    """The Agents event, as it came."""
    place = len(manager.heard)
    manager.list("Agents")
    (raw,) = [raw for raw in manager.raw[place:] if raw.startswith(b"Event: Agents\r\n")]
    return raw


manager.send("Originate", Channel="Local/stay@calls/n", Context="calls", Exten="desk", Priority="1", Async="true")
manager.until("AgentLogin")
idle = agent()
# An agent who has just come is busy for some seconds: the caller asks again.
manager.send("Originate", Channel="Local/ask@calls/n", Application="Wait", Data="120", Async="true")
while b"AGENT_ONCALL" not in (busy := agent()):
    time.sleep(0.1)
for raw in (idle, busy):
    print(raw[:160])
    print("bare line feeds:", raw.count(b"\n") - raw.count(b"\r\n"))
assert b"\r\nLoggedInTime: " in idle and idle.count(b"\n") == idle.count(b"\r\n")
(started,) = [line for line in busy.split(b"\r\n") if line.startswith(b"CallStarted: ")]
assert b"\nLoggedInTime: " in started
assert busy.count(b"\n") - busy.count(b"\r\n") == 1
PY
done
