"""Tests whether two counts, shares or sets of durations differ by more than chance."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

#: Above so many calls, a normal distribution stands for a binomial one.
_MANY = 10_000
#: Below so many expected calls in a cell, Fisher's test is taken (Cochran 1954).
_EXPECTED = 5
#: Durations that each side needs for the normal approximation of U (Mann and Whitney 1947).
_FEW = 8


def rate_ratio(one: int, other: int, length: float, other_length: float) -> float:
    """Return the two-sided p of two counts in times of these lengths, by the conditional test.

    If the rates are equal, the first count is binomial, given the sum (Przyborowski and Wilenski,
    Biometrika 31, 1940). The smaller tail is doubled, as in R's ``rateratio.test``; beyond 10,000
    calls, the tail is that of a normal distribution. Missing if both counts are 0.
    """
    total = one + other
    share = length / (length + other_length)
    if total == 0:
        return math.nan
    if total > _MANY:
        deviation = math.sqrt(total * share * (1 - share))
        return _both_sides((abs(one - total * share) - 0.5) / deviation)
    chances = np.exp(_binomial(total, share))
    return float(min(1.0, 2 * min(chances[: one + 1].sum(), chances[one:].sum())))


def shares(one: int, of_one: int, other: int, of_other: int) -> tuple[float, str]:
    """Return the two-sided p of two shares, and the name of the test.

    It is the two-proportion z test with the pooled share (Fleiss, Statistical Methods for Rates and
    Proportions), without a correction for continuity, or Fisher's exact test if fewer than 5 calls
    are expected in one of the four cells (Cochran, Biometrics 10, 1954). Missing if one side has no
    calls.
    """
    total, hits = of_one + of_other, one + other
    if not of_one or not of_other:
        return math.nan, ""
    least = min(hits, total - hits) * min(of_one, of_other) / total
    if least < _EXPECTED:
        return _fisher(one, of_one, hits, total), "Fisher"
    pooled = hits / total
    deviation = math.sqrt(pooled * (1 - pooled) * (1 / of_one + 1 / of_other))
    return _both_sides(abs(one / of_one - other / of_other) / deviation), "two proportions"


def mann_whitney(one: np.ndarray, other: np.ndarray) -> float:
    """Return the two-sided p of two sets of durations, by their ranks.

    This is Mann and Whitney's U (Annals of Mathematical Statistics 18, 1947) with its normal
    approximation, corrected for ties and for continuity. Missing if one side has fewer than 8
    durations, or if all are equal.
    """
    first, second = len(one), len(other)
    if min(first, second) < _FEW:
        return math.nan
    total = first + second
    one, other = np.sort(one), np.sort(other)
    less, up_to = (np.searchsorted(other, one, side) for side in ("left", "right"))
    u = float(less.sum() + up_to.sum()) / 2  # a tie is half a win
    together = np.sort(np.concatenate([one, other]), kind="stable")
    edges = np.flatnonzero(np.diff(together)) + 1
    ties = np.diff(np.concatenate([[0], edges, [total]])).astype(float)
    spread = total + 1 - float((ties**3 - ties).sum()) / (total * (total - 1))
    deviation = math.sqrt(max(0.0, first * second / 12 * spread))
    if deviation == 0:
        return math.nan
    return _both_sides((abs(u - first * second / 2) - 0.5) / deviation)


def holm(chances: Sequence[float]) -> list[float]:
    """Return each p, corrected for the number of tests (Holm, Scandinavian J. of Stat. 6, 1979).

    A missing p counts as no test.
    """
    known = sorted((p, place) for place, p in enumerate(chances) if not math.isnan(p))
    found, least = [math.nan] * len(chances), 0.0
    for rank, (p, place) in enumerate(known):
        least = max(least, min(1.0, p * (len(known) - rank)))
        found[place] = least
    return found


def _both_sides(deviations: float) -> float:
    return math.erfc(max(0.0, deviations) / math.sqrt(2))


def _binomial(total: int, share: float) -> np.ndarray:
    """Return the logarithm of each binomial probability."""
    k = np.arange(total + 1)
    logs = _log_factorials(total)
    ways = logs[total] - logs - logs[::-1]
    return np.asarray(ways + k * math.log(share) + (total - k) * math.log1p(-share))


def _fisher(one: int, of_one: int, hits: int, total: int) -> float:
    """Return the two-sided p of Fisher's exact test (1935).

    It is the sum of the probabilities of all tables that have the same sums of rows and of columns,
    and that are no likelier than this table.
    """
    logs = _log_factorials(total)
    k = np.arange(max(0, of_one + hits - total), min(of_one, hits) + 1)
    rest = total - of_one - hits + k
    ways = logs[k] + logs[of_one - k] + logs[hits - k] + logs[rest]
    likely = np.exp(ways.min() - ways)
    likely /= likely.sum()
    here = likely[one - k[0]]
    return float(min(1.0, likely[likely <= here * (1 + 1e-7)].sum()))


def _log_factorials(most: int) -> np.ndarray:
    return np.append(0.0, np.cumsum(np.log(np.arange(1, most + 1))))
