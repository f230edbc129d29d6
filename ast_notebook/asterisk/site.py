"""The settings that a site gives once: its trunks, its country, its phone book."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Mapping
from typing import Any

import pandas as pd

from ast_notebook.asterisk.call_log import CallLog
from ast_notebook.asterisk.database import Database
from ast_notebook.asterisk.waiting import WaitingCallers
from ast_notebook.calls.trunks import NONE_FOUND, guess_in_words, guess_trunks, is_guess
from ast_notebook.errors import ConfError
from ast_notebook.numbering import Numbering, PhoneBook
from ast_notebook.warned import warn

#: The family of the Asterisk database in which dialplans look for callers' names.
FAMILY = "cidname"
#: The forms in which numbers may be written there.
FORMS = ("e164", "national", "digits")
_SPLIT = re.compile(r"[,|\s]+")
_HIDDEN = re.compile(r"[\x00-\x1f\x7f-\x9f\"<>\\]+")
_LONGEST = 80  # letters of a caller's name, which telephones cut much earlier


class Site(Database, CallLog):
    """The methods of `Asterisk` for the settings of a site."""

    waiting: WaitingCallers

    def tell(
        self,
        *,
        trunks: pd.DataFrame | Collection[str] | str | None = None,
        country: str | None = None,
        outside: str | None = None,
        phone_book: PhoneBook | str | os.PathLike[str] | Mapping[str, str] | None = None,
    ) -> None:
        """Set what the call log needs to know directions, whole numbers, and names.

        The settings hold for each call log that is made from now on. A parameter that is not given
        leaves its setting as it is, and an empty text removes the setting.

        Parameters
        ----------
        trunks : str, collection of str or pandas.DataFrame, optional
            The devices that lead to the public network, such as ``PJSIP/provider``. It may be what
            `guess_trunks` returned, or the rows of it that are right. ``guess`` stands for those
            that it finds now, and a warning names them.
        country : str, optional
            The country of numbers without a country code, such as ``DE``.
        outside : str, optional
            The digits that are dialled for an outside line, such as ``0``.
        phone_book : PhoneBook or path or mapping, optional
            The names of numbers' owners; see `PhoneBook.read`.

        Raises
        ------
        ConfError
            If there is no such country, the phone book cannot be read, or there is nothing that
            looks like a trunk.

        Warns
        -----
        UserWarning
            If the trunks are guessed: which they are, why, and how to correct that.

        Examples
        --------
        >>> sh.ast.tell(trunks="PJSIP/provider", country="DE", phone_book="people.vcf")
        >>> sh.ast.tell(trunks=sh.ast.guess_trunks().query("device != 'PJSIP/door'"))
        """
        now = self.numbering
        place = now.country if country is None else country or None
        book: Any = now.book
        if phone_book is not None and not isinstance(phone_book, PhoneBook):
            book = PhoneBook.read(phone_book, country=place) if phone_book else None
        elif phone_book is not None:
            book = phone_book
        elif place != now.country and book is not None:
            book = PhoneBook(book.items(), place)  # it compares numbers as that country has them
        numbering = Numbering(place, now.outside if outside is None else outside, book)
        if isinstance(trunks, pd.DataFrame):
            trunks = trunks["device"].tolist()
        if is_guess(trunks):
            trunks = self._guessed()
        if trunks is not None:
            names = _SPLIT.split(trunks) if isinstance(trunks, str) else list(trunks)
            self.trunks = tuple(filter(None, names)) or None
        self.numbering = numbering
        self.waiting.plan()

    def _guessed(self) -> list[str]:
        """Return the devices that look like trunks now, and warn of it."""
        guess = self.guess_trunks()
        if not len(guess):
            raise ConfError(NONE_FOUND)
        warn(f"{self.name}: {guess_in_words(guess)}")
        names: list[str] = guess["device"].tolist()
        return names

    def begin(self, **site: Any) -> None:
        """Set the settings of a site for a connection that was just made; see `tell`.

        Warns
        -----
        UserWarning
            If the trunks are to be guessed, since no event has come yet by which to guess them.
        """
        if is_guess(site.get("trunks")) and not len(self.guess_trunks()):
            del site["trunks"]
            warn(
                f"{self.name}: no call was heard yet by which to guess the trunks: once some came "
                "from outside, %ast trunks --guess or tell(trunks='guess') finds them"
            )
        self.tell(**site)

    def _chosen_trunks(self, trunks: Collection[str] | None) -> tuple[str, ...] | None:
        return tuple(self._guessed()) if is_guess(trunks) else super()._chosen_trunks(trunks)

    def guess_trunks(self) -> pd.DataFrame:
        """Guess which devices are trunks, by the calls so far and the registrations.

        Returns
        -------
        pandas.DataFrame
            See `ast_notebook.calls.trunks.guess_trunks`. Give the devices to `tell` to use them.
        """
        rows = self.live.tables["registrations"].rows().values()
        registrations = [(str(row["trunk"]), str(row["server"])) for row in rows]
        return guess_trunks(self._log(self.trunks).calls, registrations)

    def fill_names(
        self,
        book: PhoneBook | None = None,
        *,
        forms: Collection[str] = ("national", "e164"),
        write: bool = False,
    ) -> pd.DataFrame:
        """Fill the family ``cidname`` of the Asterisk database from a phone book.

        A dialplan shows these names by ``Set(CALLERID(name)=${DB(cidname/${CALLERID(num)})})``.
        Entries are written only if `write` is true, so look at the result first; they are never
        deleted.

        Parameters
        ----------
        book : PhoneBook, optional
            By default, the one that `tell` was given.
        forms : collection of str
            The forms in which numbers are written: ``e164`` (``+4930123``), ``national`` as they
            are dialled in the country (``030123``), or ``digits`` (``4930123``). Choose the form
            that the trunk sends. A number whose country is unknown is written as its digits.
        write : bool
            Whether to write the entries that are new or changed.

        Returns
        -------
        pandas.DataFrame
            ``key`` (``cidname/NUMBER``), ``name``, the name ``before``, which is missing if there
            is no such entry, and ``what``: ``new``, ``changed`` or ``same``; all are text.

        Raises
        ------
        ConfError
            If there is no phone book, or a form is unknown.
        PermissionMissing
            If the login may not read or write the database.

        Examples
        --------
        >>> sh.ast.fill_names().query("what != 'same'")
        >>> sh.ast.fill_names(write=True)
        """
        book = self.numbering.book if book is None else book
        if book is None:
            raise ConfError(
                "there is no phone book: give one, or sh.ast.tell(phone_book='people.vcf')"
            )
        unknown = [form for form in forms if form not in FORMS]
        if unknown or not forms:
            raise ConfError(
                f"forms have to be some of {', '.join(FORMS)}, and not {unknown or 'none'}"
            )
        wanted: dict[str, str] = {}
        for number, name in book.items():
            shown = " ".join(_HIDDEN.sub(" ", name).split())[:_LONGEST].strip()
            for key in self._written(number, forms) if shown else ():
                wanted.setdefault(f"{FAMILY}/{key}", shown)
        there = self.db_show(FAMILY).set_index("key")["value"].to_dict()
        found = pd.DataFrame(
            [
                (key, name, there.get(key), _what(name, there.get(key)))
                for key, name in wanted.items()
            ],
            columns=["key", "name", "before", "what"],
            dtype="str",
        )
        if write:
            for key, name in wanted.items():
                if there.get(key) != name:
                    self.db_write(key, name)
        return found

    def _written(self, number: str, forms: Collection[str]) -> list[str]:
        digits = re.sub(r"[^0-9]", "", number)
        plan = self.numbering.plan
        if not number.startswith("+") or plan is None:
            return [digits] if digits else []
        return [
            {"e164": number, "digits": digits}.get(form) or plan.national(number) for form in forms
        ]


def _what(name: str, before: str | None) -> str:
    return "new" if before is None else "same" if before == name else "changed"
