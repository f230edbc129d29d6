"""The layout of an archive: the columns, the version, and the names of folders and files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from urllib.parse import quote, unquote

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ast_notebook.digits import is_count
from ast_notebook.errors import ConfError
from ast_notebook.recording.headers import PROMOTED

VERSION = 1
OPEN = ".arrows"
SEALED = ".parquet"
DAMAGED = ".arrows.damaged"  # a damaged open file, whose readable events were sealed
DAY = 86_400_000_000  # microseconds
NOT_OURS = "it was not written by ast_notebook"
NO_MOMENT = "it has events without the time at which they were received"

_MOMENT = pa.timestamp("us", "UTC")
_PAIRS = pa.map_(pa.string(), pa.string())
_TEXTS = pa.dictionary(pa.int16(), pa.string())
_VERSION = b"ast_notebook.archive"
_ANONYMIZED = b"anonymized"
_TIMES = [
    ("received", _MOMENT),
    ("time", _MOMENT),
    ("received_us", pa.int64()),
    ("time_us", pa.int64()),
]

#: The columns of a sealed file; ``server`` and ``day`` are in the names of its folders.
SCHEMA = pa.schema(
    [
        *_TIMES,
        ("recorder", pa.string()),
        *((name, pa.string()) for name in ("event", *PROMOTED)),
        ("extra", _PAIRS),
    ]
)
TEXTS = [field.name for field in SCHEMA if field.type == pa.string()]
FOLDERS = pa.schema([("server", pa.string()), ("day", pa.date32())])


@dataclass(frozen=True, order=True)
class Name:
    """The name of a file: its server, its day, its recorder, and its number for that recorder.

    A recorder's id begins with the second in which it started, so names sort by age.
    """

    recorder: str
    number: int
    server: str
    day: date

    @property
    def folder(self) -> str:
        """The folder below the archive's own."""
        return f"server={quote(self.server, safe='')}/day={self.day.isoformat()}"

    def path(self, ending: str) -> str:
        """Return the path below the archive's folder, with one of our suffixes.

        An open file's name begins with ``_``, since programs that read the folder as a dataset
        (pandas, Spark, Dask) ignore such files; otherwise they would fail.
        """
        hidden = "" if ending == SEALED else "_"
        return f"{self.folder}/{hidden}{self.recorder}-{self.number:06d}{ending}"

    def metadata(self, *, pseudonyms: str = "") -> dict[str, str]:
        """Return the metadata of each file; `pseudonyms` is the mark of those in it, if any."""
        known = {
            _VERSION.decode(): str(VERSION),
            "server": self.server,
            "recorder": self.recorder,
            "number": str(self.number),
            "day": self.day.isoformat(),
        }
        return known | ({_ANONYMIZED.decode(): pseudonyms} if pseudonyms else {})

    def differs(self, metadata: dict[bytes, bytes] | None) -> str:
        """Return how the metadata in a file contradict its name; empty if they do not.

        The server is not compared, since its folder may have been renamed. Files of earlier
        versions have no number in their metadata.
        """
        expected = self.metadata()
        for what in ("recorder", "number", "day"):
            said = (metadata or {}).get(what.encode(), expected[what].encode())
            if said != expected[what].encode():
                return f"it is a copy: it says that its {what} is {said[:20].decode('latin-1')}"
        return ""


_PATH = re.compile(
    r"(?:^|.*/)server=([^/]+)/day=(\d{4}-\d\d-\d\d)/_?([0-9a-f]+)-(\d+)(\.arrows(?:\.damaged)?|\.parquet)$"
)


def named(path: str) -> tuple[Name, str] | None:
    """Parse a path into a name and a suffix; None if it is not a file of an archive."""
    found = _PATH.match(path)
    if found is None:
        return None
    server, day, recorder, number, ending = found.groups()
    try:
        return Name(recorder, int(number), unquote(server), date.fromisoformat(day)), ending
    except ValueError:
        return None


def is_readable(path: str) -> bool:
    """Tell whether the parts of a path that name the server, the day and the file are UTF-8."""
    own = "/".join(path.split("/")[-3:])
    try:
        own.encode()
        unquote(own, errors="strict")
    except UnicodeError:
        return False
    return True


def block_schema(name: Name, *, pseudonyms: str = "") -> pa.Schema:
    """Return the columns of an open file: those of `SCHEMA`, with texts in small dictionaries.

    Only ``recorder`` is not among them.
    """
    fields = [*_TIMES, *((column, _TEXTS) for column in ("event", *PROMOTED)), ("extra", _PAIRS)]
    return pa.schema(fields, metadata=name.metadata(pseudonyms=pseudonyms))


def misses(schema: pa.Schema, wanted: pa.Schema) -> str:
    """Say which column is missing, there twice, or of another type; empty if all are right."""
    for each in wanted:
        at = schema.get_field_index(each.name)
        if at < 0 or schema.field(at).type != each.type:
            return f"it has no proper column {each.name}"
    return ""


def is_ours(metadata: dict[bytes, bytes] | None) -> bool:
    """Tell by its metadata whether a file was written by ast_notebook."""
    return is_count(_version(metadata))


def _version(metadata: dict[bytes, bytes] | None) -> str:
    return (metadata or {}).get(_VERSION, b"").decode("latin-1")


def pseudonyms_of(metadata: dict[bytes, bytes] | None) -> str:
    """Return the mark of the pseudonyms in a file; empty if it has numbers and names themselves."""
    return (metadata or {}).get(_ANONYMIZED, b"").decode("latin-1")


def check_version(metadata: dict[bytes, bytes] | None, path: str) -> None:
    """Check that a file can be read.

    Raises
    ------
    ConfError
        If it was written by a later version of ast_notebook, or by something else.
    """
    if not is_ours(metadata):
        raise ConfError(f"{path} was not written by ast_notebook: take it out of the archive")
    written = _version(metadata)
    if int(written) > VERSION:
        raise ConfError(
            f"{path} is of version {written} of the archive, and this ast_notebook reads "
            f"up to {VERSION}: pip install --upgrade ast_notebook"
        )


def widened(block: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    """Give a block of events from `columns.batch_of` all the columns of an open file."""
    received = block["received"]
    time = pc.coalesce(block["time"], received)
    columns = {
        "received": received.cast(_MOMENT),
        "time": time.cast(_MOMENT),
        "received_us": received,
        "time_us": time,
    }
    known = set(block.schema.names)
    arrays = [
        columns[field.name]
        if field.name in columns
        else block[field.name]
        if field.name in known
        else pa.nulls(len(block), field.type)
        for field in schema
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def flattened(block: pa.RecordBatch, recorder: str) -> pa.RecordBatch:
    """Turn a block of an open file into one of a sealed file: with texts, not dictionaries."""
    count = len(block)
    known = set(block.schema.names)
    arrays = [
        pa.array([recorder], pa.string()).take(pa.array(np.zeros(count, np.int8)))
        if field.name == "recorder"
        else block[field.name].cast(field.type)
        if field.name in known
        else pa.nulls(count, field.type)
        for field in SCHEMA
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=SCHEMA)


def narrowed(block: pa.RecordBatch) -> pa.RecordBatch:
    """Turn an archive's block into one like those of `columns.batch_of`: without empty columns."""
    arrays: dict[str, pa.Array] = {"received": block["received_us"], "time": block["time_us"]}
    for name in ("event", *PROMOTED):
        column = block[name] if name in block.schema.names else None
        if column is None or (column.null_count == len(column) and name != "event"):
            continue
        arrays[name] = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
    if "extra" in block.schema.names and block["extra"].null_count < len(block):
        arrays["extra"] = block["extra"]
    return pa.RecordBatch.from_pydict(arrays)


def day_of(microseconds: int) -> date:
    """Return the UTC day of a moment, given in microseconds since 1970 UTC."""
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds)).date()


def by_day(block: pa.RecordBatch) -> Iterator[tuple[date, pa.RecordBatch]]:
    """Split a block of `columns.batch_of` where the UTC day of the receive time changes."""
    days = block["received"].to_numpy() // DAY
    edges = [0, *(np.flatnonzero(np.diff(days)) + 1).tolist(), len(days)]
    for first, last in pairwise(edges):
        if last > first:
            yield day_of(int(days[first]) * DAY), block.slice(first, last - first)
