#!/usr/bin/env bash
# Asterisk 16.28.0 and 22.10.1: if a manager's Bridge connects two calls, the two channels get one linkedid, the older
# one. Whoever is behind them does not follow: the far half of the younger Local channel keeps its own linkedid,
# so that the two halves of one Local channel (with `/n`) belong to different calls. Grouping by
# linkedid has neither all of the one call nor all of the other. Fails if any of this changes.
set -euo pipefail
source "$(dirname "$0")/asterisk.bash"
for version in 16 22; do
    asterisk_fetch "$version"
    asterisk_conf extensions.conf <<'CONF'
[calls]
exten => stay,1,Answer()
 same => n,Wait(120)
CONF
    asterisk_start
    asterisk_python <<'PY'
from ami import Manager

manager = Manager()
for _ in range(2):
    manager.send("Originate", Channel="Local/stay@calls/n", Application="Wait", Data="120", Async="true")
    manager.until("OriginateResponse", Response="Success")


def linkedids():
    return {one["Channel"]: one["Linkedid"] for one in manager.list("CoreShowChannels")}


before = linkedids()
first, first_far, second, second_far = sorted(before)
assert before[first] == before[first_far] != before[second] == before[second_far]
assert manager.ask("Bridge", Channel1=first, Channel2=second)["Response"] == "Success"
while len([one for one in manager.events("BridgeEnter") if one["BridgeNumChannels"] == "2"]) < 1:
    manager.hear()
after = linkedids()
for channel in sorted(after):
    print(channel, before[channel], "->", after[channel])
assert after == before | {second: before[first]}
PY
done
