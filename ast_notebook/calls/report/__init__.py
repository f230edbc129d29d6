"""The report: the most important measures of calls, on one page."""

from ast_notebook.calls.report.report import Report

__all__ = ["Report"]
