#!/usr/bin/env bash
# pyarrow 26.0.1: `pyarrow.compress(data, codec="zstd")` returns a buffer that tells the size of what was
# compressed, and keeps the room that zstd would need in the worst case: as much as the input, and more.
# A thousand blocks of 100,000 bytes, each compressed to about 30 bytes, hold 100 MB of Arrow's memory and
# tell 30 kB by `size` and `nbytes`. With `asbytes=True` the result is a copy in `bytes`, and nothing else
# stays. Who keeps many compressed blocks, and budgets memory by their sizes, is off by three orders of
# magnitude. Fails if any of this changes.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check pyarrow==26.0.1
"$place/venv/bin/python" - <<'PY'
import pyarrow as pa

block = b"x" * 100_000
kept = [pa.compress(block, codec="zstd") for _ in range(1_000)]
told, held = sum(one.size for one in kept), pa.total_allocated_bytes()
del kept
copies = [pa.compress(block, codec="zstd", asbytes=True) for _ in range(1_000)]
left = pa.total_allocated_bytes()
print("told", told, "held", held, "held with asbytes", left, "of", sum(map(len, copies)))
assert told < 100_000
assert held > 1_000 * len(block)
assert left < 100_000
PY
