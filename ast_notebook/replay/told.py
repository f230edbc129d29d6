"""The form in which a replay answers an action."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ast_notebook.ami import Event, Pending, Response
from ast_notebook.errors import NotRecorded

Headers = dict[str, str]


class ReplayedAnswer(NamedTuple):
    """The answer that Asterisk would have sent: a response, and the entries of a list, if any.

    Attributes
    ----------
    response : dict of str to str
    entries : sequence of (str, dict), or None
        The name and the headers of each entry.
    """

    response: Headers
    entries: Sequence[tuple[str, Headers]] | None = None


OK: Headers = {"Response": "Success"}
REFUSED: Headers = {"Response": "Error"}


def give(pending: Pending, key: str, answer: ReplayedAnswer, moment: int) -> None:
    """Finish an action with an answer, as if Asterisk had sent it."""
    is_list = {} if answer.entries is None else {"EventList": "start"}
    response = {**answer.response, "ActionID": key, **is_list}
    pending.respond(
        Response({"Response": response.pop("Response"), **is_list, **response}, received=moment)
    )
    for name, headers in answer.entries or ():
        pending.enter(Event({"Event": name, "ActionID": key, **headers}, name, moment))
    if answer.entries is not None:
        name = f"{pending.name}Complete"
        pending.enter(Event({"Event": name, "EventList": "Complete"}, name, moment))
    pending.finish()


def not_recorded(action: str, what: str = "") -> NotRecorded:
    """Return the error for an answer that a record does not have."""
    return NotRecorded(
        f"the record does not tell {what or f'what Asterisk answered to {action}'}, and a replay "
        "asks no PBX",
        action=action,
        reason="not in the record",
    )
