"""Answers questions to a PBX in a replay, from the live state and the record."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ast_notebook.ami.permissions import WRITE_CLASS
from ast_notebook.clock import SystemClock
from ast_notebook.live import Live
from ast_notebook.live.channels import SNAPSHOT
from ast_notebook.replay.database import ReplayedDatabase
from ast_notebook.replay.orders import NOT_SENT
from ast_notebook.replay.told import OK, REFUSED, ReplayedAnswer, not_recorded

#: Actions that only ask, although their names do not show it.
_QUESTIONS = frozenset(
    [
        "agents",
        "challenge",
        "coresettings",
        "corestatus",
        "dbget",
        "dbgettree",
        "extensionstate",
        "getvar",
        "iaxregistry",
        "listcommands",
        "loggerstatus",
        "mailboxcount",
        "mailboxstatus",
        "modulecheck",
        "parkedcalls",
        "parkinglots",
        "ping",
        "presencestate",
        "queues",
        "queuestatus",
        "queuesummary",
        "sippeers",
        "sipshowregistry",
        "skinnydevices",
        "status",
        "voicemailuserstatus",
        "voicemailboxsummary",
        "getconfig",
        "getconfigjson",
        "faxstats",
        "meetmelist",
        "iaxpeers",
        "iaxpeerlist",
        "iaxnetstats",
        "bridgeinfo",
    ]
)
_ASKING = ("show", "list")


def is_question(action: str) -> bool:
    """Tell whether an action only asks for something, and changes nothing."""
    name = action.lower()
    return name in _QUESTIONS or any(word in name for word in _ASKING)


class Answers:
    """Answers actions that only ask, in place of a PBX.

    Parameters
    ----------
    live : Live
    database : ReplayedDatabase
    clock : SystemClock
    """

    def __init__(self, live: Live, database: ReplayedDatabase, clock: SystemClock) -> None:
        self._live = live
        self._clock = clock
        self._known: dict[str, Callable[[Mapping[str, str]], ReplayedAnswer]] = {
            "ping": lambda action: ReplayedAnswer({**OK, "Ping": "Pong"}),
            "listcommands": lambda action: ReplayedAnswer(
                OK | dict.fromkeys(WRITE_CLASS, NOT_SENT)
            ),
            "coreshowchannels": self._channels,
            "dbget": database.get,
            "dbgettree": database.tree,
            "getvar": self._variable,
            "mailboxcount": self._mailbox,
            "modulecheck": self._module,
            "voicemailuserslist": self._mailboxes,
        }

    def to(self, action: Mapping[str, str]) -> ReplayedAnswer:
        """Return the answer to a question.

        Raises
        ------
        NotRecorded
            If neither the live state nor the record has the answer.
        """
        name = action["Action"]
        known = self._known.get(name.lower())
        if known is None:
            raise not_recorded(name)
        return known(action)

    def _channels(self, action: Mapping[str, str]) -> ReplayedAnswer:
        entries = []
        for row in self._live.tables["channels"].rows().values():
            headers = {header: str(row[field] or "") for field, header in SNAPSHOT.items()}
            since = row["since"]
            lasted = 0 if since is None else max(0, int(self._clock.time() - since))
            hours, seconds = divmod(lasted, 3600)
            headers["Duration"] = f"{hours:02}:{seconds // 60:02}:{seconds % 60:02}"
            headers["BridgeId"] = row["bridge"]
            entries.append(("CoreShowChannel", headers))
        return ReplayedAnswer(OK, entries)

    def _variable(self, action: Mapping[str, str]) -> ReplayedAnswer:
        variable, channel = action.get("Variable", ""), action.get("Channel", "")
        if channel:
            rows = self._live.tables["channels"].rows().values()
            there = next((row for row in rows if row["channel"] == channel), None)
            if there is None:
                return ReplayedAnswer({**REFUSED, "Message": "No such channel"})
            if variable == "UNIQUEID":
                return ReplayedAnswer({**OK, "Variable": variable, "Value": there["uniqueid"]})
        # No record has the dialplan. Whoever asks wants to send an action, which is not sent
        # anyway.
        if variable.startswith("DIALPLAN_EXISTS("):
            return ReplayedAnswer({**OK, "Variable": variable, "Value": "1"})
        raise not_recorded("Getvar", f"the variable {variable}")

    def _mailbox(self, action: Mapping[str, str]) -> ReplayedAnswer:
        box = action.get("Mailbox", "")
        row = self._live.tables["mailboxes"].rows().get(box)
        if row is None or row["new"] is None or row["old"] is None:
            raise not_recorded("MailboxCount", f"the mailbox {box} at this time")
        counts = {"NewMessages": str(row["new"]), "OldMessages": str(row["old"])}
        return ReplayedAnswer({**OK, "Mailbox": box, "UrgMessages": "0", **counts})

    def _mailboxes(self, action: Mapping[str, str]) -> ReplayedAnswer:
        rows = self._live.tables["mailboxes"].rows()
        if not rows:
            raise not_recorded("VoicemailUsersList")
        names = (key.partition("@") for key in rows)
        return ReplayedAnswer(
            OK,
            [("VoicemailUserEntry", {"VoiceMailbox": a, "VMContext": b}) for a, _, b in names],
        )

    def _module(self, action: Mapping[str, str]) -> ReplayedAnswer:
        """Tell whether a channel driver is loaded, by the names of known devices and channels."""
        module = action.get("Module", "").lower()
        devices = [*self._live.tables["devices"].rows()]
        devices += [row["device"] for row in self._live.tables["channels"].rows().values()]
        drivers = {f"chan_{one.partition('/')[0].lower()}" for one in devices if "/" in one}
        if module in drivers or not drivers:
            return ReplayedAnswer({**OK, "Version": ""})
        return ReplayedAnswer({**REFUSED, "Message": "Module not loaded"})
