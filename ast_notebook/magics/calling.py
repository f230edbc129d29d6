"""`%ast call` and `hangup`."""

from __future__ import annotations

from IPython.core.error import UsageError

from ast_notebook.asterisk import Call
from ast_notebook.magics import values
from ast_notebook.magics.command import Given, argument, command, number
from ast_notebook.magics.context import Context
from ast_notebook.magics.progress import Progress


@command(
    "call",
    argument("source", metavar="SOURCE", values=values.devices, help="the telephone that rings"),
    argument("dest", metavar="DEST", values=values.extensions, help="the number it then calls"),
    argument("place", nargs="?", metavar="CONTEXT", values=values.contexts),
    argument("--context", values=values.contexts, help="the same, by name"),
    argument(
        "--callerid", metavar='"NAME <NUMBER>"', help="the caller id that the telephones show"
    ),
    argument("--timeout", type=number, default=30.0, metavar="S", help="how long SOURCE rings"),
    argument("--wait", action="store_true", help="wait until the result of SOURCE is known"),
    argument("--dest", action="store_true", dest="wait_dest", help="wait for DEST as well"),
)
def call(context: Context, given: Given) -> Call:
    """Call a telephone, and connect it with a number once it answers.

    SOURCE is a device, such as SIP/200. Without a technology, as in 200, the technology is that of
    the device of this name, or the only one that the PBX has.

    In [1]: %ast call SIP/200 240 door --callerid "Door <100>"
    In [2]: c = %ast call 200 240 --context from-internal --wait
    In [3]: c
    Out[3]: <Call PJSIP/200 -> 240@from-internal: answered>
    """
    place = given.place or given.context
    if not place:
        raise UsageError(
            f"%ast call: name the context in which {given.dest} is dialled: %ast call "
            f"{given.source} {given.dest} CONTEXT (TAB shows contexts)"
        )
    if given.place and given.context:
        raise UsageError(
            f"%ast call: the context is named twice, as {given.place} and as {given.context}"
        )
    pbx = context.pbx(given.pbx)
    asked = pbx.call(given.source, given.dest, place, given.callerid, timeout=given.timeout)
    if given.wait or given.wait_dest:
        with Progress(f"{asked.source} rings"):
            asked.wait()
        if given.wait_dest:
            with Progress(f"{asked.source} {asked.wait()}, {asked.dest} rings"):
                asked.wait(dest=True)
    return asked


@command("hangup", argument("device", metavar="DEVICE", values=values.devices), asks=True)
def hangup(context: Context, given: Given) -> list[str]:
    """Hang up every channel of a device, whether it called or was called.

    The other party goes on in its dialplan. Only the whole name counts: 30 is never 300.

    In [1]: %ast hangup 30
    Out[1]: ['PJSIP/30-0000001f']
    """
    return context.pbx(given.pbx).hangup(given.device)
