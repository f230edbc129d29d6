#!/usr/bin/env bash
# Writes what a release consists of, as CycloneDX: the package and all that pip installs with it, for
# the extras that are named. Usage: tools/sbom.sh OUT.json [EXTRA,… [WHEEL]]; without a wheel, of
# this folder.
set -euo pipefail
out=$(realpath -m "${1:?name the file to write}")
extras=${2:-archive,history,hover}
made=$(realpath "${3:-$(dirname "$0")/..}")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/release"
"$folder/release/bin/python" -m pip install -q --disable-pip-version-check "$made[$extras]"
# From where it was installed is of this machine, and of no use elsewhere.
rm -f "$folder"/release/lib/python*/site-packages/ast_notebook-*.dist-info/direct_url.json
python3 -m venv "$folder/tool"
"$folder/tool/bin/python" -m pip install -q --disable-pip-version-check 'cyclonedx-bom>=7,<8'
"$folder/tool/bin/cyclonedx-py" environment \
    --output-reproducible --of JSON -o "$out" "$folder/release"
