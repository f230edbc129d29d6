"""The switchboard: calling telephones; listing, redirecting, recording and hanging up channels."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from datetime import UTC
from typing import Any

from ast_notebook.ami import Answer, Session
from ast_notebook.ami.arguments import ordered
from ast_notebook.asterisk.asking import Asking, named
from ast_notebook.asterisk.originating import Call, Originating
from ast_notebook.digits import is_count
from ast_notebook.errors import (
    ActionRefused,
    ChannelGone,
    ConfError,
    PermissionMissing,
    UnsafeText,
)
from ast_notebook.live import Live, is_of
from ast_notebook.live.channels import new_row_of, table
from ast_notebook.live.table import to_frame
from ast_notebook.views import ShownFrame, shown_channels

FROM_EVENTS = ("held", "recorded")  # columns that are known only from events, not from lists

# The messages by which Asterisk's actions say that a channel has ended meanwhile.
NO_CHANNEL = ("no such channel", "does not exist", "channel not found")


def _spies_on_one(version: str) -> bool:
    """Tell by the version of the manager interface whether ChanSpy has the option ``u``.

    With this option, ChanSpy listens only to the channel of exactly the given name. Asterisk has it
    from 13 on, and older versions ignore it. The last 12 and 13.0 have the same interface version.
    """
    numbers = [int(one) for one in version.split(".")[:2] if is_count(one)]
    return numbers > [2, 5]


class Switchboard(Asking):
    """The methods of `Asterisk` for telephones and channels."""

    def __init__(self, session: Session, live: Live) -> None:
        super().__init__(session, live)
        self._originating = Originating(session)

    def call(
        self,
        source: str | int,
        dest: str | int,
        context: str,
        callerid: str | None = None,
        *,
        timeout: float = 30.0,
        variables: Mapping[str, object] | None = None,
    ) -> Call:
        """Call a device, and connect it with an extension once it answers.

        Parameters
        ----------
        source : str
            The device, with its technology as in ``PJSIP/200``. Without a technology, it is the
            known device of that name; if none is known, a device of the PBX's only technology.
        dest : str
            The extension that it is connected with.
        context : str
            The context of that extension.
        callerid : str, optional
            The caller that the telephones show, such as ``Door <100>``.
        timeout : float
            The seconds for which the source rings.
        variables : mapping, optional
            Channel variables, set on the source's channel.

        Returns
        -------
        Call
            The call; `Call.wait` returns its result.

        Raises
        ------
        TechnologyMissing
            If the PBX has no channel driver for the source, or the source's technology is unknown.
        ActionRefused
            If Asterisk refuses; `PermissionMissing` if the login lacks ``originate``.
        UnsafeText
            If a text holds ``${`` or ``$[``, or the extension holds a character at which Asterisk
            would split it.

        Examples
        --------
        >>> sh.ast.call("SIP/200", "240", "door", "Door <100>").wait()
        'answered'
        """
        return self._originating.originate(
            self._device(source),
            extension=(str(dest), context),
            callerid=callerid,
            timeout=timeout,
            variables=variables,
        )

    def hangup(self, device: str | int) -> list[str]:
        """Hang up every channel of a device, whether it called or was called.

        The other party stays in its dialplan: a caller in a queue waits further.

        Parameters
        ----------
        device : str
            ``30``, or with its technology ``PJSIP/30``; ``30`` never means ``300``.

        Returns
        -------
        list of str
            The channels that were hung up; empty if there were none.

        Raises
        ------
        ConfError
            If no device is named.
        UnsafeText
            If a channel's name cannot be sent to Asterisk safely; all other channels were hung up.
        """
        device = named(device, "device", "30, or PJSIP/30")
        hung_up: list[str] = []
        unsafe: UnsafeText | None = None
        for one in self.action("CoreShowChannels"):
            if is_of(one["Channel"], device):
                try:
                    self._order("Hangup", Channel=one["Channel"])
                except PermissionMissing:
                    raise
                except ActionRefused:
                    continue  # the channel ended by itself meanwhile
                except UnsafeText as error:  # the others are hung up all the same
                    unsafe = error
                    continue
                hung_up.append(one["Channel"])
        if unsafe is not None:
            raise unsafe
        return hung_up

    def channels(self) -> ShownFrame:
        """Ask Asterisk for its channels, and return them with the columns of `live.channels`.

        ``held`` and ``recorded`` are known only from events, so they are missing for a channel that
        is older than this connection.
        """
        answer = self.action("CoreShowChannels")
        heard = self.live.tables["channels"].rows()
        connected = self.session.connected_since or 0.0
        rows = []
        for event in answer:
            row = new_row_of(event)
            known = heard.get(row.get("uniqueid", ""), {})
            was_up = row["since"] is None or row["since"] < connected
            marks = {name: known.get(name) or (None if was_up else False) for name in FROM_EVENTS}
            rows.append({**row, **marks, "bad": known.get("bad", "")})
        found = to_frame(table(), rows).astype(dict.fromkeys(FROM_EVENTS, "boolean"))
        return shown_channels(found, clock=self.session.clock)

    def hangup_channel(self, channel: str, uniqueid: str | None = None) -> None:
        """Hang up one channel.

        Parameters
        ----------
        channel : str
        uniqueid : str, optional
            The channel's uniqueid. If the channel of that name has another one, it is not hung up.

        Raises
        ------
        ChannelGone
            If the channel has ended.
        """
        self._on_channel("Hangup", channel, uniqueid)

    def redirect(
        self, channel: str, exten: str | int, context: str, uniqueid: str | None = None
    ) -> None:
        """Send a channel to an extension; a channel bridged with it continues in its own dialplan.

        Raises
        ------
        ActionRefused
            If the dialplan has no such extension.
        ChannelGone
            If the channel is not there any more.
        UnsafeText
            If the extension or the context holds a comma, a parenthesis, a quote or a backslash.
        """
        self._check_place("Redirect", channel, exten, context)
        self._on_channel(
            "Redirect", channel, uniqueid, Exten=str(exten), Context=context, Priority=1
        )

    def transfer(
        self, channel: str, exten: str | int, context: str, uniqueid: str | None = None
    ) -> None:
        """Begin an attended transfer, as if the channel's party had dialled the feature code.

        The party is connected with the extension; when it hangs up, its first call is handed over.

        Raises
        ------
        ActionRefused
            If that party talks to nobody, or the dialplan has no such extension.
        ChannelGone
            If the channel is not there any more.
        UnsafeText
            If the extension or the context holds a comma, a parenthesis, a quote or a backslash.
        """
        self._check_place("Atxfer", channel, exten, context)
        there = self.live.tables["channels"].rows().values()
        if any(row["channel"] == channel and not row["bridge"] for row in there):
            raise ActionRefused(f"{channel} talks to nobody: nothing was done", action="Atxfer")
        self._on_channel("Atxfer", channel, uniqueid, Exten=str(exten), Context=context)

    def park(self, channel: str, uniqueid: str | None = None, *, lot: str = "") -> None:
        """Park a channel; `live.parked` shows the extension at which it can be picked up."""
        more: dict[str, Any] = {"Parkinglot": lot} if lot else {}
        self._on_channel("Park", channel, uniqueid, **more)

    def record_channel(self, channel: str, uniqueid: str | None = None, *, file: str = "") -> str:
        """Record both directions of a channel on the PBX, and return the file's name there.

        Parameters
        ----------
        channel : str
        uniqueid : str, optional
        file : str
            The file; a relative path is in Asterisk's folder for recordings. By default, the name
            is made of the channel's Uniqueid and the time, so that a second recording does not
            replace the first.

        Raises
        ------
        ChannelGone
            If the channel is not there any more.
        UnsafeText
            If the name holds ``..`` or a comma, after which MixMonitor reads a command.
        """
        now = self.session.clock.now().astimezone(UTC)
        name = file or f"{uniqueid or channel.replace('/', '-')}-{now:%Y%m%dT%H%M%S.%f}.wav"
        self._on_channel("MixMonitor", channel, uniqueid, File=name)
        return name

    def stop_recording(self, channel: str, uniqueid: str | None = None) -> None:
        """End the recording of a channel."""
        self._on_channel("StopMixMonitor", channel, uniqueid)

    def spy(self, channel: str, by: str, mode: str = "listen") -> Call:
        """Let a telephone listen to a channel.

        Parameters
        ----------
        channel : str
            The channel to be heard.
        by : str
            The telephone that rings and then hears it, such as ``PJSIP/200``.
        mode : {"listen", "whisper", "barge"}
            Whether the telephone only listens, speaks to the channel's party, or to both parties.

        Raises
        ------
        ChannelGone
            If the channel is not there any more; then no telephone rings.
        ActionRefused
            If Asterisk is older than 13.1, and another channel's name begins with this one's, since
            the telephone could hear that channel instead.
        ConfError
            If no channel is named, or the mode is unknown.
        """
        options = {"listen": "qESu", "whisper": "qESuw", "barge": "qESuB"}
        if mode not in options:
            raise ConfError(f"a mode {mode!r} is unknown: listen, whisper or barge")
        if channel.strip().lower() in ("", "all"):  # ChanSpy would hear whoever talks
            raise ConfError("no channel is named: write one of sh.ast.channels()")
        by = self._device(by)
        with contextlib.suppress(PermissionMissing):  # then the call itself shows whether it works
            self._of_channel("Getvar", channel, Variable="UNIQUEID")
        if not _spies_on_one(self.session.version):
            self._refuse_beginning(channel, "CoreShowChannels")
        spying = ("ChanSpy", channel, options[mode])
        return self._originating.originate(by, callerid="Spy", application=spying)

    def _check_place(self, action: str, channel: str, exten: str | int, context: str) -> None:
        """Refuse an extension that the dialplan lacks, since Asterisk would hang up the channel."""
        ordered({"Action": action, "Exten": str(exten), "Context": context})
        function = f"DIALPLAN_EXISTS({context},{exten},1)"
        try:
            # The channel is given because an extension may exist only for some caller ids.
            answer = self._of_channel("Getvar", channel, Variable=function)
        except PermissionMissing:
            return
        if answer.response.get_header("Value") == "0":
            raise ActionRefused(
                f"the dialplan has no {exten} in {context}: nothing was done", action=action
            )

    def _on_channel(self, action: str, channel: str, uniqueid: str | None, **fields: Any) -> None:
        there = self.live.tables["channels"].rows()
        if uniqueid is not None and there.get(uniqueid, {}).get("channel") != channel:
            raise ChannelGone(f"{channel} is not there any more: nothing was done")
        self._of_channel(action, channel, **fields)

    def _of_channel(self, action: str, channel: str, **fields: Any) -> Answer:
        try:
            return self._order(action, Channel=channel, **fields)
        except PermissionMissing:
            raise
        except ActionRefused as error:
            if any(words in error.reason.lower() for words in NO_CHANNEL):
                raise ChannelGone(f"{channel} is not there any more: nothing was done") from None
            raise
