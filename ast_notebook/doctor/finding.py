"""What the doctor finds: one thing that is not as it should be, and how to mend it."""

from __future__ import annotations

import dataclasses
from enum import IntEnum


class Level(IntEnum):
    """How bad a finding is; the worst is the least."""

    #: Numbers or states are wrong, or events get lost.
    WRONG = 0
    #: Somebody may do or see what he should not.
    UNSAFE = 1
    #: Something that ast_notebook can do does not work here.
    MISSING = 2
    #: It works, and costs more than it needs to.
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
        What is so, in a few words.
    why : str
        What follows from it.
    file, section : str
        Where the lines below belong; empty where no line of Asterisk's would change it.
    lines : tuple of str
        The lines, as they stand in that file.
    """

    level: Level
    what: str
    why: str
    file: str = ""
    section: str = ""
    lines: tuple[str, ...] = ()
