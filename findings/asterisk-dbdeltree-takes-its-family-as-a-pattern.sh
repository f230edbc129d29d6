#!/usr/bin/env bash
# Asterisk 16.28.0 and 22.10.1: its database (astdb) tells `office` from `Office` when an entry is written, read or
# deleted by DBPut, DBGet and DBDel. DBDelTree and `database deltree` do not: they hand the family to the LIKE of
# SQLite, which ignores the case of letters and takes `_` as any letter. So DBDelTree of the family `cf_1`
# also deletes the families `CF_1`, `cfx1` and `cf-1`, and says "Key tree deleted successfully"; `cfxx1` stays.
# `database show cf_1` shows the entries of all four, too. Fails if any of this changes.
set -euo pipefail
source "$(dirname "$0")/asterisk.bash"
for version in 16 22; do
    asterisk_fetch "$version"
    asterisk_start
    asterisk_python <<'PY'
from ami import Manager

manager = Manager()
families = ["cf_1", "CF_1", "cfx1", "cf-1", "cfxx1"]


def present():
    return [one for one in families if manager.ask("DBGet", Family=one, Key="200")["Response"] == "Success"]


for family in families:
    assert manager.ask("DBPut", Family=family, Key="200", Val="240")["Response"] == "Success"
# One entry goes by its exact name: there is no `Cf_1`.
assert manager.ask("DBDel", Family="Cf_1", Key="200")["Response"] == "Error"
assert present() == families
PY
    asterisk_cli 'database show cf_1' | tee "$asterisk_run/shown"
    [[ $(grep -c '/200 ' "$asterisk_run/shown") == 4 ]]
    asterisk_python <<'PY'
from ami import Manager

manager = Manager()
print(manager.ask("DBDelTree", Family="cf_1"))
left = [one for one in ("cf_1", "CF_1", "cfx1", "cf-1", "cfxx1")
        if manager.ask("DBGet", Family=one, Key="200")["Response"] == "Success"]
print("left:", left)
assert left == ["cfxx1"]
PY
done
