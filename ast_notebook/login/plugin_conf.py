"""Reads the PBXs of plugin.conf and plugin.yaml, which hold the sections of all plugins."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from ast_notebook.ami.secret import Secret
from ast_notebook.conf.definitions import Definitions
from ast_notebook.conf.findings import Findings
from ast_notebook.conf.source import read
from ast_notebook.conf.words import FALSE, TRUE, truth
from ast_notebook.errors import ConfError

SETTINGS = (
    *("host", "port", "username", "password", "tls", "auth", "events"),
    *("greeting", "timeout", "keepalive", "gathering"),
)
#: The settings of a PBX's site, which are parameters of `Asterisk.tell`.
SITE = ("trunks", "country", "outside", "phone_book")
_Made = TypeVar("_Made")
_PLAIN = re.compile(r"[A-Za-z]+(_[A-Za-z]+)*")
OF_THE_PLUGIN = ("class_name", "class_path", "plugin_name", "plugin_enabled", "instance")


@dataclasses.dataclass(frozen=True)
class PluginDefinition:
    """A section of plugin.conf that describes a PBX.

    Attributes
    ----------
    name : str
        The attribute of `sh` that the PBX becomes: the section's name, or its `instance`.
    settings : mapping
        The settings of the section, by the names of `Settings`, without empty ones. The password is
        a `Secret`.
    site : mapping
        The section's settings of the site: ``trunks``, ``country`` and so on, by `SITE`.
    """

    name: str
    settings: Mapping[str, Any]
    site: Mapping[str, Any] = dataclasses.field(default_factory=dict)


def read_plugins(
    source: str | Path | Secret, *, origin: str = "the text"
) -> list[PluginDefinition]:
    """Read the PBXs of plugin.conf or plugin.yaml; other plugins' sections are passed over.

    An empty value (``host = # default``) means the default. There is a warning for an unknown key,
    and for a file with a password that other users may read.

    Raises
    ------
    ConfError
        If it cannot be read, names no PBX, or has a mistake in the section of one.
    """
    if isinstance(source, str):
        source = Secret(source)
    return _out_of_sight(lambda: _all(source, origin))


def read_plugin(source: Path, name: str) -> PluginDefinition:
    """Read the PBX of that name; mistakes in the sections of others do not matter.

    Raises
    ------
    ConfError
        As in `read_plugins`, or if there is none of that name.
    """
    return _out_of_sight(lambda: _one(source, name))


def _out_of_sight(work: Callable[[], _Made]) -> _Made:
    """Read a file; an error is raised without its frames, which hold the file's text."""
    try:
        return work()
    except Exception as error:  # a warning, too, where those are errors
        failed = error.with_traceback(None)
    failed.__cause__ = failed.__context__ = None
    raise failed


def _all(source: str | Path | Secret, origin: str) -> list[PluginDefinition]:
    text = source.reveal() if isinstance(source, Secret) else source
    found, findings = read(text, origin, Findings(), secret=True), Findings()
    plugins = [_plugin(found, findings, name, section) for name, section in _pbxs(found).items()]
    _note_readers(found, findings, plugins)
    findings.tell()
    return plugins


def _one(source: Path, name: str) -> PluginDefinition:
    found, findings = read(source, source.name, Findings(), secret=True), Findings()
    pbxs = {_name(key, section): (key, section) for key, section in _pbxs(found).items()}
    if name not in pbxs:
        _raise_mistake(found, name)
        raise ConfError(f"{source.name} has no section {name}, but {', '.join(pbxs)}")
    plugin = _plugin(found, findings, *pbxs[name])
    _note_readers(found, findings, [plugin])
    findings.tell()
    return plugin


def _note_readers(found: Definitions, findings: Findings, plugins: list[PluginDefinition]) -> None:
    """Warn of a password in a file that other users may read."""
    if found.file is None or not any("password" in one.settings for one in plugins):
        return
    with contextlib.suppress(OSError):
        # On Windows, the mode does not tell who may read a file.
        if os.name == "posix" and found.file.stat().st_mode & 0o077:
            findings.note(
                f"{found.origin} holds a password and is open to other users of this machine: "
                f"chmod 600 {found.file}"
            )


def _pbxs(found: Definitions) -> dict[str, Mapping[str, Any]]:
    """Return the sections of PBXs; mistakes in sections of other plugins are ignored."""
    sections = {
        name: section
        for name, section in found.tree.items()
        if isinstance(section, Mapping) and _is_pbx(section)
    }
    if not sections and found.findings.mistakes:
        raise found.findings.mistakes[0][1]
    if not sections:
        raise found.error((), "no PBX is named: write a section [ast] with class_name = Asterisk")
    return sections


def _is_pbx(section: Mapping[str, Any]) -> bool:
    """Tell whether a section is of the Asterisk plugin; plugin.conf holds those of all plugins."""
    given = {key: value for key, value in section.items() if value is not None}
    if str(given.get("plugin_enabled", "")).lower() in ("false", "no", "off", "0"):
        return False
    kinds = [given.get(key) for key in ("plugin_name", "class_path", "class_name")]
    named = [str(kind).lower() for kind in kinds if kind]
    return any("asterisk" in kind for kind in named) if named else bool(given)


def _name(key: str, section: Mapping[str, Any]) -> str:
    return str(section.get("instance") or key)


def _plugin(
    found: Definitions, findings: Findings, name: str, section: Mapping[str, Any]
) -> PluginDefinition:
    _raise_mistake(found, name)
    settings: dict[str, Any] = {}
    site: dict[str, Any] = {}
    for key, value in section.items():
        if key in OF_THE_PLUGIN:
            continue
        if key in SITE:
            if value not in (None, ""):
                site[key] = _of_site(found, name, key, value)
        elif key not in SETTINGS:
            known = ", ".join((*SETTINGS, *SITE))
            findings.note(
                f"{found.place((name, key))}: {_shown(key)} in [{name}] is not known and changes "
                f"nothing; known are {known}"
            )
        elif value not in (None, ""):
            if not isinstance(value, str):
                raise found.error((name, key), f"{key} in [{name}] takes one value")
            settings[key] = _setting(found, name, key, value)
    if "password" in settings:
        settings["password"] = Secret(settings["password"])
    return PluginDefinition(_name(name, section), settings, site)


def _of_site(found: Definitions, name: str, key: str, value: Any) -> Any:
    if key == "trunks" and isinstance(value, list):
        return [str(one) for one in value]
    if not isinstance(value, str):
        raise found.error((name, key), f"{key} in [{name}] takes one value")
    if key == "phone_book" and found.file is not None:
        return _beside(found, value)
    return value


def _beside(found: Definitions, value: str) -> Path:
    """Return the path of a file that another file names, relative to the other file's folder."""
    path = Path(value).expanduser()
    return path if found.file is None else found.file.parent / path


def _shown(key: str) -> str:
    """Return a form of an unknown key that a warning may show, since it may hold a password."""
    word = key.lower()
    is_plain = _PLAIN.fullmatch(key) and (word in SETTINGS or not word.startswith(SETTINGS))
    return key if is_plain else "a key"


def _raise_mistake(found: Definitions, name: str) -> None:
    for path, error in found.findings.mistakes:
        if path[:1] == (name,):
            raise error


def _setting(found: Definitions, name: str, key: str, value: str) -> Any:
    try:
        if key == "port":
            return int(value)
        if key in ("timeout", "keepalive", "gathering"):
            return float(value)
    except ValueError:
        raise found.error((name, key), f"{key} in [{name}] is not a number") from None
    if key == "tls":
        return truth(value) if value.lower() in TRUE + FALSE else _beside(found, value)
    return value
