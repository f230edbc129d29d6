"""`%ast doctor`: examines how a PBX is set up, and gives the lines that would improve it."""

from __future__ import annotations

from ast_notebook.doctor import Examination, examine
from ast_notebook.magics.command import Given, argument, command
from ast_notebook.magics.context import Context
from ast_notebook.show import Text


@command(
    "doctor",
    argument("--fix-lines", action="store_true", help="the lines to paste, file by file"),
    asks=True,
)
def doctor(context: Context, given: Given) -> Examination | Text:
    """Examine how a PBX is set up; show the worst findings first, with lines to improve them.

    It only asks, and changes nothing on the PBX. Most questions need `write = system` in
    manager.conf.

    In [1]: found = %ast doctor
    In [2]: found.frame[["level", "what"]]
    In [3]: %ast doctor --fix-lines
    """
    found = examine(context.pbx(given.pbx))
    return found.fix_lines() if given.fix_lines else found
