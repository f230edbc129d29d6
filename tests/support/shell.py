"""An IPython for tests: it keeps no history, and what a cell raises is raised."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from typing import Any

from IPython.core.completer import provisionalcompleter
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config


class TestingShell(InteractiveShell):
    """IPython's own shell, with cells that raise."""

    __test__ = False

    def run(self, cell: str) -> Any:
        """Run a cell, and return its last value."""
        result = self.run_cell(cell, store_history=False)
        result.raise_error()
        return result.result

    def complete_words(self, line: str) -> list[str]:
        """Return what TAB gives at the end of a line."""
        with provisionalcompleter():
            return [one.text for one in self.Completer.completions(line, len(line))]


@contextlib.contextmanager
def an_ipython() -> Iterator[TestingShell]:
    """Have one as `get_ipython()` gives it, and leave nothing of it behind."""
    main, hook = sys.modules["__main__"], sys.excepthook
    config = Config()
    config.HistoryManager.enabled = False
    config.InteractiveShell.colors = "nocolor"
    InteractiveShell.clear_instance()  # display() makes one where there is none
    shell = TestingShell.instance(config=config)
    try:
        yield shell
    finally:
        shell.reset(new_session=False)
        TestingShell.clear_instance()
        sys.modules["__main__"], sys.excepthook = main, hook
