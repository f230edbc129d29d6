"""Actions on the session itself, and on the PBX as a whole."""

from __future__ import annotations

import hashlib
import hmac
import time

from ast_notebook.demo.actions.registry import (
    ACTIONS,
    Reply,
    Request,
    SingleResponse,
    action,
    refuse,
)
from ast_notebook.demo.commands import run_command

#: Modules that the demo claims to have, besides its channel driver.
_MODULES = frozenset(
    {
        "app_confbridge",
        "app_dial",
        "app_queue",
        "app_userevent",
        "app_voicemail",
        "chan_local",
        "pbx_config",
        "res_parking",
    }
)

#: Headers of a UserEvent that are not the user's own.
_NOT_SENT = ("action", "userevent")


@action("Challenge", "", "Generate Challenge for MD5 Auth.")
def challenge(request: Request) -> Reply:
    """Give the client a challenge to prove its password with."""
    if request.get("AuthType").lower() != "md5":
        return refuse("Must specify AuthType")
    request.client.challenge = str(request.pbx.random.randrange(100_000_000, 1_000_000_000))
    return SingleResponse(headers={"Challenge": request.client.challenge})


@action("Login", "", "Login Manager.")
def login(request: Request) -> Reply:
    """Log a client in if it knows the password.

    After a refusal, `ManagerClient` waits before it answers, and then closes the connection.
    """
    client = request.client
    if client.login is not None:
        return SingleResponse("Already authenticated")
    found = request.pbx.configuration.logins.get(request.get("Username"))
    if found is None or not _knows(request, found.secret):
        return refuse("Authentication failed")
    client.log_in(found, request.get("Events"))
    return SingleResponse("Authentication accepted")


def _knows(request: Request, secret: str) -> bool:
    key, asked = request.get("Key"), request.client.challenge
    if request.get("AuthType").lower() == "md5":
        right = hashlib.md5(f"{asked}{secret}".encode(), usedforsecurity=False).hexdigest()
        return bool(asked) and hmac.compare_digest(right.encode(), key.lower().encode())
    return hmac.compare_digest(secret.encode(), request.get("Secret").encode(errors="replace"))


@action("Logoff", "", "Logoff Manager.")
def logoff(request: Request) -> Reply:
    """Log a client off."""
    request.client.is_leaving = True
    return SingleResponse("Thanks for all the fish.", response="Goodbye")


@action("Ping", "", "Keepalive command.")
def ping(request: Request) -> Reply:
    """Answer a ping."""
    return SingleResponse(headers={"Ping": "Pong", "Timestamp": f"{time.time():.6f}"})


@action("Events", "", "Control Event Flow.")
def events(request: Request) -> Reply:
    """Choose what events are sent from now on."""
    mask = request.get("EventMask")
    if not mask:
        return refuse("Invalid event mask")
    return SingleResponse(headers={"Events": "On" if request.client.choose(mask) else "Off"})


@action("Filter", "system", "Dynamically add filters for the current manager session.")
def add_filter(request: Request) -> Reply:
    """Send only events that a pattern fits, or with ``!`` only those that it does not fit."""
    if request.get("Operation").lower() != "add":
        return refuse("Unknown operation")
    if not request.get("Filter") or not request.client.add_filter(request.get("Filter")):
        return refuse("Filter was not added")
    return SingleResponse("Success")


@action("ListCommands", "", "List available manager commands.")
def list_commands(request: Request) -> Reply:
    """List the actions that this login may use."""
    login = request.client.login
    known = sorted(ACTIONS.values(), key=lambda one: one.name.lower())
    return SingleResponse(
        headers={one.name: one.listed for one in known if login and login.may_do(one.classes)}
    )


@action("UserEvent", "user", "Send an arbitrary event.")
def user_event(request: Request) -> Reply:
    """Send an event of the user's own."""
    name = request.get("UserEvent")
    own = {key: value for key, value in request.fields if key.lower() not in _NOT_SENT}
    request.pbx.emit("user", "UserEvent", {"UserEvent": name}, own)
    return SingleResponse("Event Sent")


@action("CoreSettings", "system,reporting", "Show PBX core settings (version etc).")
def core_settings(request: Request) -> Reply:
    """Return the settings of this PBX."""
    profile = request.pbx.profile
    newer = {"SoundsSearchCustomDir": "No"} if profile.is_newer else {}
    settings = {
        "AMIversion": profile.ami,
        "AsteriskVersion": profile.version,
        "SystemName": "",
        "CoreMaxCalls": "0",
        "CoreMaxLoadAvg": "0.000000",
        "CoreRunUser": "",
        "CoreRunGroup": "",
        "CoreMaxFilehandles": "0",
        "CoreRealTimeEnabled": "No",
        "CoreCDRenabled": "Yes",
        "CoreHTTPenabled": "No",
    }
    return SingleResponse(headers={**settings, **newer})


@action("CoreStatus", "system,reporting", "Show PBX core status variables.")
def core_status(request: Request) -> Reply:
    """Return since when this PBX is up, and how many calls there are."""
    pbx = request.pbx
    started = time.localtime(pbx.started)
    date, clock = time.strftime("%Y-%m-%d", started), time.strftime("%H:%M:%S", started)
    processed = {"CoreProcessedCalls": str(pbx.calls_processed)} if pbx.profile.is_newer else {}
    status = {
        "CoreStartupDate": date,
        "CoreStartupTime": clock,
        "CoreReloadDate": date,
        "CoreReloadTime": clock,
        "CoreCurrentCalls": str(pbx.current_calls),
    }
    return SingleResponse(headers={**status, **processed})


@action("ModuleCheck", "system", "Check if module is loaded.")
def module_check(request: Request) -> Reply:
    """Tell whether a module is loaded."""
    name = request.get("Module").removesuffix(".so")
    if name != request.pbx.profile.driver and name not in _MODULES:
        return refuse("Module not loaded")
    return SingleResponse(headers={"Version": ""})


@action("Command", "command", "Execute Asterisk CLI Command.")
def command(request: Request) -> Reply:
    """Run a command of the command line."""
    line = request.get("Command")
    if not line:
        return refuse("No command provided")
    output = run_command(request.pbx, line)
    if output is None:
        hint = f"(type 'core show help {line}' for other possible commands)"
        output = [f"No such command '{line}' {hint}"]
        return SingleResponse("Command output follows", response="Error", outputs=tuple(output))
    return SingleResponse("Command output follows", outputs=tuple(output))
