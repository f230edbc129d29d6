"""Guesses which devices are trunks: devices on which calls from many numbers come in."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

import narwhals as nw
import pandas as pd

from ast_notebook.calls.engines import collected
from ast_notebook.calls.measures.grouping import read

#: What may be told in place of the trunks.
GUESS = "guess"
NONE_FOUND = "no device looks like a trunk so far: name them, as PJSIP/provider"
_SHOWN = 5  # guessed trunks that a line names
#: More different callers than one telephone has, even if people share it.
FEWEST = 3
_COLUMNS = {"caller_device": nw.String, "caller": nw.String}


def guess_trunks(calls: Any, registrations: Iterable[tuple[str, str]] = ()) -> pd.DataFrame:
    """Guess which devices lead to the public network.

    A telephone calls with its own number; calls on a trunk have the numbers of all callers from
    outside. The PBX also registers with a provider by a trunk, whose device often has the name of
    the provider or of the account. This is a guess: anonymous callers, or a gateway of door
    stations, may mislead it.

    Parameters
    ----------
    calls : frame
        A calls frame of any engine.
    registrations : iterable of (str, str)
        The account and the server of each registration, as in `Live.registrations`.

    Returns
    -------
    pandas.DataFrame
        A row for each device that is probably a trunk, the surest first: ``device``, the ``calls``
        that came from it, how many different ``numbers`` these had, and ``why`` it is one, in
        words.
    """
    rows = read(calls, _COLUMNS, ()).filter(~nw.col("caller_device").is_null())
    of_pairs = rows.group_by("caller_device", "caller").agg(nw.len().alias("calls"))
    table: pd.DataFrame = collected(of_pairs).to_pandas()
    by_device = table.groupby("caller_device").agg(
        calls=("calls", "sum"), numbers=("caller", "nunique")
    )
    names = _names(registrations)
    found = []
    for device, row in by_device.iterrows():
        calls_of, numbers = int(row["calls"]), int(row["numbers"])
        why = []
        if numbers >= FEWEST:
            why.append(f"{numbers:,} different numbers called from it")
        if str(device).rpartition("/")[2].casefold() in names:
            why.append("the PBX registers by that name")
        if why:
            found.append((str(device), calls_of, numbers, "; ".join(why)))
    guess = pd.DataFrame(found, columns=["device", "calls", "numbers", "why"])
    guess = guess.astype({"device": "str", "calls": "int64", "numbers": "int64", "why": "str"})
    return guess.sort_values(["numbers", "device"], ascending=[False, True], ignore_index=True)


def is_guess(trunks: object) -> bool:
    """Tell whether the trunks are to be guessed: the user gave ``guess`` instead of names."""
    return trunks == GUESS if isinstance(trunks, str) else _only(trunks) == GUESS


def _only(trunks: object) -> object:
    return next(iter(trunks)) if isinstance(trunks, Collection) and len(trunks) == 1 else None


def guess_in_words(guess: pd.DataFrame) -> str:
    """Return a line that tells which trunks are guessed, why, and how to correct that.

    Parameters
    ----------
    guess : pandas.DataFrame
        What `guess_trunks` returned.
    """
    if not len(guess):
        return NONE_FOUND
    pairs = zip(guess["device"], guess["why"], strict=True)
    words = [f"{device} ({why})" for device, why in list(pairs)[:_SHOWN]]
    if len(guess) > _SHOWN:
        words.append(f"and {len(guess) - _SHOWN:,} more")
    return (
        f"the trunks are guessed: {', '.join(words)}; if that is wrong, name them: "
        f"--trunk {guess['device'].iloc[0]}, or trunks={[str(guess['device'].iloc[0])]} in Python"
    )


def _names(registrations: Iterable[tuple[str, str]]) -> set[str]:
    """Return the names that a trunk's device may have: the account, and parts of the server's."""
    names = set()
    for account, server in registrations:
        for text in (account, server):
            user, _, host = text.lower().removeprefix("sip:").rpartition("@")
            names |= {user, host, host.partition(":")[0], *host.partition(":")[0].split(".")[:-1]}
    return names - {"", "sip", "www", "voip", "pbx"}
