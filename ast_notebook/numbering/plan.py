"""Reads telephone numbers by libphonenumber's plans: E.164, country, region and kind."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable
from typing import Any, NamedTuple

from ast_notebook.errors import ConfError

#: The words for libphonenumber's kinds of numbers; other kinds have no word.
KINDS = {
    0: "fixed",
    1: "mobile",
    2: "fixed or mobile",
    3: "toll-free",
    4: "premium",
    5: "shared cost",
    6: "voip",
    7: "personal",
    8: "pager",
    9: "company",
    10: "voicemail",
}
MISSING = (
    "numbers are read by the library phonenumbers, which is not installed: "
    "pip install 'ast_notebook[numbers]'"
)
_UNKNOWN = 99
#: Texts that may be numbers of the public network, unlike a name, `*97` or `s`.
_WRITTEN = re.compile(r"\+?[0-9 ()./-]{3,40}")
#: The fewest digits after the national prefix, and of a number without it; extensions have fewer.
_FEWEST = 5
_FEWEST_ALONE = 6
#: How many numbers are kept once they were looked up.
_MOST = 200_000


class TelephoneNumber(NamedTuple):
    """A telephone number; a field is None if it is unknown.

    ``e164`` is the number with its country code, such as ``+4930123``; ``country`` is its ISO 3166
    code, such as ``DE``; ``region`` is where it is, in English, such as ``Berlin``; and ``kind`` is
    one of `KINDS`.
    """

    e164: str
    country: str | None
    region: str | None
    kind: str | None


class NumberingPlan:
    """Reads numbers as they are dialled in a country.

    A text is a number if it begins with ``+`` or the country's international prefix; or with its
    national prefix, as in ``030 123``; or if it has no prefix, but 6 digits or more, and is a valid
    number of the country. All other texts are no numbers: extensions, ``anonymous``, names.

    Parameters
    ----------
    country : str
        The country of numbers without a country code: an ISO 3166 code such as ``DE``.

    Raises
    ------
    ConfError
        If the library is not installed, or has no such country.

    Examples
    --------
    >>> NumberingPlan("DE").number("030 123")
    TelephoneNumber(e164='+4930123', country='DE', region='Berlin', kind='fixed')
    """

    def __init__(self, country: str) -> None:
        self._library = _phonenumbers()
        self.country = str(country).strip().upper()
        if self.country not in self._library.SUPPORTED_REGIONS:
            raise ConfError(
                f"there is no country {str(country)[:20]!r}: write its code, such as DE"
            )
        metadata = self._library.PhoneMetadata.metadata_for_region(self.country)
        self._prefix: str = metadata.national_prefix or ""
        code = self._code = self._library.country_code_for_region(self.country)
        # The prefixes of numbers in simple plans, and what E.164 has in their place.
        self._simple = {"+": "+"}
        if metadata.international_prefix == "00":
            self._simple["00"] = "+"
        if self._prefix and metadata.national_prefix_for_parsing == self._prefix:
            self._simple.setdefault(self._prefix, f"+{code}")
        # The keys are E.164, since one number comes in several spellings.
        self._known: dict[str, tuple[str | None, str | None, int]] = {}
        self._abroad = re.compile(rf"\+|(?:{metadata.international_prefix or '(?!)'})")

    def __repr__(self) -> str:
        return f"NumberingPlan({self.country!r})"

    def number(self, text: str) -> TelephoneNumber | None:
        """Read a text as a number in E.164; return None if it is no number."""
        if not _WRITTEN.fullmatch(text.strip()):
            return None
        written = re.sub(r"[^0-9+]", "", text.replace("(0)", ""))
        if (spelled := self._spelled(written)) is not None:
            return spelled
        library = self._library
        try:
            parsed = library.parse(written, self.country)
        except library.NumberParseException:
            return None
        digits = library.national_significant_number(parsed)
        e164 = f"+{parsed.country_code}{digits}"
        country, region, kind = self._known.get(e164) or self._learn(e164, parsed)
        if kind == _UNKNOWN and not self._is_one(written, parsed, digits):
            return None
        if kind != _UNKNOWN and len(written) < _FEWEST_ALONE and not self._has_prefix(written):
            return None
        return TelephoneNumber(e164, country, region, KINDS.get(kind))

    def numbers(self, texts: Iterable[str]) -> dict[str, TelephoneNumber]:
        """Return a dictionary from those texts that are numbers to the numbers."""
        found = ((text, self.number(text)) for text in texts)
        return {text: number for text, number in found if number is not None}

    def national(self, e164: str) -> str:
        """Return the digits that are dialled in the country for an E.164 number."""
        parsed = self._library.parse(e164)
        if parsed.country_code == self._code and self._library.number_type(parsed) == _UNKNOWN:
            # The library writes a number that is in no plan without the national prefix.
            return f"{self._prefix}{self._library.national_significant_number(parsed)}"
        if self._library.region_code_for_number(parsed) == self.country:
            wanted = self._library.PhoneNumberFormat.NATIONAL
            shown = self._library.format_number(parsed, wanted)
        else:
            shown = self._library.format_out_of_country_calling_number(parsed, self.country)
        return re.sub(r"[^0-9]", "", shown)

    def is_abroad(self, text: str) -> bool:
        """Tell whether a text begins as a number of another country, even if it is in no plan."""
        digits = re.sub(r"[^0-9+]", "", text)
        prefix = self._abroad.match(digits)
        return prefix is not None and not digits[prefix.end() :].startswith(str(self._code))

    def _spelled(self, written: str) -> TelephoneNumber | None:
        """Return a valid number that was read before, maybe in another spelling.

        This is much faster than libphonenumber.
        """
        for before, code in self._simple.items():
            if written.startswith(before):
                e164 = code + written[len(before) :]
                country, region, kind = self._known.get(e164, (None, None, _UNKNOWN))
                if kind == _UNKNOWN:
                    return None
                return TelephoneNumber(e164, country, region, KINDS.get(kind))
        return None

    def _has_prefix(self, written: str) -> bool:
        has_own = bool(self._prefix) and written.startswith(self._prefix)
        return has_own or self._abroad.match(written) is not None

    def _is_one(self, written: str, parsed: Any, digits: str) -> bool:
        """Tell by its prefix whether a text is a number, although it is in no plan."""
        if not self._has_prefix(written) or not self._library.is_possible_number(parsed):
            return False
        # If too few digits follow the national prefix, the library does not take it off.
        return len(digits) >= _FEWEST and (digits[0] != "0" or not self._prefix)

    def _learn(self, e164: str, parsed: Any) -> tuple[str | None, str | None, int]:
        """Look up country, region and kind of a number."""
        if len(self._known) >= _MOST:
            self._known.clear()
        library, place = self._library, _geocoder()
        kind = library.number_type(parsed)
        region = "" if kind == _UNKNOWN else place.description_for_number(parsed, "en")
        if region == place.country_name_for_number(parsed, "en"):
            region = ""
        found = library.region_code_for_number(parsed), region or None, kind
        self._known[e164] = found
        return found


def _phonenumbers() -> Any:
    try:
        import phonenumbers
    except ImportError:
        raise ConfError(MISSING) from None
    return phonenumbers


@functools.cache
def _geocoder() -> Any:
    """Return the module with the names of regions, which takes seconds to import."""
    from phonenumbers import geocoder

    return geocoder
