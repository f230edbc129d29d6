"""Runs the user's functions, each on a thread of its own; their output lands below their cells."""

from ast_notebook.callbacks.cell import Cell
from ast_notebook.callbacks.shortened import one_line
from ast_notebook.callbacks.worker import BindingRow, Worker, stop_all, tell_of_endless

__all__ = ["BindingRow", "Cell", "Worker", "one_line", "stop_all", "tell_of_endless"]
