"""The table in docs/reliability.md names tests that exist, and all tests that do faults."""

import re

from tests.support.paths import ROOT

TEXT = (ROOT / "docs" / "reliability.md").read_text().partition("## Load")[0]
COMMAND = re.compile(r'`(tests/[\w/]*test_\w+\.py)(?: -k (?:"([^"]+)"|(\w+)))?`')


def functions_of(file):
    return re.findall(r"^def (test_\w+)", (ROOT / file).read_text(), re.MULTILINE)


def chosen():
    """The tests that each command of the table chooses, word by word."""
    for file, words, word in COMMAND.findall(TEXT):
        names = functions_of(file)
        for one in (words or word).split(" or "):
            yield f"{file} -k {one}", {(file, name) for name in names if one in name}


def test_each_command_of_the_table_chooses_a_test():
    commands = list(chosen())
    assert len(commands) > 30
    assert [command for command, tests in commands if not tests] == []


def test_each_fault_is_in_the_table():
    told = set().union(*(tests for _, tests in chosen()))
    files = [
        f"tests/asterisk/faults/{path.name}"
        for path in (ROOT / "tests/asterisk/faults").glob("test_*.py")
    ]
    done = {(file, name) for file in files for name in functions_of(file)}
    assert sorted(done - told) == []
