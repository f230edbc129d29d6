"""Records that do not stand as they were written: newest first, twice, or with a part missing."""

from __future__ import annotations

import gzip
from pathlib import Path

import pandas as pd
import pytest

from ast_notebook.calls.history import History, history
from ast_notebook.calls.history import order as ordering

FIXTURES = Path(__file__).parent / "fixtures"
NAMES = ["cel.csv.gz", "queue_log.gz", "cdr.csv.gz", "cdr-linkedid.csv.gz"]


def lines_of(name: str, version: int = 22) -> list[str]:
    whole = gzip.decompress((FIXTURES / f"asterisk{version}" / name).read_bytes()).decode()
    return whole.splitlines(keepends=True)


def read(folder: Path, lines: list[str], kind: str | None = None) -> History:
    path = folder / "log"
    path.write_text("".join(lines))
    return history(path, tz="UTC", kind=kind)


@pytest.mark.parametrize("version", [16, 22])
@pytest.mark.parametrize("name", NAMES)
def test_newest_first_is_turned_round_and_noted(
    tmp_path: Path, name: str, version: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = lines_of(name, version)
    plain = read(tmp_path, lines)
    assert plain.notes == []
    monkeypatch.setattr(ordering, "_MANY", 100)  # so that there are several parts
    with pytest.warns(UserWarning, match="newest records stand first"):
        turned = read(tmp_path, lines[::-1])
    assert len(turned.notes) == 1
    assert (turned.records, turned.bad_count) == (plain.records, plain.bad_count)
    pd.testing.assert_frame_equal(turned.calls, plain.calls)
    pd.testing.assert_frame_equal(turned.visits, plain.visits)


def test_bad_records_keep_the_numbers_of_their_lines(tmp_path: Path) -> None:
    lines = lines_of("cdr.csv.gz")[:50][::-1]
    lines.insert(7, "what is this?\n")
    with pytest.warns(UserWarning, match="newest records stand first"):
        found = read(tmp_path, lines)
    assert list(found.bad["line"]) == [8]


def test_a_call_within_another_one_does_not_stand_newest_first(tmp_path: Path) -> None:
    def line(serial: int, start: int, end: int) -> str:
        return (
            f'"","10{serial}","200","phones","<10{serial}>","PJSIP/10{serial}-0000000{serial}",'
            f'"PJSIP/200-0000001{serial}","Dial","PJSIP/200","2026-06-01 10:00:{start}",'
            f'"2026-06-01 10:00:{start}","2026-06-01 10:00:{end}",{end - start},{end - start},'
            f'"ANSWERED","DOCUMENTATION","178030800{serial}.{serial}",""\n'
        )

    assert read(tmp_path, [line(2, 20, 30), line(1, 10, 50)], "cdr").notes == []
