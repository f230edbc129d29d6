"""Reads items.conf and logic.conf, and SmartHomeNG's YAML files of the same names."""

from ast_notebook.conf.definitions import DEEPEST, Definitions
from ast_notebook.conf.findings import Findings
from ast_notebook.conf.items import read_items
from ast_notebook.conf.logics import UNHEEDED, LogicDefinition, holds_logics, read_logics
from ast_notebook.conf.words import FIRST_VALUES, names_of, split_instance, truth, unknown

__all__ = [
    "DEEPEST",
    "FIRST_VALUES",
    "UNHEEDED",
    "Definitions",
    "Findings",
    "LogicDefinition",
    "holds_logics",
    "names_of",
    "read_items",
    "read_logics",
    "split_instance",
    "truth",
    "unknown",
]
