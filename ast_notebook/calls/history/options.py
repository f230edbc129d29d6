"""The options of Dial and Queue, and whether the dialplan goes on after them."""

from __future__ import annotations

import re

#: The option with which the dialplan goes on with the caller after the callee has left.
_GOES_ON = {"dial": "g", "queue": "c"}
#: How many letters columns of databases hold: a text of that length may have been cut off.
_WIDTHS = (80, 127, 128, 254, 255, 256)


def options_of(app: str, data: str) -> str:
    """Return the letters of the options of Dial or Queue, without their arguments: U for U(x)."""
    part = 2 if app == "dial" else 1
    parts = data.split(",", part)
    text = re.sub(r"\([^()]*\)?", "", parts[part]) if len(parts) > part else ""
    return text.partition(",")[0]


def goes_on(app: str, data: str | None) -> bool | None:
    """Tell whether the dialplan goes on with the caller after the callee has left.

    It is unknown (None) for other applications, and if the arguments may be cut off.
    """
    letter = _GOES_ON.get(app)
    if letter is None or not data:
        return None
    if letter in options_of(app, data):
        return True
    return None if len(data) in _WIDTHS else False
