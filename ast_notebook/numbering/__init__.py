"""Telephone numbers and whose they are: E.164 by libphonenumber's plans, and phone books."""

from ast_notebook.numbering.book import PhoneBook
from ast_notebook.numbering.numbering import Numbering
from ast_notebook.numbering.plan import KINDS, NumberingPlan, TelephoneNumber

__all__ = ["KINDS", "Numbering", "NumberingPlan", "PhoneBook", "TelephoneNumber"]
