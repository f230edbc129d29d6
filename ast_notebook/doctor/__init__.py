"""What a PBX lets this login know, what it hides, and the lines that would change that."""

from ast_notebook.doctor.examination import Examination, examine
from ast_notebook.doctor.finding import Finding

__all__ = ["Examination", "Finding", "examine"]
