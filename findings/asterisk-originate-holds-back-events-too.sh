#!/usr/bin/env bash
# Asterisk 16.28.0 and 22.10.1: Originate without `Async: true` answers when the call is answered, and until then
# that manager session is deaf and dumb. A Ping sent meanwhile is answered after it, and no event comes either,
# not even those of the call itself: they all come behind Originate's answer, whose dial began seconds before. A
# second session hears each of them at once. Whoever waits for DialBegin to cancel such a call waits in vain.
# Fails if any of this changes.
set -euo pipefail
source "$(dirname "$0")/asterisk.bash"
for version in 16 22; do
    asterisk_fetch "$version"
    asterisk_conf extensions.conf <<'CONF'
[calls]
exten => late,1,Ringing()
 same => n,Wait(3)
 same => n,Answer()
 same => n,Wait(60)
CONF
    asterisk_start
    asterisk_python <<'PY'
from ami import Manager

caller, other = Manager(), Manager()
place = len(caller.heard)
originate = caller.send("Originate", Channel="Local/late@calls/n", Application="Wait", Data="60", Timeout="30000")
ping = caller.send("Ping")
other.until("DialBegin")
while not [one for one in other.events("DialEnd") if one["DialStatus"] == "ANSWER"]:
    # The other session's own actions are answered all the while.
    assert other.ask("Ping")["Response"] == "Success"
while caller.hear().get("ActionID") != ping:
    pass
told = [one.get("Event") or f"Response {one['ActionID']}" for one in caller.heard[place:]]
told = [one for one in told if one in ("Newchannel", "DialBegin", "DialEnd") or one.startswith("Response")]
print(told)
assert told[0] == f"Response {originate}"
assert told[-1] == f"Response {ping}"
assert "DialBegin" in told
PY
done
