"""Who looks at a panel: whoever works in the notebook, or whoever opens a page of Voila."""

from __future__ import annotations

import os


def are_strangers() -> bool:
    """Tell whether the page may be open to people who do not work in the notebook.

    Voila names itself as CGI asks of a server, and tells a kernel whether it was started ahead.
    """
    served = os.environ.get("SERVER_SOFTWARE", "").partition("/")[0].lower() == "voila"
    return served or "VOILA_PREHEAT" in os.environ
