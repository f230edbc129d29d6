"""`ast-notebook record`: records PBXs to a folder without a notebook, as a service does."""

from __future__ import annotations

import argparse
import contextlib
import json
import logging
import os
import queue
import signal
import sys
import threading
import warnings
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from ast_notebook.anonymize.keys import key_of
from ast_notebook.asterisk import Asterisk
from ast_notebook.console.recorded import RecordedPbx
from ast_notebook.console.service import Service
from ast_notebook.errors import ConfError
from ast_notebook.login import settings_for
from ast_notebook.magics.anonymizing import anonymizer
from ast_notebook.magics.command import number
from ast_notebook.magics.connecting import arguments_of, connect, sections_of
from ast_notebook.magics.recording import record_to
from ast_notebook.magics.status import MB
from ast_notebook.recording import Archive
from ast_notebook.recording.record import BUDGET
from ast_notebook.zone import people_zone

LOOK = 0.2  # seconds between two checks of the recording
EVERY = 60.0  # seconds between two lines of status

ABOUT = "record every event of a PBX to a folder, until SIGTERM or Ctrl-C"
MORE = (
    "The address, the settings and the password come from where `%ast connect` takes them: from "
    "--conf, $AST_HOST, $AST_PORT, $AST_USERNAME, $AST_PASSWORD and the keyring. The password is "
    "never an argument. While nothing answers, it tries again. Its exit status is 0 once all is "
    "written."
)


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments: those of ``%ast connect`` and of ``%ast record to``, and our own."""
    for one in connect.arguments:
        parser.add_argument(*one.flags, **one.options)
    parser.add_argument(
        "--to", required=True, dest="place", metavar="FOLDER", help="a folder, or a URL for fsspec"
    )
    for one in record_to.arguments:
        if one.is_option:
            parser.add_argument(*one.flags, **one.options)
    parser.add_argument("--json", action="store_true", help="write the status as lines of JSON")
    parser.add_argument(
        "--every",
        type=number,
        default=EVERY,
        metavar="S",
        help="seconds between two lines of status; 60",
    )


def run(given: argparse.Namespace) -> int:
    """Record until a signal comes, and return 0 if all is written and sealed then.

    The result is 1 otherwise, and also if a thread has ended by itself.

    Raises
    ------
    AstError
        If no PBX can be recorded, and trying again would not help.
    """
    _speak_plainly()
    recorded = _recorded(given)
    service = Service()
    stop = threading.Event()
    are_whole: list[bool] = []
    with _signals(stop, recorded):
        try:
            for one in recorded:
                one.start()
            code = _watch(recorded, service, stop, given)
        finally:
            service.tell("STOPPING=1")
            are_whole = [one.close() for one in recorded]
            _say(recorded, given)
    failed = [one.failure for one in recorded if one.failure is not None]
    if failed and len(failed) == len(recorded):
        raise failed[0]
    return code or int(not all(are_whole))


def _watch(
    recorded: Sequence[RecordedPbx],
    service: Service,
    stop: threading.Event,
    given: argparse.Namespace,
) -> int:
    """Write the status until a signal comes, or until nothing is recorded any more."""
    is_ready, passed = False, 0.0
    while not stop.wait(LOOK):
        passed += LOOK
        going = [one for one in recorded if one.failure is None]
        if not going or not all(one.is_alive for one in going):
            return 1
        service.lives()
        if not is_ready and all(one.tried.is_set() for one in recorded):
            is_ready = True
            service.tell("READY=1")
            passed = given.every
        if passed >= given.every:
            passed = 0.0
            service.tell(f"STATUS={_say(recorded, given)}")
    return 0


def _recorded(given: argparse.Namespace) -> list[RecordedPbx]:
    """Return the PBXs that are to be recorded; nothing is connected yet."""
    if not given.every > 0:
        raise ConfError("--every takes seconds, more than 0")
    if given.anonymize is not None and key_of(given.anonymize) is None:
        raise ConfError(
            "--anonymize needs a stored key here, since a new one after each start would make other"
            " pseudonyms: set AST_ANONYMIZE_KEY, or store one by `keyring set ast_notebook "
            "anonymize`"
        )
    hiding = anonymizer(given)

    def keep(pbx: Asterisk) -> Archive:
        return pbx.record.to(given.place, given.days, anonymizer=hiding, whole=True)

    given_arguments = arguments_of(given)
    budget = BUDGET if given.budget is None else given.budget * MB
    return [
        RecordedPbx(
            name,
            settings_for(name, given_arguments, None if plugin is None else plugin.settings, {}),
            {} if plugin is None else plugin.site,
            budget,
            keep,
        )
        for name, plugin in sections_of(given).items()
    ]


@contextlib.contextmanager
def _signals(stop: threading.Event, recorded: Sequence[RecordedPbx]) -> Iterator[None]:
    """Take the first SIGTERM or SIGINT as a request to end, and a second as one to hurry.

    A handler runs in the main thread between any two of its steps, and would wait for ever for a
    lock that this thread holds. It only puts the signal into a queue for which that is no danger;
    a thread does what is asked.
    """
    asked: queue.SimpleQueue[bool] = queue.SimpleQueue()

    def heed() -> None:
        while asked.get():
            if stop.is_set():
                for one in recorded:
                    one.hurry()
            stop.set()

    def ask(*_: object) -> None:
        asked.put(True)

    threading.Thread(target=heed, name="ast-signals", daemon=True).start()
    former = {each: signal.signal(each, ask) for each in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for each, handler in former.items():
            signal.signal(each, handler)
        asked.put(False)


def _speak_plainly() -> None:
    """Write the log and warnings as lines on the standard error."""
    logging.basicConfig(format="%(levelname)s %(message)s", level=logging.WARNING)

    warnings.formatwarning = lambda message, *_: f"WARNING {message}\n"


def _say(recorded: Sequence[RecordedPbx], given: argparse.Namespace) -> str:
    """Write a line for each PBX, and return those lines as one."""
    now = datetime.now(people_zone())
    states = [{"time": now.isoformat(timespec="seconds"), **one.status()} for one in recorded]
    lines = [json.dumps(one) if given.json else plain_line(one) for one in states]
    _write("".join(f"{line}\n" for line in lines))
    return "; ".join(plain_line({**one, "time": ""}).strip() for one in states)


def _write(text: str) -> None:
    """Write to the standard output, if that takes it.

    Its disk may be full, its reader may be gone, and its encoding may lack letters of a path.
    Recording goes on all the same. Nothing is left in a buffer, since writing that at the end of
    the process would be an error.
    """
    if sys.stdout is None:
        return
    data = text.encode(sys.stdout.encoding or "utf-8", "backslashreplace")
    try:
        output = sys.stdout.fileno()
    except OSError:  # what takes its place has no file
        sys.stdout.write(text)
        return
    with contextlib.suppress(OSError):
        while data:
            data = data[os.write(output, data) :]


_COUNTS = {"events": "events heard", "written": "on disk", "waiting": "waiting", "lost": "lost"}


def plain_line(status: dict[str, Any]) -> str:
    """Return a status as a person reads it.

    Examples
    --------
    >>> plain_line({"time": "12:00", "pbx": "ast", "state": "connected", "events": 7, "written": 7,
    ...     "waiting": 0, "lost": 0, "error": ""})
    '12:00 ast: connected, 7 events heard, 7 on disk, 0 waiting, 0 lost'
    """
    counts = [f"{status[key]:,} {word}" for key, word in _COUNTS.items() if status[key] is not None]
    line = f"{status['time']} {status['pbx']}: {', '.join([status['state'], *counts])}"
    return f"{line}; {status['error']}" if status["error"] else line
