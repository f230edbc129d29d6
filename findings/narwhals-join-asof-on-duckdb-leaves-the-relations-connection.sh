#!/usr/bin/env bash
# narwhals 2.29.0 with DuckDB 2.0.1: a relation belongs to the connection that made it, and joins of two relations of
# one connection work on whichever connection that is, but for one: join_asof writes its own SQL, and runs it
# on DuckDB's default connection. There it ends in InvalidInputException, which speaks of a replacement scan; the
# same two relations made by the default connection are joined. Fails if any of this changes.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check narwhals==2.29.0 duckdb==2.0.1 pyarrow==24.0.0
"$place/venv/bin/python" - <<'PY'
import duckdb
import narwhals as nw


def relations(connection):
    calls = connection.sql("SELECT * FROM (VALUES (1, 'a'), (5, 'b')) t(moment, call)")
    states = connection.sql("SELECT * FROM (VALUES (0, 'idle'), (4, 'busy')) t(moment, state)")
    return nw.from_native(calls), nw.from_native(states)


def asof(calls, states):
    return calls.join_asof(states, on="moment").sort("moment").collect().rows()


calls, states = relations(duckdb.connect())
for how in ("left", "inner", "full"):
    print(how, "join on a connection of its own:", calls.join(states, on="moment", how=how).collect().shape)
try:
    asof(calls, states)
except duckdb.InvalidInputException as error:
    print("join_asof there:", str(error).splitlines()[0])
    assert "not suitable for replacement scan" in str(error)
else:
    raise AssertionError("join_asof works on a connection of its own")
found = asof(*relations(duckdb.default_connection()))
print("join_asof on the default connection:", found)
assert found == [(1, "a", "idle"), (5, "b", "busy")]
PY
