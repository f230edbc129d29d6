#!/usr/bin/env bash
# Asterisk 16.28.0 and 22.10.1: cdr_sqlite3_custom makes its table itself, with no type behind any column, and
# stores every value as text. SQLite keeps what has no type as it comes, and a text is greater than any number. So
# `billsec > 3600` is true for a call of 2 seconds, `billsec = 2` for none, and ORDER BY puts 11 before 2, while
# sum(billsec) is right. `billsec + 0 > 3600` compares numbers. The calls here last for 2 and 11 seconds, two
# rows each. Fails if any of this changes.
set -euo pipefail
source "$(dirname "$0")/asterisk.bash"
for version in 16 22; do
    asterisk_fetch "$version"
    asterisk_conf cdr.conf <<<$'[general]\nenable = yes'
    asterisk_conf cdr_sqlite3_custom.conf <<'CONF'
[master]
table => cdr
columns => dst, billsec
values => '${CDR(dst)}','${CDR(billsec)}'
CONF
    asterisk_conf extensions.conf <<'CONF'
[calls]
exten => short,1,Answer()
 same => n,Wait(2.2)
exten => long,1,Answer()
 same => n,Wait(11.2)
CONF
    asterisk_start
    asterisk_cli 'channel originate Local/short@calls/n application Wait 60'
    asterisk_cli 'channel originate Local/long@calls/n application Wait 60'
    asterisk_python <<'PY'
import os
import sqlite3
import time

table = sqlite3.connect(os.environ["ASTERISK_RUN"] + "/log/master.db")


def rows(query):
    return [row[0] for row in table.execute(query)]


# Each call is two channels, of which one alone has run the dialplan's extension; the other has the same name.
for _ in range(600):
    try:
        if len(rows("SELECT dst FROM cdr")) == 4:
            break
    except sqlite3.OperationalError:
        pass  # The table is not there yet, or is being written.
    time.sleep(0.1)
print(table.execute("SELECT sql FROM sqlite_master WHERE name = 'cdr'").fetchone()[0])
print(table.execute("SELECT dst, billsec, typeof(billsec) FROM cdr").fetchall())
assert rows("SELECT DISTINCT typeof(billsec) FROM cdr") == ["text"]
assert rows("SELECT count(*) FROM cdr WHERE billsec > 3600") == [4]
assert rows("SELECT count(*) FROM cdr WHERE billsec = 2") == [0]
assert rows("SELECT DISTINCT dst FROM cdr ORDER BY billsec") == ["long", "short"]
assert rows("SELECT count(*) FROM cdr WHERE billsec + 0 > 3600") == [0]
assert 20 < rows("SELECT sum(billsec) FROM cdr")[0] < 40
PY
done
