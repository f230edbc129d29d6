"""Run the demo PBX by itself: ``python -m ast_notebook.demo``."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import logging
import os
import resource
import secrets
import signal
import sys
import threading
from collections.abc import Sequence

from ast_notebook.demo.server import Plan, serve
from ast_notebook.errors import AstError

#: Seconds between two checks whether the parent process still runs.
PARENT_SECONDS = 1.0
ABOUT = "A small PBX that speaks Asterisk's manager interface, with calls going on."


def main(arguments: Sequence[str] | None = None) -> int:
    """Run with the arguments of the command line."""
    parser = argparse.ArgumentParser(prog="python -m ast_notebook.demo", description=ABOUT)
    add_arguments(parser)
    return run(parser.parse_args(arguments))


def run(options: argparse.Namespace) -> int:
    """Run until Ctrl-C, or as a child process until the parent has ended."""
    logging.basicConfig(format="%(levelname)s %(message)s", level=logging.WARNING)
    try:
        plan = Plan(
            tech=options.tech,
            host=options.host,
            port=options.port,
            calls=not options.no_calls,
            channels=options.channels,
            changes=options.changes,
            seed=options.seed,
            secret=options.secret or secrets.token_urlsafe(16),
        )
        asyncio.run(_run(plan, options.embedded))
    except KeyboardInterrupt:
        return 0
    except (AstError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command line."""
    parser.add_argument("--host", default="127.0.0.1", help="127.0.0.1 (the default) or ::1")
    parser.add_argument("--port", type=int, default=5038, help="its port; 0 takes a free one")
    parser.add_argument(
        "--tech",
        choices=("PJSIP", "SIP"),
        default="PJSIP",
        type=str.upper,
        help="PJSIP plays an Asterisk 22, SIP an Asterisk 16",
    )
    parser.add_argument("--no-calls", action="store_true", help="make no calls by itself")
    parser.add_argument("--channels", type=int, default=0, help="how many further channels are up")
    parser.add_argument(
        "--changes", type=float, default=0.0, help="how many changes per second they make"
    )
    parser.add_argument("--seed", type=int, help="the seed of the random numbers")
    parser.add_argument(
        "--secret",
        help="the password, which other users here can see; by default a new one is made",
    )
    parser.add_argument("--embedded", action="store_true", help=argparse.SUPPRESS)


async def _run(plan: Plan, is_embedded: bool) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    with contextlib.suppress(NotImplementedError):
        loop.add_signal_handler(signal.SIGTERM, stop.set)
    _allow_connections()
    if is_embedded:
        loop.add_signal_handler(signal.SIGINT, lambda: None)
        threading.Thread(target=_watch_input, args=(loop, stop), daemon=True).start()

    def ready(host: str, port: int) -> None:
        if is_embedded:
            sys.stdout.write(f"{port} {plan.secret}\n")
        else:
            shown = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
            sys.stdout.write(
                f"The demo PBX ({plan.tech}) listens on {shown}; log in as admin or panel, "
                f"with the password {plan.secret}. Ctrl-C ends it.\n"
                f"In a notebook: %ast connect panel@{shown}\n"
                f"In a terminal: AST_PASSWORD={plan.secret} ast-notebook record panel@{shown} "
                "--to calls\n"
            )
        sys.stdout.flush()

    watch = loop.create_task(_watch_parent(stop)) if is_embedded else None
    await serve(plan, ready, stop)
    if watch is not None:
        watch.cancel()


async def _watch_parent(stop: asyncio.Event) -> None:
    """Stop when the parent has ended, even if its forks still hold our standard input open."""
    parent = os.getppid()
    while os.getppid() == parent:
        await asyncio.sleep(PARENT_SECONDS)
    stop.set()


def _watch_input(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    """Stop when the parent closes our standard input; if the parent ends, that closes it, too."""
    with contextlib.suppress(OSError):
        while os.read(0, 4096):
            pass
    loop.call_soon_threadsafe(stop.set)


def _allow_connections() -> None:
    """Allow as many connections as the system allows to this process."""
    with contextlib.suppress(OSError, ValueError):
        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


if __name__ == "__main__":
    sys.exit(main())
