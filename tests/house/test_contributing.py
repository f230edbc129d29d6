"""What CONTRIBUTING.md says is there, is there."""

import re
from functools import cache

import pytest

from tests.support.paths import ROOT

TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
GLOSSARY = re.findall(r"^\| ([^|]+) \| ([^|]+) \|$", TEXT.partition("## Glossary")[2], re.MULTILINE)
WORDS = dict(GLOSSARY[2:])


@cache
def everything():
    """All that the code and its documentation say, in lower case."""
    files = [*(ROOT / "ast_notebook").rglob("*.py"), *(ROOT / "docs").glob("*.md")]
    return "\n".join(path.read_text(encoding="utf-8").lower() for path in files)


def test_the_glossary_has_each_word_once_and_in_order():
    words = [word for word, _ in GLOSSARY[2:]]
    assert len(words) > 40
    assert words == sorted(set(words), key=str.lower)


@pytest.mark.parametrize("word", WORDS)
def test_a_word_of_the_glossary_is_used(word):
    assert re.search(rf"\b{re.escape(word.lower())}", everything())


def test_every_file_and_link_is_there():
    linked = re.findall(r"\]\(([^)]+)\)", TEXT)
    named = re.findall(r"`((?:tests|docs|ast_notebook)/[\w./-]*)", TEXT)
    assert linked and named
    assert [one for one in {*linked, *named, "pyproject.toml"} if not (ROOT / one).exists()] == []


def test_numbers_are_those_of_the_code():
    from ast_notebook.callbacks.worker import Worker
    from ast_notebook.recording import archive, record

    waiting = Worker.__init__.__defaults__ or (Worker.__init__.__kwdefaults__ or {}).values()
    assert 65_536 in waiting and "65,536" in WORDS["worker"]
    assert record.BLOCK == archive.BLOCK == 10_000 and "10,000" in WORDS["block"]
