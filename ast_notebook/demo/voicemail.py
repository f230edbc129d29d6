"""Voicemail: boxes, the messages left in them, and those that were listened to."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterator, Mapping

from ast_notebook.demo.channel import Channel, HungUp, Sent
from ast_notebook.demo.dialplan import arguments
from ast_notebook.demo.exchange import Exchange

#: Seconds that the greeting takes.
GREETING_SECONDS = 1.5


@dataclasses.dataclass
class Mailbox:
    """A mailbox: how many messages are new and how many old."""

    number: str
    context: str
    owner: str
    new: int = 0
    old: int = 0

    @property
    def name(self) -> str:
        """Number and context."""
        return f"{self.number}@{self.context}"


class Voicemail:
    """All mailboxes."""

    def __init__(self, pbx: Exchange, owners: Mapping[str, str]) -> None:
        self._pbx = pbx
        self._boxes: dict[str, Mailbox] = {}
        for name, owner in owners.items():
            number, _, context = name.partition("@")
            self._boxes[name] = Mailbox(number, context, owner)
        for box in self._boxes.values():
            pbx.devices.set(f"MWI:{box.name}", "NOT_INUSE", quietly=True)
        pbx.applications |= {"VoiceMail": self._voice_mail, "VoiceMailMain": self._voice_mail_main}

    async def _voice_mail(self, channel: Channel, data: str) -> None:
        """Leave a message: ``box@context,options``."""
        boxes, options, *_ = [*arguments(data), ""]
        await self.record(channel, boxes.split("&")[0], options)

    async def _voice_mail_main(self, channel: Channel, data: str) -> None:
        """Listen to messages: ``box@context,options``."""
        await self.listen(channel, arguments(data)[0])

    def __iter__(self) -> Iterator[Mailbox]:
        return iter(self._boxes.values())

    def get(self, name: str) -> Mailbox | None:
        """Return a mailbox; without a context it is the one in ``default``."""
        return self._boxes.get(name if "@" in name else f"{name}@default")

    async def record(self, channel: Channel, name: str, options: str) -> None:
        """Let a caller leave a message, which counts when the caller hangs up.

        Raises
        ------
        HungUp, Sent
            When the caller leaves.
        """
        pbx, box = self._pbx, self.get(name)
        if box is None:
            pbx.set_variable(channel, "VMSTATUS", "FAILED")
            return
        pbx.answer(channel)
        if "s" not in options:
            await channel.wait(GREETING_SECONDS)
        channel.remote.hears_sound(channel)
        started = time.monotonic()
        try:
            await channel.wait()
        except (HungUp, Sent):
            if time.monotonic() - started >= pbx.configuration.shortest_message:
                self._save(channel, box)
            raise

    async def listen(self, channel: Channel, name: str) -> None:
        """Let the owner listen: each digit 1 makes one new message old.

        Raises
        ------
        HungUp, Sent
            When the owner leaves.
        """
        pbx, box = self._pbx, self.get(name)
        if box is None:
            return
        pbx.answer(channel)
        heard = 0
        try:
            await channel.wait()
        finally:
            while not channel.keys.empty():
                heard += channel.keys.get_nowait() == "1"
            heard = min(heard, box.new)
            if heard:
                box.new -= heard
                box.old += heard
                self._tell(channel, box)

    def _save(self, channel: Channel, box: Mailbox) -> None:
        folder = f"/var/spool/asterisk/voicemail/{box.context}/{box.number}/INBOX"
        self._pbx.set_variable(channel, "VM_MESSAGEFILE", f"{folder}/msg{box.new:04d}")
        box.new += 1
        self._tell(channel, box)
        self._pbx.set_variable(channel, "VMSTATUS", "SUCCESS")

    def _tell(self, channel: Channel, box: Mailbox) -> None:
        headers = {
            "Mailbox": box.name,
            "Waiting": str(int(box.new > 0)),
            "New": str(box.new),
            "Old": str(box.old),
        }
        self._pbx.emit("call", "MessageWaiting", channel.snapshot(), headers)
        self._pbx.devices.set(f"MWI:{box.name}", "INUSE" if box.new else "NOT_INUSE")
