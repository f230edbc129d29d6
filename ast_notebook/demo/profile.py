"""The differences between the two Asterisks that the demo plays: 16 with SIP and 22 with PJSIP."""

from __future__ import annotations

import dataclasses

from ast_notebook.errors import TechnologyMissing


@dataclasses.dataclass(frozen=True, kw_only=True)
class Profile:
    """One version of Asterisk, as its manager interface shows it.

    Parameters
    ----------
    technology, driver : str
        The technology in names of channels, and the module of the channel driver.
    ami, version : str
        The versions in the greeting and in CoreSettings.
    built : str
        The text of ``core show version`` behind the version.
    tells_sip_code : bool
        Whether a refused leg has the header ``TechCause`` with the SIP code.
    rings_at_once : bool
        Whether a device counts as ringing when it is called, and not only when it says so.
    record_first : bool
        Whether a call's record comes before the Hangup of its channel.
    """

    technology: str
    driver: str
    ami: str
    version: str
    built: str
    tells_sip_code: bool
    rings_at_once: bool
    record_first: bool

    @property
    def is_newer(self) -> bool:
        """Whether it has the headers that came after version 16."""
        return self.tells_sip_code


_BUILT = "built by nobody @ buildd.debian.org on a unknown running Linux on"

PROFILES = {
    "SIP": Profile(
        technology="SIP",
        driver="chan_sip",
        ami="5.0.4",
        version="16.28.0~dfsg-0+deb11u4",
        built=f"{_BUILT} 2024-01-04 17:58:50 UTC",
        tells_sip_code=False,
        rings_at_once=True,
        record_first=False,
    ),
    "PJSIP": Profile(
        technology="PJSIP",
        driver="chan_pjsip",
        ami="11.0.0",
        version="22.10.1+dfsg+~cs6.17.60671434-1",
        built=f"{_BUILT} 2026-07-20 21:35:32 UTC",
        tells_sip_code=True,
        rings_at_once=False,
        record_first=True,
    ),
}


def profile_of(technology: str) -> Profile:
    """Return the profile with this technology.

    Raises
    ------
    TechnologyMissing
        If neither profile has it.
    """
    try:
        return PROFILES[technology.upper()]
    except KeyError:
        raise TechnologyMissing(
            f"the demo PBX has no {technology}: it plays an Asterisk 16 with tech='SIP', or an "
            "Asterisk 22 with tech='PJSIP'"
        ) from None
