"""The magic itself: `%ast` and `%%ast`, from a line to a subcommand and what it returns."""

from __future__ import annotations

import atexit
import contextlib
import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from IPython.core.error import UsageError
from IPython.core.magic import (
    Magics,
    line_cell_magic,
    magics_class,
    needs_local_scope,
    no_var_expand,
)
from traitlets import Float, Unicode

from ast_notebook.home import SmartHome
from ast_notebook.magics.line import expand, without_semicolon, words
from ast_notebook.magics.progress import Progress
from ast_notebook.magics.quiet import ends_in_semicolon, is_assigned
from ast_notebook.magics.status import MB, NOT_CONNECTED, Status
from ast_notebook.magics.table import find, help_of, overview, raw_command
from ast_notebook.panel import close_all
from ast_notebook.recording.record import BUDGET

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from ast_notebook.asterisk import Asterisk
    from ast_notebook.demo import Demo

_HELP = ("help", "-h", "--help")


@magics_class
class AstMagics(Magics):
    """The `%ast` magics, and the `sh` that they are about.

    ``%config AstMagics`` shows what can be set; it holds for connections made afterwards.

    Attributes
    ----------
    sh : SmartHome
        Put into the notebook's namespace as `sh`.
    demos : dict of str to Demo
        The demo PBXs that run, by the names of their connections.
    """

    budget_mb = Float(BUDGET / MB, help="Megabytes of memory that a PBX's events may take.").tag(
        config=True
    )
    timeout = Float(10.0, help="Seconds that an answer, or a connection, may take.").tag(
        config=True
    )
    keepalive = Float(
        15.0, help="Seconds of silence after which Asterisk is asked for a sign of life."
    ).tag(config=True)
    events = Unicode("on", help="The events to hear: on, off, or classes such as system,call.").tag(
        config=True
    )

    shell: Any  # InteractiveShell, whose methods are untyped

    def __init__(self, shell: InteractiveShell) -> None:
        super().__init__(shell)
        self.log = logging.getLogger("ast_notebook.on")
        self.demos: dict[str, Demo] = {}
        there = shell.user_ns.get("sh")
        self._is_ours = not isinstance(there, SmartHome)
        self.sh = SmartHome() if self._is_ours else there
        self.give_sh()
        atexit.register(self.close)

    @needs_local_scope
    @no_var_expand
    @line_cell_magic
    def ast(
        self, line: str, cell: str | None = None, local_ns: Mapping[str, Any] | None = None
    ) -> object:
        """Talk with Asterisk; ``%ast help`` shows what there is.

        In [1]: %ast connect admin@pbx.example:5038
        In [2]: %ast call SIP/200 240 door
        """
        pbx, rest = self._pbx_of(line.strip())
        if raw_command(rest) is not None:  # its text is as it stands
            rest, is_quiet = rest.removesuffix(";").rstrip(), rest.endswith(";")
        else:
            rest, is_quiet = without_semicolon(rest)
        if cell is not None:
            is_quiet = ends_in_semicolon(cell)
        elif is_quiet:  # whoever assigns asks for the value: it only keeps the cell quiet
            is_quiet = not is_assigned(self.shell)
        found = self._run(pbx, rest, cell, local_ns)
        return None if is_quiet else found

    def _run(
        self, pbx: str, rest: str, cell: str | None, local_ns: Mapping[str, Any] | None
    ) -> object:
        one = raw_command(rest)
        if one is not None:
            given = [text] if (text := rest.partition(" ")[2].strip()) else []
        else:
            said = words(rest)
            if not said:
                return self._without_words(cell)
            if said[0] in _HELP:
                return help_of(said[1:]) if said[1:] else overview()
            if said[-1] in _HELP[1:]:
                return help_of(said[:-1])
            one, count = find(said)
            given = said[count:]
        if not set(_HELP[1:]).isdisjoint(given):
            return one.help()
        if cell is None and not one.line:
            raise UsageError(f"%ast {one.name}: write it above a cell, as {one.magic}")
        if cell is not None and not one.cell:
            raise UsageError(f"%%ast {one.name}: it takes no cell; write it in a line, {one.magic}")
        names = {**self.user_namespace, **(local_ns or {})}
        found = one.parse([expand(word, names) for word in given])
        if found.help:
            return one.help()
        found.pbx, found.body = pbx, cell
        with Progress("waiting for Asterisk") if one.asks else contextlib.nullcontext():
            return one.run(self, found)

    # --- what the subcommands need ---------------------------------------------------------------

    @property
    def user_namespace(self) -> dict[str, Any]:
        """The names of the notebook."""
        names: dict[str, Any] = self.shell.user_ns
        return names

    def pbx(self, name: str = "") -> Asterisk:
        """Return a PBX: that of the name, else `sh.ast`, else the only one.

        Raises
        ------
        UsageError
            If there is none, or several and none of them is meant.
        """
        there = self.sh.pbxs
        if not there:
            raise UsageError(NOT_CONNECTED)
        name = name or ("ast" if "ast" in there or len(there) > 1 else next(iter(there)))
        if name not in there:
            known = ", ".join(there)
            raise UsageError(f"there is no PBX {name}: say %ast --pbx NAME …, one of {known}")
        return there[name]

    def heard(self, name: str = "") -> Asterisk:
        """Return a PBX as `pbx` does, or one that was closed: what it heard is still there."""
        closed = self.sh.closed_pbxs
        if not name and not self.sh.pbxs and closed:
            name = "ast" if "ast" in closed else [*closed][-1]
        return closed[name] if name in closed else self.pbx(name)

    def settings(self) -> dict[str, Any]:
        """Return what `%config` says of new connections."""
        return {"timeout": self.timeout, "keepalive": self.keepalive, "events": self.events}

    def transform(self, cell: str) -> str:
        """Return a cell as plain Python, its magics as calls."""
        return str(self.shell.transform_cell(cell))

    def cache(self, source: str, cell: str) -> str:
        """Return a file name by which tracebacks find the source."""
        return str(self.shell.compile.cache(source, raw_code=cell))

    def give_sh(self) -> None:
        """Put `sh` into the notebook's namespace, where it may have been deleted."""
        self.shell.push({"sh": self.sh}, interactive=False)

    def end_demo(self, name: str) -> None:
        """End the demo PBX that a connection of that name was to, if there was one."""
        started = self.demos.pop(name, None)
        if started is not None:
            started.close()

    def close(self) -> None:
        """Close every connection and demo; `sh` goes out of the namespace if it is ours still."""
        atexit.unregister(self.close)
        close_all()
        if self._is_ours:
            self.sh.close()
            if self.user_namespace.get("sh") is self.sh:
                self.shell.drop_by_id({"sh": self.sh})
        for name in list(self.demos):
            self.sh.disconnect(name)
            self.end_demo(name)

    # --- from a line to a subcommand -------------------------------------------------------------

    def _pbx_of(self, line: str) -> tuple[str, str]:
        """Take ``--pbx NAME`` off the front of a line."""
        if line.partition(" ")[0] != "--pbx":
            return "", line
        _, *rest = line.split(None, 2)
        if not rest:
            raise UsageError("%ast --pbx: name a PBX, and then a subcommand")
        self.heard(rest[0])
        return rest[0], rest[1] if rest[1:] else ""

    def _without_words(self, cell: str | None) -> Status:
        if cell is not None:
            raise UsageError("%%ast: name a subcommand, such as %%ast items")
        return Status(self.sh)
