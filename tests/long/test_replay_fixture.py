"""The fixture `ast_replay` replays a recorded day in a test, and cleans up behind it."""

import subprocess
import sys

import ast_notebook
from tests.support.days import bell, frame
from tests.support.paths import ROOT

TEST = """
import sys

assert not any(name.startswith("ast_notebook") for name in sys.modules), "nobody needed it yet"

def test_the_bell_is_counted(ast_replay):
    sh = ast_replay("day.parquet")
    sh.logic("bell", userevent="Bell")(lambda trigger: sh.ast.db_write("bell/last", trigger.value))
    orders = sh.run()
    assert [one["Val"] for one in orders["fields"]] == ["first", "second"]
    test_the_bell_is_counted.sh = sh

def test_the_former_one_is_closed():
    assert test_the_bell_is_counted.sh.pbxs == {}
"""


def test_a_house_is_tested_with_a_recorded_day(tmp_path):
    frame(bell(1, "first"), bell(2, "second")).to_parquet(tmp_path / "day.parquet")
    (tmp_path / "test_house.py").write_text(TEST)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [*command, "--rootdir", str(tmp_path), "test_house.py"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT), "PATH": ""},
        capture_output=True,
        text=True,
    )
    assert "2 passed" in done.stdout, done.stdout + done.stderr


def test_the_plugin_is_one_that_pytest_finds():
    text = (ROOT / "pyproject.toml").read_text()
    assert '[project.entry-points.pytest11]\nast_notebook = "_ast_notebook_pytest"' in text
    assert callable(ast_notebook.replay)
