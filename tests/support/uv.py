"""Environments of Python that uv makes, with the exact versions of all tests or without."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.support.paths import ROOT

PROJECT = ROOT / "pyproject.toml"
CONSTRAINTS = ROOT / "tests" / "constraints.txt"


def uv(*arguments: str | Path) -> None:
    """Run uv; what it wrote is shown when it fails."""
    done = subprocess.run([sys.executable, "-m", "uv", *arguments], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
