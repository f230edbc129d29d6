"""`%ast connect`, `disconnect`, `demo` and `status`."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from IPython.core.error import UsageError

from ast_notebook import demo as demo_pbx
from ast_notebook.ami import Secret, Settings
from ast_notebook.login import PluginDefinition, read_plugin, read_plugins, settings_for
from ast_notebook.magics.address import address
from ast_notebook.magics.command import Given, argument, command, number
from ast_notebook.magics.context import Context
from ast_notebook.magics.progress import Progress
from ast_notebook.magics.status import Status


def _names(context: Context) -> Iterable[str]:
    return context.sh.pbxs


@command(
    "connect",
    argument("address", nargs="?", metavar="USER@HOST:PORT", help="each part may be missing"),
    argument(
        "--conf",
        type=Path,
        metavar="FILE",
        path=True,
        help="a plugin.conf; connect all of its PBXs, or the one of --name",
    ),
    argument("--name", help="the attribute of sh that the PBX becomes (default: ast)"),
    argument(
        "--tls",
        nargs="?",
        const=True,
        metavar="CA.pem",
        path=True,
        help="encrypt, and verify the PBX by the system's certificates or those of a file",
    ),
    argument("--md5", action="store_true", help="never send the password, even over TLS"),
    argument("--events", metavar="MASK", help="events to receive: on, off, or system,call"),
    argument("--budget", type=number, metavar="MB", help="memory that the events may take"),
    argument("--timeout", type=number, metavar="S", help="seconds that an answer may take"),
    argument("--gathering", type=number, metavar="S", help="seconds to gather events: 0 to 0.01"),
)
def connect(context: Context, given: Given) -> Status:
    """Connect to an Asterisk's manager interface.

    A former connection of that name is closed, and its events are forgotten; items and logics
    stay. Parts that the argument leaves out come from $AST_HOST, $AST_PORT and $AST_USERNAME; the
    defaults are 127.0.0.1, 5038 (5039 with --tls) and admin. The password comes from $AST_PASSWORD
    or the keyring (service ast_notebook, user USER@HOST:PORT), or you are asked for it; it is never
    an argument. With --name berlin, the variables are $AST_HOST_BERLIN, $AST_PASSWORD_BERLIN and so
    on.

    In [1]: %ast connect
    In [2]: %ast connect admin@pbx.example --tls
    In [3]: %ast connect --conf plugin.conf
    In [4]: %ast connect admin@[2001:db8::1] --name berlin
    """
    arguments = arguments_of(given)
    budget = context.budget(given.budget)
    for name, plugin in sections_of(given).items():
        section = None if plugin is None else plugin.settings
        _connect(context, name, settings_for(name, arguments, section, context.settings()), budget)
        if plugin is not None:
            context.pbx(name).tell(**plugin.site)
    return Status(context.sh)


@command("disconnect", argument("name", nargs="?", default="", metavar="NAME", values=_names))
def disconnect(context: Context, given: Given) -> Status:
    """Close the connection to a PBX, or to the only one.

    Items and logics stay, and are bound to the PBX again when it is connected again.

    In [1]: %ast disconnect
    """
    name = context.pbx(given.name).name
    with Progress(f"closing {name}"):
        try:
            context.sh.disconnect(name)
        finally:
            context.end_demo(name)
    return Status(context.sh)


@command(
    "demo",
    argument("--tech", default="PJSIP", help="PJSIP plays an Asterisk 22, SIP an Asterisk 16"),
    argument("--no-calls", action="store_true", help="make no calls by itself"),
    argument("--seed", type=int, metavar="N", help="the same number makes the same calls"),
    argument("--name", default="ast", help="the attribute of sh that it becomes (default: ast)"),
    argument("--stop", action="store_true", help="disconnect from it and end it"),
)
def demo(context: Context, given: Given) -> Status:
    """Start a small PBX on this machine, and connect to it.

    It speaks as an Asterisk does. It has the telephones 2222, 200, 240, 30 and 300, the mailboxes
    22 and 2222, and calls at any time. The login may do everything. The PBX ends with the kernel.

    In [1]: %ast demo
    In [2]: %ast demo --tech SIP --no-calls
    In [3]: %ast demo --stop
    """
    if given.stop:
        if given.name not in context.demos:
            raise UsageError(f"%ast demo --stop: no demo runs by the name {given.name}")
        context.sh.disconnect(given.name)
        context.end_demo(given.name)
        return Status(context.sh)
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
            **context.settings(),
        )
        _connect(context, given.name, settings, context.budget())
        undo.pop_all()
    context.demos[given.name] = started
    return Status(context.sh)


@command("status")
def status(context: Context, given: Given) -> Status:
    """Show the state of each PBX, of its events, and of everything that is bound.

    In [1]: %ast status
    In [2]: s = %ast status
    In [3]: s.frame["rate"], s.bindings[["name", "failed"]]
    """
    return Status(context.sh)


def arguments_of(given: Given) -> dict[str, Any]:
    """Return the settings from the arguments of the line."""
    arguments = address(given.address) if given.address else {}
    if given.tls is not None:
        arguments["tls"] = given.tls
    if given.md5:
        arguments["auth"] = "md5"
    for name in ("events", "timeout", "gathering"):
        if getattr(given, name) is not None:
            arguments[name] = getattr(given, name)
    return arguments


def sections_of(given: Given) -> dict[str, PluginDefinition | None]:
    """Return the PBXs to connect, by name, with the settings that a file has for each."""
    if given.conf is None:
        return {given.name or "ast": None}
    if given.name is not None:
        return {given.name: read_plugin(given.conf, given.name)}
    return {one.name: one for one in read_plugins(given.conf)}


def _connect(context: Context, name: str, settings: Settings, budget: float) -> None:
    with Progress(f"connecting to {settings.address}"):
        pbx = context.sh.connect(settings, name=name, budget=budget)
        pbx.begin(**context.site())
    context.end_demo(name)
    context.give_sh()
