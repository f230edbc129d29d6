"""The user's functions: each runs on a thread of its own, and prints below its cell."""

from ast_notebook.callbacks.cell import Cell
from ast_notebook.callbacks.worker import BindingRow, Worker, one_line, stop_all, tell_of_endless

__all__ = ["BindingRow", "Cell", "Worker", "one_line", "stop_all", "tell_of_endless"]
