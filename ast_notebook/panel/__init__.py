"""The live panel: the PBX as it is now, as a widget."""

from ast_notebook.panel.widget import Panel, close_all

__all__ = ["Panel", "close_all"]
