"""The beginning of `tools/release.sh`, which is run as a whole by hand: see CONTRIBUTING.md."""

import shutil
import subprocess

import pytest

from tests.support.paths import ROOT


def check(tree):
    done = subprocess.run(
        ["bash", tree / "tools" / "release.sh", "--check"], capture_output=True, text=True
    )
    return done.returncode, done.stderr


def test_the_version_stands_in_one_place():
    assert check(ROOT)[0] == 0


@pytest.mark.parametrize(
    ("file", "before", "after"),
    [
        ("pyproject.toml", 'dynamic = ["version"]', 'version = "0.1.0"'),
        ("ast_notebook/__init__.py", "__version__ = ", "__version__: str = "),
    ],
)
def test_a_second_version_or_none_ends_a_release(tmp_path, file, before, after):
    for name in ("tools/release.sh", "pyproject.toml", "ast_notebook/__init__.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    text = (tmp_path / file).read_text(encoding="utf-8")
    assert text.count(before) == 1
    (tmp_path / file).write_text(text.replace(before, after), encoding="utf-8")
    status, said = check(tmp_path)
    assert status == 1
    assert "version" in said
