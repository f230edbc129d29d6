"""Logging in: the greeting is checked, the password is proven, and event filters are set."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from ast_notebook.ami import failures
from ast_notebook.ami.action import Field, encode
from ast_notebook.ami.answer import Answer
from ast_notebook.ami.settings import Settings
from ast_notebook.errors import ActionRefused, LoginRefused

Ask = Callable[[Mapping[str, Field]], Answer]

_LONGEST = 100  # letters of a greeting that are kept


def greeted(
    settings: Settings, line: Callable[[float], str], *, was_known: bool
) -> tuple[str, str]:
    """Read the banner; nothing is sent unless it is that of an Asterisk's manager.

    Parameters
    ----------
    settings : Settings
    line : callable
        It is given a deadline, of `time.monotonic`, and returns the first line.
    was_known : bool
        Whether a manager greeted there before.

    Returns
    -------
    tuple of str
        Its title and its version.

    Raises
    ------
    ConnectionLost
        If there is no greeting, or one that is not a manager's.
    """
    try:
        banner = line(time.monotonic() + settings.timeout)
    except OSError as error:
        raise failures.ungreeted(settings, error, was_known=was_known) from None
    if not banner.startswith(settings.greeting):
        raise failures.foreign(settings, banner)
    # Whoever greets may know the password from before and repeat it, at any length.
    title, _, version = settings.password.hidden_in(banner)[:_LONGEST].partition("/")
    return title.strip(), version.strip()


def log_in(settings: Settings, ask: Ask, *, is_first: Callable[[], bool]) -> Answer:
    """Log in, and return the answer.

    Parameters
    ----------
    settings : Settings
    ask : callable
        Sends an action and waits for its answer.
    is_first : callable
        Whether no connection of the session was lost yet. Later, somebody else may answer at the
        address: for example, whoever took the port of a tunnel that broke.

    Raises
    ------
    LoginRefused
        If the username or the password is wrong, or the answer does not say that they are right.
    """
    answer = _tried(settings, ask, is_first)
    if isinstance(answer, LoginRefused):
        raise answer
    return answer


def _tried(settings: Settings, ask: Ask, is_first: Callable[[], bool]) -> Answer | LoginRefused:
    """Try to log in; errors are returned, since the frames here may hold the password."""
    action: dict[str, Field] = {
        "Action": "Login",
        "Username": settings.username,
        # No event may come before the filters that keep it away.
        "Events": "off" if settings.filters else settings.events,
    }
    try:
        proof = _proof(settings, ask, is_first)
        if isinstance(proof, LoginRefused):
            return proof
        answer = ask({**action, **proof})
    except ActionRefused as error:
        return failures.refused(settings, error)
    said = answer.response.get_all("Response")
    if [one.lower() for one in said] == ["success"]:
        return answer
    return failures.no_answer(settings, " and ".join(said))


def add_filters(settings: Settings, ask: Ask) -> None:
    """Add the settings' event filters in Asterisk, if there are any, and then set the mask."""
    actions: list[Mapping[str, Field]] = [
        {"Action": "Filter", "Operation": "Add", "Filter": text} for text in settings.filters
    ]
    if actions:
        actions.append({"Action": "Events", "EventMask": settings.events})
    for action in actions:
        refused = _refusal(settings, ask, action)
        if refused is not None:
            raise refused


def _refusal(settings: Settings, ask: Ask, action: Mapping[str, Field]) -> ActionRefused | None:
    try:
        ask(action)
    except ActionRefused as error:
        return failures.without_password(settings, error)
    return None


def _proof(
    settings: Settings, ask: Ask, is_first: Callable[[], bool]
) -> dict[str, Field] | LoginRefused:
    """Return the headers that prove the password, in the way that the settings name."""
    secret: dict[str, Field] = {"Secret": settings.password}
    if settings.sends_password:
        return secret
    encode({"Action": "Login", **secret})  # raises for an unsafe text
    try:
        answer = ask({"Action": "Challenge", "AuthType": "MD5"}).response
    except ActionRefused as error:
        said, is_unknown = error.reason, "unknown" in error.reason.lower()
    else:
        challenge = answer.get_header("Challenge")
        if challenge:
            return {"AuthType": "MD5", "Key": settings.password.answer(challenge)}
        said, is_unknown = "", challenge is None
    if is_unknown and settings.may_send_password and is_first():
        return secret
    return failures.without_challenge(settings, said)
