"""The report's section on how calls sounded."""

from __future__ import annotations

import pandas as pd
import pytest

from ast_notebook.anonymize import Anonymizer
from ast_notebook.calls.anonymized import anonymized_report
from ast_notebook.calls.report import Report
from tests.support.measured import WAITS
from tests.unit.test_measures_quality import CALLS


@pytest.fixture(scope="module")
def report() -> Report:
    return Report(CALLS, WAITS, tz="UTC")


def test_bad_calls_are_told_with_the_worst_devices_and_trunks(report: Report):
    page = report.html()
    assert "How calls sounded" in page and "Bad calls by hour" in page
    assert "2 of 4 calls sounded bad (50.0%)" in page
    assert "1 call has no score: it was too short, or Asterisk sent no report on it." in page
    assert "The worst devices" in page and "The worst trunks" in page
    assert ("sounded bad", "2 of 4 (50.0%)") in report.numbers()
    assert "2 of 4 (50.0%)" in repr(report)


def test_a_report_without_any_score_says_nothing_of_it():
    silent = CALLS.assign(**dict.fromkeys(("mos", "loss", "jitter", "rtt"), float("nan")))
    page = Report(silent, WAITS, tz="UTC")
    assert "How calls sounded" not in page.html() and not page.sounded.numbers()


def test_devices_and_trunks_get_pseudonyms(report: Report):
    hidden = anonymized_report(report, Anonymizer(b"key" * 20))
    assert "SIP/200" in set(report.sounded.by_device["device"])
    assert {"SIP/200", "SIP/240"}.isdisjoint(hidden.sounded.by_device["device"])
    assert "SIP/200" not in hidden.html() and "The worst devices" in hidden.html()


def test_the_picture_with_hover_has_the_same_section(report: Report):
    pytest.importorskip("plotly")
    assert "Bad calls by hour" in Report(CALLS, WAITS, tz="UTC").hovering().html()


def test_a_device_named_by_a_stranger_is_only_text():
    odd = CALLS.assign(trunk=pd.Series(["<b>x</b>"] * len(CALLS), dtype="str"))
    assert "<b>x</b>" not in Report(odd, WAITS, tz="UTC").html()
