"""Writes texts for Asterisk in such a way that Asterisk does not split them.

The manager interface passes many headers to places that have a syntax of their own: the arguments
of an application, a function of the dialplan, a list of variables, the stored members of a queue.
Every method of ast_notebook sends its action through `ordered`; only `Asterisk.action` sends its
headers unchanged. The rules here were observed on Asterisk 16.28 and 22.10.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ast_notebook.ami.action import Field
from ast_notebook.errors import UnsafeText

#: Characters that split the arguments of an application, or keep them together.
_PARTING = str.maketrans({one: f"\\{one}" for one in '\\,"()[]'})


def argument(text: str) -> str:
    """Write a text so that an application, or Originate's Variable, takes it as one argument."""
    return text.translate(_PARTING)


def is_one_argument(text: str) -> bool:
    """Tell whether a dialplan function takes a text as one argument, unchanged.

    Asterisk finds functions by their parentheses before it splits arguments, so quotes do not help.
    """
    return not any(map(text.__contains__, ',()"\\'))


def variable(name: str, value: object) -> str:
    """Return the text by which Originate sets a channel variable.

    Raises
    ------
    UnsafeText
        If the name has an equals sign or a comma, or if Asterisk would evaluate the name or the
        value.
    """
    if not name or any(map(name.__contains__, "=,;")):
        raise UnsafeText(
            f"{name!r} is not a name of a variable: write it without =, comma and semicolon"
        )
    return f"{_literal('variable', name)}={argument(_literal(f'variable {name}', str(value)))}"


def _literal(what: str, text: str) -> str:
    if "${" in text or "$[" in text:
        raise UnsafeText(
            f"the {what} {text!r} contains ${{ or $[, which the dialplan would evaluate: take them "
            "out or, if you wrote the text yourself, send it by action()"
        )
    return text


def _file(what: str, text: str) -> str:
    """Refuse a file name that holds options or a command for MixMonitor, or leaves its folder."""
    if "," in text:
        raise UnsafeText(
            f"the file {text!r} contains a comma, behind which MixMonitor reads options and a "
            "command for the PBX's shell: take the comma out; nothing was done"
        )
    if ".." in text.split("/"):
        raise UnsafeText(f"the file {text!r} leads out of the folder for recordings: take .. out")
    return argument(_literal(what, text))


def _one(what: str, text: str) -> str:
    """Refuse a regular expression: Hangup would hang up every channel that matches it."""
    if text.startswith("/"):
        raise UnsafeText(
            f"{text!r} is not a channel: Hangup would take it for a pattern; name one channel"
        )
    return text


def _participant(what: str, text: str) -> str:
    """Refuse a word by which Asterisk would mute or remove everybody in a conference."""
    if text.strip().lower() in ("all", "participants"):
        raise UnsafeText(
            f"{text!r} is not a channel: Asterisk would take it for everybody there; name one "
            "channel"
        )
    return text


def _queue(what: str, text: str) -> str:
    if not text:
        raise UnsafeText(
            "no queue is named, and Asterisk would take that for every queue: name one"
        )
    return text


def _place(what: str, text: str) -> str:
    if not is_one_argument(text):
        raise UnsafeText(
            f"the {what} {text!r} holds a comma, parenthesis, quote or backslash, which the "
            "dialplan would split: take it out; nothing was done"
        )
    return _literal(what, text)


def _stored(what: str, text: str) -> str:
    """Refuse characters that separate stored queue members or fields of queue_log."""
    if found := [one for one in "|;" if one in text]:
        raise UnsafeText(
            f"the {what} {text!r} holds {found[0]}, which Asterisk's queue_log and its list of "
            "members use as separators: take it out; nothing was done"
        )
    return text


def _begun(what: str, text: str) -> str:
    """Refuse a text that begins with a space: Asterisk drops the spaces before a value.

    The rest of the text may be a pattern, or it may be empty, which means every queue.
    """
    if text and text[0] <= " ":
        raise UnsafeText(
            f"the {what} {text!r} begins with a space or a control character, which Asterisk would "
            "drop: take it out"
        )
    return text


#: By action and header, in lower case: the function that makes a text safe there, or refuses it.
_RULES: dict[str, dict[str, Callable[[str, str], str]]] = {
    "atxfer": {"exten": _place, "context": _place},
    "confbridgekick": {"channel": _participant},
    "confbridgemute": {"channel": _participant},
    "confbridgeunmute": {"channel": _participant},
    "hangup": {"channel": _one},
    "mixmonitor": {"file": _file},
    "originate": {"exten": _place, "context": _place, "callerid": _literal},
    "queueadd": {"interface": _stored, "membername": _stored, "stateinterface": _stored},
    "queuepause": {"queue": _queue, "interface": _stored, "reason": _stored},
    "queueremove": {"interface": _stored},
    "redirect": {"exten": _place, "context": _place},
}
#: Headers whose texts are for people, or for an application, which may begin with anything.
_FREE = ("callerid", "data", "membername", "reason", "variable")


def ordered(action: Mapping[str, Field]) -> dict[str, Any]:
    """Return an action in which every text is written safely for its header.

    The action and its headers may be in upper or lower case; for Asterisk, both are the same.

    Raises
    ------
    UnsafeText
        If a text cannot be written safely.
    """
    name = next((value for key, value in action.items() if key.lower() == "action"), "")
    rules = _RULES.get(str(name).lower(), {})
    return {header: _written(header.lower(), value, rules) for header, value in action.items()}


def _written(header: str, value: Any, rules: Mapping[str, Callable[[str, str], str]]) -> Any:
    if isinstance(value, Iterable) and not isinstance(value, str | bytes | bytearray | Mapping):
        return [_written(header, one, rules) for one in value]
    if not isinstance(value, str):
        return value
    text = value if header in _FREE else _begun(header, value)
    return rules[header](header, text) if header in rules else text
