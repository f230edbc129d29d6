"""Numbers and names replaced by keyed hashes, which join as the numbers and names did."""

from ast_notebook.anonymize.anonymizer import Anonymizer
from ast_notebook.anonymize.pseudonyms import Pseudonyms

__all__ = ["Anonymizer", "Pseudonyms"]
