"""Sends any action or command to Asterisk, and asks what the login and the PBX allow."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping

from ast_notebook.ami import Answer, Field, Session
from ast_notebook.ami.arguments import ordered
from ast_notebook.errors import ActionRefused, ConfError, PermissionMissing, TechnologyMissing
from ast_notebook.live import Live

#: The channel driver of each technology by which telephones can be called.
DRIVERS = {"PJSIP": "chan_pjsip", "SIP": "chan_sip", "IAX2": "chan_iax2", "DAHDI": "chan_dahdi"}


def named(text: object, what: str, example: str) -> str:
    """Return the name of something as text.

    Raises
    ------
    ConfError
        If it names nothing.
    """
    if text is None or not str(text).strip():
        raise ConfError(f"no {what} is named: write {example}")
    return str(text)


def _begins(name: str, beginning: str) -> bool:
    return name.lower().startswith(beginning.lower())  # as Asterisk compares them


class Asking:
    """The base of `Asterisk`: a session to send actions by, and the live state."""

    def __init__(self, session: Session, live: Live) -> None:
        self.session = session
        self.live = live
        self._allowed: tuple[float | None, frozenset[str]] | None = None

    def action(
        self, name: str | Mapping[str, Field], /, timeout: float | None = None, **fields: Field
    ) -> Answer:
        """Send any action of the manager interface, and return its answer.

        Parameters
        ----------
        name : str or mapping
            The action, such as ``QueueStatus``; or its name and headers, as pyst2's `send_action`
            takes them: ``{"Action": "QueueStatus", "Queue": "support"}``.
        timeout : float, optional
            Seconds to wait for the answer.
        **fields
            The headers; a list is sent as one header for each of its values. Many headers have a
            syntax of their own, which a text from outside, such as a caller's name, may abuse:
            ``ast_notebook.ami.arguments`` writes texts safely.

        Raises
        ------
        ActionRefused, AnswerTimeout, ConnectionLost, UnsafeText
        ConfError
            If a mapping names no action.
        """
        action = {"Action": name} if isinstance(name, str) else dict(name)
        if not action.get("Action"):
            raise ConfError("no action is named: write it, such as QueueStatus, or as Action")
        return self.session.request({**action, **fields}, timeout)

    def _order(self, name: str, timeout: float | None = None, /, **fields: Field) -> Answer:
        """Send an action whose texts may come from anybody, since all are written safely."""
        return self.session.request(ordered({"Action": name, **fields}), timeout)

    def _refuse_beginning(self, channel: str, question: str, **fields: Field) -> None:
        """Refuse a channel if its name is also the beginning of another channel's name.

        Some actions act on the first channel whose name begins with the given text. Names of some
        drivers have no fixed length, such as ``IAX2/provider-569`` and ``IAX2/provider-5699``. The
        names are those that Asterisk lists now, or those of the live state if the login may not ask
        for the list.

        Raises
        ------
        ActionRefused
            If there is such a channel.
        """
        try:
            answer = self.action({"Action": question, **fields})
            listed = [one.get_header("Channel") or "" for one in answer]
        except PermissionMissing:
            listed = [str(row["channel"]) for row in self.live.tables["channels"].rows().values()]
        except ActionRefused:  # Asterisk has no channels to list; the action itself will say so
            return
        longer = [one for one in listed if one != channel and _begins(one, channel)]
        if longer:
            raise ActionRefused(
                f"{channel} is also the beginning of {longer[0]}, and Asterisk could take that one "
                "instead: nothing was done; try again when one of the two has ended",
            )

    def command(self, command: str, timeout: float | None = None) -> str:
        """Run a command of Asterisk's command line, and return what it prints.

        It needs ``write = command`` in manager.conf.
        """
        return self.action("Command", timeout, Command=command).response.data

    def reconnect(self) -> None:
        """Try to connect at once, if the connection is lost and the next try is not due yet."""
        self.session.reconnect()

    def may(self, action: str) -> bool:
        """Tell whether the login may use an action; Asterisk is asked once for each connection."""
        session = self.session
        if self._allowed is None or self._allowed[0] != session.connected_since:
            headers = self.action("ListCommands").response.headers
            names = frozenset(name.lower() for name in headers)
            self._allowed = (session.connected_since, names)
        return action.lower() in self._allowed[1]

    def technologies(self) -> list[str]:
        """Ask which of the technologies of telephones this PBX has: PJSIP, SIP, IAX2, DAHDI."""
        return [name for name in DRIVERS if self._has(name)]

    def _has(self, technology: str) -> bool:
        try:
            self.action("ModuleCheck", Module=DRIVERS[technology])
        except PermissionMissing:
            raise
        except ActionRefused:
            return False
        return True

    def _device(self, source: str | int) -> str:
        """Return a device with its technology, and refuse a technology that the PBX lacks.

        A name without a technology means the known device of that name; if none is known, it means
        a device of the only technology that the PBX has.
        """
        technology, slash, device = str(source).partition("/")
        if not slash:
            return self._with_technology(named(source, "device", "200, or PJSIP/200"))
        technology = technology.upper()  # Asterisk ignores case there
        if not device:
            raise ConfError(f"{source} is no device: write PJSIP/200")
        try:
            if technology not in DRIVERS or self._has(technology):
                return str(source)
            there = self.technologies()
        except PermissionMissing:
            return str(source)  # this login may not ask; the call itself shows whether it works
        hint = f"try {there[0]}/{device}" if there else "it has none that calls telephones"
        raise TechnologyMissing(f"this PBX has no {DRIVERS[technology]} loaded: {hint}")

    def _with_technology(self, device: str) -> str:
        there = [one for one in self.live.tables["devices"].rows() if one.endswith(f"/{device}")]
        technologies = [one.partition("/")[0] for one in there]
        with contextlib.suppress(PermissionMissing):
            technologies = technologies or self.technologies()
        if len(technologies) != 1:
            known = " or ".join(f"{one}/{device}" for one in technologies) or "PJSIP/" + device
            raise TechnologyMissing(f"{device} can be more than one: write {known}")
        return f"{technologies[0]}/{device}"
