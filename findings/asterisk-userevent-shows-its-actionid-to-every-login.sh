#!/usr/bin/env bash
# Asterisk 16.28.0 and 22.10.1: the action UserEvent puts its own ActionID into the event, and so into what every other login
# hears. A client that takes whatever has an ActionID for an answer to itself drops these events, or gives them to
# an action of its own that happens to have the same ActionID: two clients that count 1, 2, 3 … do. Events of the
# dialplan's UserEvent have none. Fails if that changes.
set -euo pipefail
source "$(dirname "$0")/asterisk.bash"
for version in 16 22; do
    asterisk_fetch "$version"
    asterisk_conf extensions.conf <<'CONF'
[calls]
exten => say,1,UserEvent(Bell,Door: back)
CONF
    asterisk_start
    asterisk_python <<'PY'
from ami import Manager

one, other = Manager(), Manager()
number = one.send("UserEvent", UserEvent="Bell", Door="front")
front = other.until("UserEvent", Door="front")
one.send("Originate", Channel="Local/say@calls/n", Application="Wait", Data="1", Async="true")
back = other.until("UserEvent", Door="back")
print("by an action, as the other login hears it:", front)
print("by the dialplan:", back.get("ActionID"))
assert front["ActionID"] == number and "ActionID" not in back
PY
done
