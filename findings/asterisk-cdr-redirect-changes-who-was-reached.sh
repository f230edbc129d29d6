#!/usr/bin/env bash
# Asterisk 16.28.0 and 22.10.1: if a caller who talks is redirected by a manager, the CDR of the talk that is over by
# then is changed: its `dst` is the extension that he is redirected to, where nobody was reached yet. The number that
# he had dialled (and that billing wants) is in no record any more, neither in this one, whose dstchannel and lastdata
# are still the first telephone's, nor in the next one. Fails if any of this changes.
set -euo pipefail
source "$(dirname "$0")/asterisk.bash"
for version in 16 22; do
    asterisk_fetch "$version"
    asterisk_conf cdr.conf <<<$'[general]\nenable = yes'
    asterisk_conf cdr_manager.conf <<<$'[general]\nenabled = yes'
    asterisk_conf extensions.conf <<'CONF'
[calls]
exten => 100,1,Dial(Local/200@phones/n)
exten => 300,1,Answer()
 same => n,Wait(60)
[phones]
exten => 200,1,Answer()
 same => n,Wait(60)
CONF
    asterisk_start
    asterisk_python <<'PY'
import time
from ami import Manager

manager = Manager()
manager.send("Originate", Channel="Local/100@calls/n", Application="Wait", Data="60", Async="true")
while len(bridged := [one["Channel"] for one in manager.list("CoreShowChannels") if one["BridgeId"]]) < 2:
    time.sleep(0.1)
(caller,) = [channel for channel in bridged if channel.startswith("Local/100@")]
time.sleep(1.2)
manager.ask("Redirect", Channel=caller, Context="calls", Exten="300", Priority="1")
manager.until("Newexten", Channel=caller, Exten="300", Application="Wait")
manager.ask("Hangup", Channel=caller)
manager.until("Hangup", Channel=caller)
while manager.list("CoreShowChannels"):
    time.sleep(0.1)
manager.ask("UserEvent", UserEvent="End")
# The records come in their own time.
while len(found := [one for one in manager.events("Cdr") if one["Channel"] == caller]) < 2:
    manager.hear()
told = [(one["Destination"], one["DestinationChannel"].partition("-")[0], one["LastData"]) for one in found]
print(*told, sep="\n")
assert told == [("300", "Local/200@phones", "Local/200@phones/n"), ("300", "", "60")]
PY
done
