"""The live panel: a widget that shows a PBX as it is now."""

from ast_notebook.panel.widget import Panel, close_all

__all__ = ["Panel", "close_all"]
