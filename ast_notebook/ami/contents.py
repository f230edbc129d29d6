"""Parses the text of a message: its headers, and its lines that are no headers."""

from __future__ import annotations

from itertools import takewhile

from ast_notebook.ami.framer import END_OF_COMMAND, FOLLOWS, is_command
from ast_notebook.ami.shapes import Shapes, plain_name

# The headers, the lines that are no headers, and the values of each repeated header.
Contents = tuple[dict[str, str], str, dict[str, list[str]] | None]

#: The headers that Asterisk puts into a UserEvent before those of the dialplan, in lower case.
BEFORE_THE_DIALPLAN = frozenset(
    (
        *("event", "privilege", "sequencenumber", "file", "line", "func", "timestamp"),
        *("systemname", "actionid", "channel", "channelstate", "channelstatedesc"),
        *("calleridnum", "calleridname", "connectedlinenum", "connectedlinename", "language"),
        *("accountcode", "context", "exten", "priority", "uniqueid", "linkedid", "tenantid"),
        *("chanvariable", "userevent"),
    )
)
shapes = Shapes()


def parsed(text: str, name: str) -> Contents:
    """Parse a message: by one match, if it has the known headers of events of that name."""
    shape = shapes.of(text, name) if name else None
    known = None if shape is None else shape.headers(text)
    if known is not None:
        return known, "", None
    lines = text.split("\r\n")
    try:
        headers = dict([line.split(": ", 1) for line in lines])
    except ValueError:
        return _odd_contents(lines)
    event = headers.get("Event")
    if (
        event is not None
        and len(headers) == len(lines)
        and not is_command(text)
        and (event != "UserEvent" or _is_plain(headers))
    ):
        shapes.learn(text, headers)
        return headers, "", None
    return _odd_contents(lines)


def _is_plain(headers: dict[str, str]) -> bool:
    """Tell whether no header of a UserEvent has to be renamed, or joined with another."""
    front = list(takewhile(lambda name: name != "UserEvent", headers))
    return len({key.lower() for key in headers}) == len(headers) and (
        len(front) == len(headers) or BEFORE_THE_DIALPLAN.issuperset(map(plain_name, front))
    )


def _odd_contents(lines: list[str]) -> Contents:
    """Parse a message with repeated headers, headers without a space after the colon, or data."""
    headers: dict[str, str] = {}
    spelled: dict[str, str] = {}
    repeated: dict[str, list[str]] = {}
    data: list[str] = []
    while len(lines) > 1 and not lines[0]:
        del lines[0]
    follows = lines[0] == FOLLOWS
    by_asterisk: frozenset[str] | None = None  # Asterisk's own headers
    is_of_dialplan = any(line.startswith("UserEvent:") for line in lines)
    for number, line in enumerate(lines):
        key, colon, value = line.partition(":")
        if follows and (not colon or key not in ("Response", "Privilege", "ActionID")):
            data = lines[number:]
            break
        if not colon:
            data.append(line)
            continue
        value = value.removeprefix(" ")
        if by_asterisk is not None and key.lower() in by_asterisk:
            key = f"header_{key}"
        elif (
            by_asterisk is None
            and is_of_dialplan
            and headers.get("Event") == "UserEvent"
            and plain_name(key) not in BEFORE_THE_DIALPLAN
        ):
            key = f"header_{key}"  # neither Asterisk's nor the dialplan's: a caller wrote it
        elif key == "UserEvent" and headers.get("Event") == key and by_asterisk is None:
            by_asterisk = frozenset((*spelled, "userevent"))
        key = spelled.setdefault(key.lower(), key)
        if key in headers:
            repeated.setdefault(key, [headers[key]]).append(value)
        else:
            headers[key] = value
    for key, values in repeated.items():
        headers[key] = "\n".join(values)
    text = "\r\n".join(data).removesuffix(END_OF_COMMAND) if data else headers.get("Output", "")
    return headers, text, repeated or None
