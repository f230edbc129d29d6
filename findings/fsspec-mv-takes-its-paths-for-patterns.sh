#!/usr/bin/env bash
# fsspec 2026.9.0: `mv` of a file system that has no rename of its own, as memory:// and s3:// have none, copies and removes,
# and takes both of its paths for patterns, though `put_file`, `cp_file`, `open` and `find` take theirs as they are.
# With a ? or * in the path, the target becomes a folder: `mv("/calls?/a.part", "/calls?/a")` leaves the file as
# /calls?/a/a.part, and no error tells it; with brackets, nothing is found. `cp_file` and `rm_file` move it to where
# it was meant to go.
# Fails if any of this changes.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check fsspec==2026.9.0
"$place/venv/bin/python" - <<'PY'
import fsspec


def moved(folder, literally=False):
    """Write a file, move it, and return where it is."""
    system = fsspec.filesystem("memory")
    system.store.clear()
    old, new = f"{folder}/a.part", f"{folder}/a"
    system.pipe_file(old, b"events")
    if literally:
        system.cp_file(old, new)
        system.rm_file(old)
    else:
        system.mv(old, new)
    return system.find("/")


for folder in ("/calls", "/calls?", "/calls*"):
    print(folder, moved(folder), moved(folder, literally=True))
    assert moved(folder, literally=True) == [f"{folder}/a"]
assert moved("/calls") == ["/calls/a"]
assert moved("/calls?") == ["/calls?/a/a.part"] and moved("/calls*") == ["/calls*/a/a.part"]
assert moved("/calls[1]", literally=True) == ["/calls[1]/a"]
try:
    moved("/calls[1]")
except FileNotFoundError as error:
    print("/calls[1]", repr(error))
else:
    raise AssertionError("brackets are letters now")
PY
