"""Why a connection failed: each error is one line that says what happened and what to do."""

from __future__ import annotations

import socket
import ssl

from ast_notebook.ami.connection import HandshakeFailed
from ast_notebook.ami.settings import TLS_PORT, Settings
from ast_notebook.errors import ActionRefused, AstError, ConnectionLost, LoginRefused
from ast_notebook.show import plain

_OTHER_NAME = (
    "Instead, connect by a name that is in the certificate, or make one whose subjectAltName has "
    "this name or address"
)
_OUT_OF_DATE = "Check the clocks of both machines, and renew the certificate on the PBX"
#: What to do, by OpenSSL's code for what is wrong with a certificate (X509_V_ERR_…).
_CERTIFICATES = {9: _OUT_OF_DATE, 10: _OUT_OF_DATE, 62: _OTHER_NAME, 64: _OTHER_NAME}

IN_USE = "login already in use"  # what Asterisk says where allowmultiplelogin = no


def unreachable(settings: Settings, error: OSError) -> ConnectionLost:
    """Return the error for a host that cannot be reached."""
    if isinstance(error, ssl.SSLCertVerificationError) and error.verify_code in _CERTIFICATES:
        return ConnectionLost(
            f"TLS with {settings.address} failed: {error}. {_CERTIFICATES[error.verify_code]}"
        )
    if isinstance(error, ssl.SSLError):
        return ConnectionLost(
            f"TLS with {settings.address} failed: {error}. Give the PBX's certificate by "
            "tls='FILE.pem', or check that this port is manager.conf's tlsbindaddr "
            f"({TLS_PORT} by default)"
        )
    if isinstance(error, HandshakeFailed):
        return ConnectionLost(
            f"{settings.address} accepts the connection, but {error} the TLS handshake: is this "
            f"port manager.conf's tlsbindaddr ({TLS_PORT} by default)? Without TLS, leave tls out"
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
    enabled = "`enabled = yes` and `tlsenable = yes`" if settings.tls else "`enabled = yes`"
    return ConnectionLost(
        f"nothing answers at {settings.address} ({error.strerror or error}): is Asterisk "
        f"running there, with {enabled} in manager.conf?"
        + (f" Its port for TLS is {TLS_PORT}, unless tlsbindaddr has another" * bool(settings.tls))
    )


def ungreeted(settings: Settings, error: OSError, *, was_known: bool) -> ConnectionLost:
    """Return the error for a port that does not greet.

    `was_known` says whether a manager has greeted there before.
    """
    if not isinstance(error, TimeoutError):
        return ConnectionLost(
            f"{settings.address} closed the connection before it greeted: a firewall or fail2ban "
            "may bar this machine, or as many clients are logging in as `authlimit` in "
            "manager.conf allows"
        )
    if was_known:
        return ConnectionLost(
            f"{settings.address} accepts a connection but does not greet: it hangs, or the "
            "network is slow. Look at that machine and the network"
        )
    return ConnectionLost(
        f"{settings.address} accepts a connection but does not greet as "
        "Asterisk's manager does: is this its port? With TLS, give tls=True"
    )


def foreign(settings: Settings, banner: str) -> ConnectionLost:
    """Return the error for a greeting that is not a manager's."""
    greeting = settings.password.hidden_in(banner)[:60]  # it may repeat the password
    return ConnectionLost(
        f"{settings.address} greets with {plain(greeting)!r}, not as Asterisk's manager does, so "
        "the password was not sent: is this the manager's port? If it is, connect with greeting= "
        "and the beginning of that greeting"
    )


def unanswered(settings: Settings, error: OSError) -> ConnectionLost:
    """Return the error for a login that was not answered."""
    if isinstance(error, TimeoutError):
        return ConnectionLost(
            f"{settings.address} has not answered the login within {settings.timeout:g} s: it is "
            "overloaded, or the network is slow. Try again, or connect with a larger timeout"
        )
    return ConnectionLost(
        f"{settings.address} closed the connection instead of answering the login: see why in its "
        "log, /var/log/asterisk/messages.log"
    )


def refused(settings: Settings, error: ActionRefused) -> LoginRefused:
    """Return the error for a refused login, without the password, which a manager may repeat."""
    reason = settings.password.hidden_in(error.reason or str(error))
    if reason.strip().lower() == IN_USE:
        return LoginRefused(
            f"{settings.address} has {settings.username!r} logged in already, and allows that only "
            "once: close the other session (`manager show connected` on the PBX lists it; it may "
            "be an earlier session of this machine whose connection broke), or set "
            "allowmultiplelogin = yes in that section of manager.conf",
            is_in_use=True,
        )
    return LoginRefused(
        f"{settings.address} did not let {settings.username!r} in: {reason}. Check "
        "the section and its secret in manager.conf, and its permit and deny lines"
    )


def without_challenge(settings: Settings, said: str) -> LoginRefused:
    """Return the error for a manager without a challenge, to which no password was sent."""
    words = f" ({plain(settings.password.hidden_in(said)[:60])})" if said else ""
    return LoginRefused(
        f"{settings.address} did not let {settings.username!r} in: it gave no challenge{words}, "
        "so the password was not sent: is this the PBX? If it is, but supports no challenge, write "
        "auth = secret in plugin.conf, or auth='secret' in Python"
    )


def no_answer(settings: Settings, said: str) -> LoginRefused:
    """Return the error for an answer that neither accepts nor refuses the login."""
    words = plain(settings.password.hidden_in(said)[:60])
    return LoginRefused(
        f"{settings.address} answered the login of {settings.username!r} with {words!r}, which is "
        "no answer of Asterisk's manager: is this the manager's port?"
    )


def without_password(settings: Settings, error: ActionRefused) -> ActionRefused:
    """Return a refusal without the password, which a manager may repeat."""
    hidden_in = settings.password.hidden_in
    text, reason = hidden_in(str(error)), hidden_in(error.reason)
    return type(error)(text, action=error.action, reason=reason)


def before_login(settings: Settings, error: BaseException) -> AstError:
    """Return the error that `Session.connect` raises if the session could not be set up."""
    if isinstance(error, AstError):
        return error
    return ConnectionLost(f"{settings.address} ended the connection before the login: {error}")
