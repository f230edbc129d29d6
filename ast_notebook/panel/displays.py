"""The outputs that show a panel, each with a static picture that stays in a saved notebook."""

from __future__ import annotations

import threading
from typing import Any

from IPython.display import publish_display_data

from ast_notebook.callbacks.cell import Cell

Data = dict[str, Any]
Run = tuple[str, str]  # the ids of a cell and of one run of it; empty where they are not known
_publish: Any = publish_display_data  # it has no types


class Displays:
    """The outputs of a notebook that show one panel.

    A front end shows the richest data of an output: if it knows widgets, it shows the widget, even
    if the widget's model is gone. So the picture is an output of its own, below the widget; the
    widget's page finds it by `attribute`, and hides it. Only the picture is updated, since an
    update of the widget's output would draw the widget anew.

    Parameters
    ----------
    name : str
        The panel's name, which no other panel has.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._lock = threading.Lock()
        self._begun = 0
        self._runs: dict[int, Run] = {}  # which run of which cell has each output
        self._picture = ""

    def __len__(self) -> int:
        return len(self._runs)

    @property
    def attribute(self) -> str:
        """The attribute of a picture by which the live panel finds and hides it."""
        return f'data-ast-picture="{self._name}"'

    def show(self, data: Data, metadata: Data, head: str, body: str) -> None:
        """Show the widget once more, and a picture below it."""
        with self._lock:
            number, self._begun = self._begun, self._begun + 1
            self._runs[number] = Cell.current().run
            self._picture = body
        _display(data, metadata, self._widget(number))
        _display(self._marked(head, body), {}, self._image(number))

    def forget(self, cell: str, run: str) -> None:
        """Forget the outputs of former runs of a cell, which are gone since it ran again."""
        with self._lock:
            kept = {
                number: one for number, one in self._runs.items() if one[0] != cell or one[1] == run
            }
            self._runs = kept

    def show_ended(self, text: str, head: str, body: str) -> None:
        """Show the last state of a panel that is closed."""
        _publish({"text/html": f"<div>{head}{body}</div>", "text/plain": text}, {})

    def renew(self, head: str, body: str) -> bool:
        """Replace all pictures if more than the time in the head differs; tell if it did so."""
        with self._lock:
            if body == self._picture:
                return False
            self._picture = body
        for number in list(self._runs):
            _display(self._marked(head, body), {}, self._image(number), update=True)
        return True

    def freeze(self, text: str, head: str, body: str) -> None:
        """Replace the widget by a text wherever it is shown, and the pictures by the last one."""
        # An output cannot be removed, so a text takes the widget's place.
        for number in list(self._runs):
            _display({"text/plain": text}, {}, self._widget(number), update=True)
            picture = {"text/html": f"<div>{head}{body}</div>", "text/plain": ""}
            _display(picture, {}, self._image(number), update=True)

    def still(self, head: str, body: str) -> str:
        """Return a picture as HTML, with the attribute by which the page finds it."""
        return f"<div {self.attribute}>{head}{body}</div>"

    def _marked(self, head: str, body: str) -> Data:
        return {"text/html": self.still(head, body), "text/plain": ""}

    def _widget(self, number: int) -> str:
        return f"ast-panel-{self._name}-{number}"

    def _image(self, number: int) -> str:
        return f"ast-panel-{self._name}-{number}-picture"


def _display(data: Data, metadata: Data, name: str, *, update: bool = False) -> None:
    _publish(data, metadata, transient={"display_id": name}, update=update)
