"""Why a connection did not come about: one line each that says what happened and what to do."""

from __future__ import annotations

import socket
import ssl

from ast_notebook.ami.settings import Settings
from ast_notebook.errors import ActionRefused, AstError, ConnectionLost, LoginRefused
from ast_notebook.show import plain

IN_USE = "login already in use"  # what Asterisk says where allowmultiplelogin = no


def unreachable(settings: Settings, error: OSError) -> ConnectionLost:
    """Tell why there is no connection to the host."""
    if isinstance(error, ssl.SSLError):
        return ConnectionLost(
            f"TLS with {settings.address} failed: {error}. Give the PBX's certificate by "
            "tls='FILE.pem', or check that this port is manager.conf's tlsbindaddr"
        )
    if isinstance(error, socket.gaierror):
        if error.errno == socket.EAI_AGAIN:
            return ConnectionLost(
                f"the name {settings.host} cannot be looked up now ({error.strerror}): check this "
                "machine's network and name server, or write the PBX's address instead"
            )
        return ConnectionLost(
            f"there is no host {settings.host} ({error.strerror}): check how it is spelled, or "
            "write the PBX's address instead"
        )
    return ConnectionLost(
        f"nothing answers at {settings.address} ({error.strerror or error}): is Asterisk "
        "running there, with `enabled = yes` in manager.conf?"
    )


def ungreeted(settings: Settings, error: OSError, *, was_known: bool) -> ConnectionLost:
    """Tell why nobody greeted; where a manager did before, it is not asked if this is one."""
    if not isinstance(error, TimeoutError):
        return ConnectionLost(
            f"{settings.address} closed the connection before it greeted: a firewall or fail2ban "
            "may bar this machine, or as many as `authlimit` in manager.conf allows are logging in"
        )
    if was_known:
        return ConnectionLost(
            f"{settings.address} accepts a connection but does not greet: it hangs or is held up. "
            "Look at that machine and the network"
        )
    return ConnectionLost(
        f"{settings.address} accepts a connection but does not greet as "
        "Asterisk's manager does: is this its port? With TLS, give tls=True"
    )


def foreign(settings: Settings, banner: str) -> ConnectionLost:
    """Tell that somebody else greets there."""
    return ConnectionLost(
        f"{settings.address} greets with {plain(banner[:60])!r}, not as Asterisk's manager does, "
        "and was not sent the password: is this the manager's port? If it is, connect with "
        "greeting= and how it begins"
    )


def unanswered(settings: Settings, error: OSError) -> ConnectionLost:
    """Tell that the login was not answered."""
    if isinstance(error, TimeoutError):
        return ConnectionLost(
            f"{settings.address} has not answered the login within {settings.timeout:g} s: it is "
            "overloaded or held up. Try again, or connect with a larger timeout"
        )
    return ConnectionLost(
        f"{settings.address} closed the connection instead of answering the login: its log says "
        "why, /var/log/asterisk/messages.log"
    )


def refused(settings: Settings, error: ActionRefused) -> LoginRefused:
    """Tell why the login was refused."""
    reason = error.reason or str(error)
    if reason.strip().lower() == IN_USE:
        return LoginRefused(
            f"{settings.address} has {settings.username!r} logged in already, and lets nobody in "
            "twice: close the other session (`manager show connected` on the PBX lists it; it may "
            "be an earlier one of ours whose connection broke), or set allowmultiplelogin = yes "
            "in that section of manager.conf",
            is_in_use=True,
        )
    return LoginRefused(
        f"{settings.address} did not let {settings.username!r} in: {reason}. Check "
        "the section and its secret in manager.conf, and its permit and deny lines"
    )


def before_login(settings: Settings, error: BaseException) -> AstError:
    """Return what `Session.connect` raises for an error that came before the session stood."""
    if isinstance(error, AstError):
        return error
    return ConnectionLost(f"{settings.address} ended the connection before the login: {error}")
