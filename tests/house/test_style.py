"""The code is as clean as its tools can tell."""

import subprocess
import sys
import warnings

import pytest

from tests.support.paths import ROOT


@pytest.mark.parametrize(
    "tool", [["ruff", "check"], ["ruff", "format", "--check"], ["mypy"]], ids=" ".join
)
def test_tools_find_nothing(tool):
    done = subprocess.run([sys.executable, "-m", *tool], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    "module", ["ast_notebook.calls.source", "tests.lab.asterisk", __name__, "__main__"]
)
def test_a_warning_of_our_own_is_an_error(module):
    with pytest.raises(DeprecationWarning, match="old"):
        warnings.warn_explicit("old", DeprecationWarning, "a.py", 1, module)


def test_a_warning_that_a_library_gives_itself_is_none():
    with warnings.catch_warnings(record=True) as said:
        warnings.warn_explicit("old", FutureWarning, "a.py", 1, "jupyter_client.session")
    assert [one.category for one in said] == [FutureWarning]
