#!/usr/bin/env bash
# Asterisk 16.28.0 and 22.10.1: ConfbridgeMute and ConfbridgeUnmute take the first participant whose channel's name only
# begins with what is given as Channel: `Local/a@` mutes somebody, and so does the name of one telephone that begins
# another's. ConfbridgeKick, beside them, wants the whole name, and answers an error to the beginning of one.
# Fails if that changes.
set -euo pipefail
source "$(dirname "$0")/asterisk.bash"
for version in 16 22; do
    asterisk_fetch "$version"
    asterisk_conf confbridge.conf <<<''
    asterisk_conf extensions.conf <<'CONF'
[calls]
exten => _a!,1,Answer()
 same => n,ConfBridge(room)
exten => stay,1,Answer()
 same => n,Wait(120)
CONF
    asterisk_start
    asterisk_python <<'PY'
from ami import Manager

manager = Manager()
manager.send("Originate", Channel="Local/stay@calls/n", Context="calls", Exten="abc", Priority="1", Async="true")
name = manager.until("ConfbridgeJoin")["Channel"]
for given in (name[:-3], "No-such-channel", name):
    for action in ("ConfbridgeMute", "ConfbridgeUnmute", "ConfbridgeKick"):
        answer = manager.ask(action, Conference="room", Channel=given)
        print(action, given, "->", answer["Response"], answer["Message"])
        exact = action == "ConfbridgeKick"
        wanted = given == name or (name.startswith(given) and not exact)
        assert answer["Response"] == ("Success" if wanted else "Error")
PY
done
