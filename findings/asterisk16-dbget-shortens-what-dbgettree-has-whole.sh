#!/usr/bin/env bash
# Asterisk 16.28.0: DBPut stores a text of 300 letters, and DBGet gives back the first 255 with a Success; the rest is
# not lost, for DBGetTree gives all of it. The cut goes by bytes: of 200 letters of two
# bytes each DBGet sends 127 and one half of a letter, so that the line is no UTF-8 any more. Asterisk 22.10.1 gives
# all of both. On either version the blanks before a value are left out when it is stored, those behind it are kept.
# Fails if any of this changes.
set -euo pipefail
source "$(dirname "$0")/asterisk.bash"
for version in 16 22; do
    asterisk_fetch "$version"
    asterisk_start
    asterisk_python <<'PY'
import os
from ami import Manager

manager = Manager()


def got(action, text):
    """The bytes that come back of a stored text."""
    assert manager.ask("DBPut", Family="texts", Key="one", Val=text)["Response"] == "Success"
    place, number = len(manager.raw), manager.send(action, Family="texts", Key="one")
    while True:
        raw = b""
        while not raw.endswith(b"\r\n\r\n"):
            raw += manager.stream.readline()
        for line in raw.split(b"\r\n"):
            if line.startswith(b"Val: "):
                return line.removeprefix(b"Val: ")


whole = os.environ["ASTERISK_VERSION"] == "22"
plain, umlauts = "x" * 300, "ü" * 200
found = {action: [got(action, text) for text in (plain, umlauts)] for action in ("DBGet", "DBGetTree")}
blanks = got("DBGet", "   two   ")
print({action: [len(text) for text in texts] for action, texts in found.items()}, blanks)
kept = [text.encode() for text in (plain, umlauts)]
assert found["DBGetTree"] == kept
assert found["DBGet"] == (kept if whole else [text[:255] for text in kept])
assert blanks == b"two   "
PY
done
