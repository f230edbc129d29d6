"""The kind of each known column: harmless, a number, a name, a device. All others are left out."""

from __future__ import annotations

import re

from ast_notebook.anonymize.pseudonyms import OWN_ID
from ast_notebook.anonymize.words import words

#: The kinds that become pseudonyms; each is the name of a method of `Pseudonyms`.
OF, PARTY, DEVICE, DEVICES = "of", "party", "device", "devices"
CHANNEL, MAILBOX, CALLER, ID = "channel", "mailbox", "caller", "id_of"
#: Harmless as it stands.
KEEP = "keep"
#: Words and small numbers of Asterisk's own; `form_of` tells which.
WORD = "word"
#: Known in some rows only; `Anonymizer` decides in which.
SOME = "some"

#: Headers of a channel in most events, perhaps with one of `_ROLES` before the name.
_SNAPSHOT = {
    "channel": CHANNEL,
    "channelstate": KEEP,
    "channelstatedesc": KEEP,
    "calleridnum": OF,
    "calleridname": OF,
    "connectedlinenum": OF,
    "connectedlinename": OF,
    "language": KEEP,
    "accountcode": OF,
    "context": KEEP,
    "exten": OF,
    "priority": KEEP,
    "uniqueid": ID,
    "linkedid": ID,
}
_ROLES = (
    "dest|destination|source|localone|localtwo|parkee|parker|retriever|transferer|transferee|origtransferer"
    "|secondtransferer|transfertarget|target|spyer|spyee"
)
_OF_CHANNEL = re.compile(rf"(?:{_ROLES})?({'|'.join(_SNAPSHOT)})")
_OF_BRIDGE = re.compile(r"[a-z]*bridge(uniqueid|id|type|technology|numchannels|creator)")
_KINDS_OF_BRIDGE = {"uniqueid": ID, "id": ID, "creator": WORD}
_OF_RTCP = re.compile(r"report\d+[a-z]+")

_HARMLESS = words(
    # ours
    "received time server event received_us time_us recorder day seconds missing since bytes "
    # all events, and those of calls
    "timestamp privilege userevent application lastapplication cause cause-txt state "
    "reason disposition amaflags starttime answertime endtime "
    "duration billableseconds destinationcontext direction transfertype isexternal "
    "eventtime class musicclass techcause desttype success "
    # queues, agents, conferences, parking
    "queue position originalposition count holdtime talktime ringtime wait callstaken penalty "
    "paused pausedreason lastpause lastcall lastpausetime incall ringinuse membership logintime "
    "wrapuptime abandoned completed calls max strategy weight servicelevel servicelevelperf "
    "servicelevelperf2 muted admin parkinglot parkingspace parkingtimeout parkingduration "
    # packets of media
    "ssrc pt sentntp sentrtp sentpackets sentoctets reportcount rtt mes nativeformats "
    # mailboxes, and the PBX itself
    "waiting new old urgent newmessages oldmessages urgentmessages uptime lastreload sequence"
)
_PERSONAL = {
    OF: (
        "membername agentname source destination extension callerid1 callerid2 dnid rdnis ani "
        "oldaccountcode endpointname objectname accountid conference"
    ),
    PARTY: "agent name",
    DEVICE: "device interface stateinterface location member peer forward parkerdialstring",
    DEVICES: "hint",
    MAILBOX: "mailbox",
    CALLER: "callerid clid",
    ID: "swapuniqueid",
    SOME: "appdata value variable",
    WORD: "dialstatus eventname response result status statustext",
}
_EVENTS = dict.fromkeys(_HARMLESS, KEEP) | {
    name: kind for kind, names in _PERSONAL.items() for name in words(names)
}

#: Headers of a UserEvent that stay besides pseudonyms; its other headers are a dialplan author's.
_OF_ALL = frozenset(
    words("received time server event privilege timestamp userevent uniqueid linkedid")
)
#: The name that a dialplan's author gave to an event: it has no digits, or only one at its end.
_NAMED = re.compile(r"[A-Za-z][A-Za-z_ .:-]{0,60}[0-9]?")
#: In an event without a channel, a dialplan sent these headers, and not Asterisk. Then a value
#: stays only if it has the form that is given here.
SHAPES = {
    "uniqueid": OWN_ID,
    "linkedid": OWN_ID,
    "timestamp": re.compile(r"[12]\d{9}(?:\.\d{1,6})?", re.ASCII),
    "userevent": _NAMED,
    "privilege": re.compile(r"[a-z,]{1,99}"),
}

#: Columns of calls, legs, queue calls, sessions and pauses.
_CALLS = dict.fromkeys(
    words(
        "server start answered end login logout ring wait talk hold billsec pdd seconds "
        "pauses paused direction disposition cause hangup_by queue transfers legs gap source local "
        "outcome position reason mos loss jitter rtt caller_kind dialled_kind "
        "reports packets loss_peak mes codec assumed "
        # of measures
        "first last tries attempts unknown returned how after first_calls repeated fcr undecided"
    ),
    KEEP,
) | {
    "channel": CHANNEL,
    "status": WORD,
    # A call without an id has a channel here; and whoever originates a call may choose its id.
    **dict.fromkeys(words("call leg dialled_by"), ID),
    **dict.fromkeys(
        words("caller dialled did answered_by agent number exten member returned_by"), PARTY
    ),
    **dict.fromkeys(words("caller_e164 dialled_e164 dialled_number"), PARTY),
    **dict.fromkeys(words("caller_name caller_contact dialled_contact name conference"), OF),
    **dict.fromkeys(words("caller_device answered_device trunk device interface"), DEVICE),
}

#: Variables whose values are words of Asterisk's own.
STATUSES = frozenset(
    words(
        "QUEUESTATUS DIALSTATUS VMSTATUS PARKINGSTATUS AGENTSTATUS PLAYBACKSTATUS CHANSPYSTATUS "
        "TRANSFERSTATUS RECORD_STATUS"
    )
)
#: Names of variables that Asterisk or a dialplan's author chose; other names may hold a channel.
VARIABLE = re.compile(r"[A-Z][A-Z_]{0,39}")
CAPITALS = re.compile(r"[A-Z_ ]{1,30}")
_ANY_WORD = re.compile(r"[A-Za-z<][A-Za-z_ &<>-]{0,40}|-?\d{1,3}", re.ASCII)
#: An AGI's result may have variables in it, so only the results of transfers and of AGIs stay.
_RESULT = re.compile(r"Success|Fail|Failure|Invalid|Not Permitted|-?\d{1,3}", re.ASCII)
#: By header: the form of its words, if that is another one. A dialplan's author may have given the
#: name of a CEL's event, as by CELGenUserEvent.
_FORMS = {"result": _RESULT, "eventname": re.compile(rf"3WAY_[A-Z]+|{_NAMED.pattern}")}


def of_event(name: str) -> str | None:
    """Return the kind of an event's header, by its name in lower case; None if it is unknown."""
    if name in _EVENTS:
        return _EVENTS[name]
    if found := _OF_CHANNEL.fullmatch(name):
        return _SNAPSHOT[found[1]]
    if found := _OF_BRIDGE.fullmatch(name):
        return _KINDS_OF_BRIDGE.get(found[1], KEEP)
    return KEEP if _OF_RTCP.fullmatch(name) else None


def form_of(name: str) -> re.Pattern[str]:
    """Return the pattern that the words of a header of the kind `WORD` must match."""
    return _FORMS.get(name, _ANY_WORD)


def of_call(name: str) -> str | None:
    """Return the kind of a column of calls, legs, queue calls and so on; None if unknown."""
    return _CALLS.get(name)


def is_asterisks(name: str) -> bool:
    """Tell whether a header of a UserEvent may be kept, whoever sent it.

    Asterisk sends such headers itself. Even if a dialplan sent them, they are harmless; the headers
    of the channel become pseudonyms.
    """
    return name in _OF_ALL or _SNAPSHOT.get(name, KEEP) != KEEP
