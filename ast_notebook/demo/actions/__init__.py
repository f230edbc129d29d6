"""The actions of the manager interface, a file for each kind."""

from __future__ import annotations

from ast_notebook.demo.actions import calls, database, lists, queues, rooms, sound, system
from ast_notebook.demo.actions.registry import ACTIONS, Action

__all__ = ["ACTIONS", "Action", "calls", "database", "lists", "queues", "rooms", "sound", "system"]
