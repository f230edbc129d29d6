"""Translates events of Asterisk up to 11 into those of 12, such as DialBegin and BridgeEnter."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ast_notebook.ami.legs import Headers, Leg, Legs, age

UNKNOWN = (
    "this PBX is an Asterisk up to 11: its events Dial, Bridge and Masquerade are translated into "
    "those of later versions. It does not report parked calls, recordings and transfers by feature "
    "codes, nor, without `eventwhencalled = yes`, whose telephone rings for a queue"
)
TOO_OLD = (
    "this PBX is an Asterisk up to 1.4, whose events are not understood: calls, queues and live "
    "state will be empty or wrong"
)

_SPELLED = {"uniqueid": "Uniqueid", "calleridnum": "CallerIDNum", "calleridname": "CallerIDName"}
# The dial status of a telephone that was called together with others, by its own hangup cause.
_STATUS_BY_CAUSE = {"17": "BUSY", "21": "BUSY", "34": "CONGESTION", "42": "CONGESTION"}
# Channels that Asterisk up to 11 makes for a moment during a transfer; 12 and later make none.
_INNER = ("AsyncGoto/", "Bridge/", "Parked/", "Transfered/")
_OWN_NAMES = {"Join": "QueueCallerJoin", "Leave": "QueueCallerLeave", "Newcallerid": "NewCallerid"}


def is_before_12(version: str) -> bool:
    """Tell whether the version of a manager interface is that of an Asterisk up to 11."""
    return version.partition(".")[0] in ("0", "1")


def what_is_unknown(version: str) -> str:
    """Say what cannot be known of an Asterisk up to 11; the text is empty for any later one."""
    if not is_before_12(version):
        return ""
    return TOO_OLD if version in ("0.1", "1.0") else UNKNOWN


class Before12:
    """Translates the events of an Asterisk up to 11 into those of a later one.

    Such an Asterisk sends no Linkedid. Here, channels belong to one call if one dialled the other,
    if they were bridged, or if they are the halves of a Local channel. In a transfer or a pickup,
    one channel takes the place of another (Masquerade), so that telephones change channels; here
    each telephone keeps its Uniqueid.
    """

    def __init__(self) -> None:
        self._legs = Legs()
        self._held: dict[str, Headers] = {}  # Newchannel events whose call is not known yet
        self._handlers: Mapping[str, Callable[[Headers], list[Headers]]] = {
            "Newchannel": self._new,
            "CoreShowChannel": self._listed,
            "Newstate": self._state,
            "NewCallerid": self._caller_id,
            "Dial": self._dial,
            "Bridge": self._bridge,
            "Unlink": self._unlink,
            "Masquerade": self._masquerade,
            "Rename": self._rename,
            "Hangup": self._hangup,
            "Hold": self._hold,
            "Transfer": self._transfer,
            "AgentCalled": self._agent_called,
            "AgentConnect": self._agent,
            "AgentComplete": self._agent,
            "AgentRingNoAnswer": self._agent,
            "QueueMemberPaused": self._paused,
            "QueueMemberAdded": self._member,
            "QueueMemberRemoved": self._member,
            "QueueMemberStatus": self._member,
        }

    def translate(self, text: str) -> list[str]:
        """Return the events that one event is translated into; a response stays as it is."""
        lines = [line.partition(": ") for line in text.split("\r\n")]
        if lines[0][0] != "Event" or not all(colon for _, colon, _ in lines):
            return [text]
        headers: Headers = {}
        for name, _, value in lines:
            key = _SPELLED.get(name.lower(), name)
            headers[key] = f"{headers[key]}\n{value}" if key in headers else value
        headers["Event"] = _OWN_NAMES.get(headers["Event"], headers["Event"])
        ended = headers.get("Uniqueid", "") if headers["Event"] == "Hangup" else ""
        made = self._handlers.get(headers["Event"], self._other)(headers)
        made = [*self._released(headers), *made]
        # A further event tells of each telephone whose call changed.
        made += [
            {"Event": "NewConnectedLine", **leg.snapshot()}
            for leg in self._legs.take_moved()
            if leg.uniqueid not in self._held
        ]
        self._legs.forget(ended)
        made = [one for one in made if not one.get("Channel", "").startswith(_INNER)]
        common = {"Event": "", "Privilege": "call,all"}
        if "Timestamp" in headers:
            common["Timestamp"] = headers["Timestamp"]
        return [_text(one if one is headers else common | one) for one in made]

    # --- one event each ------------------------------------------------------------------------

    def _new(self, event: Headers) -> list[Headers]:
        leg = self._legs.add(event)
        if leg is None or not _is_called(event):
            return [self._of_leg(event)]
        # The event is held until the next one tells who calls this channel: it gets the caller's
        # Linkedid.
        self._held[leg.uniqueid] = dict(event)
        return []

    def _released(self, event: Headers) -> list[Headers]:
        """Return the held Newchannel events of the channels that an event names."""
        if not self._held:
            return []
        spoken_of = {value for key, value in event.items() if "uniqueid" in key.lower()}
        for key in ("DestinationChannel", "Clone", "Original"):
            leg = self._legs.named(event.get(key, ""))
            spoken_of.add(leg.uniqueid if leg is not None else "")
        if event["Event"] == "Newchannel":
            spoken_of.discard(event.get("Uniqueid", ""))
        return [self._of_leg(self._held.pop(one)) for one in spoken_of & set(self._held)]

    def _listed(self, event: Headers) -> list[Headers]:
        """Take in a channel that was up before this connection."""
        if "Extension" in event:
            event.setdefault("Exten", event["Extension"])
        leg = self._legs.add(event)
        if leg is None:
            return [event]
        other = self._legs.get(event.get("BridgedUniqueID", ""))
        if other is not None and not leg.bridge and not other.bridge:
            self._legs.join(leg, other)
            leg.bridge = other.bridge = _bridge_of(leg, other)
        return [{**self._of_leg(event), "BridgeId": leg.bridge}]

    def _state(self, event: Headers) -> list[Headers]:
        leg = self._legs.get(event.get("Uniqueid", ""))
        made = [self._of_leg(event)]
        if leg is not None:
            leg.headers |= {
                key: event[key] for key in ("ChannelStateDesc", "CallerIDNum") if event.get(key)
            }
            if event.get("ChannelStateDesc") == "Up":
                made += self._answered(leg)
        return made

    def _answered(self, leg: Leg) -> list[Headers]:
        """End the dial that reached a telephone, and the dials of the others that rang with it."""
        caller = leg.dialler
        if caller is None or leg not in caller.dials:
            return []
        others = [other for other in caller.dials if other is not leg]
        return [
            *(self._dial_end(caller, other, "CANCEL") for other in others),
            self._dial_end(caller, leg, "ANSWER"),
        ]

    def _dial_end(self, caller: Leg, called: Leg, status: str) -> Headers:
        caller.dials.pop(called, None)
        called.dialler = None
        both = caller.snapshot() | called.snapshot("Dest")
        return {"Event": "DialEnd", **both, "DialStatus": status}

    def _caller_id(self, event: Headers) -> list[Headers]:
        leg = self._legs.get(event.get("Uniqueid", ""))
        if leg is not None:
            leg.headers |= {
                key: event[key] for key in ("CallerIDNum", "CallerIDName") if key in event
            }
        return [self._of_leg(event)]

    def _dial(self, event: Headers) -> list[Headers]:
        caller = self._legs.get(event.get("Uniqueid", ""))
        called = self._legs.get(event.get("DestUniqueID", ""))
        made = [self._of_leg(event)]
        if caller is None:
            return made
        if event.get("SubEvent") == "Begin" and called is not None:
            return [*made, self._begin(caller, called, event.get("Dialstring", ""))]
        if event.get("SubEvent") == "End":
            status = event.get("DialStatus", "")
            alone = len(caller.dials) == 1
            if status == "ANSWER":
                status = "CANCEL"  # of the dials that were not answered
            made += [
                self._dial_end(
                    caller, one, status if alone else _STATUS_BY_CAUSE.get(cause, status)
                )
                for one, cause in list(caller.dials.items())
            ]
        return made

    def _begin(self, caller: Leg, called: Leg, dialled: str) -> Headers:
        self._legs.join(called, caller)
        caller.dials[called], called.dialler = "", caller
        return {
            "Event": "DialBegin",
            **caller.snapshot(),
            **called.snapshot("Dest"),
            "DialString": dialled,
        }

    def _bridge(self, event: Headers) -> list[Headers]:
        if event.get("Bridgestate") != "Link":
            return self._unlink(event)
        both = [self._legs.get(event.get(key, "")) for key in ("Uniqueid1", "Uniqueid2")]
        first, second = both
        if first is None or second is None:
            return [event]
        if first.bridge and first.bridge == second.bridge:
            return [event]  # Asterisk changed the kind of the bridge; the two are still connected
        self._legs.join(first, second)
        made = [event, *self._answered(first), *self._answered(second)]
        made += [*self._leave(first), *self._leave(second)]
        bridge = _bridge_of(first, second)
        return [*made, self._enter(first, bridge), self._enter(second, bridge)]

    def _unlink(self, event: Headers) -> list[Headers]:
        made = [event]
        for key in ("Uniqueid1", "Uniqueid2"):
            leg = self._legs.get(event.get(key, ""))
            made += self._leave(leg) if leg is not None else []
        return made

    @staticmethod
    def _enter(leg: Leg, bridge: str, **more: str) -> Headers:
        leg.bridge = bridge
        return {"Event": "BridgeEnter", "BridgeUniqueid": bridge, **leg.snapshot(), **more}

    @staticmethod
    def _leave(leg: Leg) -> list[Headers]:
        bridge, leg.bridge = leg.bridge, ""
        left = {"Event": "BridgeLeave", "BridgeUniqueid": bridge, **leg.snapshot()}
        return [left] if bridge else []

    def _masquerade(self, event: Headers) -> list[Headers]:
        """Exchange the channels of two telephones: one goes on, and the other's call is over."""
        moved, left = (self._legs.named(event.get(key, "")) for key in ("Clone", "Original"))
        if moved is None or left is None:
            return [event]
        self._legs.join(moved, left)
        made = [event, *self._leave(moved)]
        if left.dialler is not None:  # a pickup, while it rang
            made.append(self._dial_end(left.dialler, left, "CANCEL"))
        bridge = left.bridge
        made += self._leave(left)
        if bridge:
            made.append(self._enter(moved, bridge, SwapUniqueid=left.uniqueid))
        moved.dials, left.dials = left.dials, moved.dials
        for leg in (moved, left):
            for called in leg.dials:
                called.dialler = leg
        self._legs.swap(event["Clone"], event["Original"])
        return made

    def _rename(self, event: Headers) -> list[Headers]:
        former, name = event.get("Channel", ""), event.get("Newname", "")
        leg = self._legs.rename(former, name)
        if leg is None:
            return [event]
        if any(one.endswith(("<MASQ>", "<ZOMBIE>")) for one in (former, name)):
            return []
        if leg.headers.get("Channel") == name or leg.uniqueid != event.get("Uniqueid"):
            return []  # a telephone that took over this channel keeps its own name
        leg.headers["Channel"] = name
        return [self._of_leg(event)]

    def _hangup(self, event: Headers) -> list[Headers]:
        leg = self._legs.get(event.get("Uniqueid", ""))
        if leg is None:
            return [event]
        made = self._leave(leg)
        made += [self._dial_end(leg, called, "CANCEL") for called in list(leg.dials)]
        if leg.dialler is not None:
            leg.dialler.dials[leg] = event.get("Cause", "")  # why the telephone hung up
        made.append(self._of_leg(event))
        return made

    def _hold(self, event: Headers) -> list[Headers]:
        if event.get("Status") == "Off":
            event["Event"] = "Unhold"
        return [self._of_leg(event)]

    def _transfer(self, event: Headers) -> list[Headers]:
        """Add the event of a transfer by SIP; nothing announces a transfer by a feature code."""
        leg = self._legs.get(event.get("Uniqueid", ""))
        target = self._legs.get(event.get("TargetUniqueid", ""))
        if leg is None:
            return [event]
        if event.get("TransferType") == "Attended" and target is not None:
            both = leg.snapshot("OrigTransferer") | target.snapshot("SecondTransferer")
            return [event, {"Event": "AttendedTransfer", "Result": "Success", **both}]
        if event.get("TransferType") == "Blind" and "Transfer2Parking" not in event:
            place = {"Extension": event.get("TransferExten", ""), "Result": "Success"}
            return [event, {"Event": "BlindTransfer", **place, **leg.snapshot("Transferer")}]
        return [event]

    def _agent_called(self, event: Headers) -> list[Headers]:
        caller = self._legs.get(event.get("Uniqueid", ""))
        called = self._legs.named(event.get("DestinationChannel", ""))
        event |= {
            "Interface": event.get("AgentCalled", ""),
            "MemberName": event.get("AgentName", ""),
        }
        made = [self._of_leg(event)]
        if caller is not None and called is not None:
            made.append(self._begin(caller, called, event["Interface"]))
        return made

    def _agent(self, event: Headers) -> list[Headers]:
        """Name the caller's channel in Channel, where Asterisk may have named the agent's."""
        caller = self._legs.get(event.get("Uniqueid", ""))
        event["Interface"] = device = event.get("Member", "")
        if caller is None:
            return [event]
        agent = self._legs.named(event.get("Channel", ""))
        if agent is None or agent is caller:
            rang = {one.headers.get("Channel", "").rpartition("-")[0]: one for one in caller.dials}
            agent = rang.get(device)
        event["Channel"] = caller.headers.get("Channel", "")
        event |= agent.snapshot("Dest") if agent is not None else {}
        made = [self._of_leg(event)]
        if event["Event"] == "AgentRingNoAnswer" and agent in caller.dials:
            made.append(self._dial_end(caller, agent, "NOANSWER"))
        return made

    def _member(self, event: Headers) -> list[Headers]:
        event.setdefault("Interface", event.get("Location", ""))
        return [event]

    def _paused(self, event: Headers) -> list[Headers]:
        event |= {"Event": "QueueMemberPause", "PausedReason": event.get("Reason", "")}
        return self._member(event)

    def _other(self, event: Headers) -> list[Headers]:
        if event["Event"] == "Newexten":
            event.setdefault("Exten", event.get("Extension", ""))
        return [self._of_leg(event)]

    def _of_leg(self, event: Headers) -> Headers:
        """Put a telephone's own channel into an event of the channel that it uses now."""
        uniqueid = event.get("Uniqueid", "")
        leg = self._legs.get(uniqueid)
        if leg is not None:
            if leg.uniqueid != uniqueid and "Channel" in event:
                event["Channel"] = leg.headers.get("Channel", "")
            event |= {"Uniqueid": leg.uniqueid, "Linkedid": leg.group.linkedid}
        return event


def _is_called(event: Headers) -> bool:
    """Tell whether a new channel is about to be called."""
    is_local = event.get("Channel", "").startswith("Local/")
    return is_local or event.get("ChannelStateDesc") in ("Down", "Rsrvd")


def _bridge_of(one: Leg, other: Leg) -> str:
    first, second = sorted((one.uniqueid, other.uniqueid), key=age)
    return f"{first}+{second}"


def _text(headers: Headers) -> str:
    """Write an event as text; a header that came several times is written as many times."""
    return "\r\n".join(
        f"{name}: {one}" for name, value in headers.items() for one in value.split("\n")
    )
