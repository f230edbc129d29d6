"""One pseudonym for each number or name, wherever it stands: in a channel, a device, a mailbox."""

from __future__ import annotations

import hmac
import re
import unicodedata
from collections.abc import Collection
from typing import NoReturn

from ast_notebook.ami import Secret
from ast_notebook.anonymize.countries import country
from ast_notebook.anonymize.keys import checked, key_of, new_key
from ast_notebook.anonymize.words import words
from ast_notebook.errors import ConfError

LETTERS = (
    12  # of 26 letters: 56 bits; two of a million numbers share one by a chance of 1 in 190,000
)
MOST = 100_000  # pseudonyms that are remembered, and not computed again

LONG = 200  # letters; a longer text is no name, and is not remembered
LONGEST = 400  # letters; a longer text is no device, and is hashed as a whole

#: Texts that name no person: Asterisk's own extensions, and its words for a hidden number.
_NOBODY = frozenset(
    ("", *words("s h i t o a e T anonymous unavailable restricted unknown <unknown> failed"))
)
#: Texts before the slash of a device that are no part of a name.
_TECHNOLOGIES = frozenset(
    words(
        "PJSIP SIP IAX2 DAHDI Local Agent Motif Skinny SCCP Unistim MGCP Console OOH323 Khomp "
        "Dongle USRP WebSocket AudioSocket MulticastRTP UnicastRTP Message Announcer Recorder "
        "Surrogate Bridge CBAnn CBRec ConfBridgeRecorder ConfBridgeAnnouncer AsyncGoto Parked "
        "Transfered Snoop Phone Misdn mISDN Capi"
    )
)
#: Texts before the colon of a device's state.
_STATES = frozenset(words("custom hint mwi park agent presence custompresence confbridge meetme"))
#: Technologies that have the dialplan's context behind the ``@``.
_IN_CONTEXT = ("local/", "hint:", "mwi:", "park:")
_PAUSED = "_pause_"  # in the name of a device that tells whether a queue's member pauses

# PJSIP, SIP and Local give each channel a number of eight digits, which begins with 0 for 268
# million channels; in older versions, the number was part of an address. IAX2 and DAHDI use fewer
# digits.
_NUMBERED = re.compile(
    r"-(?:(?![1-9]\d{7})[0-9a-fA-F]{8}|(?P<few>\d{1,5}))(?P<half>;[12])?(?:<[A-Z]+>)?$"
)
_SPAN = re.compile(r"i\d+")  # of ISDN, whose channels are named by the number, too
_MAILBOX = re.compile(r"([^,&@]+)(@[^,&]*)?")
_NUMBER = re.compile(r"[+*#\d]+")
_WRITTEN = re.compile(r"[+0(][\d\s()-]{3,}")  # as people write numbers

#: The ids of Asterisk and ast_notebook, perhaps of the half of a Local channel.
OWN_ID = re.compile(
    r"(?:(?:[A-Za-z_.]*\d{0,2}-){0,4}[12]\d{9}\.\d{1,9}|ast-[0-9a-f]{12}-\d{1,9})(?:;[12])?",
    re.ASCII,
)
_UUID = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}(?:;[12])?"
)
#: The name of a PBX, and behind it the second in which a channel was made.
_BORN = re.compile(r"(.+)(-[12]\d{9}\.\d{1,9}(?:;[12])?)", re.ASCII | re.DOTALL)


class Pseudonyms:
    """Makes pseudonyms by HMAC-SHA-256 with a secret key.

    Parameters
    ----------
    key : str, bytes or Secret, optional
        The key: the same key makes the same pseudonyms. By default that of ``AST_ANONYMIZE_KEY`` or
        of the keyring (service ``ast_notebook``, user ``anonymize``), else a new one.
    prefix : int
        How many leading digits of a number are kept, after its country code; at most half of the
        number.
    countries : bool
        Whether the country code of numbers that begin with ``+`` or ``00`` is kept.
    keep : collection of str
        Names that are not a person's and stay, such as trunks.

    Raises
    ------
    ConfError
        If the key is shorter than 16 letters, or the prefix is no number of digits.
    """

    def __init__(
        self,
        key: str | bytes | Secret | None = None,
        prefix: int = 0,
        countries: bool = True,
        *,
        keep: Collection[str] = (),
    ) -> None:
        if isinstance(key, bytes):
            key = key.decode("latin-1")
        self._key = (key_of() or new_key()) if key is None else checked(Secret(key))
        if type(prefix) is not int or not 0 <= prefix <= 15:
            raise ConfError(f"prefix = {prefix} is not a number of digits: write one from 0 to 15")
        self.prefix = prefix
        self.countries = countries
        self.keep = frozenset([keep] if isinstance(keep, str) else keep)
        self._known: dict[str, str] = {}

    @property
    def mark(self) -> str:
        """A text that is the same for the same pseudonyms, and tells nothing of their key."""
        how = (self.prefix, self.countries, sorted(self.keep))
        return self._hash(f"\0{how}")  # a header has no such letter, so this is no pseudonym

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: prefix {self.prefix}, countries {self.countries}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("an anonymizer cannot be pickled, since it holds its key")

    def of(self, text: str) -> str:
        """Return the pseudonym of a number or a name.

        A number has the same pseudonym with and without spaces, parentheses and hyphens. If the
        country code is not kept, a number also has the same one with ``00`` and with ``+``.
        """
        if text in _NOBODY or text in self.keep:
            return text
        known = self._known.get(text)
        if known is None:
            known = self._made(text)
            if len(self._known) >= MOST:
                self._known.clear()
            if len(text) <= LONG:
                self._known[text] = known
        return known

    def _made(self, text: str) -> str:
        plain = unicodedata.normalize("NFC", text).strip()
        if _WRITTEN.fullmatch(plain):
            plain = re.sub(r"[\s()-]", "", plain)
        front = shown = ""
        if _NUMBER.fullmatch(plain):
            front = country(plain)
            rest = plain[len(front) :]
            shown = rest[: min(self.prefix, len(rest) // 2)]
            if front.startswith("00"):
                plain = f"+{plain[2:]}"
        return f"{front if self.countries else ''}{shown}{self._hash(plain)}"

    def _hash(self, text: str) -> str:
        # The key is in no variable here, since a traceback would show it.
        digest = hmac.digest(
            self._key.reveal().encode(), text.encode(errors="surrogatepass"), "sha256"
        )
        number = int.from_bytes(digest[:16])
        letters = []
        for _ in range(LETTERS):
            number, place = divmod(number, 26)
            letters.append(chr(ord("a") + place))
        return "".join(letters)

    def party(self, text: str) -> str:
        """Return the pseudonym of a number, a name, or a device with its technology or without."""
        if "/" in text and text.partition("/")[0] in _TECHNOLOGIES:
            return self.device(text)
        if ("/" in text or "@" in text) and not re.search(r"\s", text):
            return self._parts(text)
        return self.of(text)

    def device(self, text: str) -> str:
        """Return a device or an interface with pseudonyms in it.

        ``PJSIP/200`` keeps its technology. ``Local/200@from-queue/n`` also keeps its context and
        its options. ``Queue:support`` is not changed, since it is not a person's name.
        """
        if text in self.keep:
            return text
        if len(text) > LONGEST:  # a dialplan may send technologies within technologies for ever
            return self.of(text)
        if text[:6].lower() == "queue:":
            queue, mark, member = text.partition(_PAUSED)
            return f"{queue}{mark}{self.device(member)}" if mark else text
        front, mark, rest = text.partition("/")
        if not mark or front not in _TECHNOLOGIES:
            state, colon, behind = text.partition(":")
            if colon and state.lower() in _STATES:
                front, mark, rest = state, colon, behind
            else:
                return self._parts(text) if not re.search(r"\s", text) else self.of(text)
        if mark == "/" and rest.partition("/")[0] in _TECHNOLOGIES:
            return f"{front}/{self.device(rest)}"
        if f"{front}{mark}".lower() in _IN_CONTEXT:
            extension, at, place = rest.rpartition("@")
            if at:
                return f"{front}{mark}{self._parts(extension)}@{place}"
        return f"{front}{mark}{self._parts(rest)}"

    def _parts(self, text: str) -> str:
        if text in self.keep:
            return text
        return "".join(
            one if one in ("/", "@") else self.of(one) for one in re.split(r"([/@])", text)
        )

    def channel(self, text: str) -> str:
        """Return a channel's name with pseudonyms in it; the number behind ``-`` stays.

        For a call that failed, Asterisk gives the dialled device instead, without such a number.
        """
        found = _NUMBERED.search(text)
        if found is None or not _is_number_of(found):
            return self.device(text)
        return self.device(text[: found.start()]) + found[0]

    def id_of(self, text: str) -> str:
        """Return an id of a channel, a call or a bridge; what is no id becomes a pseudonym.

        Whoever originates a call may choose its id, and some logs have a channel's name instead.
        """
        if OWN_ID.fullmatch(text) or _UUID.fullmatch(text):
            return text
        found = _BORN.fullmatch(text)
        return f"{self.of(found[1])}{found[2]}" if found else self.channel(text)

    def devices(self, text: str) -> str:
        """Return several devices, separated by ``&``."""
        return "&".join(self.device(one) for one in text.split("&"))

    def mailbox(self, text: str) -> str:
        """Return mailboxes such as ``22@default``, separated by ``,`` or ``&``; contexts stay."""
        return _MAILBOX.sub(lambda found: f"{self.of(found[1])}{found[2] or ''}", text)

    def caller(self, text: str) -> str:
        """Return ``"NAME" <NUMBER>`` with a pseudonym of each."""
        name, mark, number = text.strip().removesuffix(">").rpartition("<")
        if not mark:
            return self.of(text)
        name = name.strip()
        shown = f'"{self.of(name[1:-1])}"' if name[:1] == '"' else self.of(name)
        return f"{shown} <{self.of(number)}>".strip()


def _is_number_of(found: re.Match[str]) -> bool:
    """Tell whether the end of a channel's name is its number, and not part of the dialled name."""
    technology, *places = found.string[: found.start()].split("/")
    while len(places) > 1 and places[0] in _TECHNOLOGIES:  # AsyncGoto/PJSIP/200
        technology, *places = places
    if technology == "Local":
        return found["half"] is not None
    if technology in ("PJSIP", "SIP"):
        return len(places) == 1 and found["few"] is None
    return len(places) == 1 or (technology == "DAHDI" and _SPAN.fullmatch(places[0]) is not None)
