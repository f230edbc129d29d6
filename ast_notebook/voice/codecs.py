"""What each codec takes from the voice, by ITU-T G.113, appendix I (05/2002, 11/2007)."""

from __future__ import annotations

from typing import NamedTuple


class Codec(NamedTuple):
    """The impairment by a codec.

    Attributes
    ----------
    ie : float
        Equipment impairment factor, without any loss.
    bpl : float or None
        Packet-loss robustness factor; None if the Recommendation has none, so that a connection
        with loss cannot be rated.
    """

    ie: float
    bpl: float | None


#: Narrowband codecs by Asterisk's names. Codecs without a value in the Recommendation, such as
#: iLBC, are left out. So are wideband codecs (G.722, Opus), since G.107 does not hold for them.
CODECS = {
    "ulaw": Codec(0.0, 25.1),  # G.711 with its packet loss concealment (G.711, appendix I)
    "alaw": Codec(0.0, 25.1),
    "g729": Codec(11.0, 19.0),  # G.729A with voice activity detection
    "g723": Codec(15.0, 16.1),  # G.723.1 at 6.3 kbit/s, with voice activity detection
    "gsm": Codec(20.0, None),  # GSM full rate
    "g726": Codec(7.0, None),  # at 32 kbit/s
    "g726aal2": Codec(7.0, None),
}
#: The codec that is assumed for a leg if no event names its codec.
ASSUMED = "ulaw"
