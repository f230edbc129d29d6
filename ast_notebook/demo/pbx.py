"""The whole PBX: the exchange, with everything that registers with it."""

from __future__ import annotations

from ast_notebook.demo import applications, local
from ast_notebook.demo.channel import Channel
from ast_notebook.demo.conference import ConfBridgeApplication
from ast_notebook.demo.configuration import Configuration, Device
from ast_notebook.demo.exchange import Exchange
from ast_notebook.demo.parking import ParkingLot
from ast_notebook.demo.profile import Profile
from ast_notebook.demo.queues import QueueApplication
from ast_notebook.demo.telephone import Telephone
from ast_notebook.demo.voicemail import Voicemail


class Pbx(Exchange):
    """A small PBX, whose calls all run on one event loop.

    Parameters
    ----------
    configuration : Configuration
        Its telephones, mailboxes, queues and dialplan.
    profile : Profile
        The Asterisk that it plays.
    seed : int, optional
        The seed of the random numbers; the same seed makes the same days.

    Attributes
    ----------
    telephones : dict of str to Telephone
        The telephones, by device: ``telephones["2222"]``.
    mailboxes : Voicemail
    queues : QueueApplication
    conferences : ConfBridgeApplication
    lot : ParkingLot
    """

    def __init__(
        self, configuration: Configuration, profile: Profile, *, seed: int | None = None
    ) -> None:
        super().__init__(configuration, profile, seed=seed)
        applications.register(self)
        local.register(self)
        self.technologies[profile.technology] = self._call_telephone
        self.telephones: dict[str, Telephone] = {}
        for device in configuration.devices.values():
            self.add_device(device)
        self.mailboxes = Voicemail(self, configuration.mailboxes)
        self.queues = QueueApplication(self, configuration.queues)
        self.conferences = ConfBridgeApplication(self)
        self.lot = ParkingLot(self, configuration.lot)

    def add_device(self, device: Device) -> Telephone:
        """Add one more telephone, which is in no file."""
        telephone = self.telephones[device.name] = Telephone(self, device)
        self.devices.add(device)
        return telephone

    def _call_telephone(
        self, name: str, parent: Channel | None, uniqueids: tuple[str, str]
    ) -> Channel | None:
        telephone = self.telephones.get(name)
        if telephone is None:
            return None
        device = telephone.device
        return self.new_channel(
            device.interface,
            telephone.line(),
            caller=device.caller,
            context=device.context,
            exten="s",
            parent=parent,
            uniqueid=uniqueids[0],
            is_outbound=True,
        )
