"""An archive as a frame of Spark, whose executors read the sealed files."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ast_notebook.errors import ConfError
from ast_notebook.moments import Moment
from ast_notebook.recording.archive_files import ArchiveFiles
from ast_notebook.recording.archive_place import ArchivePlace
from ast_notebook.recording.duplicates import Rows
from ast_notebook.recording.layout import Name
from ast_notebook.recording.reading import duplicates
from ast_notebook.recording.reading_blocks import columns_of, rows_of
from ast_notebook.recording.selection import ALL, Selection, select

#: The columns of `scan` that have no text of a header; a header may have one of the other names.
_OWN = ("received", "time", "received_us", "time_us", "server", "day")
_KINDS = {
    pa.string(): "string",
    pa.int64(): "bigint",
    pa.date32(): "date",
    ALL.field("received").type: "timestamp",
    ALL.field("extra").type: "map<string, string>",
}


def on_spark(
    session: Any,
    place: str | os.PathLike[str] | ArchivePlace,
    *,
    since: Moment | None = None,
    until: Moment | None = None,
    servers: Collection[str] | str = (),
    columns: Sequence[str] | None = None,
    where: pc.Expression | None = None,
    check: bool | None = None,
    notes: list[str] | None = None,
    open_folder: str | os.PathLike[str] | None = None,
    options: dict[str, Any] | None = None,
) -> Any:
    """Return an archive as a frame of Spark, without reading it on the driver.

    The driver lists the files, and executors read them, each its share, whenever Spark needs the
    events. They need ast_notebook and what reaches the place, such as s3fs, and they have to see a
    folder under the driver's path. The other parameters and the errors are those of `scan`.

    Parameters
    ----------
    session : pyspark.sql.SparkSession
        A session in this process, of a cluster, or of Spark Connect.
    columns : sequence of str, optional
        Only these columns, and nothing else is read: rare headers are taken out of ``extra``, and
        ``<unknown>`` and empty texts become missing values. By default, the frame has the unchanged
        columns of `scan`.
    where : pyarrow.compute.Expression, optional
        Only the events for which this is true, as in `read`.
    options : dict, optional
        Options for fsspec besides the URL. They are sent to the executors together with the URL;
        without them, a store's client looks for its credentials in each executor's environment.

    Returns
    -------
    pyspark.sql.DataFrame
        Its files are spread over as many tasks as the cluster has cores, or as
        ``spark.sql.leafNodeDefaultParallelism`` says. If an executor cannot read a file, Spark's
        error has the name of the file and the reason.

    Examples
    --------
    >>> events = on_spark(spark, "s3://bucket/calls", columns=["event", "queue", "holdtime"])
    >>> events.where("event = 'AgentConnect'").groupBy("queue").count().show()
    """
    at = ArchivePlace(place, options)
    del place, options  # a URL may hold a password, and a traceback shows what is in sight
    chosen = select(at, since, until, servers, open_folder, notes=notes, check=check)
    repeated = duplicates(chosen, notes)
    columns = [columns] if isinstance(columns, str) else columns
    wanted = None if columns is None else list(dict.fromkeys(columns))
    schema = ALL if wanted is None else _of_columns(wanted)
    kinds = ", ".join(f"{_quoted(field.name)} {_KINDS[field.type]}" for field in schema)
    rows = partial(_rows, schema=schema, wanted=wanted, where=where)
    sealed = _reader(chosen, repeated, rows)
    found = session.range(0, len(chosen.sealed)).mapInArrow(sealed, kinds)
    still_open = replace(chosen, sealed=[], losses={})
    held = [block for name, _ in chosen.still_open for block in rows(still_open, name, repeated)]
    if held:
        found = found.union(session.createDataFrame(pa.Table.from_batches(held), kinds))
    return found


class _PlaceToSend:
    """A place that executors are sent with its secrets; there, it is an `ArchivePlace` again.

    A place itself cannot be pickled, so that none is sent by mistake.
    """

    def __init__(self, place: ArchivePlace) -> None:
        self._place = place

    def __reduce__(self) -> tuple[Any, ...]:
        return ArchivePlace, (self._place.reveal(), self._place.options())


def _reader(
    chosen: Selection,
    repeated: dict[Name, Rows],
    rows: Callable[[Selection, Name, dict[Name, Rows]], Iterator[pa.RecordBatch]],
) -> Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """Return the function that executors run, with all that they need to know.

    Spark sends it as bytes, which are in no plan; a plan shows only its name.
    """
    files = chosen.sealed
    local = ArchivePlace(chosen.archive_files.root)  # an executor is in another folder
    sent: Any = _PlaceToSend(local if chosen.archive_files.is_local else chosen.archive_files.at)
    first, last, faults, losses = chosen.first, chosen.last, chosen.faults, chosen.losses
    packed = {
        file.name: (np.packbits(repeated[file.name]), len(repeated[file.name]))
        for file in files
        if file.name in repeated
    }

    def sealed_files(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        there = Selection(
            ArchiveFiles(sent), files, first=first, last=last, faults=faults, losses=losses
        )
        again = {
            name: np.unpackbits(bits, count=count).astype(bool)
            for name, (bits, count) in packed.items()
        }
        for batch in batches:
            for number in batch.column(0).to_pylist():
                yield from rows(there, files[number].name, again)
                if there.vanished:
                    raise ConfError(
                        f"{there.vanished[0]} was removed meanwhile, or this executor does not see "
                        "it: give a folder that all machines share, or a URL"
                    )

    return sealed_files


def _rows(
    chosen: Selection,
    name: Name,
    repeated: dict[Name, Rows],
    *,
    schema: pa.Schema,
    wanted: list[str] | None,
    where: pc.Expression | None,
) -> Iterator[pa.RecordBatch]:
    """Yield the rows of a file in the columns of the frame, without dictionaries."""
    at = chosen.archive_files.at
    if wanted is None:
        yield from at.each(rows_of(chosen, name, repeated, where))
        return
    for arrays in at.each(columns_of(chosen, name, repeated, wanted, where)):
        typed = [array.cast(kind) for array, kind in zip(arrays, schema.types, strict=True)]
        yield pa.RecordBatch.from_arrays(typed, schema=schema)


def _of_columns(wanted: list[str]) -> pa.Schema:
    """Return the columns that the frame has if only some are wanted."""
    return pa.schema(
        ALL.field(name) if name in _OWN else pa.field(name, pa.string()) for name in wanted
    )


def _quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"
