#!/usr/bin/env bash
# ruamel.yaml 0.19.1: a key that is there twice is an error to `YAML().load` (DuplicateKeyError), and none to
# `YAML().compose`, whose node of a mapping has both pairs. Duplicate keys are looked for where Python objects are
# made, not where YAML is parsed. Whoever reads nodes, for the lines that they stand in, has lost the check that the
# same library makes for everybody else; `allow_duplicate_keys = False` does not bring it back.
# Fails if that changes.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check ruamel.yaml==0.19.1
"$place/venv/bin/python" - <<'PY'
from ruamel.yaml import YAML
from ruamel.yaml.constructor import DuplicateKeyError

text = "office: 2222\noffice: 200\n"
yaml = YAML()
yaml.allow_duplicate_keys = False
try:
    loaded = yaml.load(text)
except DuplicateKeyError as error:
    loaded = error
pairs = [(key.value, value.value) for key, value in yaml.compose(text).value]
print("load:", type(loaded).__name__, "compose:", pairs)
assert isinstance(loaded, DuplicateKeyError)
assert pairs == [("office", "2222"), ("office", "200")]
PY
