"""Mistakes found while definitions are read: each is reported, and the rest is still read."""

from __future__ import annotations

from ast_notebook.conf.words import clean
from ast_notebook.errors import ConfError
from ast_notebook.warned import warn

Path = tuple[str, ...]

MOST = 10_000  # a file with more mistakes than this holds no settings
SHOWN = 20


class Findings:
    """Collects mistakes, and warns of all of them at the end.

    The text of a cell is refused as a whole at its first mistake. In a file, only the attribute or
    the section with a mistake is left out.

    Parameters
    ----------
    strict : bool
        Whether the first mistake is raised.

    Attributes
    ----------
    mistakes : list of (tuple of str, ConfError)
        Where in the tree each mistake is, and what it is.
    """

    def __init__(self, *, strict: bool = False) -> None:
        self.strict = strict
        self.mistakes: list[tuple[Path, ConfError]] = []
        self._texts: list[str] = []

    def mistake(self, path: Path, error: ConfError) -> None:
        """Add a mistake: something that cannot be read.

        Raises
        ------
        ConfError
            The given error, if reading is strict or there are too many mistakes.
        """
        error = ConfError(clean(str(error)))
        if self.strict:
            raise error from None
        if len(self.mistakes) == MOST:
            what = f"after {MOST} mistakes the rest is not read. Is this a file of settings?"
            raise ConfError(f"{error} ({what})") from None
        self.mistakes.append((path, error))
        self._texts.append(str(error))

    def note(self, text: str) -> None:
        """Add a note: something that is read, but has no effect here."""
        self._texts.append(clean(text))

    def tell(self, *, loaded: bool = True) -> None:
        """Warn of all mistakes once, at the line of the user's code that called this package.

        Parameters
        ----------
        loaded : bool
            Whether any definition could be used.

        Raises
        ------
        ConfError
            The first mistake, if nothing could be used.
        """
        if self.mistakes and not loaded:
            raise self.mistakes[0][1]
        texts, self._texts = self._texts, []
        self.mistakes.clear()
        for text in texts[:SHOWN]:
            warn(text)
        if len(texts) > SHOWN:
            warn(f"{len(texts) - SHOWN} more lines could not be read, or have no effect here")
