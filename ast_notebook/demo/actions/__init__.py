"""The actions of the manager interface, a file for each kind."""

from __future__ import annotations

from ast_notebook.demo.actions import calls, conferences, database, lists, queues, sound, system
from ast_notebook.demo.actions.registry import ACTIONS, ManagerAction

__all__ = [
    "ACTIONS",
    "ManagerAction",
    "calls",
    "conferences",
    "database",
    "lists",
    "queues",
    "sound",
    "system",
]
