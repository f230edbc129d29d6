"""What a word of a `%ast` line can be, for TAB: as the PBX is, and as far as was heard."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from ast_notebook.asterisk import Asterisk
from ast_notebook.errors import AstError

if TYPE_CHECKING:
    from ast_notebook.magics.astmagics import AstMagics

RECENT = 5000  # events that are looked through
PATIENCE = 1.0  # seconds that a PBX may take to answer while somebody waits for TAB


def devices(magics: AstMagics) -> Iterable[str]:
    """Return the devices of the PBX, with their technologies and without."""
    with_technology = [
        device for pbx in _pbxs(magics) for device in pbx.live.parts["devices"].rows()
    ]
    return [*with_technology, *(one.partition("/")[2] for one in with_technology)]


def extensions(magics: AstMagics) -> Iterable[str]:
    """Return the extensions heard of."""
    return _heard(magics, "exten")


def contexts(magics: AstMagics) -> Iterable[str]:
    """Return the contexts heard of."""
    return _heard(magics, "context")


def events(magics: AstMagics) -> Iterable[str]:
    """Return the names of events heard."""
    return _heard(magics, "event")


def userevents(magics: AstMagics) -> Iterable[str]:
    """Return the names of UserEvents heard."""
    return _heard(magics, "userevent")


def destinations(magics: AstMagics) -> Iterable[str]:
    """Return the Destinations of UserEvents heard."""
    return _heard(magics, "destination")


def events_and_userevents(magics: AstMagics) -> Iterable[str]:
    """Return both."""
    return [*userevents(magics), *events(magics)]


def mailboxes(magics: AstMagics) -> Iterable[str]:
    """Return the mailboxes of the PBX."""
    return [box for pbx in _pbxs(magics) for box in pbx.live.parts["mailboxes"].rows()]


def keys(magics: AstMagics) -> Iterable[str]:
    """Ask for the entries of the Asterisk database."""
    found: list[str] = []
    for pbx in _pbxs(magics):
        try:
            found += pbx.db_show(timeout=PATIENCE)["key"].tolist()
        except AstError:
            continue
    return found


def actions(magics: AstMagics) -> Iterable[str]:
    """Ask for the actions that the login may use."""
    found: list[str] = []
    for pbx in _pbxs(magics):
        try:
            headers = pbx.action("ListCommands", PATIENCE).response.headers
        except AstError:
            continue
        found += [name for name in headers if name not in ("Response", "ActionID", "Message")]
    return found


def items(magics: AstMagics) -> Iterable[str]:
    """Return the paths of the items."""
    return [item.id() for item in magics.sh.return_items()]


def logics(magics: AstMagics) -> Iterable[str]:
    """Return the names of the logics."""
    return [logic.name for logic in magics.sh.logics]


def bound(magics: AstMagics) -> Iterable[str]:
    """Return what `%ast off` can take back: logics, and what is bound to events."""
    callbacks = [name for pbx in magics.sh.pbxs.values() for name in pbx.callbacks]
    return [*logics(magics), *callbacks]


def _pbxs(magics: AstMagics) -> Iterable[Asterisk]:
    return magics.sh.pbxs.values()


def _heard(magics: AstMagics, column: str) -> list[str]:
    found: set[str] = set()
    for pbx in _pbxs(magics):
        frame = pbx.record.frame(last=RECENT)
        if column in frame:
            found |= set(frame[column].dropna().astype(str))
    return sorted(found)
