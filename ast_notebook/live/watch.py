"""Watches on single devices and mailboxes."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

logger = logging.getLogger(__name__)


class Watch:
    """A watch on one device or one mailbox, until `close`.

    Attributes
    ----------
    value : bool or int or None
        The current value; None until it is known.
    is_unsure : bool
        Whether the value may be wrong, because channels were left out of the table.
    """

    def __init__(self, name: str, changed: Callable[[Any], None], forget: Callable[[Watch], None]):
        self.name = name
        self.value: Any = None
        self.is_unsure = False
        self._closed = False
        self._changed = changed
        self._forget = forget

    def see(self, value: bool | int) -> None:
        """Set the value, and report it if it is new; for the dispatcher's thread."""
        if value == self.value or self._closed:
            return
        self.value = value
        try:
            self._changed(value)
        except BaseException:  # the next watch must be told all the same
            logger.exception("who watches %s raised", self.name)

    def close(self) -> None:
        """End the watch."""
        self._closed = True
        self._forget(self)
