"""The settings of a site for telephone numbers: its country, outside line and phone book."""

from __future__ import annotations

import dataclasses
import functools

from ast_notebook.errors import ConfError
from ast_notebook.numbering.book import PhoneBook
from ast_notebook.numbering.plan import NumberingPlan, TelephoneNumber


@dataclasses.dataclass(frozen=True)
class Numbering:
    """How numbers are dialled at a site, and who owns them.

    Parameters
    ----------
    country : str, optional
        The site's country, such as ``DE``.
    outside : str
        The digits that are dialled for an outside line, such as ``0``; none by default. They are
        removed from the dialled numbers of outbound calls.
    book : PhoneBook, optional

    Raises
    ------
    ConfError
        If there is no such country, if the library is not installed, or if `outside` is not digits.
    """

    country: str | None = None
    outside: str = ""
    book: PhoneBook | None = None

    def __post_init__(self) -> None:
        if self.outside and not (self.outside.isascii() and self.outside.isdigit()):
            raise ConfError(
                f"outside = {self.outside[:20]!r} is no prefix: write digits, such as 0"
            )
        if self.country is not None:
            self.plan  # noqa: B018, so that a wrong country is an error here, and not later

    def __bool__(self) -> bool:
        """Whether the site has any of these settings."""
        return self.country is not None or self.book is not None or self.outside != ""

    @functools.cached_property
    def plan(self) -> NumberingPlan | None:
        """The numbering plan of the country; None without a country."""
        return None if self.country is None else NumberingPlan(self.country)

    def number(self, text: str) -> TelephoneNumber | None:
        """Read a text as a number; return None if it is none, or if there is no country."""
        return None if self.plan is None else self.plan.number(text)

    def key(self, text: str) -> str:
        """Return a number in a form that is the same for all its spellings: E.164 if known."""
        found = self.number(text)
        return text if found is None else found.e164

    def behind_outside(self, text: str) -> str:
        """Return what follows the digits for an outside line; empty if the text has none."""
        if not self.outside or not text.startswith(self.outside):
            return ""
        behind = text[len(self.outside) :]
        return "" if self.plan is not None and self.number(behind) is None else behind

    def name(self, text: str) -> str | None:
        """Return the name that the phone book has for a number; None if it has none."""
        return None if self.book is None else self.book.name(text)
