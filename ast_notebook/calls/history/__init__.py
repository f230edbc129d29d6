"""Makes calls of the logs that a PBX has written (CDR, CEL, queue_log), and of archives."""

from ast_notebook.calls.history.archived import archive_calls, calls_of_day
from ast_notebook.calls.history.history import history
from ast_notebook.calls.history.result import History

__all__ = ["History", "archive_calls", "calls_of_day", "history"]
