"""Where to log in and as whom: arguments, plugin.conf, environment, keyring, and a question."""

from __future__ import annotations

import getpass
import os
import warnings
from collections.abc import Mapping
from typing import Any

from ast_notebook.ami import Secret, Settings
from ast_notebook.ami.settings import PORT
from ast_notebook.digits import is_count
from ast_notebook.errors import ConfError, LoginRefused

SERVICE = "ast_notebook"  # in the keyring, with the user USER@HOST:PORT


def variable(name: str, part: str) -> str:
    """Return the environment variable of a PBX: ``AST_HOST``; ``AST_HOST_BERLIN`` for others."""
    return f"AST_{part}" if name == "ast" else f"AST_{part}_{name.upper()}"


def from_environment(name: str) -> dict[str, Any]:
    """Return the address and the username that the environment has for a PBX.

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
    """Return the settings of a session.

    An argument wins over a named file, a file over the environment, and the environment over the
    keyring and a question. If a file is named, the address is not taken from the environment, so
    that a file's password is sent only to the address that the file names; and the environment's
    password is taken only for the environment's address.

    Raises
    ------
    LoginRefused
        If there is no password, and no way to ask for one.
    ConfError
        If a setting cannot be used.
    """
    base = from_environment(name) if conf is None else conf
    found = {**defaults, **base, **arguments}
    if "password" not in found:
        found["password"] = password_for(name, Settings(**found), by_file=conf is not None)
    return Settings(**found)


def password_for(name: str, settings: Settings, *, by_file: bool) -> Secret:
    """Return the password from the environment, the keyring, or a question to the user.

    `by_file` says whether a file may have named the address: it may be somebody else's.
    """
    text, why, reason = os.environ.get(variable(name, "PASSWORD")), "", ""
    if text is not None:
        if not by_file or _is_of_environment(name, settings):
            return Secret(text)
        text = None  # a traceback of the error below would show it
        *where, password = (variable(name, part) for part in ("HOST", "PORT", "PASSWORD"))
        why = f"a file names this address, and {password} is for {' and '.join(where)}"
        reason = f" ({why})"
    account = f"{settings.username}@{settings.address}"
    stored = from_keyring(account)
    if stored is not None:
        return stored
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", getpass.GetPassWarning)  # it would show what is typed
            return Secret(getpass.getpass(f"Password of {account}{reason}: "))
    except (NotImplementedError, EOFError, OSError, getpass.GetPassWarning):
        wanted = f"{why}: set them to it" if why else f"set {variable(name, 'PASSWORD')}"
        raise LoginRefused(
            f"there is no password for {account}, and no way to ask for one: {wanted} in the "
            f"environment, or store it by `keyring set {SERVICE} {account}`"
        ) from None


def _is_of_environment(name: str, settings: Settings) -> bool:
    """Tell whether the environment names that address, and no other user."""
    host, port, username = (
        os.environ.get(variable(name, part), "") for part in ("HOST", "PORT", "USERNAME")
    )
    is_host = host.rstrip(".").lower() == settings.host.rstrip(".").lower()
    # Whether there is TLS may be a file's word: it does not change what the environment names.
    is_port = (port or str(PORT)).strip() == str(settings.port)
    return bool(host) and is_host and is_port and username in ("", settings.username)


def from_keyring(account: str) -> Secret | None:
    """Return the keyring's password for a user; None if it has none."""
    import keyring  # it is slow to import, and most users do not need it
    import keyring.errors

    try:
        text = keyring.get_password(SERVICE, account)
    except keyring.errors.KeyringError:
        return None  # there is no keyring here, or it is locked
    return None if text is None else Secret(text)
