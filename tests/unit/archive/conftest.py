"""A record in memory, to be kept on disk."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ast_notebook.recording import Record


@pytest.fixture
def record() -> Iterator[Record]:
    record = Record("ast")
    yield record
    record.close()
