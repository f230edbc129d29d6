"""Finds a call by an id, a channel, a number or a device."""

from __future__ import annotations

from typing import Any

from ast_notebook.calls.calls import legs
from ast_notebook.calls.linkedids import age

_TECHNOLOGY = r"^[^/]*/"
_EXACT = ("call", "leg", "channel")


def find_call(events: Any, which: object) -> str:
    """Return the id of a call, or the text itself if no call is found.

    Parameters
    ----------
    events : pandas.DataFrame
        Events as `from_events` takes them.
    which : str
        The id of a call, or the uniqueid or the name of one of its channels. Or a number or a
        device, with or without its technology; this means the last call in which it took part.
    """
    wanted = str(which)
    found = legs(events)[[*_EXACT, "number", "exten", "device"]].astype("str")
    exact = found[found[[*_EXACT]].eq(wanted).any(axis=1)]
    if len(exact):
        return str(exact["call"].iloc[-1])
    peer = found["device"].str.replace(_TECHNOLOGY, "", regex=True)
    others = found[found[["number", "exten", "device"]].eq(wanted).any(axis=1) | peer.eq(wanted)]
    calls = sorted(others["call"].dropna(), key=age)
    return calls[-1] if calls else wanted
