#!/usr/bin/env bash
# IPython 9.18.1: a semicolon behind a magic whose output can be silenced, such as %time, does more than keep
# the cell quiet. In `x = %time 2 + 3;` the magic itself returns None, so that x is None; without the
# semicolon it is 5, and with the semicolon in an ordinary assignment, `x = 2 + 3;`, it is 5, too.
# A magic that is decorated by `output_can_be_silenced` cannot be assigned quietly. Fails if that changes.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check ipython==9.18.1
IPYTHONDIR="$place/ipython" "$place/venv/bin/python" - <<'PY'
from IPython.core.interactiveshell import InteractiveShell

shell = InteractiveShell.instance()
found = {}
for cell in ("x = %time 2 + 3", "x = %time 2 + 3;", "x = 2 + 3;"):
    shell.run_cell(cell)
    found[cell] = shell.user_ns["x"]
    print(repr(cell), "->", found[cell])
assert list(found.values()) == [5, None, 5]
PY
