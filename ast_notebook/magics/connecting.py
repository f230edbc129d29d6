"""`%ast connect`, `disconnect`, `demo` and `status`."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from IPython.core.error import UsageError

from ast_notebook import demo as demo_pbx
from ast_notebook.ami import Secret, Settings
from ast_notebook.bindings import conf
from ast_notebook.login import settings_for
from ast_notebook.magics.address import address
from ast_notebook.magics.command import Given, argument, command
from ast_notebook.magics.progress import Progress
from ast_notebook.magics.status import MB, Status

if TYPE_CHECKING:
    from ast_notebook.magics.astmagics import AstMagics


def _names(magics: AstMagics) -> Iterable[str]:
    return magics.sh.pbxs


@command(
    "connect",
    argument("address", nargs="?", metavar="USER@HOST:PORT", help="each part may be missing"),
    argument("--conf", type=Path, metavar="FILE", help="plugin.conf; all of its PBXs, or --name"),
    argument("--name", help="the attribute of sh that the PBX becomes (default: ast)"),
    argument(
        "--tls",
        nargs="?",
        const=True,
        metavar="CA.pem",
        help="encrypt, and verify by the system's authorities or by those of a file",
    ),
    argument(
        "--md5", action="store_true", help="never send the password, not to this machine either"
    ),
    argument("--events", metavar="MASK", help="what to hear: on, off, or classes: system,call"),
    argument("--budget", type=float, metavar="MB", help="memory that the events may take"),
    argument("--timeout", type=float, metavar="S", help="seconds that an answer may take"),
)
def connect(magics: AstMagics, given: Given) -> Status:
    """Connect to an Asterisk's manager interface.

    A former connection of that name is closed, its events with it; items and logics stay.
    Without an argument, $AST_HOST, $AST_PORT and $AST_USERNAME say where and as whom, then
    127.0.0.1, 5038 and admin. The password comes from $AST_PASSWORD, the keyring (service
    ast_notebook, user USER@HOST:PORT), or is asked for; it is never an argument. With
    --name berlin the variables are $AST_HOST_BERLIN, $AST_PASSWORD_BERLIN and so on.

    In [1]: %ast connect
    In [2]: %ast connect admin@pbx.example:5039 --tls
    In [3]: %ast connect --conf plugin.conf
    In [4]: %ast connect admin@[2001:db8::1] --name berlin
    """
    arguments = _arguments(given)
    budget = int((magics.budget_mb if given.budget is None else given.budget) * MB)
    for name, section in _sections(given).items():
        _connect(magics, name, settings_for(name, arguments, section, magics.settings()), budget)
    return Status(magics.sh)


@command("disconnect", argument("name", nargs="?", default="", metavar="NAME", values=_names))
def disconnect(magics: AstMagics, given: Given) -> Status:
    """Close the connection to a PBX, or to the only one.

    Items and logics stay, and are tied to the PBX again when it is connected again.

    In [1]: %ast disconnect
    """
    name = magics.pbx(given.name).name
    magics.sh.disconnect(name)
    magics.end_demo(name)
    return Status(magics.sh)


@command(
    "demo",
    argument("--tech", default="PJSIP", help="PJSIP plays an Asterisk 22, SIP an Asterisk 16"),
    argument("--no-calls", action="store_true", help="nobody there calls by himself"),
    argument("--seed", type=int, metavar="N", help="the same number makes the same calls"),
    argument("--name", default="ast", help="the attribute of sh that it becomes (default: ast)"),
    argument("--stop", action="store_true", help="disconnect from it and end it"),
)
def demo(magics: AstMagics, given: Given) -> Status:
    """Start a small PBX inside this machine, and connect to it.

    It speaks as an Asterisk does, and has the telephones 2222, 200, 240, 30 and 300, the mailboxes
    22 and 2222, and calls going on. Its login may do all that there is. It ends with the kernel.

    In [1]: %ast demo
    In [2]: %ast demo --tech SIP --no-calls
    In [3]: %ast demo --stop
    """
    if given.stop:
        if given.name not in magics.demos:
            raise UsageError(f"%ast demo --stop: no demo runs by the name {given.name}")
        magics.sh.disconnect(given.name)
        magics.end_demo(given.name)
        return Status(magics.sh)
    with Progress("starting the demo PBX"):
        started = demo_pbx.start(
            tech=given.tech, calls=not given.no_calls, seed=given.seed, username="panel"
        )
    with contextlib.ExitStack() as undo:
        undo.callback(started.close)
        settings = Settings(
            host=started.host,
            port=started.port,
            username=started.username,
            password=Secret(started.password),
            **magics.settings(),
        )
        _connect(magics, given.name, settings, int(magics.budget_mb * MB))
        undo.pop_all()
    magics.demos[given.name] = started
    return Status(magics.sh)


@command("status")
def status(magics: AstMagics, given: Given) -> Status:
    """Show how it goes: each PBX, its events, and each thing that is bound.

    In [1]: %ast status
    In [2]: s = %ast status
    In [3]: s.frame["rate"], s.bindings[["name", "failed"]]
    """
    return Status(magics.sh)


def _arguments(given: Given) -> dict[str, Any]:
    """Return the settings that the line gives."""
    arguments = address(given.address) if given.address else {}
    if given.tls is not None:
        arguments["tls"] = given.tls
    if given.md5:
        arguments["auth"] = "md5"
    for name in ("events", "timeout"):
        if getattr(given, name) is not None:
            arguments[name] = getattr(given, name)
    return arguments


def _sections(given: Given) -> dict[str, Mapping[str, Any] | None]:
    """Return the PBXs to connect, by name, with what a file says of each."""
    if given.conf is None:
        return {given.name or "ast": None}
    if given.name is not None:
        return {given.name: conf.read_plugin(given.conf, given.name).settings}
    return {one.name: one.settings for one in conf.read_plugins(given.conf)}


def _connect(magics: AstMagics, name: str, settings: Settings, budget: int) -> None:
    with Progress(f"connecting to {settings.address}"):
        magics.sh.connect(settings, name=name, budget=budget)
    magics.end_demo(name)
    magics.give_sh()
