"""Queues and conferences: adding, pausing and removing members, muting participants."""

from __future__ import annotations

from typing import Any

from ast_notebook.ami.arguments import ordered
from ast_notebook.asterisk.asking import Asking


class Queues(Asking):
    """The methods of `Asterisk` for its queues and conferences."""

    def queue_pause(self, queue: str, interface: str, paused: bool, reason: str = "") -> None:
        """Pause a member of a queue, or end its pause.

        Raises
        ------
        UnsafeText
            If no queue is named, since Asterisk would take that for every queue.
        """
        more: dict[str, Any] = {"Reason": reason} if reason else {}
        self._order(
            "QueuePause", Queue=queue, Interface=interface, Paused=str(paused).lower(), **more
        )

    def queue_add(
        self,
        queue: str,
        interface: str,
        name: str = "",
        penalty: int = 0,
        *,
        state_interface: str = "",
    ) -> None:
        """Add a member to a queue: log an agent in.

        Parameters
        ----------
        queue, interface, name : str
            The queue; the interface that it calls, such as ``PJSIP/200``; the member's name for
            people.
        penalty : int
            A member is called only when all members with a lower penalty are busy.
        state_interface : str
            The device whose state tells whether the member is free, if it is not `interface`; on
            FreePBX, it is ``hint:200@ext-local`` for ``Local/200@from-queue/n``.
        """
        more = {"MemberName": name, "StateInterface": state_interface}
        given: dict[str, Any] = {header: text for header, text in more.items() if text}
        self._order("QueueAdd", Queue=queue, Interface=interface, Penalty=penalty, **given)

    def queue_remove(self, queue: str, interface: str) -> None:
        """Remove a member from a queue: log an agent out.

        A member that is listed in queues.conf comes back when Asterisk reloads that file.
        """
        self._order("QueueRemove", Queue=queue, Interface=interface)

    def conference_mute(self, conference: str, channel: str, muted: bool = True) -> None:
        """Mute a participant of a conference, or let it be heard.

        Raises
        ------
        ActionRefused
            If Asterisk refuses; or if another participant's channel has a name that begins with
            this one's, since Asterisk mutes the first channel whose name begins so.
        UnsafeText
            If the channel is ``all`` or ``participants``.
        """
        action = "ConfbridgeMute" if muted else "ConfbridgeUnmute"
        ordered({"Action": action, "Channel": channel})
        self._refuse_beginning(channel, "ConfbridgeList", Conference=conference)
        self._order(action, Conference=conference, Channel=channel)

    def conference_kick(self, conference: str, channel: str) -> None:
        """Remove a participant from a conference.

        Raises
        ------
        ActionRefused
            If Asterisk refuses.
        UnsafeText
            If the channel is ``all`` or ``participants``.
        """
        self._order("ConfbridgeKick", Conference=conference, Channel=channel)
