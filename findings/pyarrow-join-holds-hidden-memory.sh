#!/usr/bin/env bash
# pyarrow 26.0.1: the table that `Table.join` gives holds room for 32,768 rows, however few it has.
# `nbytes` tells the bytes of the rows (21 for one row here); `get_total_buffer_size()` tells what is
# held (393,548). A copy made with `take` holds 26. Whoever keeps many small results of joins, and
# budgets memory by `nbytes`, is off by four orders of magnitude.
# `group_by` on the same tables holds no such room. Fails if any of this changes.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check pyarrow==26.0.1
"$place/venv/bin/python" - <<'PY'
import pyarrow as pa

left = pa.table({"key": ["a", "b"], "x": [1, 2]})
right = pa.table({"key": ["a"], "y": [5]})
joined = left.join(right, "key", join_type="inner")
copied = joined.take([0])
grouped = left.group_by("key").aggregate([("x", "sum")])
for name, table in (("joined", joined), ("copied", copied), ("grouped", grouped)):
    print(name, table.num_rows, "rows, nbytes", table.nbytes, "held", table.get_total_buffer_size())
assert joined.num_rows == 1 and joined.nbytes < 100
assert joined.get_total_buffer_size() > 300_000
assert copied.get_total_buffer_size() < 100
assert grouped.get_total_buffer_size() < 100
PY
