"""Where to log in and as whom: arguments, plugin.conf, environment, keyring, and a question."""

from __future__ import annotations

import getpass
import os
import warnings
from collections.abc import Mapping
from typing import Any

from ast_notebook.ami import Secret, Settings
from ast_notebook.digits import is_count
from ast_notebook.errors import ConfError, LoginRefused

SERVICE = "ast_notebook"  # in the keyring, with the user USER@HOST:PORT


def variable(name: str, part: str) -> str:
    """Return the environment variable of a PBX: ``AST_HOST``; ``AST_HOST_BERLIN`` for others."""
    return f"AST_{part}" if name == "ast" else f"AST_{part}_{name.upper()}"


def from_environment(name: str) -> dict[str, Any]:
    """Return what the environment says of where a PBX is and who logs in.

    Raises
    ------
    ConfError
        If the port is no number.
    """
    found: dict[str, Any] = {}
    for part in ("host", "port", "username"):
        value = os.environ.get(variable(name, part.upper()), "")
        if value:
            found[part] = value
    if "port" in found:
        if not is_count(found["port"]):
            raise ConfError(f"{variable(name, 'PORT')} in the environment is no number")
        found["port"] = int(found["port"])
    return found


def settings_for(
    name: str,
    arguments: Mapping[str, Any],
    conf: Mapping[str, Any] | None,
    defaults: Mapping[str, Any],
) -> Settings:
    """Return all that a session needs to know.

    An argument comes before a named file, that before the environment, and that before keyring
    and a question. Where a file is named, the environment says nothing of the address: a file's
    password goes nowhere that the file does not name.

    Raises
    ------
    LoginRefused
        If there is no password, and nobody can be asked for it.
    ConfError
        If what was said cannot be used.
    """
    base = from_environment(name) if conf is None else conf
    found = {**defaults, **base, **arguments}
    if "password" not in found:
        found["password"] = password_for(name, Settings(**found))
    return Settings(**found)


def password_for(name: str, settings: Settings) -> Secret:
    """Return the password from the environment, the keyring, or whoever sits there."""
    text = os.environ.get(variable(name, "PASSWORD"))
    if text is not None:
        return Secret(text)
    account = f"{settings.username}@{settings.address}"
    stored = from_keyring(account)
    if stored is not None:
        return stored
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", getpass.GetPassWarning)  # it would show what is typed
            return Secret(getpass.getpass(f"Password of {account}: "))
    except (NotImplementedError, EOFError, OSError, getpass.GetPassWarning):
        raise LoginRefused(
            f"there is no password for {account}, and nobody to ask: set "
            f"{variable(name, 'PASSWORD')} in the environment, or store it by "
            f"`keyring set {SERVICE} {account}`"
        ) from None


def from_keyring(account: str) -> Secret | None:
    """Return what the keyring holds for an account of ours; None if it has nothing."""
    import keyring  # slow to import, and not needed by most
    import keyring.errors

    try:
        text = keyring.get_password(SERVICE, account)
    except keyring.errors.KeyringError:
        return None  # there is no keyring here, or it is locked
    return None if text is None else Secret(text)
