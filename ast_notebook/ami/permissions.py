"""Which permission each action needs, and the error if the login lacks it."""

from __future__ import annotations

from ast_notebook.errors import ActionRefused, PermissionMissing

# Actions by the classes of manager.conf's `write` that they need, as `manager show command NAME`
# tells. Of several classes, one suffices.
_NEED = {
    "agent": "AgentLogoff Agents QueueAdd QueueLog QueueMemberRingInUse QueuePause QueuePenalty "
    "QueueRemove",
    "agi": "AGI",
    "aoc": "AOCMessage",
    "call": "Atxfer BlindTransfer Bridge CancelAtxfer ChangeMonitor ConfbridgeKick ConfbridgeLock "
    "ConfbridgeMute ConfbridgeSetSingleVideoSrc ConfbridgeUnlock ConfbridgeUnmute ControlPlayback "
    "FAXSession FAXSessions MeetmeMute MeetmeUnmute Monitor Park ParkedCalls Parkinglots "
    "PauseMonitor PlayDTMF PlayMF Redirect SendFlash SendText Setvar StopMonitor UnpauseMonitor",
    "call or reporting": "DeviceStateList ExtensionState ExtensionStateList Getvar MailboxCount "
    "MailboxStatus PresenceState PresenceStateList VoicemailBoxSummary VoicemailUsersList "
    "VoicemailUserStatus",
    "command": "Command",
    "config": "CreateConfig ListCategories UpdateConfig",
    "config or reporting": "ShowDialPlan",
    "message": "MessageSend",
    "originate": "Originate",
    "reporting": "ConfbridgeList ConfbridgeListRooms FAXStats MeetmeList MeetmeListRooms",
    "system": "ConfbridgeStartRecord ConfbridgeStopRecord DBDel DBDelTree DBPut "
    "DialplanExtensionAdd DialplanExtensionRemove Filter MixMonitor ModuleCheck ModuleLoad "
    "MuteAudio PJSIPNotify PJSIPShowAors PJSIPShowAuths PJSIPShowContacts PJSIPShowEndpoint "
    "PJSIPShowEndpoints PJSIPShowRegistrationsInbound PJSIPShowResourceLists "
    "PJSIPShowSubscriptionsInbound PJSIPShowSubscriptionsOutbound SIPnotify SIPpeerstatus",
    "system or call": "AbsoluteTimeout Hangup LocalOptimizeAway MixMonitorMute PJSIPHangup "
    "StopMixMonitor",
    "system or call or reporting": "Status",
    "system or config": "GetConfig GetConfigJSON Reload",
    "system or reporting": "CoreSettings CoreShowChannelMap CoreShowChannels CoreStatus DBGet "
    "DBGetTree IAXpeerlist IAXpeers IAXregistry LoggerRotate PJSIPQualify PJSIPRegister "
    "PJSIPShowRegistrationsOutbound PJSIPUnregister SIPpeers SIPqualifypeer SIPshowpeer "
    "SIPshowregistry",
    "user": "UserEvent VoicemailRefresh",
}
WRITE_CLASS = {name.lower(): needed for needed, names in _NEED.items() for name in names.split()}


def refusal(action: str, reason: str) -> ActionRefused:
    """Return the error for an action that Asterisk answered with `reason`."""
    if reason.lower().startswith("permission denied"):
        needed = WRITE_CLASS.get(action.lower())
        what = f"`{needed}`" if needed else f"the class that `manager show command {action}` names"
        return PermissionMissing(
            f"this login may not use {action}: add {what} to its `write =` in manager.conf, "
            "then run `manager reload` on the PBX and connect again",
            action=action,
            reason=reason,
        )
    if reason.strip().endswith("line too long"):
        reason = "one of its fields is too long: Asterisk takes lines of up to 1,022 bytes"
    return ActionRefused(f"Asterisk refused {action}: {reason}", action=action, reason=reason)
