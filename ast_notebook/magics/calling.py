"""`%ast call`, `hangup` and `channels`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
from IPython.core.error import UsageError

from ast_notebook.asterisk import Asterisk
from ast_notebook.calling import Call
from ast_notebook.magics import values
from ast_notebook.magics.command import Given, argument, command
from ast_notebook.magics.progress import Progress

if TYPE_CHECKING:
    from ast_notebook.magics.astmagics import AstMagics


@command(
    "call",
    argument("source", metavar="SOURCE", values=values.devices, help="the telephone that rings"),
    argument("dest", metavar="DEST", values=values.extensions, help="the number it then calls"),
    argument("place", nargs="?", metavar="CONTEXT", values=values.contexts),
    argument("--context", values=values.contexts, help="the same, by name"),
    argument("--callerid", metavar='"NAME <NUMBER>"', help="what the telephones show"),
    argument("--timeout", type=float, default=30.0, metavar="S", help="how long SOURCE rings"),
    argument("--wait", action="store_true", help="until SOURCE answers or does not"),
    argument("--dest", action="store_true", dest="wait_dest", help="wait for DEST as well"),
)
def call(magics: AstMagics, given: Given) -> Call:
    """Call a telephone, and connect it with a number once it answers.

    SOURCE is a device with its technology; without, the technology is that of the device of this
    name, or the only one that the PBX has.

    In [1]: %ast call SIP/200 240 door --callerid "Door <100>"
    In [2]: c = %ast call 200 240 --context from-internal --wait
    In [3]: c
    Out[3]: <Call PJSIP/200 -> 240@from-internal: answered>
    """
    context = given.place or given.context
    if not context or (given.place and given.context):
        raise UsageError("%ast call: name one context: %ast call SOURCE DEST CONTEXT")
    pbx = magics.pbx(given.pbx)
    asked = pbx.call(
        _device(pbx, given.source), given.dest, context, given.callerid, timeout=given.timeout
    )
    if given.wait or given.wait_dest:
        with Progress(f"{asked.source} rings"):
            asked.wait()
        if given.wait_dest:
            with Progress(f"{asked.source} {asked.wait()}, {asked.dest} rings"):
                asked.wait(dest=True)
    return asked


@command("hangup", argument("device", metavar="DEVICE", values=values.devices), asks=True)
def hangup(magics: AstMagics, given: Given) -> list[str]:
    """Hang up every channel of a device, whether it called or was called.

    Whoever it spoke with follows his dialplan. 30 is never 300.

    In [1]: %ast hangup 30
    Out[1]: ['PJSIP/30-0000001f']
    """
    return magics.pbx(given.pbx).hangup(given.device)


@command("channels")
def channels(magics: AstMagics, given: Given) -> pd.DataFrame:
    """Show the channels that are up.

    In [1]: up = %ast channels
    """
    return magics.pbx(given.pbx).channels()


def _device(pbx: Asterisk, source: str) -> str:
    if "/" in source:
        return source
    there = [one for one in pbx.live.parts["devices"].rows() if one.endswith(f"/{source}")]
    technologies = [one.partition("/")[0] for one in there] or pbx.technologies()
    if len(technologies) != 1:
        known = " or ".join(f"{one}/{source}" for one in technologies) or "no technology known"
        raise UsageError(f"%ast call: write SOURCE with its technology: {known}")
    return f"{technologies[0]}/{source}"
