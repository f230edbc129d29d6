"""The page of a panel, as far as the kernel sees it."""

from __future__ import annotations

import json
import threading
import time
from typing import Any

import pytest

import ast_notebook
from ast_notebook import SmartHome, demo
from ast_notebook.panel import Panel
from ast_notebook.panel.publisher import THREAD
from tests.support.message_shapes import misfits
from tests.support.waiting import eventually

HOSTILE = "<img src=x onerror=alert(1)>\"'&"
ITEMS = {
    "office": {
        "fon": {"type": "bool", "ast_dev": "2222"},
        "dnd": {"type": "bool", "ast_db": "dnd/office"},
        "away": {"type": "bool", "ast_db": "DND/2222", "ast_db_values": "YES,delete"},
        "name": {"type": "str", "value": HOSTILE},
    },
    "hall": {"light": {"type": "bool"}},
}


def connected(pbx: demo.Demo, username: str = "panel", password: str = "") -> SmartHome:
    return ast_notebook.connect(
        pbx.host, pbx.port, username=username, password=password or pbx.password
    )


class Page:
    """A browser's page, as far as the kernel sees it."""

    def __init__(self, panel: Panel, monkeypatch: pytest.MonkeyPatch, name: str = "page") -> None:
        self.panel = panel
        self.name = name
        self.messages: list[dict[str, Any]] = []
        monkeypatch.setattr(panel, "send", lambda message, buffers=None: self.take(message))

    def take(self, message: dict[str, Any]) -> None:
        assert threading.current_thread().name in (THREAD, "MainThread")
        self.messages.append(json.loads(json.dumps(message, allow_nan=False)))
        assert not misfits(self.messages[-1])

    def say(self, **content: Any) -> None:
        self.panel._receive(self.panel, {"view": self.name, **content}, [])

    def look(self) -> dict[str, Any]:
        """Become visible, and return the snapshot with all buttons."""
        self.say(t="hello")
        return eventually(lambda: next((one for one in self.of("snapshot") if one["may"]), None))

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [one for one in self.messages if one["t"] == kind]

    def changes(self, table: str, key: str) -> list[dict[str, Any]]:
        """Return the fields of one row that each change was told with."""
        told = [one.get("set", {}).get(table, {}) for one in self.of("delta")]
        return [rows[key] for rows in told if key in rows]

    def do(self, what: str, at: Any = None, **args: Any) -> dict[str, Any]:
        """Press a button, and return what came of it."""
        number = f"{self.name}:{len(self.messages)}:{what}"
        moment = time.time() if at is None else at
        self.say(t="do", id=number, what=what, args=args, at=moment * 1000)
        return eventually(lambda: next((d for d in self.of("done") if d["id"] == number), None))

    def rows(self, table: str) -> dict[str, Any]:
        """What a browser has made of all that it was told."""
        rows: dict[str, Any] = {}
        for message in self.messages:
            if message["t"] == "snapshot":
                rows = dict(message["tables"][table])
            elif message["t"] == "delta":
                for key, fields in message.get("set", {}).get(table, {}).items():
                    rows[key] = {**rows.get(key, {}), **fields}
                for key in message.get("gone", {}).get(table, []):
                    rows.pop(key, None)
        return rows


def a_call(sh: SmartHome) -> dict[str, Any]:
    """Have a channel up, and return its row."""
    uniqueid = sh.ast.call("Local/600@phones", "600", "phones").uniqueid
    channels = sh.ast.live.tables["channels"]
    eventually(lambda: channels.rows([uniqueid]).get(uniqueid, {}).get("state") == "Up")
    return channels.rows()[uniqueid]


def hang_up_all(sh: SmartHome) -> None:
    for channel in sh.ast.live.tables["channels"].rows().values():
        sh.ast.session.ask({"Action": "Hangup", "Channel": channel["channel"]})
    eventually(lambda: not len(sh.ast.live.tables["channels"]))


def threads(name: str) -> list[threading.Thread]:
    return [one for one in threading.enumerate() if one.name.startswith(name)]
