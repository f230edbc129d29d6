"""The classes of pyst2; only this module imports pyst2's module `asterisk`."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

__all__ = ["Manager", "ManagerAuthException", "ManagerException", "ManagerSocketException"]


def _taken() -> tuple[type, ...]:
    """Import pyst2's classes, or raise an error that names the other module `asterisk`."""
    try:
        manager = importlib.import_module("asterisk.manager")
        return tuple(getattr(manager, name) for name in __all__)
    except (ImportError, SyntaxError, AttributeError) as error:
        if isinstance(error, ModuleNotFoundError) and error.name == "asterisk":
            raise ImportError("ast_notebook is built on pyst2: pip install pyst2") from None
        raise ImportError(
            "ast_notebook is built on pyst2, and the module `asterisk` that Python finds here is "
            "not pyst2's (pyst and python-ami use the same name). Do this: "
            "pip uninstall -y pyst asterisk-ami; pip install --force-reinstall pyst2"
        ) from error


if TYPE_CHECKING:

    class Manager:
        """pyst2's `Manager`, which is untyped."""

    class ManagerException(Exception):
        """The base class of pyst2's errors."""

    class ManagerSocketException(ManagerException):
        """pyst2's error for a failed connection."""

    class ManagerAuthException(ManagerException):
        """pyst2's error for a refused login."""
else:
    Manager, ManagerAuthException, ManagerException, ManagerSocketException = _taken()
