#!/usr/bin/env bash
# SQLite 3.54.1 (in apsw 3.54.1.0): `SELECT * FROM v ORDER BY y`, where v is a view with LIMIT 3 and no ORDER BY, does
# not sort the three rows that `SELECT * FROM v` gives. The optimizer puts the view into the query, ORDER BY
# comes to stand before its LIMIT, and the result is the three smallest of the whole table. `WHERE true` makes
# them the view's own rows again, and so does MATERIALIZED for a CTE. A `recent calls` that is cut by LIMIT so has
# other calls after a click on a column's head. Fails if any of this changes.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check apsw==3.54.1.0
"$place/venv/bin/python" - <<'PY'
import apsw

assert apsw.sqlite_lib_version() == "3.54.1"
connection = apsw.Connection(":memory:")
connection.execute("""
    CREATE TABLE t (x, y);
    INSERT INTO t VALUES (1, 9), (2, 8), (3, 7), (4, 1), (5, 2);
    CREATE VIEW v AS SELECT * FROM t LIMIT 3;
""")
expected = {
    "SELECT * FROM v": [(1, 9), (2, 8), (3, 7)],
    "SELECT * FROM v ORDER BY y": [(4, 1), (5, 2), (3, 7)],
    "SELECT * FROM v WHERE true ORDER BY y": [(3, 7), (2, 8), (1, 9)],
    "WITH c AS (SELECT * FROM t LIMIT 3) SELECT * FROM c ORDER BY y": [(4, 1), (5, 2), (3, 7)],
    "WITH c AS MATERIALIZED (SELECT * FROM t LIMIT 3) SELECT * FROM c ORDER BY y": [(3, 7), (2, 8), (1, 9)],
    "SELECT min(y) FROM v": [(7,)],
}
for query, rows in expected.items():
    found = connection.execute(query).fetchall()
    print(query, "->", found)
    assert found == rows
PY
