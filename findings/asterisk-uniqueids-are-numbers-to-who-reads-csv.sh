#!/usr/bin/env bash
# Asterisk names a channel by the second and a count, such as 1795932148.1 and 1795932148.10: two channels, and one
# number. pandas 3.1.1 reads that column of a CDR as float64, DuckDB 2.0.1 as DOUBLE and Polars 2.1.0 as Float64,
# each by itself, so that a busy second's tenth channel is its first one: grouping 4 records of 4 calls by
# uniqueid gives 3 calls, with no warning. Where a system name is in front of it, they are texts and all is well.
# Fails if any of this changes.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check pandas==3.1.1 duckdb==2.0.1 polars==2.1.0
"$place/venv/bin/python" - "$place" <<'PY'
import sys

import duckdb
import pandas
import polars

calls = [("100", "1795932148.1"), ("200", "1795932148.10"), ("300", "1795932148.11"), ("400", "1795932149.12")]


def counted(prefix):
    """How many uniqueids each of them finds, and of which type."""
    path = f"{sys.argv[1]}/cdr.csv"
    with open(path, "w") as file:
        file.write('"dst","uniqueid"\n' + "".join(f'"{dst}","{prefix}{one}"\n' for dst, one in calls))
    frame, other = pandas.read_csv(path), polars.read_csv(path)
    relation = duckdb.read_csv(path)
    return {
        "pandas": (frame.uniqueid.nunique(), str(frame.uniqueid.dtype)),
        "polars": (other["uniqueid"].n_unique(), str(other["uniqueid"].dtype)),
        "duckdb": (len(relation.select("uniqueid").distinct()), str(relation.types[1])),
    }


plain, named = counted(""), counted("berlin-")
print(plain, named, sep="\n")
assert plain == {"pandas": (3, "float64"), "polars": (3, "Float64"), "duckdb": (3, "DOUBLE")}
assert named == {"pandas": (4, "str"), "polars": (4, "String"), "duckdb": (4, "VARCHAR")}
PY
