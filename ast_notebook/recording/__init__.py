"""Keeps every event that was received, in memory and on disk, and returns pandas frames."""

from ast_notebook.recording.archive import Archive
from ast_notebook.recording.by_duckdb import relation
from ast_notebook.recording.by_spark import on_spark
from ast_notebook.recording.reading import read, scan, verify
from ast_notebook.recording.record import Record

__all__ = ["Archive", "Record", "on_spark", "read", "relation", "scan", "verify"]
