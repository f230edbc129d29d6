#!/usr/bin/env bash
# Asterisk 16.28.0 and 22.10.1: 100 calls 200, and 300 picks the call up by PickupChan. One of the records says that
# 200, whose telephone only rang, called the extension `pick` and was not answered: the two channels change places, and
# the record goes with the place. 300, who dialled `pick`, has no record of a call as caller under his
# channel. And what the dialplan has put into CDR(userfield) of 100 and of 300 is one text in the record of
# the talk, "caller;picker". Fails if any of this changes.
set -euo pipefail
source "$(dirname "$0")/asterisk.bash"
for version in 16 22; do
    asterisk_fetch "$version"
    asterisk_conf cdr.conf <<<$'[general]\nenable = yes\nunanswered = yes'
    asterisk_conf cdr_manager.conf <<<$'[general]\nenabled = yes'
    asterisk_conf extensions.conf <<'CONF'
[calls]
exten => 200,1,Set(CDR(userfield)=caller)
 same => n,Dial(Local/ring@phones/n)
exten => pick,1,Set(CDR(userfield)=picker)
 same => n,PickupChan(${RINGING})
[phones]
exten => ring,1,Ringing()
 same => n,Wait(60)
CONF
    asterisk_start
    asterisk_python <<'PY'
import time
from ami import Manager

manager = Manager()


def calls(number, extension, variable="A=b"):
    channel = f"Local/{extension}@calls/n"
    manager.send("Originate", Channel=channel, CallerID=number, Variable=variable, Application="Wait", Data="60",
                 Async="true")


calls("100", "200")
while not (ringing := manager.until("DialBegin")).get("Channel"):
    pass
caller, telephone = ringing["Channel"], ringing["DestChannel"]
while not [one for one in manager.list("CoreShowChannels") if one["Channel"] == telephone and one["ChannelState"] == "5"]:
    time.sleep(0.1)
calls("300", "pick", f"__RINGING={telephone}")
picker = manager.until("Pickup")["Channel"]
while len([one for one in manager.list("CoreShowChannels") if one["BridgeId"]]) < 2:
    time.sleep(0.1)
manager.ask("Hangup", Channel=caller)
# A record a channel, and a second one of who called: he was dialled for twice.
while len(manager.events("Cdr")) < 6:
    manager.hear()
while manager.list("CoreShowChannels"):
    time.sleep(0.1)
found = {}
for one in manager.events("Cdr"):
    told = [one[name] for name in ("Source", "Destination", "Disposition", "UserField")]
    print(one["Channel"], one["DestinationChannel"], told)
    found.setdefault(one["Channel"], []).append(told)
assert found[telephone] == [["200", "pick", "NO ANSWER", ""]]
assert ["100", "200", "ANSWERED", "caller;picker"] in found[caller]
assert picker not in found
PY
done
