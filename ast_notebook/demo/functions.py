"""Variables and functions of the dialplan: the values of ``${…}`` on a channel."""

from __future__ import annotations

import re
import time

from ast_notebook.demo.channel import Channel
from ast_notebook.demo.exchange import Exchange

_FUNCTION = re.compile(r"(\w+)\((.*)\)", re.DOTALL)


def fill(pbx: Exchange, channel: Channel | None, text: str) -> str:
    """Fill in the variables, functions and expressions of a text."""
    return pbx.dialplan.fill(text, lambda name: value_of(pbx, channel, name))


def value_of(pbx: Exchange, channel: Channel | None, name: str) -> str:
    """Return the value of a variable or a function; empty if there is none."""
    found = _FUNCTION.fullmatch(name)
    if found is not None:
        return _function(pbx, channel, found[1], found[2])
    if channel is None:
        return pbx.variables.get(name, "")
    known = {
        "EXTEN": channel.exten,
        "CONTEXT": channel.context,
        "PRIORITY": str(channel.priority),
        "CHANNEL": channel.name,
        "UNIQUEID": channel.uniqueid,
        "HANGUPCAUSE": str(channel.cause),
    }
    for variables in (known, channel.variables, pbx.variables):
        if name in variables:
            return variables[name]
    return ""


def _function(pbx: Exchange, channel: Channel | None, name: str, argument: str) -> str:
    if name == "DB":
        return pbx.database.get(f"/{argument.strip('/')}", "")
    if name == "QUOTE":
        inside = argument.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{inside}"'
    if name == "EPOCH":
        return str(int(time.time()))
    if name == "DIALPLAN_EXISTS":
        context, exten, _ = f"{argument},,".split(",", 2)
        return str(int(pbx.dialplan.find(context, exten, 1) is not None))
    if name in ("PJSIP_ENDPOINT", "SIPPEER"):
        return _of_device(pbx, name, *argument.partition(",")[::2])
    if channel is None:
        return ""
    if name == "CALLERID":
        caller = channel.caller
        return {
            "num": caller.number,
            "number": caller.number,
            "name": caller.name,
            "all": str(caller),
        }.get(argument, "")
    if name == "CHANNEL":
        return {
            "name": channel.name,
            "linkedid": channel.linkedid,
            "uniqueid": channel.uniqueid,
            "state": channel.state.word,
            "language": channel.language,
            "accountcode": channel.account,
        }.get(argument, "")
    return ""


def _of_device(pbx: Exchange, function: str, name: str, what: str) -> str:
    device = pbx.devices.known.get(name)
    if device is None or (function == "SIPPEER") != (device.technology == "SIP"):
        return ""
    caller = device.caller
    known = {"PJSIP_ENDPOINT": {"callerid": str(caller)}, "SIPPEER": {"callerid_name": caller.name}}
    return known[function].get(what, "")


def assign(pbx: Exchange, channel: Channel | None, name: str, value: str) -> None:
    """Set a variable, or a function that can be set."""
    found = _FUNCTION.fullmatch(name)
    if found is None:
        pbx.set_variable(channel, name.lstrip("_"), value)
    elif found[1] == "DB":
        pbx.database[f"/{found[2].strip('/')}"] = value
    elif channel is not None and found[1] == "TIMEOUT" and found[2] == "absolute":
        set_timeout(channel, value)
    elif channel is not None and found[1] == "CHANNEL" and found[2] == "accountcode":
        channel.account = value


def set_timeout(channel: Channel, seconds: str) -> None:
    """Make a channel end after so many seconds; 0 means that it does not end."""
    if not re.fullmatch(r"\d{1,9}(\.\d{1,9})?", seconds):
        return
    limit = float(seconds)
    channel.ends_at = time.monotonic() + limit if limit > 0 else None
    channel.look_again()
