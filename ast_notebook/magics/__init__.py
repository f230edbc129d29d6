"""The `%ast` line and cell: parse, call, render; no logic of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ast_notebook.magics.astmagics import AstMagics
from ast_notebook.magics.completion import ID, matcher
from ast_notebook.magics.frames import guard, unguard

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

__all__ = ["AstMagics", "load", "unload"]


def load(shell: InteractiveShell) -> None:
    """Register `%ast`, its TAB completion and `sh`; calling it again does no harm."""
    if loaded(shell) is not None:
        return
    magics = AstMagics(shell)
    shell.register_magics(magics)
    shell.Completer.custom_matchers.append(matcher(magics.context))
    guard(shell)


def unload(shell: InteractiveShell) -> None:
    """Undo `load`, and close every connection; without `load` before, it does nothing."""
    magics = loaded(shell)
    if magics is None:
        return
    for kind in ("line", "cell"):
        shell.magics_manager.magics[kind].pop("ast", None)
    shell.magics_manager.registry.pop(AstMagics.__name__, None)
    configurables: list[Any] = shell.configurables
    if magics in configurables:
        configurables.remove(magics)
    completer = shell.Completer
    completer.custom_matchers[:] = [
        one for one in completer.custom_matchers if getattr(one, "matcher_identifier", "") != ID
    ]
    unguard(shell)
    magics.close()


def loaded(shell: InteractiveShell) -> AstMagics | None:
    """Return the magics of a shell; None before `load` and after `unload`."""
    found = shell.magics_manager.registry.get(AstMagics.__name__)
    return found if isinstance(found, AstMagics) else None
