"""`%ast replay`: replays a recorded day as a PBX named `replay`."""

from __future__ import annotations

from IPython.core.error import UsageError

from ast_notebook.ami import Event
from ast_notebook.errors import ConfError
from ast_notebook.magics.command import Given, argument, command, number
from ast_notebook.magics.context import Context
from ast_notebook.magics.progress import Progress
from ast_notebook.recording.archive_place import ArchivePlace
from ast_notebook.replay import ReplayedAsterisk, prepared

NAME = "replay"
_WHEN = "yesterday 14:05, 8:00, 10m or 2026-11-23, by this machine's clock"


@command(
    "replay",
    argument("source", metavar="FOLDER", help="an archive, a Parquet file, or a capture"),
    argument("--at", metavar="WHEN", help=f"stand still at this moment: {_WHEN}"),
    argument("--since", metavar="WHEN", help="where it begins"),
    argument(
        "--until",
        metavar="WHEN",
        help="where it ends: before a day, or with it if it begins on it",
    ),
    argument("--speed", type=number, metavar="X", help="play at this speed, from 1 to 600"),
    argument("--server", default="", metavar="NAME", help="the PBX, if the record has several"),
)
def replay(context: Context, given: Given) -> ReplayedAsterisk:
    """Replay a recorded day as the PBX sh.replay; nothing is sent to any real PBX.

    The actions that were held back are in sh.replay.orders. Without --speed, the replay stands
    still at first.

    In [1]: %ast replay calls --at "yesterday 14:05"
    In [2]: %ast panel --pbx replay
    In [3]: %ast replay calls --since 8:00 --until 18:00 --speed 60
    """
    with Progress(f"reading {ArchivePlace(given.source).name}"):
        found = prepared(given.source, given.since, given.until, given.at, None, given.server)
        tape, clock, where = found
        pbx = ReplayedAsterisk(tape, clock=clock, sh=context.sh, name=NAME, **where)
        context.sh.add(pbx, NAME)
    if given.speed is not None:
        pbx.play(given.speed)
    return pbx


@command("replay pause")
def replay_pause(context: Context, given: Given) -> ReplayedAsterisk:
    """Let the replay stand still.

    In [1]: %ast replay pause
    """
    return _replayed(context, given).pause()


@command(
    "replay play",
    argument("--speed", type=number, default=1.0, metavar="X", help="from 1 to 600; 1 by default"),
)
def replay_play(context: Context, given: Given) -> ReplayedAsterisk:
    """Play the replay on.

    In [1]: %ast replay play --speed 60
    """
    return _replayed(context, given).play(given.speed)


@command("replay seek", argument("moment", metavar="WHEN", help=_WHEN))
def replay_seek(context: Context, given: Given) -> ReplayedAsterisk:
    """Go to a moment of the replay; no logic or callback runs for the events in between.

    In [1]: %ast replay seek 14:05
    """
    replayed = _replayed(context, given)
    with Progress(f"going to {given.moment}"):
        return replayed.seek(given.moment)


@command(
    "replay next",
    argument("what", choices=["call", "alarm"], help="where to go: call or alarm"),
)
def replay_next(context: Context, given: Given) -> Event:
    """Go to the next call or the next alarm of the replay, and show its first event.

    An alarm is a lost connection, a device or a trunk that is not reached any more, a caller who
    gives up in a queue, a refused login, an alarm of a line, or a shutdown.

    In [1]: %ast replay next alarm
    """
    replayed = _replayed(context, given)
    with Progress(f"looking for the next {given.what}"):
        return replayed.next_call() if given.what == "call" else replayed.next_alarm()


@command(
    "replay speed",
    argument("speed", type=number, metavar="X", help="from 1 to 600"),
)
def replay_speed(context: Context, given: Given) -> ReplayedAsterisk:
    """Play the replay on at another speed.

    In [1]: %ast replay speed 600
    """
    return _replayed(context, given).play(given.speed)


@command(
    "replay run",
    argument("until", nargs="?", metavar="WHEN", help="where it stops; by default, at its end"),
)
def replay_run(context: Context, given: Given) -> object:
    """Run the replay as fast as it can, and show the actions that were held back.

    If it is interrupted, it stands still where it is then, and can be played on from there.

    In [1]: orders = %ast replay run
    """
    replayed = _replayed(context, given)
    begin, whole = replayed.position, replayed.until - replayed.position

    def look() -> tuple[str, float | None]:
        at = replayed.position
        return f"at {at:%Y-%m-%d %H:%M:%S}", (at - begin) / whole if whole else None

    with Progress("replaying,", look):
        return replayed.run(given.until)


def _replayed(context: Context, given: Given) -> ReplayedAsterisk:
    there = context.sh.pbxs
    found = there.get(given.pbx or NAME)
    if not isinstance(found, ReplayedAsterisk):
        others = [name for name, pbx in there.items() if isinstance(pbx, ReplayedAsterisk)]
        if given.pbx or len(others) != 1:
            raise UsageError("there is no replay: begin one by %ast replay FOLDER")
        found = there[others[0]]
    if not isinstance(found, ReplayedAsterisk) or found.session.closed:
        raise ConfError("the replay is closed: begin it again by %ast replay FOLDER")
    return found
