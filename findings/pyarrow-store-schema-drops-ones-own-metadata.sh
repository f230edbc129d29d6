#!/usr/bin/env bash
# pyarrow 26.0.1: `pyarrow.parquet.write_table(table, path, store_schema=False)` leaves out the Arrow schema, as its
# name says, and with it whatever the table's own metadata had, although Parquet has a place for such pairs
# and pyarrow puts them there otherwise. A table with {"version": "1"} is read back with no metadata at all; so is
# pandas' own description of its index. Nothing warns. Fails if that changes.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check pyarrow==26.0.1 pandas==3.1.1
"$place/venv/bin/python" -W error - "$place/table.parquet" <<'PY'
import sys

import pandas
import pyarrow as pa
import pyarrow.parquet as pq

path = sys.argv[1]
table = pa.table({"call": [1, 2]}).replace_schema_metadata({"version": "1"})
frame = pandas.DataFrame({"call": [1, 2]}, index=pandas.Index(["a", "b"], name="pbx"))
found = {}
for store in (True, False):
    pq.write_table(table, path, store_schema=store)
    kept = pq.read_metadata(path).metadata or {}
    frame.to_parquet(path, engine="pyarrow", store_schema=store)
    found[store] = kept.get(b"version"), list(pandas.read_parquet(path).columns)
    print("store_schema", store, sorted(kept), found[store])
assert found[True] == (b"1", ["call"])
assert found[False] == (None, ["call", "pbx"])
PY
