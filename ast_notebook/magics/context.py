"""What the subcommands of `%ast` may use: `sh`, the notebook's names, and the demo PBXs."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from typing import Any

from IPython.core.error import UsageError

from ast_notebook.asterisk import Asterisk
from ast_notebook.demo import Demo
from ast_notebook.home import SmartHome
from ast_notebook.login import SITE
from ast_notebook.magics.status import MB, NOT_CONNECTED
from ast_notebook.numbering import Numbering, PhoneBook
from ast_notebook.panel import Panel


class Context:
    """The object that every subcommand gets besides its arguments.

    Parameters
    ----------
    shell : InteractiveShell
        The shell of the notebook.
    config : callable
        It returns the current values of ``%config AstMagics``, by the names of its traits.

    Attributes
    ----------
    sh : SmartHome
        Put into the notebook's namespace as `sh`.
    demos : dict of str to Demo
        The demo PBXs that run, by the names of their connections.
    panels : dict of str to tuple
        For each cell, by its id: the id of its newest run, and the panels that this run has shown.
    log : logging.Logger
        The `logger` of cells that ``%%ast on`` binds.
    """

    def __init__(self, shell: Any, config: Callable[[], dict[str, Any]]) -> None:
        self.log = logging.getLogger("ast_notebook.on")
        self.demos: dict[str, Demo] = {}
        self.panels: dict[str, tuple[str, list[Panel]]] = {}
        self._shell = shell
        self._config = config
        there = shell.user_ns.get("sh")
        self._is_ours = not isinstance(there, SmartHome)
        self.sh: SmartHome = SmartHome() if self._is_ours else there
        self.give_sh()

    @property
    def user_namespace(self) -> dict[str, Any]:
        """The names of the notebook."""
        names: dict[str, Any] = self._shell.user_ns
        return names

    def pbx(self, name: str = "") -> Asterisk:
        """Return the PBX of that name; without a name `sh.ast`, or else the only one.

        Raises
        ------
        UsageError
            If there is none, or there are several without a clear choice.
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
        """Return a PBX as `pbx` does, or a closed one, since its events are still kept."""
        closed = self.sh.closed_pbxs
        if not name and not self.sh.pbxs and closed:
            name = "ast" if "ast" in closed else [*closed][-1]
        return closed[name] if name in closed else self.pbx(name)

    def settings(self) -> dict[str, Any]:
        """Return the settings of `%config` for new connections."""
        config = self._config()
        return {name: config[name] for name in ("timeout", "keepalive", "gathering", "events")}

    def site(self) -> dict[str, str]:
        """Return the site's settings of `%config`, for a PBX that has just been connected."""
        config = self._config()
        return {name: config[name] for name in SITE if config[name]}

    def trunks(self, given: list[str] | None) -> list[str] | None:
        """Return the trunks of a line, or those of `%config`, for the calls of a file."""
        configured = [name for name in re.split(r"[,|\s]+", self._config()["trunks"]) if name]
        return given or configured or None

    def numbering(self) -> Numbering:
        """Return the settings of `%config` for numbers, for the calls of a file."""
        config = self._config()
        country = config["country"] or None
        book = config["phone_book"] and PhoneBook.read(config["phone_book"], country=country)
        return Numbering(country, config["outside"], book or None)

    def budget(self, megabytes: float | None = None) -> float:
        """Return the bytes that a new connection's events may take."""
        return float((self._config()["budget_mb"] if megabytes is None else megabytes) * MB)

    def transform(self, cell: str) -> str:
        """Return a cell as plain Python, with its magics turned into calls."""
        return str(self._shell.transform_cell(cell))

    def cache(self, source: str, cell: str) -> str:
        """Return a file name by which tracebacks find the source."""
        return str(self._shell.compile.cache(source, raw_code=cell))

    def give_sh(self) -> None:
        """Put `sh` into the notebook's namespace, since the user may have deleted it."""
        self._shell.push({"sh": self.sh}, interactive=False)

    def end_demo(self, name: str) -> None:
        """End the demo PBX of that connection, if there is one."""
        started = self.demos.pop(name, None)
        if started is not None:
            started.close()

    def close(self) -> None:
        """Close every connection and demo; remove `sh` from the namespace if it is still ours."""
        if self._is_ours:
            self.sh.close()
            if self.user_namespace.get("sh") is self.sh:
                self._shell.drop_by_id({"sh": self.sh})
        for name in list(self.demos):
            self.sh.disconnect(name)
            self.end_demo(name)
