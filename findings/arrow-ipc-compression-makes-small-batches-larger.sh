#!/usr/bin/env bash
# pyarrow 26.0.1: `IpcWriteOptions(compression="zstd")` compresses each buffer of a batch by itself,
# each with a length of 8 bytes before it, and the schema not at all. A stream of one batch of 20 rows
# and 45 columns of dictionaries is 21,912 bytes with compression, and 21,168 without. The same plain
# stream compressed as a whole, by `pyarrow.compress`, is 1,697 bytes. Who writes small wide batches
# (a log, a write-ahead file) wants the second. Fails if any of this changes.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check pyarrow==26.0.1
"$place/venv/bin/python" - <<'PY'
import pyarrow as pa

columns = {
    f"column{i}": pa.array([f"value-{i % 7}-{n % 5}" for n in range(20)]).dictionary_encode()
    for i in range(45)
}
batch = pa.RecordBatch.from_pydict(columns)


def stream(**options):
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema, options=pa.ipc.IpcWriteOptions(**options)) as out:
        out.write_batch(batch)
    return sink.getvalue().to_pybytes()


plain, each = stream(), stream(compression="zstd")
whole = pa.compress(plain, codec="zstd", asbytes=True)
print("plain", len(plain), "each buffer", len(each), "as a whole", len(whole))
assert len(each) > len(plain)
assert len(whole) < len(plain) / 8
PY
