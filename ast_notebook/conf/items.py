"""Reads items.conf and items.yaml."""

from __future__ import annotations

from pathlib import Path

from ast_notebook.conf.definitions import Definitions
from ast_notebook.conf.source import read
from ast_notebook.conf.structs import expand


def read_items(source: str | Path, *, origin: str = "the cell") -> Definitions:
    """Read items from the text of a cell, or from a file of type .conf or .yaml.

    In a file, an attribute or section with a mistake is left out, and the mistake is in `findings`.
    A text is refused at its first mistake. Templates of YAML files are looked for near the file.

    Parameters
    ----------
    source : str or Path
        A text, whose first line tells whether it is conf or YAML; or a path.
    origin : str
        The name of the text in errors.

    Raises
    ------
    ConfError
        If no item can be read. The error says where, what is wrong, and what to write.
    """
    found = read(source, origin)
    if found.findings.mistakes and not found.tree:
        found.findings.tell(loaded=False)
    if found.is_yaml:
        found = expand(found, source.parent if isinstance(source, Path) else Path())
    return found
