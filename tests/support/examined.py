"""What the doctor found."""

from __future__ import annotations

import ast_notebook
from ast_notebook.doctor import Examination
from tests.lab.asterisk import Asterisk

PASSWORD = "not-the-sample-one"
SETTINGS = {
    ("manager.conf", "admin", "secret"): PASSWORD,
    ("manager.conf", "panel", "secret"): PASSWORD,
}


def connected(pbx: Asterisk, username: str = "panel") -> ast_notebook.SmartHome:
    return ast_notebook.connect(pbx.host, pbx.port, username=username, password=PASSWORD)


def whats(found: Examination) -> str:
    return "\n".join(one.what for one in found.findings)
