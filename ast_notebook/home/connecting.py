"""`connect`: a smart home with one PBX, for plain Python."""

from __future__ import annotations

import weakref
from pathlib import Path
from typing import Any

from ast_notebook.ami import Secret, Settings
from ast_notebook.callbacks.cell import Cell
from ast_notebook.errors import ConfError
from ast_notebook.home.smart_home import SmartHome
from ast_notebook.login import read_plugin, settings_for
from ast_notebook.recording.record import BUDGET
from ast_notebook.warned import warn


def connect(
    host: str | None = None,
    port: int | str | None = None,
    *,
    username: str | None = None,
    password: str | bytes | Secret | None = None,
    plugin_conf: str | Path | None = None,
    name: str = "ast",
    budget: float = BUDGET,
    **settings: Any,
) -> SmartHome:
    """Connect to an Asterisk, and return a smart home `sh` with it as an attribute.

    Parameters that are None come from the same places as for `%ast connect`: from `plugin_conf` if
    it is given, else from the environment (``AST_HOST``, ``AST_PORT``, ``AST_USERNAME`` and
    ``AST_PASSWORD``; ``AST_HOST_BERLIN`` and so on for the name ``berlin``). The password may also
    come from the keyring; if it is found nowhere, the user is asked for it.

    Parameters
    ----------
    host, port : str, int, optional
        Where Asterisk's manager listens; by default ``127.0.0.1``, and 5038 or,
        with `tls`, 5039.
    username, password : str, optional
        A section of ``manager.conf`` and its ``secret``; the default username is ``admin``.
    plugin_conf : str or Path, optional
        A ``plugin.conf``; its section `name` is used.
    name : str
        The name of the attribute of `sh`.
    budget : int
        Bytes of memory that its events may take.
    **settings
        The rest of `Settings`: ``tls``, ``auth``, ``events``, ``greeting``, ``filters``,
        ``timeout``, ``keepalive``, ``gathering``.

    Raises
    ------
    ConnectionLost
        If nothing answers there as a manager interface does.
    LoginRefused
        If the username or the password is wrong, or there is no password.
    ConfError
        If a setting cannot be used.

    Examples
    --------
    >>> with ast_notebook.connect("127.0.0.1", username="admin", password=secret) as sh:
    ...     sh.ast.db_write("dnd/office", 1)
    """
    if isinstance(password, str | bytes | bytearray):
        password = Secret(password)  # so that no traceback shows the plain text
    if isinstance(host, str) and "@" in host:
        host = host.rpartition("@")[2]  # there may be a password before the @
        raise ConfError(
            f"host = '…@{host}' is neither a name nor an address: username and password are "
            "settings of their own"
        )
    said = {"host": host or None, "port": port, "username": username or None, "password": password}
    given = {name: value for name, value in said.items() if value is not None}
    plugin = None if plugin_conf is None else read_plugin(Path(plugin_conf), name)
    file = None if plugin is None else plugin.settings
    found = settings_for(name, {**settings, **given}, file, {})
    sh = SmartHome()
    pbx = sh.connect(found, name=name, budget=budget)
    try:
        if plugin is not None:
            pbx.begin(**plugin.site)
        _tell_of_former(found)
    except BaseException:  # a warning may be an error here: nobody else could close this sh
        sh.close()
        raise
    _made.add(sh)
    return sh


#: The results of `connect`; a cell that is run again makes another one, and the former one stays.
_made: weakref.WeakSet[SmartHome] = weakref.WeakSet()


def _tell_of_former(settings: Settings) -> None:
    if not Cell.current().is_in_notebook:
        return
    there = (settings.address, settings.username)
    for sh in list(_made):
        for pbx in sh.pbxs.values():
            known = pbx.session.settings
            if (known.address, known.username) == there:
                warn(
                    f"an earlier sh is still connected to {there[0]} as {there[1]}, and its "
                    "logics and callbacks run on: call its close() first, or write %ast "
                    "connect, which replaces the earlier one"
                )
                return
