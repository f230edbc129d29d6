"""An archive reads alike wherever it is: its path is a path, and tells no values."""

from __future__ import annotations

import shutil
import warnings
from datetime import date
from pathlib import Path

import duckdb
import pytest

from ast_notebook.calls.history import archive_calls, calls_of_day, history
from ast_notebook.recording import relation, scan
from tests.support.archive_ways import OURS, in_pandas
from tests.support.archives import NOON, files, keep_a_call

#: Folders that look like values of columns, or like patterns, and what such a pattern matches.
TELLING = (
    "server=nas",
    "day=2020-01-01",
    "event=Hangup",
    "queue=7",
    "received_us=1",
    "time=x",
    "recorder=r",
    "extra=1",
    "linkedid=1",
    "SERVER=nas",
    "x=1/server=a/day=2020-01-01",
)
PATTERNS = {
    "a*": "ab",
    "what?": "whatx",
    "calls[12]": "calls1",
    "[!b]": "c",
    "**": "d",
    "of] [o] 'all'*?": "of] o 'all'x?",
    "a[": "a",
    r"back\slash*": r"back\slashx",
}


def beside(tmp_path: Path, folder: str) -> Path:
    """Make an archive in a folder, and beside it one whose file has the same name."""
    place = tmp_path / folder / "calls"
    keep_a_call(place, "west")
    if folder in PATTERNS:
        (sealed,) = files(place, ".parquet")
        keep_a_call(tmp_path / "other", "east")
        (other,) = files(tmp_path / "other", ".parquet")
        near = tmp_path / PATTERNS[folder] / "calls" / sealed.relative_to(place)
        near.parent.mkdir(parents=True)
        shutil.move(other, near)
    return place


@pytest.mark.parametrize("folder", [*TELLING, *PATTERNS])
def test_the_path_of_an_archive_changes_no_value(tmp_path: Path, folder: str) -> None:
    place = beside(tmp_path, folder)
    right = (["west"] * 2, ["Hangup", "Newchannel"], [f"{NOON // 1_000_000}.1"] * 2)
    columns = ("server", "event", "linkedid")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for way in OURS.values():
            frame = in_pandas(way(place))
            assert tuple(sorted(frame[name]) for name in columns) == right
        connection = duckdb.connect()
        found = relation(place, connection=connection)
        assert found.columns == scan(place).schema.names
        assert set(found.project("day, received_us // 1000000, recorder").fetchall()) == {
            (date(2026, 3, 1), NOON // 1_000_000, files(place, ".parquet")[0].name.split("-")[0])
        }


@pytest.mark.parametrize("folder", ["event=Hangup", "server=nas", "calls[12]"])
def test_calls_are_the_same_wherever_the_archive_is(tmp_path: Path, folder: str) -> None:
    place = beside(tmp_path, folder)
    found = [
        history(place, engine="pandas").calls,
        history(place, engine="duckdb").calls,
        archive_calls(place).df(),
        calls_of_day(place, "2026-03-01"),
    ]
    assert [list(one["server"]) for one in found] == [["west"]] * len(found)


@pytest.mark.parametrize("server", ["a b", "[w]*?", r"we\st", "100%", "a=b", "+7"])
def test_a_server_whose_folder_was_renamed_is_called_what_the_folder_says(
    tmp_path: Path, server: str
) -> None:
    keep_a_call(tmp_path, "west")
    (tmp_path / "server=west").rename(tmp_path / f"server={server}")
    for way in OURS.values():
        assert list(in_pandas(way(tmp_path))["server"]) == [server] * 2
