#!/usr/bin/env bash
# PySpark 4.3.0 with protobuf 7.36.2: localCheckpoint is what cuts the plan of a frame that has become too deep. Over Spark
# Connect, it is itself refused for such a frame: of a frame with sixty filters, count() gives the rows, and
# localCheckpoint() ends in the client with protobuf's DecodeError, since it packs the plan into a message once
# more, and that may be nested a hundred deep. A temporary view of the frame can be made, and its table can be
# checkpointed. In a session of the same process (classic), all of this works. Needs Java. Fails if any of it changes.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check googleapis-common-protos==1.76.0 grpcio==1.85.3 grpcio-status==1.85.3 numpy==2.4.6 pandas==3.1.1 protobuf==7.36.2 pyarrow==26.0.1 pyspark==4.3.0 zstandard==0.25.0 
cat > "$place/deep.py" <<'PY'
import sys
import warnings

warnings.simplefilter("ignore")
from pyspark.sql import SparkSession, functions

builder = SparkSession.builder
is_remote = sys.argv[1] == "connect"
session = (builder.remote("local[1]") if is_remote else builder.master("local[1]")).getOrCreate()
frame = session.range(3)
for number in range(60):
    frame = frame.filter(functions.col("id") > number - 100)
assert frame.count() == 3
try:
    found = frame.localCheckpoint().count()
except Exception as error:
    found = type(error).__name__
frame.createOrReplaceTempView("deep")
named = session.table("deep").localCheckpoint().count()
session.stop()
print(sys.argv[1], "localCheckpoint:", found, "of a view:", named)
assert found == ("DecodeError" if is_remote else 3) and named == 3
PY
for kind in classic connect; do
    "$place/venv/bin/python" "$place/deep.py" "$kind" 2> "$place/log" || { tail -5 "$place/log"; exit 1; }
done
