#!/usr/bin/env bash
# Asterisk 16.28.0 and 22.10.1: members that QueueAdd has put into a queue are kept over a restart
# (`persistentmembers = yes`) in one entry of the database, where `;` parts the fields of a member and `|` the
# members, and nothing is escaped. QueueAdd takes both in a name. After a restart the member "Ann; office" is
# "Ann", and the device whose state counts is " office", which is invalid (status 4), so that nobody rings her.
# "Bob | door" is two members: "Bob ", whose own device no longer counts, and one whom nobody added, with the
# name "0" and the telephone " door". Fails if any of this changes.
set -euo pipefail
source "$(dirname "$0")/asterisk.bash"
for version in 16 22; do
    asterisk_fetch "$version"
    asterisk_conf queues.conf <<'CONF'
[general]
persistentmembers = yes
[desk]
strategy = ringall
CONF
    asterisk_conf extensions.conf <<'CONF'
[calls]
exten => ann,1,Wait(1)
exten => bob,1,Wait(1)
CONF
    asterisk_start
    asterisk_python <<'PY'
from ami import Manager

manager = Manager()
manager.ask("Setvar", Variable="DEVICE_STATE(Custom:free)", Value="NOT_INUSE")
for name, interface in (("Ann; office", "Local/ann@calls/n"), ("Bob | door", "Local/bob@calls/n")):
    answer = manager.ask("QueueAdd", Queue="desk", Interface=interface, MemberName=name, StateInterface="Custom:free")
    assert answer["Response"] == "Success", answer
members = [one for one in manager.list("QueueStatus") if one["Event"] == "QueueMember"]
found = sorted(tuple(one[name] for name in ("Name", "Location", "StateInterface", "Status")) for one in members)
print("before", *found, sep="\n  ")
assert found == [
    ("Ann; office", "Local/ann@calls/n", "Custom:free", "1"),
    ("Bob | door", "Local/bob@calls/n", "Custom:free", "1"),
]
PY
    asterisk_cli 'database show Queue'
    asterisk_stop
    asterisk_start
    asterisk_python <<'PY'
from ami import Manager

members = [one for one in Manager().list("QueueStatus") if one["Event"] == "QueueMember"]
found = sorted(tuple(one[name] for name in ("Name", "Location", "StateInterface", "Status")) for one in members)
print("after the restart", *found, sep="\n  ")
assert found == [
    ("0", " door", " door", "4"),
    ("Ann", "Local/ann@calls/n", " office", "4"),
    ("Bob ", "Local/bob@calls/n", "Local/bob@calls/n", "1"),
]
PY
done
