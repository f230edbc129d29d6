#!/usr/bin/env bash
# Asterisk 16.28.0 and 22.10.1: a header that is repeated in the dialplan's UserEvent() is sent once, with its last
# value. The manager's action UserEvent sends both.
# A header that the channel has already, such as Exten, is sent twice by the application, the channel's own
# first; so a reader who keeps the last of two has the dialplan's text for the channel's extension.
# Fails if any of this changes.
set -euo pipefail
source "$(dirname "$0")/asterisk.bash"
for version in 16 22; do
    asterisk_fetch "$version"
    asterisk_conf extensions.conf <<'CONF'
[calls]
exten => ring,1,UserEvent(Door,Bell: front,Bell: back,Exten: gate)
 same => n,Wait(1)
CONF
    asterisk_start
    asterisk_python <<'PY'
from ami import Manager

manager = Manager()
manager.send("Originate", Channel="Local/ring@calls", Application="Wait", Data="1", Async="true")
manager.until("UserEvent")
application = manager.raw[manager.place - 1].decode().split("\r\n")
manager.socket.sendall(b"Action: UserEvent\r\nUserEvent: Door\r\nBell: front\r\nBell: back\r\n\r\n")
manager.until("UserEvent")
action = manager.raw[manager.place - 1].decode().split("\r\n")
print(application, action, sep="\n")
assert [line for line in application if line.startswith("Bell")] == ["Bell: back"]
assert [line for line in application if line.startswith("Exten")] == ["Exten: ring", "Exten: gate"]
assert [line for line in action if line.startswith("Bell")] == ["Bell: front", "Bell: back"]
PY
done
