"""The E-model gives the figures of ITU-T G.107 and G.113."""

from __future__ import annotations

import pytest

from ast_notebook.voice.emodel import (
    BEST,
    DEFAULT,
    VoicePath,
    delay_impairment,
    equipment_impairment,
    mos,
    rating,
)


def test_a_connection_of_default_values_is_rated_as_the_recommendation_says():
    assert rating(0.0, 0.0, 0.0, 25.1) == pytest.approx(BEST, abs=0.05), "G.107, clause 7.7"


def test_ratings_become_the_scores_of_annex_b():
    for r, score in {90: 4.34, 80: 4.03, 70: 3.60, 60: 3.10, 50: 2.58}.items():
        assert mos(float(r)) == pytest.approx(score, abs=0.0075), "G.107, table B.1"


def test_a_score_is_between_its_limits():
    assert mos(-20.0) == mos(0.0) == mos(3.0) == 1.0
    assert mos(100.0) == mos(120.0) == 4.5


def test_an_absolute_delay_impairs_only_beyond_100_ms():
    # Hardly any echo is left, so that what differs is the absolute delay alone.
    silent = VoicePath(telr=200.0, wepl=400.0)
    least = delay_impairment(100.0, silent)
    # X = log2(Ta/100) is 1 at 200 ms, and 2 at 400 ms: equation 7-27 by hand.
    at_200 = 25 * (2 ** (1 / 6) - 3 * (1 + 3**-6) ** (1 / 6) + 2)
    at_400 = 25 * (65 ** (1 / 6) - 3 * (1 + (2 / 3) ** 6) ** (1 / 6) + 2)
    assert delay_impairment(200.0, silent) - least == pytest.approx(at_200, abs=0.4)
    assert delay_impairment(400.0, silent) - least == pytest.approx(at_400, abs=0.8)


def test_lost_packets_impair_a_codec_by_its_robustness():
    # Ie-eff = Ie + (95 - Ie) * Ppl / (Ppl / BurstR + Bpl), by hand.
    assert equipment_impairment(0.0, 11.0, 19.0) == 11.0
    assert equipment_impairment(1.0, 0.0, 25.1) == pytest.approx(95 / 26.1)
    assert equipment_impairment(2.0, 11.0, 19.0) == pytest.approx(11 + 84 * 2 / 21)
    assert equipment_impairment(2.0, 0.0, 4.3, burst_ratio=2.0) == pytest.approx(95 * 2 / 5.3)


def test_louder_noise_and_more_quantizing_make_a_connection_worse():
    for worse in (VoicePath(ps=65.0), VoicePath(qdu=14.0), VoicePath(telr=40.0)):
        assert rating(0.0, 50.0, 0.0, 25.1, path=worse) < rating(0.0, 50.0, 0.0, 25.1)
    assert pytest.approx(94.77, abs=0.01) == DEFAULT.signal_to_noise
    assert pytest.approx(1.41, abs=0.01) == DEFAULT.simultaneous
