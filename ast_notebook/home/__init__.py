"""`sh`, the smart home with items, logics and PBXs; and `connect`, which makes one."""

from ast_notebook.home.connecting import connect
from ast_notebook.home.smart_home import SmartHome

__all__ = ["SmartHome", "connect"]
