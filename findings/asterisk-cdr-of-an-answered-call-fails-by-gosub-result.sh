#!/usr/bin/env bash
# Asterisk 16.28.0 and 22.10.1: `Dial(…,U(ask))` runs a subroutine on whoever answers, and GOSUB_RESULT=CONTINUE sends
# the caller on in the dialplan. The dialplan's DIALSTATUS is ANSWER then, and DialEnd says CONTINUE, while the CDR of
# the attempt says FAILED, with no answer and 0 seconds billed, as if the line were broken. The same
# subroutine without GOSUB_RESULT gives ANSWERED. A menu that asks "do you take this call?" so fills a
# report with failures of the trunk. Fails if any of this changes.
set -euo pipefail
source "$(dirname "$0")/asterisk.bash"
for version in 16 22; do
    asterisk_fetch "$version"
    asterisk_conf cdr.conf <<<$'[general]\nenable = yes'
    asterisk_conf cdr_manager.conf <<<$'[general]\nenabled = yes'
    asterisk_conf extensions.conf <<'CONF'
[calls]
exten => declines,1,Dial(Local/phone@calls/n,,U(ask^CONTINUE))
 same => n,UserEvent(Dialled,Status: ${DIALSTATUS})
exten => accepts,1,Dial(Local/phone@calls/n,,U(ask^))
exten => phone,1,Answer()
 same => n,Wait(2.5)
[ask]
exten => s,1,Wait(1)
 same => n,Set(GOSUB_RESULT=${ARG1})
 same => n,Return()
CONF
    asterisk_start
    asterisk_python <<'PY'
from ami import Manager

manager = Manager()


def record(extension):
    """The CDR of the attempt to reach the telephone."""
    manager.send("Originate", Channel=f"Local/{extension}@calls/n", Application="Wait", Data="60", Async="true")
    while True:
        cdr = manager.until("Cdr")
        if cdr["LastApplication"] == "Dial":
            return [cdr[name] for name in ("Destination", "Disposition", "AnswerTime", "BillableSeconds")]


accepted = record("accepts")
declined = record("declines")
if not manager.events("UserEvent"):
    manager.until("UserEvent", UserEvent="Dialled")
(dialled,) = manager.events("UserEvent")
ended = [one["DialStatus"] for one in manager.events("DialEnd") if "phone@calls" in one["DestChannel"]]
print(accepted, declined, dialled["Status"], ended, sep="\n")
assert accepted[:2] == ["accepts", "ANSWERED"] and accepted[2]
assert declined == ["declines", "FAILED", "", "0"]
assert dialled["Status"] == "ANSWER"
assert ended == ["ANSWER", "CONTINUE"]
PY
done
