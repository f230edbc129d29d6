"""Calls of an archive that is damaged, made in DuckDB, which goes through it several times."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ast_notebook.calls import memory
from ast_notebook.calls.history import history
from ast_notebook.calls.history.archived import archive_calls
from tests.support.archives import is_named_each_time


def calls_by_duckdb(place: Path) -> int:
    return len(archive_calls(place))


def calls_in_memory_or_not(place: Path) -> int:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(memory, "fits", lambda _: False)
        return len(history(place))


@pytest.mark.parametrize(
    "column, way",
    [  # few, since DuckDB takes seconds for each
        ("value", calls_by_duckdb),
        ("event", calls_in_memory_or_not),
        ("value", calls_in_memory_or_not),
    ],
)
def test_every_other_way_to_read_names_a_damaged_file_each_time(
    tmp_path: Path, column: str, way: Callable[[Path], int]
) -> None:
    is_named_each_time(tmp_path, column, way)
