#!/usr/bin/env bash
# Asterisk 16.28.0 and 22.10.1: the manager interface has no one way to say that something does not exist, and none
# to say that there is nothing. MailboxCount of a mailbox that no file names is a Success with 0 messages, like that
# of an empty mailbox; QueueStatus of a queue that there is not is a Success and a list of 0, VoicemailUserStatus
# a Success whose Message says that there is no such user, and no list follows. But a list of 0 conferences is an
# Error ("No active conferences."), while one of 0 parked calls is a Success. A misspelt name so looks like a
# quiet day, and a quiet day like a failure. Fails if any of this changes.
set -euo pipefail
source "$(dirname "$0")/asterisk.bash"
for version in 16 22; do
    asterisk_fetch "$version"
    asterisk_conf queues.conf <<<$'[general]\n[desk]'
    asterisk_conf voicemail.conf <<<$'[general]\nformat = wav\n[default]\n22 => 1234,Office'
    for file in confbridge res_parking; do
        asterisk_conf $file.conf <<<'[general]'
    done
    asterisk_start
    asterisk_python <<'PY'
from ami import Manager

manager = Manager()


def answer(action, **headers):
    """What comes before the answer to a Ping that is sent behind the action."""
    number, ping = manager.send(action, **headers), manager.send("Ping")
    place = len(manager.heard)
    while manager.hear().get("ActionID") != ping:
        pass
    told = [one for one in manager.heard[place:] if one.get("ActionID") == number]
    words = ("Response", "Message", "NewMessages", "ListItems")
    found = [one[word].strip() for one in told for word in words if word in one]
    print(action, headers, found)
    return found


assert answer("MailboxCount", Mailbox="22@default") == ["Success", "Mailbox Message Count", "0"]
assert answer("MailboxCount", Mailbox="222@defalut") == ["Success", "Mailbox Message Count", "0"]
assert answer("QueueStatus", Queue="dekc") == ["Success", "Queue status will follow", "0"]
assert answer("VoicemailUserStatus", Context="default", Mailbox="222") == [
    "Success",
    "There is no voicemail user of the given info.",
]
assert answer("ParkedCalls") == ["Success", "Parked calls will follow", "0"]
assert answer("ConfbridgeListRooms") == ["Error", "No active conferences."]
PY
done
