"""Tells whether Voila serves the notebook, so that a panel may be open to anybody."""

from __future__ import annotations

import os


def may_be_public() -> bool:
    """Tell whether the page may be open to people who do not work in the notebook.

    Voila sets ``SERVER_SOFTWARE``, as CGI does, and ``VOILA_PREHEAT`` for a kernel that it starts
    before a page asks for it.
    """
    served = os.environ.get("SERVER_SOFTWARE", "").partition("/")[0].lower() == "voila"
    return served or "VOILA_PREHEAT" in os.environ
