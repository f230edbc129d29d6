"""The formulas of the E-model, ITU-T G.107 (06/2015), by which a narrowband MOS is computed.

`equipment_impairment` and `score` also take expressions of narwhals, for columns.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeVar

import narwhals as nw

Value = TypeVar("Value", float, nw.Expr)

#: The rating of a connection that has no impairments besides those of the default values.
BEST = 93.2
#: The score below which many people are dissatisfied (table B.1; R = 70).
BAD = 3.6
#: The least score.
LEAST = 1.0


@dataclass(frozen=True)
class VoicePath:
    """The parameters of a connection; the defaults are those of G.107, table 2.

    Attributes
    ----------
    slr, rlr : float
        Send and receive loudness rating, in dB.
    stmr : float
        Sidetone masking rating, in dB.
    ds, dr : float
        D-value of the telephone, at the send and at the receive side.
    telr : float
        Talker echo loudness rating, in dB.
    wepl : float
        Weighted echo path loss, in dB.
    qdu : float
        Number of quantizing distortion units.
    nc, nfor : float
        Circuit noise, and noise floor at the receive side, in dBm0p and dBmp.
    ps, pr : float
        Room noise at the send and at the receive side, in dB(A).
    """

    slr: float = 8.0
    rlr: float = 2.0
    stmr: float = 15.0
    ds: float = 3.0
    dr: float = 3.0
    telr: float = 65.0
    wepl: float = 110.0
    qdu: float = 1.0
    nc: float = -70.0
    nfor: float = -64.0
    ps: float = 35.0
    pr: float = 35.0

    @property
    def noise(self) -> float:
        """The sum of all noise at the 0 dBr point, in dBm0p: No, equations 7-3 to 7-7."""
        olr = self.slr + self.rlr
        sender = self.ps - self.slr - self.ds - 100 + 0.004 * (self.ps - olr - self.ds - 14) ** 2
        lstr = self.stmr + self.dr
        room = self.pr + 10 * math.log10(1 + 10 ** ((10 - lstr) / 10))
        receiver = self.rlr - 121 + room + 0.008 * (room - 35) ** 2
        floor = self.nfor + self.rlr
        parts = (self.nc, sender, receiver, floor)
        return 10 * math.log10(sum(10 ** (part / 10) for part in parts))

    @property
    def basic(self) -> float:
        """The rating without delay, codec and loss: Ro - Is."""
        return self.signal_to_noise - self.simultaneous

    @property
    def signal_to_noise(self) -> float:
        """The basic signal-to-noise ratio: Ro, equation 7-2."""
        return 15 - 1.5 * (self.slr + self.noise)

    @property
    def simultaneous(self) -> float:
        """The impairments that occur together with the voice: Is, equations 7-8 to 7-17.

        They are those of a connection without delay.
        """
        x = self.slr + self.rlr + 0.2 * (64 + self.noise - self.rlr)
        loudness = 20 * ((1 + (x / 8) ** 8) ** (1 / 8) - x / 8)
        stmr = -10 * math.log10(10 ** (-self.stmr / 10) + 10 ** (-self.telr / 10))
        sidetone = (
            12 * (1 + ((stmr - 13) / 6) ** 8) ** (1 / 8)
            - 28 * (1 + ((stmr + 1) / 19.4) ** 35) ** (1 / 35)
            - 13 * (1 + ((stmr - 3) / 33) ** 13) ** (1 / 13)
            + 29
        )
        q = 37 - 15 * math.log10(self.qdu)
        g = 1.07 + 0.258 * q + 0.0602 * q**2
        y = (self.signal_to_noise - 100) / 15 + 46 / 8.4 - g / 9
        z = 46 / 30 - g / 40
        quantizing = 15 * math.log10(1 + 10**y + 10**z)
        return float(loudness + sidetone + quantizing)


DEFAULT = VoicePath()


def delay_impairment(delay: float, path: VoicePath = DEFAULT) -> float:
    """Return Id, the impairment by delay and echo: equations 7-18 to 7-28.

    Parameters
    ----------
    delay : float
        The one-way delay from mouth to ear, in milliseconds: T and Ta; Tr is twice as long.
    path : VoicePath
        The other parameters.
    """
    t = max(delay, 0.0)
    terv = path.telr - 40 * math.log10((1 + t / 10) / (1 + t / 150)) + 6 * math.exp(-0.3 * t**2)
    re = 80 + 2.5 * (terv - 14)
    roe = -1.5 * (path.noise - path.rlr)
    half = (roe - re) / 2
    talker = (half + math.sqrt(half**2 + 100) - 1) * (1 - math.exp(-t))
    rle = 10.5 * (path.wepl + 7) * (2 * t + 1) ** -0.25
    half = (path.signal_to_noise - rle) / 2
    listener = half + math.sqrt(half**2 + 169)
    x = math.log2(t / 100) if t > 100 else 0.0
    absolute = 25 * ((1 + x**6) ** (1 / 6) - 3 * (1 + (x / 3) ** 6) ** (1 / 6) + 2)
    return float(talker + listener + absolute)


def equipment_impairment(loss: Value, ie: Value, bpl: Value, burst_ratio: float = 1.0) -> Value:
    """Return Ie-eff, the impairment by a codec and by lost packets: equation 7-29.

    Parameters
    ----------
    loss : float or narwhals.Expr
        Ppl, the lost packets, in percent.
    ie, bpl : float or narwhals.Expr
        The codec's equipment impairment and its packet-loss robustness, by G.113, appendix I.
    burst_ratio : float
        BurstR: 1 if packets are lost at random, and more if they are lost in bursts.
    """
    return ie + (95 - ie) * loss / (loss / burst_ratio + bpl)


def rating(
    loss: float,
    delay: float,
    ie: float,
    bpl: float,
    *,
    burst_ratio: float = 1.0,
    path: VoicePath = DEFAULT,
) -> float:
    """Return R, the transmission rating: equation 7-1 with an advantage factor of 0.

    Parameters are those of `delay_impairment` and `equipment_impairment`.
    """
    impaired = equipment_impairment(loss, ie, bpl, burst_ratio)
    return path.basic - delay_impairment(delay, path) - impaired


def mos(r: float) -> float:
    """Return the mean opinion score (MOS-CQE, from 1 to 4.5) of a rating: equation B-4."""
    return max(LEAST, score(min(max(r, 0.0), 100.0)))


def score(r: Value) -> Value:
    """Return the score of a rating from 0 to 100; a rating below 6.5 has to count as `LEAST`."""
    return 1 + 0.035 * r + r * (r - 60) * (100 - r) * 7e-6
