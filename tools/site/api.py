"""The pages of the Python API: every public name, for Sphinx to fill from the docstrings."""

from __future__ import annotations

import importlib
import inspect
from types import ModuleType

#: The pages by their names: a title, and the modules whose public names it has. A name stands once,
#: in the first module here that has it.
PAGES: dict[str, tuple[str, tuple[str, ...]]] = {
    "sh": (
        "sh and sh.ast: PBXs, items and logics",
        ("ast_notebook.home", "ast_notebook.asterisk", "ast_notebook.live"),
    ),
    "python": ("connect, history, replay, panels and errors", ("ast_notebook",)),
    "calls": (
        "Calls, histories and reports",
        ("ast_notebook.calls", "ast_notebook.calls.history", "ast_notebook.calls.report"),
    ),
    "measures": ("Measures and their definitions", ("ast_notebook.calls.measures",)),
    "recording": (
        "Records, archives and replays",
        ("ast_notebook.recording", "ast_notebook.replay"),
    ),
    "others": (
        "Numbers, pseudonyms, the demo and the doctor",
        (
            "ast_notebook.numbering",
            "ast_notebook.anonymize",
            "ast_notebook.demo",
            "ast_notebook.doctor",
            "ast_notebook.views",
        ),
    ),
}
#: Classes of which users have objects, although nobody makes one by its name.
MORE = {
    "ast_notebook.home": ("ast_notebook.bindings.item:Item", "ast_notebook.bindings.logic:Logic"),
}


def page(name: str, front: str = "") -> str:
    """Return the source of a page."""
    title, modules = PAGES[name]
    parts = [f"# {title}\n\n{front}"]
    for module in modules:
        found = importlib.import_module(module)
        about = (inspect.getdoc(found) or "").partition("\n\n")[0]
        if modules[1:]:
            parts.append(f"## {module}\n\n{about}\n\n")
        lines = [_directive(module, one) for one in names(module)]
        lines += [_directive(*place.split(":")) for place in MORE.get(module, ())]
        parts.append("```{eval-rst}\n" + "\n".join(lines) + "\n```\n\n")
    return "".join(parts)


def names(module: str) -> list[str]:
    """Return the public names of a module that stand on its page."""
    found = importlib.import_module(module)
    there = [name for name in found.__all__ if not isinstance(getattr(found, name), ModuleType)]
    before = []
    for _, modules in PAGES.values():
        for other in modules:
            if other == module:
                return [one for one in there if not _is_among(getattr(found, one), before)]
            before.append(other)
    raise LookupError(module)


def _is_among(thing: object, modules: list[str]) -> bool:
    """Tell whether a class or a function is a public name of one of these modules, too."""
    if not (inspect.isclass(thing) or inspect.isroutine(thing)):
        return False
    others = [importlib.import_module(one) for one in modules]
    return any(thing is getattr(one, name) for one in others for name in one.__all__)


def _directive(module: str, name: str) -> str:
    thing = getattr(importlib.import_module(module), name)
    if inspect.isroutine(thing):
        return f".. autofunction:: {module}.{name}\n"
    if not inspect.isclass(thing):
        return f".. py:data:: {module}.{name}\n\n   ``{thing!r}``\n"
    if issubclass(thing, BaseException):
        return f".. autoexception:: {module}.{name}\n   :show-inheritance:\n"
    is_ours = all(one.__module__.startswith("ast_notebook") for one in thing.__mro__[:-1])
    # What comes from pandas or ipywidgets is told there.
    more = "   :inherited-members:\n" if is_ours else ""
    return f".. autoclass:: {module}.{name}\n   :members:\n{more}"
