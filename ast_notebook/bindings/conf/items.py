"""Reads items.conf and items.yaml."""

from __future__ import annotations

from pathlib import Path

from ast_notebook.bindings.conf.definitions import Definitions
from ast_notebook.bindings.conf.source import read
from ast_notebook.bindings.conf.structs import expand


def read_items(source: str | Path, *, origin: str = "the cell") -> Definitions:
    """Read items from the text of a cell, or from a file of type .conf or .yaml.

    A mistake in a file costs what it stands in, and is among the `findings`; a text is refused at
    its first mistake. Templates of YAML files are looked for near the file.

    Parameters
    ----------
    source : str or Path
        A text, sections in brackets or YAML by its first line; or a path.
    origin : str
        What errors call the text.

    Raises
    ------
    ConfError
        If nothing of it can be read: where, what is wrong, and what to write.
    """
    found = read(source, origin)
    if found.findings.mistakes and not found.tree:
        found.findings.tell(loaded=False)
    if found.is_yaml:
        found = expand(found, source.parent if isinstance(source, Path) else Path())
    return found
