"""Reads logic.conf and logic.yaml."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ast_notebook.conf.definitions import Definitions
from ast_notebook.conf.findings import Findings
from ast_notebook.conf.source import read, text_of
from ast_notebook.conf.words import names_of, split_instance, switched_on, unknown
from ast_notebook.errors import ConfError

KEYWORDS = ("ast_userevent", "ast_dest")
UNHEEDED = ("crontab", "cycle")  # start a logic in SmartHome.py, but not here
NO_LOGICS = ("_groups",)  # tells how SmartHomeNG shows logics

_OF_LOGICS = re.compile(r"^[ \t]*(ast_userevent|filename)[ \t]*[=:]", re.MULTILINE)


@dataclasses.dataclass(frozen=True)
class LogicDefinition:
    """A section of logic.conf.

    Attributes
    ----------
    name : str
    filename : Path
        The script.
    userevent : tuple of str
        The UserEvents that start it.
    dest : tuple of str
        The Destinations for which it runs; empty means all.
    watch : tuple of str
        The items whose changes start it.
    watch_for : str or None
        How long an item must keep its new value before the logic starts, as it is written.
    pbx : str or None
        The PBX whose events start it; None means the first PBX.
    enabled : bool
    conf : mapping
        All attributes as they were read.
    place : str
        The file and the line.
    """

    name: str
    filename: Path
    userevent: tuple[str, ...]
    dest: tuple[str, ...]
    watch: tuple[str, ...]
    watch_for: str | None
    pbx: str | None
    enabled: bool
    conf: Mapping[str, Any]
    place: str


def holds_logics(path: Path) -> bool:
    """Tell whether a file seems to hold logics rather than items.

    Raises
    ------
    ConfError
        If it cannot be read.
    """
    return _OF_LOGICS.search(text_of(path, Findings())) is not None


def read_logics(
    source: str | Path, *, origin: str = "the cell", findings: Findings | None = None
) -> list[LogicDefinition]:
    """Read logics from logic.conf or logic.yaml.

    A script is looked for in the file's folder, in the folder ``logics`` in it, and in the folder
    ``logics`` beside it, where SmartHome.py has it. For a text, the working folder counts. A logic
    that cannot be read is left out, and the others are read.

    Parameters
    ----------
    source : str or Path
    origin : str
        The name of a text in errors.
    findings : Findings, optional
        Mistakes are added to them, and their owner reports them; without them, this function warns.

    Raises
    ------
    ConfError
        If no logic can be read.
    """
    found = read(source, origin, findings)
    folder = source.parent if isinstance(source, Path) else Path()
    logics = []
    for name, section in found.sections():
        if name in NO_LOGICS:
            continue
        try:
            logics.append(_logic(found, folder, name, section))
        except ConfError as error:
            found.findings.mistake((name,), error)
    if findings is None:
        found.findings.tell(loaded=bool(logics))
    return logics


def _logic(
    found: Definitions, folder: Path, name: str, section: Mapping[str, Any]
) -> LogicDefinition:
    filename = _script(found, folder, name, section.get("filename"))
    for key in UNHEEDED:
        if section.get(key) is not None:
            found.note(
                (name, key),
                f"{key} does not start the logic {name} here, only ast_userevent and watch_item do",
            )
    for key, what in unknown(section, KEYWORDS):
        found.note((name, key), f"the logic {name}: {what}")
    userevent: list[str] = []
    dest: list[str] = []
    pbxs = set()
    for key, value in section.items():
        attribute, pbx = split_instance(key)
        if attribute not in KEYWORDS:
            continue
        try:
            (userevent if attribute == "ast_userevent" else dest).extend(names_of(value))
        except ValueError as error:
            what = f"the logic {name} is left out: {attribute} = {error}"
            raise found.error((name, key), what) from None
        pbxs.add(pbx)
    if len(pbxs) > 1:
        what = f"the logic {name} is left out, as it names two PBXs: write a logic for each"
        raise found.error((name,), what)
    try:
        enabled = switched_on(_given(section, "enabled", True))
    except ValueError as error:
        what = f"the logic {name} is left out: enabled = {error}"
        raise found.error((name, "enabled"), what) from None
    return LogicDefinition(
        name,
        filename,
        tuple(userevent),
        tuple(dest),
        *_watched(found, name, section),
        next(iter(pbxs), None),
        enabled,
        dict(section),
        found.place((name,)),
    )


def _watched(
    found: Definitions, name: str, section: Mapping[str, Any]
) -> tuple[tuple[str, ...], str | None]:
    """Return the items that a logic watches, and how long they must keep a new value."""
    for_ = section.get("watch_for")
    try:
        return names_of(section.get("watch_item")), None if for_ is None else str(for_)
    except ValueError as error:
        what = f"the logic {name} is left out: watch_item = {error}"
        raise found.error((name, "watch_item"), what) from None


def _script(found: Definitions, folder: Path, name: str, script: object) -> Path:
    if not script or not isinstance(script, str):
        raise found.error((name,), f"the logic {name} has no script: write filename = NAME.py")
    places = (folder / script, folder / "logics" / script, folder.parent / "logics" / script)
    try:
        filename = next((place for place in places if place.is_file()), None)
    except (OSError, ValueError):  # not a possible name of a file
        filename = None
    if filename is None:
        raise found.error(
            (name, "filename"),
            f"the logic {name}: there is no script {script} in {folder.absolute()} or in a folder "
            "logics near it",
        )
    return filename


def _given(section: Mapping[str, Any], key: str, default: Any) -> Any:
    value = section.get(key)
    return default if value is None else value
