"""Shows a panel in a terminal, as tables of text that are renewed until ^C."""

from __future__ import annotations

import sys
from collections.abc import Callable

from IPython import get_ipython
from IPython.terminal.interactiveshell import TerminalInteractiveShell
from prompt_toolkit.application import Application
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.layout import FormattedTextControl, HSplit, Layout, ScrollablePane, Window

from ast_notebook.errors import ConfError

HINT = "^C or q ends, the arrow keys scroll"


def is_one() -> bool:
    """Tell whether IPython runs in a terminal, and not in a kernel with a page."""
    return isinstance(get_ipython(), TerminalInteractiveShell)


def watch(text: Callable[[], str], every: float) -> None:
    """Show a text on the whole screen, and renew it until ^C or q.

    Parameters
    ----------
    text : callable
    every : float
        Seconds between two texts.

    Raises
    ------
    ConfError
        If IPython does not run in a terminal.
    """
    if not (is_one() and sys.stdin.isatty() and sys.stdout.isatty()):
        raise ConfError("there is no terminal to watch on: a panel in a notebook renews itself")
    _application(text, every).run(in_thread=True)


def _application(text: Callable[[], str], every: float) -> Application[None]:
    keys = KeyBindings()
    body = Window(FormattedTextControl(text, focusable=True), wrap_lines=False)
    pane = ScrollablePane(body, keep_cursor_visible=False, show_scrollbar=False)

    def end(event: KeyPressEvent) -> None:
        event.app.exit()

    def scroll(lines: int) -> Callable[[KeyPressEvent], None]:
        def by(event: KeyPressEvent) -> None:
            last = text().count("\n")
            pane.vertical_scroll = max(0, min(last, pane.vertical_scroll + lines))

        return by

    for key in ("c-c", "q", "c-d"):
        keys.add(key)(end)
    for key, lines in {"down": 1, "up": -1, "pagedown": 20, "pageup": -20}.items():
        keys.add(key)(scroll(lines))
    hint = Window(FormattedTextControl(HINT), height=1, style="reverse")
    return Application(
        layout=Layout(HSplit([pane, hint])),
        key_bindings=keys,
        full_screen=True,
        refresh_interval=every,
    )
