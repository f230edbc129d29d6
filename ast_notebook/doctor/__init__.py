"""Checks how a PBX is set up and what the login may do, with the lines that would mend it."""

from ast_notebook.doctor.examination import Examination, examine
from ast_notebook.doctor.finding import Finding

__all__ = ["Examination", "Finding", "examine"]
