"""The sources of an archive: the record, and the anonymizer."""

from __future__ import annotations

from typing import Protocol

import pyarrow as pa


class ArchiveSource(Protocol):
    """The source of the events that are kept: a `Record`, which numbers them from its first one."""

    server: str

    @property
    def end(self) -> int:
        """The number of the next event to come."""

    def after(self, number: int, most: int) -> tuple[int, pa.RecordBatch] | None:
        """Return the number of the first event from `number` on, and the events from it on.

        They are in columns or, while nobody has needed columns, as `columns.TEXTS`. The returned
        number is larger than `number` if events were dropped meanwhile.
        """


class Anonymizing(Protocol):
    """An `Anonymizer`, which replaces numbers and names."""

    @property
    def mark(self) -> str:
        """A text that is the same for the same pseudonyms, and tells nothing of their key."""

    def block(self, block: pa.RecordBatch) -> pa.RecordBatch:
        """Return a block of events as `ArchiveSource.after` gives it, with pseudonyms."""
