#!/usr/bin/env bash
# IPython 9.18.1 with traitlets 5.16.1: a value that a trait refuses fails an assignment in a cell, but not `%config`. The
# validator's TraitError, and whatever an observer raises, are written to the log, the cell succeeds, and the
# notebook that is run from top to bottom goes on. After a refusal by the validator the old value holds; after
# one by an observer the new value holds, though what should have come of it was not done. With the assignment
# both errors reach the cell. Fails if any of this changes.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check ipython==9.18.1 traitlets==5.16.1
IPYTHONDIR="$place/ipython" "$place/venv/bin/python" - <<'PY'
from IPython.core.interactiveshell import InteractiveShell
from IPython.core.magic import Magics, magics_class
from traitlets import TraitError, Unicode, observe, validate


@magics_class
class Clock(Magics):
    zone = Unicode("UTC").tag(config=True)
    style = Unicode("long").tag(config=True)

    @validate("zone")
    def _known(self, proposal):
        raise TraitError("no such zone")

    @observe("style")
    def _draw(self, change):
        raise ValueError("this style cannot be drawn")


shell = InteractiveShell.instance()
shell.register_magics(Clock)
clock = shell.user_ns["clock"] = shell.magics_manager.registry["Clock"]
found = {}
for cell in (
    "%config Clock.zone = 'Mars'",
    "%config Clock.style = 'tiny'",
    "clock.zone = 'Mars'",
    "clock.style = 'huge'",
):
    result = shell.run_cell(cell)
    found[cell] = (result.success, clock.zone, clock.style)
    print(cell, "->", *found[cell])
assert list(found.values()) == [
    (True, "UTC", "long"),
    (True, "UTC", "tiny"),
    (False, "UTC", "tiny"),
    (False, "UTC", "huge"),
]
PY
