"""A tree of sections as it was read, with the place of each thing in it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ast_notebook.bindings.conf.findings import Findings
from ast_notebook.bindings.conf.words import clean
from ast_notebook.errors import ConfError

DEEPEST = 64  # sections within sections


@dataclasses.dataclass(frozen=True)
class Definitions:
    """A tree of sections as it was read: a mapping is a section, all else an attribute's value.

    Attributes
    ----------
    tree : mapping
        Names to text, lists of text, or sections.
    origin : str
        What messages call the place where it was read: a file, or a cell.
    lines : mapping
        From a path of names to the number of its line; empty where that is not known.
    file : Path or None
        The file that it was read from.
    findings : Findings
        What is wrong in it, which the one who uses it adds to and tells.
    is_yaml : bool
        Whether it was written as YAML.
    """

    tree: Mapping[str, Any]
    origin: str = "the definition"
    lines: Mapping[tuple[str, ...], int] = dataclasses.field(default_factory=dict, repr=False)
    file: Path | None = None
    findings: Findings = dataclasses.field(
        default_factory=lambda: Findings(strict=True), repr=False, compare=False
    )
    is_yaml: bool = False

    def place(self, path: tuple[str, ...]) -> str:
        """Return where in the definitions a path is, as in ``items.conf, line 3``."""
        for end in range(len(path), 0, -1):
            if path[:end] in self.lines:
                return f"{self.origin}, line {self.lines[path[:end]]}"
        return self.origin

    def error(self, path: tuple[str, ...], what: str) -> ConfError:
        """Return an error that says where in the definitions it is."""
        return ConfError(clean(f"{self.place(path)}: {what}"))

    def mistake(self, path: tuple[str, ...], what: str) -> None:
        """Take note of something that cannot be used.

        Raises
        ------
        ConfError
            If the definitions are refused at the first mistake.
        """
        self.findings.mistake(path, self.error(path, what))

    def note(self, path: tuple[str, ...], what: str) -> None:
        """Take note of something that means nothing here."""
        self.findings.note(f"{self.place(path)}: {what}")

    def sections(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Yield the name and the attributes of each outer section that is not empty.

        What stands outside of any section is a mistake.
        """
        for name, section in self.tree.items():
            if isinstance(section, Mapping):
                yield name, section
            elif section is not None:
                self.mistake(
                    (name,), f"{name} stands outside of any section: write [NAME] above it"
                )
