#!/usr/bin/env bash
# pyarrow 26.0.1: a fragment of a Parquet dataset that was narrowed to some row groups by
# `subset(row_group_ids=...)` reads only these, but its `count_rows()` counts the whole file, as the
# number comes from the footer. With a filter the same fragment is counted by its row groups, and so
# is a dataset that is made of it where a filter is given; without one, that dataset counts the whole
# file as well. Who leaves out row groups, because they are damaged or were read already, counts what
# he left out. Fails if any of this changes.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check pyarrow==26.0.1
"$place/venv/bin/python" - "$place/ten.parquet" <<'PY'
import sys

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq

path = sys.argv[1]
pq.write_table(pa.table({"number": list(range(10))}), path, row_group_size=4)
(whole,) = ds.dataset(path).get_fragments()
first = whole.subset(row_group_ids=[0])
some = ds.FileSystemDataset([first], whole.physical_schema, ds.ParquetFileFormat())
every = ds.field("number") >= 0
found = {
    "read": first.to_table().num_rows,
    "counted": first.count_rows(),
    "counted with a filter": first.count_rows(filter=every),
    "dataset, read": some.to_table().num_rows,
    "dataset, counted": some.count_rows(),
    "dataset, counted with a filter": some.count_rows(filter=every),
}
print(found)
assert list(found.values()) == [4, 10, 4, 4, 10, 4], found
PY
