"""Seconds in files of spreadsheets: whose comma parts thousands, and whose decimals."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ast_notebook.calls.history import history

NAMES = ["calldate", "src", "dst", "channel", "dstchannel", "lastapp", "duration", "billsec"]
NAMES += ["disposition", "uniqueid"]


def rows(*seconds: tuple[str, str]) -> list[list[str]]:
    return [
        [
            f"2026-06-01 10:{minute:02}:00", "100", "200", f"SIP/100-{minute:08x}",
            f"SIP/200-{minute:08x}", "Dial", *both, "ANSWERED", f"{1780308000 + 60 * minute}.1",
        ]
        for minute, both in enumerate(seconds)
    ]  # fmt: skip


def billed(
    folder: Path, separator: str, *seconds: tuple[str, str]
) -> tuple[list[float], list[str]]:
    """Return the billed seconds, and why records are bad."""
    lines = [separator.join(f'"{field}"' for field in row) for row in [NAMES, *rows(*seconds)]]
    (folder / "cdr.csv").write_text("\n".join(lines))
    past = history(folder / "cdr.csv", tz="UTC")
    return past.calls["billsec"].tolist(), past.bad["reason"].tolist()


@pytest.mark.parametrize(
    ("separator", "seconds", "expected"),
    [
        (",", [("1,234", "1,230")], [1230]),
        (",", [("25.456", "20.123")], [20.123]),
        (",", [("25,456", "20,123"), ("8,5", "6,25")], [20.123, 6.25]),
        (";", [("25,456", "20,123")], [20.123]),
        (";", [("8", "6"), ("25,456", "20,123")], [6, 20.123]),
        (";", [("1.025", "1.020"), ("25,5", "20,5")], [1020, 20.5]),
        (";", [("1.025,500", "1.020,250")], [1020.25]),
        (";", [("25.456", "20.123"), ("8.500", "0.250")], [20.123, 0.25]),
        (";", [("1,234", "1,230"), ("1,234,567", "1,000,000")], [1230, 1000000]),
        ("\t", [("25,456", "20,123"), ("8,5", "6,25")], [20.123, 6.25]),
        ("\t", [("1,234", "1,230"), ("8.5", "6.25")], [1230, 6.25]),
    ],
)
def test_a_comma_parts_thousands_or_decimals_as_the_file_and_its_numbers_show(
    tmp_path: Path, separator: str, seconds: list[tuple[str, str]], expected: list[float]
) -> None:
    assert billed(tmp_path, separator, *seconds) == (expected, [])


@pytest.mark.parametrize(
    ("separator", "seconds", "shown"),
    [
        (";", ("1.025", "1.020"), "duration is '1.025'"),
        ("\t", ("1.025", "1.020"), "duration is '1.025'"),
        ("\t", ("25,456", "20,123"), "duration is '25,456'"),
        ("\t", ("25", "20.123"), "billsec is '20.123'"),
    ],
)
def test_seconds_that_may_be_thousands_or_decimals_are_a_bad_record(
    tmp_path: Path, separator: str, seconds: tuple[str, str], shown: str
) -> None:
    found, reasons = billed(tmp_path, separator, ("8", "6"), seconds)
    assert found == [6]
    assert len(reasons) == 1
    assert reasons[0].startswith(f"its {shown}: nothing in the file shows whether that is ")


def test_numbers_that_contradict_each_other_tell_nothing_of_others(tmp_path: Path) -> None:
    found, reasons = billed(tmp_path, ";", ("8,5", "6,25"), ("9.5", "6.5"), ("25,456", "20,123"))
    assert found == [6.25, 6.5]
    assert reasons == [
        "its duration is '25,456': nothing in the file shows whether that is 25456 seconds or "
        "25.456"
    ]


def test_a_comma_of_json_is_known_by_other_numbers_only(tmp_path: Path) -> None:
    path = tmp_path / "cdr.json"
    both = [dict(zip(NAMES, row, strict=True)) for row in rows(("25,456", "20,123"), ("8,5", "6"))]
    path.write_text(json.dumps(both[0]))
    assert history(path, tz="UTC").bad_count == 1
    path.write_text("\n".join(map(json.dumps, both)))
    assert history(path, tz="UTC").calls["billsec"].tolist() == [20.123, 6]
