"""Every event heard, kept in columns and given as a pandas frame."""

from ast_notebook.recording.record import Record

__all__ = ["Record"]
