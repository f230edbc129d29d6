"""The subcommands of `%ast` by their names, and how a line's words lead to one of them."""

from __future__ import annotations

from collections.abc import Sequence

from IPython.core.error import UsageError

from ast_notebook.magics import (
    calling,
    calllog,
    connecting,
    doctor,
    office,
    panel,
    past,
    present,
    raw,
    recording,
    replaying,
    smarthome,
    storage,
)
from ast_notebook.magics.command import Subcommand, did_you_mean
from ast_notebook.show import Text, columns

COMMANDS: dict[str, Subcommand] = {
    one.name: one
    for one in (
        connecting.connect,
        connecting.disconnect,
        connecting.demo,
        connecting.status,
        doctor.doctor,
        calling.call,
        calling.hangup,
        present.who,
        present.channels,
        present.queues,
        present.agents,
        storage.db_read,
        storage.db_write,
        storage.db_del,
        storage.db_show,
        storage.mailbox,
        panel.panel,
        recording.events,
        recording.record,
        recording.record_budget,
        recording.record_clear,
        recording.record_to,
        replaying.replay,
        replaying.replay_pause,
        replaying.replay_play,
        replaying.replay_seek,
        replaying.replay_speed,
        replaying.replay_run,
        calllog.calls,
        calllog.missed,
        calllog.visits,
        calllog.flow,
        past.report,
        past.history,
        office.unreturned,
        office.trunks,
        office.names,
        smarthome.items,
        smarthome.logics,
        smarthome.logic,
        smarthome.on,
        smarthome.off,
        smarthome.load,
        raw.action,
        raw.cli,
    )
}
#: Other names of subcommands.
ALIASES = {
    "db get": "db read",
    "db put": "db write",
    "command": "cli",
    "queue calls": "visits",
    "queue-calls": "visits",
}
_LOGS = (
    "%ast calls has the calls so far, and %ast history FILE reads what the PBX has written, "
    "as in %ast history /var/log/asterisk/cdr-csv/Master.csv"
)
#: Words that are no subcommands, with hints at what to use instead.
HINTS = {
    **dict.fromkeys(("cdr", "cel", "queue_log", "log"), _LOGS),
    "dial": "%ast call SOURCE DEST CONTEXT makes a call",
    "peers": "%ast panel shows the telephones, and sh.ast.live.devices is a frame of them",
    "devices": "%ast panel shows the telephones, and sh.ast.live.devices is a frame of them",
    "voicemail": "%ast mailbox BOX counts the messages of a mailbox",
    "conferences": "sh.ast.live.conferences is a frame of them, and %ast panel shows them",
    "parked": "sh.ast.live.parked is a frame of them, and %ast panel shows them",
}


def find(words: Sequence[str]) -> tuple[Subcommand, int]:
    """Return the subcommand that a line begins with, and how many words name it.

    Raises
    ------
    UsageError
        If there is none; the error names what was probably meant.
    """
    for count in (2, 1):
        name = " ".join(words[:count])
        name = ALIASES.get(name, name)
        if name in COMMANDS and len(words) >= count:
            return COMMANDS[name], count
    verbs = [name.partition(" ")[2] for name in COMMANDS if name.startswith(f"{words[0]} ")]
    if verbs:
        given = words[1] if len(words) > 1 else ""
        raise UsageError(
            f"%ast {words[0]}: say what to do: {', '.join(verbs)}{did_you_mean(given, verbs)}"
        )
    if words[0].lower() in HINTS:
        raise UsageError(f"%ast has no {words[0]}: {HINTS[words[0].lower()]}")
    names = [*COMMANDS, *ALIASES, "help"]
    hint = did_you_mean(words[0], [name for name in names if " " not in name])
    raise UsageError(f"%ast has no {words[0]}{hint or ': %ast help shows what it has'}")


def raw_command(line: str) -> Subcommand | None:
    """Return the subcommand that a line begins with, if it takes the rest unchanged."""
    name = line.partition(" ")[0]
    one = COMMANDS.get(ALIASES.get(name, name))
    return one if one is not None and one.raw else None


def help_of(words: Sequence[str]) -> Text:
    """Return the help of a subcommand by its words, or of all that begin with a single word."""
    group = [one for name, one in COMMANDS.items() if [name.partition(" ")[0]] == list(words)]
    if len(group) < 2:
        return find(words)[0].help()
    return Text("\n\n".join(str(one.help()) for one in group))


def overview() -> Text:
    """Return one line for each subcommand."""
    rows = [(one.magic, one.summary) for one in COMMANDS.values()]
    return Text(
        "%ast [--pbx NAME] SUBCOMMAND …; %ast help SUBCOMMAND tells more\n\n"
        f"{columns(rows)}\n\n"
        "With several PBXs, --pbx says which. {expression} and $name put the notebook's variables\n"
        "into a line; Asterisk's own ${…} and $[…] stay as they are."
    )
