"""Reads items.conf, logic.conf and plugin.conf, and SmartHomeNG's YAML files of the same names."""

from __future__ import annotations

import dataclasses
import difflib
import re
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import configobj
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from ast_notebook.ami.secret import Secret
from ast_notebook.errors import ConfError

LARGEST = 1_000_000  # characters; a house has less to say
TRUE = ("1", "true", "yes", "on")
FALSE = ("0", "false", "no", "off", "")
UNHEEDED = ("crontab", "cycle", "watch_item")  # start a logic in SmartHome.py, and nothing here
SETTINGS = ("host", "port", "username", "password", "tls", "auth", "events", "timeout", "keepalive")
OF_THE_PLUGIN = ("class_name", "class_path", "plugin_name", "plugin_enabled", "instance")

OF_LOGICS = ("ast_userevent", "ast_dest")

_HEADING = re.compile(r"\s*(\[+)\s*(.*?)\s*\]+\s*(#.*)?$")
_KEYWORD = re.compile(r"\s*(.+?)\s*=")
_QUOTED = re.compile(r"""(['"])(.*)\1$""", re.DOTALL)


@dataclasses.dataclass(frozen=True)
class Definitions:
    """A tree of sections as it was read: a mapping is a section, all else an attribute's value.

    Attributes
    ----------
    tree : mapping
        Names to text, lists of text, or sections.
    origin : str
        Where it was read: a file, or a cell.
    lines : mapping
        From a path of names to the number of its line; empty where that is not known.
    """

    tree: Mapping[str, Any]
    origin: str = "the definition"
    lines: Mapping[tuple[str, ...], int] = dataclasses.field(default_factory=dict, repr=False)

    def error(self, path: tuple[str, ...], what: str) -> ConfError:
        """Return an error that says where in the definitions it is."""
        place = self.origin
        number = next(
            (self.lines[path[:end]] for end in range(len(path), 0, -1) if path[:end] in self.lines),
            None,
        )
        if number is not None:
            place += f", line {number}"
        return ConfError(f"{place}: {what}")

    def sections(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Yield the name and the attributes of each outer section.

        Raises
        ------
        ConfError
            If something stands outside of any section.
        """
        for name, section in self.tree.items():
            if not isinstance(section, Mapping):
                raise self.error(
                    (name,), f"{name} stands outside of any section: write [NAME] above it"
                )
            yield name, section


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
    dest : str or None
        The only Destination that it runs for, if there is one.
    pbx : str or None
        The PBX whose events count; None for the first.
    enabled : bool
    conf : mapping
        All attributes as they were read.
    """

    name: str
    filename: Path
    userevent: tuple[str, ...]
    dest: str | None
    pbx: str | None
    enabled: bool
    conf: Mapping[str, Any]


@dataclasses.dataclass(frozen=True)
class PluginDefinition:
    """A section of plugin.conf that is a PBX.

    Attributes
    ----------
    name : str
        The attribute of `sh` that the PBX becomes: the section's name, or its `instance`.
    settings : mapping
        What the section sets, by the names of `Settings`; what it leaves empty is not there. The
        password is a `Secret`.
    """

    name: str
    settings: Mapping[str, Any]


def read_items(source: str | Path, *, origin: str = "the cell") -> Definitions:
    """Read items from the text of a cell, or from a file of type .conf or .yaml.

    Parameters
    ----------
    source : str or Path
        A text, ConfigObj's nested brackets or YAML by its first line; or a path.
    origin : str
        What errors call the text.

    Raises
    ------
    ConfError
        If it cannot be read: where, what is wrong, and what to write.
    """
    return _read(source, origin)


def read_logics(source: str | Path, *, origin: str = "the cell") -> list[LogicDefinition]:
    """Read logics from logic.conf or logic.yaml.

    A script is looked for beside the file, in the folder ``logics`` there, and in the folder
    ``logics`` beside that folder, where SmartHome.py has it; for a text, from the working folder.

    Raises
    ------
    ConfError
        If it cannot be read, or a script is not there.
    """
    found = _read(source, origin)
    folder = source.parent if isinstance(source, Path) else Path()
    return [_logic(found, folder, name, section) for name, section in found.sections()]


def read_plugins(source: str | Path, *, origin: str = "the text") -> list[PluginDefinition]:
    """Read the PBXs of plugin.conf or plugin.yaml; other plugins' sections are passed over.

    An empty value (``host = # default``) means the default. A key that is not known is warned of.

    Raises
    ------
    ConfError
        If it cannot be read, or names no PBX.
    """
    found = _read(source, origin, secret=True)
    plugins = [
        _plugin(found, name, section) for name, section in found.sections() if _is_pbx(section)
    ]
    if not plugins:
        raise found.error((), "no PBX is named: write a section [ast] with class_name = Asterisk")
    return plugins


def read_plugin(source: Path, name: str) -> PluginDefinition:
    """Read the one PBX of that name.

    Raises
    ------
    ConfError
        As `read_plugins` does, or if there is none of that name.
    """
    plugins = {one.name: one for one in read_plugins(source)}
    if name not in plugins:
        raise ConfError(f"{source.name} has no section {name}, but {', '.join(plugins)}")
    return plugins[name]


def truth(text: object) -> bool:
    """Read a yes or a no as SmartHome.py does.

    Raises
    ------
    ValueError
        If it is neither.
    """
    word = str(text).strip().lower()
    if word in TRUE or word in FALSE:
        return word in TRUE
    raise ValueError(f"{text!r} is neither yes nor no: write True or False")


def split_instance(attribute: str) -> tuple[str, str | None]:
    """Split ``ast_dev@berlin`` into the attribute and the PBX that it means."""
    name, _, pbx = attribute.partition("@")
    return name, pbx or None


def warn_of_unknown(place: str, attributes: Iterable[str], known: Sequence[str]) -> None:
    """Warn of keywords that look like ours and are none; those of other plugins are not ours."""
    for attribute in attributes:
        name, _ = split_instance(attribute)
        if name.startswith("ast_") and name not in known:
            near = difflib.get_close_matches(name, known, 1)
            meant = f"did you mean {near[0]}?" if near else f"{', '.join(known)} are there"
            warnings.warn(f"{place}: there is no {name}; {meant}", stacklevel=4)


def _logic(
    found: Definitions, folder: Path, name: str, section: Mapping[str, Any]
) -> LogicDefinition:
    script = section.get("filename")
    if not script or not isinstance(script, str):
        raise found.error((name,), f"the logic {name} has no script: write filename = NAME.py")
    places = (folder / script, folder / "logics" / script, folder.parent / "logics" / script)
    filename = next((place for place in places if place.is_file()), None)
    if filename is None:
        raise found.error(
            (name, "filename"),
            f"there is no script {script} in {folder.absolute()} or in a folder logics near it",
        )
    for key in UNHEEDED:
        if key in section:
            warnings.warn(
                f"{found.origin}: {key} does not start the logic {name} here, only ast_userevent "
                "does",
                stacklevel=4,
            )
    warn_of_unknown(f"{found.origin}: the logic {name}", section, OF_LOGICS)
    userevent: list[str] = []
    pbx = None
    for key, value in section.items():
        attribute, instance = split_instance(key)
        if attribute == "ast_userevent":
            pbx = instance
            userevent += value if isinstance(value, list) else [value] if value else []
    try:
        enabled = truth(section.get("enabled", True))
    except ValueError as error:
        raise found.error((name, "enabled"), f"enabled = {error}") from None
    dest = section.get("ast_dest") or None
    return LogicDefinition(name, filename, tuple(userevent), dest, pbx, enabled, dict(section))


def _is_pbx(section: Mapping[str, Any]) -> bool:
    """Whether a plugin's section is one of ours; plugin.conf holds those of all plugins."""
    if str(section.get("plugin_enabled", "")).lower() in ("false", "no", "off", "0"):
        return False
    kinds = [section.get(key) for key in ("plugin_name", "class_path", "class_name")]
    named = [str(kind).lower() for kind in kinds if kind]
    return not named or any("asterisk" in kind for kind in named)


def _plugin(found: Definitions, name: str, section: Mapping[str, Any]) -> PluginDefinition:
    settings: dict[str, Any] = {}
    for key, value in section.items():
        if key in OF_THE_PLUGIN:
            continue
        if key not in SETTINGS:
            known = ", ".join(SETTINGS)
            warnings.warn(
                f"{found.origin}: {key} in [{name}] is not known and changes nothing; "
                f"known are {known}",
                stacklevel=4,
            )
        elif value not in (None, ""):
            if not isinstance(value, str):
                raise found.error((name, key), f"{key} in [{name}] takes one value")
            settings[key] = _setting(found, name, key, value)
    if "password" in settings:
        settings["password"] = Secret(settings["password"])
    return PluginDefinition(str(section.get("instance") or name), settings)


def _setting(found: Definitions, name: str, key: str, value: str) -> Any:
    try:
        if key == "port":
            return int(value)
        if key in ("timeout", "keepalive"):
            return float(value)
    except ValueError:
        raise found.error((name, key), f"{key} in [{name}] is not a number") from None
    if key == "tls":
        return truth(value) if value.lower() in TRUE + FALSE else Path(value)
    return value


# --- the two ways of writing --------------------------------------------------------------------


def _read(source: str | Path, origin: str, *, secret: bool = False) -> Definitions:
    """Read a tree from either format; with `secret`, no error tells what a line holds."""
    if isinstance(source, Path):
        origin = source.name
        try:
            data = source.read_bytes()
        except OSError as error:
            raise ConfError(f"{source} cannot be read: {error.strerror}") from None
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            number = data.count(b"\n", 0, error.start) + 1
            raise ConfError(
                f"{origin}, line {number}: this is not UTF-8. Save the file as UTF-8"
            ) from None
        is_yaml = source.suffix.lower() in (".yaml", ".yml")
    else:
        text = source
        said = [line.strip() for line in text.splitlines() if line.strip()[:1] not in "#"]
        first = said[0] if said else ""
        is_yaml = not first.startswith("[") and ":" in first
    if len(text) > LARGEST:
        raise ConfError(f"{origin}: more than {LARGEST} characters: this is no file of settings")
    return _read_yaml(text, origin, secret) if is_yaml else _read_conf(text, origin, secret)


def _read_conf(text: str, origin: str, secret: bool) -> Definitions:
    lines = text.splitlines()
    try:
        parsed = configobj.ConfigObj(
            lines, interpolation=False, list_values=False, raise_errors=True
        )
    except configobj.ConfigObjError as error:
        raise ConfError(f"{origin}, line {error.line_number}: {_what(error)}") from None
    except RecursionError:
        raise ConfError(f"{origin}: nested too deeply to be meant") from None
    numbers = dict(_conf_lines(lines))
    if secret:
        _refuse_cut_passwords(lines, numbers, origin)
    return Definitions(_unquoted(parsed.dict(), split=not secret), origin, numbers)


def _what(error: Exception) -> str:
    """Say what is wrong in a line without repeating it: it may hold a password."""
    if isinstance(error, configobj.DuplicateError):
        return "this name was given before in the same section: keep one of the two"
    if isinstance(error, configobj.NestingError):
        return "the brackets do not fit: [[NAME]] goes below [NAME], with one pair more"
    return "this is neither [NAME], with brackets that match, nor NAME = VALUE"


def _conf_lines(lines: list[str]) -> Iterator[tuple[tuple[str, ...], int]]:
    """Find the lines of sections and keywords, which ConfigObj does not tell."""
    path: tuple[str, ...] = ()
    for number, line in enumerate(lines, 1):
        if line.lstrip().startswith("#"):
            continue
        if heading := _HEADING.match(line):
            path = (*path[: len(heading[1]) - 1], heading[2].strip("'\""))
            yield path, number
        elif keyword := _KEYWORD.match(line):
            yield (*path, keyword[1].strip("'\"")), number


def _refuse_cut_passwords(
    lines: list[str], numbers: Mapping[tuple[str, ...], int], origin: str
) -> None:
    """Refuse a password that a # within it would cut short without a word."""
    for path, number in numbers.items():
        value = lines[number - 1].partition("=")[2].strip()
        if path[-1] == "password" and value[:1] not in "'\"" and re.match(r"[^#]*[^\s#]#", value):
            raise ConfError(
                f"{origin}, line {number}: a # begins a comment, and would cut the password "
                "short. Put the password in quotes"
            )


def _unquoted(section: Mapping[str, Any], *, split: bool) -> dict[str, Any]:
    """Take quotes off, and split ``a | b`` into a list as SmartHome.py does."""
    tree: dict[str, Any] = {}
    for name, value in section.items():
        if isinstance(value, Mapping):
            tree[name] = _unquoted(value, split=split)
        elif quoted := _QUOTED.match(value):
            tree[name] = quoted[2]
        elif split and "|" in value:
            tree[name] = [part.strip() for part in value.split("|")]
        else:
            tree[name] = value
    return tree


def _read_yaml(text: str, origin: str, secret: bool) -> Definitions:
    # Nodes, not values: a device 0049 keeps its noughts, nothing is constructed, lines are known.
    try:
        root = YAML(typ="safe", pure=True).compose(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        number = mark.line + 1 if mark else 1
        what = "a password with special letters needs quotes" if secret else error.problem
        raise ConfError(f"{origin}, line {number}: this is not YAML: {what}") from None
    except YAMLError:
        raise ConfError(f"{origin}: this is not YAML: it holds letters that cannot be") from None
    except RecursionError:
        raise ConfError(f"{origin}: nested too deeply to be meant") from None
    if root is None:
        return Definitions({}, origin)
    if not isinstance(root, MappingNode):
        raise ConfError(f"{origin}: this is not a tree of names: write NAME: and indent below it")
    reader = _YamlTree(origin)
    return Definitions(reader.section(root, ()), origin, reader.lines)


class _YamlTree:
    """Turns the nodes of a YAML file into a tree of texts, each node once."""

    def __init__(self, origin: str) -> None:
        self.origin = origin
        self.lines: dict[tuple[str, ...], int] = {}
        self._seen: set[int] = set()

    def section(self, node: MappingNode, path: tuple[str, ...]) -> dict[str, Any]:
        tree: dict[str, Any] = {}
        for key, value in node.value:
            if not isinstance(key, ScalarNode):
                raise self._error(key, "a name must be a word")
            name = str(key.value)
            if name in tree:
                raise self._error(key, f"{name} was given before in the same section")
            if name == "<<":
                raise self._error(key, "<< is not supported: write the attributes out")
            here = (*path, name)
            self.lines[here] = key.start_mark.line + 1
            tree[name] = self._value(value, here)
        return tree

    def _value(self, node: Node, path: tuple[str, ...]) -> Any:
        if isinstance(node, ScalarNode):
            is_null = node.tag == "tag:yaml.org,2002:null" and node.value in ("", "~", "null")
            return None if is_null else str(node.value)
        if id(node) in self._seen:  # an alias: few of them can stand for millions of nodes
            raise self._error(node, "& and * are not supported for sections: write them out")
        self._seen.add(id(node))
        if isinstance(node, SequenceNode):
            return [self._value(one, path) for one in node.value]
        assert isinstance(node, MappingNode)
        return self.section(node, path)

    def _error(self, node: Node, what: str) -> ConfError:
        return ConfError(f"{self.origin}, line {node.start_mark.line + 1}: {what}")
