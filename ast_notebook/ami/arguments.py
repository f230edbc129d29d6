"""What Asterisk parts, and how a text is given to it so that it stays one text.

The manager interface hands many headers on to places with a syntax of their own: the arguments of
an application, a function of the dialplan, a list of variables, the store of queue members. All
that ast_notebook sends by methods of its own goes through `ordered`; `Asterisk.action` sends what
it is given. What is said here was seen on Asterisk 16.28 and 22.10.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ast_notebook.ami.message import Field
from ast_notebook.errors import UnsafeText

#: What parts the arguments of an application, or keeps them together.
_PARTING = str.maketrans({one: f"\\{one}" for one in '\\,"()[]'})


def argument(text: str) -> str:
    """Write a text so that an application, or Originate's Variable, takes it as one argument."""
    return text.translate(_PARTING)


def is_one_argument(text: str) -> bool:
    """Tell whether a dialplan function takes a text as one argument, and as it stands.

    Functions are found by their parentheses before anything is parted, so nothing can be quoted.
    """
    return not any(map(text.__contains__, ',()"\\'))


def variable(name: str, value: object) -> str:
    """Return what Originate sets a channel variable by.

    Raises
    ------
    UnsafeText
        If the name has an equals sign or a comma, or either would be evaluated.
    """
    if not name or any(map(name.__contains__, "=,;")):
        raise UnsafeText(f"{name!r} is no name of a variable: write it without =, comma, semicolon")
    return f"{_literal('variable', name)}={argument(_literal(f'variable {name}', str(value)))}"


def _literal(what: str, text: str) -> str:
    if "${" in text or "$[" in text:
        raise UnsafeText(
            f"the {what} {text!r} holds what the dialplan may evaluate: take ${{ and $[ out, or "
            "send it by action() if it is your own"
        )
    return text


def _file(what: str, text: str) -> str:
    """Allow what can be no options and no command of MixMonitor, and leaves no folder."""
    if "," in text:
        raise UnsafeText(
            f"the file {text!r} holds a comma, behind which MixMonitor reads options and a command "
            "for the PBX's shell: take it out; nothing was done"
        )
    if ".." in text.split("/"):
        raise UnsafeText(f"the file {text!r} leads out of its folder: take .. out")
    return argument(_literal(what, text))


def _one(what: str, text: str) -> str:
    """Refuse a regular expression: Hangup takes one between slashes, and ends all that fit."""
    if text.startswith("/"):
        raise UnsafeText(f"{text!r} is no channel: it would stand for all that fit the pattern")
    return text


def _place(what: str, text: str) -> str:
    if not is_one_argument(text):
        raise UnsafeText(
            f"the {what} {text!r} holds a comma, parenthesis, quote or backslash, which the "
            "dialplan would part: take it out; nothing was done"
        )
    return _literal(what, text)


def _stored(what: str, text: str) -> str:
    """Refuse what parts members of a queue where Asterisk keeps them, and fields of queue_log."""
    if found := [one for one in "|;" if one in text]:
        raise UnsafeText(
            f"the {what} {text!r} holds {found[0]}, which Asterisk's queue_log and its list of "
            "members are parted by: take it out; nothing was done"
        )
    return text


def _begun(what: str, text: str) -> str:
    """Refuse what begins with a space: Asterisk reads a header's value from its first letter."""
    if text and text[0] <= " ":
        raise UnsafeText(
            f"the {what} {text!r} begins with a space, which Asterisk would leave out: take it out"
        )
    return text


#: By action and header: what makes a text safe there, or refuses it.
_RULES: dict[str, dict[str, Callable[[str, str], str]]] = {
    "Atxfer": {"Exten": _place, "Context": _place},
    "DBPut": {"Family": _begun, "Key": _begun, "Val": _begun},
    "Hangup": {"Channel": _one},
    "MixMonitor": {"File": _file},
    "Originate": {"Exten": _place, "Context": _place, "CallerID": _literal},
    "QueueAdd": {"Interface": _stored, "MemberName": _stored, "StateInterface": _stored},
    "QueuePause": {"Interface": _stored, "Reason": _stored},
    "QueueRemove": {"Interface": _stored},
    "Redirect": {"Exten": _place, "Context": _place},
}


def ordered(action: Mapping[str, Field]) -> dict[str, Any]:
    """Return an action in which every text stays where it was put.

    Raises
    ------
    UnsafeText
        If one of them can not.
    """
    rules = _RULES.get(str(action["Action"]), {})
    return {
        header: rules[header](header.lower(), value)
        if header in rules and isinstance(value, str)
        else value
        for header, value in action.items()
    }
