"""Calls out of what a PBX has written already: CDR, CEL, queue_log, and archives of ours."""

from ast_notebook.calls.history.archived import archive_calls
from ast_notebook.calls.history.history import history
from ast_notebook.calls.history.result import History

__all__ = ["History", "archive_calls", "history"]
