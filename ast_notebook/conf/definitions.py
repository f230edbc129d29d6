"""A tree of sections as it was read, with the line of each section and attribute."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ast_notebook.conf.findings import Findings
from ast_notebook.conf.words import clean
from ast_notebook.errors import ConfError

DEEPEST = 64  # sections within sections


@dataclasses.dataclass(frozen=True)
class Definitions:
    """A tree of sections as it was read: mappings are sections, and other values are attributes.

    Attributes
    ----------
    tree : mapping
        Names to text, lists of text, or sections.
    origin : str
        The name of the file or the cell in messages.
    lines : mapping
        The line number of each path of names; empty if the lines are unknown.
    file : Path or None
        The file that it was read from.
    findings : Findings
        The mistakes in it. Whoever uses the definitions adds to them and reports them.
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
        """Return the place of a path in the definitions, as in ``items.conf, line 3``."""
        for end in range(len(path), 0, -1):
            if path[:end] in self.lines:
                return f"{self.origin}, line {self.lines[path[:end]]}"
        return self.origin

    def error(self, path: tuple[str, ...], what: str) -> ConfError:
        """Return an error that names its place in the definitions."""
        return ConfError(clean(f"{self.place(path)}: {what}"))

    def mistake(self, path: tuple[str, ...], what: str) -> None:
        """Add a mistake: something that cannot be used.

        Raises
        ------
        ConfError
            If the definitions are refused at the first mistake.
        """
        self.findings.mistake(path, self.error(path, what))

    def note(self, path: tuple[str, ...], what: str) -> None:
        """Add a note: something that has no effect here."""
        self.findings.note(f"{self.place(path)}: {what}")

    def sections(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Yield the name and the attributes of each outer section that is not empty.

        Attributes outside of any section are mistakes.
        """
        for name, section in self.tree.items():
            if isinstance(section, Mapping):
                yield name, section
            elif section is not None:
                self.mistake((name,), f"{name} is outside of any section: write [NAME] above it")
