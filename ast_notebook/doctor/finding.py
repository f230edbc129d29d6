"""A finding of the doctor: one thing that is wrong, and how to mend it."""

from __future__ import annotations

import dataclasses
from enum import IntEnum


class Level(IntEnum):
    """How bad a finding is; the worst has the lowest number."""

    #: Numbers or states are wrong, or events get lost.
    WRONG = 0
    #: Somebody may do or see something that he should not.
    UNSAFE = 1
    #: A feature of ast_notebook does not work here.
    MISSING = 2
    #: It works, but costs more than necessary.
    COSTLY = 3
    #: Worth knowing.
    NOTE = 4


@dataclasses.dataclass(frozen=True)
class Finding:
    """One thing that the doctor found.

    Attributes
    ----------
    level : Level
        How bad it is.
    what : str
        What was found, in a few words.
    why : str
        The consequences.
    file, section : str
        Where the lines belong; empty if no line in Asterisk's files would help.
    lines : tuple of str
        The lines, as they are written in that file.
    """

    level: Level
    what: str
    why: str
    file: str = ""
    section: str = ""
    lines: tuple[str, ...] = ()
