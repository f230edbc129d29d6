"""Replaces numbers and names by keyed hashes, on which frames join as on the originals."""

from ast_notebook.anonymize.anonymizer import Anonymizer
from ast_notebook.anonymize.pseudonyms import Pseudonyms

__all__ = ["Anonymizer", "Pseudonyms"]
