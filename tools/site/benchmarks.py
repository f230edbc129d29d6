"""The page of benchmarks: what each measures, and its command, of the modules of `tests.bench`."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tools.site.markdown import escaped, literal, table

BENCH = Path(__file__).parents[2] / "tests" / "bench"
_FRONT = """# Benchmarks, and the commands that run them

A figure without its machine says little, so each has its command: run it on yours. They are in
`tests/bench` of a checkout, and need `pip install -e '.[test]'`. Those with a real Asterisk need
`python -m tests.lab.install 16 22` once, which puts both into a private folder.
[Reliability](reliability.md) has the figures that were measured, with the machine and the day.

"""


def page() -> str:
    """Return the page."""
    heads = ("what is measured", "command")
    return _FRONT + table(heads, ((escaped(what), literal(one)) for what, one in commands()))


def commands() -> Iterator[tuple[str, str]]:
    """Return what each benchmark measures, and its command."""
    yield "How fast events are heard, and what keeping them costs.", "python -m tests.bench"
    for path in sorted(BENCH.glob("[a-z]*.py")):
        text = path.read_text(encoding="utf-8")
        found = re.search(rf"python -m tests\.bench\.{path.stem}\b[^`\n]*", text)
        # A word in capitals is given by another benchmark, of which that one is a part.
        if found and not re.search(r"\b[A-Z]{3,}\b", _without_options(found[0])):
            about = (ast.get_docstring(ast.parse(text)) or "").partition("\n\n")[0]
            yield re.sub(r":? ``python -m .*?``", "", " ".join(about.split())), found[0]


def _without_options(command: str) -> str:
    return re.sub(r"\[[^\]]*\]", "", command)
