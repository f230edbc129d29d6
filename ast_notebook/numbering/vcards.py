"""Reads the entries of a file of vCards, versions 2.1 to 4.0, by the library vobject."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

from ast_notebook.errors import ConfError

MISSING = (
    "vCards are read by the library vobject, which is not installed: "
    "pip install 'ast_notebook[numbers]'"
)


def entries(text: str, what: str) -> Iterator[tuple[str, str]]:
    """Yield the numbers and names of vCards; faxes are left out, and so are broken lines.

    Parameters
    ----------
    text : str
    what : str
        The name of the source, for errors.

    Raises
    ------
    ConfError
        If the library is not installed, or if the text has no vCards.
    """
    try:
        import vobject
    except ImportError:
        raise ConfError(MISSING) from None
    # The library warns of each line that it skips; in a book of thousands, these are too many.
    logging.getLogger("vobject.base").setLevel(logging.CRITICAL)
    cards = 0
    try:
        for card in vobject.readComponents(text, ignoreUnreadable=True, allowQP=True):
            cards += 1
            name = _name(card)
            for telephone in card.contents.get("tel", ()):
                number = _number(telephone)
                if number and name:
                    yield number, name
    except Exception as error:  # of any class: the library has no common one for bad input
        shown = f"{type(error).__name__}: {error}"[:120]
        raise ConfError(f"{what} cannot be read as vCards: {shown}") from None
    if not cards:
        raise ConfError(f"{what} has no vCard: each begins with BEGIN:VCARD")


def _name(card: Any) -> str:
    """Return the formatted name; without it, the parts of the name; without these, the company."""
    for key, look in (("fn", str), ("n", _parts), ("org", _company)):
        for found in card.contents.get(key, ()):
            name = look(found.value).strip()
            if name:
                return str(name)
    return ""


def _parts(name: Any) -> str:
    return f"{_joined(name.given)} {_joined(name.family)}"


def _company(value: Any) -> str:
    return _joined(value[:1]) if isinstance(value, list) else str(value)


def _joined(value: Any) -> str:
    return " ".join(map(str, value)) if isinstance(value, list) else str(value or "")


def _number(telephone: Any) -> str:
    kinds = [*telephone.params.get("TYPE", ()), *telephone.singletonparams]
    if {str(kind).lower() for kind in kinds} & {"fax", "pager", "textphone"}:
        return ""
    number = str(telephone.value).strip()
    return number[4:].partition(";")[0] if number.lower().startswith("tel:") else number
