"""Runs libFuzzer in this process, which it ends: `python -m tests.fuzz.run TARGET OPTION…`."""

from __future__ import annotations

import sys

import atheris

with atheris.instrument_imports(include=["ast_notebook"]):
    from tests.fuzz.targets import TARGETS

if __name__ == "__main__":
    atheris.Setup([sys.argv[0], *sys.argv[2:]], TARGETS[sys.argv[1]])
    atheris.Fuzz()
