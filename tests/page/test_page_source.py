"""The page's source: checked, and the bundle that is shipped is made of it."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.paths import ROOT

PANEL = ROOT / "ast_notebook" / "panel"
LONGEST = 400  # lines of a file
LARGEST = 81_584  # bytes of the script before it was bundled


def npm(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a script of package.json, or skip the test where its tools are not there."""
    program = shutil.which("npm")
    if program is None:
        pytest.skip("npm is not installed: it is in Debian's package npm")
    if not (ROOT / "node_modules").is_dir():
        pytest.skip("the page's tools are not installed: npm ci")
    command = [program, "run", "--silent", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("script", ["types", "lint", "test"])
def test_the_pages_tools_find_nothing(script: str) -> None:
    done = npm(script)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", ["panel.js", "panel.css"])
def test_the_bundle_is_made_of_the_source_as_it_is(name: str, tmp_path: Path) -> None:
    done = npm("build", "--", f"--outdir={tmp_path}")
    assert done.returncode == 0, done.stdout + done.stderr
    shipped = (PANEL / "static" / name).read_bytes()
    assert shipped == (tmp_path / name).read_bytes(), "the source is newer: npm run build"
    assert len(shipped) < LARGEST


def test_no_file_of_the_page_is_long() -> None:
    files = [*PANEL.glob("js/**/*.*"), *PANEL.glob("css/*.css")]
    long = {path.name for path in files if len(path.read_text("utf-8").splitlines()) > LONGEST}
    assert files and not long


def test_the_lock_names_no_registry() -> None:
    lock = (ROOT / "package-lock.json").read_text(encoding="utf-8")
    assert not re.search(r'"resolved"|https?://[^"]*registry', lock)
