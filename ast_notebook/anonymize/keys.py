"""The key of pseudonyms: a given one, one of the environment or the keyring, or a new one."""

from __future__ import annotations

import os
import secrets

from ast_notebook.ami import Secret
from ast_notebook.errors import ConfError
from ast_notebook.login import SERVICE, from_keyring

_SHORTEST = 16  # letters; a shorter key could be found by trying
_VARIABLE = "AST_ANONYMIZE_KEY"
_ACCOUNT = "anonymize"


def key_of(name: str = "") -> Secret | None:
    """Return the key of a name; None if no name is given and no key is stored.

    Raises
    ------
    ConfError
        If there is no key of that name, or it is too short.
    """
    variable = f"{_VARIABLE}_{name.upper()}" if name else _VARIABLE
    account = f"{_ACCOUNT}-{name}" if name else _ACCOUNT
    text = os.environ.get(variable)
    found = from_keyring(account) if text is None else Secret(text)
    if found is None and name:
        raise ConfError(
            f"there is no key {name} to anonymize with: set {variable} in the environment, or "
            f"store one by `keyring set {SERVICE} {account}`"
        )
    return None if found is None else checked(found)


def checked(key: Secret) -> Secret:
    """Refuse a key that can be guessed."""
    if len(key.reveal()) < _SHORTEST:
        raise ConfError(f"the key to anonymize with is too short: take {_SHORTEST} letters or more")
    return key


def new_key() -> Secret:
    """Return a new random key, which is stored nowhere."""
    return Secret(secrets.token_urlsafe(32))
