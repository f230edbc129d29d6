"""The unit tests pass on the newest Python, and with the oldest versions that are declared."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.lab import pythons
from tests.support.paths import ROOT
from tests.support.uv import CONSTRAINTS, PROJECT, uv

EXTRAS = ("archive", "history", "hover", "lab", "numbers")
#: What unit tests import besides; these have the versions of all tests.
TOOLS = ("hypothesis", "nbformat", "polars", "pytest", "pytest-timeout", "trustme")


def unit_tests(python: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [
            python,
            "-m",
            "pytest",
            "-q",
            "-m",
            "unit",
            "-p",
            "no:cacheprovider",
        ],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-6000:]


def environment(place: Path, python: Path | str, *how: str | Path) -> Path:
    """Make an environment of what the package needs, and return its Python."""
    uv("venv", "--python", python, place)
    there = place / "bin" / "python"
    extras = [word for extra in EXTRAS for word in ("--extra", extra)]
    uv("pip", "install", "--python", there, *how, "-r", PROJECT, *extras)
    lines = CONSTRAINTS.read_text(encoding="utf-8").splitlines()
    exact = [line for line in lines if line.partition("==")[0] in TOOLS]
    assert len(exact) == len(TOOLS)
    uv("pip", "install", "--python", there, *exact)
    return there


@pytest.mark.timeout(2400)
def test_unit_tests_pass_on_the_newest_python(tmp_path):
    """All other tests run on the Python of this machine, which on Debian 12 is the oldest one."""
    unit_tests(environment(tmp_path / "newest", pythons.newest(), "-c", CONSTRAINTS))


@pytest.mark.timeout(2400)
def test_unit_tests_pass_with_the_oldest_versions(tmp_path):
    lowest = ("--resolution", "lowest-direct")
    unit_tests(environment(tmp_path / "oldest", sys.executable, *lowest))
