"""An archive whose sealed files are at a URL."""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd
import pytest

from ast_notebook.errors import ConfError
from ast_notebook.recording import Record, archive, read, scan
from ast_notebook.recording.archive_files import ArchiveFiles
from ast_notebook.recording.archive_place import ArchivePlace
from ast_notebook.recording.layout import DAY
from tests.support.archives import NOON, files, leave, numbered, numbers
from tests.support.waiting import eventually


def test_sealed_files_go_to_a_url_and_open_ones_stay_here(tmp_path: Path) -> None:
    url = f"memory://archive-{tmp_path.name}"
    open_folder = tmp_path / "spool"
    record = Record("ast")
    kept = record.to(url, open_folder=open_folder)
    record.add(numbered(0, 500), NOON)
    assert kept.flush()
    assert files(open_folder, ".arrows")
    live = record.frame()
    pd.testing.assert_frame_equal(read(url, open_folder=open_folder), live)
    record.close()
    eventually(lambda: not files(open_folder, ".arrows"))
    pd.testing.assert_frame_equal(read(url, open_folder=open_folder), live)
    assert scan(url, open_folder=open_folder).count_rows() == 500
    leave(open_folder, numbered(500, 505), NOON - 40 * DAY)
    again = Record("ast")
    again.to(url, retention_days=20, open_folder=open_folder)
    eventually(lambda: not files(open_folder, ".arrows"))
    again.close()
    assert files(open_folder, "s") == []


@pytest.mark.parametrize("letters", ["?", "[ab]", "*"])
def test_letters_of_a_pattern_in_a_url_are_letters(tmp_path: Path, letters: str) -> None:
    url = f"memory://archive-{tmp_path.name}/calls{letters}2026"
    record = Record("ast")
    record.to(url, open_folder=tmp_path / "open")
    record.add(numbered(0, 50), NOON)
    record.close()
    eventually(lambda: not files(tmp_path / "open", ".arrows"))
    assert numbers(read(url)) == list(range(50))


def test_a_url_has_a_spool_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    one, two = ArchiveFiles("memory://bucket/a"), ArchiveFiles("memory://bucket/b")
    assert one.open_folder != two.open_folder
    if sys.platform == "linux":
        assert one.open_folder.is_relative_to(tmp_path)


def test_a_password_in_a_url_is_nowhere_to_be_seen(
    record: Record,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    kept = record.to(f"memory://bob:hunter2@host/{tmp_path.name}?sig=hunter2")
    record.add(numbered(0, 10), NOON)
    assert kept.flush()
    kept._troubles.begin("disk", "not on disk", OSError("refused"))
    with pytest.raises(ConfError, match="://host") as refused:
        record.to("nosuch://bob:hunter2@host/x?sig=hunter2")
    shown = [
        repr(kept),
        repr(record),
        caplog.text,
        str(refused.value),
        *map(str, tmp_path.rglob("*")),
    ]
    assert "hunter2" not in "".join(shown)
    assert kept.place == f"memory://host/{tmp_path.name}"
    assert ArchivePlace("zip://a.zip::ftp://bob:hunter2@h/x").name == "zip://a.zip::ftp://h/x"


def test_the_same_folder_of_another_host_is_another_place(
    record: Record, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    url = f"memory://one/{tmp_path.name}"
    first = record.to(url)
    monkeypatch.setattr(archive, "ArchiveFiles", None)  # nobody goes there to see
    assert record.to(f"{url}/") is first
    assert not first.is_at(f"memory://two/{tmp_path.name}")
    assert not first.is_at(tmp_path)
