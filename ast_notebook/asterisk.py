"""One Asterisk, as `sh.ast` is: the functions of the old plugin, and what lies beneath them."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple, TypeVar

import pandas as pd

from ast_notebook import calls as call_log
from ast_notebook.ami import Answer, Event, Field, Session, Settings
from ast_notebook.ami.arguments import ordered
from ast_notebook.bindings.cell import Cell
from ast_notebook.bindings.worker import Worker, stop_all, tell_of_endless
from ast_notebook.calling import Call, Calling
from ast_notebook.calls import Flow, begun
from ast_notebook.calls.measures.grouping import Zone
from ast_notebook.calls.report import Report
from ast_notebook.errors import (
    ActionRefused,
    AstError,
    ChannelGone,
    ConfError,
    KeyMissing,
    PermissionMissing,
    TechnologyMissing,
)
from ast_notebook.live import Live, is_of, new_messages
from ast_notebook.live.channels import new_row_of, table
from ast_notebook.live.table import to_frame
from ast_notebook.recording import Record
from ast_notebook.recording.record import BUDGET

# The channel drivers of the technologies that a telephone can be called by.
DRIVERS = {"PJSIP": "chan_pjsip", "SIP": "chan_sip", "IAX2": "chan_iax2", "DAHDI": "chan_dahdi"}

ENDING = 0.2  # seconds that calls of callbacks have to end, once all else is closed

MARKS = ("held", "recorded")  # what is heard of a channel, and not asked for

# What Asterisk's actions say, each in its own words, of a channel that ended meanwhile.
NO_CHANNEL = ("no such channel", "does not exist", "channel not found")

Function = TypeVar("Function", bound=Callable[[Event], object])
_required: Any = object()


class MailboxCount(NamedTuple):
    """How many messages a mailbox holds."""

    old_messages: int
    new_messages: int


class Asterisk:
    """One Asterisk: ask it, tell it, and be told.

    Parameters
    ----------
    settings : Settings
        Where it is and who logs in.
    name : str
        Its name: the attribute of `sh`, and the column ``server`` of its events.
    budget : int
        Bytes of memory that its events may take.

    Attributes
    ----------
    session : Session
        The session with its manager interface.
    live : Live
        What is up right now.
    record : Record
        Every event heard.
    """

    def __init__(self, settings: Settings, *, name: str = "ast", budget: int = BUDGET) -> None:
        self.name = name
        self.record = Record(name, budget)
        self.session = Session(settings, name=name, recorder=self.record.add)
        self.live = Live(self.session)
        self.callbacks: dict[str, Worker] = {}
        self._calling = Calling(self.session)
        self._allowed: tuple[float | None, frozenset[str]] | None = None
        self._registered: dict[str, list[tuple[str, Any]]] = {}

    def __repr__(self) -> str:
        session = getattr(self, "session", None)
        if session is None:  # it is shown while it cannot be made
            return f"<Asterisk {self.name}>"
        state = "connected" if session.connected() else "closed" if session.closed else "lost"
        return f"<Asterisk {self.name} at {session.settings.address}: {state}>"

    def connect(self) -> Asterisk:
        """Connect, log in and learn how things stand; see `Session.connect` for the errors."""
        self.session.connect()
        self.live.primed.wait(self.session.settings.timeout)
        return self

    def close(self) -> None:
        """Log off and end every thread; what was recorded stays readable."""
        self.session.close()
        workers = list(self.callbacks.values())
        for key in list(self.callbacks):
            self.off(key)
        self.record.close()
        stop_all(workers, ENDING)
        tell_of_endless(workers)

    # --- the seed's functions ------------------------------------------------------------------

    def call(
        self,
        source: str,
        dest: str | int,
        context: str,
        callerid: str | None = None,
        *,
        timeout: float = 30.0,
        variables: Mapping[str, object] | None = None,
    ) -> Call:
        """Call a device, and connect it with an extension once it answers.

        Parameters
        ----------
        source : str
            The device with its technology, such as ``PJSIP/200``.
        dest : str
            The extension that it is connected with.
        context : str
            The context of that extension.
        callerid : str, optional
            What the telephones show, such as ``Door <100>``.
        timeout : float
            Seconds that the source rings.
        variables : mapping, optional
            Channel variables, set on the source's channel.

        Returns
        -------
        Call
            `Call.wait` tells what became of it.

        Raises
        ------
        TechnologyMissing
            If the PBX has no channel driver for the source.
        ActionRefused
            If Asterisk does not take the order; `PermissionMissing` without ``originate``.
        UnsafeText
            If a text holds ``${`` or ``$[``, or the extension what the dialplan would part.

        Examples
        --------
        >>> sh.ast.call("SIP/200", "240", "door", "Door <100>").wait()
        'answered'
        """
        self._check_technology(source)
        return self._calling.originate(
            source,
            extension=(str(dest), context),
            callerid=callerid,
            timeout=timeout,
            variables=variables,
        )

    def db_write(self, key: str, value: object) -> None:
        """Write an entry of the Asterisk database, True and False as 1 and 0.

        Parameters
        ----------
        key : str
            Family and key, such as ``dnd/office``.
        value : object
            Its text is written. Asterisk 16 gives back 255 letters of it, to whoever asks for it.

        Raises
        ------
        ConfError
            If it is None, which is no text: `db_delete` deletes an entry.
        UnsafeText
            If its text begins with a space, which Asterisk would leave out.
        """
        family, name = _family(key)
        if value is None:
            raise ConfError(f"None cannot be written to {key}: db_delete({key!r}) deletes it")
        text = str(int(value)) if isinstance(value, bool) else str(value)
        self._order("DBPut", Family=family, Key=name, Val=text)

    def db_read(self, key: str, default: Any = _required) -> Any:
        """Read an entry of the Asterisk database, as the text that it is.

        Raises
        ------
        KeyMissing
            If there is no such entry and no `default` was given.
        """
        family, name = _family(key)
        try:
            answer = self.action("DBGet", Family=family, Key=name)
        except PermissionMissing:
            raise
        except ActionRefused as error:
            if "not found" not in error.reason:
                raise
            if default is not _required:
                return default
            raise KeyMissing(
                f"the Asterisk database has no entry {family}/{name}: write it first, or read it "
                "with default=…, which is --default in %ast db read"
            ) from None
        return answer.events[0]["Val"]

    def db_delete(self, key: str) -> None:
        """Delete an entry of the Asterisk database.

        Raises
        ------
        KeyMissing
            If there is no such entry.
        """
        self.db_read(key)  # Asterisk's refusal would not tell
        family, name = _family(key)
        self.action("DBDel", Family=family, Key=name)

    def db_show(self, family: str = "", timeout: float | None = None) -> pd.DataFrame:
        """Ask for the entries of the Asterisk database, all or those of a family.

        Returns
        -------
        pandas.DataFrame
            A row an entry: ``key`` as `db_read` takes it, and ``value``; both are text.
        """
        first, _, rest = family.strip("/").partition("/")
        fields = {name: text for name, text in (("Family", first), ("Key", rest)) if text}
        found = self.action("DBGetTree", timeout, **fields)
        rows = [(entry["Key"].strip("/"), entry["Val"]) for entry in found]
        return pd.DataFrame(rows, columns=["key", "value"], dtype="str")

    def mailbox_count(self, mailbox: str | int, context: str = "default") -> MailboxCount:
        """Count the messages of a mailbox: ``(old_messages, new_messages)``.

        Urgent messages are new ones. Asterisk counts 0 and 0 in a mailbox that does not exist, too:
        then a warning says so.

        Parameters
        ----------
        mailbox : str
            ``22``, or with its context ``22@default``.
        context : str
            The context where `mailbox` names none.
        """
        if mailbox is None or not str(mailbox).strip():
            raise ConfError("no mailbox is named: write 22, or 22@default")
        box = str(mailbox) if "@" in str(mailbox) else f"{mailbox}@{context}"
        response = self.action("MailboxCount", Mailbox=box).response
        counts = MailboxCount(int(response["OldMessages"]), new_messages(response))
        if counts == (0, 0) and self._is_no_mailbox(box):
            warnings.warn(
                f"voicemail.conf has no mailbox {box}: Asterisk counts 0 and 0 for it",
                stacklevel=2,
            )
        return counts

    def _is_no_mailbox(self, box: str) -> bool:
        try:
            users = self.action("VoicemailUsersList")
        except AstError:
            return False  # who may not ask, or has no app_voicemail, is not warned
        return box not in {f"{one['VoiceMailbox']}@{one['VMContext']}" for one in users}

    def hangup(self, device: str | int) -> list[str]:
        """Hang up every channel of a device, whether it called or was called.

        The far party follows its dialplan: a caller waiting in a queue waits on.

        Parameters
        ----------
        device : str
            ``30``, or with its technology ``PJSIP/30``; never ``300``.

        Returns
        -------
        list of str
            The channels that were hung up; empty if there were none.

        Raises
        ------
        ConfError
            If no device is named.
        """
        if device is None or not str(device).strip():
            raise ConfError("no device is named: write 30, or PJSIP/30")
        hung_up = []
        for one in self.action("CoreShowChannels"):
            if is_of(one["Channel"], str(device)):
                try:
                    self.action("Hangup", Channel=one["Channel"])
                except PermissionMissing:
                    raise
                except ActionRefused:
                    continue  # it ended by itself meanwhile
                hung_up.append(one["Channel"])
        return hung_up

    # --- what lies beneath ---------------------------------------------------------------------

    def action(self, name: str, /, timeout: float | None = None, **fields: Field) -> Answer:
        """Send any action of the manager interface, and return its answer.

        Parameters
        ----------
        name : str
            The action, such as ``QueueStatus``.
        timeout : float, optional
            Seconds to wait for the answer.
        **fields
            Its headers; a list is sent as one header a value. Many headers have a syntax of their
            own, which a text that somebody else chose, such as a caller's name, may use:
            ``ast_notebook.ami.arguments`` knows how texts are given safely.

        Raises
        ------
        ActionRefused, AnswerTimeout, ConnectionLost, UnsafeText
        """
        return self.session.request({"Action": name, **fields}, timeout)

    def _order(self, name: str, /, **fields: Field) -> Answer:
        """Send an action whose texts are not to be anything else, whoever chose them."""
        return self.session.request(ordered({"Action": name, **fields}))

    def command(self, command: str, timeout: float | None = None) -> str:
        """Run a command of Asterisk's command line, and return what it prints.

        It needs ``write = command`` in manager.conf, which the least permissions do not have.
        """
        return self.action("Command", timeout, Command=command).response.data

    def channels(self) -> pd.DataFrame:
        """Ask Asterisk for the channels that are up; the columns are those of `live.channels`.

        Asterisk has no list of what is held and recorded: that is as it was heard, and missing of a
        channel that was up before this connection was.
        """
        answer = self.action("CoreShowChannels")
        heard = self.live.parts["channels"].rows()
        connected = self.session.connected_since or 0.0
        rows = []
        for event in answer:
            row = new_row_of(event)
            known = heard.get(row.get("uniqueid", ""), {})
            was_up = row["since"] < connected
            marks = {name: known.get(name) or (None if was_up else False) for name in MARKS}
            rows.append({**row, **marks})
        return to_frame(table(), rows).astype(dict.fromkeys(MARKS, "boolean"))

    def reconnect(self) -> None:
        """Try at once to connect again, where a lost connection waits for its next try."""
        self.session.reconnect()

    def technologies(self) -> list[str]:
        """Ask which of the technologies of telephones this PBX has: PJSIP, SIP, IAX2, DAHDI."""
        return [name for name in DRIVERS if self._has(name)]

    @property
    def events(self) -> pd.DataFrame:
        """Every event heard so far that is still kept, as `Record.frame` gives them."""
        return self.record.frame()

    # --- the call log --------------------------------------------------------------------------

    def calls(
        self,
        *,
        since: datetime | None = None,
        trunks: Collection[str] | None = None,
        engine: str | None = None,
        session: Any = None,
    ) -> pd.DataFrame:
        """Return the calls heard so far, a row a call; `calls.from_events` says what they are.

        Parameters
        ----------
        since : datetime, optional
            Only calls that began then or later; one without a zone is in local time.
        trunks : collection of str, optional
            The devices that lead to the public network: they tell a call's direction.
        engine : str, optional
            ``pandas``, ``polars``, ``duckdb`` or ``spark``: where the calls are reckoned.
        session : pyspark.sql.SparkSession, optional
            For ``spark``.

        See Also
        --------
        ast_notebook.calls.history.history : calls of an archive, or of what the PBX has written.
        """
        events = self._heard()
        found = call_log.calls(events, trunks=trunks, engine=engine, session=session)
        calls: pd.DataFrame = begun(found, since)
        return calls

    def visits(self, *, since: datetime | None = None) -> pd.DataFrame:
        """Return each stay of a caller in a queue heard so far; see `calls.visits`."""
        visits: pd.DataFrame = begun(call_log.visits(self._heard()), since)
        return visits

    def report(
        self,
        *,
        since: datetime | None = None,
        trunks: Collection[str] | None = None,
        tz: Zone | None = None,
        within: float = 20.0,
    ) -> Report:
        """Return what matters of the calls heard so far, on one page.

        Parameters
        ----------
        since, trunks
            As in `calls`.
        tz : str or tzinfo, optional
            The zone of hours and days; this machine's by default.
        within : float
            Seconds of the service level.
        """
        log = call_log.log_of(self._heard(), trunks=trunks)
        return Report(
            log.calls,
            log.visits,
            sessions=log.sessions,
            pauses=log.pauses,
            since=since,
            tz=tz,
            within=within,
            title=f"Calls of {self.name}",
        )

    def flow(self, which: object) -> Flow:
        """Return one call as a ladder: by its id, a channel's name or uniqueid, or a number.

        Raises
        ------
        ChannelGone
            If no such call was heard.
        """
        return call_log.flow(self._heard(), which)

    def _heard(self) -> pd.DataFrame:
        return self.record.frame(events=call_log.KINDS)

    def _has(self, technology: str) -> bool:
        try:
            self.action("ModuleCheck", Module=DRIVERS[technology])
        except PermissionMissing:
            raise
        except ActionRefused:
            return False
        return True

    def _check_technology(self, source: str) -> None:
        technology, slash, device = str(source).partition("/")
        technology = technology.upper()  # Asterisk minds no case there
        if not slash or not device:
            raise TechnologyMissing(
                f"{source} is no device: write it with its technology, such as PJSIP/{source}"
            )
        try:
            if technology not in DRIVERS or self._has(technology):
                return
            there = self.technologies()
        except PermissionMissing:
            return  # who may not ask finds out by the call itself
        hint = f"try {there[0]}/{device}" if there else "it has none that calls telephones"
        raise TechnologyMissing(f"this PBX has no {DRIVERS[technology]} loaded: {hint}")

    def may(self, action: str) -> bool:
        """Tell whether the login may use an action; asked once a connection."""
        session = self.session
        if self._allowed is None or self._allowed[0] != session.connected_since:
            headers = self.action("ListCommands").response.headers
            names = frozenset(name.lower() for name in headers)
            self._allowed = (session.connected_since, names)
        return action.lower() in self._allowed[1]

    # --- what is done to a call ----------------------------------------------------------------

    def hangup_channel(self, channel: str, uniqueid: str | None = None) -> None:
        """Hang up one channel.

        Parameters
        ----------
        channel : str
        uniqueid : str, optional
            Only if the channel of that name is still this one.

        Raises
        ------
        ChannelGone
            If it is not there any more.
        """
        self._on_channel("Hangup", channel, uniqueid)

    def redirect(
        self, channel: str, exten: str | int, context: str, uniqueid: str | None = None
    ) -> None:
        """Send one channel to an extension; whoever it was bridged with follows his dialplan.

        Raises
        ------
        ActionRefused
            If the dialplan has no such extension.
        ChannelGone
            If the channel is not there any more.
        UnsafeText
            If the extension or the context holds a comma, a parenthesis, a quote or a backslash.
        """
        self._check_place("Redirect", channel, exten, context)
        self._on_channel(
            "Redirect", channel, uniqueid, Exten=str(exten), Context=context, Priority=1
        )

    def transfer(
        self, channel: str, exten: str | int, context: str, uniqueid: str | None = None
    ) -> None:
        """Have a channel's party call an extension and hand the call over once it hangs up.

        An attended transfer, as if that party had dialled it by the feature code.

        Raises
        ------
        ActionRefused
            If that party talks to nobody, or the dialplan has no such extension.
        ChannelGone
            If the channel is not there any more.
        UnsafeText
            If the extension or the context holds a comma, a parenthesis, a quote or a backslash.
        """
        self._check_place("Atxfer", channel, exten, context)
        there = self.live.parts["channels"].rows().values()
        if any(row["channel"] == channel and not row["bridge"] for row in there):
            raise ActionRefused(f"{channel} talks to nobody: nothing was done", action="Atxfer")
        self._on_channel("Atxfer", channel, uniqueid, Exten=str(exten), Context=context)

    def park(self, channel: str, uniqueid: str | None = None, *, lot: str = "") -> None:
        """Park a channel; `live.parked` tells the space where it can be picked up."""
        more: dict[str, Any] = {"Parkinglot": lot} if lot else {}
        self._on_channel("Park", channel, uniqueid, **more)

    def record_channel(self, channel: str, uniqueid: str | None = None, *, file: str = "") -> str:
        """Record both directions of a channel on the PBX, and return the file's name there.

        Parameters
        ----------
        channel : str
        uniqueid : str, optional
        file : str
            The file, in Asterisk's own folder for recordings unless it is a whole path; by default
            it is named by the channel's Uniqueid and the time, as a second recording would else
            take the place of the first.

        Raises
        ------
        ChannelGone
            If the channel is not there any more.
        UnsafeText
            If the name holds a comma or ``..``: behind a comma, MixMonitor reads a command.
        """
        now = datetime.now(UTC)
        name = file or f"{uniqueid or channel.replace('/', '-')}-{now:%Y%m%dT%H%M%S.%f}.wav"
        self._on_channel("MixMonitor", channel, uniqueid, File=name)
        return name

    def stop_recording(self, channel: str, uniqueid: str | None = None) -> None:
        """End the recording of a channel."""
        self._on_channel("StopMixMonitor", channel, uniqueid)

    def spy(self, channel: str, by: str, mode: str = "listen") -> Call:
        """Have a telephone hear a channel.

        Parameters
        ----------
        channel : str
            The channel to be heard.
        by : str
            The telephone that rings and then hears it, such as ``PJSIP/200``.
        mode : {"listen", "whisper", "barge"}
            Only listen; speak to the channel's party alone; speak to both.

        Raises
        ------
        ChannelGone
            If the channel is not there any more: no telephone rings.
        """
        options = {"listen": "qES", "whisper": "qESw", "barge": "qESB"}
        if mode not in options:
            raise ConfError(f"a mode {mode!r} is unknown: listen, whisper or barge")
        self._check_technology(by)
        with contextlib.suppress(PermissionMissing):  # who may not ask finds out by the call itself
            self._of_channel("Getvar", channel, Variable="UNIQUEID")
        spying = ("ChanSpy", channel, options[mode])
        return self._calling.originate(by, callerid="Spy", application=spying)

    def _check_place(self, action: str, channel: str, exten: str | int, context: str) -> None:
        """Refuse a place that the dialplan lacks: Asterisk would hang up on who is sent there."""
        ordered({"Action": action, "Exten": str(exten), "Context": context})
        function = f"DIALPLAN_EXISTS({context},{exten},1)"
        try:
            # The channel's caller counts: an extension may be there for some callers only.
            answer = self._of_channel("Getvar", channel, Variable=function)
        except PermissionMissing:
            return
        if answer.response.get_header("Value") == "0":
            raise ActionRefused(
                f"the dialplan has no {exten} in {context}: nothing was done", action=action
            )

    def _on_channel(self, action: str, channel: str, uniqueid: str | None, **fields: Any) -> None:
        there = self.live.parts["channels"].rows()
        if uniqueid is not None and there.get(uniqueid, {}).get("channel") != channel:
            raise ChannelGone(f"{channel} is not there any more: nothing was done")
        self._of_channel(action, channel, **fields)

    def _of_channel(self, action: str, channel: str, **fields: Any) -> Answer:
        try:
            return self._order(action, Channel=channel, **fields)
        except PermissionMissing:
            raise
        except ActionRefused as error:
            if any(words in error.reason.lower() for words in NO_CHANNEL):
                raise ChannelGone(f"{channel} is not there any more: nothing was done") from None
            raise

    # --- what is done to queues and conferences -------------------------------------------------

    def queue_pause(self, queue: str, interface: str, paused: bool, reason: str = "") -> None:
        """Pause a member of a queue, or let it work on."""
        more: dict[str, Any] = {"Reason": reason} if reason else {}
        self._order(
            "QueuePause", Queue=queue, Interface=interface, Paused=str(paused).lower(), **more
        )

    def queue_add(
        self,
        queue: str,
        interface: str,
        name: str = "",
        penalty: int = 0,
        *,
        state_interface: str = "",
    ) -> None:
        """Add a member to a queue: log an agent in.

        Parameters
        ----------
        queue, interface, name : str
            The queue, what it calls, such as ``PJSIP/200``, and what people call that.
        penalty : int
            Members with a higher one are called when those with a lower one are busy.
        state_interface : str
            The device whose state tells whether the member is free, where that is not `interface`:
            on FreePBX ``hint:200@ext-local`` for ``Local/200@from-queue/n``.
        """
        more = {"MemberName": name, "StateInterface": state_interface}
        given: dict[str, Any] = {header: text for header, text in more.items() if text}
        self._order("QueueAdd", Queue=queue, Interface=interface, Penalty=penalty, **given)

    def queue_remove(self, queue: str, interface: str) -> None:
        """Take a member out of a queue, log an agent out.

        One that queues.conf names comes back when Asterisk reloads that.
        """
        self._order("QueueRemove", Queue=queue, Interface=interface)

    def conference_mute(self, conference: str, channel: str, muted: bool = True) -> None:
        """Mute a participant of a conference, or let it be heard."""
        action = "ConfbridgeMute" if muted else "ConfbridgeUnmute"
        self.action(action, Conference=conference, Channel=channel)

    def conference_kick(self, conference: str, channel: str) -> None:
        """Put a participant out of a conference."""
        self.action("ConfbridgeKick", Conference=conference, Channel=channel)

    # --- being told ----------------------------------------------------------------------------

    def on(self, *names: str, userevents: Collection[str] = ()) -> Callable[[Function], Function]:
        """Have a function called with each event of these names, or ``*``, on a thread of its own.

        With `userevents`, also at each UserEvent of those names, upper and lower case alike.

        The calls of one function come in order; one that is slow or raises holds up nothing else,
        and `%ast status` shows it. Entries of list answers are not events here. Binding a function
        of the same name again replaces the former.

        Examples
        --------
        >>> @sh.ast.on("Hangup")
        ... def tell(event):
        ...     print(event["Channel"], event["Cause-txt"])
        """
        wanted = {name.casefold() for name in userevents}

        def bind(function: Function) -> Function:
            key = _key(function)
            self.off(key)
            worker = Worker(key, function, cell=Cell.current())

            def put(event: Event, session: Session) -> None:
                if not event.answer:
                    worker.put(event)

            def put_userevent(event: Event, session: Session) -> None:
                if (event.get_header("UserEvent") or "").casefold() in wanted:
                    worker.put(event)

            self.callbacks[key] = worker
            heard = names or (() if wanted else ("*",))
            self._registered[key] = [(event, put) for event in heard]
            if wanted and not {"UserEvent", "*"} & set(names):
                self._registered[key].append(("UserEvent", put_userevent))
            for event, registered in self._registered[key]:
                self.session.register_event(event, registered)
            return function

        return bind

    def off(self, function: str | Callable[..., object]) -> None:
        """Undo `on` for a function, given itself or by its name; an unknown one is no error."""
        key = function if isinstance(function, str) else _key(function)
        for event, registered in self._registered.pop(key, ()):
            self.session.unregister_event(event, registered)
        worker = self.callbacks.pop(key, None)
        if worker is not None:
            worker.stop(0)


def _key(function: Callable[..., object]) -> str:
    """Name a function; what is not at the top of a module or cell is told from others like it."""
    name = getattr(function, "__qualname__", repr(function))
    return name if name.isidentifier() else f"{name} {id(function):x}"


def _family(key: str) -> tuple[str, str]:
    family, slash, name = str(key).strip("/").partition("/")
    if not slash or not family or not name:
        raise KeyMissing(f"{key!r} is no entry: write family and key, such as 'dnd/office'")
    return family, name
