"""Reads telephone numbers by libphonenumber's plans, and finds their owners in phone books."""

from ast_notebook.numbering.book import PhoneBook
from ast_notebook.numbering.numbering import Numbering
from ast_notebook.numbering.plan import KINDS, NumberingPlan, TelephoneNumber

__all__ = ["KINDS", "Numbering", "NumberingPlan", "PhoneBook", "TelephoneNumber"]
