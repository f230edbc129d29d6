"""Spells the names of headers as Asterisk does: an archive has them in lower case.

The case matters only for `Message.headers`, since messages find headers in any case.
"""

from __future__ import annotations

from functools import lru_cache

_CHANNEL = (
    "Channel ChannelState ChannelStateDesc CallerIDNum CallerIDName ConnectedLineNum "
    "ConnectedLineName Language AccountCode Context Exten Priority Uniqueid Linkedid"
)
_BRIDGE = (
    "BridgeUniqueid BridgeType BridgeTechnology BridgeCreator BridgeName BridgeNumChannels "
    "BridgeVideoSourceMode"
)
_OTHERS = (
    "Event Privilege Timestamp SequenceNumber SystemName ActionID EventList ListItems Response "
    "Message Reason Missing Seconds Application AppData Data Cause Cause-txt TechCause DialStatus "
    "DialString Forward Variable Value Device State Status Queue Interface StateInterface "
    "MemberName Membership Penalty CallsTaken LastCall LastPause LoginTime InCall Paused "
    "PausedReason Ringinuse WrapupTime Location Name Position OriginalPosition Count HoldTime "
    "TalkTime RingTime Wait Max Strategy Calls Holdtime Completed Abandoned ServiceLevel "
    "ServicelevelPerf ServicelevelPerf2 Weight Mailbox VoiceMailbox VMContext Fullname Email "
    "NewMessageCount OldMessageCount NewMessages OldMessages UrgMessages Waiting New Old Urgent "
    "UserEvent Source Destination Conference Parties Marked Locked Muted Talking Admin "
    "TalkingStatus ObjectType ObjectName Transport Aor Auths OutboundAuths Contacts DeviceState "
    "ActiveChannels Hint StatusText URI Endpoint EndpointName ContactStatus AOR Contact "
    "RoundtripUsec Peer PeerStatus ChannelType Channeltype Time Username Domain Host ClientUri "
    "ServerUri ServerState NextReg ParkerDialString Parkinglot ParkingSpace ParkingTimeout "
    "ParkingDuration Newname OldAccountCode CID-CallingPres Response OriginateResponse "
    "Disposition StartTime AnswerTime EndTime Duration BillableSeconds AMAFlags LastApplication "
    "LastData CallerID DestinationChannel DestinationContext UserField Family Key Val Result "
    "IsExternal Uptime LastReload Agent Id Success Extension MusicClass File DestType BridgeId "
    "Channels Total Type SwapUniqueid LocalOptimization After At Snapshot Digit DurationMs"
)
_PREFIXES = (
    "Dest Source LocalOne LocalTwo OrigTransferer SecondTransferer Transferer Transferee "
    "TransferTarget Target Parkee Retriever Orig Second To From Spyer Spyee Chanspy"
)
_DEST = ("DestUniqueid", "DestLinkedid", "DestAccountCode", "DestExten", "DestContext")


def _known() -> dict[str, str]:
    words = [*_OTHERS.split(), *_CHANNEL.split(), *_BRIDGE.split(), *_DEST]
    for prefix in _PREFIXES.split():
        words += [f"{prefix}{name}" for name in (*_CHANNEL.split(), *_BRIDGE.split())]
    return {word.lower(): word for word in reversed(words)}


_KNOWN = _known()


@lru_cache(maxsize=4096)
def spelled(name: str) -> str:
    """Return a header as Asterisk spells it; an unknown one begins with a capital letter.

    >>> spelled("connectedlinenum"), spelled("header_channel"), spelled("door")
    ('ConnectedLineNum', 'header_Channel', 'Door')
    """
    if name.startswith("header_"):
        return f"header_{spelled(name.removeprefix('header_'))}"
    return _KNOWN.get(name) or name[:1].upper() + name[1:]
