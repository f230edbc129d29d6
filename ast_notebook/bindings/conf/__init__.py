"""Reads items.conf, logic.conf and plugin.conf, and SmartHomeNG's YAML files of the same names."""

from ast_notebook.bindings.conf.definitions import DEEPEST, Definitions
from ast_notebook.bindings.conf.findings import Findings
from ast_notebook.bindings.conf.items import read_items
from ast_notebook.bindings.conf.logics import LogicDefinition, holds_logics, read_logics
from ast_notebook.bindings.conf.plugins import PluginDefinition, read_plugin, read_plugins
from ast_notebook.bindings.conf.words import FIRST_VALUES, names_of, split_instance, truth, unknown

__all__ = [
    "DEEPEST",
    "FIRST_VALUES",
    "Definitions",
    "Findings",
    "LogicDefinition",
    "PluginDefinition",
    "holds_logics",
    "names_of",
    "read_items",
    "read_logics",
    "read_plugin",
    "read_plugins",
    "split_instance",
    "truth",
    "unknown",
]
