"""The magic itself: `%ast` and `%%ast`, from a line to a subcommand and its result."""

from __future__ import annotations

import atexit
import contextlib
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
from traitlets import Float, Unicode, observe

from ast_notebook.errors import AstError
from ast_notebook.login import SITE
from ast_notebook.magics.context import Context
from ast_notebook.magics.endings import interrupted_in_one_line, warnings_in_one_line
from ast_notebook.magics.line import expand, without_semicolon, words
from ast_notebook.magics.progress import Progress
from ast_notebook.magics.quiet import ends_in_semicolon, is_assigned
from ast_notebook.magics.status import MB, Status
from ast_notebook.magics.table import find, help_of, overview, raw_command
from ast_notebook.magics.typed import STAYS_IN_URL, has_secret
from ast_notebook.panel import close_all
from ast_notebook.recording.record import BUDGET
from ast_notebook.warned import warn
from ast_notebook.zone import use_zone

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

_HELP = ("help", "-h", "--help")


@magics_class
class AstMagics(Magics):
    """The `%ast` magics of a shell, with its `sh`.

    ``%config AstMagics`` shows the settings. They apply to new connections; those of the site
    (``country``, ``outside``, ``phone_book``, ``trunks``) apply at once.

    Attributes
    ----------
    context : Context
        The context that is passed to subcommands.
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
    gathering = Float(
        0.005, help="Seconds, up to 0.01, for which events are gathered; 0 turns that off."
    ).tag(config=True)
    events = Unicode("on", help="The events to hear: on, off, or classes such as system,call.").tag(
        config=True
    )

    tz = Unicode(
        "", help="The zone of times, such as Europe/Berlin; by default $AST_TZ or this machine's."
    ).tag(config=True)
    country = Unicode("", help="The country of numbers without a country code, such as DE.").tag(
        config=True
    )
    outside = Unicode("", help="The digits dialled for an outside line, such as 0.").tag(
        config=True
    )
    phone_book = Unicode("", help="A CSV or a file of vCards with names and numbers.").tag(
        config=True
    )
    trunks = Unicode("", help="Devices that lead to the public network; guess finds them.").tag(
        config=True
    )

    shell: Any  # InteractiveShell, whose methods are untyped

    def __init__(self, shell: InteractiveShell) -> None:
        super().__init__(shell)
        self.context = Context(shell, lambda: self.trait_values(config=True))
        atexit.register(self.close)
        self.observe(self._site_set, list(SITE))

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
        if raw_command(rest) is not None:  # its text is used unchanged
            rest, is_quiet = rest.removesuffix(";").rstrip(), rest.endswith(";")
        else:
            rest, is_quiet = without_semicolon(rest)
        if cell is not None:
            is_quiet = ends_in_semicolon(cell)
        elif is_quiet:  # an assignment needs the value: the semicolon only keeps the cell quiet
            is_quiet = not is_assigned(self.shell)
        with warnings_in_one_line(), interrupted_in_one_line():
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
        names = {**self.context.user_namespace, **(local_ns or {})}
        found = one.parse([expand(word, names) for word in given])
        if found.help:
            return one.help()
        found.pbx, found.body = pbx or getattr(found, "pbx", ""), cell
        if has_secret(given):  # the words are as typed: variables get their values later
            warn(STAYS_IN_URL)
        with Progress("waiting for Asterisk") if one.asks else contextlib.nullcontext():
            return one.run(self.context, found)

    @observe("tz")
    def _use_zone(self, change: Any) -> None:
        use_zone(change["new"] or None)

    def _site_set(self, change: dict[str, Any]) -> None:
        """Give the PBXs the site's settings that ``%config`` has just set; undo wrong ones."""
        name = change["name"]
        try:
            self.context.numbering()  # a mistake is told whether a PBX is connected or not
            for pbx in self.context.sh.pbxs.values():
                pbx.tell(**{name: change["new"]})
        except AstError:
            self.unobserve(self._site_set, name)
            setattr(self, name, change["old"])
            self.observe(self._site_set, name)
            raise

    def close(self) -> None:
        """Close every panel, connection and demo."""
        atexit.unregister(self.close)
        close_all()
        self.context.close()

    # --- from a line to a subcommand -------------------------------------------------------------

    def _pbx_of(self, line: str) -> tuple[str, str]:
        """Take ``--pbx NAME`` off the front of a line."""
        if line.partition(" ")[0] != "--pbx":
            return "", line
        _, *rest = line.split(None, 2)
        if not rest:
            raise UsageError("%ast --pbx: name a PBX, and then a subcommand")
        self.context.heard(rest[0])
        return rest[0], rest[1] if rest[1:] else ""

    def _without_words(self, cell: str | None) -> Status:
        if cell is not None:
            raise UsageError("%%ast: name a subcommand, such as %%ast items")
        return Status(self.context.sh)
