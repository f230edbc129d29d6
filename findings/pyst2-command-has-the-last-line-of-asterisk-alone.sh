#!/usr/bin/env bash
# pyst2 0.5.1 with Asterisk 16.28.0 and 22.10.1: `Manager.command("core show version")` and the like give a message
# whose `data`, where the output was in older Asterisks, is empty, and whose header Output is the last line alone.
# These Asterisks send a header Output for each line, and pyst2 keeps the last of repeated headers; no error
# tells. All lines are in `response`, the message as it came. Of `core show applications` so remains
# "-= 160 Applications Registered =-" on 22.10.1. Fails if any of this changes.
set -euo pipefail
source "$(dirname "$0")/asterisk.bash"
python3 -m venv "$asterisk_place/venv"
"$asterisk_place/venv/bin/pip" install --quiet --disable-pip-version-check pyst2==0.5.1
for version in 16 22; do
    asterisk_fetch "$version"
    asterisk_start
    "$asterisk_place/venv/bin/python" -W ignore - "$ami_port" <<'PY'
import sys

from asterisk.manager import Manager

manager = Manager()
manager.connect("127.0.0.1", int(sys.argv[1]))
manager.login("all", "all")
answer = manager.command("core show applications")
lines = [line for line in answer.response if line.startswith("Output: ")]
print("data", repr(answer.data), "Output", repr(answer.get_header("Output")), "of", len(lines), "lines")
assert answer.data == ""
assert answer.get_header("Output").startswith("-= ") and answer.get_header("Output").endswith(" Registered =-")
assert len(lines) > 100
manager.close()
PY
done
