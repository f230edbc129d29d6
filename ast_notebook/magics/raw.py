"""`%ast action` and `cli`: any action and any command."""

from __future__ import annotations

from IPython.core.error import UsageError

from ast_notebook.ami import Answer
from ast_notebook.magics import values
from ast_notebook.magics.command import Given, argument, command
from ast_notebook.magics.context import Context
from ast_notebook.show import Text


@command(
    "action",
    argument("name", metavar="NAME", values=values.actions),
    argument("fields", nargs="*", metavar="KEY=VALUE"),
    asks=True,
)
def action(context: Context, given: Given) -> Answer:
    """Send any action of the manager interface; its answer has .response and .events.

    A key that is given several times is sent several times.

    In [1]: a = %ast action QueueStatus Queue=support
    In [2]: [event["Name"] for event in a if event.name == "QueueMember"]
    """
    fields: dict[str, list[str]] = {}
    for field in given.fields:
        key, equals, value = field.partition("=")
        if not equals or not key:
            raise UsageError(f"%ast action: write KEY=VALUE, not {field}")
        fields.setdefault(key, []).append(value)
    for key in ("Action", "ActionID"):
        if key in fields:
            raise UsageError(f"%ast action: {key} is set by itself")
    sent = {key: found[0] if len(found) == 1 else found for key, found in fields.items()}
    return context.pbx(given.pbx).session.request({"Action": given.name, **sent})


@command("cli", argument("text", nargs="?", default="", metavar="TEXT"), raw=True, asks=True)
def cli(context: Context, given: Given) -> Text:
    """Run a command of Asterisk's command line, and return its output.

    It needs `write = command` in manager.conf. The rest of the line is sent unchanged.

    In [1]: %ast cli core show uptime
    """
    if not given.text:
        raise UsageError("%ast cli: write a command, such as %ast cli core show uptime")
    return Text(context.pbx(given.pbx).command(given.text))
