"""Every event heard, kept in columns and on disk, and given as a pandas frame."""

from ast_notebook.recording.archive import Archive
from ast_notebook.recording.reading import read, relation, scan
from ast_notebook.recording.record import Record

__all__ = ["Archive", "Record", "read", "relation", "scan"]
